"""What holds on PostgreSQL alone: durable whatever the server's settings, and nothing is bound to a session."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from airflow_provider_webwork.events.log import EventLog
from tests.contract.arrivals import arrival
from tests.contract.readers import Readers

PATIENCE = 30


@pytest.fixture
def database(postgresql, open_store):
    """A database with a log whose settings a test may change; opens the log."""
    url = postgresql.database()
    open_store(url).upgrade()

    def reopen(*settings):
        for setting in settings:
            postgresql.execute(f"ALTER DATABASE {sa.make_url(url).database} SET {setting}")
        return open_store(url)

    return reopen


def shown(connection, *names):
    return [connection.scalar(sa.text(f"SHOW {name}")) for name in names]


CAREFUL = ("synchronous_commit", "transaction_isolation", "lock_timeout", "idle_in_transaction_session_timeout")


def test_every_commit_is_durable_and_sees_the_one_before_whatever_the_database_is_set_to(database):
    store = database("synchronous_commit = off", "default_transaction_isolation = 'serializable'", "lock_timeout = 0")
    for lock in (None, "append", "migrate", "endpoints"):
        with store.write(lock=lock) as connection:
            assert shown(connection, *CAREFUL) == ["on", "read committed", "10s", "1min"]
    with store.read() as connection:
        assert shown(connection, "transaction_isolation") == ["repeatable read"]


def test_nothing_stays_behind_in_a_session_which_pgbouncer_gives_to_another_client(database):
    store = database("synchronous_commit = off")
    log = EventLog(store)
    for _ in range(20):
        log.append([arrival() for _ in range(20)])
        assert len(log.page(0)) >= 20
    left_behind = {
        "prepared statements": "SELECT count(*) FROM pg_prepared_statements",
        "cursors": "SELECT count(*) FROM pg_cursors WHERE name <> ''",
        "locks": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
        "channels": "SELECT count(*) FROM pg_listening_channels()",
        "settings": "SELECT count(*) FROM pg_settings WHERE source = 'session' AND name NOT LIKE 'transaction%'",
    }
    with store.read() as connection:
        found = {what: connection.scalar(sa.text(query)) for what, query in left_behind.items()}
        assert connection.connection.driver_connection.prepare_threshold is None
        assert shown(connection, "synchronous_commit") == ["off"]

    assert found == dict.fromkeys(left_behind, 0)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_usual_way_to_write_the_url_leads_to_the_same_log(scheme, postgresql, open_store):
    url = postgresql.emptied_log().replace("postgresql:", f"{scheme}:")
    store = open_store(url)

    assert EventLog(store).append([arrival()])[0].seq == 1
    assert store.name.startswith("postgresql+psycopg://")


def test_options_of_the_connection_can_be_given_in_the_url(postgresql, open_store):
    url = f"{postgresql.emptied_log()}&application_name=payroll&connect_timeout=3&keepalives_idle=7"
    with open_store(url).read() as connection:
        assert shown(connection, "application_name") == ["payroll"]
        given = connection.connection.driver_connection.info.get_parameters()

    assert (given["connect_timeout"], given["keepalives_idle"], given["keepalives_count"]) == ("3", "7", "3")


def test_without_the_driver_the_command_that_installs_it_is_named():
    code = (
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        "from airflow_provider_webwork.events.store import Store\n"
        "Store('sqlite:////tmp/events.db')\n"
        "Store('postgresql://webwork:hunter2hunter2@db/events')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    *_, last = done.stderr.splitlines()
    assert "WebWorkConfigurationError" in last
    assert "pip install 'airflow-provider-webwork[postgres]'" in last
    assert "hunter2hunter2" not in done.stderr


@pytest.mark.parametrize("verb", ["reset", "delete"])
def test_a_claim_of_released_events_and_a_change_by_hand_that_meet_do_not_block_each_other(database, postgresql, verb):
    readers = Readers(database())
    readers.append("tracker.started")
    readers.claim("r1")
    readers.release("r1")
    changed = []

    def meet(*executed):
        mine = threading.current_thread() is threading.main_thread()
        if mine and not changed and executed[2].startswith(("UPDATE", "DELETE")):
            changed.append(pool.submit(getattr(readers.consumers, verb), "payroll", actor="Member 7"))
            while not postgresql.execute("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not changed[0].done()

    sa.event.listen(sa.Engine, "after_cursor_execute", meet)
    try:
        with ThreadPoolExecutor() as pool:
            assert readers.claim("r2") == [1]
            changed[0].result(PATIENCE)
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", meet)
    assert readers.batches.list() == []
