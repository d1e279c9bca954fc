"""One of the receivers removes old events every hour, in a thread, and says what it did."""

import threading
from datetime import timedelta

import pytest

from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.upkeep import EVERY, Upkeep
from tests.contract.arrivals import arrival
from tests.unit.receiver.conftest import PATIENCE, until


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'events.db'}")
    yield store
    store.close()


@pytest.fixture
def upkeep(store, clock):
    upkeep = Upkeep(
        store,
        retention=timedelta(days=90),
        consumer_expiry=timedelta(days=30),
        now=clock,
        after=timedelta(0),
    )
    yield upkeep
    upkeep.stop()


async def test_old_events_are_removed_and_the_log_line_says_how_many(store, clock, upkeep, caplog):
    caplog.set_level("INFO", "airflow_provider_webwork")
    log = EventLog(store)
    log.append([arrival() for _ in range(5)])
    clock.goes_on(days=91)
    upkeep.start("one/1")
    await until(lambda: caplog.records)
    assert caplog.messages == ["Removed 4 old events; the oldest that is left has seq 5."]
    assert [event.seq for event in log.read()] == [5]


async def test_the_log_line_names_the_consumer_that_keeps_events(store, clock, upkeep, caplog):
    caplog.set_level("INFO", "airflow_provider_webwork")
    EventLog(store).append([arrival() for _ in range(5)])
    clock.goes_on(days=91)
    Consumers(store, now=clock).create("payroll", EventFilter(), start="beginning")
    upkeep.start("one/1")
    await until(lambda: caplog.records)
    assert "Removed 0 old events" in caplog.text
    assert "consumer payroll keeps it" in caplog.text


async def test_while_another_receiver_has_the_lease_nothing_is_removed(store, clock, upkeep, monkeypatch):
    log = EventLog(store)
    log.append([arrival() for _ in range(5)])
    clock.goes_on(days=91)
    assert Leases(store, now=clock).take("prune", "other/1", length=EVERY)
    asked = threading.Event()
    take = Leases.take

    def take_and_tell(self, *arguments, **options):
        taken = take(self, *arguments, **options)
        asked.set()
        return taken

    monkeypatch.setattr(Leases, "take", take_and_tell)
    upkeep.start("one/1")
    await until(asked.is_set)
    upkeep.stop()
    assert len(list(log.read())) == 5


async def test_a_receiver_that_stops_does_not_wait_for_the_end_of_a_long_prune(store, clock, upkeep, monkeypatch):
    pause = upkeep._retention._sleep
    monkeypatch.setattr(upkeep._retention, "_sleep", lambda _: pause(10 * PATIENCE))  # as long as stopping lets it
    log = EventLog(store)
    log.append([arrival() for _ in range(20_000)])
    clock.goes_on(days=91)
    upkeep.start("one/1")
    await until(lambda: log.horizon() > 1)
    upkeep.stop()
    assert 1 < log.horizon() < 20_000


async def test_a_log_that_is_away_is_told_once_and_stops_nobody(tmp_path, clock, caplog):
    away = Store(f"sqlite:///{tmp_path}/nowhere/events.db")
    upkeep = Upkeep(away, retention=timedelta(1), consumer_expiry=timedelta(1), now=clock, after=timedelta(0))
    upkeep.start("one/1")
    await until(lambda: caplog.records)
    upkeep.stop()
    [message] = caplog.messages
    assert message.startswith("Old events cannot be removed from the event log: ")
