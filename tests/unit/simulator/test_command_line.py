"""``python -m airflow_provider_webwork.simulator`` as a shell sees it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

COMMAND = [sys.executable, "-m", "airflow_provider_webwork.simulator"]


@contextmanager
def started(*options, token=""):
    environment = {**os.environ, "WEBWORK_SIMULATOR_TOKEN": token}
    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def fields(line):
    return dict(re.findall(r"(\w+)=(\S+)", line))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_serves_and_leaves_cleanly(number):
    with started("--members", "3") as (process, line):
        told = fields(line)
        assert told["workspace_id"] == "1"
        token = requests.get(told["token_in"], timeout=10).json()["credentials"]["token"]
        assert token not in line
        members = requests.get(
            f"{told['url']}/api/v2/members",
            params={"workspace_id": told["workspace_id"]},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        assert len(members.json()["data"]) == 3
        process.send_signal(number)
        rest, complaints = process.communicate(timeout=20)
        assert (process.returncode, rest, complaints) == (0, "", "")


def test_the_token_comes_from_the_environment_and_is_not_printed():
    with started(token="canary-token") as (process, line):
        told = fields(line)
        assert told["token_in"] == "WEBWORK_SIMULATOR_TOKEN"
        headers = {"Authorization": "Bearer canary-token"}
        assert requests.get(f"{told['url']}/api/v2/workspaces", headers=headers, timeout=10).status_code == 200
        process.terminate()
        rest, complaints = process.communicate(timeout=20)
        assert "canary-token" not in line + rest + complaints


def test_the_options_choose_the_world():
    chosen = ["--weeks", "0", "--generation", "new", "--requests-per-minute", "5"]
    webhooks = ["--max-webhooks", "1", "--lag-seconds", "3600", "--page-shape", "meta_only", "--page-size", "2"]
    with started(*chosen, *webhooks, token="given") as (_, line):
        root = f"{fields(line)['url']}/api/v2"
        here = {"headers": {"Authorization": "Bearer given"}, "params": {"workspace_id": 1}, "timeout": 10}
        body = {"workspace_id": 1, "url": "https://receiver.example.com/k", "events": ["nothing.happens"]}
        answers = [
            *(requests.post(f"{root}/webhooks", json=body, **here) for _ in range(2)),
            requests.get(f"{root}/webhooks", **here),
            requests.get(f"{root}/timesheets?page=13", **here),
            requests.post(f"{root}/projects", json={"name": "Bridge"}, **here),
            requests.get(f"{root}/members", **here),
        ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 200, 429]
    listed, timesheets = (answer.json() for answer in answers[2:4])
    assert listed["data"] == []
    assert set(timesheets) == {"success", "message", "data", "meta"}
    assert len(timesheets["data"]) == 1  # the last of 25: one a member, of this week alone


@pytest.mark.parametrize("options", [["--members", "0"], ["--attempts", "0"], ["--port", "70000"]])
def test_an_option_that_makes_no_sense_is_exit_code_2(options):
    result = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.strip()


def test_a_port_in_use_is_one_sentence_and_exit_code_2():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=60, check=False
        )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"Port {port} of 127.0.0.1 is in use: choose another --port, or 0.\n"


def test_it_imports_neither_airflow_nor_the_rest_of_the_package():
    program = (
        "import sys, airflow_provider_webwork.simulator.__main__\n"
        "ours = {m.split('.')[1] for m in sys.modules if m.startswith('airflow_provider_webwork.')}\n"
        "print(sorted(ours), 'airflow' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "['simulator'] False\n"
