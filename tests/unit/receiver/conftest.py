"""An endpoint, a clock, and a receiver that is driven without sockets."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.config import settings_from_environment
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.app import Receiver
from airflow_provider_webwork.secrets import Vault

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PATIENCE = 60


@pytest.fixture
def endpoint():
    return Endpoint(
        name="payroll",
        state="active",
        created_at=NOON,
        workspace_id="42",
        webhook_token="whsec_canary-of-the-token",
        pending_key="canary-of-the-pending-key",
    )


class Clock:
    def __init__(self):
        self.moment = NOON

    def __call__(self):
        return self.moment

    def goes_on(self, **time):
        self.moment += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@dataclass
class Got:
    """What an application answered."""

    scope: dict
    messages: list = field(default_factory=list)

    @property
    def status(self):
        return self.messages[0]["status"]

    @property
    def headers(self):
        return dict(self.messages[0]["headers"])

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    @property
    def json(self):
        return json.loads(self.body)


async def until(condition):
    """Wait for something that other threads do."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - it changes in other threads
            await asyncio.sleep(0.005)


async def ask(app, method, path, *, body=b"", headers=None, root_path="", receive=None, **scope):
    """Send one request to an ASGI application; ``body`` may be a list of chunks."""
    chunks = body if isinstance(body, list) else [body]
    messages = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, start=1)
    ]
    got = Got(
        {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": root_path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
            **scope,
        }
    )

    async def from_list():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        got.messages.append(message)

    await app(got.scope, receive or from_list, send)
    return got


@dataclass
class Place:
    """A receiver, its log and the key of its endpoint ``payroll``."""

    receiver: Receiver
    store: Store
    endpoints: Endpoints
    vault: Vault
    key: str

    @property
    def path(self):
        return f"/hooks/{self.key}"

    async def deliver(self, body, *, content_type="application/json", headers=None, **more):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": content_type, **(headers or {})}
        return await ask(self.receiver, "POST", self.path, body=body, headers=headers, **more)

    def events(self):
        return list(EventLog(self.store).read())


@pytest.fixture
def running(tmp_path, clock):
    """Return a context manager that runs a receiver with the given options."""
    secret_key = Fernet.generate_key().decode()
    url = f"sqlite:///{tmp_path / 'events.db'}"
    store = Store(url, lock_timeout=PATIENCE)
    vault = Vault([secret_key])
    endpoints = Endpoints(store, vault)
    key = endpoints.open("payroll", now=NOON).pending_key

    @asynccontextmanager
    async def run(*, meter=None, lock_timeout=PATIENCE, **options):
        variables = {f"AIRFLOW__WEBWORK__{name.upper()}": str(value) for name, value in options.items()}
        settings = settings_from_environment({"AIRFLOW__WEBWORK__SECRET_KEY": secret_key, **variables})
        receiver = Receiver(settings, log_url=url, meter=meter, lock_timeout=lock_timeout, now=clock)
        await receiver.start()
        try:
            yield Place(receiver, store, endpoints, vault, key)
        finally:
            await receiver.stop()

    yield run
    store.close()
