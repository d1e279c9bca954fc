"""A receiver that is killed at any step of moving its spool into the log neither loses nor doubles a delivery."""

import asyncio
import os
import signal
import time

import pytest

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.metrics import NoMeter
from airflow_provider_webwork.receiver.spool import Spool
from airflow_provider_webwork.receiver.spooling import SpoolingIntake
from tests.contract.arrivals import arrival
from tests.contract.processes import FRESH
from tests.unit.receiver.conftest import until

KEYS = [f"e{number}" for number in range(30)]
PAGE = 7


class Log:
    """The log, or one that is away."""

    def __init__(self, url, *, away=False):
        log = EventLog(Store(url))
        self.append, self.append_once = (refuse, refuse) if away else (log.append, log.append_once)


def refuse(_):
    raise WebWorkLogUnavailableError("It is away.")


def fill(url, path):
    """Spool deliveries while the log is away."""

    async def main():
        with_spool = opened(path)
        intake = SpoolingIntake(Log(url, away=True), with_spool, capacity=100, meter=NoMeter())
        for key in KEYS:
            await intake.take(arrival(key, payload={"key": key}))
        await intake.stop()
        with_spool.close()

    asyncio.run(main())


def move(url, path, step, fault=None):
    """Move the spool, and be killed at a step of the second page; without a step, move all of it."""

    async def main():
        spool, log = opened(path), Log(url)
        if fault == "removes first":
            remove_first(spool, log)
        steps = {
            "before the page is read": (spool, "page", True),
            "before the log commits": (log, "append_once", True),
            "before the spool forgets": (spool, "remove", True),
            "after the spool forgot": (spool, "remove", False),
        }
        if step:
            kill_at(*steps[step])
        intake = SpoolingIntake(log, spool, capacity=100, meter=NoMeter(), again=0.01)
        await until(lambda: not spool.waiting)
        await intake.stop()
        spool.close()

    asyncio.run(main())


def opened(path):
    import airflow_provider_webwork.receiver.spool as module

    module.MOST_IN_PAGE = PAGE
    spool = Spool(path, max_bytes=10_000_000)
    spool.open()
    return spool


def kill_at(thing, name, first):
    done = getattr(thing, name)
    calls = []

    def do(*args, **options):
        calls.append(name)
        dies = len(calls) == 2
        if dies and first:
            os.kill(os.getpid(), signal.SIGKILL)
        result = done(*args, **options)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(thing, name, do)


def remove_first(spool, log):
    """The oldest fault of queues: what is taken is forgotten before it is somewhere else."""
    page, spool_remove = spool.page, spool.remove

    def take():
        found = page()
        spool_remove([each.place for each in found])
        return found

    spool.page, spool.remove = take, lambda *_, **__: None


def run(function, *arguments):
    process = FRESH.Process(target=function, args=arguments)
    process.start()
    process.join(120)
    return process.exitcode


STEPS = [
    "before the page is read",
    "before the log commits",
    "before the spool forgets",
    "after the spool forgot",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_of_moving_neither_loses_nor_doubles_nor_changes_the_order(store_url, tmp_path, log, step):
    path = tmp_path / "spool.db"
    assert run(fill, store_url, path) == 0
    assert list(log.read()) == []
    assert run(move, store_url, path, step) == -signal.SIGKILL
    between = len(list(log.read()))
    assert between == {"before the spool forgets": 2 * PAGE, "after the spool forgot": 2 * PAGE}.get(step, PAGE)
    assert run(move, store_url, path, None) == 0
    assert [event.payload["key"] for event in log.read()] == KEYS


def test_a_receiver_that_forgets_before_the_log_has_it_is_found_out(sqlite_url, tmp_path):
    path = tmp_path / "spool.db"
    assert run(fill, sqlite_url, path) == 0
    assert run(move, sqlite_url, path, "before the log commits", "removes first") == -signal.SIGKILL
    assert run(move, sqlite_url, path, None, "removes first") == 0
    store = Store(sqlite_url)
    assert len(list(EventLog(store).read())) == len(KEYS) - PAGE
    store.close()


@pytest.mark.parametrize("kills", [5, pytest.param(60, marks=pytest.mark.heavy)])
def test_kills_at_any_moment_of_moving_neither_lose_nor_double(store_url, tmp_path, log, kills):
    path = tmp_path / "spool.db"
    assert run(fill, store_url, path) == 0
    for number in range(kills):
        process = FRESH.Process(target=move, args=(store_url, path, None))
        process.start()
        before = log.head()
        deadline = time.monotonic() + 0.3 + number % 7 * 0.01
        while log.head() == before and time.monotonic() < deadline:
            time.sleep(0.001)
        process.kill()
        process.join()
    assert run(move, store_url, path, None) == 0
    assert [event.payload["key"] for event in log.read()] == KEYS
