"""Everything that the simulator knows and does, behind one lock; the routes and the Python API are thin over it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airflow_provider_webwork.simulator.data.company import ROLES, Company
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.seeds import Seed
from airflow_provider_webwork.simulator.data.stamps import micro_stamp, stamp
from airflow_provider_webwork.simulator.data.trackers import WEB_TRACKER, Tracker
from airflow_provider_webwork.simulator.data.webhooks import Webhook, WebhookRules
from airflow_provider_webwork.simulator.data.workspace import Workspace
from airflow_provider_webwork.simulator.deliveries import Deliveries, DeliveryPolicy
from airflow_provider_webwork.simulator.faults import FaultPlan
from airflow_provider_webwork.simulator.generation import GENERATIONS, Generation
from airflow_provider_webwork.simulator.rate_limit import Meter, RateLimit
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.request_log import RequestLog
from airflow_provider_webwork.simulator.rest.pages import Paging
from airflow_provider_webwork.simulator.shape import DeliveryShape, Event
from airflow_provider_webwork.simulator.tokens import OAuthRules, Tokens


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a simulated WebWork is like; :class:`Simulator` describes each."""

    seed: int
    now: Callable[[], datetime]
    token: str | None = field(repr=False)
    company: Company
    role: str
    generation: Generation
    paging: Paging
    rate_limit: RateLimit | None
    oauth: OAuthRules
    webhook_rules: WebhookRules
    shape: DeliveryShape
    policy: DeliveryPolicy

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if there is no such role or generation.
        """
        for name, value, choices in (("role", self.role, ROLES), ("generation", self.generation, GENERATIONS)):
            if value not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}; not {value!r}.")


@dataclass(frozen=True, kw_only=True)
class Emitted:
    """An event that was sent out, and to which webhooks."""

    event_id: str
    event_type: str
    webhook_ids: tuple[str, ...]


class World:
    """One simulated WebWork.

    :param operations: the ids of the operations that the routes serve, for faults.
    """

    def __init__(self, settings: Settings, *, operations: Collection[str]) -> None:
        self.settings = settings
        self.now = settings.now
        self.lock = threading.RLock()
        self.faults = FaultPlan(operations)
        self.requests = RequestLog()
        self.meter = Meter(settings.rate_limit)
        self._seed = Seed(settings.seed)
        self.tokens = Tokens(seed=self._seed, rules=settings.oauth, token=settings.token, now=settings.now)
        self.deliveries = Deliveries(
            shape=settings.shape, policy=settings.policy, find_webhook=self.find_webhook, now=settings.now
        )
        self._begin()

    @property
    def workspace(self) -> Workspace:
        """The first workspace, of which API v1 and the levers speak."""
        return self.workspaces[1]

    def webhooks(self) -> tuple[Webhook, ...]:
        """Return the webhooks of every workspace."""
        with self.lock:
            return tuple(webhook for workspace in self.workspaces.values() for webhook in workspace.webhooks.all())

    def find_webhook(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or ``None`` if it was deleted or never existed."""
        with self.lock:
            found = (workspace.webhooks.find(webhook_id) for workspace in self.workspaces.values())
            return next((webhook for webhook in found if webhook), None)

    def member(self, user_id: int, *, workspace: Workspace | None = None) -> Record:
        """Return a member.

        :raises RefusedError: 404 if the workspace has none of this id.
        """
        member = (workspace or self.workspace).members.find(user_id)
        if member is None:
            raise RefusedError(404, f"User {user_id} is not a member of the workspace.")
        return member

    def own_contract(self, user_id: int) -> int | None:
        """Return the first contract of a member, on which a lever starts the tracker.

        :raises RefusedError: 404 if there is no such member.
        """
        with self.lock:
            member = self.member(user_id)
            contracts = self.workspace.contracts.all()
            return next((each["id"] for each in contracts if each["user_id"] == member["id"]), None)

    def start_tracker(
        self,
        user_id: int,
        *,
        contract_id: int | None,
        task_id: int | None = None,
        activity_description: str | None = None,
        method: str = WEB_TRACKER,
        workspace: Workspace | None = None,
    ) -> tuple[Tracker, Emitted]:
        """Clock a member in and tell the webhooks.

        :raises RefusedError: if WebWork would say no.
        """
        with self.lock:
            where = workspace or self.workspace
            tracker = where.trackers.start(
                self.member(user_id, workspace=where),
                at=self.now(),
                contract_id=contract_id,
                task_id=task_id,
                activity_description=activity_description,
                method=method,
            )
            emitted = self.emit("tracker.started", tracker.row(), at=tracker.started_at, workspace=where)
            return tracker, emitted

    def stop_tracker(self, user_id: int, *, workspace: Workspace | None = None) -> tuple[datetime, Emitted]:
        """Clock a member out and tell the webhooks; the time is that of the stop.

        :raises RefusedError: if WebWork would say no.
        """
        with self.lock:
            at, where = self.now(), workspace or self.workspace
            tracker = where.trackers.stop(self.member(user_id, workspace=where), at=at)
            data = {**tracker.row(), "stopped_at": stamp(at)}
            return at, self.emit("tracker.stopped", data, at=at, workspace=where)

    def emit(
        self,
        event_type: str,
        data: Mapping[str, Any],
        *,
        at: datetime | None = None,
        workspace: Workspace | None = None,
    ) -> Emitted:
        """Send an event to every webhook of a workspace whose events include its type.

        :raises TypeError: if the data is not JSON.
        """
        json.dumps(data)  # fails here, in the thread of the caller, and not later in a worker
        with self.lock:
            where = workspace or self.workspace
            self._emitted += 1
            event = Event(
                id=f"evt_{self._seed.text('event', self._emitted)}",
                type=event_type,
                at=at or self.now(),
                workspace_id=where.id,
                data=data,
            )
            webhook_ids = tuple(w.id for w in where.webhooks.all() if event_type in w.events)
            self.deliveries.send(event, webhook_ids=webhook_ids)
            return Emitted(event_id=event.id, event_type=event_type, webhook_ids=webhook_ids)

    def meta(self) -> dict[str, Any]:
        """Return the ``meta`` of an answer of API v2."""
        return {"api_version": "2.0.0", "timestamp": micro_stamp(self.now())}

    def reset(self) -> None:
        """Begin again: every write, fault, token and log is forgotten; ids and tokens come in the same order."""
        with self.lock:
            self.faults.clear()
            self.deliveries.clear()
            self.requests.clear()
            self.meter.forget()
            self.tokens.reset()
            self._begin()

    def _begin(self) -> None:
        self._emitted = 0
        self.workspaces = {
            number: Workspace(
                number,
                seed=self._seed,
                company=self.settings.company,
                role=self.settings.role,
                webhook_rules=self.settings.webhook_rules,
                now=self.now,
            )
            for number in range(1, self.settings.company.workspaces + 1)
        }
