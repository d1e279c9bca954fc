"""Deliveries while the event log is away: kept, moved in order of arrival, each once, whatever breaks on the way."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.append import RefusedError
from airflow_provider_webwork.events.event import WEAK_WINDOW
from airflow_provider_webwork.events.log import EventLog, Stored
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.metrics import MOVED, NoMeter
from airflow_provider_webwork.receiver.spool import MOST_IN_PAGE, Spool, Spooled
from airflow_provider_webwork.receiver.spooling import SpoolingIntake
from tests.contract.arrivals import arrival
from tests.unit.receiver.conftest import PATIENCE, until


class Remote:
    """An event log that may be away, hang, or break at any step."""

    def __init__(self, log):
        self._log = log
        self.away = False
        self.breaks_after_commit = False
        self.poison = set()
        self.answering = threading.Event()
        self.answering.set()
        self.asked = self.answered = 0
        self.hangs_at = None

    def append(self, arrivals):
        return self._do(self._log.append, arrivals)

    def append_once(self, arrivals):
        return self._do(self._log.append_once, arrivals)

    def _do(self, append, arrivals):
        self.asked += 1
        if self.away:
            raise WebWorkLogUnavailableError("The log is away.")
        self.answered += 1
        if self.answered == self.hangs_at:
            self.answering.clear()
        self.answering.wait(2 * PATIENCE)
        if any(each.identity.key in self.poison for each in arrivals):
            raise ArithmeticError
        places = append(arrivals)
        if self.breaks_after_commit:
            raise WebWorkLogUnavailableError("The connection broke.")
        return places


class Moved(NoMeter):
    def __init__(self):
        self.count = 0

    def add(self, metric, amount, /, *labels):
        self.count += amount if metric is MOVED else 0


class Place:
    """An intake whose log is in one file and whose spool is in another."""

    def __init__(self, folder):
        self.store = Store(f"sqlite:///{folder / 'events.db'}")
        self.remote = Remote(EventLog(self.store))
        self.path = folder / "spool.db"
        self.spool = None
        self.intake = None
        self.meter = Moved()

    @asynccontextmanager
    async def running(self, *, patience=PATIENCE, max_bytes=100_000_000):
        self.spool = Spool(self.path, max_bytes=max_bytes)
        self.spool.open()
        self.intake = SpoolingIntake(
            self.remote, self.spool, capacity=1_000, meter=self.meter, patience=patience, again=0.01
        )
        try:
            yield self.intake
        finally:
            await self.intake.stop()
            self.spool.close()

    async def moved(self):
        await until(lambda: not self.spool.waiting)

    def keys(self):
        return [event.payload["key"] for event in EventLog(self.store).read()]


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.store.close()


async def take(intake, told):
    """Take one arrival and return where it is."""
    [place] = await intake.take(told)
    return place


def tell(key, **fields):
    return arrival(key, payload={"key": key}, **fields)


async def test_while_the_log_works_nothing_is_spooled(place):
    async with place.running() as intake:
        taken = await asyncio.gather(*(take(intake, tell(f"e{number}")) for number in range(100)))
        assert {type(each) for each in taken} == {Stored}
        assert place.meter.count == 0
    assert len(place.keys()) == 100


async def test_what_comes_while_the_log_is_away_is_moved_in_order_of_arrival_before_what_comes_later(place):
    async with place.running() as intake:
        place.remote.away = True
        taken = [await take(intake, tell(f"e{number}")) for number in range(20)]
        assert {type(each) for each in taken} == {Spooled}
        place.remote.away = False
        async with asyncio.timeout(PATIENCE):  # it goes back to the log although they keep coming
            while len(taken) < 300 or not isinstance(taken[-1], Stored):
                taken.append(await take(intake, tell(f"e{len(taken)}")))
    assert place.keys() == [f"e{number}" for number in range(len(taken))]


async def test_arrivals_that_belong_together_are_taken_together(place):
    together = [[tell(f"{name}{number}") for number in range(3)] for name in "abc"]
    async with place.running() as intake:
        stored = await intake.take(*together[0])
        place.remote.away = True
        spooled = await intake.take(*together[1])
        place.remote.away = False
        await intake.take(*together[2])
        await place.moved()
    assert [type(each) for each in (*stored, *spooled)] == [Stored] * 3 + [Spooled] * 3
    assert [each.event_id for each in (*stored, *spooled)] == [each.event.id for each in (*together[0], *together[1])]
    assert place.keys() == [f"{name}{number}" for name in "abc" for number in range(3)]


async def test_under_a_constant_load_it_goes_back_to_the_log(place):
    async with place.running() as intake:
        place.remote.away = True
        counts = {Stored: 0, Spooled: 0}
        done = asyncio.Event()

        async def sender(name):
            number = 0
            while not done.is_set():
                counts[type(await take(intake, tell(f"{name}-{number}")))] += 1
                number += 1

        senders = [asyncio.create_task(sender(name)) for name in "abcdefgh"]
        await until(lambda: counts[Spooled] > 200)
        assert counts[Stored] == 0
        place.remote.away = False
        await until(lambda: counts[Stored] > 200)
        done.set()
        await asyncio.gather(*senders)
        await place.moved()
    keys = place.keys()
    assert len(keys) == len(set(keys)) == sum(counts.values())
    for name in "abcdefgh":
        numbers = [int(key.partition("-")[2]) for key in keys if key.startswith(name)]
        assert numbers == sorted(numbers)


async def test_a_log_that_does_not_answer_is_not_waited_for_longer_than_senders_are_patient(place):
    async with place.running(patience=0.05) as intake:
        place.remote.answering.clear()
        first = await take(intake, tell("e0"))
        second = await asyncio.wait_for(take(intake, tell("e1")), PATIENCE)
        assert (type(first), type(second)) == (Spooled, Spooled)
        place.remote.answering.set()  # and now it stores the first one after all
        await place.moved()
    assert place.keys() == ["e0", "e1"]


async def test_a_log_that_hangs_while_the_last_ones_are_moved_keeps_nobody_waiting(place):
    async with place.running() as intake:
        keys = [f"e{number}" for number in range(MOST_IN_PAGE + 3)]
        place.remote.away = True
        await asyncio.gather(*(take(intake, tell(key)) for key in keys[:-2]))
        intake._patience = 0.05  # until now nobody was to give up before the log said that it is away
        place.remote.hangs_at = 2
        place.remote.away = False
        await until(lambda: place.spool.waiting == 1 and not place.remote.answering.is_set())
        taken = await asyncio.wait_for(asyncio.gather(*(take(intake, tell(key)) for key in keys[-2:])), PATIENCE)
        assert {type(each) for each in taken} == {Spooled}
        place.remote.answering.set()
        await place.moved()
    assert place.keys() == keys


@pytest.mark.parametrize("window", [{}, {"window": WEAK_WINDOW}])
async def test_what_the_log_took_without_saying_so_is_moved_and_is_there_once(place, window):
    async with place.running() as intake:
        place.remote.breaks_after_commit = True
        assert isinstance(await take(intake, tell("e0", **window)), Spooled)
        # By now another receiver has stored a later event that reads like it, so that its identity names that one.
        later = tell("e0", **window, after=2 * tell("x", **window).identity.window)
        EventLog(place.store).append([later])
        asked = place.remote.asked
        await until(lambda: place.remote.asked > asked)
        place.remote.breaks_after_commit = False
        await place.moved()
    assert place.keys() == ["e0", "e0"]


@pytest.mark.parametrize("step", ["page", "append_once", "remove"])
async def test_a_crash_at_any_step_of_moving_neither_loses_nor_doubles(place, step, monkeypatch):
    keys = [f"e{number}" for number in range(10)]
    async with place.running() as intake:
        place.remote.away = True
        for key in keys:
            await take(intake, tell(key))
        broken = threading.Event()

        def crash(*_, **__):
            broken.set()
            raise WebWorkLogUnavailableError("It crashes.")

        with monkeypatch.context() as patch:
            patch.setattr(*{"page": (place.spool, "page"), "remove": (place.spool, "remove")}.get(
                step, (place.intake, "_append_once")
            ), crash)  # fmt: skip
            place.remote.away = False
            await until(broken.is_set)
            await intake.stop()  # what comes now is another process
        assert place.spool.waiting == 10
        assert len(place.keys()) == (10 if step == "remove" else 0)
    async with place.running():
        await place.moved()
    assert place.keys() == keys


async def test_a_process_that_finds_a_full_spool_moves_it_before_it_stores_what_comes(place):
    async with place.running() as intake:
        place.remote.away = True
        for number in range(5):
            await take(intake, tell(f"e{number}"))
    place.remote.away = False
    async with place.running() as intake:
        await take(intake, tell("e5"))
        await place.moved()
    assert place.keys() == [f"e{number}" for number in range(6)]


async def test_repeated_deliveries_in_the_spool_are_stored_once(place):
    async with place.running() as intake:
        place.remote.away = True
        for _ in range(3):
            await take(intake, tell("same"))
        place.remote.away = False
        await place.moved()
        assert (await take(intake, tell("same"))).repeated
    assert place.keys() == ["same"]


async def test_honest_events_that_read_alike_stay_two_however_late_they_are_moved(place):
    async with place.running() as intake:
        place.remote.away = True
        await take(intake, tell("alike", window=WEAK_WINDOW))
        await take(intake, tell("alike", window=WEAK_WINDOW, after=WEAK_WINDOW))
        place.remote.away = False
        await place.moved()
    assert place.keys() == ["alike", "alike"]


async def test_one_that_the_log_refuses_holds_up_nobody_is_not_lost_and_is_told(place, caplog):
    async with place.running() as intake:
        place.remote.away = True
        for number in range(9):
            await take(intake, tell(f"e{number}"))
        place.remote.poison = {"e2", "e5"}
        place.remote.away = False
        await place.moved()
        assert place.spool.set_aside == 2
        with pytest.raises(RefusedError):  # what cannot be stored now will not be later
            await take(intake, tell("e5"))
    assert caplog.text.count("it stays in the spool, at ") == 2
    place.remote.poison = set()
    async with place.running():
        await place.moved()
    assert place.keys() == ["e0", "e1", "e3", "e4", "e6", "e7", "e8", "e2", "e5"]


async def test_a_log_that_refuses_everything_is_broken_and_nothing_is_set_aside(place):
    async with place.running() as intake:
        place.remote.away = True
        for number in range(3):
            await take(intake, tell(f"e{number}"))
        place.remote.poison = {"e0", "e1", "e2"}
        place.remote.away = False
        asked = place.remote.asked
        await until(lambda: place.remote.asked > asked + 10)
        place.remote.poison = set()
        await place.moved()
    assert place.keys() == ["e0", "e1", "e2"]


async def test_a_full_spool_refuses_and_what_is_in_it_is_moved(place):
    async with place.running(max_bytes=1_048_576) as intake:
        place.remote.away = True
        outcomes = [await try_to(take(intake, tell(f"e{number}", raw=b"x" * 50_000))) for number in range(30)]
        kept = [f"e{number}" for number, each in enumerate(outcomes) if isinstance(each, Spooled)]
        assert 5 < len(kept) < 30
        refused = {str(each) for each in outcomes if not isinstance(each, Spooled)}
        full = f"The spool {place.path} cannot be used: database or disk is full. "
        assert refused == {f"{full}See [webwork] spool_path and spool_max_bytes."}
        assert not intake.can_spool
        place.remote.away = False
        await place.moved()
        await until(lambda: intake.can_spool)
    assert place.keys() == kept


async def test_a_log_with_another_schema_is_waited_for_like_one_that_is_away(place, monkeypatch):
    async with place.running() as intake:
        with monkeypatch.context() as patch:
            patch.setattr(place.remote, "_do", raise_schema)
            assert isinstance(await take(intake, tell("e0")), Spooled)
        await place.moved()
    assert place.keys() == ["e0"]


async def try_to(coroutine):
    try:
        return await coroutine
    except WebWorkLogUnavailableError as error:
        return error


def raise_schema(*_):
    raise WebWorkLogError("The event log has schema revision 0001, and this version needs 0003.")


async def test_an_outage_is_told_once_and_its_end_too(place, caplog):
    caplog.set_level("INFO")
    async with place.running() as intake:
        place.remote.away = True
        for number in range(3):
            await take(intake, tell(f"e{number}"))
        asked = place.remote.asked
        await until(lambda: place.remote.asked > asked + 2)
        place.remote.away = False
        await place.moved()
        await until(lambda: "over" in caplog.text)
    lines = [record.message for record in caplog.records]
    assert lines == [
        "Deliveries wait in the spool: The log is away.",
        "Moved 3 spooled deliveries to the event log",
        "Deliveries wait in the spool: over.",
    ]
    assert place.meter.count == 3
