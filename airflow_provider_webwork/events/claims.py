"""Claims: every event that a consumer wants goes to exactly one live batch, and a batch never changes its mind."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import exc

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.audit import record
from airflow_provider_webwork.events.consumers import Consumer, Consumers, Start, advance, find, required
from airflow_provider_webwork.events.event import Event, time_text
from airflow_provider_webwork.events.log import EventLog, horizon
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The events that one task of one Dag run was given: a range of the log under the filter of its claim.

    :param run_key: the task: ``dag_id/run_id/task_id/map_index``.
    :param start_seq: the first place of the range.
    :param end_seq: the last place of the range.
    :param count: how many events of the range match.
    """

    consumer: str
    run_key: str
    start_seq: int
    end_seq: int
    count: int
    wanted: EventFilter
    claimed_at: datetime
    released_at: datetime | None = None

    def reference(self) -> dict[str, JSON]:
        """Return what names the batch, small enough for an XCom."""
        return {
            "consumer": self.consumer,
            "run_key": self.run_key,
            "start_seq": self.start_seq,
            "end_seq": self.end_seq,
            "count": self.count,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a consumer is behind.

    :param events: events that wait to be claimed, released ones included.
    :param at_least: whether there are more, which were not counted.
    """

    events: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class _Range:
    """Part of the log: who may claim it, and what of it is wanted."""

    after: int
    until: int
    wanted: EventFilter


@dataclass(frozen=True, slots=True)
class _Take:
    """How much a run takes at most."""

    limit: int
    max_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Cut:
    """How much of a range makes a batch."""

    end: int
    count: int


class _LostRaceError(Exception):
    """Another claim or a change by hand came first."""


class Claims:
    """Gives the events of consumers to runs.

    :param now: tells the time in UTC.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._log = EventLog(store)
        self._consumers = Consumers(store, now=now)
        self._now = now

    def claim(
        self,
        name: str,
        run_key: str,
        *,
        limit: int,
        max_bytes: int | None = None,
        wanted: EventFilter | None = None,
        start: Start = "now",
    ) -> Batch | None:
        """Return the batch of a run: the one it has, or a new one; ``None`` if there is nothing to do.

        Scanning for events holds no lock; appends go on meanwhile.

        :param run_key: ``dag_id/run_id/task_id/map_index``.
        :param limit: how many events at most.
        :param max_bytes: how many bytes of JSON at most; one event is always given.
        :param wanted: what the Dag wants; without it, what the consumer is registered for.
        :param start: where a consumer begins that there is not yet.
        :raises WebWorkConsumerError: if there is no such consumer and ``wanted`` is not given; if another Dag claims
            from it with another filter; if this batch was released; or if unclaimed events were pruned.
        :raises WebWorkLogUnavailableError: if the log cannot be read or written right now.
        """
        if wanted is not None:
            self._agree(name, wanted, owner=_dag_id(run_key), start=start)
        take = _Take(limit, max_bytes)
        while True:
            with self._store.read() as connection:
                batch = _batch(connection, name, run_key)
                consumer = required(connection, name)
                released = _oldest_released(connection, name)
                oldest = horizon(connection)
            if batch is not None:
                return _live(batch)
            if released is None and consumer.position < oldest - 1:
                self._go_on_at(consumer, oldest - 1, run_key)
            # Whoever else moved the consumer meanwhile won: look again.
            with suppress(_LostRaceError, exc.IntegrityError):
                if released is not None:
                    return self._take_released(consumer, run_key, released, take)
                return self._take_new(consumer, run_key, take)

    def events(self, batch: Batch) -> Iterator[Event]:
        """Yield the events of a batch, always the same.

        :raises WebWorkConsumerError: if some were pruned.
        """
        with self._store.read() as connection:
            oldest = horizon(connection)
        if batch.start_seq < oldest:
            msg = (
                f"The batch of {batch.run_key} for consumer {batch.consumer!r} holds events {batch.start_seq} to "
                f"{batch.end_seq}, and the log now begins at {oldest}: they were pruned. A longer [webwork] retention "
                "keeps more."
            )
            raise WebWorkConsumerError(msg)
        return self._log.read(batch.wanted, after=batch.start_seq - 1, until=batch.end_seq)

    def find(self, name: str, run_key: str) -> Batch | None:
        """Return the batch of a run, released or not."""
        with self._store.read() as connection:
            return _batch(connection, name, run_key)

    def list(self, name: str | None = None) -> list[Batch]:
        """Return the batches, the newest first.

        :param name: only those of this consumer.
        """
        table = schema.batch
        query = sa.select(table).order_by(table.c.claimed_at.desc())
        if name is not None:
            query = query.where(table.c.consumer == name)
        with self._store.read() as connection:
            return [_batch_of(row) for row in connection.execute(query)]

    def release(self, name: str, run_key: str, *, actor: str) -> Batch:
        """Give up the batch of a run that will not process it; the next claims of its consumer get the events.

        Releasing twice changes nothing more.

        :raises WebWorkConsumerError: if the run has no batch.
        """
        with self._store.write() as connection:
            batch = _batch(connection, name, run_key)
            if batch is None:
                msg = f"Consumer {name!r} has no batch of {run_key!r}. See `airflow webwork batches list`."
                raise WebWorkConsumerError(msg)
            if batch.released_at is None and _mark_released(connection, batch, at=self._now()):
                connection.execute(schema.released.insert().values(_range_row(batch)))
                record(
                    connection,
                    actor=actor,
                    action="release",
                    subject=f"{name} {run_key}",
                    details=batch.reference(),
                    at=self._now(),
                )
            return _batch(connection, name, run_key) or batch

    def lag(self, consumer: Consumer, *, at_most: int = 100_000) -> Lag:
        """Count the events that wait for a consumer.

        :param at_most: stop counting there.
        """
        with self._store.read() as connection:
            released = connection.scalar(
                sa.select(sa.func.sum(schema.released.c.size)).where(schema.released.c.consumer == consumer.name)
            )
        waiting = int(released or 0)
        for _ in self._log.read(consumer.wanted, after=consumer.position):
            if waiting >= at_most:
                return Lag(events=waiting, at_least=True)
            waiting += 1
        return Lag(events=waiting)

    def _agree(self, name: str, wanted: EventFilter, *, owner: str, start: Start) -> None:
        """See to it that the consumer wants what the Dag wants; one position cannot serve two filters."""
        with self._store.read() as connection:
            consumer = find(connection, name)
        if consumer is None:
            consumer = self._consumers.create(name, wanted, start=start, owner=owner)
        if consumer.wanted.hash == wanted.hash:
            return
        if consumer.owner not in (None, owner):
            msg = (
                f"Consumer {name!r} belongs to Dag {consumer.owner!r} with the filter {consumer.wanted.to_json()}, and "
                f"Dag {owner!r} claims with {wanted.to_json()}. Give one of them a consumer of its own, or hand this "
                f"one over: `airflow webwork consumers transfer {name} {owner}`."
            )
            raise WebWorkConsumerError(msg)
        table = schema.consumer
        with self._store.write() as connection:
            connection.execute(
                table.update()
                .where(table.c.name == name)
                .values(
                    filter=json.dumps(wanted.to_json()),
                    filter_hash=wanted.hash,
                    owner=owner,
                    claims=table.c.claims + 1,
                )
            )
        log.warning(
            "Consumer %s has a new filter, %s instead of %s; it goes on at position %s.",
            name,
            wanted.to_json(),
            consumer.wanted.to_json(),
            consumer.position,
        )

    def _go_on_at(self, consumer: Consumer, position: int, run_key: str) -> None:
        """Say once that events were pruned before they were claimed, and go on behind them the next time."""
        with self._store.write() as connection:
            if not advance(connection, consumer, to=position):
                return
            details = {"from": consumer.position, "to": position}
            record(
                connection,
                actor=run_key,
                action="lost to pruning",
                subject=consumer.name,
                details=details,
                at=self._now(),
            )
        last = max(moment for moment in (consumer.created_at, consumer.claimed_at, consumer.seen_at) if moment)
        msg = (
            f"Events {consumer.position + 1} to {position} were pruned before consumer {consumer.name!r} claimed them; "
            f"it was last heard of at {time_text(last)}, longer ago than [webwork] consumer_expiry allows. Run this "
            "task again to go on with the oldest event that is left; reconciliation can restore what WebWork still "
            "knows."
        )
        raise WebWorkConsumerError(msg)

    def _scan(self, place: _Range, take: _Take) -> _Cut:
        count = size = 0
        for event in self._log.read(place.wanted, after=place.after, until=place.until):
            seq = event.seq or 0
            if take.max_bytes is not None:
                size += len(json.dumps(event.as_dict()))
                if size > take.max_bytes and count:
                    return _Cut(seq - 1, count)
            count += 1
            if count == take.limit:
                return _Cut(seq, count)
        return _Cut(place.until, count)

    def _take_new(self, consumer: Consumer, run_key: str, take: _Take) -> Batch | None:
        cut = self._scan(_Range(consumer.position, self._log.head(), consumer.wanted), take)
        table = schema.consumer
        with self._store.write() as connection:
            if not advance(connection, consumer, to=cut.end):
                raise _LostRaceError
            if cut.count == 0:
                return None
            owner = sa.func.coalesce(table.c.owner, _dag_id(run_key))
            connection.execute(_claimed(consumer, at=self._now()).values(owner=owner))
            place = _Range(consumer.position, cut.end, consumer.wanted)
            return self._insert(connection, consumer.name, run_key, place, cut.count)

    def _take_released(
        self, consumer: Consumer, run_key: str, row: sa.Row[tuple[object, ...]], take: _Take
    ) -> Batch | None:
        place = _Range(row.start_seq - 1, row.end_seq, EventFilter.from_json(json.loads(row.filter)))
        cut = self._scan(place, take)
        table = schema.released
        mine = sa.and_(
            table.c.consumer == consumer.name, table.c.run_key == row.run_key, table.c.start_seq == row.start_seq
        )
        rest = row.size - cut.count
        change: sa.Update | sa.Delete = table.delete().where(mine)
        if cut.end < place.until:
            change = table.update().where(mine).values(start_seq=cut.end + 1, size=rest)
        with self._store.write() as connection:
            if connection.execute(change).rowcount != 1:
                raise _LostRaceError
            if cut.count > 0:
                connection.execute(_claimed(consumer, at=self._now()))
                place = _Range(place.after, cut.end, place.wanted)
                return self._insert(connection, consumer.name, run_key, place, cut.count)
        raise _LostRaceError  # all that was wanted of it has been erased; it is gone now

    def _insert(self, connection: sa.Connection, name: str, run_key: str, place: _Range, count: int) -> Batch:
        connection.execute(
            schema.batch.insert().values(
                consumer=name,
                run_key=run_key,
                start_seq=place.after + 1,
                end_seq=place.until,
                size=count,
                filter=json.dumps(place.wanted.to_json()),
                claimed_at=self._now(),
            )
        )
        batch = _batch(connection, name, run_key)
        if batch is None:
            msg = "A batch that was just inserted is there."
            raise AssertionError(msg)
        return batch


def _dag_id(run_key: str) -> str:
    return run_key.partition("/")[0]


def _claimed(consumer: Consumer, *, at: datetime) -> sa.Update:
    table = schema.consumer
    return table.update().where(table.c.name == consumer.name).values(claims=table.c.claims + 1, claimed_at=at)


def _batch(connection: sa.Connection, name: str, run_key: str) -> Batch | None:
    table = schema.batch
    row = connection.execute(sa.select(table).where(table.c.consumer == name, table.c.run_key == run_key)).first()
    return None if row is None else _batch_of(row)


def _batch_of(row: sa.Row[tuple[object, ...]]) -> Batch:
    return Batch(
        consumer=row.consumer,
        run_key=row.run_key,
        start_seq=row.start_seq,
        end_seq=row.end_seq,
        count=row.size,
        wanted=EventFilter.from_json(json.loads(row.filter)),
        claimed_at=row.claimed_at,
        released_at=row.released_at,
    )


def _live(batch: Batch) -> Batch:
    if batch.released_at is not None:
        msg = (
            f"The batch of {batch.run_key} for consumer {batch.consumer!r} was given up at "
            f"{time_text(batch.released_at)} by `airflow webwork batches release`; other runs get its events."
        )
        raise WebWorkConsumerError(msg)
    return batch


def _oldest_released(connection: sa.Connection, name: str) -> sa.Row[tuple[object, ...]] | None:
    table = schema.released
    query = sa.select(table).where(table.c.consumer == name).order_by(table.c.start_seq, table.c.run_key).limit(1)
    return connection.execute(query).first()


def _mark_released(connection: sa.Connection, batch: Batch, *, at: datetime) -> bool:
    table = schema.batch
    released = connection.execute(
        table.update()
        .where(table.c.consumer == batch.consumer, table.c.run_key == batch.run_key, table.c.released_at.is_(None))
        .values(released_at=at)
    )
    return released.rowcount == 1


def _range_row(batch: Batch) -> dict[str, object]:
    return {
        "consumer": batch.consumer,
        "run_key": batch.run_key,
        "start_seq": batch.start_seq,
        "end_seq": batch.end_seq,
        "size": batch.count,
        "filter": json.dumps(batch.wanted.to_json()),
    }
