"""Moving an event log to another database: the way from one machine to many."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.log import head, horizon
from airflow_provider_webwork.events.store import Store

PORTION = 1_000

_MOMENTARY = {schema.lease, schema.receiver, schema.budget}
"""Leases, heartbeats and budgets belong to processes and to the last minute."""

TABLES = tuple(table for table in schema.metadata.sorted_tables if table not in _MOMENTARY)
"""What a log consists of."""

Progress = Callable[[str, int, int], None]


def copy_log(source: Store, target: Store, *, progress: Progress) -> dict[str, int]:
    """Copy everything to an empty log in one transaction, so that the target has all of it or nothing.

    Stop the receivers and pause the Dags of the source first: what is stored meanwhile would stay behind, so then
    nothing is copied.

    :param progress: told the table, how many of its rows are copied, and how many there are.
    :returns: for each table, how many rows it has.
    :raises WebWorkLogError: if the target is not empty, the source is, or it changed meanwhile.
    :raises WebWorkLogUnavailableError: if one of the two is not available.
    """
    target.upgrade()
    with target.write(lock="append") as writing:
        for table in TABLES:
            if _count(writing, table):
                msg = f"{target.name} holds a log already: its table {table.name} is not empty. Nothing was copied."
                raise WebWorkLogError(msg)
        with source.read() as reading:
            for table in TABLES:
                _copy(reading, writing, table, progress)
        with source.read() as reading:
            counts = _compared(reading, writing, source.name)
        if not any(counts.values()):
            # So is a log that is its own target, by whatever name.
            msg = (
                f"{source.name} is empty, so there is nothing to copy. [webwork] event_store_url names the log that is "
                "copied: set it to the target only afterwards."
            )
            raise WebWorkLogError(msg)
        return counts


def _copy(reading: sa.Connection, writing: sa.Connection, table: sa.Table, progress: Progress) -> None:
    done, total = 0, _count(reading, table)
    rows = reading.execute(
        sa.select(table).order_by(*table.primary_key), execution_options={"yield_per": PORTION}
    ).mappings()
    for portion in rows.partitions():
        writing.execute(table.insert(), [dict(row) for row in portion])
        done += len(portion)
        progress(table.name, done, total)


def _compared(reading: sa.Connection, writing: sa.Connection, source: str) -> dict[str, int]:
    counts = {table.name: _count(writing, table) for table in TABLES}
    changed = [table.name for table in TABLES if _count(reading, table) != counts[table.name]]
    if (horizon(reading), head(reading)) != (horizon(writing), head(writing)):
        changed.append(schema.event.name)  # as many as before, but others
    if changed:
        msg = (
            f"{source} changed while it was copied (table {', '.join(sorted(set(changed)))}). Nothing was copied: stop "
            "the receivers, pause the Dags that claim, and copy again."
        )
        raise WebWorkLogError(msg)
    return counts


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
