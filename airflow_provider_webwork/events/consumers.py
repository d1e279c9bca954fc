"""Consumers: who reads the log, what they want, and how far they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.audit import record
from airflow_provider_webwork.events.log import head, horizon, position_before
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store

Start: TypeAlias = Literal["now", "beginning"] | datetime

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A reader of the log with a position of its own.

    :param wanted: which events it is given.
    :param owner: the Dag that claims for it; ``None`` until one does.
    :param position: every event up to this ``seq`` was claimed, or proven not to be wanted.
    :param claims: how many batches were claimed; it only grows.
    :param claimed_at: when it last claimed.
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

    def is_live(self, *, now: datetime, expiry: timedelta) -> bool:
        """Whether it still holds events back from being pruned."""
        last = max(moment for moment in (self.created_at, self.claimed_at, self.seen_at) if moment is not None)
        return now - last < expiry


def consumer_name(name: object) -> str:
    """Return the name if it is one a consumer can have.

    :raises ValueError: if it is not.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        msg = (
            f"consumer: {name!r} is not a name. Use a small letter, then up to 62 small letters, digits, `_`, `.` or "
            "`-`, such as 'payroll'. Names are global, so put your team in front."
        )
        raise ValueError(msg)
    return name


class Consumers:
    """The consumers of an event log.

    Whatever moves a position by hand is written to the audit, with who did it.

    :param now: tells the time in UTC.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def list(self) -> list[Consumer]:
        """Return all consumers, by name."""
        with self._store.read() as connection:
            rows = connection.execute(sa.select(schema.consumer).order_by(schema.consumer.c.name))
            return [consumer_of(row) for row in rows]

    def get(self, name: str) -> Consumer:
        """Return a consumer.

        :raises WebWorkConsumerError: if there is none of this name.
        """
        with self._store.read() as connection:
            return required(connection, name)

    def create(self, name: str, wanted: EventFilter, *, start: Start = "now", owner: str | None = None) -> Consumer:
        """Return the consumer, made if there is none of this name.

        :param start: where a new one begins: behind the newest event, at the oldest, or at a time.
        """
        with self._store.write() as connection:
            if find(connection, name) is None:
                connection.execute(
                    schema.consumer.insert().values(
                        name=consumer_name(name),
                        filter=json.dumps(wanted.to_json()),
                        filter_hash=wanted.hash,
                        owner=owner,
                        position=_start(connection, start),
                        claims=0,
                        created_at=self._now(),
                    )
                )
            return required(connection, name)

    def seen(self, consumer: Consumer, *, proven: int) -> None:
        """Record that the consumer's trigger waits, and up to where nothing is wanted.

        :param consumer: as it was when the trigger began to scan.
        :param proven: the events from its position up to here do not match.
        """
        table = schema.consumer
        with self._store.write() as connection:
            connection.execute(table.update().where(table.c.name == consumer.name).values(seen_at=self._now()))
            advance(connection, consumer, to=proven)

    def rewind(self, name: str, *, start: Start | int, actor: str) -> Consumer:
        """Move a position back or forth; events may be given again, or never."""
        with self._store.write() as connection:
            consumer = required(connection, name)
            to = start if isinstance(start, int) else _start(connection, start)
            self._move(connection, consumer, to=to, action="rewind" if to < consumer.position else "skip", actor=actor)
            return required(connection, name)

    def reset(self, name: str, *, actor: str) -> Consumer:
        """Forget the batches and released ranges of a consumer and begin at the oldest event."""
        with self._store.write() as connection:
            consumer = required(connection, name)
            for table in (schema.batch, schema.released):
                connection.execute(table.delete().where(table.c.consumer == name))
            self._move(connection, consumer, to=_start(connection, "beginning"), action="reset", actor=actor)
            return required(connection, name)

    def transfer(self, name: str, *, owner: str, actor: str) -> Consumer:
        """Give a consumer to another Dag, which may then change its filter."""
        with self._store.write() as connection:
            consumer = required(connection, name)
            connection.execute(schema.consumer.update().where(schema.consumer.c.name == name).values(owner=owner))
            details = {"from": consumer.owner, "to": owner}
            record(connection, actor=actor, action="transfer", subject=name, details=details, at=self._now())
            return required(connection, name)

    def delete(self, name: str, *, actor: str) -> None:
        """Forget a consumer with its batches; its events stay in the log."""
        with self._store.write() as connection:
            consumer = required(connection, name)
            for table in (schema.batch, schema.released):
                connection.execute(table.delete().where(table.c.consumer == name))
            connection.execute(schema.consumer.delete().where(schema.consumer.c.name == name))
            details = {"position": consumer.position}
            record(connection, actor=actor, action="delete", subject=name, details=details, at=self._now())

    def _move(self, connection: sa.Connection, consumer: Consumer, *, to: int, action: str, actor: str) -> None:
        table = schema.consumer
        # The counter of claims changes too, so that a claim that is scanning right now begins again.
        connection.execute(
            table.update().where(table.c.name == consumer.name).values(position=to, claims=table.c.claims + 1)
        )
        details = {"from": consumer.position, "to": to}
        record(connection, actor=actor, action=action, subject=consumer.name, details=details, at=self._now())


def find(connection: sa.Connection, name: str) -> Consumer | None:
    """Return a consumer, or ``None``."""
    row = connection.execute(sa.select(schema.consumer).where(schema.consumer.c.name == name)).first()
    return None if row is None else consumer_of(row)


def required(connection: sa.Connection, name: str) -> Consumer:
    """Return a consumer.

    :raises WebWorkConsumerError: if there is none of this name.
    """
    consumer = find(connection, name)
    if consumer is None:
        msg = (
            f"There is no consumer {name!r}. Make it with `airflow webwork consumers create {name}`. "
            "`airflow webwork consumers list` shows those that there are."
        )
        raise WebWorkConsumerError(msg)
    return consumer


def advance(connection: sa.Connection, consumer: Consumer, *, to: int) -> bool:
    """Move the position over events proven not to be wanted, unless it moved since ``consumer`` was read."""
    table = schema.consumer
    moved = connection.execute(
        table.update()
        .where(
            table.c.name == consumer.name,
            table.c.position == consumer.position,
            table.c.claims == consumer.claims,
            table.c.filter_hash == consumer.wanted.hash,
        )
        .values(position=max(to, consumer.position))
    )
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


def _start(connection: sa.Connection, start: Start) -> int:
    if start == "now":
        return head(connection)
    if start == "beginning":
        return horizon(connection) - 1
    return position_before(connection, start)
