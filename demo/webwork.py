"""The stand-in for WebWork as a program of its own, and what the demo does there."""

from __future__ import annotations

import re
import secrets
import sys
from pathlib import Path
from typing import Any

import requests

from demo.processes import Processes
from demo.waiting import wait_for

ADDRESS = re.compile(r"url=(?P<url>\S+) workspace_id=(?P<workspace_id>\d+)")


class WebWork:
    """The simulator: its REST API, called as WebWork documents it, and the deliveries that it made."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.token = secrets.token_urlsafe(24)
        self.url = ""
        self.workspace_id = 0
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def connection(self) -> dict[str, Any]:
        """The connection of type ``webwork``, as Airflow's REST API takes it."""
        return {
            "connection_id": "webwork_default",
            "conn_type": "webwork",
            "host": f"{self.url}/api/v2",
            "password": self.token,
            "extra": f'{{"workspace_id": {self.workspace_id}}}',
        }

    def start(self, processes: Processes) -> None:
        """Start the simulator."""
        processes.start(
            [sys.executable, "-m", "airflow_provider_webwork.simulator"],
            log=self.log,
            environment={"WEBWORK_SIMULATOR_TOKEN": self.token},
        )

    def wait_until_ready(self, *, seconds: float) -> None:
        """Wait until the simulator says where it is."""
        told = wait_for(f"the address of the simulator in {self.log}", self._address, seconds=seconds)
        self.url, self.workspace_id = told["url"], int(told["workspace_id"])

    def start_tracker(self, user_id: int) -> None:
        """Clock a member in by the call that WebWork documents."""
        self._post("/api/v2/time-tracking/start", user_id=user_id)

    def stop_tracker(self, user_id: int) -> None:
        """Clock a member out by the call that WebWork documents."""
        self._post("/api/v2/time-tracking/stop", user_id=user_id)

    def deliveries(self) -> list[dict[str, Any]]:
        """Return the deliveries that were made, as the control API of the simulator shows them."""
        made: list[dict[str, Any]] = self._session.get(f"{self.url}/_simulator/state", timeout=10).json()["deliveries"]
        return made

    def _address(self) -> dict[str, str] | None:
        found = ADDRESS.search(self.log.read_text(encoding="utf-8"))
        return found.groupdict() if found else None

    def _post(self, path: str, **body: Any) -> None:
        self._session.post(
            self.url + path,
            json={"workspace_id": self.workspace_id, **body},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        ).raise_for_status()
