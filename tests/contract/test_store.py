"""Every connection is durable, blocks nobody without need, and belongs to one process."""

import gc
import os
import sqlite3
import traceback
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from tests.contract.arrivals import arrival
from tests.contract.processes import together


def test_every_connection_syncs_each_commit_to_disk(open_store, sqlite_url):
    store = open_store(sqlite_url)
    held = [store.read() for _ in range(3)] + [store.write()]
    connections = [each.__enter__() for each in held]
    settings = [[c.scalar(sa.text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")] for c in connections]
    assert len({id(connection.connection.driver_connection) for connection in connections}) == 4
    for each in held:
        each.__exit__(None, None, None)

    assert settings == [["wal", 2]] * 4  # 2 is FULL


@pytest.mark.parametrize("use", ["read", "write"])
def test_a_transaction_that_fails_is_rolled_back_and_its_connection_is_clean(store, log, use):
    log.append([arrival()])

    def fail_on_the_way():
        with getattr(store, use)() as connection:
            connection.execute(sa.text("DELETE FROM event"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_on_the_way()
    assert log.head() == 1
    assert log.append([arrival()])[0].seq == 2


def append_in_parent_and_child(url):
    """Use the log, fork, use it on both sides; return the connections' file descriptors of both."""
    store = Store(url)
    log = EventLog(store)
    log.append([arrival()])
    with store.read() as connection:
        inherited = connection.connection.driver_connection
    child = os.fork()
    for _ in range(50):
        log.append([arrival()])
    if child == 0:
        with store.read() as connection:
            os._exit(0 if connection.connection.driver_connection is not inherited else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    log.append([arrival()])
    store.close()
    return status


def test_after_a_fork_parent_and_child_use_connections_of_their_own(store_url, store, log):
    assert together(append_in_parent_and_child, [(store_url,)]) == [0]

    assert [event.seq for event in log.read()] == list(range(1, 103))
    if store_url.startswith("sqlite"):
        with store.read() as connection:
            assert connection.scalar(sa.text("PRAGMA integrity_check")) == "ok"


def test_a_store_that_nobody_needs_any_more_closes_its_connections(store_url):
    store = Store(store_url)
    with store.read() as connection:
        used = connection.connection.driver_connection
    del store, connection
    gc.collect()

    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        used.execute("SELECT 1")


# Where a log can be.


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///events.db",
        "sqlite:///file:/srv/events.db?mode=memory&uri=true",
        "sqlite+aiosqlite:////srv/events.db",
        "postgresql+psycopg://webwork:hunter2hunter2@db/events?password=hunter2hunter2",
        "postgresql://webwork:hunter2hunter2@db",
        "postgresql://webwork:hunter2hunter2@db/events?sslmod=require",
        "postgresql://webwork:with@hunter2hunter2@db/events",
        "postgresql://webwork:hunter2hunter2@db:port/events",
        "mysql://webwork:hunter2hunter2@db/events",
        "not a URL with hunter2hunter2",
        "",
    ],
)
def test_a_url_that_every_process_would_understand_differently_or_not_at_all_is_refused(url):
    with pytest.raises(WebWorkConfigurationError, match=r"\[webwork\] event_store_url") as refused:
        Store(url)

    assert "hunter2hunter2" not in "".join(traceback.format_exception(refused.value))


def test_making_a_store_touches_nothing(tmp_path):
    assert "events.db" in repr(Store(f"sqlite:///{tmp_path / 'events.db'}"))
    assert list(Path(tmp_path).iterdir()) == []
