"""How fast events become durable, for many callers and for one."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from contextlib import closing

import psycopg

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.append import AppendAll, Appender
from airflow_provider_webwork.events.log import Arrival, EventLog, Stored
from airflow_provider_webwork.events.store import Store
from benchmarks.databases import NewLog, arrival, connected, insertion, newest, raw_rows
from benchmarks.figures import Figure, in_turn, ratio

CALLERS = 64
THREADS = 4
"""What the callers run in: each thread keeps its share of them waiting. 64 threads would measure Python's threads."""

ROUND = 1.5
"""Seconds of each round."""


def figures(database: str, new_log: NewLog, *, snapshot: float) -> list[Figure]:
    """Measure appends.

    :param snapshot: for how many seconds an old snapshot is held.
    """
    url = new_log()
    with closing(Store(url)) as store:
        log = EventLog(store)
        raw_url = new_log()
        grouped, single, raw = in_turn(
            lambda: with_callers(log.append),
            lambda: with_callers(lambda arrivals: [log.append([each])[0] for each in arrivals]),
            lambda: _raw_loop(raw_url),
        )
        found = [
            Figure(
                database=database,
                subject=f"appends, {CALLERS} callers wait",
                value=f"{statistics.median(grouped):,.0f}/s",
                beside=f"one event per commit: {statistics.median(single):,.0f}/s",
                ratio=(against := ratio(grouped, single)),
                goal=">= 6",
                met=against >= 6,
            ),
            Figure(
                database=database,
                subject=f"appends, {CALLERS} callers wait",
                value=f"{statistics.median(grouped):,.0f}/s",
                beside=f"raw driver, one event per commit: {statistics.median(raw):,.0f}/s",
                ratio=(against := ratio(grouped, raw)),
                goal=">= 1",
                met=against >= 1,
            ),
            _one_caller(database, log),
        ]
        if database == "postgresql":
            found.append(_under_a_snapshot(database, url, log, seconds=snapshot))
    return found


def with_callers(append_all: AppendAll[Stored], *, seconds: float = ROUND) -> float:
    """Return how many events a second become durable while many callers wait, each for its own."""
    appender = Appender(append_all, capacity=2 * CALLERS)
    counts: list[int] = []
    end = time.perf_counter() + seconds
    threads = [threading.Thread(target=_wait_and_call, args=(appender, end, counts)) for _ in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    appender.close()
    return sum(counts) / took


def _wait_and_call(appender: Appender[Stored], end: float, counts: list[int]) -> None:
    waiting = deque(appender.submit(arrival()) for _ in range(CALLERS // THREADS))
    count = 0
    while waiting:
        waiting.popleft().result()
        count += 1
        if time.perf_counter() < end:
            waiting.append(appender.submit(arrival()))
    counts.append(count)


def _raw_loop(url: str) -> float:
    with connected(url) as connection:
        seq = newest(connection)
        into_event, into_dedupe = insertion(url, schema.event), insertion(url, schema.dedupe)
        connection.commit()
        count, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < ROUND:
            count += 1
            event, key = raw_rows(arrival(), seq + count)
            connection.execute(into_event, event)
            connection.execute(into_dedupe, key)
            connection.commit()
    return count / took


def _one_caller(database: str, log: EventLog) -> Figure:
    with closing(Appender(log.append, capacity=1)) as appender:
        times = sorted(_timed(appender, arrival()) for _ in range(1_000))
    middle = statistics.median(times) * 1000
    return Figure(
        database=database,
        subject="append, one caller alone",
        value=f"p50 {middle:.2f} ms",
        beside=f"p99 {times[989] * 1000:.2f} ms",
        goal="p50 <= 2 ms",
        met=middle <= 2,
    )


def _timed(appender: Appender[Stored], arrived: Arrival) -> float:
    began = time.perf_counter()
    appender.submit(arrived).result()
    return time.perf_counter() - began


def _under_a_snapshot(database: str, url: str, log: EventLog, *, seconds: float) -> Figure:
    before = [with_callers(log.append, seconds=2) for _ in range(3)]
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT count(*) FROM event")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with_callers(log.append, seconds=min(10, seconds))
        late = [with_callers(log.append, seconds=2) for _ in range(3)]
    return Figure(
        database=database,
        subject=f"appends after {seconds:.0f} s under an old snapshot",
        value=f"{statistics.median(late):,.0f}/s",
        beside=f"before: {statistics.median(before):,.0f}/s",
        ratio=(against := statistics.median(late) / statistics.median(before)),
        goal=">= 0.5",
        met=against >= 0.5,
    )
