"""The schema is made and upgraded by itself, once, and never downgraded by accident."""

import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkLogError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import MIGRATIONS, Store
from tests.contract.arrivals import arrival
from tests.contract.processes import FRESH, together


def differences(connection, metadata):
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return compare_metadata(context, metadata)


def test_the_migrations_make_the_tables_that_the_code_uses(store):
    with store.read() as connection:
        assert differences(connection, schema.metadata) == []


def test_a_table_that_differs_from_its_migration_would_be_noticed(store):
    changed = sa.MetaData()
    for table in schema.metadata.tables.values():
        table.to_metadata(changed)
    changed.tables["event"].append_column(sa.Column("added", sa.Text))
    changed.tables["dedupe"].c.seq.type = sa.Text()
    sa.Index("added", changed.tables["event"].c.type)

    with store.read() as connection:
        assert len(differences(connection, changed)) == 3


def test_the_revisions_in_the_code_are_the_migrations():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    newest_first = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert newest_first[::-1] == list(schema.REVISIONS)


def test_a_log_is_made_at_its_first_use_and_then_has_the_newest_revision(open_store, new_url):
    store = open_store(new_url, auto_upgrade=True)

    assert store.revision() is None
    assert EventLog(store).head() == 0
    assert store.revision() == schema.REVISION


@pytest.mark.parametrize("revision", [None, *schema.REVISIONS[:-1]])
def test_without_the_leave_to_upgrade_an_empty_or_older_log_is_refused_with_the_command(open_store, new_url, revision):
    if revision is not None:
        open_store(new_url).upgrade(revision)
    store = open_store(new_url, auto_upgrade=False)

    for use in (store.read, store.write):
        with pytest.raises(WebWorkLogError, match="Run `airflow webwork db upgrade`") as refused, use():
            pass
        assert "is empty" in str(refused.value) if revision is None else f"revision {revision}" in str(refused.value)
    assert store.revision() == revision

    # Another process upgrades, and this one goes on.
    open_store(new_url).upgrade()
    assert EventLog(store).append([arrival()])[0].seq == 1


def test_only_an_sqlite_log_is_upgraded_without_being_asked(open_store, new_url):
    if new_url.startswith("sqlite"):
        assert EventLog(open_store(new_url)).head() == 0
    else:
        with pytest.raises(WebWorkLogError, match=r"set \[webwork\] auto_upgrade = True"):
            EventLog(open_store(new_url)).head()


def test_upgrading_an_up_to_date_log_changes_nothing(store, log):
    log.append([arrival()])
    store.upgrade()

    assert (store.revision(), log.head()) == (schema.REVISION, 1)


def open_and_append(urls, barrier):
    places = []
    for url in urls:
        barrier.wait(timeout=60)
        store = Store(url, auto_upgrade=True)
        places.append(EventLog(store).append([arrival()])[0].seq)
        store.close()
    return places


def test_processes_that_open_empty_logs_at_once_make_each_once(open_store, new_database, new_url):
    urls = [new_database() for _ in range(40 if new_url.startswith("sqlite") else 8)]
    places = together(open_and_append, [(urls, FRESH.Barrier(3))] * 3)

    assert [sorted(each) for each in zip(*places, strict=True)] == [[1, 2, 3]] * len(urls)
    with open_store(urls[0]).read() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM alembic_version")) == 1


