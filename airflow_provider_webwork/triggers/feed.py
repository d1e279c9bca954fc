"""The feed: one poll of the event log for all waiters of a process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.events.event import Event, place_of
from airflow_provider_webwork.events.match import EventFilter, FilterIndex

if TYPE_CHECKING:
    from airflow_provider_webwork.events.log import EventLog

log = logging.getLogger(__name__)

PAGE = 5_000
"""How many events one look reads; some drivers hold Python's lock while they convert them all."""

CATCH_UP_PAUSE = 0.5
"""Seconds at most between two looks while there is more to read."""

LONGEST_PAUSE = 30.0
"""Seconds between two tries while the event log cannot be read."""

AT_ONCE = 100
"""How many waiters hear of their events before the event loop gets a turn."""

ReadPage = Callable[[int], list[Event]]


@dataclass(eq=False, slots=True)
class _Waiter:
    wanted: EventFilter
    position: int
    since: datetime | None
    found: asyncio.Future[Event]

    def may_have(self, event: Event) -> bool:
        return self.position < place_of(event) and (self.since is None or event.received_at >= self.since)


class Feed:
    """Tells every waiter the first event after its position that it wants.

    While somebody waits, one query runs every ``interval`` seconds, whatever the number of waiters. It reads on from
    the earliest position of all, so that those who join with an older one share one catch-up read; while that takes
    more than one look, every other look is for those who are at the end. Reading and matching happen in a thread,
    never on the event loop.

    :param read_page: returns up to ``PAGE`` events after a position; called in a thread.
    :param interval: seconds between two looks.
    """

    def __init__(self, read_page: ReadPage, *, interval: float) -> None:
        self._read_page = read_page
        self._interval = interval
        self._waiters: set[_Waiter] = set()
        self._poll: asyncio.Task[None] | None = None
        self._end = 0
        """The furthest position that was read up to."""
        self._behind = False
        """Whether the last look ended before that."""

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
        clock = asyncio.get_running_loop().time
        pause = self._interval
        while self._waiters:
            began = clock()
            waiters = list(self._waiters)
            try:
                found, more = await asyncio.to_thread(self._look, waiters)
            except WebWorkError as error:
                if error.permanent:
                    await self._settle((waiter, error) for waiter in waiters)
                    continue
                pause = min(pause * 2, LONGEST_PAUSE)
                log.warning("Waiting tasks cannot see events: %s Trying again in %.0f s.", error, pause)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                await self._settle((waiter, error) for waiter in waiters)
                continue
            else:
                await self._settle(found.items())
                pause = min(self._interval, CATCH_UP_PAUSE) if more else self._interval
            await asyncio.sleep(max(0.0, began + pause - clock()))

    def _look(self, waiters: list[_Waiter]) -> tuple[Mapping[_Waiter, Event], bool]:
        """Read a page; return whose events are in it, and whether there is more to read."""
        start = self._start([waiter.position for waiter in waiters])
        events = self._read_page(start)
        here = [waiter for waiter in waiters if waiter.position >= start]
        found = _found(events, here)
        more = len(events) >= PAGE
        end = place_of(events[-1]) if events else start
        for waiter in here:
            waiter.position = max(waiter.position, end)
        self._behind, self._end = end < self._end, max(end, self._end)
        return found, more or self._behind

    def _start(self, positions: list[int]) -> int:
        earliest = min(positions)
        return min((each for each in positions if each >= self._end), default=earliest) if self._behind else earliest

    async def _settle(self, outcomes: Iterable[tuple[_Waiter, Event | Exception]]) -> None:
        for number, (waiter, outcome) in enumerate(outcomes, start=1):
            self._waiters.discard(waiter)
            if not waiter.found.done():
                if isinstance(outcome, Exception):
                    waiter.found.set_exception(outcome)
                else:
                    waiter.found.set_result(outcome)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)


def _found(events: Iterable[Event], waiters: Iterable[_Waiter]) -> dict[_Waiter, Event]:
    """Return the first event of each waiter who finds one."""
    open_waiters: dict[EventFilter, list[_Waiter]] = {}
    for waiter in waiters:
        open_waiters.setdefault(waiter.wanted, []).append(waiter)
    index: FilterIndex | None = None
    found: dict[_Waiter, Event] = {}
    for event in events:
        index = index or FilterIndex(open_waiters)
        for wanted in index.choosing(event):
            waiting = open_waiters[wanted]
            if having := [waiter for waiter in waiting if waiter.may_have(event)]:
                found |= dict.fromkeys(having, event)
                open_waiters[wanted] = [waiter for waiter in waiting if waiter not in found]
    return found


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Feed]] = WeakKeyDictionary()


def feed(url: str, *, interval: float, auto_upgrade: bool | None = None) -> Feed:
    """Return the feed of an event log for the running event loop, which all who wait on it share.

    :param url: the URL of the event log.
    :param interval: seconds between two looks; that of the first caller holds.
    :param auto_upgrade: whether opening the log may upgrade it; if not given, on SQLite only.
    """
    feeds = _feeds.setdefault(asyncio.get_running_loop(), {})
    if url not in feeds:
        feeds[url] = Feed(_Pages(url, auto_upgrade=auto_upgrade), interval=interval)
    return feeds[url]


class _Pages:
    """Reads pages of a log that is opened, with the modules that takes, in the thread of the first read."""

    def __init__(self, url: str, *, auto_upgrade: bool | None) -> None:
        self._url, self._auto_upgrade = url, auto_upgrade

    def __call__(self, after: int) -> list[Event]:
        return self._log.page(after, limit=PAGE)

    @cached_property
    def _log(self) -> EventLog:
        from airflow_provider_webwork.events.log import EventLog
        from airflow_provider_webwork.events.store import Store

        return EventLog(Store(self._url, auto_upgrade=self._auto_upgrade))
