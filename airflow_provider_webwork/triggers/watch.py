"""Watching a consumer: telling, for as long as it takes, that events wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.events.event import seq_of
from airflow_provider_webwork.events.subscription import Subscription
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.triggers.waking import UNHEARD, Waking

if TYPE_CHECKING:
    from airflow_provider_webwork.events.consumers import Standing
    from airflow_provider_webwork.triggers.feed import Search
    from airflow_provider_webwork.triggers.shared import Shared

log = logging.getLogger(__name__)

REPORT_EVERY = 60.0
"""Seconds between two notes in the log that the consumer is watched."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds between two tries while the event log cannot be read: from one, doubling, to half a minute."""


class ConsumerWatch:
    """Tells when events wait for a consumer, whatever happens: it never ends by itself.

    Nothing that it knows has to outlive it: whether events wait is read from the log. It makes the consumer if there
    is none, and notes once a minute that it is watched and up to where no event is wanted; both may be done twice.

    :param asked: the consumer, and what the Dag wants of it.
    :param open_log: returns the event log; called again after it failed.
    :param lag_is: is told how many events wait, once a minute.
    :param clock: tells seconds, and never goes back.
    :param sleep: waits between two tries.
    """

    def __init__(
        self,
        asked: Subscription,
        open_log: Callable[[], Awaitable[Shared]],
        *,
        lag_is: Callable[[int], object] = lambda _: None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._asked = asked
        self._open_log = open_log
        self._lag_is = lag_is
        self._clock = clock
        self._sleep = sleep
        self._waking = Waking()
        self._pause = 0.0
        self._report_at = clock()

    async def wakes(self) -> AsyncGenerator[dict[str, JSON], None]:
        """Yield what is known of the waiting events whenever somebody should claim them."""
        name = self._asked.consumer
        while True:
            try:
                async with aclosing(self._follow(await self._open_log())) as wakes:
                    async for wake in wakes:
                        yield wake
            except WebWorkError as error:
                self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
                log.warning("Consumer %s cannot be watched: %s Trying again in %.0f s.", name, error, self._pause)
            except Exception:
                # Airflow would start a trigger that failed again within a second, and again, for ever
                # (airflow/jobs/triggerer_job_runner.py, `update_triggers`).
                self._pause = LONGEST_PAUSE
                log.exception("Consumer %s cannot be watched. Trying again in %.0f s.", name, self._pause)
            await self._sleep(self._pause)

    async def _follow(self, shared: Shared) -> AsyncGenerator[dict[str, JSON], None]:
        standing = await self._standing(shared)
        while True:
            with shared.feed.search(self._asked.wanted, after=standing.consumer.position) as search:
                while _fits(search, standing):
                    behind = search.found.done() or standing.released > 0
                    # A consumer that was deleted and made anew counts its claims from 0 again.
                    mark = (standing.consumer.created_at, standing.consumer.claims)
                    if self._waking.is_due(behind=behind, mark=mark, now=self._clock()):
                        yield self._wake(standing, search)
                    await self._report(shared, standing, search)
                    standing = await self._news(shared, standing, search)

    async def _standing(self, shared: Shared) -> Standing:
        while (standing := await shared.standings.next(self._asked.consumer)) is None:
            await shared.create(self._asked)
        self._pause = 0.0
        return standing

    async def _news(self, shared: Shared, standing: Standing, search: Search) -> Standing:
        """Wait until the search finds something, or until the next query, and return where the consumer stands."""
        if search.found.done():
            return await self._standing(shared)
        asked = asyncio.create_task(self._standing(shared))
        try:
            either: set[asyncio.Future[Any]] = {asked, search.found}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return asked.result() if asked.done() else standing
        finally:
            asked.cancel()

    def _wake(self, standing: Standing, search: Search) -> dict[str, JSON]:
        consumer = standing.consumer
        if self._waking.unheard >= UNHEARD:
            log.warning(
                "Events wait for consumer %s, and nobody claimed any after %s wake-ups. Is its Dag paused, or without "
                "a task that claims from it, or are its runs stuck?",
                consumer.name,
                self._waking.unheard,
            )
        return {
            "consumer": consumer.name,
            "position": consumer.position,
            "seq": seq_of(search.found.result()) if search.found.done() else None,
            "released": standing.released,
        }

    async def _report(self, shared: Shared, standing: Standing, search: Search) -> None:
        if self._clock() < self._report_at:
            return
        self._report_at = self._clock() + REPORT_EVERY
        consumer = standing.consumer
        # What this filter does not want says nothing about what another one does.
        same = consumer.wanted == self._asked.wanted
        try:
            await shared.seen(consumer, proven=search.position if same else consumer.position)
            self._lag_is((await shared.lag(consumer)).events)
        except WebWorkError as error:  # waking goes on: it only has to read
            log.warning("The event log does not hear that consumer %s is watched: %s", consumer.name, error)


def _fits(search: Search, standing: Standing) -> bool:
    """Whether a search is still for the first event that the consumer has to be given."""
    position = standing.consumer.position
    if position < search.after:
        return False  # it was moved back by hand
    return not search.found.done() or position < seq_of(search.found.result())
