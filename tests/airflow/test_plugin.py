"""The receiver in Airflow's own API server: on, off, and with an option that cannot work."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from packaging.version import Version

from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.plugin import WebWorkPlugin
from airflow_provider_webwork.receiver.hidden import nothing_here
from airflow_provider_webwork.secrets import Vault

SETS_METRICS_UP = Version(version("apache-airflow")) >= Version("3.3")
PROGRAM = Path(__file__).with_name("api_server.py")
PAYLOAD = {"event": "tracker.stopped", "event_id": "e-1", "data": {"user_id": 7, "note": "canary-of-a-body"}}


@dataclass(frozen=True)
class Answers:
    """What the API server answered, and all it wrote meanwhile."""

    given: list[dict]
    written: str

    @property
    def statuses(self) -> list[int]:
        return [answer["status"] for answer in self.given]


@dataclass(frozen=True)
class Installation:
    """An event log with one endpoint, and the options that lead to it."""

    store: Store
    key: str
    options: dict[str, str]

    def ask(self, *requests: tuple[str, str], **options: str) -> Answers:
        """Start an API server, send it requests and stop it."""
        asked = [{"method": method, "path": path, "json": PAYLOAD} for method, path in requests]
        done = subprocess.run(
            [sys.executable, PROGRAM],
            input=json.dumps(asked),
            env=os.environ | self.options | {f"AIRFLOW__WEBWORK__{name}": value for name, value in options.items()},
            capture_output=True,
            check=False,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        written, _, answers = done.stdout.rstrip().rpartition("\n")
        return Answers(json.loads(answers), written + done.stderr)


@pytest.fixture
def installation(airflow_database, tmp_path):
    secret_key = Fernet.generate_key().decode()
    url = f"sqlite:///{tmp_path / 'events.db'}"
    store = Store(url)
    endpoint = Endpoints(store, Vault([secret_key])).open("payroll", now=datetime.now(UTC))
    yield Installation(
        store,
        endpoint.pending_key,
        {"AIRFLOW__WEBWORK__EVENT_STORE_URL": url, "AIRFLOW__WEBWORK__SECRET_KEY": secret_key},
    )
    store.close()


def requests_with(key: str) -> list[tuple[str, str]]:
    """Everything that could bring the key into a log."""
    return [
        ("POST", f"/webwork/hooks/{key}"),
        ("GET", f"/webwork/hooks/{key}"),
        ("PUT", f"/webwork/hooks/{key}"),
        ("POST", f"/webwork/hooks/{key}/"),
        ("POST", f"/webwork/hook/{key}"),
        ("POST", f"/webwork/{key}"),
        ("POST", f"/webwork/hooks/{key}?x={key}"),
    ]


def test_the_receiver_takes_deliveries_in_the_api_server(installation):
    key = installation.key
    answers = installation.ask(
        *requests_with(key),
        ("POST", f"/webwork/hooks/{key}"),
        ("POST", "/webwork/hooks/unknown"),
        ("GET", "/webwork/health/live"),
        ("GET", "/webwork/health/ready"),
        ("GET", "/api/v2/version"),
        RECEIVER_ENABLED="True",
    )

    assert answers.statuses == [200, 200, 405, 404, 404, 404, 200, 200, 404, 200, 200, 200]
    first, again = answers.given[0], answers.given[7]
    (stored,) = EventLog(installation.store).read()
    assert json.loads(first["body"]) == {"event_id": stored.id}
    assert json.loads(again["body"]) == {"event_id": stored.id, "repeated": True}
    assert (stored.type, stored.endpoint, stored.payload) == ("tracker.stopped", "payroll", PAYLOAD)
    assert "hooks/***" in answers.written, "the server has an access log"
    assert key not in answers.written
    assert "canary-of-a-body" not in answers.written


@pytest.mark.skipif(not SETS_METRICS_UP, reason="the API server of Airflow 3.2 has no metrics")
def test_the_receiver_in_the_api_server_is_measured_with_airflows_own_metrics(installation):
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(1)
        metrics = {"STATSD_ON": "True", "STATSD_PORT": str(statsd.getsockname()[1]), "STATSD_INFLUXDB_ENABLED": "True"}
        installation.options.update({f"AIRFLOW__METRICS__{name}": value for name, value in metrics.items()})
        deliveries = [("POST", f"/webwork/hooks/{installation.key}"), ("POST", "/webwork/hooks/canary-of-a-key")]
        answers = installation.ask(*deliveries, RECEIVER_ENABLED="True")
        told = "".join(datagrams(statsd))

    assert answers.statuses == [200, 404]
    assert "airflow.webwork.receiver.deliveries,endpoint=payroll,outcome=stored,proof=key:1|c" in told
    assert "airflow.webwork.receiver.deliveries,endpoint=-,outcome=unknown_key,proof=-:1|c" in told
    assert re.search(r"airflow\.webwork\.receiver\.delivery_seconds:[\d.]+\|ms", told)
    assert "airflow.webwork.receiver.log_available:1" in told
    assert "airflow.webwork.receiver.batch_size,into=log:1|g" in told
    assert installation.key not in told
    assert "canary" not in told


def datagrams(receiving: socket.socket) -> Iterator[str]:
    with suppress(TimeoutError):
        while True:
            yield receiving.recv(10_000).decode() + "\n"


def test_while_the_receiver_is_off_the_api_server_hides_the_key(installation):
    answers = installation.ask(
        *requests_with(installation.key), ("GET", "/webwork/health/live"), ("GET", "/api/v2/version")
    )

    assert answers.statuses == [404] * 8 + [200]
    assert {answer["body"] for answer in answers.given[:8]} == {'{"error": "Not found."}'}
    assert "hooks/***" in answers.written, "the server has an access log"
    assert installation.key not in answers.written
    assert list(EventLog(installation.store).read()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ""),
        ({"RECEIVER_ENABLED": "perhaps"}, "The receiver is not mounted: [webwork] receiver_enabled must be"),
        (
            {"RECEIVER_ENABLED": "True", "EVENT_STORE_URL": "nonsense"},
            "The receiver is not mounted: [webwork] event_store_url is not",
        ),
        (
            {"RECEIVER_ENABLED": "True", "RECEIVER_QUEUE": "0"},
            "The receiver is not mounted: [webwork] receiver_queue must be from 1",
        ),
        (
            {"RECEIVER_ENABLED": "True", "SECRET_KEY_CMD": "sh -c 'echo canary; exit 1'"},
            "The receiver is not mounted: [webwork] secret_key cannot be read",
        ),
    ],
    ids=["off", "neither on nor off", "on with a wrong log", "on with a wrong number", "on with a command that fails"],
)
def test_a_wrong_option_counts_as_off_and_is_said_and_the_api_server_starts(monkeypatch, caplog, options, said):
    for name, value in options.items():
        monkeypatch.setenv(f"AIRFLOW__WEBWORK__{name}", value)

    (mounted,) = WebWorkPlugin().fastapi_apps

    assert mounted["app"] is nothing_here
    assert mounted["url_prefix"] == "/webwork"
    assert [record.getMessage().startswith(said) for record in caplog.records] == [True] * bool(said)
    assert "canary" not in caplog.text


def test_a_receiver_that_is_on_opens_nothing_before_the_server_runs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW__WEBWORK__RECEIVER_ENABLED", "True")
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", f"sqlite:///{tmp_path / 'events.db'}")

    (mounted,) = WebWorkPlugin().fastapi_apps

    assert mounted["app"] is not nothing_here
    assert list(tmp_path.iterdir()) == []
