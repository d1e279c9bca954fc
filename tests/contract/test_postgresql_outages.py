"""PostgreSQL is killed, stands by, is full or hard to reach: no false success, and the same store goes on by itself."""

import os
import time
from contextlib import ExitStack

import psycopg
import pytest

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.log import EventLog, Stored
from tests.contract.appending import outcomes, writing
from tests.contract.arrivals import arrival
from tests.databases import PostgreSQL

RECOVERY = 5
"""Seconds after which a database that is back must be in use again."""


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server that a test may ruin."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def store_url(server):
    return server.emptied_log()


def backend_of(store):
    """Return the process of the server that serves a store."""
    with store.read() as connection:
        return connection.connection.driver_connection.info.backend_pid


def submit_until_stored(appender, *, within=RECOVERY):
    """Submit again and again, as a sender does that hears 503; return what was told first of all and at last."""
    deadline = time.monotonic() + within
    refused = []
    while True:
        [outcome] = outcomes([appender.submit(arrival())])
        if isinstance(outcome, Stored):
            return refused, outcome
        assert isinstance(outcome, WebWorkLogUnavailableError), outcome
        assert time.monotonic() < deadline, outcome
        refused.append(outcome)


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.heavy)])
def test_nothing_that_was_told_is_lost_when_the_server_is_killed_while_it_appends(server, log, kills):
    told: list[str] = []
    refused: list[WebWorkLogError] = []
    with writing(log.append) as appender:
        for number in range(kills):
            futures = [appender.submit(arrival()) for _ in range(300)]
            while not any(future.done() for future in futures):
                time.sleep(0.0005)
            time.sleep(number % 5 * 0.002)
            server.kill()
            some = outcomes(futures)
            server.start()
            _, place = submit_until_stored(appender)
            told += [each.event_id for each in [*some, place] if isinstance(each, Stored)]
            refused += [each for each in some if not isinstance(each, Stored)]

    assert {type(each) for each in refused} <= {WebWorkLogUnavailableError}
    assert set(told) <= {event.id for event in log.read()}
    assert [event.seq for event in log.read()] == list(range(1, log.head() + 1))
    assert len(told) > 2 * kills


def test_while_the_server_is_down_every_use_says_so_and_then_it_goes_on(server, store, log):
    log.append([arrival()])
    server.kill()
    try:
        for use in (log.head, lambda: log.append([arrival()])):
            with pytest.raises(WebWorkLogUnavailableError, match="Nothing was stored; try again"):
                use()
    finally:
        server.start()
    assert log.append([arrival()])[0].seq == 2


def test_a_server_that_is_restarted_in_an_orderly_way_is_not_even_noticed(server, log):
    log.append([arrival()])
    server.restart()

    assert log.append([arrival()])[0].seq == 2


def test_a_connection_that_is_ended_from_outside_in_the_middle_is_unavailable_and_then_it_goes_on(server, store, log):
    log.append([arrival()])

    def write_while_it_is_ended():
        with store.write(lock="append") as connection:
            server.execute(f"SELECT pg_terminate_backend({connection.connection.driver_connection.info.backend_pid})")
            connection.exec_driver_sql("DELETE FROM event")

    with pytest.raises(WebWorkLogUnavailableError, match="terminating connection"):
        write_while_it_is_ended()
    assert log.append([arrival()])[0].seq == 2


def test_a_standby_is_unavailable_for_writing_and_once_it_is_promoted_the_same_store_goes_on(server, log):
    log.append([arrival(type="before")])
    server.restart(standby=True)
    try:
        with pytest.raises(WebWorkLogUnavailableError, match="read-only transaction"):
            log.append([arrival()])
        assert [event.type for event in log.read()] == ["before"]
    finally:
        server.execute("SELECT pg_promote()")
    assert log.append([arrival(type="after")])[0].seq == 2


