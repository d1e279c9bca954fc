"""Ten thousand who wait on one poll: what they ask of the log, of the event loop, and how soon they hear."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import statistics
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from typing import NamedTuple, Self

import sqlalchemy as sa

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.triggers.feed import Feed
from airflow_provider_webwork.triggers.shared import shared
from benchmarks.databases import NewLog, arrival, fill
from benchmarks.figures import Figure

WAITERS = 10_000
EVENTS = 100_000
SPREAD = 20_000
"""Over how many of the last events the positions lie that waiters come back with after a restart of the process."""

INTERVAL = 0.5
SECONDS = 30
EVERY = 0.05
"""Seconds between two appends."""

TICK = 0.001

OLDEST = 2
"""The generation of objects that only a full garbage collection looks at."""


class _Span(NamedTuple):
    begin: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.begin

    def overlap(self, other: _Span) -> float:
        return max(0.0, min(self.end, other.end) - max(self.begin, other.begin))


class Watched:
    """Counts queries and notes how long the event loop did not get to its other work.

    A full garbage collection looks at every object of the process and stops all of it, whoever made the objects; so
    those are noted apart.
    """

    def __init__(self) -> None:
        self.queries: list[float] = []
        self._waits: list[_Span] = []
        self._collections: list[_Span] = []
        self._collecting = 0.0

    def __enter__(self) -> Self:
        sa.event.listen(sa.Engine, "before_cursor_execute", self._count)
        gc.callbacks.append(self._collect)
        self._ticks = asyncio.create_task(self._tick())
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._count)
        gc.callbacks.remove(self._collect)
        self._ticks.cancel()

    def most_queries_in(self, seconds: float) -> int:
        """Return how many queries ran at most within so many seconds."""
        return max(sum(begin <= each < begin + seconds for each in self.queries) for begin in self.queries)

    def longest_block(self) -> float:
        """Return for how many seconds the event loop waited at most, but for garbage collections."""
        return max(wait.length - sum(wait.overlap(each) for each in self._collections) for wait in self._waits)

    def longest_collection(self) -> float:
        """Return how many seconds a full garbage collection took at most."""
        return max((each.length for each in self._collections), default=0.0)

    def _count(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            self.queries.append(time.monotonic())

    async def _tick(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK)
            self._waits.append(_Span(began + TICK, time.monotonic()))

    def _collect(self, phase: str, info: dict[str, int]) -> None:
        if info["generation"] < OLDEST:
            return
        if phase == "start":
            self._collecting = time.monotonic()
        else:
            self._collections.append(_Span(self._collecting, time.monotonic()))


def figures(database: str, new_log: NewLog) -> list[Figure]:
    """Let many wait, as they come back after a restart and while events arrive."""
    url = new_log()
    fill(url, EVENTS)
    return asyncio.run(_measure(database, url))


async def _measure(database: str, url: str) -> list[Figure]:
    waiting = shared(url, interval=INTERVAL).feed
    with suppress(TimeoutError):
        await asyncio.wait_for(waiting.first(EventFilter(types=("nothing",)), after=EVENTS), 2)  # opens the log
    found: list[Figure] = []
    heard: dict[int, float] = {}
    with Watched() as restart:
        tasks = [await _begun(_wait(waiting, number, heard)) for number in range(WAITERS)]
        await asyncio.sleep(SECONDS)
    found += _asked(database, f"{WAITERS:,} waiters, after a restart", restart)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as elsewhere, Watched() as busy:
        told = await asyncio.get_running_loop().run_in_executor(elsewhere, _append, url)
        await asyncio.sleep(2 * INTERVAL)
    found += _asked(database, f"{WAITERS:,} waiters, {1 / EVERY:.0f} events a second", busy)
    took = [heard[seq] - moment for seq, moment in told.items() if seq in heard]
    found.append(
        Figure(
            database=database,
            subject="from commit to wake-up",
            value=f"p50 {statistics.median(took) * 1000:.0f} ms",
            beside=f"longest {max(took) * 1000:.0f} ms, {len(took)} times",
            goal=f"p50 <= {INTERVAL * 1000:.0f} ms",
            met=statistics.median(took) <= INTERVAL,
        )
    )
    with Watched() as all_at_once:
        for end in [await _begun(waiting.first(EventFilter(types=("tracker.*",)), after=0)) for _ in range(WAITERS)]:
            await end
    found += [_blocked(database, f"{WAITERS:,} waiters, all wake at once", all_at_once)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _begun(work: Coroutine[None, None, object]) -> asyncio.Task[object]:
    """Start one of many tasks, and give the event loop a turn as a triggerer does."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


async def _wait(waiting: Feed, number: int, heard: dict[int, float]) -> None:
    """Wait as one of many: by member, by a field in the payload, or for what never comes."""
    wanted = (
        EventFilter.of(types=["tracker.started"], match={"user_id": number, "data.note": "x"}),
        EventFilter.of(match={"data.task.id": -number}),
        EventFilter.of(types=["nothing.*"]),
    )[number % 3]
    after = EVENTS - number * SPREAD // WAITERS
    if number % 3 == 0:
        after = EVENTS  # each of those has had its event
    event = await waiting.first(wanted, after=after)
    heard[event.seq or 0] = time.monotonic()


def _append(url: str) -> dict[int, float]:
    told = {}
    with closing(Store(url)) as store:
        log = EventLog(store)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            [stored] = log.append([arrival()])
            told[stored.seq] = time.monotonic()
            time.sleep(EVERY)
    return told


def _asked(database: str, subject: str, watched: Watched) -> Iterator[Figure]:
    looks = len(watched.queries)
    rate = watched.most_queries_in(10) / 10
    yield Figure(
        database=database,
        subject=f"{subject}: queries a second",
        value=f"{rate:.1f}",
        beside=f"{looks} in {SECONDS} s",
        goal="<= 2",
        met=rate <= 2,
    )
    yield _blocked(database, subject, watched)


def _blocked(database: str, subject: str, watched: Watched) -> Figure:
    longest = watched.longest_block()
    return Figure(
        database=database,
        subject=f"{subject}: event loop blocked",
        value=f"at most {longest * 1000:.0f} ms",
        beside=f"by Python's full garbage collection {watched.longest_collection() * 1000:.0f} ms",
        goal="<= 50 ms",
        met=longest <= 0.05,
    )
