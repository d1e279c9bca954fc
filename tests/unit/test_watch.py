"""Watching consumers: many cost no more than one, and no outage, restart or mistake ends it."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.batches import Batches
from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.events.claims import Claims
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.events.subscription import Subscription
from airflow_provider_webwork.triggers import watch as watching
from airflow_provider_webwork.triggers.shared import Shared
from airflow_provider_webwork.triggers.waking import FIRST_PAUSE, LONGEST_PAUSE
from airflow_provider_webwork.triggers.watch import ConsumerWatch

INTERVAL = 0.02
PATIENCE = 60
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAYROLL = Subscription.of("payroll", types=["tracker.stopped"])


@dataclass
class Place:
    """An event log, those who watch it, and a clock that stands still unless it is moved."""

    url: str
    store: Store
    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)
    lags: list[int] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def __post_init__(self):
        self.shared = Shared(self.url, interval=INTERVAL, auto_upgrade=None)
        self.consumers = Consumers(self.store, now=lambda: NOON)
        self.batches = Batches(self.store, now=lambda: NOON)
        self._claims = Claims(self.store, now=lambda: NOON)

    def add(self, type_="tracker.stopped"):
        return add_by_hand(EventLog(self.store), type_, {}, received_at=NOON).seq

    def claim(self, run, *, limit=1, consumer="payroll"):
        return self._claims.claim(consumer, f"dag/{run}/claim/-1", limit=limit)

    async def open(self):
        if self.failures:
            raise self.failures.pop(0)
        return self.shared

    async def sleep(self, seconds):
        self.slept.append(seconds)

    def watch(self, asked=PAYROLL):
        watch = ConsumerWatch(asked, self.open, lag_is=self.lags.append, clock=lambda: self.seconds, sleep=self.sleep)
        return watch.wakes()


@pytest.fixture
async def place(tmp_path):
    url = f"sqlite:///{tmp_path / 'events.db'}"
    store = Store(url)
    place = Place(url, store)
    place.consumers.create("payroll", PAYROLL.wanted)
    yield place
    store.close()


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - it changes in other threads, and in other tasks
            await asyncio.sleep(INTERVAL)


async def looks(place, count):
    """Let so many queries say where the consumers stand."""
    for _ in range(count):
        async with asyncio.timeout(PATIENCE):
            await place.shared.standings.next("payroll")


async def read(place, seq):
    """Let everybody who looks for events pass by the one at this place."""
    async with asyncio.timeout(PATIENCE):
        assert (await place.shared.feed.first(EventFilter(), after=seq - 1)).seq == seq


@asynccontextmanager
async def watched(place, asked=PAYROLL):
    """Watch in the background; yield the list of wake-ups, which grows."""
    woken = []

    async def listen():
        async with aclosing(place.watch(asked)) as wakes:
            async for wake in wakes:
                woken.append(wake)  # noqa: PERF401 - it is looked at while it grows

    listening = asyncio.create_task(listen())
    try:
        yield woken
    finally:
        listening.cancel()
        await asyncio.wait({listening})


def seqs(woken):
    return [wake["seq"] for wake in woken]


async def test_the_first_event_that_waits_wakes_with_what_names_it_as_strict_json(place):
    async with watched(place) as woken:
        place.add("tracker.started")
        place.add()
        await until(lambda: woken)

    assert woken == [{"consumer": "payroll", "position": 0, "seq": 2, "released": 0}]
    assert json.loads(json.dumps(woken, allow_nan=False)) == woken


async def test_a_claim_that_leaves_some_wakes_again_at_once_until_nothing_is_left(place):
    for _ in range(3):
        place.add()
    async with watched(place) as woken:
        for run in range(3):
            await until(lambda run=run: len(woken) == run + 1)
            place.claim(run)
        await looks(place, 5)
        assert seqs(woken) == [1, 2, 3]
        place.add()
        await until(lambda: len(woken) == 4)

    assert seqs(woken) == [1, 2, 3, 4]


async def test_while_nobody_claims_it_wakes_after_a_minute_and_then_less_often_and_says_so(place, caplog):
    place.add()
    async with watched(place) as woken:
        for number, pause in enumerate((FIRST_PAUSE, 2 * FIRST_PAUSE, LONGEST_PAUSE), start=1):
            await until(lambda number=number: len(woken) == number)
            await looks(place, 3)
            assert len(woken) == number
            assert ("nobody claimed" in caplog.text) is (number == 3)
            place.seconds += pause
        await until(lambda: len(woken) == 4)

    assert "Events wait for consumer payroll, and nobody claimed any after 3 wake-ups" in caplog.text


async def test_a_restarted_watch_wakes_although_the_one_before_did(place):
    place.add()
    for _ in range(2):
        async with watched(place) as woken:
            await until(lambda woken=woken: seqs(woken) == [1])


async def test_a_released_batch_wakes(place):
    place.add()
    place.claim("failed")
    async with watched(place) as woken:
        await looks(place, 3)
        assert woken == []
        place.batches.release("payroll", "dag/failed/claim/-1", actor="Member 7")
        await until(lambda: woken)

    assert woken == [{"consumer": "payroll", "position": 1, "seq": None, "released": 1}]


async def test_a_consumer_that_is_moved_back_wakes(place):
    place.add()
    place.claim("first")
    async with watched(place) as woken:
        await looks(place, 3)
        place.consumers.rewind("payroll", to="beginning", actor="Member 7")
        await until(lambda: seqs(woken) == [1])


async def test_it_makes_its_consumer_where_the_dag_says_also_when_somebody_deletes_it(place):
    place.add("sick.leave")
    asked = Subscription.of("sick", types=["sick.*"], start="beginning")
    async with watched(place, asked) as woken:
        await until(lambda: len(woken) == 1)
        place.consumers.delete("sick", actor="Member 7")
        await until(lambda: len(woken) == 2)

    made = place.consumers.get("sick")
    assert (made.wanted, made.owner, made.position) == (asked.wanted, None, 0)
    assert seqs(woken) == [1, 1]


async def test_it_notes_that_it_waits_and_how_far_nothing_is_wanted_once_a_minute(place):
    for _ in range(5):
        place.add("tracker.started")
    async with watched(place) as woken:
        await until(lambda: place.lags)
        assert place.consumers.get("payroll").seen_at
        await read(place, 5)
        place.seconds += watching.REPORT_EVERY
        await until(lambda: len(place.lags) == 2)
        assert place.consumers.get("payroll").position == 5
        place.add()
        await until(lambda: woken)
        place.seconds += watching.REPORT_EVERY
        await until(lambda: len(place.lags) == 3)

    assert place.lags == [0, 0, 1]
    assert place.consumers.get("payroll").position == 5


async def test_what_it_does_not_want_is_not_passed_over_for_a_consumer_that_wants_something_else(place):
    for _ in range(5):
        place.add("tracker.started")
    async with watched(place, Subscription.of("payroll", types=["nothing"])):
        await until(lambda: place.lags)
        await read(place, 5)
        place.seconds += watching.REPORT_EVERY
        await until(lambda: len(place.lags) == 2)

    assert place.consumers.get("payroll").position == 0


async def test_an_outage_of_hours_is_waited_out_with_pauses_that_grow_to_half_a_minute(place, caplog):
    place.failures += [WebWorkLogUnavailableError("The event log x is not available.") for _ in range(300)]
    place.add()
    async with watched(place) as woken:
        await until(lambda: seqs(woken) == [1])

    assert place.slept[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert sum(place.slept) > 2 * 3_600
    assert "Consumer payroll cannot be watched: The event log x is not available." in caplog.text


@pytest.mark.parametrize("error", [WebWorkConfigurationError("[webwork] event_store_url is wrong."), KeyError("ours")])
async def test_no_error_ends_it(place, error, caplog):
    place.failures.append(error)
    place.add()
    async with watched(place) as woken:
        await until(lambda: seqs(woken) == [1])

    assert str(error) in caplog.text
    assert len(place.slept) == 1


async def test_an_outage_in_the_middle_neither_wakes_twice_nor_loses_what_comes_after_it(place, monkeypatch):
    place.add()
    read, down = Consumers.standings, []

    def standings(consumers, names):
        if down:
            raise WebWorkLogUnavailableError("The event log x is not available.")
        return read(consumers, names)

    monkeypatch.setattr(Consumers, "standings", standings)
    async with watched(place) as woken:
        await until(lambda: woken)
        down.append(True)
        await until(lambda: len(place.slept) > 3)
        down.clear()
        await looks(place, 5)
        assert seqs(woken) == [1]
        place.add()
        place.claim("one")
        await until(lambda: seqs(woken) == [1, 2])


async def test_it_wakes_also_where_nothing_can_be_written(place, monkeypatch, caplog):
    def seen(*_, **__):
        raise WebWorkLogUnavailableError("The disk is full.")

    monkeypatch.setattr(Consumers, "seen", seen)
    place.add()
    async with watched(place) as woken:
        await until(lambda: woken)
        place.add()
        place.claim("one")
        await until(lambda: seqs(woken) == [1, 2])

    assert "The disk is full." in caplog.text


async def test_a_hundred_that_watch_ask_two_questions_an_interval(place):
    asked = [Subscription.of(f"team{number}", types=["tracker.stopped"]) for number in range(100)]
    for each in asked:
        place.consumers.create(each.consumer, each.wanted)
    queries = []

    def count(*event):
        queries.append(event[2])

    async with AsyncExitStack() as stack:
        everybody = [await stack.enter_async_context(watched(place, each)) for each in asked]
        await until(lambda: len(place.lags) == 100)
        sa.event.listen(sa.Engine, "before_cursor_execute", count)
        began = asyncio.get_running_loop().time()
        await looks(place, 10)
        passed = asyncio.get_running_loop().time() - began
        sa.event.remove(sa.Engine, "before_cursor_execute", count)
        place.add()
        await until(lambda: all(everybody))

    # Of each question one may have been under way in the beginning.
    assert 10 <= len([query for query in queries if query.startswith("SELECT")]) <= 2 * (passed / INTERVAL + 2)
    assert [woken[0]["consumer"] for woken in everybody] == [each.consumer for each in asked]


async def test_nothing_goes_on_after_the_last_one_stopped_watching(place):
    async with watched(place):
        await looks(place, 3)

    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
