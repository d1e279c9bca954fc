"""What the triggers of a process share that look at the same event log, so that many of them ask no more than one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.triggers.feed import PAGE, Feed
from airflow_provider_webwork.triggers.standings import Standings

if TYPE_CHECKING:
    from airflow_provider_webwork.events.claims import Claims, Lag
    from airflow_provider_webwork.events.consumer import Consumer
    from airflow_provider_webwork.events.consumers import Consumers, Standing
    from airflow_provider_webwork.events.event import Event
    from airflow_provider_webwork.events.log import EventLog
    from airflow_provider_webwork.events.store import Store
    from airflow_provider_webwork.events.subscription import Subscription

_T = TypeVar("_T")

LAG_AT_MOST = 10_000
"""How far the lag of a consumer is counted: it is read event by event."""


class Shared:
    """An event log as the triggers of one process see it.

    It is opened, with the modules that takes, in the thread of the first use. Besides the two queries of ``feed`` and
    ``standings``, one thing at a time is done in a thread: those of a process are few, and other triggers need them.

    :param url: the URL of the event log.
    :param interval: seconds between two looks.
    :param auto_upgrade: whether opening the log may upgrade it; if not given, on SQLite only.
    """

    def __init__(self, url: str, *, interval: float, auto_upgrade: bool | None) -> None:
        self._url, self._auto_upgrade = url, auto_upgrade
        self._one_at_a_time = asyncio.Lock()
        self.feed = Feed(self._page, interval=interval)
        self.standings = Standings(self._standings, interval=interval)

    async def create(self, asked: Subscription) -> None:
        """Make a consumer unless there is one of its name."""
        await self._in_thread(lambda: self._consumers.create(asked.consumer, asked.wanted, start=asked.start))

    async def seen(self, consumer: Consumer, *, proven: int) -> None:
        """Record that somebody watches a consumer, and up to where nothing is wanted."""
        await self._in_thread(lambda: self._consumers.seen(consumer, proven=proven))

    async def lag(self, consumer: Consumer) -> Lag:
        """Count the events that wait for a consumer, up to a limit."""
        return await self._in_thread(lambda: self._claims.lag(consumer.name, at_most=LAG_AT_MOST))

    async def describe(self) -> tuple[str, str | None]:
        """Return the name of the log, and a sentence that says that nothing brings events into it if nothing does."""
        return await self._in_thread(self._describe)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        async with self._one_at_a_time:
            return await asyncio.to_thread(work)

    def _page(self, after: int) -> list[Event]:
        return self._log.page(after, limit=PAGE)

    def _standings(self, names: Collection[str]) -> Mapping[str, Standing]:
        return self._consumers.standings(names)

    def _describe(self) -> tuple[str, str | None]:
        from airflow_provider_webwork.events.receivers import Receivers

        return self._store.name, Receivers(self._store).absence(now=utc_now())

    @cached_property
    def _store(self) -> Store:
        from airflow_provider_webwork.events.store import Store

        return Store(self._url, auto_upgrade=self._auto_upgrade)

    @cached_property
    def _log(self) -> EventLog:
        from airflow_provider_webwork.events.log import EventLog

        return EventLog(self._store)

    @cached_property
    def _consumers(self) -> Consumers:
        from airflow_provider_webwork.events.consumers import Consumers

        return Consumers(self._store, now=utc_now)

    @cached_property
    def _claims(self) -> Claims:
        from airflow_provider_webwork.events.claims import Claims

        return Claims(self._store, now=utc_now)


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Shared]] = WeakKeyDictionary()


async def shared_log() -> Shared:
    """Return the event log that the options of ``[webwork]`` name, as the triggers on the running event loop share it.

    :raises WebWorkConfigurationError: if an option is not usable.
    """
    from airflow_provider_webwork.config import settings_from_airflow

    # Reading options may run a command (`_CMD`): not on the event loop.
    settings = await asyncio.to_thread(settings_from_airflow)
    return shared(settings.log_url, interval=settings.poll_interval, auto_upgrade=settings.auto_upgrade)


def shared(url: str, *, interval: float, auto_upgrade: bool | None = None) -> Shared:
    """Return the event log as the triggers on the running event loop share it.

    :param url: the URL of the event log.
    :param interval: seconds between two looks; that of the first caller holds.
    :param auto_upgrade: whether opening the log may upgrade it; if not given, on SQLite only.
    """
    logs = _shared.setdefault(asyncio.get_running_loop(), {})
    if url not in logs:
        logs[url] = Shared(url, interval=interval, auto_upgrade=auto_upgrade)
    return logs[url]
