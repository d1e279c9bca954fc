"""Airflow, or this package, is upgraded while events wait."""

import shutil
from contextlib import ExitStack, closing, contextmanager

import pytest
from cryptography.fernet import Fernet

import airflow_provider_webwork
from airflow_provider_webwork.errors import WebWorkLogError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from tests.databases import PostgreSQL
from tests.server.conftest import REPOSITORY
from tests.server.pipeline import run_of, running

OLD = REPOSITORY / ".venv-3.2" / "bin" / "python"
NAME = "burst"

NEXT = "9000"
MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{schema.REVISION}"


def upgrade():
    op.add_column("event", sa.Column("added", sa.Text))
    op.create_table("added", sa.Column("name", sa.Text, primary_key=True))
"""

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


@contextmanager
def begun(home, log_url, *, options, **place):
    """Start Airflow with a Dag that is in the middle of its work: 100 events were processed, up to 300 wait."""
    with running(home, log_url, dags=[NAME], **options, **place) as pipeline:
        pipeline.api.unpause(NAME)
        pipeline.add(NAME, 100)
        pipeline.wait_until_processed(NAME)
        pipeline.add(NAME, 300)
        pipeline.wait("another run to begin", lambda: not pipeline.is_idle(NAME))
        yield pipeline


def every_event_is_processed_once(pipeline, *, of):
    """Let the Dag go on with what waits and with 100 events more, and see that none was lost or repeated."""
    assert len(set(pipeline.seqs(NAME)) - set(pipeline.processed(NAME))) > 0
    pipeline.add(NAME, 100)
    pipeline.wait_until_claimed(NAME)
    released = pipeline.unfinished(NAME)
    for batch in released:
        pipeline.batches.release(NAME, batch.run_key, actor="test")
    pipeline.wait_until_claimed(NAME)

    given_up = set(map(run_of, released))
    assert sorted(seq for seq, run in pipeline.notes(NAME) if run not in given_up) == pipeline.seqs(NAME)
    assert len(pipeline.seqs(NAME)) == of


@pytest.fixture
def options():
    return {
        "core": {"fernet_key": Fernet.generate_key().decode()},
        "scheduler": {"task_instance_heartbeat_timeout": "20", "scheduler_health_check_threshold": "10"},
    }


@pytest.mark.skipif(not OLD.exists(), reason="`make setup AIRFLOW=3.2` makes the Airflow that is upgraded")
def test_no_event_is_lost_when_airflow_is_upgraded_from_3_2_while_events_wait(tmp_path, options):
    log_url = f"sqlite:///{tmp_path / 'events.db'}"
    with begun(tmp_path, log_url, options=options, python=OLD) as before:
        revision = before.ask("SELECT version_num FROM alembic_version")
    with running(tmp_path, log_url, dags=[NAME], **options) as after:
        assert after.ask("SELECT version_num FROM alembic_version") != revision
        every_event_is_processed_once(after, of=500)


@contextmanager
def databases(kind, home):
    """The URLs of the databases of the event log and of Airflow."""
    if kind == "sqlite":
        yield f"sqlite:///{home / 'events.db'}", None
        return
    server = PostgreSQL()
    try:
        yield server.url("log"), server.database("airflow").replace("postgresql:", "postgresql+psycopg:")
    finally:
        server.stop()


def make_the_next_version(folder):
    """Write a package that has one migration more than this one."""
    [here] = airflow_provider_webwork.__path__
    package = shutil.copytree(here, folder / airflow_provider_webwork.__name__)
    events = package / "events"
    newest = "\nREVISION = "
    text = (events / "schema.py").read_text()
    assert text.count(newest) == 1
    (events / "schema.py").write_text(text.replace(newest, f'\nREVISIONS = (*REVISIONS, "{NEXT}"){newest}'))
    (events / "migrations" / "versions" / f"{NEXT}_next.py").write_text(MIGRATION)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_event_is_lost_when_the_package_is_upgraded_while_events_wait(tmp_path, options, kind, monkeypatch):
    make_the_next_version(tmp_path / "next")
    with ExitStack() as stack:
        log_url, airflow_url = stack.enter_context(databases(kind, tmp_path))
        with begun(tmp_path, log_url, options=options, airflow_url=airflow_url) as before:
            monkeypatch.setenv("PYTHONPATH", str(tmp_path / "next"))
            assert NEXT in before.command("db", "upgrade")
            # Who opened the log before is at work still, as a receiver is until it is started again.
            before.add(NAME, 50)
            before.wait("a claim of this version to be refused", lambda: before.claims(NAME).get("failed"))

        with closing(Store(log_url)) as this, pytest.raises(WebWorkLogError, match="Upgrade the package"):
            EventLog(this).head()
        monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, NEXT))
        monkeypatch.setattr(schema, "REVISION", NEXT)
        with running(tmp_path, log_url, dags=[NAME], airflow_url=airflow_url, **options) as after:
            every_event_is_processed_once(after, of=550)
