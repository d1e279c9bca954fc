"""A sensor that waits for a stored event."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseSensorOperator, PokeReturnValue, conf
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from airflow_provider_webwork.events.event import time_text
from airflow_provider_webwork.events.match import EventFilter, Match
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import task_failures
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators import arguments
from airflow_provider_webwork.triggers.events import WebWorkEventTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_webwork.events.event import Event

_FIRST_ATTEMPT = "webwork_first_attempt"
_ABSENT = timedelta(minutes=1)


class WebWorkEventSensor(BaseSensorOperator):
    """Wait for the first stored event that matches, and return it.

    Poke, reschedule and deferrable mode give the same result: the matching event with the smallest ``seq`` among
    those received since ``since``, as a list of one. Deferred, it costs no worker slot, and one query for all the
    sensors of a triggerer together.

    .. code-block:: python

        WebWorkEventSensor(task_id="wait", types=["tracker.stopped"], match={"user_id": 7}, deferrable=True)

    :param types: names of events, exact or with a trailing ``*`` such as ``tracker.*``; all if not given.
    :param match: dotted paths into the event and the values they must have; a list of values means any of them.
    :param since: from when on events count, by the time they were received: ``run`` is the ``run_after`` of the Dag
        run, the same over retries and clears; ``now`` the first attempt of this task (before Airflow 3.3, of this
        retry); ``beginning`` everything in the log; a datetime; or an event of an earlier task, meaning what was
        stored after it.
    :param deferrable: wait in the triggerer rather than on a worker.
    :param poke_interval: seconds between two looks in poke and reschedule mode; deferred, ``[webwork] poll_interval``
        holds.
    """

    template_fields: Sequence[str] = ("types", "match", "since")
    template_fields_renderers: ClassVar[dict[str, str]] = {"match": "json"}
    ui_color = "#fff3d9"

    def __init__(
        self,
        *,
        types: Sequence[str] | None = None,
        match: Match | None = None,
        since: str | datetime | dict[str, JSON] = "run",
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: timedelta | float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        if arguments.is_known(types):
            EventFilter.of(types=types)
        if isinstance(match, dict):
            EventFilter.of(match={path: value for path, value in match.items() if arguments.is_known(value)})
        elif arguments.is_known(match):
            EventFilter.of(match=match)
        if arguments.is_known(since):
            _moment(since)
        self.types = types
        self.match = match
        self.since = since
        self.deferrable = deferrable
        self._position: int | None = None

    @cached_property
    def hook(self) -> WebWorkEventsHook:
        """The event log."""
        return WebWorkEventsHook()

    def execute(self, context: Context) -> list[dict[str, JSON]]:
        """Look once on the worker; then wait, here or in the triggerer."""
        if not self.deferrable:
            found: list[dict[str, JSON]] = super().execute(context)
            return found
        try:
            seen = self.poke(context)
        except AirflowException as error:
            # Waiting on the worker, Airflow does this itself (airflow/sdk/bases/sensor.py).
            if self.never_fail or (self.soft_fail and isinstance(error, AirflowFailException)):
                raise AirflowSkipException("Skipped, because the first look failed.") from error
            raise
        if isinstance(seen, PokeReturnValue):
            return list(seen.xcom_value or [])
        since = self._since(context)
        wanted = EventFilter.of(types=self.types, match=self.match)
        return self.defer(
            trigger=WebWorkEventTrigger(
                after=self._position or 0,
                types=list(wanted.types) or None,
                match={path: list(values) for path, values in wanted.match} or None,
                since=since.isoformat() if isinstance(since, datetime) else None,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look for the event among those stored since the last look."""
        with task_failures():
            wanted = EventFilter.of(types=self.types, match=self.match)
            since = self._since(context)
            log = self.hook.event_log
            if self._position is None:
                self._position = _start(since, log.position_before)
                self._say_where()
            end = log.head()
            for event in log.read(wanted, after=self._position, until=end):
                if not isinstance(since, datetime) or event.received_at >= since:
                    return PokeReturnValue(is_done=True, xcom_value=[self._found(event)])
            self._position = max(self._position, end)
            return False

    def execute_complete(self, context: Context, event: object = None) -> list[dict[str, JSON]]:
        """Fetch the event that the trigger saw.

        :raises AirflowFailException: if the trigger did not name one, or the log does not have it any more.
        """
        named = event if isinstance(event, dict) else {}
        seq, event_id = named.get("seq"), named.get("event_id")
        if not isinstance(seq, int) or not isinstance(event_id, str):
            msg = f"The trigger fired without naming an event: {event!r}."
            raise AirflowFailException(msg)
        with task_failures():
            page = self.hook.event_log.page(seq - 1, limit=1)
        if not page or page[0].id != event_id:
            msg = f"Event {event_id} (seq {seq}) is not in {self.hook.store.name} any more; it may have been pruned."
            raise AirflowFailException(msg)
        return [self._found(page[0])]

    def _say_where(self) -> None:
        self.log.info("Looking for events in %s after position %s.", self.hook.store.name, self._position)
        seen = self.hook.last_receiver_at()
        if seen is None or datetime.now(UTC) - seen > _ABSENT:
            when = "was never seen" if seen is None else f"was last seen at {time_text(seen)}"
            self.log.warning(
                "A receiver %s at this event log. Events arrive only while one runs: start `airflow webwork receiver`, "
                "or look whether it uses the same [webwork] event_store_url.",
                when,
            )

    def _found(self, event: Event) -> dict[str, JSON]:
        self.log.info("Event %s (%s, seq %s) matches.", event.id, event.type, event.seq)
        return event.as_dict()

    def _since(self, context: Context) -> int | datetime:
        since = _moment(self.since)
        if since == "run":
            return context["dag_run"].run_after
        if since == "now":
            return _first_attempt(context)
        return 0 if since == "beginning" else since


def _moment(since: object) -> Any:
    """Return ``run``, ``now`` or ``beginning``, a datetime with a time zone, or a position.

    :raises ValueError: if it is none of these.
    """
    if since in ("run", "now", "beginning"):
        return since
    if isinstance(since, (list, tuple)) and len(since) == 1:
        since = since[0]  # a sensor returns a list of one event
    if isinstance(since, dict) and isinstance(since.get("seq"), int):
        return since["seq"]
    moment = since
    if isinstance(since, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(since)
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment
    shown = repr(since) if isinstance(since, (str, datetime)) else type(since).__name__
    msg = (
        "since must be 'run', 'now', 'beginning', a datetime with a time zone, or an event of an earlier task, "
        f"not {shown}."
    )
    raise ValueError(msg)


def _start(since: int | datetime, position_before: Any) -> int:
    return since if isinstance(since, int) else position_before(since)


def _first_attempt(context: Context) -> datetime:
    ti = context["ti"]
    started: datetime = ti.get_first_reschedule_date(context) or ti.start_date
    # The store of a task's state survives retries; it came with Airflow 3.3.
    store = context.get("task_state_store")
    if store is None:
        return started
    if isinstance(known := store.get(_FIRST_ATTEMPT), str):
        return datetime.fromisoformat(known)
    store.set(_FIRST_ATTEMPT, started.isoformat())
    return started
