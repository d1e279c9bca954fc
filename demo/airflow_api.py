"""The few calls of Airflow's REST API that the demo and the tests make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests

COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class AirflowAPI:
    """A session with Airflow's REST API.

    :param url: the address of Airflow, such as ``http://127.0.0.1:8080``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        # Neither a proxy nor a .netrc of the machine has a say in what stays on the machine.
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def health(self) -> dict[str, bool]:
        """Return which components of Airflow say that they are well; all of them are not while nobody answers."""
        try:
            answer = self._session.get(f"{self._url}/api/v2/monitor/health", timeout=5)
            told = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            told = {}
        return {name: told.get(name, {}).get("status") == "healthy" for name in COMPONENTS}

    def sign_in(self, username: str, password: str) -> None:
        """Take a token for all further calls."""
        token = self._call("POST", "/auth/token", {"username": username, "password": password})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def has_dag(self, dag_id: str) -> bool:
        """Whether the Dag processor has brought the Dag to the database."""
        return self._session.get(f"{self._url}/api/v2/dags/{dag_id}", timeout=30).status_code == 200

    def import_errors(self) -> list[str]:
        """Return what is wrong with files in the Dags folder."""
        return [error["stack_trace"] for error in self._call("GET", "/api/v2/importErrors")["import_errors"]]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the Dag."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Keep the scheduler from running the Dag."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": True})

    def trigger(self, dag_id: str, *, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run and return its id.

        :param conf: values for the params of the Dag.
        """
        body = {"logical_date": None, "conf": dict(conf or {})}
        run_id: str = self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"]
        return run_id

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a run."""
        return self._document("GET", _run(dag_id, run_id))

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the task instances of a run, by the names of their tasks."""
        found = self._call("GET", f"{_run(dag_id, run_id)}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return what a task returned."""
        return self._call("GET", f"{_task(dag_id, run_id, task_id)}/xcomEntries/return_value")["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, *, try_number: int = 1) -> list[str]:
        """Return the lines of a task's log, without their times; an error is a line of its own."""
        content = self._call("GET", f"{_task(dag_id, run_id, task_id)}/logs/{try_number}")["content"]
        return [text for record in content for text in _texts(record)]

    def clear(self, dag_id: str, run_id: str, task_ids: Sequence[str]) -> None:
        """Let tasks of a run that have ended run once more."""
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run_id, "task_ids": list(task_ids)}
        self._call("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def create_connection(self, connection: Mapping[str, Any]) -> None:
        """Create a connection."""
        self._call("POST", "/api/v2/connections", dict(connection))

    def test_connection(self, connection: Mapping[str, Any]) -> tuple[bool, str]:
        """Do what the button *Test* of a connection does, and return whether it works and what it says."""
        told = self._call("POST", "/api/v2/connections/test", dict(connection))
        return told["status"], told["message"]

    def _document(self, method: str, path: str) -> dict[str, Any]:
        document: dict[str, Any] = self._call(method, path)
        return document

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._session.request(
            method, self._url + path, json=body, headers={"Accept": "application/json"}, timeout=60
        )
        if not answer.ok:
            msg = f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}"
            raise requests.HTTPError(msg, response=answer)
        return answer.json()


def _run(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"


def _task(dag_id: str, run_id: str, task_id: str) -> str:
    return f"{_run(dag_id, run_id)}/taskInstances/{task_id}"


def _texts(record: Any) -> list[str]:
    if not isinstance(record, dict):
        return [str(record)]
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in record.get("error_detail") or ()]
    return [str(record.get("event", "")), *errors]
