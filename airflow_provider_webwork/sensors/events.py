"""A sensor that waits for stored events: for those that match, or for a batch of a consumer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import Asset, BaseSensorOperator, PokeReturnValue, conf
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from airflow_provider_webwork.assets import asked_of
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.match import EventFilter, Match
from airflow_provider_webwork.events.subscription import Subscription, usable_start
from airflow_provider_webwork.hooks.claiming import claim_for_task
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import task_failures
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators import arguments
from airflow_provider_webwork.sensors.since import start_of, usable_since
from airflow_provider_webwork.triggers.consumers import WebWorkConsumerTrigger
from airflow_provider_webwork.triggers.events import WebWorkEventTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_webwork.events.event import Event


class WebWorkEventSensor(BaseSensorOperator):
    """Wait for stored events that match, or for the next batch of a consumer, and return them as a list.

    Poke, reschedule and deferrable mode give the same result. Deferred, it costs no worker slot, and one query for
    all the sensors of a triggerer together.

    Without a consumer it returns the matching events with the smallest ``seq`` among those received since ``since``;
    so do other sensors that wait for the same.

    .. code-block:: python

        WebWorkEventSensor(task_id="wait", types=["tracker.stopped"], match={"user_id": 7}, deferrable=True)

    With a consumer it waits for events that no run was given yet and claims them, as ``WebWorkClaimEventsOperator``
    does: the same events on every try of this task, and no others' events. In a Dag with ``schedule="@continuous"``
    that processes one batch after the other.

    .. code-block:: python

        WebWorkEventSensor(task_id="claim", consumer="payroll", types=["tracker.stopped"], deferrable=True)

    :param types: names of events, exact or with a trailing ``*`` such as ``tracker.*``; all if not given.
    :param match: dotted paths into the event and the values they must have; a list of values means any of them.
    :param since: from when on events count, by the time they were received: ``run`` is the ``run_after`` of the Dag
        run, the same over retries and clears; ``now`` the first attempt of this task (before Airflow 3.3, of this
        retry); ``beginning`` everything in the log; a datetime; or the events of an earlier task, meaning what was
        stored after the last of them.
    :param min_events: how many events to wait for; so many are returned.
    :param consumer: the name of a consumer, or the asset that ``webwork_events`` made. A consumer that there is not
        yet is made; by its name alone, without ``types`` and ``match``, one that there is keeps what it wants.
    :param start: where a consumer begins that there is not yet: ``now``, ``beginning`` or a datetime.
    :param max_events: how many events of a consumer to claim at most.
    :param deferrable: wait in the triggerer rather than on a worker.
    :param poke_interval: seconds between two looks in poke and reschedule mode; deferred, ``[webwork] poll_interval``
        holds.
    """

    template_fields: Sequence[str] = ("types", "match", "since", "min_events", "consumer", "start", "max_events")
    template_fields_renderers: ClassVar[dict[str, str]] = {"match": "json"}
    ui_color = "#fff3d9"

    def __init__(
        self,
        *,
        types: Sequence[str] | None = None,
        match: Match | None = None,
        since: str | datetime | dict[str, JSON] | list[dict[str, JSON]] = "run",
        min_events: int | str = 1,
        consumer: str | Asset | None = None,
        start: str | datetime = "now",
        max_events: int | str = arguments.MAX_EVENTS,
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
            usable_since(since)
        if arguments.is_known(start):
            usable_start(start)
        for name, count in (("min_events", min_events), ("max_events", max_events)):
            if arguments.is_known(count):
                arguments.usable_count(count, name=name)
        kind, given = (
            ("without a consumer", {"start": start != "now", "max_events": max_events != arguments.MAX_EVENTS})
            if consumer is None
            else ("with a consumer", {"since": since != "run", "min_events": min_events != 1})
        )
        _refuse(self, kind, given)
        if isinstance(consumer, Asset):
            said = {"types": types is not None, "match": match is not None, "start": start != "now"}
            _refuse(self, "with an asset, which says it already", said)
        if consumer is not None and (isinstance(consumer, Asset) or arguments.is_known(consumer)):
            asked_of(consumer)
        self.types = types
        self.match = match
        self.since = since
        self.min_events = min_events
        self.consumer = consumer
        self.start = start
        self.max_events = max_events
        self.deferrable = deferrable
        self._position: int | None = None
        self._found: list[Event] = []

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
        return self.defer(
            trigger=self._trigger(context),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look for the events among those stored since the last look, or try to claim a batch."""
        with task_failures():
            events = self._look(context) if self.consumer is None else self._claim(context)
        return False if events is None else PokeReturnValue(is_done=True, xcom_value=events)

    def execute_complete(self, context: Context, event: object = None) -> list[dict[str, JSON]]:
        """Fetch the events that the trigger saw, or claim the batch that it saw waiting.

        :raises AirflowFailException: if the trigger did not name an event, or the log does not have all of them any
            more.
        """
        named = event if isinstance(event, dict) else {}
        with task_failures():
            if self.consumer is None:
                return self._fetch(named)
            if (events := self._claim(context)) is not None:
                return events
        self.log.info("Another run was given the events that were waiting; waiting on.")
        waited = utc_now() - context["ti"].start_date
        return self.defer(
            trigger=self._trigger(context),
            method_name="execute_complete",
            timeout=max(timedelta(seconds=self.timeout) - waited, timedelta(seconds=1)),
        )

    def _look(self, context: Context) -> list[dict[str, JSON]] | None:
        wanted = EventFilter.of(types=self.types, match=self.match)
        count = arguments.usable_count(self.min_events, name="min_events")
        since = start_of(self.since, context)
        log = self.hook.event_log
        end = log.head()
        if self._position is None or end < self._position:  # a log that was put back gives its seq to other events
            begin = since if isinstance(since, int) else log.position_before(since)
            if begin != self._position:
                self._say_where(f"after position {begin}")
            self._position, self._found = begin, []
        found = list(self._found)
        for event in log.read(wanted, after=self._position, until=end):
            if not isinstance(since, datetime) or event.received_at >= since:
                found.append(event)
                if len(found) == count:
                    return self._shown(found)
        self._position, self._found = max(self._position, end), found
        return None

    def _fetch(self, named: dict[str, Any]) -> list[dict[str, JSON]]:
        seq, event_id, after, since = (named.get(key) for key in ("seq", "event_id", "after", "since"))
        if not isinstance(seq, int) or not isinstance(event_id, str) or not isinstance(after, int):
            msg = f"The trigger fired without naming an event: {named!r}."
            raise AirflowFailException(msg)
        wanted = EventFilter.of(types=self.types, match=self.match)
        count = arguments.usable_count(self.min_events, name="min_events")
        events = [
            event
            for event in self.hook.event_log.read(wanted, after=after, until=seq)
            if since is None or event.received_at >= datetime.fromisoformat(since)
        ]
        if len(events) != count or (events[-1].seq, events[-1].id) != (seq, event_id):
            msg = (
                f"Event {event_id} (seq {seq}), or one of those before it, is not in {self.hook.store.name} any more; "
                "it may have been pruned."
            )
            raise AirflowFailException(msg)
        return self._shown(events)

    def _claim(self, context: Context) -> list[dict[str, JSON]] | None:
        batch = claim_for_task(
            self.hook.claims,
            context,
            self._asked(),
            max_events=arguments.usable_count(self.max_events, name="max_events"),
            max_bytes=arguments.MAX_BYTES,
        )
        if batch is not None:
            return list(self.hook.batch(batch.reference()))
        self._say_where("for its consumer")
        return None

    def _asked(self) -> str | Subscription:
        asked = asked_of(self.consumer or "")
        if isinstance(asked, Subscription):
            return asked
        start = usable_start(self.start)
        if self.types is not None or self.match is not None:
            return Subscription.of(asked, types=self.types, match=self.match, start=start)
        self.hook.consumers.create(asked, EventFilter(), start=start)
        return asked

    def _trigger(self, context: Context) -> BaseTrigger:
        with task_failures():
            if self.consumer is not None:
                asked = self._asked()
                if isinstance(asked, str):
                    wanted = self.hook.consumers.get(asked).wanted
                    asked = Subscription(consumer=asked, wanted=wanted, start=usable_start(self.start))
                return WebWorkConsumerTrigger(**asked.to_json())  # type: ignore[arg-type] # its own arguments
            wanted = EventFilter.of(types=self.types, match=self.match)
            since = start_of(self.since, context)
            return WebWorkEventTrigger(
                after=(self._found[0].seq or 0) - 1 if self._found else self._position or 0,
                types=list(wanted.types) or None,
                match={path: list(values) for path, values in wanted.match} or None,
                since=since.isoformat() if isinstance(since, datetime) else None,
                count=arguments.usable_count(self.min_events, name="min_events"),
            )

    def _say_where(self, place: str) -> None:
        self.log.info("Looking for events in %s %s.", self.hook.store.name, place)
        if absence := self.hook.receiver_absence():
            self.log.warning("%s", absence)

    def _shown(self, events: list[Event]) -> list[dict[str, JSON]]:
        for event in events:
            self.log.info("Event %s (%s, seq %s) matches.", event.id, event.type, event.seq)
        return [event.as_dict() for event in events]


def _refuse(sensor: WebWorkEventSensor, kind: str, given: dict[str, bool]) -> None:
    """Refuse arguments that mean nothing for this kind of waiting.

    :param given: for each argument whether it differs from its default.
    :raises ValueError: naming the arguments.
    """
    if names := [name for name, is_given in given.items() if is_given]:
        msg = f"{type(sensor).__name__} {kind} takes no {' and no '.join(names)}."
        raise ValueError(msg)
