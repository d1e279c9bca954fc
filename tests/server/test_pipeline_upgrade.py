"""Airflow is upgraded while events wait."""

import pytest
from cryptography.fernet import Fernet

from tests.server.conftest import REPOSITORY
from tests.server.pipeline import run_of, running

OLD = REPOSITORY / ".venv-3.2" / "bin" / "python"
NAME = "burst"


@pytest.mark.heavy
@pytest.mark.skipif(not OLD.exists(), reason="`make setup AIRFLOW=3.2` makes the Airflow that is upgraded")
def test_no_event_is_lost_when_airflow_is_upgraded_from_3_2_while_events_wait(tmp_path):
    log_url = f"sqlite:///{tmp_path / 'events.db'}"
    options = {
        "core": {"fernet_key": Fernet.generate_key().decode()},
        "scheduler": {"task_instance_heartbeat_timeout": "20", "scheduler_health_check_threshold": "10"},
    }
    with running(tmp_path, log_url, dags=[NAME], python=OLD, **options) as before:
        before.api.unpause(NAME)
        before.add(NAME, 100)
        before.wait_until_processed(NAME)
        before.add(NAME, 300)
        before.wait("another run to begin", lambda: not before.is_idle(NAME))
        revision = before.ask("SELECT version_num FROM alembic_version")
    with running(tmp_path, log_url, dags=[NAME], **options) as after:
        assert after.ask("SELECT version_num FROM alembic_version") != revision
        assert len(set(after.seqs(NAME)) - set(after.processed(NAME))) > 0
        after.add(NAME, 100)
        after.wait_until_claimed(NAME)
        released = after.unfinished(NAME)
        for batch in released:
            after.batches.release(NAME, batch.run_key, actor="test")
        after.wait_until_claimed(NAME)

        given_up = set(map(run_of, released))
        assert sorted(seq for seq, run in after.notes(NAME) if run not in given_up) == after.seqs(NAME)
        assert len(after.seqs(NAME)) == 500
