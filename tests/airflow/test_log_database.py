"""`airflow webwork db ...`, and that no part of Airflow uses a file that other machines do not see."""

from __future__ import annotations

import pytest

from airflow_provider_webwork.config import settings_from_airflow
from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.schema import REVISION, REVISIONS
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.receiver.server import BAD_CONFIGURATION
from airflow_provider_webwork.triggers.events import WebWorkEventTrigger
from tests.databases import PostgreSQL


@pytest.fixture(scope="module")
def postgresql():
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def log_url(postgresql, monkeypatch):
    """A PostgreSQL database without a schema, named by the option."""
    url = postgresql.database()
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", url)
    return url


@pytest.fixture
def webwork(airflow_database, capsys, monkeypatch):
    """Runs `airflow webwork ...` and returns its exit code and what it printed."""
    from airflow.cli.cli_parser import get_parser

    # What a command sets for its own process is taken back with the rest of the environment.
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")

    def run(*arguments):
        parsed = get_parser().parse_args(["webwork", *arguments])
        capsys.readouterr()
        code = 0
        try:
            parsed.func(parsed)
        except SystemExit as ended:
            code = ended.code
        shown = capsys.readouterr()
        return code, (shown.err if code else shown.out).splitlines()[-1]

    return run


def test_a_new_postgresql_log_is_checked_upgraded_and_then_in_order(webwork, log_url):
    code, said = webwork("db", "check")
    assert code == 1
    assert "is empty" in said
    assert "Run `airflow webwork db upgrade`" in said
    code, said = webwork("db", "current")
    assert code == 0
    assert said.endswith(" is empty.")

    for verb in ("upgrade", "current", "check", "upgrade"):
        code, said = webwork("db", verb)
        assert code == 0
        assert said.endswith(f" has schema revision {REVISION}.")


def test_an_older_log_is_told_by_its_revision(webwork, log_url):
    store = Store(log_url)
    store.upgrade(REVISIONS[0])
    store.close()

    code, said = webwork("db", "check")
    assert code == 1
    assert f"has schema revision {REVISIONS[0]}, and this version" in said


def test_a_database_that_is_away_is_not_in_order(webwork, log_url, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", "postgresql://webwork:hunter2hunter2@127.0.0.1:9/events")

    code, said = webwork("db", "check")
    assert code == 1
    assert "is not available" in said
    assert "hunter2hunter2" not in said


def test_with_the_option_whoever_comes_first_upgrades(webwork, log_url, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__AUTO_UPGRADE", "True")
    assert webwork("db", "check")[0] == 1

    hook = WebWorkEventsHook()
    assert list(hook.read()) == []
    hook.store.close()
    assert webwork("db", "check")[0] == 0


def test_without_the_option_an_sqlite_log_is_upgraded_too_unless_it_says_no(webwork, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", f"sqlite:///{tmp_path / 'events.db'}")
    monkeypatch.setenv("AIRFLOW__WEBWORK__AUTO_UPGRADE", "False")
    code, said = webwork("events", "add", "tracker.started")
    assert code == 1
    assert "Run `airflow webwork db upgrade`" in said

    monkeypatch.delenv("AIRFLOW__WEBWORK__AUTO_UPGRADE")
    assert webwork("events", "add", "tracker.started")[0] == 0


# With workers elsewhere.


@pytest.fixture
def celery(airflow_database, monkeypatch):
    """An Airflow whose tasks run on other machines, and whose option was forgotten."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor,CeleryExecutor")
    monkeypatch.delenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", raising=False)


FORGOTTEN = r"event_store_url is not set.* tasks of CeleryExecutor"


def test_the_first_use_by_a_task_fails_and_names_the_option_and_the_executor(celery):
    with pytest.raises(WebWorkConfigurationError, match=FORGOTTEN):
        WebWorkEventsHook().event_log.head()


async def test_a_waiting_task_fails_in_the_triggerer_and_names_them_too(celery):
    with pytest.raises(WebWorkConfigurationError, match=FORGOTTEN):
        await anext(WebWorkEventTrigger(after=0).run())


@pytest.mark.parametrize(
    "arguments",
    [("events", "add", "tracker.started"), ("endpoints", "list"), ("db", "upgrade")],
    ids=" ".join,
)
def test_every_command_ends_with_that_sentence(webwork, celery, arguments):
    code, said = webwork(*arguments)

    assert code == 1
    assert said.startswith("[webwork] event_store_url is not set")


def test_the_receiver_does_not_start_and_is_not_to_be_started_again(webwork, celery):
    code, said = webwork("receiver")

    assert code == BAD_CONFIGURATION == 2
    assert said.startswith("The receiver does not start. [webwork] event_store_url is not set")


@pytest.mark.usefixtures("airflow_database")
def test_an_option_of_the_receiver_that_makes_no_sense_ends_it_in_the_same_way(webwork, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__RECEIVER_PORT", "abc")
    code, said = webwork("receiver")

    assert code == BAD_CONFIGURATION
    assert "receiver_port" in said


def test_the_receiver_in_the_api_server_is_not_mounted_and_the_log_says_why(celery, monkeypatch, caplog):
    from airflow_provider_webwork.plugin import WebWorkPlugin

    monkeypatch.setenv("AIRFLOW__WEBWORK__RECEIVER_ENABLED", "True")
    [mounted] = WebWorkPlugin().fastapi_apps

    assert type(mounted["app"]).__name__ != "FastAPI"
    assert "The receiver is not mounted: [webwork] event_store_url is not set" in caplog.text


def test_a_file_that_was_chosen_on_purpose_serves_any_executor(celery, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", f"sqlite:///{tmp_path / 'events.db'}")

    assert EventLog(Store(settings_from_airflow().log_url)).head() == 0


def test_the_executor_that_airflow_comes_with_uses_the_file(airflow_database, monkeypatch):
    monkeypatch.delenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", raising=False)

    assert settings_from_airflow().log_url.endswith("/webwork_events.db")
