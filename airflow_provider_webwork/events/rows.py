"""Events as rows: what the tables hold of them, in the form that the drivers of all databases take and give.

Every event that is stored or read passes here, and who catches up reads millions. So a row is a tuple, and SQLAlchemy
makes the statements but looks at no row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.event import Event, Identity

Row: TypeAlias = tuple[object, ...]
"""What a table holds in its columns, in their order."""

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What a text column of PostgreSQL cannot hold. In JSON these characters are escaped."""

OF_EVENTS = tuple(
    # Of no type, so that a value comes as the driver gives it.
    sa.type_coerce(schema.event.c["event_id" if field == "id" else field], sa.types.NullType())
    for field in Event._fields
)
"""What a query selects for :func:`event_of`."""

_TEXTS = ("id", "type", "workspace_id", "user_id", "endpoint", "proof", "problem")
_texts_of = attrgetter(*_TEXTS)

_TO_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)  # JSON has no circles
_FROM_JSON = json.JSONDecoder()


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows into a table; none if there are none."""
    if rows:
        connection.exec_driver_sql(_insertion(table, connection.dialect), rows)


def row_of(event: Event, identity: Identity, seq: int) -> Row:
    """Return what the table of events holds of an event.

    :raises ValueError: if a text of it cannot be stored on every database.
    """
    if UNSTORABLE.search("".join(map(str, _texts_of(event)))):  # one search is quicker than seven
        name = next(name for name in _TEXTS if UNSTORABLE.search(str(getattr(event, name))))
        msg = f"The {name} of an event holds NUL or half of a surrogate pair, which no text column can hold."
        raise ValueError(msg)
    return (
        seq,
        event.id,
        event.type,
        event.workspace_id,
        event.user_id,
        event.endpoint,
        None if event.occurred_at is None else schema.microseconds(event.occurred_at),
        schema.microseconds(event.received_at),
        event.proof,
        identity.source,
        _TO_JSON.encode(event.payload),
        event.raw,
        event.problem,
        event.synthetic,
        event.reparsed_from,
    )


def event_of(row: Sequence[Any]) -> Event:
    """Return the event of a row that :data:`OF_EVENTS` selected."""
    # All by place: names would take as long as half of the rest.
    (
        id_,
        type_,
        received_at,
        payload,
        endpoint,
        workspace_id,
        user_id,
        occurred_at,
        proof,
        raw,
        problem,
        synthetic,
        reparsed_from,
        seq,
    ) = row
    return Event(
        id_,
        type_,
        schema.moment(received_at),
        _FROM_JSON.raw_decode(payload)[0],
        endpoint,
        workspace_id,
        user_id,
        None if occurred_at is None else schema.moment(occurred_at),
        proof,
        raw,
        problem,
        bool(synthetic),
        reparsed_from,
        seq,
    )


@lru_cache
def _insertion(table: sa.Table, dialect: sa.Dialect) -> str:
    """Return the statement that inserts a row, as the driver takes it."""
    return str(table.insert().compile(dialect=dialect))