def test_a_migration_that_fails_leaves_nothing_behind(open_store, new_url, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    from alembic.runtime.migration import HeadMaintainer

    store = open_store(new_url)
    with monkeypatch.context() as patched:
        patched.setattr(HeadMaintainer, "update_to_step", fail)
        with pytest.raises(ZeroDivisionError):
            store.upgrade()

    assert store.revision() is None
    assert EventLog(open_store(new_url, auto_upgrade=True)).append([arrival()])[0].seq == 1


@pytest.mark.parametrize("revision", ["9999", "0000_of_something_else", "3f1a9c2b7d10"])
@pytest.mark.parametrize("auto_upgrade", [True, False])
def test_a_log_of_a_newer_version_or_of_something_else_is_refused(open_store, new_url, revision, auto_upgrade):
    store = open_store(new_url)
    store.upgrade()
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    other = open_store(new_url, auto_upgrade=auto_upgrade)
    for use in (other.read, other.write):
        with (
            pytest.raises(WebWorkLogError, match=f"has schema revision {revision}, which this version") as refused,
            use(),
        ):
            pass
        assert "Upgrade the package on this machine" in str(refused.value)
        assert "change [webwork] event_store_url" in str(refused.value)
    with pytest.raises(WebWorkLogError, match=f"has schema revision {revision}, which this version"):
        other.upgrade()


@pytest.mark.parametrize("auto_upgrade", [True, False])
def test_airflows_metadata_database_is_refused_and_left_alone(open_store, new_url, auto_upgrade):
    store = open_store(new_url, auto_upgrade=auto_upgrade)
    store.revision()
    with store._engine.begin() as connection:
        for table in ("dag_run", "alembic_version"):
            connection.exec_driver_sql(f"CREATE TABLE {table} (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('1d6611b6ab7c')")

    for use in (store.read().__enter__, store.write().__enter__, store.upgrade):
        with pytest.raises(WebWorkConfigurationError, match="names Airflow's metadata database") as refused:
            use()
        assert "Make a database for the event log alone" in str(refused.value)
    with store._engine.connect() as connection:
        assert sorted(sa.inspect(connection).get_table_names()) == ["alembic_version", "dag_run"]


# From every revision that there ever was.


def rows_of(connection, table):
    return [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]


def full_row(table, number):
    """Return a row with a value of its kind in every column."""
    values = {sa.Boolean: True, sa.LargeBinary: b"\x00raw", sa.Text: f'"text {number}"', sa.Integer: number}
    return {
        column.name: next(value for kind, value in values.items() if isinstance(column.type, kind))
        for column in table.columns
    }


def reflected(connection):
    """Return the tables as the database has them, but for that of Alembic, each with its rows in some order."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


@pytest.mark.parametrize("revision", schema.REVISIONS)
def test_a_log_of_every_earlier_revision_keeps_its_rows_through_the_upgrade(open_store, new_url, revision):
    store = open_store(new_url)
    store.upgrade(revision)
    assert store.revision() == revision
    engine = sa.create_engine(sa.make_url(new_url).set(drivername=store._url.drivername))
    with engine.begin() as connection:
        tables = reflected(connection)
        for table in tables:
            connection.execute(table.insert(), [full_row(table, number) for number in (1, 2)])
        before = {table.name: rows_of(connection, table) for table in tables}
    assert len(before) >= 6
    assert all(len(rows) == 2 for rows in before.values())

    store.upgrade()

    assert store.revision() == schema.REVISION
    with store.read() as connection:
        assert differences(connection, schema.metadata) == []
        assert {table.name: rows_of(connection, table) for table in tables} == before
    assert EventLog(store).append([arrival()])[0].seq == 3
    # A receiver of the version before goes on until it is started again.
    with engine.begin() as connection:
        for table in tables:
            connection.execute(table.insert(), [full_row(table, 4)])
    engine.dispose()


def test_opening_an_up_to_date_log_does_not_load_alembic(store_url, log):
    log.append([arrival()])
    code = (
        "import sys\n"
        "from airflow_provider_webwork.events.log import EventLog\n"
        "from airflow_provider_webwork.events.store import Store\n"
        "assert EventLog(Store(sys.argv[1])).head() == 1\n"
        "print(sorted(name for name in sys.modules if name in ('alembic', 'airflow', 'cryptography', 'requests')))\n"
    )
    found = subprocess.run([sys.executable, "-c", code, store_url], check=True, capture_output=True, text=True)

    assert found.stdout == "[]\n"
