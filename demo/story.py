"""The story: a webhook is registered, a task waits, a member stops the tracker, the task goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from demo.airflow_api import AirflowAPI
from demo.processes import Processes, free_ports
from demo.progress import Display
from demo.receiver import Receiver
from demo.standalone import Standalone
from demo.waiting import DemoError, TooLateError, wait_for
from demo.webwork import WebWork

CHECKOUT = Path(__file__).resolve().parents[1]
REGISTER = "example_register_webhook"
WAIT = "example_wait_for_event"
MEMBER = 7
SECONDS = 60.0
"""How long any one thing may take once everything runs; most take two or three."""


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that happened, and when."""

    what: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the demo has shown.

    :param action: what the first Dag did about the webhook.
    :param delivered_at: when the delivery that the task waited for arrived at the receiver.
    :param resumed_at: when the waiting task had run again with the event in its hands.
    :param next_at: when the task after it ran.
    """

    action: str
    events: int
    delivered_at: datetime
    resumed_at: datetime
    next_at: datetime
    log_line: str
    happenings: tuple[Happening, ...]

    def seconds_after(self, moment: datetime) -> float:
        """Return how long after the delivery something happened."""
        return (moment - self.delivered_at).total_seconds()


class Stage:
    """The programs of the story: the stand-in for WebWork, the receiver and Airflow.

    :param port: the port of Airflow; a free one if not given.
    """

    def __init__(self, processes: Processes, *, port: int | None) -> None:
        home = processes.home
        (receiver_port,) = free_ports(1)
        self.log_url = f"sqlite:///{home / 'webwork_events.db'}"
        self.webwork = WebWork(home / "simulator.log")
        self.receiver = Receiver(port=receiver_port, log=home / "receiver.log")
        options = {"webwork": {"event_store_url": self.log_url, "receiver_base_url": self.receiver.url}}
        self.airflow = Standalone(processes, dags_folder=CHECKOUT / "example_dags", options=options, port=port)
        self._processes = processes

    def start(self, display: Display) -> AirflowAPI:
        """Start everything at once, and return when all of it works."""
        self.airflow.configure()
        # Airflow takes longest.
        self.airflow.start()
        self.webwork.start(self._processes)
        self.receiver.start(self._processes)
        with display.step("Airflow", "starting `airflow standalone`") as airflow_note:
            with display.step("WebWork", "starting a stand-in for it") as note:
                self.webwork.wait_until_ready(seconds=SECONDS)
                note(f"a stand-in for it is at {self.webwork.url}")
            with display.step("Receiver", "starting `airflow webwork receiver`") as note:
                self.receiver.wait_until_ready(seconds=SECONDS, meanwhile=self.airflow.check)
                note(f"`airflow webwork receiver` is at {self.receiver.url}")
            api = self.airflow.wait_until_healthy(told=lambda component: airflow_note(f"its {component} is healthy"))
            airflow_note(f"`airflow standalone` is at {self.airflow.url}")
        return api


def play(stage: Stage, api: AirflowAPI, display: Display) -> Outcome:
    """Let the story happen, step by step.

    :raises DemoError: if something does not happen.
    """
    _connect(stage, api, display)
    webhook, registered_at = _register(stage, api, display)
    run_id = _start_waiting(stage, api, display)
    _track(stage, display)
    tasks = _resume(stage, api, display, run_id)
    (event,) = api.xcom(WAIT, run_id, "wait")
    line = next(line for line in api.log(WAIT, run_id, "report") if line.startswith("Member"))
    delivered_at, resumed_at = _time(event["received_at"]), _time(tasks["wait"]["end_date"])
    next_at = _time(tasks["report"]["start_date"])
    return Outcome(
        action=webhook["action"],
        events=EventLog(Store(stage.log_url)).head(),
        delivered_at=delivered_at,
        resumed_at=resumed_at,
        next_at=next_at,
        log_line=line,
        happenings=(
            Happening(what=f"The webhook was {webhook['action']}", at=registered_at),
            Happening(what="A task began to wait", at=_time(tasks["wait"]["start_date"])),
            Happening(what=f"Member {MEMBER} stopped the tracker", at=_time(event["occurred_at"])),
            Happening(what=f"It was delivered: event {event['seq']}", at=delivered_at),
            Happening(what="The waiting task had the event", at=resumed_at),
            Happening(what="The next task ran", at=next_at),
        ),
    )


def _connect(stage: Stage, api: AirflowAPI, display: Display) -> None:
    with display.step("Connection", "making and testing one of type webwork") as note:
        api.create_connection(stage.webwork.connection)
        works, message = api.test_connection(stage.webwork.connection)
        if not works:
            msg = f"The test of the connection says: {message}"
            raise DemoError(msg)
        note(message)


def _register(stage: Stage, api: AirflowAPI, display: Display) -> tuple[dict[str, Any], datetime]:
    with display.step("First Dag", f"{REGISTER}: registering a webhook that calls the receiver") as note:
        run_id = _run(stage, api, REGISTER)
        _wait(stage, f"{REGISTER} to end", lambda: _ended(api, REGISTER, run_id))
        webhook = api.xcom(REGISTER, run_id, "register")
        note(f"{REGISTER}: webhook {webhook['action']} for {', '.join(webhook['events'])}")
        return webhook, _time(api.run(REGISTER, run_id)["end_date"])


def _start_waiting(stage: Stage, api: AirflowAPI, display: Display) -> str:
    with display.step("Second Dag", f"{WAIT}: starting a task that waits") as note:
        run_id = _run(stage, api, WAIT)
        _wait(stage, f"the task of {WAIT} to be deferred", lambda: _is(api, run_id, "wait", "deferred"))
        note(f"{WAIT}: deferred, without a worker, until member {MEMBER} stops the tracker")
        return run_id


def _track(stage: Stage, display: Display) -> None:
    with display.step(f"Member {MEMBER}", "starting and stopping the tracker at WebWork") as note:
        stage.webwork.start_tracker(MEMBER)
        stage.webwork.stop_tracker(MEMBER)
        made = _wait(stage, "two deliveries", lambda: made if len(made := stage.webwork.deliveries()) >= 2 else None)
        note(", ".join(f"{one['event_type']} delivered, answered {one['status']}" for one in made))
        if any(one["status"] != 200 for one in made):
            msg = f"The receiver did not take every delivery; its log is {stage.receiver.log}."
            raise DemoError(msg)


def _resume(stage: Stage, api: AirflowAPI, display: Display, run_id: str) -> dict[str, dict[str, Any]]:
    with display.step("Second Dag", f"{WAIT}: going on") as note:
        _wait(stage, f"{WAIT} to go on and end", lambda: _ended(api, WAIT, run_id))
        note(f"{WAIT}: got the event and succeeded")
        return api.tasks(WAIT, run_id)


def _run(stage: Stage, api: AirflowAPI, dag_id: str) -> str:
    _wait(stage, f"Airflow to read {dag_id}", lambda: api.has_dag(dag_id) or None)
    api.unpause(dag_id)
    return api.trigger(dag_id, conf={"user_id": MEMBER} if dag_id == WAIT else None)


def _ended(api: AirflowAPI, dag_id: str, run_id: str) -> bool | None:
    state = api.run(dag_id, run_id)["state"]
    if state == "failed":
        failed = [task for task, told in api.tasks(dag_id, run_id).items() if told["state"] == "failed"]
        lines = "\n".join(api.log(dag_id, run_id, failed[0])[-15:]) if failed else ""
        msg = f"{dag_id} failed in {', '.join(failed) or 'no task'}. The end of the task's log:\n{lines}"
        raise DemoError(msg)
    return True if state == "success" else None


def _is(api: AirflowAPI, run_id: str, task_id: str, state: str) -> bool | None:
    seen = api.tasks(WAIT, run_id).get(task_id, {}).get("state")
    if seen in {"failed", "upstream_failed", "skipped"}:
        _ended(api, WAIT, run_id)
    return True if seen == state else None


def _wait(stage: Stage, what: str, look: Callable[[], Any]) -> Any:
    def checked() -> Any:
        stage.airflow.check()
        return look()

    try:
        return wait_for(what, checked, seconds=SECONDS, pause=0.25)
    except TooLateError as error:
        msg = (
            f"{error} Airflow's log is {stage.airflow.log}, those of its tasks are in {stage.airflow.home}/logs, and "
            f"the receiver's is {stage.receiver.log}."
        )
        raise DemoError(msg) from None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
