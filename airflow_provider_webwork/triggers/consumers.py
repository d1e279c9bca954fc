"""The trigger that watches a consumer: it starts Dags through an asset, and wakes sensors that wait for a batch."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_webwork.events.match import Match
from airflow_provider_webwork.events.subscription import Subscription

if TYPE_CHECKING:
    from airflow_provider_webwork.triggers.shared import Shared

log = logging.getLogger(__name__)


class WebWorkConsumerTrigger(BaseEventTrigger):
    """Fire as long as events wait for a consumer; ``webwork_events`` makes it the watcher of an asset.

    It fires when the first event waits, again at once when somebody claimed and left some, and otherwise again after
    a minute, then two, up to a quarter of an hour. What it fires with says which consumer it is about, and no more
    than positions and counts: whoever is woken claims. It reads from the log whether events wait, so it may run
    twice or die at any point. It never ends by itself: while the log cannot be read it tries again.

    It makes the consumer if there is none.

    .. code-block:: python

        AssetWatcher(name="payroll", trigger=WebWorkConsumerTrigger(consumer="payroll", types=["tracker.stopped"]))

    :param consumer: the name of the consumer.
    :param types: names of events, exact or with a trailing ``*``; all if not given.
    :param match: dotted paths into the event and the values they must have.
    :param start: where a new consumer begins: ``now``, ``beginning``, or a time with a time zone.
    """

    def __init__(
        self,
        *,
        consumer: str,
        types: Sequence[str] | None = None,
        match: Match | None = None,
        start: str | datetime = "now",
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow gives it no types
        self.subscription = Subscription.of(consumer, types=types, match=match, start=start)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments: plain JSON, the same for all who declare the same."""
        return f"{__name__}.WebWorkConsumerTrigger", self.subscription.to_json()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire whenever somebody should claim."""
        import asyncio

        from airflow_provider_webwork.triggers.watch import ConsumerWatch

        watch = ConsumerWatch(
            self.subscription,
            self._open_log,
            lag_is=self._lag_is,
            clock=asyncio.get_running_loop().time,
        )
        async with aclosing(watch.wakes()) as wakes:
            async for wake in wakes:
                self._count_wake_up()
                yield TriggerEvent(wake)

    async def _open_log(self) -> Shared:
        from airflow_provider_webwork.triggers.shared import shared_log

        shared = await shared_log()
        name, absence = await shared.describe()
        log.info("Watching consumer %s in %s.", self.subscription.consumer, name)
        if absence is not None:
            log.warning("%s", absence)
        return shared

    # A triggerer sets up the statistics of the core, a task those of its SDK (airflow/jobs/triggerer_job_runner.py).

    def _lag_is(self, events: int) -> None:
        from airflow.observability.stats import Stats

        Stats.gauge("webwork.lag", events, tags={"consumer": self.subscription.consumer})

    def _count_wake_up(self) -> None:
        from airflow.observability.stats import Stats

        Stats.incr("webwork.wake_ups", tags={"consumer": self.subscription.consumer})
