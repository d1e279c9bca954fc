"""Released ranges: the events of batches that were given up, until other runs have claimed them all."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.match import EventFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What is left of a batch that was given up.

    :param run_key: the run that gave it up.
    :param start_seq: the first ``seq`` that nobody else was given yet.
    :param end_seq: the last ``seq``.
    :param count: how many events of the range match.
    :param wanted: the filter of the batch.
    """

    consumer: str
    run_key: str
    start_seq: int
    end_seq: int
    count: int
    wanted: EventFilter


def oldest(connection: sa.Connection, consumer: str) -> Range | None:
    """Return the range of a consumer that is served next."""
    table = schema.released
    row = connection.execute(
        sa.select(table).where(table.c.consumer == consumer).order_by(table.c.start_seq, table.c.run_key).limit(1)
    ).first()
    if row is None:
        return None
    return Range(
        consumer=row.consumer,
        run_key=row.run_key,
        start_seq=row.start_seq,
        end_seq=row.end_seq,
        count=row.size,
        wanted=EventFilter.from_json(json.loads(row.filter)),
    )


def waiting(connection: sa.Connection, consumer: str) -> int:
    """Return how many events of a consumer were given up and not claimed again."""
    return int(connection.scalar(sa.select(waiting_for(consumer))) or 0)


def waiting_for(consumer: str | sa.ColumnElement[str]) -> sa.ScalarSelect[int]:
    """Return how many events of a consumer were given up and not claimed again, as part of a query."""
    table = schema.released
    events = sa.select(sa.func.coalesce(sa.func.sum(table.c.size), 0)).where(table.c.consumer == consumer)
    return events.scalar_subquery()


def starts(connection: sa.Connection) -> dict[str, int]:
    """Return where the first range of each consumer that has one begins."""
    table = schema.released
    query = sa.select(table.c.consumer, sa.func.min(table.c.start_seq).label("first")).group_by(table.c.consumer)
    return {row.consumer: row.first for row in connection.execute(query)}


def add(connection: sa.Connection, given_up: Range) -> None:
    """Write a new range."""
    connection.execute(
        schema.released.insert().values(
            consumer=given_up.consumer,
            run_key=given_up.run_key,
            start_seq=given_up.start_seq,
            end_seq=given_up.end_seq,
            size=given_up.count,
            filter=json.dumps(given_up.wanted.to_json()),
        )
    )


def shorten(connection: sa.Connection, given_up: Range, *, start_seq: int, taken: int) -> bool:
    """Let a range begin later, or remove it if nothing is left.

    :param taken: how many events it has less.
    :returns: whether the range was still as it was read.
    """
    table = schema.released
    as_read = sa.and_(
        table.c.consumer == given_up.consumer,
        table.c.run_key == given_up.run_key,
        table.c.start_seq == given_up.start_seq,
    )
    change: sa.Update | sa.Delete = table.delete().where(as_read)
    if start_seq <= given_up.end_seq:
        change = table.update().where(as_read).values(start_seq=start_seq, size=given_up.count - taken)
    return connection.execute(change).rowcount == 1
