"""The feed: one poll of the event log for all waiters of a process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.events.event import Event
from airflow_provider_webwork.events.match import EventFilter

log = logging.getLogger(__name__)

PAGE = 1_000
LONGEST_PAUSE = 30.0
"""Seconds between two tries while the event log cannot be read."""

ReadPage = Callable[[int], list[Event]]


@dataclass(eq=False, slots=True)
class _Waiter:
    wanted: EventFilter
    position: int
    since: datetime | None
    found: asyncio.Future[Event]


class Feed:
    """Tells every waiter the first event after its position that it wants.

    While somebody waits, one query runs every ``interval`` seconds, whatever the number of waiters. It reads on from
    the earliest position of all, so that those who join with an older one share one catch-up read. Reading and
    matching happen in a thread, never on the event loop.

    :param read_page: returns up to ``PAGE`` events after a position; called in a thread.
    :param interval: seconds between two looks.
    """

    def __init__(self, read_page: ReadPage, *, interval: float) -> None:
        self._read_page = read_page
        self._interval = interval
        self._waiters: set[_Waiter] = set()
        self._poll: asyncio.Task[None] | None = None

    async def first(self, wanted: EventFilter, *, after: int, since: datetime | None = None) -> Event:
        """Wait for the first event after a position that the filter chooses.

        :param since: pass over events that were received before.
        :raises WebWorkError: if the log can never be read; what may pass is waited out.
        """
        loop = asyncio.get_running_loop()
        waiter = _Waiter(wanted, after, since, loop.create_future())
        self._waiters.add(waiter)
        if self._poll is None or self._poll.done():
            # In a context of its own: what it logs is not for the log of the task that happened to come first.
            self._poll = loop.create_task(self._run(), name="webwork-feed", context=Context())
        try:
            return await waiter.found
        finally:
            self._waiters.discard(waiter)

    async def _run(self) -> None:
        try:
            await self._serve()
        finally:
            self._poll = None

    async def _serve(self) -> None:
        pause = self._interval
        while self._waiters:
            waiters = list(self._waiters)
            try:
                end, found = await asyncio.to_thread(self._scan, waiters)
            except WebWorkError as error:
                if error.permanent:
                    self._fail(waiters, error)
                    continue
                pause = min(pause * 2, LONGEST_PAUSE)
                log.warning("Waiting tasks cannot see events: %s Trying again in %.0f s.", error, pause)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                self._fail(waiters, error)
                continue
            else:
                pause = self._interval
                behind = self._deliver(waiters, found, end)
                if behind:
                    continue
            await asyncio.sleep(pause)

    def _scan(self, waiters: list[_Waiter]) -> tuple[tuple[int, bool], Mapping[_Waiter, Event]]:
        start = min(waiter.position for waiter in waiters)
        events = self._read_page(start)
        found: dict[_Waiter, Event] = {}
        open_waiters = set(waiters)
        for event in events:
            for waiter in _finders(event, open_waiters):
                found[waiter] = event
            open_waiters -= found.keys()
        return (events[-1].seq or start if events else start, len(events) >= PAGE), found

    def _deliver(self, waiters: list[_Waiter], found: Mapping[_Waiter, Event], end: tuple[int, bool]) -> bool:
        position, full = end
        for waiter in waiters:
            waiter.position = max(waiter.position, position)
            if waiter in found and not waiter.found.done():
                waiter.found.set_result(found[waiter])
                self._waiters.discard(waiter)
        return full

    def _fail(self, waiters: Iterable[_Waiter], error: Exception) -> None:
        for waiter in waiters:
            self._waiters.discard(waiter)
            if not waiter.found.done():
                waiter.found.set_exception(error)


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Feed]] = WeakKeyDictionary()


def feed(url: str, *, interval: float, auto_upgrade: bool | None = None) -> Feed:
    """Return the feed of an event log for the running event loop, which all who wait on it share.

    :param url: the URL of the event log.
    :param interval: seconds between two looks; that of the first caller holds.
    :param auto_upgrade: whether opening the log may upgrade it; if not given, on SQLite only.
    """
    from airflow_provider_webwork.events.log import EventLog
    from airflow_provider_webwork.events.store import Store

    feeds = _feeds.setdefault(asyncio.get_running_loop(), {})
    if url not in feeds:
        event_log = EventLog(Store(url, auto_upgrade=auto_upgrade))
        feeds[url] = Feed(lambda after: event_log.page(after, limit=PAGE), interval=interval)
    return feeds[url]


def _finders(event: Event, waiters: Iterable[_Waiter]) -> list[_Waiter]:
    return [
        waiter
        for waiter in waiters
        if waiter.position < (event.seq or 0)
        and (waiter.since is None or event.received_at >= waiter.since)
        and waiter.wanted.matches(event)
    ]
