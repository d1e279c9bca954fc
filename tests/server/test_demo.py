"""``python -m demo``, as somebody runs it who tries the project for the first time."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from demo.waiting import wait_for

COMMAND = [sys.executable, "-m", "demo"]
MARK = "TEST_OF_THE_DEMO"

# An Airflow that ends at once, and a receiver that never gets ready.
BROKEN_AIRFLOW = "import sys, time; sys.exit('boom') if 'standalone' in sys.argv else time.sleep(600)"


class Demo:
    """Runs the demo with an empty home, far from the checkout; ``folder`` holds all that it may touch besides."""

    def __init__(self, folder):
        self.mark = uuid.uuid4().hex
        for name in ("home", "tmp", "cwd"):
            (folder / name).mkdir()
        self._cwd = folder / "cwd"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            MARK: self.mark,
        }

    def start(self, **environment):
        return subprocess.Popen(
            COMMAND,
            cwd=self._cwd,
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *, seconds=280, **environment):
        """Return the exit code, and what was printed and complained about."""
        process = self.start(**environment)
        try:
            printed, complaints = process.communicate(timeout=seconds)
        finally:
            process.terminate()
        return process.returncode, printed, complaints

    def processes(self):
        """Return the command lines of all processes that descend from the demo."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark:
                    found.append(process.cmdline())
        return found


@pytest.fixture
def demo(tmp_path):
    return Demo(tmp_path)


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def port_8080_in_use():
    with ExitStack() as stack:
        with suppress(OSError):  # somebody else has it already
            stack.enter_context(socket.create_server(("127.0.0.1", 8080)))
        yield


@pytest.mark.usefixtures("port_8080_in_use")
def test_it_runs_to_the_end_reports_and_leaves_nothing_behind(demo, tmp_path):
    code, printed, complaints = demo.run()
    assert (code, complaints) == (0, ""), printed
    steps = (
        "Workspace Simulated workspace (1), as Owner, with a personal access token.",
        "webhook created for tracker.started, tracker.stopped",
        "deferred",
    )
    for told in (*steps, "tracker.stopped delivered, answered 200", "succeeded"):
        assert told in printed
    assert float(re.search(r"From the delivery to the resumed task: ([\d.]+) s", printed)[1]) < 30
    for told in ("Action of the webhook: created", "Events in the log: 2", "Member 7 stopped the tracker: {"):
        assert told in printed
    folder = re.search(r"Nothing runs any more; (.+) is removed", printed)[1]
    assert not Path(folder).exists()
    assert demo.processes() == []
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []


def test_it_stops_everything_when_it_is_told_to_stop(demo):
    process = demo.start()
    wait_for("the demo to start its programs", lambda: True if len(demo.processes()) >= 4 else None, seconds=60)
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (130, "Interrupted; everything is stopped.\n")
    assert demo.processes() == []


def test_a_port_in_use_is_one_sentence(demo, busy_port):
    sentence = f"The demo cannot go on. Port {busy_port} is in use: choose another PORT, or none to take a free one.\n"
    assert demo.run(PORT=str(busy_port)) == (1, "", sentence)


def test_an_airflow_that_ends_is_said_with_the_end_of_its_log(demo, tmp_path):
    (tmp_path / "cwd" / "airflow").mkdir()
    (tmp_path / "cwd" / "airflow" / "__main__.py").write_text(BROKEN_AIRFLOW)
    (tmp_path / "cwd" / "airflow" / "__init__.py").touch()
    code, _, complaints = demo.run(PYTHONPATH=str(tmp_path / "cwd"), seconds=60)
    log = Path(re.search(r"Airflow ended with exit code 1\. The end of (.+standalone\.log):\nboom\n$", complaints)[1])
    assert code == 1
    assert log.read_text() == "boom\n"
    assert demo.processes() == []
    shutil.rmtree(log.parent)
