"""Everything that the simulator knows and does, behind one lock; the routes and the Python API are thin over it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_webwork.simulator.calls import RefusedError
from airflow_provider_webwork.simulator.deliveries import Deliveries, DeliveryPolicy
from airflow_provider_webwork.simulator.faults import FaultPlan
from airflow_provider_webwork.simulator.pages import Paging
from airflow_provider_webwork.simulator.shape import DeliveryShape, Event
from airflow_provider_webwork.simulator.state import (
    Credentials,
    Member,
    Workspace,
    micro_stamp,
    stamp,
    text_from_seed,
)
from airflow_provider_webwork.simulator.tracker import Tracker, Trackers
from airflow_provider_webwork.simulator.webhooks import Webhook, Webhooks


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """A request that reached the API, without its headers.

    ``operation`` is ``None`` for a path that is not simulated; ``body`` is the parsed JSON or form, or the text that
    could not be parsed.
    """

    operation: str | None
    method: str
    path: str
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, kw_only=True)
class Emitted:
    """An event that was sent out, and to which webhooks."""

    event_id: str
    event_type: str
    webhook_ids: tuple[str, ...]


class World:
    """One simulated WebWork.

    :param operations: the ids of the operations that the routes serve, for faults.
    :param now: the clock of everything that is shown or signed; it must return aware datetimes.
    """

    def __init__(
        self,
        *,
        seed: int,
        workspace: Workspace,
        credentials: Credentials,
        paging: Paging,
        shape: DeliveryShape,
        policy: DeliveryPolicy,
        unique_urls: bool,
        operations: Collection[str],
        now: Callable[[], datetime],
    ) -> None:
        self.workspace = workspace
        self.credentials = credentials
        self.paging = paging
        self.now = now
        self.lock = threading.RLock()
        self.webhooks = Webhooks(seed=seed, unique_urls=unique_urls)
        self.trackers = Trackers()
        self.faults = FaultPlan(operations)
        self.deliveries = Deliveries(shape=shape, policy=policy, find_webhook=self.find_webhook, now=now)
        self.requests: list[LoggedRequest] = []
        self._seed = seed
        self._emitted = 0

    def member(self, user_id: int) -> Member:
        """Return a member.

        :raises RefusedError: 404 if the workspace has none of this id.
        """
        member = self.workspace.member(user_id)
        if member is None:
            raise RefusedError(404, f"User {user_id} is not a member of the workspace.")
        return member

    def find_webhook(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or ``None`` if it was deleted or never existed."""
        with self.lock:
            return self.webhooks.find(webhook_id)

    def start_tracker(
        self,
        user_id: int,
        *,
        contract_id: int | None,
        task_id: int | None = None,
        activity_description: str | None = None,
    ) -> tuple[Tracker, Emitted]:
        """Clock a member in and tell the webhooks.

        :raises RefusedError: if WebWork would say no.
        """
        with self.lock:
            tracker = self.trackers.start(
                self.member(user_id),
                at=self.now(),
                contract_id=contract_id,
                task_id=task_id,
                activity_description=activity_description,
            )
            return tracker, self.emit("tracker.started", tracker.row(), at=tracker.started_at)

    def stop_tracker(self, user_id: int) -> tuple[datetime, Emitted]:
        """Clock a member out and tell the webhooks; the time is that of the stop.

        :raises RefusedError: if WebWork would say no.
        """
        with self.lock:
            at = self.now()
            tracker = self.trackers.stop(self.member(user_id), at=at)
            return at, self.emit("tracker.stopped", {**tracker.row(), "stopped_at": stamp(at)}, at=at)

    def emit(self, event_type: str, data: Mapping[str, Any], *, at: datetime | None = None) -> Emitted:
        """Send an event to every webhook whose events include its type.

        :raises TypeError: if the data is not JSON.
        """
        json.dumps(data)  # fails here, in the thread of the caller, and not later in a worker
        with self.lock:
            self._emitted += 1
            event = Event(
                id=f"evt_{text_from_seed(self._seed, 'event', self._emitted)}",
                type=event_type,
                at=at or self.now(),
                workspace_id=self.workspace.id,
                data=data,
            )
            webhook_ids = tuple(w.id for w in self.webhooks.all() if event_type in w.events)
            self.deliveries.send(event, webhook_ids=webhook_ids)
            return Emitted(event_id=event.id, event_type=event_type, webhook_ids=webhook_ids)

    def meta(self) -> dict[str, Any]:
        """Return the ``meta`` of an answer of API v2."""
        return {"api_version": "2.0.0", "timestamp": micro_stamp(self.now())}

    def reset(self) -> None:
        """Begin again: no webhook, no tracker, no fault, no log; ids and tokens come in the same order once more."""
        with self.lock:
            self.webhooks.clear()
            self.trackers.clear()
            self.faults.clear()
            self.deliveries.clear()
            self.requests.clear()
            self._emitted = 0
