"""A running Airflow whose Dags process what consumers are given, as a test uses it."""

import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from airflow_provider_webwork.events.batches import Batches
from airflow_provider_webwork.events.claims import Claims
from airflow_provider_webwork.events.event import WEAK_WINDOW, Event, Identity, new_event_id
from airflow_provider_webwork.events.log import Arrival, EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from demo.airflow_api import AirflowAPI
from demo.processes import Processes
from demo.standalone import Standalone
from demo.waiting import TooLateError, wait_for

UNDER_WAY = {"queued", "running"}


def utc_now():
    return datetime.now(UTC)


@dataclass
class Pipeline:
    """Each Dag has the name of its consumer, which wants the events ``<name>.event``."""

    airflow: Standalone
    api: AirflowAPI
    processes: Processes
    store: Store

    def add(self, name, count):
        """Put events into the log, in portions as a busy receiver does."""
        log, left = EventLog(self.store), count
        while left:
            portion = min(left, 50)
            log.append([arrival(f"{name}.event") for _ in range(portion)])
            left -= portion

    def seqs(self, name):
        """The places of all events that a consumer wants."""
        return [event.seq for event in EventLog(self.store).read(EventFilter.of(types=[f"{name}.event"]))]

    def lag(self, name):
        return Claims(self.store, now=utc_now).lag(name).events

    @property
    def batches(self):
        return Batches(self.store, now=utc_now)

    def notes(self, name):
        """What was processed, in the order of the log: places, and the run that did it."""
        notes = [json.loads(path.read_text()) for path in (self.airflow.home / "notes").iterdir()]
        return sorted((seq, note["run"]) for note in notes if note["dag"] == name for seq in note["seqs"])

    def claims(self, name):
        """How many claims of a Dag ended in which state."""
        return self._ask(
            "SELECT state, count(*) FROM task_instance WHERE dag_id = ? AND task_id = 'claim' GROUP BY state", name
        )

    def runs(self, name):
        """The runs of a Dag, the oldest first, with their states."""
        return self._ask("SELECT run_id, state FROM dag_run WHERE dag_id = ? ORDER BY id", name)

    def is_watched(self, name):
        return bool(self._ask("SELECT name, trigger_id FROM asset_watcher WHERE name = ?", f"webwork_{name}"))

    def wait_until_processed(self, name, *, seconds=240):
        """Wait until every event was processed and no run is under way."""

        def look():
            done = {seq for seq, _ in self.notes(name)}
            return set(self.seqs(name)) <= done and not UNDER_WAY & set(self.runs(name).values())

        self.wait(f"{name} to process its events", look, seconds=seconds)

    def wait(self, what, look, *, seconds=60):
        try:
            return wait_for(what, lambda: look() or None, seconds=seconds, pause=0.3)
        except TooLateError as error:
            error.add_note(self.airflow.tail(60))
            raise

    def triggerer(self):
        """The processes of the triggerer, the one first that started the others."""
        found = [process for process in self.processes.living() if "triggerer" in " ".join(process.cmdline())]
        return sorted(found, key=psutil.Process.create_time)

    def kill_the_triggerer(self):
        """Kill the triggerer as the kernel would, and start another one."""
        victims = self.triggerer()
        assert victims
        for process in victims:
            process.kill()
        psutil.wait_procs(victims, timeout=10)
        self.processes.start([sys.executable, "-m", "airflow", "triggerer"], log=self.airflow.home / "triggerer.log")

    def _ask(self, query, *values):
        with closing(sqlite3.connect(self.airflow.home / "airflow.db", timeout=30)) as connection:
            return dict(connection.execute(query, values).fetchall())


def arrival(type_):
    event = Event(id=new_event_id(), type=type_, received_at=utc_now(), payload={"event": type_}, synthetic=True)
    return Arrival(event, Identity(key=event.id, window=WEAK_WINDOW, source="sender"))
