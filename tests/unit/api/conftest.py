"""Clients of a WebWork that answers what a test tells it to, with a clock of their own."""

from __future__ import annotations

import base64
import logging
import ssl

import pytest

from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from tests.fake_webwork import FakeClock, FakeWebWork, Reply, as_json

CANARY = "canary-7f3e9d21c0-token"


@pytest.fixture
def webwork():
    fake = FakeWebWork()
    yield fake
    fake.stop()


@pytest.fixture
def start_webwork():
    """Start a WebWork behind a TLS context."""
    started: list[FakeWebWork] = []

    def start(tls: ssl.SSLContext) -> FakeWebWork:
        started.append(FakeWebWork(tls))
        return started[-1]

    yield start
    for fake in started:
        fake.stop()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connect(webwork, clock):
    """Make a client of the fake WebWork; every client is closed at the end."""
    made: list[Client] = []

    def make(*, jitter=lambda: 0.0, **settings) -> Client:
        version = settings.get("api_version", "v2")
        auth = BearerAuth(CANARY) if version == "v2" else BasicAuth("member7@example.com", CANARY)
        chosen = {"auth": auth, "base_url": webwork.url, "workspace_id": 42} | settings
        client = Client(
            ClientSettings(**chosen),
            sleep=clock.sleep,
            now=clock.now,
            monotonic=clock.monotonic,
            jitter=jitter,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(connect) -> Client:
    return connect()


@pytest.fixture
def canary() -> str:
    return CANARY


@pytest.fixture
def reply():
    return Reply


@pytest.fixture
def json_reply():
    return as_json


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def no_token_in_any_log(caplog):
    """Every test of this folder also proves that no log, urllib3's included, shows the token."""
    caplog.set_level(logging.DEBUG)
    yield
    shown = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    pair = base64.b64encode(f"member7@example.com:{CANARY}".encode()).decode()
    assert CANARY not in shown
    assert pair not in shown
