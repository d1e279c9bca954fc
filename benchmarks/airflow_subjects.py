"""The ways into Airflow that bring their own HTTP: its REST API, and a provider that is mounted in its API server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import requests

from airflow_provider_webwork.json_types import JSON
from benchmarks.load import SECRET, SIGNATURE, Target
from benchmarks.subjects import Started, UnavailableError, start
from demo.processes import free_ports
from tests.databases import PostgreSQL

ASSET = "webhook/tracker.started"
DAG_ID = "wakes_up"
DAG = f"""
from airflow.sdk import DAG, Asset, task

with DAG("{DAG_ID}", schedule=[Asset("{ASSET}")], is_paused_upon_creation=False):
    task(lambda: None, task_id="nothing")()
"""

FEW = 4
"""How many connections Airflow is given. With 24 and more its API server stops answering for minutes: its event loop
waits for a connection to the database in requests that need that same loop (seen with 3.3.2 on PostgreSQL)."""

CONNECTION = f"""{{
    "conn_type": "inbound_webhook", "password": "{SECRET}",
    "extra": {{
        "source_type": "hmac_json", "signature_header": "{SIGNATURE}", "signature_prefix": "sha256=",
        "event_field": "event", "delivery_id_field": "event_id"
    }}
}}"""


@dataclass(frozen=True, slots=True)
class Airflow:
    """An API server of Airflow on PostgreSQL, with a Dag that an asset starts.

    On SQLite it answers one request at a time at best.

    :param python: the interpreter that has Airflow.
    :param door: where deliveries go.
    """

    python: Path
    server: PostgreSQL
    door: Literal["asset", "dag", "plugin"]
    connections: int = FEW

    def start(self, folder: Path) -> Started:
        """Make the database, bring the Dag to it, and start the API server."""
        [port] = free_ports(1)
        database = f"airflow_{port}"
        url = self.server.database(database).replace("postgresql:", "postgresql+psycopg:")
        (folder / "dags").mkdir()
        (folder / "dags" / f"{DAG_ID}.py").write_text(DAG)
        environment = {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__INBOUND_WEBHOOKS__WEBHOOK_NAMES": "webhook",
            "AIRFLOW_CONN_WEBHOOK_WEBHOOK": CONNECTION,
        }
        for command in ("db", "migrate"), ("dags", "reserialize"):
            self._run(*command, environment=environment)
        process = start(
            [str(self.python), "-m", "airflow", "api-server", "--workers", "1", "--port", str(port)],
            folder,
            environment,
            ready=f"http://127.0.0.1:{port}/api/v2/version",
        )
        try:
            target = self._target(port)
        except (requests.RequestException, KeyError, ValueError) as error:
            process.terminate()
            process.wait()
            raise UnavailableError(f"Airflow does not let anybody in: {type(error).__name__}") from error
        count = f"SELECT count(*) FROM {'dag_run' if self.door == 'dag' else 'asset_event'}"  # noqa: S608
        return Started(process, target, lambda: int(str(self.server.execute(count, database=database)[0][0])))

    def _run(self, *command: str, environment: Mapping[str, str]) -> None:
        done = subprocess.run(
            [self.python, "-m", "airflow", *command],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            raise UnavailableError(f"airflow {' '.join(command)} failed: {done.stderr.strip().splitlines()[-1]}")

    def _target(self, port: int) -> Target:
        if self.door == "plugin":
            return Target(port=port, path="/webhooks/webhook")
        api = f"http://127.0.0.1:{port}"
        with requests.Session() as session:
            session.trust_env = False
            token = session.get(f"{api}/auth/token", timeout=30).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            if self.door == "dag":
                return Target(port=port, path=f"/api/v2/dags/{DAG_ID}/dagRuns", headers=headers, wrap=_as_run)
            [asset] = session.get(f"{api}/api/v2/assets", headers=headers, timeout=30).json()["assets"]

        def as_asset_event(delivery: dict[str, JSON]) -> dict[str, JSON]:
            return {"asset_id": asset["id"], "extra": delivery}

        return Target(port=port, path="/api/v2/assets/events", headers=headers, wrap=as_asset_event)


def _as_run(delivery: dict[str, JSON]) -> dict[str, JSON]:
    return {"dag_run_id": delivery["event_id"], "logical_date": None, "conf": delivery}
