"""SIGKILL, under load, of the process that writes and of the database: nothing is lost that a sender was told.

``--log-cli-level=INFO`` shows how much was told and stored.
"""

import logging
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from tests.contract.appending import PATIENCE, outcomes, writing
from tests.contract.processes import FRESH
from tests.contract.sending import Senders, Told, acknowledging_first, delivery, numbered, unheard
from tests.databases import PostgreSQL

figures = logging.getLogger(__name__)

RECOVERY = 5
"""Seconds after which a database that is back must be in use again."""


def honest(append_all):
    return append_all


def write_until_killed(url, name, again, fault, sending):
    with writing(fault(EventLog(Store(url)).append)) as appender:
        Senders(appender, chain(again, numbered(name)), tell=sending.send).run()


class Writer:
    """A process that writes for many senders, until it is killed; what they hear outlives it in a pipe.

    :param name: what its new events are called by.
    :param again: what it is sent before them.
    """

    def __init__(self, url, name, *, again=(), fault=honest):
        self._receiving, sending = FRESH.Pipe(duplex=False)
        self._process = FRESH.Process(target=write_until_killed, args=(url, name, again, fault, sending))
        self._process.start()
        sending.close()
        self.told = set()

    def hear(self, number):
        for _ in range(number):
            assert self._receiving.poll(PATIENCE), "the writer tells nothing"
            self.told.add(self._receiving.recv())

    def kill(self):
        self._process.kill()
        try:
            while True:
                self.told.add(self._receiving.recv())
        except EOFError:
            self._receiving.close()
        self._process.join()
        self._process.close()


def kill_writers(url, kills, *, fault=honest):
    """Kill one writer after the other; return what was told, and what was not told of what may have been sent."""
    chance = random.Random(kills)
    told, again = set(), []
    for number in range(kills):
        writer = Writer(url, f"writer {number}", again=again, fault=fault)
        writer.hear(chance.randint(1, 100))
        time.sleep(chance.uniform(0, 0.005))
        writer.kill()
        told |= writer.told
        again = [key for key in again if key not in told] + unheard(f"writer {number}", told)
    return told, again


def keys_in(log):
    """Return how often each event is in the log; there is no hole in it."""
    keys, places = Counter(), 0
    for places, event in enumerate(log.read(), start=1):
        keys[event.payload["key"]] += 1
        assert event.seq == places
    assert log.head() == places
    return keys


def assert_each_once(log, told, again):
    stored = keys_in(log)
    figures.info("%d events told, %d of them lost; %d stored", len(told), len(told - stored.keys()), stored.total())
    assert told <= stored.keys()
    with writing(log.append) as appender:
        outcomes([appender.submit(delivery(key)) for key in again])
    assert keys_in(log) == dict.fromkeys(told.union(again), 1)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kills", [50, pytest.param(1_000, marks=pytest.mark.heavy)])
def test_nothing_that_was_told_is_lost_or_twice_when_the_writer_is_killed(store_url, log, kills):
    told, again = kill_writers(store_url, kills)

    assert len(told) > 50 * kills / 2
    assert_each_once(log, told, again)


def test_killing_the_writer_finds_out_one_that_acknowledges_before_the_commit(store_url, log):
    told, _ = kill_writers(store_url, 3, fault=acknowledging_first)

    assert told - keys_in(log).keys()


# The database.


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server that a test may ruin."""
    server = PostgreSQL()
    yield server
    server.stop()


def kill_server(server, append_all, kills):
    """Kill the server time and again while the same appender goes on; return what was told, and what was not."""
    chance = random.Random(kills)
    told = Told()
    with writing(append_all) as appender, Senders(appender, numbered("server"), tell=told):
        for _ in range(kills):
            told.more(chance.randint(1, 300))
            time.sleep(chance.uniform(0, 0.005))
            server.kill()
            server.start()
            told.more(1, within=RECOVERY)
    return told.keys, unheard("server", told.keys)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.heavy)])
def test_nothing_that_was_told_is_lost_or_twice_when_the_database_is_killed(server, open_store, kills):
    log = EventLog(open_store(server.emptied_log()))
    told, again = kill_server(server, log.append, kills)

    assert len(told) > 50 * kills
    assert_each_once(log, told, again)


def test_killing_the_database_finds_out_one_that_acknowledges_before_the_commit(server, open_store):
    log = EventLog(open_store(server.emptied_log()))
    with ThreadPoolExecutor(max_workers=1) as behind:
        told, _ = kill_server(server, acknowledging_first(log.append, behind), 1)

    assert told - keys_in(log).keys()
