"""Consumers: who reads the log, what they want, and how far they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import exc

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.audit import Entry, record, record_latest
from airflow_provider_webwork.events.consumer import (
    Consumer,
    advance,
    consumer_of,
    find,
    required,
    unchanged,
)
from airflow_provider_webwork.events.event import time_text
from airflow_provider_webwork.events.log import head, horizon, position_before
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.events.released import waiting_for
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.events.subscription import Start
from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)

FILTER = "filter"
"""In the audit: a Dag claimed with another filter than before."""

TRANSFER = "transfer"
"""In the audit: the consumer was given to another Dag."""

CLASH = "clash"
"""In the audit: a Dag was refused that wants another filter than the Dag to which the consumer belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a consumer stands.

    :param released: how many events of its batches were given up and not claimed again.
    """

    consumer: Consumer
    released: int


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

    def standings(self, names: Collection[str]) -> dict[str, Standing]:
        """Return where those of the consumers stand that there are, by name, in one query."""
        table = schema.consumer
        query = sa.select(table, waiting_for(table.c.name).label("released")).where(table.c.name.in_(names))
        with self._store.read() as connection:
            return {
                row.name: Standing(consumer=consumer_of(row), released=int(row.released))
                for row in connection.execute(query)
            }

    def create(self, name: str, wanted: EventFilter, *, start: Start = "now", owner: str | None = None) -> Consumer:
        """Return the consumer, made if there is none of this name; one that there is stays as it is.

        :param start: where a new one begins.
        :raises ValueError: if a consumer cannot have this name.
        :raises WebWorkConsumerError: if it is to begin at a time that has not come.
        """
        checked_name(name, of="consumer")
        with self._store.read() as connection:
            known = find(connection, name)
        if known is not None:
            return known
        now = self._now()
        if isinstance(start, datetime) and start > now:
            msg = (
                f"Consumer {name!r} cannot begin at {time_text(start)}: that time has not come, and it would be given "
                "what is received until then. Write an earlier time, or start='now'."
            )
            raise WebWorkConsumerError(msg)
        values = {
            "name": name,
            "filter": json.dumps(wanted.to_json()),
            "owner": owner,
            "claims": 0,
            "created_at": now,
        }
        try:
            with self._store.write() as connection:
                values["position"] = _position(connection, start)
                connection.execute(schema.consumer.insert().values(values))
        except exc.IntegrityError:
            log.debug("Another process made consumer %s at the same moment.", name)
        return self.get(name)

    def subscribe(self, name: str, wanted: EventFilter, *, owner: str, actor: str, start: Start = "now") -> Consumer:
        """Return the consumer as a Dag wants it: made if there is none, with another filter if the Dag has a new one.

        A new filter holds from the position on; batches that were claimed keep theirs.

        :param owner: the Dag.
        :param actor: the run key of the task that asks.
        :raises WebWorkConsumerError: if another Dag claims with another filter: one position cannot serve two.
        """
        while True:
            consumer = self.create(name, wanted, start=start, owner=owner)
            if consumer.wanted == wanted:
                return consumer
            self.check_owner(consumer, wanted, owner=owner, actor=actor)
            if self._change_filter(consumer, wanted, owner=owner, actor=actor):
                log.warning(
                    "Consumer %s has a new filter, %s instead of %s; it goes on at position %s.",
                    name,
                    wanted.to_json(),
                    consumer.wanted.to_json(),
                    consumer.position,
                )

    def check_owner(self, consumer: Consumer, wanted: EventFilter, *, owner: str, actor: str) -> None:
        """Refuse a Dag that wants another filter than the Dag to which the consumer belongs.

        :param owner: the Dag that claims.
        :param actor: the run key of the task that asks.
        :raises WebWorkConsumerError: naming both Dags and filters.
        """
        if consumer.owner in {None, owner} or consumer.wanted == wanted:
            return
        self._note_clash(consumer, wanted, owner=owner, actor=actor)
        msg = (
            f"Consumer {consumer.name!r} belongs to Dag {consumer.owner!r} with the filter "
            f"{consumer.wanted.to_json()}, and Dag {owner!r} claims with {wanted.to_json()}. Give one of them a "
            f"consumer of its own, or hand this one over: `airflow webwork consumers transfer {consumer.name} {owner}`."
        )
        raise WebWorkConsumerError(msg)

    def seen(self, consumer: Consumer, *, proven: int) -> None:
        """Record that the consumer's trigger waits, and up to where nothing is wanted.

        :param consumer: as it was when the trigger began to scan.
        :param proven: the events from its position up to here do not match.
        """
        with self._store.write() as connection:
            connection.execute(
                schema.consumer.update().where(schema.consumer.c.name == consumer.name).values(seen_at=self._now())
            )
            # A log that was put back to an earlier state has not got as far as the trigger has seen.
            advance(connection, consumer, to=min(proven, head(connection)))

    def advance(self, consumer: Consumer, *, to: int) -> None:
        """Move the position over events proven not to be wanted, unless the consumer changed since it was read."""
        with self._store.write() as connection:
            advance(connection, consumer, to=to)

    def rewind(self, name: str, *, to: Start | int, actor: str) -> Consumer:
        """Move the position back: events that were claimed are given once more, in new batches.

        What was released stays released, and is given as well.

        :raises WebWorkConsumerError: if that is not back, or before the oldest event.
        """
        return self._move(name, to=to, action="rewind", actor=actor)

    def skip(self, name: str, *, to: Start | int, actor: str) -> Consumer:
        """Move the position on: the events between are never given.

        :raises WebWorkConsumerError: if that is not on, or behind the newest event.
        """
        return self._move(name, to=to, action="skip", actor=actor)

    def reset(self, name: str, *, actor: str) -> Consumer:
        """Forget the batches and released ranges of a consumer and begin at the oldest event."""
        with self._store.write() as connection:
            consumer = required(connection, name, lock=True)
            position = _position(connection, "beginning")
            _forget_batches(connection, name)
            _set(connection, name, position=position)
            self._record(connection, actor, "reset", name, {"from": consumer.position, "to": position})
        return self.get(name)

    def transfer(self, name: str, *, owner: str, actor: str) -> Consumer:
        """Give a consumer to another Dag, which may then change its filter."""
        with self._store.write() as connection:
            consumer = required(connection, name, lock=True)
            _set(connection, name, owner=owner)
            self._record(connection, actor, TRANSFER, name, {"from": consumer.owner, "to": owner})
        return self.get(name)

    def delete(self, name: str, *, actor: str) -> None:
        """Forget a consumer with its batches; its events stay in the log."""
        with self._store.write() as connection:
            consumer = required(connection, name, lock=True)
            _forget_batches(connection, name)
            connection.execute(schema.consumer.delete().where(schema.consumer.c.name == name))
            details: dict[str, JSON] = {"position": consumer.position, "filter": consumer.wanted.to_json()}
            self._record(connection, actor, "delete", name, details)

    def _change_filter(self, consumer: Consumer, wanted: EventFilter, *, owner: str, actor: str) -> bool:
        table = schema.consumer
        with self._store.write() as connection:
            values = {"owner": owner, "claims": table.c.claims + 1, "filter": json.dumps(wanted.to_json())}
            changed = connection.execute(table.update().where(unchanged(consumer)).values(values)).rowcount == 1
            if changed:
                details: dict[str, JSON] = {"from": consumer.wanted.to_json(), "to": wanted.to_json()}
                self._record(connection, actor, FILTER, consumer.name, details)
            return changed

    def _note_clash(self, consumer: Consumer, wanted: EventFilter, *, owner: str, actor: str) -> None:
        details: dict[str, JSON] = {"dag_id": owner, "filter": wanted.to_json()}
        with self._store.write() as connection:
            record_latest(
                connection, Entry(at=self._now(), actor=actor, action=CLASH, subject=consumer.name, details=details)
            )

    def _move(self, name: str, *, to: Start | int, action: Literal["rewind", "skip"], actor: str) -> Consumer:
        with self._store.write() as connection:
            consumer = required(connection, name, lock=True)
            position = _position(connection, to)
            first, last = _position(connection, "beginning"), consumer.position
            if action == "skip":
                first, last = consumer.position, _position(connection, "now")
            if not first <= position <= last:
                msg = (
                    f"Consumer {name!r} is at position {consumer.position}; {action} takes it to a position from "
                    f"{first} to {last}, and {position} is not one."
                )
                raise WebWorkConsumerError(msg)
            _set(connection, name, position=position)
            self._record(connection, actor, action, name, {"from": consumer.position, "to": position})
        return self.get(name)

    def _record(self, connection: sa.Connection, actor: str, action: str, name: str, details: dict[str, JSON]) -> None:
        record(connection, Entry(at=self._now(), actor=actor, action=action, subject=name, details=details))


def _set(connection: sa.Connection, name: str, **values: object) -> None:
    table = schema.consumer
    # The counter goes up too, so that a claim that is scanning right now looks again.
    connection.execute(table.update().where(table.c.name == name).values(claims=table.c.claims + 1, **values))


def _forget_batches(connection: sa.Connection, name: str) -> None:
    for table in (schema.batch, schema.empty_claim, schema.released):
        connection.execute(table.delete().where(table.c.consumer == name))


def _position(connection: sa.Connection, place: Start | int) -> int:
    if isinstance(place, int):
        return place
    if place == "now":
        return head(connection)
    if place == "beginning":
        return horizon(connection) - 1
    return position_before(connection, place)
