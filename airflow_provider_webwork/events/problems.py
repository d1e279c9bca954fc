"""Deliveries that could not be understood, and the events that they turn out to tell when they are parsed again."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.event import Event
from airflow_provider_webwork.events.log import Arrival, Stored, append_to
from airflow_provider_webwork.events.rows import OF_EVENTS, event_of
from airflow_provider_webwork.events.store import Store

PAGE = 20
"""How many events one query reads; each may hold a large body."""


class Problems:
    """The events with a problem whose bodies the log has, and that have not been solved yet."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, after: int) -> list[Event]:
        """Return the next events with a problem after a position, the oldest first."""
        event, reparsed = schema.event, schema.reparsed
        query = (
            sa.select(*OF_EVENTS)
            .where(event.c.seq > after, event.c.problem.is_not(None), event.c.raw.is_not(None))
            .where(event.c.seq.not_in(sa.select(reparsed.c.seq)))
            .order_by(event.c.seq)
            .limit(PAGE)
        )
        with self._store.read() as connection:
            return [event_of(row) for row in connection.execute(query)]

    def solve(self, seq: int, arrivals: Sequence[Arrival]) -> list[Stored] | None:
        """Store what an event with a problem turned out to tell, in one transaction.

        :returns: where each arrival is; ``None`` if somebody else did it already, or erased the event meanwhile.
        :raises WebWorkLogUnavailableError: if nothing could be stored.
        """
        event, reparsed = schema.event, schema.reparsed
        with self._store.write(lock="append") as connection:
            open_ = sa.select(event.c.seq).where(
                event.c.seq == seq, event.c.raw.is_not(None), event.c.seq.not_in(sa.select(reparsed.c.seq))
            )
            if connection.scalar(open_) is None:
                return None
            connection.execute(reparsed.insert().values(seq=seq))
            return append_to(connection, arrivals)
