"""The feed: one poll of the log for all who wait, and nobody misses an event or holds up the others."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.events.event import Event
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.triggers.feed import AT_ONCE, PAGE, Feed
from airflow_provider_webwork.triggers.shared import shared

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
INTERVAL = 0.01
PATIENCE = 60
ANY = EventFilter()


@dataclass
class Log:
    """An event log in memory, which counts how often it is read."""

    events: list[Event] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    looked: threading.Condition = field(default_factory=threading.Condition)
    generation: int = 0

    def add(self, type_="tracker.stopped", *, user_id=None, received_at=NOON, **data) -> Event:
        seq = len(self.events) + 1
        event = Event(
            id=f"e{self.generation}-{seq}",
            type=type_,
            user_id=user_id,
            received_at=received_at,
            payload={"data": data},
            seq=seq,
        )
        self.events.append(event)
        return event

    def page(self, after: int) -> list[Event]:
        self.threads.add(threading.get_ident())
        with self.looked:
            self.reads.append(after)
            self.looked.notify_all()
        if self.errors:
            raise self.errors.pop(0)
        return self.events[after : after + PAGE]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def events(log) -> Feed:
    return Feed(log.page, interval=INTERVAL)


def wanting(**match) -> EventFilter:
    return EventFilter.of(match=match or None)


async def reads(log: Log, count: int) -> None:
    """Let the feed look so many times more."""
    end = len(log.reads) + count

    def wait() -> bool:
        with log.looked:
            return log.looked.wait_for(lambda: len(log.reads) >= end, timeout=PATIENCE)

    assert await asyncio.to_thread(wait)


async def soon(awaitable):
    async with asyncio.timeout(PATIENCE):
        return await awaitable


async def until_nobody_polls() -> None:
    if polls := [task for task in asyncio.all_tasks() if task.get_name() == "webwork-feed"]:
        _, left = await asyncio.wait(polls, timeout=PATIENCE)
        assert left == set()


async def test_the_first_event_after_the_position_is_told(log, events):
    log.add(), log.add()
    expected = log.add()
    log.add()

    assert await soon(events.first(ANY, after=2)) == expected


async def test_an_event_that_comes_later_is_told(log, events):
    waiting = asyncio.create_task(events.first(wanting(user_id=7), after=0))
    await reads(log, 2)
    log.add(user_id="8")
    await reads(log, 2)
    assert not waiting.done()
    expected = log.add(user_id="7")

    assert await soon(waiting) == expected


async def test_events_received_before_since_are_passed_over(log, events):
    log.add(received_at=NOON - timedelta(seconds=1))
    expected = log.add(received_at=NOON)

    assert await soon(events.first(ANY, after=0, since=NOON)) == expected


async def test_a_thousand_who_wait_cost_one_read_an_interval(log, events):
    waiting = [asyncio.create_task(events.first(wanting(user_id=n), after=0)) for n in range(1_000)]
    await reads(log, 5)
    before = len(log.reads)
    started = asyncio.get_running_loop().time()
    await reads(log, 10)
    count = len(log.reads) - before
    passed = asyncio.get_running_loop().time() - started

    assert count <= passed / INTERVAL + 2  # one look may have been under way in the beginning
    for n in range(1_000):
        log.add(user_id=str(n))
    before = len(log.reads)
    found = await soon(asyncio.gather(*waiting))
    assert [event.user_id for event in found] == [str(n) for n in range(1_000)]
    assert len(log.reads) - before <= 5


async def test_reading_and_matching_happen_off_the_event_loop(log, events):
    matched_in = set()

    class Watched(EventFilter):
        def matches(self, event):
            matched_in.add(threading.get_ident())
            return super().matches(event)

    for n in range(1_000):
        log.add(user_id=str(n))

    wanted = [Watched.of(match={"user_id": n % 1_000}) for n in range(900, 1_200)]
    await soon(asyncio.gather(*(asyncio.create_task(events.first(each, after=0)) for each in wanted)))

    assert matched_in
    assert threading.get_ident() not in log.threads | matched_in


async def test_who_joins_late_with_an_older_position_gets_the_older_event(log, events):
    old = log.add(user_id="7")
    for _ in range(2 * PAGE):
        log.add(user_id="8")
    ahead = asyncio.create_task(events.first(wanting(user_id=7), after=len(log.events)))
    await reads(log, 2)

    assert await soon(events.first(wanting(user_id=7), after=0)) == old
    assert not ahead.done()
    new = log.add(user_id="7")
    assert await soon(ahead) == new


async def test_who_is_ahead_is_not_told_an_event_before_its_position(log, events):
    for _ in range(5):
        log.add()
    ahead = asyncio.create_task(events.first(ANY, after=5))
    assert (await soon(events.first(ANY, after=0))).seq == 1
    await reads(log, 3)

    assert not ahead.done()
    log.add()
    assert (await soon(ahead)).seq == 6


async def test_catching_up_does_not_wait_for_the_interval_between_pages(log, monkeypatch):
    monkeypatch.setattr("airflow_provider_webwork.triggers.feed.CATCH_UP_PAUSE", INTERVAL)
    for _ in range(5 * PAGE):
        log.add("tracker.started")
    expected = log.add("tracker.stopped")
    patient = Feed(log.page, interval=10 * PATIENCE)

    assert await soon(patient.first(EventFilter.of(types=["tracker.stopped"]), after=0)) == expected


async def test_who_is_at_the_end_does_not_wait_for_those_who_catch_up(log, events):
    for _ in range(6 * PAGE):
        log.add(user_id="8")
    ahead = asyncio.create_task(events.first(wanting(user_id=7), after=len(log.events)))
    await reads(log, 2)
    behind = asyncio.create_task(events.first(wanting(user_id=9), after=0))
    await reads(log, 1)
    new = log.add(user_id="7")
    before = len(log.reads)

    assert await soon(ahead) == new
    assert len(log.reads) - before <= 3
    last = log.add(user_id="9")
    assert await soon(behind) == last
    assert [after for after in log.reads if after < 6 * PAGE] == [page * PAGE for page in range(6)]


async def test_who_catches_up_is_told_no_later_event_that_is_seen_at_the_end_meanwhile(log, events):
    for _ in range(3 * PAGE):
        log.add(user_id="8")
    first = log.add(user_id="7")
    for _ in range(PAGE):
        log.add(user_id="8")
    with events.search(wanting(user_id=9), after=len(log.events)):
        await reads(log, 2)
        behind = asyncio.create_task(events.first(wanting(user_id=7), after=0))
        await reads(log, 1)
        log.add(user_id="7")

        assert await soon(behind) == first


async def test_ten_thousand_who_hear_at_once_leave_the_event_loop_its_turns(log, events):
    waiting = [asyncio.create_task(events.first(ANY, after=0)) for _ in range(10_000)]
    await reads(log, 2)
    turns = 0
    log.add()
    while not all(task.done() for task in waiting):
        await asyncio.sleep(0)
        turns += any(task.done() for task in waiting)

    assert turns >= 10_000 / AT_ONCE


async def test_who_stops_waiting_is_forgotten_and_the_poll_ends_with_the_last(log, events):
    waiting = [asyncio.create_task(events.first(ANY, after=0)) for _ in range(3)]
    await reads(log, 2)
    for task in waiting[:2]:
        task.cancel()
    await asyncio.wait(waiting[:2])
    await reads(log, 2)
    waiting[2].cancel()
    await asyncio.wait(waiting)
    await until_nobody_polls()

    assert all(task.cancelled() for task in waiting)


async def test_who_waits_for_one_and_who_waits_for_true_hear_of_their_own_events(log, events):
    one, true = (
        asyncio.create_task(events.first(EventFilter.of(match={"data.paid": value}), after=0)) for value in (1, True)
    )
    await reads(log, 2)
    log.add(paid=True)
    assert await soon(true) == log.events[0]
    await reads(log, 2)
    assert not one.done()
    log.add(paid=1)
    assert await soon(one) == log.events[1]


@pytest.mark.parametrize(("left", "more"), [(0, 0), (1, 0), (3, 0), (3, 9)])
async def test_after_a_log_was_put_back_to_an_earlier_state_no_event_that_comes_then_is_missed(
    log, events, caplog, left, more
):
    for _ in range(5):
        log.add()
    waiting = asyncio.create_task(events.first(wanting(user_id=7), after=0))
    with events.search(wanting(user_id=8), after=0) as search:
        await reads(log, 3)
        assert search.position == 5
        restored = Log(log.events[:left], generation=1)
        expected = restored.add(user_id="7")
        for _ in range(more):
            restored.add()
        log.events = restored.events

        assert await soon(waiting) == expected
        await reads(log, 2)
        assert search.position == left + 1 + more
    assert "The event log went back" in caplog.text


async def test_who_began_at_the_end_of_a_log_that_was_put_back_hears_of_what_comes_behind_it(log, events, caplog):
    for _ in range(5):
        log.add()
    with events.search(wanting(user_id=8), after=0):
        await reads(log, 2)
        waiting = asyncio.create_task(events.first(wanting(user_id=7), after=5))
        await reads(log, 2)
    restored = Log(generation=1)
    for _ in range(5):
        restored.add()
    log.events = restored.events
    await reads(log, 4)
    log.generation = 1
    expected = log.add(user_id="7")

    assert await soon(waiting) == expected
    assert caplog.text.count("The event log went back") == 1


async def test_who_comes_with_a_later_position_than_was_read_before_finds_nothing_odd_in_that(log, events, caplog):
    log.add()
    assert await soon(events.first(ANY, after=0)) == log.events[0]
    await until_nobody_polls()
    for _ in range(9):
        log.add()
    waiting = asyncio.create_task(events.first(ANY, after=10))
    await reads(log, 4)
    expected = log.add()

    assert await soon(waiting) == expected
    assert caplog.text == ""


async def test_who_joins_and_who_leaves_while_events_come_keeps_nobody_from_hearing(log, events):
    left = asyncio.create_task(events.first(wanting(user_id=7), after=0))
    stays = asyncio.create_task(events.first(wanting(user_id=7), after=0, count=2))
    await reads(log, 2)
    log.add()
    await reads(log, 2)
    left.cancel()
    first = log.add(user_id="7")
    await reads(log, 2)
    joins = asyncio.create_task(events.first(wanting(user_id=7), after=1))
    assert await soon(joins) == first
    second = log.add(user_id="7")

    assert await soon(stays) == second


async def test_those_who_wait_for_several_events_count_anew_then(log, events):
    log.add(), log.add(), log.add()
    waiting = asyncio.create_task(events.first(ANY, after=0, count=4))
    await reads(log, 3)
    del log.events[1:]
    log.generation += 1
    for _ in range(3):
        await reads(log, 2)
        assert not waiting.done()
        last = log.add()

    assert await soon(waiting) == last


async def test_the_poll_begins_again_when_somebody_comes_again(log, events):
    first = [log.add() for _ in range(5)]
    assert await soon(events.first(ANY, after=4)) == first[-1]
    await until_nobody_polls()
    before = len(log.reads)
    waiting = asyncio.create_task(events.first(ANY, after=5))
    await reads(log, 2)
    second = log.add()

    assert await soon(waiting) == second
    assert min(log.reads[before:]) == 4  # whether the newest is still there is looked at as well


async def test_a_log_that_is_away_for_a_while_is_waited_for_and_said_so(log, events, caplog):
    waiting = [asyncio.create_task(events.first(ANY, after=0)) for _ in range(10)]
    log.errors += [WebWorkLogUnavailableError("The event log x is not available.")] * 3
    await reads(log, 4)
    expected = log.add()

    assert await soon(asyncio.gather(*waiting)) == [expected] * 10
    said = [record.getMessage() for record in caplog.records if record.name.endswith("triggers.feed")]
    assert len(said) == 3
    assert "Waiting tasks cannot see events: The event log x is not available." in said[0]


@pytest.mark.parametrize("error", [WebWorkLogError("The event log is none."), RuntimeError("A mistake of ours.")])
async def test_an_error_that_lasts_reaches_all_who_wait(log, events, error):
    waiting = [asyncio.create_task(events.first(ANY, after=0)) for _ in range(10)]
    await reads(log, 2)
    log.errors.append(error)

    assert await soon(asyncio.gather(*waiting, return_exceptions=True)) == [error] * 10
    await until_nobody_polls()
    expected = log.add()
    assert await soon(events.first(ANY, after=0)) == expected


async def test_the_poll_does_not_log_in_the_name_of_the_task_that_came_first(log):
    task_name = ContextVar("task_name", default="nobody's")
    logged_as = []
    feed_log = logging.getLogger("airflow_provider_webwork.triggers.feed")

    def watch(_record):
        logged_as.append(task_name.get())
        return True

    feed_log.addFilter(watch)
    try:
        task_name.set("the first one's")
        log.errors.append(WebWorkLogUnavailableError("The event log x is not available."))
        waiting = asyncio.create_task(Feed(log.page, interval=INTERVAL).first(ANY, after=0))
        await reads(log, 1)
        log.add()
        await soon(waiting)
    finally:
        feed_log.removeFilter(watch)

    assert logged_as == ["nobody's"]


def test_each_event_loop_has_a_feed_of_its_own_and_shares_it(tmp_path):
    url = f"sqlite:///{tmp_path / 'events.db'}"
    store = Store(url)
    add_by_hand(EventLog(store), "tracker.stopped", {"user_id": 7}, received_at=NOON)
    store.close()

    async def look():
        assert shared(url, interval=INTERVAL) is shared(url, interval=INTERVAL)
        event = await soon(shared(url, interval=INTERVAL).feed.first(wanting(user_id=7), after=0))
        return shared(url, interval=INTERVAL).feed, event

    (one, first), (other, second) = asyncio.run(look()), asyncio.run(look())

    assert one is not other
    assert first == second
    assert first.type == "tracker.stopped"
