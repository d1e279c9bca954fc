"""A stand-in for WebWork, an event log, and a client that never waits: what managing webhooks needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.webhooks import Webhooks
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.events.rotations import Rotations
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks
from airflow_provider_webwork.lifecycle.once import OncePerRun
from airflow_provider_webwork.lifecycle.outside_rotation import OutsideRotations
from airflow_provider_webwork.lifecycle.rotated import Plan
from airflow_provider_webwork.lifecycle.rotation import EndpointRotations
from airflow_provider_webwork.lifecycle.turns import Turns
from airflow_provider_webwork.secrets import Vault, hash_key
from airflow_provider_webwork.simulator import DeliveryPolicy, Simulator, Webhook

BASE_URL = "https://hooks.example.com/webwork"
STRANGER = "https://stranger.example.com/hooks/of-somebody-else"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WRITES = ("POST", "PUT", "DELETE")


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def wait(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """One workspace at the simulator, seen through our client, with an event log.

    Its receiver is reached at every callback URL whose key it accepts, but for those in ``unreachable``.
    """

    simulator: Simulator
    client: Client
    store: Store
    vault: Vault
    clock: Clock
    endpoints: Endpoints
    lifecycle: EndpointWebhooks
    unreachable: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

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
        with self.store.write() as connection:
            for table in (schema.rotation, schema.lease, schema.audit):
                connection.execute(table.delete())
        self.clock.moment = NOW
        self.tokens.clear()
        self.simulator.reset()
        self.webhooks.create(url=STRANGER, events=["tracker.started"])

    def endpoint(self, name: str) -> Endpoint:
        endpoint = self.endpoints.find(name)
        assert endpoint is not None
        return endpoint

    def reached_by(self, webhook: Webhook) -> list[str]:
        """The endpoints whose receiver accepts what this webhook delivers."""
        return self.reached_at(webhook.url)

    def reached_at(self, url: str) -> list[str]:
        key_hash = hash_key(urlsplit(url).path.rpartition("/")[2])
        return [each.name for each in self.endpoints.list() if each.accepts(key_hash, at=self.clock.now())]

    @property
    def rotations(self) -> EndpointRotations:
        """What rotates the webhooks of endpoints."""
        return EndpointRotations(lifecycle=self.lifecycle, rotations=self.steps, reach=self.reach)

    @property
    def outside_rotations(self) -> OutsideRotations:
        """What rotates webhooks for the receivers of others; the tokens that they are given are in ``tokens``."""
        return OutsideRotations(
            webhooks=self.lifecycle.webhooks,
            endpoints=self.endpoints,
            rotations=self.steps,
            turns=self.lifecycle.turns,
            keep_token=self.tokens.append,
            now=self.clock.now,
        )

    @property
    def once(self) -> OncePerRun:
        return OncePerRun(
            webhooks=self.lifecycle.webhooks,
            rotations=self.steps,
            turns=self.lifecycle.turns,
            keep_token=lambda webhook: self.tokens.append(webhook.token),
            now=self.clock.now,
        )

    @property
    def steps(self) -> Rotations:
        return Rotations(self.store, self.vault, now=self.clock.now, actor="dag/run/rotate/-1")

    def reach(self, url: str) -> str | None:
        if self.unreachable or not self.reached_at(url):
            return "the answer has status 404"
        return None

    def plan(self, **changes: object) -> Plan:
        """Return how a Dag run that begins now rotates."""
        return Plan(**{"run_after": self.clock.now(), **changes})

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
    ) -> Workspace:
        settings = ClientSettings(
            api_version=version,
            base_url=simulator.base_url_v2 if version == "v2" else simulator.base_url_v1,
            auth=BearerAuth(simulator.token) if version == "v2" else BasicAuth(simulator.login, simulator.password),
            workspace_id=simulator.workspace_id if version == "v2" else None,
            timeout=(60.0, 60.0),
            body_format=body_format,
        )
        path = shutil.copy(empty_log, tmp_path / f"{len(opened)}.db")
        store = Store(f"sqlite:///{path}")
        client = Client(settings, sleep=lambda _: None)
        opened.extend((client, store))
        vault, clock = Vault([Fernet.generate_key().decode()]), Clock()
        endpoints = Endpoints(store, vault)
        workspace = Workspace(
            simulator=simulator,
            client=client,
            store=store,
            vault=vault,
            clock=clock,
            endpoints=endpoints,
            lifecycle=EndpointWebhooks(
                webhooks=Webhooks(client),
                endpoints=endpoints,
                turns=Turns(leases=Leases(store, now=clock.now), sleep=clock.sleep),
                base_url=BASE_URL,
                conn_id="webwork_default",
                workspace_id=None if settings.workspace_id is None else str(settings.workspace_id),
                now=clock.now,
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