def test_a_database_that_is_made_read_only_is_unavailable_and_then_it_goes_on(server, store_url, open_store):
    server.execute("ALTER DATABASE log SET default_transaction_read_only = on")
    try:
        log = EventLog(open_store(store_url))
        with pytest.raises(WebWorkLogUnavailableError, match="read-only transaction"):
            log.append([arrival()])
    finally:
        server.execute("ALTER DATABASE log SET default_transaction_read_only = off")
    # The session that began read-only would stay so.
    assert log.append([arrival()])[0].seq == 1


def test_on_a_full_disk_no_success_is_told_and_with_room_again_it_goes_on(server, store, log):
    log.append([arrival()])
    # A table may not grow past 2 MB; the files of the write-ahead log have 1 MB each.
    backend = backend_of(store)
    server.limit_files(backend, to="2000000")
    told, refused = [], []
    with writing(log.append) as appender:
        while len(refused) < 5:
            [outcome] = outcomes([appender.submit(arrival(raw=os.urandom(200_000)))])
            (told if isinstance(outcome, Stored) else refused).append(outcome)
            assert len(told) < 100
        server.limit_files(backend, to="unlimited")
        told += outcomes([appender.submit(arrival())])

    assert {type(each) for each in refused} == {WebWorkLogUnavailableError}
    assert all("could not extend file" in str(each) for each in refused)
    assert [event.id for event in log.read()][1:] == [place.event_id for place in told]


def test_a_role_without_the_right_to_write_is_unavailable_until_it_has_it(server, store_url, open_store):
    server.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database="log")
    log = EventLog(open_store(server.url("log", user="reader")))
    with writing(log.append) as appender:
        [refused] = outcomes([appender.submit(arrival())])
        assert isinstance(refused, WebWorkLogUnavailableError)
        assert "permission denied for table event" in str(refused)
        server.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO reader", database="log")
        [stored] = outcomes([appender.submit(arrival())])
        assert isinstance(stored, Stored)


def test_a_machine_that_vanishes_with_the_lock_in_its_hand_does_not_keep_it(
    server, store, log, open_store, monkeypatch
):
    def vanish():
        with ExitStack() as stack:
            with monkeypatch.context() as patched:
                patched.setattr("airflow_provider_webwork.events.postgresql._ABANDONED", "1s")
                connection = stack.enter_context(open_store().write(lock="append"))
            log.append([arrival()])  # waits until the server has given up on the other
            connection.exec_driver_sql("DELETE FROM event")

    with pytest.raises(WebWorkLogUnavailableError, match="idle-in-transaction timeout"):
        vanish()
    assert log.head() == 1


# Ways not to get in.


def refusal(open_store, url):
    with pytest.raises(WebWorkLogUnavailableError) as refused:
        EventLog(open_store(url)).head()
    text = str(refused.value)
    assert "\n" not in text
    assert "hunter2hunter2" not in text
    assert text.endswith("Nothing was stored; try again. If it stays so, check [webwork] event_store_url.")
    return text


def test_a_port_that_nobody_listens_on_is_named(open_store):
    text = refusal(open_store, "postgresql://webwork:hunter2hunter2@127.0.0.1:9/events")

    assert text.startswith("The event log postgresql+psycopg://webwork:***@127.0.0.1:9/events is not available: ")
    assert "Connection refused" in text


def test_an_unknown_database_is_named(server, open_store):
    assert 'database "nowhere" does not exist' in refusal(open_store, server.url("nowhere", password="hunter2hunter2"))


def test_a_wrong_password_is_told_without_it_and_a_right_one_may_have_any_characters(server, store_url, open_store):
    password = "p@ss/w:rd%41 #?&ü'\\"
    server.execute("CREATE ROLE guarded LOGIN PASSWORD " + psycopg.sql.quote(password))
    server.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO guarded", database="log")

    wrong = refusal(open_store, server.url("log", user="guarded", password="hunter2hunter2"))
    assert 'password authentication failed for user "guarded"' in wrong
    log = EventLog(open_store(server.url("log", user="guarded", password=password)))
    assert log.append([arrival()])[0].seq == 1
