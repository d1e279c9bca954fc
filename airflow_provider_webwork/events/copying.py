"""Moving an event log to another database: the way from one machine to many."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.store import Store

PORTION = 1_000


def copy_log(source: Store, target: Store, *, progress: Callable[[str, int, int], None]) -> dict[str, int]:
    """Copy everything to an empty log and compare the counts.

    Stop the receivers of the source first, or what they store meanwhile stays behind: the counts then differ, and
    the target is emptied again.

    :param progress: told the table, how many of its rows are copied, and how many there are.
    :returns: for each table, how many rows it has.
    :raises WebWorkLogError: if the target is not empty, or the counts differ in the end.
    """
    with target.read() as reading:
        if any(_count(reading, table) for table in schema.metadata.sorted_tables):
            msg = f"{target.name} holds a log already; copy to an empty database."
            raise WebWorkLogError(msg)
    try:
        counts = {table.name: _copy(source, target, table, progress) for table in schema.metadata.sorted_tables}
        _compare(source, target)
    except BaseException:
        _empty(target)
        raise
    return counts


def _copy(source: Store, target: Store, table: sa.Table, progress: Callable[[str, int, int], None]) -> int:
    # Columns that have a type of their own here travel as the database holds them.
    done = 0
    with source.read() as reading:
        total = _count(reading, table)
        rows = reading.execution_options(yield_per=PORTION).execute(sa.select(table).order_by(*table.primary_key))
        for portion in rows.partitions():
            with target.write() as writing:
                writing.execute(table.insert(), [dict(row._mapping) for row in portion])  # noqa: SLF001
            done += len(portion)
            progress(table.name, done, total)
    return done


def _compare(source: Store, target: Store) -> None:
    with source.read() as here, target.read() as there:
        for table in schema.metadata.sorted_tables:
            before, after = _count(here, table), _count(there, table)
            if before != after:
                msg = (
                    f"Table {table.name} has {before} rows in {source.name} and {after} in {target.name}: something "
                    "was stored meanwhile. Stop the receivers and copy again."
                )
                raise WebWorkLogError(msg)


def _empty(target: Store) -> None:
    with target.write() as writing:
        for table in reversed(schema.metadata.sorted_tables):
            writing.execute(table.delete())


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
