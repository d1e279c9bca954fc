"""The hook for the event log; it needs no connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from airflow_provider_webwork.events.match import EventFilter, Match
from airflow_provider_webwork.json_types import JSON

if TYPE_CHECKING:
    from airflow_provider_webwork.config import Settings
    from airflow_provider_webwork.events.endpoints import Endpoints
    from airflow_provider_webwork.events.log import EventLog
    from airflow_provider_webwork.events.store import Store


class WebWorkEventsHook(BaseHook):
    """Read the events that the receiver stored.

    The log is the one that ``[webwork] event_store_url`` names.

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

        return Store(self.settings.log_url)

    @cached_property
    def event_log(self) -> EventLog:
        """The event log itself, for code that needs positions."""
        from airflow_provider_webwork.events.log import EventLog

        return EventLog(self.store)

    @cached_property
    def endpoints(self) -> Endpoints:
        """The callback endpoints, secrets included; for code that manages them."""
        from airflow_provider_webwork.events.endpoints import Endpoints
        from airflow_provider_webwork.secrets import Vault

        return Endpoints(self.store, Vault(self.settings.secret_keys))

    def read(
        self,
        *,
        types: Sequence[str] | None = None,
        match: Match | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[dict[str, JSON]]:
        """Return an iterator over events in the order in which they were stored; memory is one page.

        :param types: names of events, exact or with a trailing ``*``; all if not given.
        :param match: dotted paths into the event and the values they must have.
        :param since: leave out what was received before; with a time zone.
        :param until: leave out what was received at this time or later; with a time zone.
        :raises ValueError: if an argument is not usable.
        :raises WebWorkLogUnavailableError: if the log cannot be read right now.
        """
        wanted = EventFilter.of(types=types, match=match)
        for name, moment in (("since", since), ("until", until)):
            if moment is not None and moment.tzinfo is None:
                msg = f"{name} must be a datetime with a time zone, such as pendulum.now()."
                raise ValueError(msg)
        return self._read(wanted, since=since, until=until)

    def last_receiver_at(self) -> datetime | None:
        """Return when a receiver was last seen to serve the log; ``None`` if there never was one.

        :raises WebWorkLogUnavailableError: if the log cannot be read right now.
        """
        from airflow_provider_webwork.events.receivers import Receivers

        return next((receiver.seen_at for receiver in Receivers(self.store).list()), None)

    def list_endpoints(self, *, webwork_conn_id: str | None = None) -> list[dict[str, JSON]]:
        """Return the endpoints without their secrets.

        :param webwork_conn_id: only those whose webhook was registered with this connection.
        """
        return [
            {
                "endpoint": endpoint.name,
                "state": endpoint.state,
                "webhook_id": endpoint.webhook_id,
                "webwork_conn_id": endpoint.conn_id,
                "events": list(endpoint.events),
                "deliveries": endpoint.deliveries,
            }
            for endpoint in self.endpoints.list()
            if webwork_conn_id in (None, endpoint.conn_id)
        ]

    def _read(
        self, wanted: EventFilter, *, since: datetime | None, until: datetime | None
    ) -> Iterator[dict[str, JSON]]:
        after = 0 if since is None else self.event_log.position_before(since)
        for event in self.event_log.read(wanted, after=after):
            if (since is None or event.received_at >= since) and (until is None or event.received_at < until):
                yield event.as_dict()
