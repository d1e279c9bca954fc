"""Synthetic events that a delivery may still tell of: such a delivery is absorbed by one, not stored once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.event import Event, seq_of, time_of

NEWEST = sa.select(sa.func.max(schema.awaited.c.latest)).scalar_subquery()
"""Up to when something happened that a delivery is awaited of, as part of a query."""

# Built once, as all that an append may ask.
_OF_USERS = sa.select(schema.awaited).where(
    schema.awaited.c.user_id.in_(sa.bindparam("users", expanding=True)),
    schema.awaited.c.latest >= sa.bindparam("since", type_=schema.Moment),
    schema.awaited.c.earliest <= sa.bindparam("until", type_=schema.Moment),
)


def put(connection: sa.Connection, events: Iterable[Event], *, tolerance: timedelta) -> None:
    """Let synthetic events that were just stored await their deliveries, one each.

    :param tolerance: how far a delivery's own time may be from theirs.
    """
    rows = [
        {
            "seq": seq_of(event),
            "type": event.type,
            "workspace_id": event.workspace_id,
            "user_id": event.user_id,
            "at": time_of(event),
            "earliest": time_of(event) - tolerance,
            "latest": time_of(event) + tolerance,
        }
        for event in events
    ]
    if rows:
        connection.execute(schema.awaited.insert(), rows)


class Awaited:
    """The synthetic events that the events of one transaction may be the deliveries of.

    :param connection: a transaction that holds the lock for appending.
    :param events: what is to be stored.
    :param newest: what :data:`NEWEST` said. Nearly always everything has happened since, and nothing is asked.
    """

    def __init__(self, connection: sa.Connection, events: Iterable[Event], *, newest: datetime | None) -> None:
        late = [event for event in events if newest is not None and _may_be_late(event, newest)]
        self._connection = connection
        self._waiting: defaultdict[tuple[str, str], list[sa.Row[Any]]] = defaultdict(list)
        self._absorbed: list[int] = []
        if late:
            moments = [time_of(event) for event in late]
            asked = {"users": {event.user_id for event in late}, "since": min(moments), "until": max(moments)}
            for row in connection.execute(_OF_USERS, asked):
                self._waiting[row.type, row.user_id].append(row)

    def absorb(self, event: Event) -> int | None:
        """Return the ``seq`` of the nearest synthetic event that this is the delivery of; it then awaits none more.

        A delivery that names no workspace counts as one of the workspace.
        """
        if not self._waiting or event.user_id is None or event.synthetic:
            return None
        at, waiting = time_of(event), self._waiting[event.type, event.user_id]
        near = [
            row
            for row in waiting
            if row.earliest <= at <= row.latest and event.workspace_id in {None, row.workspace_id}
        ]
        if not near:
            return None
        nearest = min(near, key=lambda row: abs(row.at - at))
        waiting.remove(nearest)
        self._absorbed.append(nearest.seq)
        return int(nearest.seq)

    def settle(self) -> None:
        """Record which of them have had their delivery."""
        if self._absorbed:
            table = schema.awaited
            self._connection.execute(table.delete().where(table.c.seq.in_(self._absorbed)))


def _may_be_late(event: Event, newest: datetime) -> bool:
    return event.user_id is not None and not event.synthetic and time_of(event) <= newest
