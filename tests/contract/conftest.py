"""The databases that the event log runs on: every contract holds on each of them."""

import itertools

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault
from tests.contract.readers import Readers
from tests.databases import PostgreSQL, system_binaries

DATABASES = [
    "sqlite",
    "postgresql",
    # The version that Debian ships is years older than the newest one.
    pytest.param("postgresql_of_the_system", marks=pytest.mark.heavy),
]


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server for all tests."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgresql_of_the_system():
    """A PostgreSQL server of the version that the operating system ships."""
    binaries = system_binaries()
    if binaries is None:
        pytest.skip("the system has no PostgreSQL")
    server = PostgreSQL(binaries)
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of a new SQLite log."""
    return f"sqlite:///{tmp_path / 'events.db'}"


@pytest.fixture(params=DATABASES)
def store_url(request):
    """The URL of a log with nothing in it, on each database."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    return request.getfixturevalue(request.param).emptied_log()


@pytest.fixture(params=DATABASES)
def new_database(request, tmp_path):
    """Makes databases without a schema and returns their URLs, on each database."""
    if request.param != "sqlite":
        return request.getfixturevalue(request.param).database
    numbers = itertools.count()
    return lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"


@pytest.fixture
def new_url(new_database):
    """The URL of a database without a schema, on each database."""
    return new_database()


@pytest.fixture
def open_store(request):
    """Opens a log as another process would: with connections of its own."""
    opened = []

    def open_one(url=None, **options):
        opened.append(Store(url or request.getfixturevalue("store_url"), **options))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store, store_url):
    return open_store(store_url)


@pytest.fixture
def log(store):
    return EventLog(store)


@pytest.fixture
def vault():
    return Vault([Fernet.generate_key().decode()])


@pytest.fixture
def readers(store):
    """Consumers of a log, runs that claim from them, and a clock."""
    return Readers(store)
