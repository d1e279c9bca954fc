"""From a delivery to its task: how soon an idle ``airflow standalone`` gets there, and who takes how long."""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import requests
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.secrets import Vault
from benchmarks.chart import in_sequence
from benchmarks.figures import table, verdict
from tests.server.pipeline import Pipeline, running

DAG = "burst"
GOAL, OWN_GOAL = 4.0, 0.5

OURS = ("the receiver answers", "the watcher fires")
STAGES = (
    *OURS,
    "Airflow stores the asset event",
    "Airflow creates the run",
    "Airflow queues the task",
    "the task runs",
)
"""What happens after a delivery, one after the other."""

HEADINGS = ("then", "median", "longest", "since the delivery", "goal", "met")
TITLE = "From a delivery to its running task, in seconds"
PICTURE = "pipeline-latency.svg"

FIRED = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)).*Trigger fired event")


def measured(deliveries: int) -> list[list[float]]:
    """Deliver one event after another to an idle Airflow, and return how many seconds each stage took of each."""
    key = Fernet.generate_key().decode()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        options = {
            "webwork": {"receiver_enabled": "True", "secret_key": key},
            "dag_processor": {"min_file_process_interval": "30"},  # Airflow's own
        }
        with running(home, f"sqlite:///{home / 'events.db'}", dags=(DAG,), **options) as pipeline:
            opened = Endpoints(pipeline.store, Vault([key])).open("payroll", now=datetime.now(UTC))
            url = f"{pipeline.airflow.url}/webwork/hooks/{opened.pending_key}"
            pipeline.api.unpause(DAG)
            pipeline.wait("the consumer to be watched", lambda: pipeline.is_watched(DAG), seconds=120)
            _delivered(pipeline, url)  # whatever is loaded once is loaded
            return [_took(pipeline, url) for _ in range(deliveries)]


def tables(took: Sequence[Sequence[float]]) -> str:
    """Return the figures as a table."""
    return table(HEADINGS, list(_lines(took)))


def picture(took: Sequence[Sequence[float]]) -> str:
    """Return the medians as a picture."""
    medians = [statistics.median(column) for column in zip(*took, strict=True)]
    return in_sequence(TITLE, list(zip(STAGES, medians, strict=True)), ours=OURS)


def _lines(took: Sequence[Sequence[float]]) -> Iterator[tuple[str, ...]]:
    for number, (name, column) in enumerate(zip(STAGES, zip(*took, strict=True), strict=True), start=1):
        median, sofar = statistics.median(column), statistics.median(sum(each[:number]) for each in took)
        goal = {OURS[-1]: (median, OWN_GOAL), STAGES[-1]: (sofar, GOAL)}.get(name)
        wanted = ("", "") if goal is None else (f"<= {goal[1]:g} s", verdict(met=goal[0] <= goal[1]))
        yield (name, f"{median:.2f} s", f"{max(column):.2f} s", f"{sofar:.2f} s", *wanted)


def _took(pipeline: Pipeline, url: str) -> list[float]:
    pipeline.wait("Airflow to be idle", lambda: pipeline.is_idle(DAG))
    time.sleep(random.uniform(2, 4))  # noqa: S311 - at any moment between the looks of whoever looks now and then
    moments = _delivered(pipeline, url)
    sys.stderr.write(f"{moments[-1] - moments[0]:.2f} s\n")
    return [end - begin for begin, end in pairwise(moments)]


def _delivered(pipeline: Pipeline, url: str) -> list[float]:
    """Deliver an event, and return when that was and when each stage had ended."""
    with requests.Session() as session:
        session.trust_env = False
        before = len(pipeline.notes(DAG))
        delivered = time.time()
        session.post(url, json={"event": f"{DAG}.event", "data": {"at": delivered}}, timeout=30).raise_for_status()
        answered = time.time()
    pipeline.wait("the event to be processed", lambda: len(pipeline.notes(DAG)) > before)
    _, run_id = pipeline.notes(DAG)[-1]
    fired = FIRED.findall(pipeline.airflow.log.read_text())[-1]
    [(stored,)] = pipeline.ask("SELECT max(timestamp) FROM asset_event")
    [(created, queued, started)] = pipeline.ask(
        "SELECT created_at, queued_dttm, task_instance.start_date FROM dag_run "
        "JOIN task_instance USING (dag_id, run_id) WHERE run_id = :run_id AND task_id = 'claim'",
        run_id=run_id,
    )
    return [delivered, answered, *map(_timestamp, (fired, stored, created, queued, started))]


def _timestamp(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
