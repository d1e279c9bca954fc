"""New logs to measure, and the quickest ways into them."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import psycopg
import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.event import STRONG_WINDOW, Event, Identity, new_event_id
from airflow_provider_webwork.events.log import Arrival
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON
from tests.databases import PostgreSQL

Values: TypeAlias = "tuple[object, ...]"

Connection: TypeAlias = "sqlite3.Connection | psycopg.Connection[Any]"

NewLog: TypeAlias = Callable[[], str]
"""Makes an empty log and returns its URL."""

RARE = 10_000
"""One event of so many is of the type ``member.invited``."""

PROJECTS = 97
MEMBERS = 10_000

_numbers = itertools.count()

_keys = random.Random()  # noqa: S311 - spread like hashes; other keys in each process


def arrival(*, age: timedelta = timedelta(0)) -> Arrival:
    """Make an event of about the size of a tracker's, as a delivery brings it.

    :param age: how long ago it was received.
    """
    number = next(_numbers)
    received_at = datetime.now(UTC) - age
    name = "member.invited" if number % RARE == 0 else "tracker.started"
    member, project = number % MEMBERS, number % PROJECTS
    data: dict[str, JSON] = {
        "user_id": member,
        "project_id": project,
        "task": {"id": number, "name": "Quarterly figures"},
        "note": "x",
    }
    event = Event(
        id=new_event_id(),
        type=name,
        workspace_id="12",
        user_id=str(member),
        endpoint="payroll",
        occurred_at=received_at,
        received_at=received_at,
        payload={"event": name, "data": data | {"started_at": received_at.isoformat()}},
    )
    return Arrival(event, Identity(key=f"12 {_keys.getrandbits(256):064x}", window=STRONG_WINDOW, source="content"))


@contextmanager
def databases(name: str) -> Iterator[NewLog]:
    """Start a database, and make logs in it."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield lambda: _upgraded(f"sqlite:///{folder}/{next(_numbers)}.db")
        return
    server = PostgreSQL()
    try:
        # Files of the usual size for the write-ahead log's checkpoints; the tests' server keeps them small.
        server.execute("ALTER SYSTEM SET max_wal_size = '1GB'")
        server.execute("SELECT pg_reload_conf()")
        yield lambda: _upgraded(server.database())
    finally:
        server.stop()


def fill(url: str, events: int, *, age: timedelta = timedelta(0)) -> None:
    """Put events into a log that nobody else uses, past its own code, up to a number."""
    event_table, dedupe = schema.event, schema.dedupe
    with connected(url) as connection:
        held = newest(connection)
        while held < events:
            portion = range(held + 1, min(held + 20_000, events) + 1)
            rows = [raw_rows(arrival(age=age), seq) for seq in portion]
            for table, values in zip((event_table, dedupe), zip(*rows, strict=True), strict=True):
                _insert_all(connection, table, values)
            connection.commit()
            held = portion[-1]
    if not url.startswith("sqlite"):
        with connected(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")  # autovacuum would do it in the middle of a measurement


@contextmanager
def connected(url: str, *, autocommit: bool = False) -> Iterator[Connection]:
    """Open a connection of the driver itself, whose commits are durable."""
    if not url.startswith("sqlite"):
        with psycopg.connect(url, autocommit=autocommit) as connection:
            yield connection
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)) as file:
        file.execute("PRAGMA synchronous=FULL")
        yield file


def insertion(url: str, table: sa.Table) -> str:
    """Return the statement that inserts a row into a table, as the driver takes it."""
    mark = "?" if url.startswith("sqlite") else "%s"
    names = [column.name for column in table.columns]
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(mark for _ in names)})"  # noqa: S608


def raw_rows(arrived: Arrival, seq: int) -> tuple[Values, Values]:
    """Return what the tables ``event`` and ``dedupe`` hold of an event, as the driver takes it."""
    event, identity = arrived.event, arrived.identity
    received_at = schema.microseconds(event.received_at)
    row = {
        "seq": seq,
        "event_id": event.id,
        "type": event.type,
        "workspace_id": event.workspace_id,
        "user_id": event.user_id,
        "endpoint": event.endpoint,
        "occurred_at": received_at,
        "received_at": received_at,
        "proof": event.proof,
        "identity_source": identity.source,
        "payload": json.dumps(event.payload, separators=(",", ":")),
        "synthetic": False,
    }
    return tuple(row.get(column.name) for column in schema.event.columns), (identity.key, seq, received_at)


def newest(connection: Connection) -> int:
    """Return the ``seq`` of the newest event."""
    row = connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
    return int(row[0]) if row else 0


def _insert_all(connection: Connection, table: sa.Table, rows: tuple[Values, ...]) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.executemany(insertion("sqlite", table), rows)
        return
    with connection.cursor().copy(f"COPY {table.name} ({', '.join(c.name for c in table.columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _upgraded(url: str) -> str:
    store = Store(url)
    store.upgrade()
    store.close()
    return url
