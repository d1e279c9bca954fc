"""What is examined: an installation as the doctor sees it, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol

from airflow_provider_webwork.api.client import Client
from airflow_provider_webwork.api.webhooks import Webhook, Webhooks
from airflow_provider_webwork.config import Settings
from airflow_provider_webwork.events.batches import Batch
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.observed import ObservedProof
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks
from airflow_provider_webwork.lifecycle.rotation import EndpointRotations
from airflow_provider_webwork.secrets import Vault


class Installation(Protocol):
    """What is installed. A property may fail when it is read; that is what the check finds which reads it."""

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of this package and of what it runs on, by name."""

    @property
    def conn_id(self) -> str:
        """The connection that is examined."""

    @property
    def settings(self) -> Settings:
        """The options."""

    @property
    def store(self) -> Store:
        """The database of the event log, opened without upgrading it."""

    @property
    def vault(self) -> Vault:
        """The keys that the secrets in the log are encrypted with."""

    @property
    def client(self) -> Client:
        """The client of the connection."""

    @property
    def rotations(self) -> EndpointRotations:
        """What changes the webhooks of endpoints."""

    def now(self) -> datetime:
        """Tell the time in UTC."""

    def sign_in(self) -> tuple[bool, str]:
        """Say who the connection signs in as, or what is wrong."""

    def unfinished(self, batches: Sequence[Batch]) -> list[tuple[Batch, str]]:
        """Return those whose run will not process them by itself, with the state of the run."""

    def proposal(self, observed: Sequence[ObservedProof]) -> tuple[str, str] | None:
        """Return the best proof that was seen to hold, as the log keeps it and as people write it."""


class Case:
    """An installation, and what was seen of it so far."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.now = installation.now()

    @cached_property
    def webhooks(self) -> tuple[Webhook, ...]:
        """The webhooks of the workspace."""
        return tuple(Webhooks(self.installation.client).list())

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        """All endpoints in the event log, whichever connection their webhooks were registered with."""
        return self.endpoint_table.list()

    @cached_property
    def endpoint_table(self) -> Endpoints:
        """The endpoints in the event log."""
        return Endpoints(self.installation.store, self.installation.vault)

    @cached_property
    def lifecycle(self) -> EndpointWebhooks:
        """What keeps the webhooks of endpoints as they should be."""
        return self.installation.rotations.lifecycle

    def look_again(self) -> None:
        """Forget what was read of webhooks and endpoints, because it changes."""
        for name in ("webhooks", "endpoints"):
            self.__dict__.pop(name, None)

    def is_elsewhere(self, endpoint: Endpoint) -> bool:
        """Whether the endpoint's webhook belongs to another connection, by which it has to be looked at."""
        return endpoint.conn_id not in {None, self.installation.conn_id}
