"""A running Airflow whose Dags process what consumers are given, as a test uses it."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa

from airflow_provider_webwork.clock import utc_now
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

PIPELINES = Path(__file__).parent / "pipelines"

AIRFLOW = (sys.executable, "-m", "airflow")


@contextmanager
def running(home, log_url, *, dags, folder=PIPELINES, airflow_url=None, python=None, **options):
    """Start Airflow with the Dags of a folder, on SQLite or at a URL, and end it.

    :param home: a folder for it, or that of one that has ended.
    :param dags: those that a test needs.
    :param python: the interpreter that has Airflow.
    :param options: more of Airflow's, by section.
    """
    (home / "notes").mkdir(exist_ok=True)
    shutil.copytree(folder, home / "dags", dirs_exist_ok=True)
    airflow_url = airflow_url or f"sqlite:///{home / 'airflow.db'}"
    database = sa.create_engine(airflow_url)
    given = {
        "database": {"sql_alchemy_conn": airflow_url, "sql_alchemy_conn_async": airflow_url},
        # Whether a Dag is paused is looked at when its file is parsed.
        "dag_processor": {"min_file_process_interval": "5"},
        **options,
        "webwork": {"event_store_url": log_url, **options.get("webwork", {})},
    }
    if database.dialect.name == "sqlite":
        del given["database"]  # Airflow's own default
    with Processes(home) as processes, closing(Store(log_url)) as store:
        airflow = Standalone(processes, dags_folder=home / "dags", options=given, python=python)
        airflow.configure()
        airflow.start()
        api = airflow.wait_until_healthy()
        pipeline = Pipeline(airflow, api, processes, store, database)
        pipeline.wait("Airflow to read the Dags", lambda: all(map(api.has_dag, dags)))
        assert api.import_errors() == []
        yield pipeline
        api.close()
        database.dispose()


@dataclass
class Pipeline:
    """Each Dag has the name of its consumer, which wants the events ``<name>.event``.

    :param database: Airflow's own.
    """

    airflow: Standalone
    api: AirflowAPI
    processes: Processes
    store: Store
    database: sa.Engine

    def add(self, name, count):
        """Put events into the log, in portions as a busy receiver does."""
        log, left = EventLog(self.store), count
        while left:
            portion = min(left, 50)
            log.append([arrival(f"{name}.event") for _ in range(portion)])
            left -= portion

    def events(self, name):
        """All events that a consumer wants."""
        return list(EventLog(self.store).read(EventFilter.of(types=[f"{name}.event"])))

    def seqs(self, name):
        """The places of all events that a consumer wants."""
        return [event.seq for event in self.events(name)]

    def lag(self, name):
        return Claims(self.store, now=utc_now).lag(name).events

    @property
    def batches(self):
        return Batches(self.store, now=utc_now)

    def unfinished(self, name):
        """The batches whose runs failed for good, unless they were released."""
        states = self.runs(name)
        live = [batch for batch in self.batches.list(name) if batch.released_at is None]
        return [batch for batch in live if states[run_of(batch)] == "failed"]

    def notes(self, name):
        """What was processed, in the order of the log: places, and the run that did it."""
        notes = [json.loads(path.read_text()) for path in (self.airflow.home / "notes").iterdir()]
        return sorted((seq, note["run"]) for note in notes if note["dag"] == name for seq in note["seqs"])

    def processed(self, name):
        """How often each event was processed, whichever run did it."""
        return Counter(seq for seq, _ in self.notes(name))

    def once(self, name):
        """What :meth:`processed` is to be."""
        return dict.fromkeys(self.seqs(name), 1)

    def claims(self, name):
        """How many claims of a Dag ended in which state."""
        return dict(
            self.ask(
                "SELECT state, count(*) FROM task_instance WHERE dag_id = :name AND task_id = 'claim' GROUP BY state",
                name=name,
            )
        )

    def runs(self, name):
        """The runs of a Dag, the oldest first, with their states."""
        return dict(self.ask("SELECT run_id, state FROM dag_run WHERE dag_id = :name ORDER BY id", name=name))

    def wake_ups(self, name):
        """How often the watcher of a consumer has woken its Dags."""
        query = "SELECT count(*) FROM asset_event JOIN asset ON asset.id = asset_id WHERE asset.name = :name"
        [(count,)] = self.ask(query, name=f"webwork_{name}")
        return count

    def running_tasks(self):
        """The ids of the processes of all tasks that are known to run."""
        return {pid for (pid,) in self.ask("SELECT pid FROM task_instance WHERE state = 'running'")}

    def is_watched(self, name):
        return bool(self.ask("SELECT name FROM asset_watcher WHERE name = :name", name=f"webwork_{name}"))

    def is_idle(self, name):
        """Whether no run of a Dag is under way."""
        return not UNDER_WAY & set(self.runs(name).values())

    def wait_until_claimed(self, name, *, seconds=300):
        """Wait until no event waits and no run is under way, however it ended."""
        self.wait(f"the runs of {name} to end", lambda: self.lag(name) == 0 and self.is_idle(name), seconds=seconds)

    def wait_until_processed(self, name, *, seconds=240):
        """Wait until every event was processed and no run is under way."""

        def look():
            return self.is_idle(name) and set(self.seqs(name)) <= set(self.processed(name))

        self.wait(f"{name} to process its events", look, seconds=seconds)

    def wait(self, what, look, *, seconds=180):
        try:
            return wait_for(what, lambda: look() or None, seconds=seconds, pause=0.3)
        except TooLateError as error:
            error.add_note(self.airflow.tail(60))
            raise

    def processes_of(self, component):
        """The processes of a component of Airflow, the one first that started the others."""
        found = [process for process in self.processes.living() if ends_with(process, component)]
        first = min(found, key=psutil.Process.create_time, default=None)
        return [first, *first.children(recursive=True)] if first else []

    def kill(self, victims):
        """Kill processes as the kernel would."""
        for process in victims:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(victims, timeout=10)

    def restart(self, component, *, program=AIRFLOW):
        """Kill a component, if it still lives, and start another one.

        :param program: what runs ``airflow``.
        """
        self.kill(self.processes_of(component))
        number = len(list(self.airflow.home.glob(f"{component}-*.log")))
        self.processes.start([*program, component], log=self.airflow.home / f"{component}-{number}.log")

    def command(self, *arguments):
        """Run a command as a person does, on the same installation, and return what it prints."""
        done = subprocess.run(
            [*AIRFLOW, "webwork", *arguments],
            env=self.processes.environment(os.environ),
            cwd=self.airflow.home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, query, **values):
        """Ask Airflow's own database."""
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]


def arrival(type_, *, user_id=None):
    event = Event(
        id=new_event_id(),
        type=type_,
        user_id=user_id,
        received_at=utc_now(),
        payload={"event": type_},
        synthetic=True,
    )
    return Arrival(event, Identity(key=event.id, window=WEAK_WINDOW, source="sender"))


def run_of(batch):
    return batch.run_key.split("/")[1]


def ends_with(process, word):
    """Whether the command of a process ends with a word; one that has just died has no command."""
    with suppress(psutil.Error):
        return process.cmdline()[-1:] == [word]
    return False
