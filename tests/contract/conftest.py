"""The databases that the event log runs on: every contract holds on each of them."""

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault
from tests.databases import PostgreSQL


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server for all tests."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of a new SQLite log."""
    return f"sqlite:///{tmp_path / 'events.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request):
    """The URL of an empty event log."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    return request.getfixturevalue("postgresql").database()


@pytest.fixture
def open_store(store_url):
    """Opens the log as another process would: with connections of its own."""
    opened = []

    def open_one(**options):
        opened.append(Store(store_url, **options))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


@pytest.fixture
def log(store):
    return EventLog(store)


@pytest.fixture
def vault():
    return Vault([Fernet.generate_key().decode()])
