"""What may happen to a pipeline at any moment, and a sender that goes on telling of events meanwhile."""

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import psutil
import requests

from tests.databases import PostgreSQL
from tests.server.conftest import Process, Site
from tests.server.pipeline import Pipeline

PACE = 0.1
"""Seconds between two deliveries."""


class Sender(threading.Thread):
    """Delivers events, each again until it was answered that it is stored."""

    def __init__(self, url, name, events):
        super().__init__(daemon=True)
        self.url = url
        self.name_of_events = f"{name}.event"
        self.events = events
        self.stored = []

    def run(self):
        with requests.Session() as session:
            session.trust_env = False
            for event in self.events:
                while not self.is_stored(session, event):
                    time.sleep(PACE)
                self.stored.append(event)
                time.sleep(PACE)

    def is_stored(self, session, event):
        body = {"event": self.name_of_events, "event_id": event, "data": {"user_id": 7}}
        try:
            return session.post(self.url, json=body, timeout=10).status_code == 200
        except requests.RequestException:
            return False


@dataclass
class Chaos:
    """Hurts the pipeline of one Dag, and everything that it needs.

    :param log_server: the database of the event log.
    :param port: where the receiver listens, whenever it is started.
    :param done: how often it did what.
    """

    pipeline: Pipeline
    name: str
    site: Site
    log_server: PostgreSQL
    dice: Random
    port: int
    receiver: Process = None
    done: Counter = field(default_factory=Counter)

    @property
    def injuries(self):
        return [
            self.kill_triggerer,
            self.kill_scheduler,
            self.kill_receiver,
            self.kill_workers,
            self.restart_log,
            self.kill_log,
            self.pause_or_unpause,
            self.clear_a_run,
        ]

    def hurt(self):
        """Do one thing, whichever."""
        injury = self.dice.choice(self.injuries)
        self.done[injury.__name__] += 1
        injury()

    def heal(self):
        """See to it that everything runs again, as whoever watches over the processes does."""
        self.pipeline.api.unpause(self.name)
        for component in ("scheduler", "triggerer", "dag-processor"):
            if not self.pipeline.processes_of(component):
                self.pipeline.restart(component)

    def start_receiver(self):
        self.receiver = self.site.run("--port", str(self.port))

    def deliver(self, events):
        """Begin to deliver events; return who does."""
        sender = Sender(f"http://127.0.0.1:{self.port}/hooks/{self.site.key}", self.name, events)
        sender.start()
        return sender

    def kill_triggerer(self):
        self.pipeline.restart("triggerer")

    def kill_scheduler(self):
        """With its workers, as a container that runs out of memory."""
        self.pipeline.restart("scheduler")

    def kill_receiver(self):
        self.receiver.kill()
        self.start_receiver()

    def kill_workers(self):
        """Those whose task runs, in the midst of it.

        At all other times the death of a worker would stop the LocalExecutor for ever: it may hold a lock of the
        executor's queues, so it is stopped before one looks, or a task that nobody takes back, because the executor
        has no ``revoke_task`` (airflow/executors/local_executor.py, airflow/jobs/scheduler_job_runner.py).
        """
        workers = self.busy_workers()
        chosen = self.dice.sample(workers, self.dice.randint(min(1, len(workers)), len(workers)))
        for worker in chosen:
            with suppress(psutil.NoSuchProcess):
                worker.suspend()
        busy = self.busy_workers()
        self.pipeline.kill([each for each in chosen if each in busy])
        for worker in chosen:
            with suppress(psutil.NoSuchProcess):
                worker.resume()

    def busy_workers(self):
        """The workers of the executor whose task is known to run."""
        running = self.pipeline.running_tasks()
        return [each for each in self.pipeline.processes_of("scheduler") if running & children_of(each)]

    def restart_log(self):
        self.log_server.restart()

    def kill_log(self):
        self.log_server.kill()
        self.log_server.start()

    def pause_or_unpause(self):
        if self.done["pause_or_unpause"] % 2:
            self.pipeline.api.pause(self.name)
        else:
            self.pipeline.api.unpause(self.name)

    def clear_a_run(self):
        """Let a run that succeeded do everything once more."""
        ended = [run for run, state in self.pipeline.runs(self.name).items() if state == "success"]
        if ended:
            self.pipeline.api.clear(self.name, self.dice.choice(ended), ["claim", "process"])


def children_of(process):
    """The ids of the processes that a process started, and that live."""
    with suppress(psutil.NoSuchProcess):
        return {child.pid for child in process.children() if child.status() != psutil.STATUS_ZOMBIE}
    return set()
