"""The endpoints that a receiver remembers for a start without the event log."""

import sqlite3
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.errors import WebWorkSecretError
from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.reading import Reading
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.directory import Directory
from airflow_provider_webwork.receiver.proofs.settings import to_json
from airflow_provider_webwork.receiver.proofs.tokens import Bearer
from airflow_provider_webwork.receiver.remembered import RememberedEndpoints
from airflow_provider_webwork.secrets import Vault, hash_key
from tests.unit.receiver.conftest import NOON


@pytest.fixture
def vault():
    return Vault([Fernet.generate_key().decode()])


@pytest.fixture
def log(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'events.db'}")
    yield store
    store.close()


@pytest.fixture
def memory(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'memory.db'}")
    yield store
    store.close()


@pytest.fixture
def endpoints(log, vault):
    return Endpoints(log, vault)


@pytest.fixture
def access(log, vault):
    return Access(log, vault, actor="Member 7", now=lambda: NOON)


@pytest.fixture
def remembered(log, memory, vault):
    return RememberedEndpoints(log, memory, vault)


def goes_away(log):
    with log.write() as connection:
        connection.exec_driver_sql("ALTER TABLE endpoint RENAME TO away")


def test_what_is_remembered_is_what_the_log_had_last(endpoints, remembered, log, memory, vault):
    assert remembered.recall() == remembered.load() == []
    key = endpoints.open("payroll", now=NOON).pending_key
    endpoints.open("other", now=NOON)
    endpoints.delete("other")
    endpoints.activate("payroll", key=key, webhook_id="w1", webhook_token="whsec_canary-token", workspace_id="42",
                       conn_id=None, events=())  # fmt: skip
    assert remembered.load() == endpoints.list()

    again = RememberedEndpoints(log, memory, vault)
    assert again.recall() == endpoints.list()
    [endpoint] = again.recall()
    assert (endpoint.webhook_token, list(endpoint.key_hashes)) == ("whsec_canary-token", [hash_key(key)])


def test_what_proves_deliveries_and_how_they_are_read_is_remembered(endpoints, access, remembered):
    endpoints.open("payroll", now=NOON)
    secret = access.add_secret("payroll", "canary-of-the-secret")
    access.require("payroll", to_json(Bearer()))
    endpoints.read_as("payroll", Reading(type="meta.kind"))
    remembered.load()
    [endpoint] = remembered.recall()
    assert endpoint.secrets == (secret,)
    assert (endpoint.required_proof, endpoint.reading) == (to_json(Bearer()), Reading(type="meta.kind"))


def test_secrets_are_remembered_encrypted_only(endpoints, access, remembered, tmp_path):
    key = endpoints.open("payroll", now=NOON).pending_key
    access.add_secret("payroll", "canary-of-the-secret")
    remembered.load()
    with closing(sqlite3.connect(tmp_path / "memory.db")) as database:
        dump = "".join(database.iterdump())
    assert hash_key(key) in dump
    assert key not in dump
    assert "canary-of-the-secret" not in dump


def test_with_another_secret_key_it_says_so(endpoints, remembered, log, memory):
    endpoints.open("payroll", now=NOON)
    remembered.load()
    with pytest.raises(WebWorkSecretError, match="secret_key"):
        RememberedEndpoints(log, memory, Vault([Fernet.generate_key().decode()])).recall()


def test_a_memory_that_is_gone_is_told_and_the_log_is_read_all_the_same(endpoints, remembered, tmp_path, caplog):
    endpoints.open("payroll", now=NOON)
    remembered.load()
    (tmp_path / "memory.db").unlink()
    endpoints.open("other", now=NOON)
    assert [endpoint.name for endpoint in remembered.load()] == ["other", "payroll"]
    assert "cannot be remembered" in caplog.text


async def test_a_directory_that_starts_without_the_log_finds_the_keys_it_remembers(endpoints, remembered, log, clock):
    key = endpoints.open("payroll", now=NOON).pending_key
    remembered.load()
    goes_away(log)
    directory = Directory(remembered.load, recall=remembered.recall, now=clock, patience=0.1)
    await directory.start()
    assert (await directory.find(key)).name == "payroll"
    assert not directory.works
    await directory.stop()
