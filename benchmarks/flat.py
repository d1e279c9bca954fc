"""Whether a large log is as quick at its head as a small one."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from airflow_provider_webwork.events.claims import Claims
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from benchmarks.databases import PROJECTS, RARE, NewLog, arrival, fill
from benchmarks.figures import Figure, in_turn, ratio

SMALL = RARE
"""The size of the small log; as far as a consumer is behind at most, so that both read the same number of rows."""

SLOWER = 1.25
SLOWER_APPEND = 1 / 0.6

ROUNDS = 21


@dataclass(frozen=True, slots=True)
class Claimant:
    """A consumer, and how far it is behind."""

    subject: str
    wanted: EventFilter
    behind: int


CLAIMANTS = (
    Claimant("claim 100", EventFilter.of(types=["*"]), 1_000),
    Claimant("claim by a field in the payload", EventFilter.of(match={"data.project_id": 7}), 10 * PROJECTS),
    Claimant("claim by user", EventFilter.of(match={"user_id": 7}), RARE),
    Claimant("claim what is 1 in 10,000", EventFilter.of(types=["member.invited"]), RARE),
    Claimant("claim what never comes", EventFilter.of(types=["nothing.*"]), RARE),
)


class Head:
    """The operations at the head of a log, each of which tells how many seconds it took."""

    def __init__(self, store: Store) -> None:
        self._log = EventLog(store)
        self._consumers = Consumers(store, now=_now)
        self._claims = Claims(store, now=_now)
        self._names = (f"c{number}" for number in itertools.count())

    def poll(self) -> float:
        """Ask for the head, and for a page that is empty."""
        return _timed(lambda: self._log.page(self._log.head()))

    def page(self) -> float:
        """Read the newest hundred events."""
        after = self._log.head() - 100
        return _timed(lambda: self._log.page(after))

    def append(self) -> float:
        """Append as much as 64 waiting callers bring."""
        arrivals = [arrival() for _ in range(64)]
        return _timed(lambda: self._log.append(arrivals))

    def claim(self, claimant: Claimant) -> float:
        """Claim for a consumer that is some way behind."""
        name = next(self._names)
        self._consumers.create(name, claimant.wanted)
        self._consumers.rewind(name, to=self._log.head() - claimant.behind, actor="benchmark")
        return _timed(lambda: self._claims.claim(name, f"dag/run/{name}/-1", limit=100))


def figures(database: str, new_log: NewLog, *, sizes: tuple[int, ...]) -> list[Figure]:
    """Compare a log that grows with one that is small."""
    small, large = new_log(), new_log()
    fill(small, SMALL)
    found = []
    with closing(Store(small)) as small_store, closing(Store(large)) as large_store:
        first, second = Head(small_store), Head(large_store)
        for size in sizes:
            fill(large, size)
            at = f"at {size:,} events"
            found += [
                _compare(database, f"poll {at}", first.poll, second.poll),
                _compare(database, f"read 100 {at}", first.page, second.page),
                _compare(database, f"append 64 {at}", first.append, second.append, slower=SLOWER_APPEND),
            ]
            for each in CLAIMANTS:
                found.append(_compare(database, f"{each.subject} {at}", _claim(first, each), _claim(second, each)))
    return found


def _claim(head: Head, claimant: Claimant) -> Callable[[], float]:
    return lambda: head.claim(claimant)


def _compare(
    database: str, subject: str, small: Callable[[], float], large: Callable[[], float], *, slower: float = SLOWER
) -> Figure:
    small(), large()
    few, many = in_turn(small, large, rounds=ROUNDS)
    against = ratio(many, few)
    return Figure(
        database=database,
        subject=subject,
        value=f"{statistics.median(many) * 1000:.2f} ms",
        beside=f"at {SMALL:,}: {statistics.median(few) * 1000:.2f} ms",
        ratio=against,
        goal=f"<= {slower:.2f}",
        met=against <= slower,
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _now() -> datetime:
    return datetime.now(UTC)
