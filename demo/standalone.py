"""A real ``airflow standalone`` in a folder of its own: SQLite, LocalExecutor, and ports that nobody uses."""

from __future__ import annotations

import base64
import configparser
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from demo.airflow_api import COMPONENTS, AirflowAPI
from demo.processes import Processes, free_ports, lost_a_child
from demo.waiting import DemoError, TooLateError, wait_for

USERNAME = "admin"
SECONDS_TO_START = 150.0
"""How long Airflow may take; on two cores it takes about 20 s."""

Options = Mapping[str, Mapping[str, str]]


class Standalone:
    """All components of Airflow, started and watched as one program.

    Its options are written into ``airflow.cfg``, so that any ``airflow`` command with the same ``AIRFLOW_HOME`` means
    the same installation.

    :param processes: starts Airflow and ends it; its home becomes ``AIRFLOW_HOME``.
    :param dags_folder: where the Dags are.
    :param options: options besides the usual ones, by section; ``{port}`` in a value becomes Airflow's port.
    :param port: the port of Airflow's API server and UI; a free one if not given.
    :param python: the interpreter that has Airflow; this one if not given.
    """

    def __init__(
        self,
        processes: Processes,
        *,
        dags_folder: Path,
        options: Options | None = None,
        port: int | None = None,
        python: Path | None = None,
    ) -> None:
        own, self._scheduler_logs, self._triggerer_logs = free_ports(3)
        self.port = port or own
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = processes.home
        self.log = self.home / "standalone.log"
        self._processes = processes
        self._dags_folder = dags_folder
        self._options = options or {}
        self._python = python or Path(sys.executable)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def password(self) -> str:
        """The password of the user ``admin``, which Airflow makes up when it starts."""
        passwords: dict[str, str] = json.loads(
            (self.home / "simple_auth_manager_passwords.json.generated").read_text(encoding="utf-8")
        )
        return passwords[USERNAME]

    def configure(self) -> None:
        """Write ``airflow.cfg``; afterwards other programs may use the same ``AIRFLOW_HOME``."""
        parser = configparser.RawConfigParser()
        for options in (self._usual_options(), self._options):
            for section, values in options.items():
                parser.read_dict(
                    {section: {name: value.replace("{port}", str(self.port)) for name, value in values.items()}}
                )
        path = self.home / "airflow.cfg"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            parser.write(file)

    def start(self) -> None:
        """Start Airflow; it is not ready before :meth:`wait_until_healthy` returns."""
        # `airflow standalone` looks for `airflow` on the path.
        path = os.pathsep.join([str(self._python.parent), os.environ.get("PATH") or os.defpath])
        command = [str(self._python), "-m", "airflow", "standalone"]
        self._process = self._processes.start(command, log=self.log, environment={"PATH": path})

    def wait_until_healthy(
        self, *, seconds: float = SECONDS_TO_START, told: Callable[[str], None] = lambda _: None
    ) -> AirflowAPI:
        """Wait until every component says that it is well, and return a signed-in session with the REST API.

        :param told: is called with the name of each component as it becomes well.
        :raises DemoError: if Airflow ends or takes too long; the text shows the end of its log.
        """
        api = AirflowAPI(self.url)
        well: set[str] = set()

        def look() -> bool | None:
            self.check()
            for name, healthy in api.health().items():
                if healthy and name not in well:
                    well.add(name)
                    told(name)
            return True if well.issuperset(COMPONENTS) else None

        try:
            wait_for("all components of Airflow to be healthy", look, seconds=seconds, pause=0.3)
        except TooLateError as error:
            msg = f"{error} {', '.join(sorted(well)) or 'None'} is. The end of {self.log}:\n{self.tail()}"
            raise DemoError(msg) from None
        api.sign_in(USERNAME, self.password)
        return api

    def check(self) -> None:
        """Raise if Airflow, or a part of it, has died.

        :raises DemoError: with the end of its log.
        """
        if self._process is None:
            raise DemoError("Airflow was not started.")
        died = None
        if self._process.poll() is not None:
            died = f"Airflow ended with exit code {self._process.returncode}"
        elif lost_a_child(self._process):
            # Airflow neither stops nor restarts when one of its components ends.
            died = "A component of Airflow ended"
        if died:
            msg = f"{died}. The end of {self.log}:\n{self.tail()}"
            raise DemoError(msg)

    def tail(self, lines: int = 15) -> str:
        """Return the end of Airflow's log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _usual_options(self) -> Options:
        return {
            "core": {
                "dags_folder": str(self._dags_folder),
                "load_examples": "False",
                "executor": "LocalExecutor",
                "parallelism": "4",
                "test_connection": "Enabled",
                "execution_api_server_url": f"{self.url}/execution/",
                "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            },
            "api": {
                "host": "127.0.0.1",
                "port": str(self.port),
                "base_url": self.url,
                "secret_key": secrets.token_urlsafe(32),
            },
            "api_auth": {"jwt_secret": secrets.token_urlsafe(48)},
            "logging": {
                "worker_log_server_port": str(self._scheduler_logs),
                "trigger_log_server_port": str(self._triggerer_logs),
            },
            # The files do not change while we look: reading them once leaves the processors to the tasks.
            "dag_processor": {"min_file_process_interval": "600", "refresh_interval": "600", "parsing_processes": "1"},
        }
