"""An installation that the doctor can look at: a workspace at the simulator, its event log, and what else it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_webwork import __version__
from airflow_provider_webwork.api.client import Client
from airflow_provider_webwork.config import Settings, settings_from_environment
from airflow_provider_webwork.events.batches import Batch
from airflow_provider_webwork.events.observed import ObservedProof
from airflow_provider_webwork.events.receivers import Receiver, Receivers
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.lifecycle.doctor.examination import examine
from airflow_provider_webwork.lifecycle.doctor.finding import Finding
from airflow_provider_webwork.lifecycle.rotation import EndpointRotations
from airflow_provider_webwork.receiver.proofs.settings import proposal, words
from airflow_provider_webwork.secrets import SHORTEST_REDACTED, Vault
from tests.server.canaries import found
from tests.unit.lifecycle.conftest import Workspace

EVENTS = ("tracker.started", "tracker.stopped")


@dataclass(kw_only=True)
class Examined:
    """What the doctor looks at; a test changes what it wants to be found."""

    workspace: Workspace
    client: Client
    store: Store
    vault: Vault
    settings: Settings
    rotations: EndpointRotations
    signed_in: tuple[bool, str] = (True, "Workspace Example (1), as Owner, with a personal access token.")
    ahead: timedelta = timedelta()
    run_state: str = "success"
    conn_id: str = "webwork_default"
    versions: dict[str, str] = field(default_factory=lambda: {"airflow-provider-webwork": __version__})

    def now(self) -> datetime:
        return self.workspace.clock.now() + self.ahead

    def sign_in(self) -> tuple[bool, str]:
        return self.signed_in

    def unfinished(self, batches: Sequence[Batch]) -> list[tuple[Batch, str]]:
        return [(batch, self.run_state) for batch in batches if self.run_state in {"failed", "deleted"}]

    def proposal(self, observed: Sequence[ObservedProof]) -> tuple[str, str] | None:
        proposed = proposal(observed)
        return None if proposed is None else (proposed, words(proposed))

    def found(self, *, fix: bool = False) -> list[Finding]:
        """Let the doctor look; whatever is found, no secret is in it."""
        findings = list(examine(self, fix=fix))
        shown = "\n".join(f"{each}" for each in findings)
        secrets = self.secrets()
        assert found(secrets, shown) == set()
        assert found(secrets, shown + "".join(secrets.values())) == secrets.keys(), "the search finds what is there"
        return findings

    def about(self, check: str, *, fix: bool = False) -> list[Finding]:
        return [finding for finding in self.found(fix=fix) if finding.check == check]

    def bad(self, *, fix: bool = False) -> list[Finding]:
        """What is not good."""
        return [finding for finding in self.found(fix=fix) if finding.verdict != "good"]

    def beat(self, version: str = __version__) -> None:
        """Let a receiver say that it is at work."""
        now = self.workspace.clock.now()
        receiver = Receiver(name=f"host of {version}", version=version, seen_at=now)
        Receivers(self.workspace.store).beat(receiver)

    def secrets(self) -> dict[str, str]:
        known = {"the token of the connection": self.workspace.simulator.token}
        for webhook in self.workspace.simulator.webhooks:
            known[f"token of {webhook.id}"] = webhook.token.removeprefix("whsec_")
            known[f"path of {webhook.id}"] = webhook.url.rpartition("/")[2]
        return {name: secret for name, secret in known.items() if len(secret) >= SHORTEST_REDACTED}


@pytest.fixture
def examined(connect, shared_simulator) -> Examined:
    """An installation in which all is well: an endpoint with its webhook, and a receiver at work."""
    workspace = connect(shared_simulator)
    workspace.clock.moment = datetime.now(UTC)  # the simulator tells the time in its answers
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    installed = Examined(
        workspace=workspace,
        client=workspace.client,
        store=workspace.store,
        vault=workspace.vault,
        settings=settings_from_environment({"AIRFLOW__WEBWORK__EVENT_STORE_URL": workspace.store.name}),
        rotations=workspace.rotations,
    )
    installed.beat()
    return installed
