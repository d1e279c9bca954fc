"""The hook for the event log; it needs no connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.match import EventFilter, Match
from airflow_provider_webwork.hooks.times import usable_duration, usable_moment
from airflow_provider_webwork.json_types import JSON

if TYPE_CHECKING:
    from airflow.sdk import Asset

    from airflow_provider_webwork.config import Settings
    from airflow_provider_webwork.events.access import Access
    from airflow_provider_webwork.events.batches import Batches
    from airflow_provider_webwork.events.claims import Claims
    from airflow_provider_webwork.events.consumers import Consumers
    from airflow_provider_webwork.events.endpoints import Endpoints
    from airflow_provider_webwork.events.log import EventLog
    from airflow_provider_webwork.events.retention import Pruned, Retention
    from airflow_provider_webwork.events.rotations import Rotations
    from airflow_provider_webwork.events.store import Store
    from airflow_provider_webwork.secrets import Vault


class WebWorkEventsHook(BaseHook):
    """Read the events that the receiver stored, and look after who reads them.

    The log is the one that ``[webwork] event_store_url`` names. Besides the methods here, ``consumers`` makes, moves
    and removes consumers, ``batches`` lists and releases what runs were given.

    .. code-block:: python

        for event in WebWorkEventsHook().read(types=["tracker.*"], match={"user_id": 7}):
            print(event["type"], event["received_at"])
    """

    @cached_property
    def settings(self) -> Settings:
        """The options of ``[webwork]``."""
        from airflow_provider_webwork.config import settings_from_airflow

        return settings_from_airflow()

    @cached_property
    def store(self) -> Store:
        """The database of the event log."""
        from airflow_provider_webwork.events.store import Store

        return Store(self.settings.log_url, auto_upgrade=self.settings.auto_upgrade)

    @cached_property
    def event_log(self) -> EventLog:
        """The event log itself, for code that needs positions."""
        from airflow_provider_webwork.events.log import EventLog

        return EventLog(self.store)

    @cached_property
    def vault(self) -> Vault:
        """The keys that the secrets in the log are encrypted with."""
        from airflow_provider_webwork.secrets import Vault

        return Vault(self.settings.secret_keys)

    @cached_property
    def endpoints(self) -> Endpoints:
        """The callback endpoints, secrets included; for code that manages them."""
        from airflow_provider_webwork.events.endpoints import Endpoints

        return Endpoints(self.store, self.vault)

    def access(self, actor: str) -> Access:
        """Return what changes who may deliver to the endpoints: their keys, secrets and required proofs.

        :param actor: who does it, for the audit.
        """
        from airflow_provider_webwork.events.access import Access

        return Access(self.store, self.vault, now=utc_now, actor=actor)

    def rotations(self, actor: str) -> Rotations:
        """Return the record of how far the rotations of webhooks have come.

        :param actor: who rotates, for the audit.
        """
        from airflow_provider_webwork.events.rotations import Rotations

        return Rotations(self.store, self.vault, now=utc_now, actor=actor)

    @cached_property
    def consumers(self) -> Consumers:
        """The consumers of the log: make, rewind, skip, reset, transfer, delete."""
        from airflow_provider_webwork.events.consumers import Consumers

        return Consumers(self.store, now=utc_now)

    @cached_property
    def batches(self) -> Batches:
        """What runs were given: list, find, release."""
        from airflow_provider_webwork.events.batches import Batches

        return Batches(self.store, now=utc_now)

    @cached_property
    def claims(self) -> Claims:
        """Claiming for any run key, and the lag of consumers."""
        from airflow_provider_webwork.events.claims import Claims

        return Claims(self.store, now=utc_now)

    @cached_property
    def retention(self) -> Retention:
        """Pruning and erasing."""
        from airflow_provider_webwork.events.retention import Retention

        return Retention(self.store, now=utc_now)

    def claim(
        self, consumer: str | Asset, *, max_events: int = 500, max_bytes: int | None = None
    ) -> dict[str, JSON] | None:
        """Give this task of this Dag run its batch, and return what names it; ``None`` if there is nothing to do.

        A retry and a cleared task get the same batch again. Each task instance has a batch of its own, also those of
        a mapped task; to claim twice within one gives the same batch twice. Call it inside a task.

        .. code-block:: python

            hook = WebWorkEventsHook()
            for event in hook.batch(hook.claim("payroll")):
                ...

        :param consumer: the name of a consumer, or the asset that ``webwork_events`` made, which makes its consumer.
        :param max_events: how many events at most.
        :param max_bytes: how many bytes of JSON at most; one event is always given.
        :raises WebWorkConsumerError: if there is no such consumer, another Dag claims from it with another filter,
            this batch was released, or events were pruned before they were claimed.
        """
        from airflow.sdk import get_current_context

        from airflow_provider_webwork.assets import asked_of
        from airflow_provider_webwork.hooks.claiming import claim_for_task

        batch = claim_for_task(
            self.claims, get_current_context(), asked_of(consumer), max_events=max_events, max_bytes=max_bytes
        )
        return None if batch is None else batch.reference()

    def batch(self, reference: Mapping[str, JSON] | None) -> Iterator[dict[str, JSON]]:
        """Yield the events of a batch; memory is one page.

        :param reference: what :meth:`claim` returned; nothing is yielded for ``None``.
        :raises ValueError: if it is anything else.
        :raises WebWorkConsumerError: if there is no such batch, it was released, or some of its events were pruned.
        """
        if reference is None:
            return
        if not isinstance(reference, Mapping) or not {"consumer", "run_key"} <= reference.keys():
            msg = f"reference must be what claim returned, with its consumer and run_key, not {reference!r}."
            raise ValueError(msg)
        from airflow_provider_webwork.events.batches import live, no_batch

        consumer, run_key = str(reference["consumer"]), str(reference["run_key"])
        found = self.batches.find(consumer, run_key)
        if found is None:
            raise no_batch(consumer, run_key)
        for event in self.batches.events(live(found)):
            yield event.as_dict()

    def prune(self, *, older_than: timedelta | None = None, even_unclaimed: bool = False) -> Pruned:
        """Remove old events; those that a live consumer has not claimed stay.

        :param older_than: the age from which on events are removed; ``[webwork] retention`` if not given.
        :param even_unclaimed: remove also what consumers have not claimed yet, or only lately.
        :raises ValueError: if the age is not usable.
        """
        age = None if older_than is None else usable_duration(older_than, name="older_than")
        return self.retention.prune(
            older_than=timedelta(days=self.settings.retention) if age is None else age,
            consumer_expiry=timedelta(days=self.settings.consumer_expiry),
            even_unclaimed=even_unclaimed,
        )

    def read(
        self,
        *,
        types: Sequence[str] | None = None,
        match: Match | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
    ) -> Iterator[dict[str, JSON]]:
        """Return an iterator over events in the order in which they were stored; memory is one page.

        :param types: names of events, exact or with a trailing ``*``; all if not given.
        :param match: dotted paths into the event and the values they must have.
        :param since: leave out what was received before; a datetime with a time zone, or one as text (ISO 8601).
        :param until: leave out what was received at this time or later; likewise.
        :raises ValueError: if an argument is not usable.
        :raises WebWorkLogUnavailableError: if the log cannot be read right now.
        """
        wanted = EventFilter.of(types=types, match=match)
        begin = None if since is None else usable_moment(since, name="since")
        end = None if until is None else usable_moment(until, name="until")
        return (event.as_dict() for event in self.event_log.received(wanted, since=begin, until=end))

    def receiver_absence(self) -> str | None:
        """Return a sentence that says that nothing brings events into the log.

        ``None`` if a receiver serves it, or if it was reconciled with the API of WebWork lately.

        :raises WebWorkLogUnavailableError: if the log cannot be read right now.
        """
        from airflow_provider_webwork.events.receivers import Receivers

        return Receivers(self.store).absence(now=utc_now())

    def list_endpoints(self, *, webwork_conn_id: str | None = None) -> list[dict[str, JSON]]:
        """Return the endpoints without their secrets; ``expect_every`` is in seconds.

        :param webwork_conn_id: only those whose webhook was registered with this connection.
        """
        from airflow_provider_webwork.events.event import time_or_none

        return [
            {
                "endpoint": endpoint.name,
                "state": endpoint.state,
                "webhook_id": endpoint.webhook_id,
                "webwork_conn_id": endpoint.conn_id,
                "events": list(endpoint.events),
                "deliveries": endpoint.deliveries,
                "last_delivery_at": time_or_none(endpoint.last_delivery_at),
                "expect_every": endpoint.expect_every.total_seconds() if endpoint.expect_every else None,
            }
            for endpoint in self.endpoints.list()
            if webwork_conn_id in (None, endpoint.conn_id)
        ]
