"""The same burst through a consumer and through plain asset events: which of the deliveries do runs see?"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.secrets import Vault
from benchmarks.airflow_subjects import CONNECTION, FEW
from benchmarks.figures import table
from benchmarks.load import SIGNATURE, delivery, signature
from benchmarks.packages import environment, version
from benchmarks.subjects import UnavailableError
from demo.waiting import wait_for
from tests.databases import PostgreSQL
from tests.server.pipeline import Pipeline, running

DAG = "burst"
OTHER = "airflow-provider-inbound-webhooks"
HEADINGS = ("what starts the Dag", "acknowledged", "seen by a run", "by two", "by none", "runs", "empty", "ended after")

QUIET = 30.0
"""Seconds without a run after which nothing more is to be expected."""

OTHER_DAG = f"""
import json, os, uuid
from pathlib import Path
from airflow.sdk import DAG, Asset, task

with DAG("{DAG}", schedule=[Asset("webhook/{DAG}.event")]):

    @task
    def process(triggering_asset_events=None, dag_run=None):
        seen = [event.extra["delivery_id"] for events in triggering_asset_events.values() for event in events]
        note = {{"dag": dag_run.dag_id, "run": dag_run.run_id, "seqs": seen}}
        (Path(os.environ["AIRFLOW_HOME"]) / "notes" / uuid.uuid4().hex).write_text(json.dumps(note))

    process()
"""


@dataclass(frozen=True, slots=True)
class Door:
    """Where deliveries go, and the Airflow behind it."""

    pipeline: Pipeline
    url: str


def figures(deliveries: int) -> str:
    """Send a burst into each and return what became of it as a table."""
    return table(HEADINGS, [_line(name, enter, deliveries) for name, enter in _subjects()])


@contextmanager
def ours() -> Iterator[Door]:
    """Mount the receiver in the API server, with a Dag that claims 50 events a run."""
    key = Fernet.generate_key().decode()
    with _databases() as (server, airflow_url), tempfile.TemporaryDirectory() as folder:
        options = {"webwork": {"receiver_enabled": "True", "secret_key": key}}
        with running(Path(folder), server.url("log"), dags=(DAG,), airflow_url=airflow_url, **options) as pipeline:
            opened = Endpoints(pipeline.store, Vault([key])).open("payroll", now=datetime.now(UTC))
            yield Door(pipeline, f"{pipeline.airflow.url}/webwork/hooks/{opened.pending_key}")


@contextmanager
def asset_events() -> Iterator[Door]:
    """Mount the other package in the API server, with a Dag that its asset starts."""
    with _databases() as (server, airflow_url), tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        python = environment(home / "venv", OTHER, "psycopg[binary]")
        sys.stderr.write(f"{OTHER} {version(python, OTHER)}\n")
        (home / "own").mkdir()
        (home / "own" / f"{DAG}.py").write_text(OTHER_DAG)
        with running(
            home,
            server.url("log"),
            dags=(DAG,),
            folder=home / "own",
            airflow_url=airflow_url,
            python=python,
            inbound_webhooks={"webhook_names": "webhook"},
        ) as pipeline:
            fields = json.loads(CONNECTION)
            pipeline.api.create_connection(
                {**fields, "connection_id": "webhook_webhook", "extra": json.dumps(fields["extra"])}
            )
            yield Door(pipeline, f"{pipeline.airflow.url}/webhooks/webhook")


def _subjects() -> Iterator[tuple[str, Callable[[], AbstractContextManager[Door]]]]:
    yield "this provider: the log, and claims of 50", ours
    yield f"{OTHER}: asset events", asset_events


@contextmanager
def _databases() -> Iterator[tuple[PostgreSQL, str]]:
    server = PostgreSQL()
    try:
        yield server, server.database("airflow").replace("postgresql:", "postgresql+psycopg:")
    finally:
        server.stop()


def _line(name: str, enter: Callable[[], AbstractContextManager[Door]], deliveries: int) -> tuple[str, ...]:
    try:
        with enter() as door:
            pipeline = door.pipeline
            pipeline.api.unpause(DAG)
            acknowledged, began = _deliver(door, deliveries), time.monotonic()
            last = _settled(pipeline)
            seen = pipeline.processed(DAG)
            runs, working = pipeline.runs(DAG), {run for _, run in pipeline.notes(DAG)}
    except UnavailableError as error:
        return (name, str(error), *[""] * 6)
    twice = sum(times > 1 for times in seen.values())
    unseen = acknowledged - len(seen)
    counts = (acknowledged, len(seen), twice, unseen, len(runs), len(runs) - len(working))
    return (name, *(f"{count:,}" for count in counts), f"{last - began:.0f} s")


def _deliver(door: Door, deliveries: int) -> int:
    """Deliver over a few connections at a time; return how many deliveries were acknowledged."""
    with requests.Session() as session, ThreadPoolExecutor(FEW) as senders:
        session.trust_env = False

        def send(number: int) -> bool:
            body = json.dumps({**delivery(number), "event": f"{DAG}.event"}).encode()
            headers = {"Content-Type": "application/json", SIGNATURE: signature(body)}
            return session.post(door.url, data=body, headers=headers, timeout=60).ok

        answers = Counter(senders.map(send, range(deliveries)))
    sys.stderr.write(f"{door.url.split('/')[3]}: {dict(answers)}\n")
    return answers[True]


def _settled(pipeline: Pipeline) -> float:
    """Wait until nothing has happened for a while; return when the last thing happened."""
    known, since = 0, time.monotonic()

    def look() -> bool | None:
        nonlocal known, since
        if len(pipeline.notes(DAG)) != known or not pipeline.is_idle(DAG):
            known, since = len(pipeline.notes(DAG)), time.monotonic()
        return True if time.monotonic() - since > QUIET else None

    wait_for("the runs to end", look, seconds=1_800, pause=1)
    return since
