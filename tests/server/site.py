"""A running Airflow as a test uses it: start Dags, wait for tasks, deliver, look."""

import json
from dataclasses import dataclass

import requests

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.simulator import Simulator
from demo.airflow_api import AirflowAPI
from demo.processes import Processes
from demo.standalone import Standalone
from demo.waiting import TooLateError, wait_for

REGISTER = "example_register_webhook"
ENDED = {"success", "failed", "skipped", "upstream_failed"}


@dataclass
class AirflowSite:
    """The running Airflow; ``secrets`` are those that must be seen nowhere."""

    airflow: Standalone
    api: AirflowAPI
    webwork: Simulator
    processes: Processes
    log_url: str
    wrong_token: str

    @property
    def callback(self):
        (webhook,) = self.webwork.webhooks
        return webhook.url

    @property
    def secrets(self):
        (webhook,) = self.webwork.webhooks
        return {
            "connection token": self.webwork.token,
            "wrong token": self.wrong_token,
            "webhook token": webhook.token.removeprefix("whsec_"),
            "callback key": webhook.url.rpartition("/")[2],
        }

    def connection(self, conn_id="webwork_default", **fields):
        return {
            "connection_id": conn_id,
            "conn_type": "webwork",
            "host": self.webwork.base_url_v2,
            "password": self.webwork.token,
            "extra": json.dumps({"workspace_id": self.webwork.workspace_id}),
            **fields,
        }

    def events(self):
        store = Store(self.log_url)
        try:
            return [event.as_dict() for event in EventLog(store).read()]
        finally:
            store.close()

    def deliver(self, url, **body):
        with requests.Session() as session:
            session.trust_env = False
            return session.post(url, json=body, timeout=30)

    def wait(self, what, look):
        def checked():
            self.airflow.check()
            return look() or None

        try:
            return wait_for(what, checked, seconds=180)
        except TooLateError as error:
            error.add_note(self.airflow.tail(30))
            raise

    def task(self, dag_id, run_id, task_id, *, states=ENDED, try_number=1):
        """Wait until a task is in one of the states, in this try or a later one, and return it."""

        def look():
            task = self.api.tasks(dag_id, run_id).get(task_id)
            return task if task and task["state"] in states and task["try_number"] >= try_number else None

        return self.wait(f"{dag_id}.{task_id} to be {' or '.join(sorted(states))}", look)

    def finish(self, dag_id, run_id, task_id, **options):
        """Wait until a task has succeeded, and return what it returned."""
        task = self.task(dag_id, run_id, task_id, **options)
        log = "\n".join(self.api.log(dag_id, run_id, task_id, try_number=task["try_number"]))
        assert task["state"] == "success", log
        return self.api.xcom(dag_id, run_id, task_id)

    def clear(self, dag_id, run_id, task_id):
        """Let a task run once more, when its run has ended: before that the scheduler may end it without the task."""
        self.wait(f"{dag_id} to end", lambda: self.api.run(dag_id, run_id)["state"] == "success")
        self.api.clear(dag_id, run_id, [task_id])

    def register(self):
        """Run the first example; return the id of its run."""
        run_id = self.api.trigger(REGISTER)
        self.finish(REGISTER, run_id, "register")
        return run_id

    def deferred(self, dag_id, **conf):
        """Start a Dag whose task `wait` waits; return the id of the run, and the task, deferred."""
        run_id = self.api.trigger(dag_id, conf=conf)
        return run_id, self.task(dag_id, run_id, "wait", states={"deferred"})
