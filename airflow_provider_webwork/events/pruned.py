"""Up to when the log was pruned: of what was received before, nobody can tell any more whether it was there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.event import time_text

_NAME = "pruned_before"


def before(connection: sa.Connection) -> datetime | None:
    """Return the time from which on everything that was received is still there; ``None`` if nothing was removed."""
    table = schema.setting
    text = connection.scalar(sa.select(table.c.value).where(table.c.name == _NAME))
    return None if text is None else datetime.fromisoformat(text)


def note(connection: sa.Connection, moment: datetime) -> None:
    """Write down that what was received before a moment is being removed; an earlier one changes nothing."""
    table, known = schema.setting, before(connection)
    if known is None:
        connection.execute(table.insert().values(name=_NAME, value=time_text(moment)))
    elif known < moment:
        connection.execute(table.update().where(table.c.name == _NAME).values(value=time_text(moment)))
