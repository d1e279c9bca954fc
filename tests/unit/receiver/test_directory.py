"""Endpoints are found by key, from memory, and never reported missing when nobody could look."""

import asyncio
import selectors
from dataclasses import replace

import pytest

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.receiver.directory import Directory
from airflow_provider_webwork.receiver.outage import Outage
from airflow_provider_webwork.secrets import hash_key
from tests.unit.receiver.conftest import NOON, until


class Log:
    """An event log that can go away."""

    def __init__(self, endpoint):
        self.endpoints = [replace(endpoint, key_hashes={hash_key("known"): None})]
        self.reads = 0
        self.away = False

    def __call__(self):
        self.reads += 1
        if self.away:
            raise WebWorkLogUnavailableError("The event log is away.")
        return list(self.endpoints)


@pytest.fixture
def log(endpoint):
    return Log(endpoint)


@pytest.fixture
async def directory(log, clock):
    directory = Directory(log, now=clock, every=30.0, at_least=0.01)
    await directory.start()
    yield directory
    await directory.stop()


async def test_a_known_key_is_found_without_reading(directory, log):
    assert (await directory.find("known")).name == "payroll"
    assert log.reads == 1


async def test_unknown_keys_share_one_read(directory, log):
    found = await asyncio.gather(*(directory.find(f"unknown-{number}") for number in range(500)))
    assert found == [None] * 500
    assert log.reads == 2


@pytest.mark.parametrize("key", ["unknown", "expired", "revoked"])
async def test_keys_that_are_not_good_take_the_same_way(directory, log, endpoint, key):
    log.endpoints = [replace(endpoint, key_hashes={hash_key("expired"): NOON, hash_key("revoked"): None})]
    assert await directory.find("revoked") is not None
    log.endpoints = [replace(endpoint, key_hashes={hash_key("expired"): NOON})]
    await directory.find("anything")
    before = log.reads
    assert await directory.find(key) is None
    assert log.reads == before + 1


async def test_unknown_keys_cannot_make_it_read_without_end(log, clock):
    directory = Directory(log, now=clock, every=30.0, at_least=0.05)
    await directory.start()
    began = asyncio.get_running_loop().time()
    for number in range(10):
        await directory.find(f"unknown-{number}")
    took = asyncio.get_running_loop().time() - began
    await directory.stop()
    assert took >= 10 * 0.05


async def test_a_key_made_while_a_read_is_under_way_is_found_by_the_next(log, clock, endpoint):
    directory = Directory(log, now=clock, every=30.0, at_least=0.0)
    await directory.start()
    loop, under_way = asyncio.get_running_loop(), asyncio.Event()
    read, goes_on = directory._load, asyncio.Event()

    def slow_read():
        result = list(read())
        loop.call_soon_threadsafe(under_way.set)
        asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result()
        return result

    directory._load = slow_read
    first = asyncio.create_task(directory.find("other"))
    await under_way.wait()
    log.endpoints.append(replace(endpoint, name="late", key_hashes={hash_key("late"): None}))
    late = asyncio.create_task(directory.find("late"))
    await asyncio.sleep(0)
    directory._load = read
    goes_on.set()
    assert await first is None
    assert (await late).name == "late"
    await directory.stop()


async def test_while_the_log_is_away_known_keys_work_and_unknown_ones_are_not_reported_missing(directory, log):
    log.away = True
    with pytest.raises(WebWorkLogUnavailableError):
        await directory.find("unknown")
    assert (await directory.find("known")).name == "payroll"
    assert not directory.works
    log.away = False
    assert await directory.find("unknown") is None
    assert directory.works


async def test_a_log_that_is_away_at_the_start_is_waited_for(log, clock):
    log.away = True
    directory = Directory(log, now=clock, every=0.02, at_least=0.01)
    await directory.start()
    with pytest.raises(WebWorkLogUnavailableError):
        await directory.find("known")
    log.away = False
    assert (await directory.find("known")).name == "payroll"
    await directory.stop()


async def test_a_read_that_hangs_does_not_keep_senders_waiting(log, clock):
    directory = Directory(log, now=clock, every=30.0, at_least=20.0, patience=0.01)
    await directory.start()
    with pytest.raises(WebWorkLogUnavailableError):
        await directory.find("unknown")
    await directory.stop()


class Hasty(asyncio.SelectorEventLoop):
    """An event loop whose time passes as soon as it waits."""

    def __init__(self):
        self.seconds = 0.0
        super().__init__(Unblocked(self))

    def time(self):
        return self.seconds


class Unblocked(selectors.DefaultSelector):
    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        self._loop.seconds += timeout or 0.0
        return super().select(0)


def test_what_is_known_is_at_most_a_second_old(log, clock, monkeypatch):
    async def at_once(read):
        return read()

    async def known_after(seconds):
        directory = Directory(log, now=clock)
        await directory.start()
        log.endpoints.clear()
        await asyncio.sleep(seconds)
        endpoint = directory._accepting(hash_key("known"))
        await directory.stop()
        return endpoint

    monkeypatch.setattr(asyncio, "to_thread", at_once)
    with asyncio.Runner(loop_factory=Hasty) as runner:
        assert runner.run(known_after(1)) is None


async def test_changes_are_seen_without_anybody_asking(log, clock):
    directory = Directory(log, now=clock, every=0.02, at_least=0.01)
    await directory.start()
    log.endpoints.clear()
    await until(lambda: directory._accepting(hash_key("known")) is None)
    await directory.stop()


async def test_a_key_that_expired_is_unknown(directory, log, clock):
    log.endpoints = [replace(log.endpoints[0], key_hashes={hash_key("dying"): NOON})]
    clock.goes_on(seconds=-1)
    assert (await directory.find("dying")).name == "payroll"
    clock.goes_on(seconds=1)
    assert await directory.find("dying") is None


async def test_an_outage_is_logged_once_and_so_is_its_end(directory, log, caplog):
    caplog.set_level("INFO")
    log.away = True
    for _ in range(3):
        with pytest.raises(WebWorkLogUnavailableError):
            await directory.find("unknown")
    log.away = False
    await directory.find("unknown")
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


async def test_stopping_lets_nobody_wait(log, clock):
    directory = Directory(log, now=clock, every=30.0, at_least=20.0, patience=60.0)
    await directory.start()
    waiting = asyncio.create_task(directory.find("unknown"))
    await asyncio.sleep(0)
    await directory.stop()
    async with asyncio.timeout(10):
        with pytest.raises(WebWorkLogUnavailableError):
            await waiting


def test_the_text_of_an_error_that_is_not_ours_is_not_logged(caplog):
    Outage("It broke").failed(ValueError("canary"))
    assert "It broke: ValueError" in caplog.text
    assert "canary" not in caplog.text
