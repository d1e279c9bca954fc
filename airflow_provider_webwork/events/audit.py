"""The audit: who moved, gave up or removed what in the event log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the audit.

    :param actor: who did it: a user of the command line, or a run key.
    :param subject: what it was done to.
    :param details: what one needs to know to undo it; no secrets, no payloads.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, JSON]


def entries(store: Store, *, since: datetime | None = None) -> list[Entry]:
    """Return the audit, the oldest line first.

    :param since: leave out what was done before.
    """
    table = schema.audit
    query = sa.select(table).order_by(table.c.at, table.c.id)
    if since is not None:
        query = query.where(table.c.at >= since)
    with store.read() as connection:
        return [
            Entry(at=row.at, actor=row.actor, action=row.action, subject=row.subject, details=json.loads(row.details))
            for row in connection.execute(query)
        ]


def record_latest(connection: sa.Connection, entry: Entry) -> None:
    """Write a line in place of the one that told the same before: of what comes again and again, the last is enough."""
    table = schema.audit
    same = sa.and_(
        table.c.action == entry.action, table.c.subject == entry.subject, table.c.details == _written(entry.details)
    )
    connection.execute(table.delete().where(same))
    record(connection, entry)


def record(connection: sa.Connection, entry: Entry) -> None:
    """Write a line of the audit in the transaction of what it tells."""
    connection.execute(
        schema.audit.insert().values(
            id=uuid.uuid4().hex,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            details=_written(entry.details),
        )
    )


def _written(details: Mapping[str, JSON]) -> str:
    return json.dumps(details, sort_keys=True)
