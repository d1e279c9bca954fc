"""The schema is made and upgraded by itself, once, and never downgraded by accident."""

import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from airflow_provider_webwork.errors import WebWorkLogError
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


def test_the_revision_in_the_code_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]


def test_a_log_is_made_at_its_first_use_and_then_has_the_newest_revision(store, log):
    assert store.revision() is None
    assert log.head() == 0
    assert store.revision() == schema.REVISION


def test_upgrading_an_up_to_date_log_changes_nothing(store, log):
    log.append([arrival()])
    store.upgrade()

    assert (store.revision(), log.head()) == (schema.REVISION, 1)


def open_and_append(urls, barrier):
    places = []
    for url in urls:
        barrier.wait(timeout=60)
        store = Store(url)
        places.append(EventLog(store).append([arrival()])[0].seq)
        store.close()
    return places


def test_processes_that_open_empty_logs_at_once_make_each_once(store_url, store):
    urls = [store_url, *(f"{store_url}.{number}" for number in range(40))]
    places = together(open_and_append, [(urls, FRESH.Barrier(3))] * 3)

    assert [sorted(each) for each in zip(*places, strict=True)] == [[1, 2, 3]] * len(urls)
    with store.read() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM alembic_version")) == 1


def test_a_migration_that_fails_leaves_nothing_behind(store, open_store, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    from alembic.runtime.migration import HeadMaintainer

    with monkeypatch.context() as patched:
        patched.setattr(HeadMaintainer, "update_to_step", fail)
        with pytest.raises(ZeroDivisionError):
            store.upgrade()

    assert store.revision() is None
    assert EventLog(open_store()).append([arrival()])[0].seq == 1


@pytest.mark.parametrize("revision", ["9999", "0000_of_something_else", "3f1a9c2b7d10"])
def test_a_log_of_a_newer_version_or_of_something_else_is_refused(store, log, open_store, revision):
    log.append([arrival()])
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    for use in (open_store().read, open_store().write):
        with (
            pytest.raises(WebWorkLogError, match=f"has schema revision {revision}, which this version") as refused,
            use(),
        ):
            pass
        assert "Upgrade the package on this machine" in str(refused.value)
        assert "change [webwork] event_store_url" in str(refused.value)


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
