"""The receivers that serve a log, as they say themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.event import time_text
from airflow_provider_webwork.events.restoring import reconciled_until
from airflow_provider_webwork.events.store import Store

FORGOTTEN_AFTER = timedelta(days=1)
"""A receiver that was not seen for so long is forgotten when another one is: each process has a name of its own."""

ABSENT_AFTER = timedelta(minutes=1)
"""A receiver that was not seen for so long does not serve the log any more."""

LATELY = timedelta(hours=25)
"""A log that was reconciled up to so long ago is served: what is done once a day takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A receiver process.

    :param seen_at: when it last said that it is there; a healthy one does so every few seconds.
    """

    name: str
    version: str
    seen_at: datetime


class Receivers:
    """The receivers in the event log."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def beat(self, receiver: Receiver) -> None:
        """Record that a receiver is there.

        :raises WebWorkLogUnavailableError: if the log cannot be written right now.
        """
        table = schema.receiver
        values = {"version": receiver.version, "seen_at": receiver.seen_at}
        with self._store.write() as connection:
            updated = connection.execute(table.update().where(table.c.name == receiver.name).values(**values))
            if not updated.rowcount:
                connection.execute(table.insert().values(name=receiver.name, **values))
                connection.execute(table.delete().where(table.c.seen_at < receiver.seen_at - FORGOTTEN_AFTER))

    def list(self) -> list[Receiver]:
        """Return the receivers, the last seen first."""
        table = schema.receiver
        with self._store.read() as connection:
            return [
                Receiver(name=row.name, version=row.version, seen_at=row.seen_at)
                for row in connection.execute(sa.select(table).order_by(table.c.seen_at.desc()))
            ]

    def absence(self, *, now: datetime) -> str | None:
        """Return a sentence that says that nothing brings events into the log.

        ``None`` if a receiver serves it, or if it was reconciled with the API of WebWork lately.
        """
        seen = next((receiver.seen_at for receiver in self.list()), None)
        if seen is not None and now - seen <= ABSENT_AFTER:
            return None
        with self._store.read() as connection:
            reconciled = reconciled_until(connection)
        if reconciled is not None and now - reconciled <= LATELY:
            return None
        when = "was never seen" if seen is None else f"was last seen at {time_text(seen)}"
        until = "was never reconciled" if reconciled is None else f"was last reconciled up to {time_text(reconciled)}"
        return (
            f"A receiver {when} at this event log, and it {until} with WebWork's API. Events arrive only while one "
            "runs: start `airflow webwork receiver`, or look whether it uses the same [webwork] event_store_url; or "
            "run WebWorkReconcileEventsOperator every hour."
        )
