"""The database is away for a minute under load: no false success, nothing lost, and in use again at once."""

import time

import pytest

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from tests.contract.appending import PATIENCE, outcomes, writing
from tests.contract.sending import Senders, Told, delivery, numbered, unheard
from tests.databases import PostgreSQL

RECOVERY = 5
"""Seconds after which a database that is back must be in use again."""


class Killed:
    """A PostgreSQL server that goes away and comes back."""

    def __init__(self):
        self._server = PostgreSQL()
        self.url = self._server.emptied_log()
        self.go, self.come_back, self.stop = self._server.kill, self._server.start, self._server.stop


class Unmounted:
    """An SQLite file whose disk goes away and comes back."""

    def __init__(self, folder):
        self._here, self._away = folder / "disk", folder / "elsewhere"
        self._here.mkdir()
        self.url = f"sqlite:///{self._here / 'events.db'}"

    def go(self):
        self._here.rename(self._away)

    def come_back(self):
        self._away.rename(self._here)

    def stop(self):
        pass


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    made = Killed() if request.param == "postgresql" else Unmounted(tmp_path)
    yield made
    made.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.heavy)])
def test_while_the_database_is_away_no_success_is_told_and_when_it_is_back_nothing_is_missing(
    database, open_store, seconds
):
    log = EventLog(open_store(database.url))
    told = Told()
    with writing(log.append) as appender:
        with Senders(appender, numbered("event"), tell=told) as senders:
            told.more(200)
            database.go()
            senders.refusal.clear()
            assert senders.refusal.wait(PATIENCE)  # what was on its way is answered
            before = len(told.keys)
            time.sleep(seconds)
            during = len(told.keys) - before
            database.come_back()
            told.more(200, within=RECOVERY)
        again = unheard("event", told.keys)
        outcomes([appender.submit(delivery(key)) for key in again])

    assert during == 0
    stored = [event.payload["key"] for event in EventLog(Store(database.url)).read()]
    assert len(stored) == len(set(stored))
    assert set(stored) == told.keys | set(again)
