"""Catching up and pruning, and what appends notice of them."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.retention import Retention
from airflow_provider_webwork.events.store import Store
from benchmarks.databases import NewLog, arrival, fill
from benchmarks.figures import Figure

FILTERS = {
    "by type, all match": EventFilter.of(types=["tracker.*"]),
    "by type, 1 in 10,000 matches": EventFilter.of(types=["member.invited"]),
    "by user": EventFilter.of(match={"user_id": 7}),
    "by a field in the payload": EventFilter.of(match={"data.project_id": 7}),
}

OLD = timedelta(days=100)


def figures(database: str, new_log: NewLog, *, events: int) -> list[Figure]:
    """Measure scans and a prune of a log, in a process of their own while this one appends."""
    url = new_log()
    fill(url, events, age=OLD)
    # Processes are spawned: a fork would share the connections of this one.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as elsewhere:
        elsewhere.submit(scan, url, EventFilter(types=("nothing",))).result()
        found: list[Figure] = []
        with closing(Store(url)) as store:
            log = EventLog(store)
            for name, wanted in FILTERS.items():
                found += _catching_up(database, name, log, partial(elsewhere.submit, scan, url, wanted))
            found += _pruning(database, log, partial(elsewhere.submit, prune, url))
    return found


def scan(url: str, wanted: EventFilter) -> float:
    """Read a whole log, and return how many events a second that is."""
    with closing(Store(url)) as store:
        log = EventLog(store)
        end = log.head()
        began = time.perf_counter()
        for _ in log.read(wanted, until=end):
            pass
        return end / (time.perf_counter() - began)


def prune(url: str) -> float:
    """Remove what is old, and return how many events a second that is."""
    with closing(Store(url)) as store:
        retention = Retention(store, now=lambda: datetime.now(UTC))
        began = time.perf_counter()
        removed = retention.prune(older_than=OLD / 2, consumer_expiry=OLD).events
        return removed / (time.perf_counter() - began)


def _catching_up(database: str, name: str, log: EventLog, begin: Callable[[], Future[float]]) -> Iterator[Figure]:
    alone = statistics.median(begin().result() for _ in range(3))
    yield Figure(
        database=database,
        subject=f"catching up {name}",
        value=f"{alone:,.0f}/s",
        goal=">= 50,000/s",
        met=alone >= 50_000,
    )
    quiet = _appends_for(log, seconds=2)
    work = begin()
    busy = _appends_until(log, work.done)
    yield Figure(
        database=database,
        subject=f"longest append meanwhile, {name}",
        value=f"{max(busy) * 1000:.0f} ms (p50 {statistics.median(busy) * 1000:.1f})",
        beside=f"without: {max(quiet) * 1000:.0f} ms (p50 {statistics.median(quiet) * 1000:.1f})",
        goal="<= 50 ms",
        met=max(busy) <= 0.05,
    )


def _pruning(database: str, log: EventLog, begin: Callable[[], Future[float]]) -> Iterator[Figure]:
    quiet = _appends_for(log, seconds=5)
    work = begin()
    busy = _appends_until(log, work.done)
    pruned = work.result()
    yield Figure(
        database=database,
        subject="prune, while 16 at a time are appended",
        value=f"{pruned:,.0f}/s",
        goal=">= 20,000/s",
        met=pruned >= 20_000,
    )
    against = statistics.mean(quiet) / statistics.mean(busy)
    yield Figure(
        database=database,
        subject="appends during the prune",
        value=f"{16 / statistics.mean(busy):,.0f}/s",
        beside=f"without: {16 / statistics.mean(quiet):,.0f}/s",
        ratio=against,
        goal=">= 0.5",
        met=against >= 0.5,
    )


def _appends_for(log: EventLog, *, seconds: float) -> list[float]:
    end = time.perf_counter() + seconds
    return _appends_until(log, lambda: time.perf_counter() >= end)


def _appends_until(log: EventLog, done: Callable[[], bool]) -> list[float]:
    times = [_append(log)]
    while not done():
        times.append(_append(log))
    return times


def _append(log: EventLog) -> float:
    arrivals = [arrival() for _ in range(16)]
    began = time.perf_counter()
    log.append(arrivals)
    return time.perf_counter() - began
