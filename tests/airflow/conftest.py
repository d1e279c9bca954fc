"""A throwaway Airflow: a home and a database of its own, and Dags that really run."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.testing import TemporaryLog, webwork_log, webwork_simulator

__all__ = ["webwork_log", "webwork_simulator"]  # fixtures for the tests of this folder

ROOT = Path(__file__).parents[2]
HOME = Path(tempfile.mkdtemp(prefix="webwork-airflow-"))
DAGS = HOME / "dags"

if "airflow" in sys.modules:
    raise RuntimeError("Airflow was imported before its home was chosen: run tests/airflow by itself, or all tests.")

for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[name]
os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__FERNET_KEY=Fernet.generate_key().decode(),
)
atexit.register(shutil.rmtree, HOME, ignore_errors=True)


@dataclass(frozen=True)
class Run:
    """A Dag run that has ended."""

    run: Any

    @property
    def states(self) -> dict[str, str]:
        """The states of its tasks; mapped ones as ``task[0]``."""
        return {
            ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
            for ti in self.run.get_task_instances()
        }

    def returned(self, task_id: str) -> Any:
        """What a task returned; for a mapped task a list."""
        task_instance = self.run.get_task_instances()[0]
        found = task_instance.xcom_pull(task_ids=task_id)
        return found if isinstance(found, (dict, type(None))) else list(found)


@pytest.fixture(scope="session")
def airflow_database() -> Path:
    """Airflow's metadata database, with the examples and the Dags of these tests in the Dag folder."""
    DAGS.mkdir()
    for folder in (ROOT / "example_dags", Path(__file__).with_name("dags")):
        shutil.copytree(folder, DAGS, dirs_exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow warns about its own dependencies
        import airflow.settings
        from airflow.utils import db

        airflow.settings.initialize()
        db.initdb()
    return HOME / "airflow.db"


@pytest.fixture
def run_dag(airflow_database: Path) -> Callable[..., Run]:
    """Run a Dag of the Dag folder with ``dag.test()``, until it has ended; ``change`` may shorten what takes long."""

    def run(dag_id: str, *, change: Callable[[Any], None] = lambda _: None, **options: Any) -> Run:
        from airflow.dag_processing.dagbag import DagBag

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bag = DagBag(DAGS, bundle_path=DAGS, bundle_name="dags-folder")
            assert bag.import_errors == {}
            change(bag.dags[dag_id])
            return Run(bag.dags[dag_id].test(**options))

    return run


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Set up a connection by its environment variable; return its id."""

    def connect(fields: Mapping[str, object] | str, *, conn_id: str = "webwork_default") -> str:
        text = fields if isinstance(fields, str) else json.dumps({"conn_type": "webwork", **fields})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", text)
        return conn_id

    return connect


@pytest.fixture
def run_python(airflow_database: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in a fresh interpreter with the same Airflow home."""

    def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=HOME,
            env=os.environ | environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=280,
        )

    return run


@pytest.fixture
def receiver(webwork_log: TemporaryLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real receiver on the log, at the address that the options name."""
    import uvicorn

    from airflow_provider_webwork.config import settings_from_airflow
    from airflow_provider_webwork.receiver.app import Receiver

    app = Receiver(settings_from_airflow(), log_url=webwork_log.url)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on", interface="asgi3"))
    listening = threading.Event()
    startup = server.startup

    async def started(sockets=None):
        await startup(sockets)
        listening.set()

    server.startup = started
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    assert listening.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    monkeypatch.setenv("AIRFLOW__WEBWORK__RECEIVER_BASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "*")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)
