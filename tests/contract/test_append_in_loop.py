"""Callers in an event loop hear what became of their arrivals, whoever of them goes away and whatever becomes of it."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events.append import LoopAppender, RefusedError
from airflow_provider_webwork.events.log import Stored
from tests.contract.appending import PATIENCE, Gate
from tests.contract.arrivals import arrival


@pytest.fixture
def gate(log):
    return Gate(log.append)


@asynccontextmanager
async def appending(gate, *, capacity=1_000):
    appender = LoopAppender(gate, capacity=capacity)
    try:
        yield appender
    finally:
        gate.open()
        await asyncio.to_thread(appender.close)


async def behind(gate, appender, *units):
    """Let one arrival keep the writer busy, and the units come to wait behind it."""
    tasks = [asyncio.create_task(appender.append(arrival()))]
    assert await asyncio.to_thread(gate.reached.wait, PATIENCE)
    tasks += [asyncio.create_task(appender.append(*unit)) for unit in units]
    await asyncio.sleep(0)
    return tasks


async def test_all_that_wait_share_a_transaction_and_learn_their_own_places(gate, log):
    units = [[arrival() for _ in range(size)] for size in (1, 3, 1, 2)]
    async with appending(gate) as appender:
        tasks = await behind(gate, appender, *units)
        gate.open()
        _, *places = await asyncio.gather(*tasks)

    assert [[place.event_id for place in each] for each in places] == [[one.event.id for one in unit] for unit in units]
    assert gate.sizes == [1, 7]
    assert log.head() == 8


async def test_who_hears_of_success_finds_the_event(gate, log):
    gate.open()
    async with appending(gate) as appender:
        for _ in range(20):
            [place] = await appender.append(arrival())
            assert place.seq == log.head()


async def test_one_that_is_refused_harms_no_other(gate, log):
    units = [[arrival()], [arrival(type=None)], [arrival()]]
    async with appending(gate) as appender:
        tasks = await behind(gate, appender, *units)
        gate.open()
        told = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(told[2], RefusedError)
    assert [event.id for event in log.read()][1:] == [units[0][0].event.id, units[2][0].event.id]


async def test_a_log_that_is_away_is_told_to_all_who_wait():
    def away(_):
        raise WebWorkLogUnavailableError("The log is away.")

    gate = Gate(away)
    async with appending(gate) as appender:
        tasks = await behind(gate, appender, [arrival()], [arrival()])
        gate.open()
        told = await asyncio.gather(*tasks, return_exceptions=True)

    assert [str(each) for each in told] == ["The log is away."] * 3


async def test_who_goes_away_stops_nobody_and_the_event_is_stored(gate, log):
    async with appending(gate, capacity=3) as appender:
        first, gone, last = await behind(gate, appender, [arrival()], [arrival()])
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        with pytest.raises(WebWorkLogUnavailableError, match="Too many"):  # it still waits, so it still takes room
            await appender.append(arrival())
        gate.open()
        places = await asyncio.gather(first, last)

    assert [place.seq for [place] in places] == [1, 3]
    assert log.head() == 3


async def test_there_is_room_again_as_soon_as_somebody_is_answered(gate, log):
    gate.open()
    async with appending(gate, capacity=3) as appender:
        for _ in range(20):
            told = await asyncio.gather(*(appender.append(arrival()) for _ in range(3)))
            assert all(isinstance(place, Stored) for [place] in told)

    assert log.head() == 60


async def test_who_waits_while_it_is_closed_is_answered(gate, log):
    async with appending(gate) as appender:
        tasks = await behind(gate, appender, [arrival()], [arrival()])
    with pytest.raises(WebWorkLogUnavailableError, match="closed"):
        await appender.append(arrival())

    assert all(task.done() for task in tasks)
    assert [place.seq for task in tasks for place in task.result()] == [1, 2, 3]


def test_what_waits_when_its_event_loop_ends_is_stored(gate, log):
    async def leave():
        appender = LoopAppender(gate, capacity=10)
        await behind(gate, appender, [arrival()], [arrival()])
        return appender

    appender = asyncio.run(leave())
    gate.open()
    appender.close()

    assert log.head() == 3
