"""The receiver as a program of its own: ``airflow webwork receiver``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import requests

from demo.processes import Processes
from demo.waiting import DemoError, wait_for


class Receiver:
    """The receiver process.

    :param port: the port that it listens on.
    :param log: the file that is given what it prints.
    """

    def __init__(self, *, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, processes: Processes) -> None:
        """Start the receiver with the options of the Airflow in the same home."""
        self._process = processes.start(
            [sys.executable, "-m", "airflow", "webwork", "receiver", "--port", str(self._port)], log=self.log
        )

    def wait_until_ready(self, *, seconds: float, meanwhile: Callable[[], None]) -> None:
        """Wait until the receiver can store deliveries.

        :param meanwhile: is called again and again; it may raise to end the waiting.
        :raises DemoError: if it ends or takes too long.
        """
        with requests.Session() as session:
            session.trust_env = False

            def look() -> bool | None:
                meanwhile()
                return self._ready(session)

            wait_for(f"the receiver to be ready (its log is {self.log})", look, seconds=seconds)

    def _ready(self, session: requests.Session) -> bool | None:
        if self._process is None or self._process.poll() is not None:
            end = "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
            msg = f"The receiver ended. The end of {self.log}:\n{end}"
            raise DemoError(msg)
        try:
            return session.get(f"{self.url}/health/ready", timeout=5).ok or None
        except requests.RequestException:
            return None
