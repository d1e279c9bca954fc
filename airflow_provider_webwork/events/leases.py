"""Leases: work that one process of many does at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.store import Store


class Leases:
    """The leases in an event log.

    Each process goes by its own clock. Clocks that differ by less than the length of a lease do no harm but that it
    ends so much earlier or later; one that was once years ahead blocks nobody, because a lease that would last longer
    than twice its length is not believed.

    :param now: tells the time in UTC.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def take(self, name: str, holder: str, *, length: timedelta) -> bool:
        """Take a lease, or keep it for longer; return whether the holder has it now.

        :param name: the work.
        :param holder: names the process; of two processes with one name both would have it.
        :param length: when it ends by itself.
        :raises WebWorkLogUnavailableError: if the log cannot be written right now.
        """
        table = schema.lease
        now = self._now()
        free = sa.or_(table.c.holder == holder, table.c.until <= now, table.c.until > now + 2 * length)
        mine = {"holder": holder, "until": now + length}
        try:
            with self._store.write() as connection:
                if connection.execute(table.update().where(table.c.name == name, free).values(mine)).rowcount:
                    return True
                if connection.scalar(sa.select(table.c.name).where(table.c.name == name)) is not None:
                    return False
                connection.execute(table.insert().values(name=name, **mine))
                return True
        except exc.IntegrityError:
            return False  # another process took it at the same moment

    def release(self, name: str, holder: str) -> None:
        """Give a lease back before it ends; one that somebody else has by now stays as it is.

        :raises WebWorkLogUnavailableError: if the log cannot be written right now; the lease then ends by itself.
        """
        table = schema.lease
        with self._store.write() as connection:
            connection.execute(table.delete().where(table.c.name == name, table.c.holder == holder))
