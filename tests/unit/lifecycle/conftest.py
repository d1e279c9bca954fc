"""A stand-in for WebWork, an event log, and a client that never waits: what managing webhooks needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.webhooks import Webhooks
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks
from airflow_provider_webwork.secrets import Vault, hash_key
from airflow_provider_webwork.simulator import DeliveryPolicy, Simulator, Webhook

BASE_URL = "https://hooks.example.com/webwork"
STRANGER = "https://stranger.example.com/hooks/of-somebody-else"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WRITES = ("POST", "PUT", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """One workspace at the simulator, seen through our client, with an event log."""

    simulator: Simulator
    client: Client
    endpoints: Endpoints
    lifecycle: EndpointWebhooks

    @property
    def webhooks(self) -> Webhooks:
        return Webhooks(self.client)

    @property
    def ours(self) -> tuple[Webhook, ...]:
        """The webhooks at WebWork, but for the one that somebody else registered."""
        return tuple(webhook for webhook in self.simulator.webhooks if webhook.url != STRANGER)

    @property
    def only(self) -> Webhook:
        (webhook,) = self.ours
        return webhook

    def check_stranger(self) -> None:
        """Webhooks that are not ours stay as they are."""
        assert [each.events for each in self.simulator.webhooks if each.url == STRANGER] == [("tracker.started",)]

    def begin_again(self) -> None:
        """Forget every endpoint, and every webhook but the stranger's."""
        for endpoint in self.endpoints.list():
            self.endpoints.delete(endpoint.name)
        self.simulator.reset()
        self.webhooks.create(url=STRANGER, events=["tracker.started"])

    def endpoint(self, name: str) -> Endpoint:
        endpoint = self.endpoints.find(name)
        assert endpoint is not None
        return endpoint

    def reached_by(self, webhook: Webhook) -> list[str]:
        """The endpoints whose receiver accepts what this webhook delivers."""
        key_hash = hash_key(urlsplit(webhook.url).path.rpartition("/")[2])
        return [each.name for each in self.endpoints.list() if each.accepts(key_hash, at=NOW)]

    def at(self, **changes: object) -> EndpointWebhooks:
        """Return the lifecycle with other settings, such as another ``base_url``."""
        return replace(self.lifecycle, **changes)

    def writes(self, act: Callable[[], object]) -> list[str]:
        """Do something and return which writes reached WebWork."""
        before = len(self.simulator.requests)
        act()
        return [request.method for request in self.simulator.requests[before:] if request.method in WRITES]


@pytest.fixture(scope="session")
def empty_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an event log with its tables; copying it is much faster than making one."""
    path = tmp_path_factory.mktemp("log") / "empty.db"
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    return path


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with Simulator(policy=DeliveryPolicy(attempts=1)) as simulator:
        yield simulator


@pytest.fixture
def connect(empty_log: Path, tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Connect to a simulator by either version of the API, with a new event log and one webhook of a stranger.

    After the test the stranger's webhook is as it was, whatever the test did.
    """
    opened: list[Client | Store] = []
    workspaces: list[Workspace] = []

    def connect_to(
        simulator: Simulator,
        *,
        version: Literal["v1", "v2"] = "v2",
        body_format: Literal["json", "form"] | None = None,
        timeout: float = 5.0,
    ) -> Workspace:
        settings = ClientSettings(
            api_version=version,
            base_url=simulator.base_url_v2 if version == "v2" else simulator.base_url_v1,
            auth=BearerAuth(simulator.token) if version == "v2" else BasicAuth(simulator.login, simulator.password),
            workspace_id=simulator.workspace_id if version == "v2" else None,
            timeout=(timeout, timeout),
            body_format=body_format,
        )
        path = shutil.copy(empty_log, tmp_path / f"{len(opened)}.db")
        store = Store(f"sqlite:///{path}")
        client = Client(settings, sleep=lambda _: None)
        opened.extend((client, store))
        endpoints = Endpoints(store, Vault([Fernet.generate_key().decode()]))
        workspace = Workspace(
            simulator=simulator,
            client=client,
            endpoints=endpoints,
            lifecycle=EndpointWebhooks(
                webhooks=Webhooks(client),
                endpoints=endpoints,
                base_url=BASE_URL,
                conn_id="webwork_default",
                workspace_id=None if settings.workspace_id is None else str(settings.workspace_id),
                now=lambda: NOW,
            ),
        )
        workspace.begin_again()
        workspaces.append(workspace)
        return workspace

    yield connect_to
    for workspace in workspaces:
        workspace.check_stranger()
    for each in opened:
        each.close()


@pytest.fixture(params=["v2 json", "v2 form", "v1 json", "v1 form"])
def workspace(request, connect, shared_simulator) -> Workspace:
    """A workspace, by each version of the API and in each format of bodies that WebWork takes."""
    version, body_format = request.param.split()
    return connect(shared_simulator, version=version, body_format=body_format)
