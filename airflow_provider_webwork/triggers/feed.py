"""The feed: one poll of the event log for all waiters of a process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.events.event import Event, seq_of
from airflow_provider_webwork.events.match import EventFilter, FilterIndex

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
class Search:
    """One of those who wait.

    :param after: the position behind which it began.
    :param since: pass over events that were received before.
    :param count: how many events it waits for.
    :param found: the last of them, once there is one.
    :param position: how far it has looked; what it waits for comes behind that.
    :param missing: how many of them were not seen yet.
    """

    wanted: EventFilter
    after: int
    since: datetime | None
    count: int
    found: asyncio.Future[Event]
    position: int = field(init=False)
    missing: int = field(init=False)

    def __post_init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was seen."""
        self.position, self.missing = self.after, self.count

    def may_have(self, event: Event) -> bool:
        """Whether it has not seen the event yet, and the event was received late enough."""
        return self.position < seq_of(event) and (self.since is None or event.received_at >= self.since)


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
        self._searches: set[Search] = set()
        self._poll: asyncio.Task[None] | None = None
        self._end = 0
        """The furthest position that was read up to."""
        self._behind = False
        """Whether the last look ended before that."""
        self._newest: Event | None = None
        """The event that was read last there, if one was."""
        self._waiting: _Waiting | None = None

    async def first(self, wanted: EventFilter, *, after: int, since: datetime | None = None, count: int = 1) -> Event:
        """Wait for the first events after a position that the filter chooses, and return the last of them.

        :param since: pass over events that were received before.
        :param count: how many events to wait for.
        :raises WebWorkError: if the log can never be read; what may pass is waited out.
        """
        with self.search(wanted, after=after, since=since, count=count) as search:
            return await search.found

    @contextmanager
    def search(
        self, wanted: EventFilter, *, after: int, since: datetime | None = None, count: int = 1
    ) -> Iterator[Search]:
        """Look for what :meth:`first` waits for as long as the block lasts, and tell how far."""
        loop = asyncio.get_running_loop()
        search = Search(wanted, after, since, count, loop.create_future())
        self._searches.add(search)
        if self._poll is None or self._poll.done():
            # In a context of its own: what it logs is not for the log of the task that happened to come first.
            self._poll = loop.create_task(self._run(), name="webwork-feed", context=Context())
        try:
            yield search
        finally:
            self._searches.discard(search)
            search.found.cancel()

    async def _run(self) -> None:
        try:
            await self._serve()
        finally:
            self._poll = self._waiting = None

    async def _serve(self) -> None:
        clock = asyncio.get_running_loop().time
        pause = self._interval
        while self._searches:
            began = clock()
            searches = list(self._searches)
            try:
                found, more = await asyncio.to_thread(self._look, searches)
            except WebWorkError as error:
                if error.permanent:
                    await self._settle((search, error) for search in searches)
                    continue
                pause = min(pause * 2, LONGEST_PAUSE)
                log.warning("Waiting tasks cannot see events: %s Trying again in %.0f s.", error, pause)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                await self._settle((search, error) for search in searches)
                continue
            else:
                await self._settle(found.items())
                pause = min(self._interval, CATCH_UP_PAUSE) if more else self._interval
            await asyncio.sleep(max(0.0, began + pause - clock()))

    def _look(self, searches: list[Search]) -> tuple[Mapping[Search, Event], bool]:
        """Read a page; return whose events are in it, and whether there is more to read."""
        start = self._start([search.position for search in searches])
        events = self._read(start)
        if events is None:
            self._begin_anew(searches)
            return {}, True
        found = self._found(events, searches, start=start) if events else {}
        more = len(events) >= PAGE - 1  # one of them may have been seen before
        end = seq_of(events[-1]) if events else start
        for search in searches:
            if search.position < start:
                continue
            # Not past what was found: nobody has heard of that yet.
            search.position = max(search.position, seq_of(found[search]) - 1 if search in found else end)
        self._behind = end < self._end
        if events and not self._behind:
            self._newest = events[-1]
        self._end = max(end, self._end)
        return found, more or self._behind

    def _found(self, events: Iterable[Event], searches: Iterable[Search], *, start: int) -> dict[Search, Event]:
        if self._waiting is None or not self._waiting.has(searches):
            self._waiting = _Waiting(searches)
        return self._waiting.ended_by(events, start=start)

    def _read(self, start: int) -> list[Event] | None:
        """Read a page; ``None`` if the newest event that was read before is not there any more."""
        if self._newest is None or start != seq_of(self._newest):
            return self._read_page(start)
        events = self._read_page(start - 1)
        return events[1:] if events and events[0].id == self._newest.id else None

    def _begin_anew(self, searches: Iterable[Search]) -> None:
        """Look at everything once more: the log was put back to an earlier state, and gives its ``seq`` to others."""
        log.warning("The event log went back, as after the restore of a backup: looking at it from the beginning.")
        self._end, self._newest = 0, None
        for search in searches:
            search.begin_anew()

    def _start(self, positions: list[int]) -> int:
        earliest = min(positions)
        return min((each for each in positions if each >= self._end), default=earliest) if self._behind else earliest

    async def _settle(self, outcomes: Iterable[tuple[Search, Event | Exception]]) -> None:
        for number, (search, outcome) in enumerate(outcomes, start=1):
            self._searches.discard(search)
            if not search.found.done():
                if isinstance(outcome, Exception):
                    search.found.set_exception(outcome)
                else:
                    search.found.set_result(outcome)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)


class _Waiting:
    """Those who wait, by what they wait for.

    It is kept from look to look: making it anew for ten thousand of them leaves so many objects behind that Python's
    full garbage collection, which stops everybody for half a second, would come every few seconds.
    """

    def __init__(self, searches: Iterable[Search]) -> None:
        self._known = frozenset(searches)
        self._open: dict[EventFilter, list[Search]] = {}
        for search in self._known:
            self._open.setdefault(search.wanted, []).append(search)
        self._index = FilterIndex(self._open)

    def has(self, searches: Iterable[Search]) -> bool:
        """Whether it knows all of them; those that have ended since do no harm."""
        return self._known.issuperset(searches)

    def ended_by(self, events: Iterable[Event], *, start: int) -> dict[Search, Event]:
        """Return the event of each search that ends with these, of those that have looked at all up to a position."""
        found: dict[Search, Event] = {}
        for event in events:
            for wanted in self._index.choosing(event):
                waiting = self._open[wanted]
                having = [search for search in waiting if search.position >= start and search.may_have(event)]
                for search in having:
                    search.missing -= 1
                if ended := [search for search in having if search.missing == 0]:
                    found |= dict.fromkeys(ended, event)
                    self._open[wanted] = [search for search in waiting if search not in found]
        return found
