"""Batches: what each task of each Dag run was given, for ever the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events import released, schema
from airflow_provider_webwork.events.audit import Entry, record
from airflow_provider_webwork.events.event import Event, time_text
from airflow_provider_webwork.events.log import EventLog, horizon
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The events that one task of one Dag run was given: a range of the log under the filter of its claim.

    :param run_key: the task: ``dag_id/run_id/task_id/map_index``.
    :param start_seq: the ``seq`` of its first event.
    :param end_seq: the ``seq`` of its last event.
    :param count: how many events of the range match.
    :param released_at: when it was given up; its events go to other runs.
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


class Batches:
    """The batches in an event log.

    :param now: tells the time in UTC.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._log = EventLog(store)
        self._now = now

    def list(self, consumer: str | None = None, *, live: bool = False) -> list[Batch]:
        """Return the batches, the newest first.

        :param consumer: only those of this one.
        :param live: only those that can still be processed by their runs: neither released nor pruned.
        """
        table = schema.batch
        query = sa.select(table).order_by(table.c.claimed_at.desc(), table.c.start_seq.desc())
        if consumer is not None:
            query = query.where(table.c.consumer == consumer)
        with self._store.read() as connection:
            if live:
                query = query.where(table.c.released_at.is_(None), table.c.start_seq >= horizon(connection))
            return [_batch(row) for row in connection.execute(query)]

    def find(self, consumer: str, run_key: str) -> Batch | None:
        """Return the batch of a run, released or not."""
        with self._store.read() as connection:
            return find(connection, consumer, run_key)

    def events(self, batch: Batch) -> Iterator[Event]:
        """Yield the events of a batch, always the same; memory is one page.

        :raises WebWorkConsumerError: if some were pruned, before or while they are read.
        """
        self._refuse_pruned(batch)
        yield from self._log.read(batch.wanted, after=batch.start_seq - 1, until=batch.end_seq)
        self._refuse_pruned(batch)

    def release(self, consumer: str, run_key: str, *, actor: str) -> Batch:
        """Give up the batch of a run that will not process it; the next claims of its consumer get the events.

        Releasing twice changes nothing more.

        :raises WebWorkConsumerError: if the run has no batch.
        """
        table = schema.batch
        with self._store.write() as connection:
            batch = find(connection, consumer, run_key)
            if batch is None:
                raise no_batch(consumer, run_key)
            now = self._now()
            mine = sa.and_(table.c.consumer == consumer, table.c.run_key == run_key, table.c.released_at.is_(None))
            if connection.execute(table.update().where(mine).values(released_at=now)).rowcount == 1:
                released.add(
                    connection,
                    released.Range(
                        consumer=consumer,
                        run_key=run_key,
                        start_seq=batch.start_seq,
                        end_seq=batch.end_seq,
                        count=batch.count,
                        wanted=batch.wanted,
                    ),
                )
                subject = f"{consumer} {run_key}"
                record(
                    connection,
                    Entry(at=now, actor=actor, action="release", subject=subject, details=batch.reference()),
                )
            return find(connection, consumer, run_key) or batch

    def _refuse_pruned(self, batch: Batch) -> None:
        oldest = self._log.horizon()
        if batch.start_seq < oldest:
            msg = (
                f"The batch of {batch.run_key} for consumer {batch.consumer!r} holds events {batch.start_seq} to "
                f"{batch.end_seq}, and the log now begins at {oldest}: they were pruned. A longer [webwork] retention "
                "keeps more."
            )
            raise WebWorkConsumerError(msg)


def find(connection: sa.Connection, consumer: str, run_key: str) -> Batch | None:
    """Return the batch of a run, released or not."""
    table = schema.batch
    row = connection.execute(sa.select(table).where(table.c.consumer == consumer, table.c.run_key == run_key)).first()
    return None if row is None else _batch(row)


def starts(connection: sa.Connection, *, since: datetime) -> dict[str, int]:
    """Return where the first of each consumer's live batches begins that were claimed since a time."""
    table = schema.batch
    query = sa.select(table.c.consumer, sa.func.min(table.c.start_seq).label("first")).group_by(table.c.consumer)
    query = query.where(table.c.released_at.is_(None), table.c.claimed_at >= since)
    return {row.consumer: row.first for row in connection.execute(query)}


def no_batch(consumer: str, run_key: str) -> WebWorkConsumerError:
    """Say that a run has no batch."""
    return WebWorkConsumerError(
        f"Consumer {consumer!r} has no batch of {run_key!r}. See `airflow webwork batches list`."
    )


def live(batch: Batch) -> Batch:
    """Return a batch that its run may process.

    :raises WebWorkConsumerError: if it was released.
    """
    if batch.released_at is not None:
        msg = (
            f"The batch of {batch.run_key} for consumer {batch.consumer!r} was given up at "
            f"{time_text(batch.released_at)} by `airflow webwork batches release`; other runs get its events."
        )
        raise WebWorkConsumerError(msg)
    return batch


def add(connection: sa.Connection, batch: Batch) -> None:
    """Write a new batch."""
    connection.execute(
        schema.batch.insert().values(
            consumer=batch.consumer,
            run_key=batch.run_key,
            start_seq=batch.start_seq,
            end_seq=batch.end_seq,
            size=batch.count,
            filter=json.dumps(batch.wanted.to_json()),
            claimed_at=batch.claimed_at,
        )
    )


def _batch(row: sa.Row[tuple[object, ...]]) -> Batch:
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
