"""A consumer: a reader of the log with a position of its own, and the rules by which it changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.log import horizon
from airflow_provider_webwork.events.match import EventFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A reader of the log with a position of its own.

    :param wanted: which events it is given.
    :param owner: the Dag that claims for it; ``None`` until one does.
    :param position: every event up to this ``seq`` was claimed, or proven not to be wanted.
    :param claims: goes up with every claim, with every retry of one that finds nothing, and with every change by
        hand, and never down.
    :param claimed_at: when a run last claimed from it; of claims that find nothing, one a minute is written down.
    :param seen_at: when its trigger last said that it waits.
    """

    name: str
    wanted: EventFilter
    owner: str | None
    position: int
    claims: int
    created_at: datetime
    claimed_at: datetime | None
    seen_at: datetime | None

    @property
    def heard_at(self) -> datetime:
        """When there was last a sign of it."""
        return max(moment for moment in (self.created_at, self.claimed_at, self.seen_at) if moment is not None)

    def is_live(self, *, now: datetime, expiry: timedelta) -> bool:
        """Whether it still holds events back from being pruned."""
        return now - self.heard_at < expiry


def find(connection: sa.Connection, name: str, *, lock: bool = False) -> Consumer | None:
    """Return a consumer, or ``None``.

    :param lock: whether nobody else may change it before the transaction ends.
    """
    query = sa.select(schema.consumer).where(schema.consumer.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else consumer_of(row)


def required(connection: sa.Connection, name: str, *, lock: bool = False) -> Consumer:
    """Return a consumer.

    :param lock: whether nobody else may change it before the transaction ends.
    :raises WebWorkConsumerError: if there is none of this name.
    """
    consumer = find(connection, name, lock=lock)
    if consumer is None:
        msg = (
            f"There is no consumer {name!r}. Declare it in a Dag with `webwork_events`, or make it with `airflow "
            f"webwork consumers create {name}`. `airflow webwork consumers list` shows those that there are."
        )
        raise WebWorkConsumerError(msg)
    return consumer


def unchanged(consumer: Consumer) -> sa.ColumnElement[bool]:
    """Whether nobody claimed from the consumer or changed it since it was read; it may know more not to be wanted."""
    table = schema.consumer
    return sa.and_(
        table.c.name == consumer.name,
        table.c.claims == consumer.claims,
        table.c.created_at == consumer.created_at,  # one that was deleted and made anew counts from 0 again
    )


def advance(connection: sa.Connection, consumer: Consumer, *, to: int) -> bool:
    """Move the position over events proven not to be wanted, unless the consumer changed since it was read.

    Nor if there were events behind its position that are pruned now: that has to be told, by the next claim.

    :returns: whether the position is there now, or was further already.
    """
    if consumer.position < horizon(connection) - 1:
        return False
    position = schema.consumer.c.position
    further = sa.case((position < to, to), else_=position)
    moved = connection.execute(schema.consumer.update().where(unchanged(consumer)).values(position=further))
    return moved.rowcount == 1


def consumer_of(row: sa.Row[tuple[object, ...]]) -> Consumer:
    """Read a row of the table."""
    return Consumer(
        name=row.name,
        wanted=EventFilter.from_json(json.loads(row.filter)),
        owner=row.owner,
        position=row.position,
        claims=row.claims,
        created_at=row.created_at,
        claimed_at=row.claimed_at,
        seen_at=row.seen_at,
    )
