"""A triggerer that is full of deferred sensors: what it asks, what it takes, and whom it wakes."""

import json
import re
import shutil
import statistics
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from airflow_provider_webwork.events.log import EventLog
from tests.databases import PostgreSQL
from tests.server import loop_probe
from tests.server.deferred import DAG, TYPE, defer_many, defer_one, waiting_after
from tests.server.pipeline import arrival, running

QUERY = re.compile(r"LOG:  (?:statement|execute [^:]*): (?:SELECT|WITH|INSERT|UPDATE|DELETE)")
"""How PostgreSQL notes what is asked of it, when told to."""

BLOCKED = "async thread was blocked"
"""What Airflow says of its event loop (airflow/jobs/triggerer_job_runner.py)."""


class Blocked(NamedTuple):
    """How often Airflow said that the event loop was blocked: while it started the triggers, and after it."""

    starting: int
    after: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was seen of a triggerer with so many deferred sensors.

    :param loaded: seconds until it ran all of them.
    :param queries: how many a second it asked of the event log.
    :param late: how many seconds the event loop came back late, at any moment.
    :param memory: megabytes of each of its processes.
    :param awaited: the sensors whose event came, and ``woken`` those that woke with it.
    """

    loaded: float
    queries: float
    late: list[float]
    memory: list[float]
    awaited: set[int]
    woken: set[int]
    woken_in: float
    blocked: Blocked

    @property
    def p99(self):
        return statistics.quantiles(self.late, n=100)[-1]


def measured(count, *, seconds=30):
    """Let a triggerer of a real Airflow, both on PostgreSQL, run so many deferred sensors."""
    with _airflow(count) as (pipeline, server):
        log = EventLog(pipeline.store)
        server.execute("ALTER DATABASE log SET log_statement = 'all'")
        loaded = _fill(pipeline, count, waiting_after(log.head()))
        starting = warnings(pipeline)
        asked, since = len(QUERY.findall(server.output())), time.time()
        time.sleep(seconds)
        # What counts is how many intervals there are between them.
        queries = (len(QUERY.findall(server.output())) - asked - 1) / seconds
        late = lateness(pipeline, since=since)
        memory = [process.memory_info().rss / 1e6 for process in pipeline.processes_of("triggerer")]

        awaited = set(range(1, count + 1, max(1, count // 100)))
        began = time.monotonic()
        log.append([arrival(TYPE, user_id=str(member)) for member in awaited])
        pipeline.wait("sensors to wake", lambda: len(woken(pipeline)) >= len(awaited), seconds=120)
        return Found(
            loaded=loaded,
            queries=queries,
            late=late,
            memory=memory,
            awaited=awaited,
            woken=woken(pipeline),
            woken_in=time.monotonic() - began,
            blocked=Blocked(starting, warnings(pipeline) - starting),
        )


def blocked_by_airflow(count, *, seconds=30):
    """How often Airflow says that its event loop was blocked when it runs so many triggers that only wait."""
    with _airflow(count) as (pipeline, _):
        _fill(pipeline, count, lambda member: loop_probe.Idle(member=member))
        starting = warnings(pipeline)
        time.sleep(seconds)
        return Blocked(starting, warnings(pipeline) - starting)


@contextmanager
def _airflow(count):
    """A real Airflow with room for so many triggers, it and the event log on a PostgreSQL server."""
    server = PostgreSQL()
    try:
        airflow_url = server.database("airflow").replace("postgresql:", "postgresql+psycopg:")
        options = {"triggerer": {"capacity": str(count + 10)}}
        with (
            tempfile.TemporaryDirectory() as folder,
            running(Path(folder), server.url("log"), dags=[DAG], airflow_url=airflow_url, **options) as pipeline,
        ):
            yield pipeline, server
    finally:
        server.stop()


def _fill(pipeline, count, trigger_of):
    """Put so many triggers in while nothing runs, then start a triggerer; return how long it took to start them."""
    run_id = defer_one(pipeline)
    for component in ("scheduler", "triggerer", "dag-processor"):
        pipeline.kill(pipeline.processes_of(component))
    defer_many(pipeline, run_id, range(1, count + 1), trigger_of)
    watch_the_loop(pipeline, run_id)

    began = time.monotonic()
    pipeline.restart("triggerer")
    pipeline.wait("the sensors to wait", lambda: len(started(pipeline)) > count, seconds=1_200)
    return time.monotonic() - began


def warnings(pipeline):
    return (pipeline.airflow.home / "triggerer-0.log").read_text().count(BLOCKED)


def watch_the_loop(pipeline, run_id):
    """Give the sensor of a run another trigger, which notes how late the event loop is."""
    plugins = pipeline.airflow.home / "plugins"
    plugins.mkdir()
    shutil.copy(loop_probe.__file__, plugins)
    with pipeline.database.begin() as connection:
        query = (
            "UPDATE trigger SET classpath = 'loop_probe.LoopProbe', kwargs = '{}' "
            "WHERE id = (SELECT trigger_id FROM task_instance WHERE run_id = :run_id)"
        )
        connection.execute(sa.text(query), {"run_id": run_id})


def lateness(pipeline, *, since):
    lines = (pipeline.airflow.home / "loop.jsonl").read_text().splitlines()
    return [late for line in map(json.loads, lines) if line["at"] > since for late in line["late"]]


def started(pipeline):
    """The runs of which there is a log: a trigger begins one when it starts."""
    return list((pipeline.airflow.home / "logs" / f"dag_id={DAG}").iterdir())


def woken(pipeline):
    """The members whose sensors are to go on with the event of just that member."""
    query = (
        "SELECT conf, next_kwargs FROM dag_run JOIN task_instance USING (dag_id, run_id) "
        "WHERE task_instance.state = 'scheduled'"
    )
    ids = {event.id: int(event.user_id) for event in pipeline.events("sensed")}
    return {
        conf["user_id"]
        for conf, went_on in pipeline.ask(query)
        if any(ids[found] == conf["user_id"] for found in ids if found in json.dumps(went_on))
    }
