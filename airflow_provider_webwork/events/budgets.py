"""The budget of requests that everybody with the same event log shares, on any number of machines."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.budget import Booking, Rate, made_by_others, next_moment, pausing
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.store import Store

BELIEVED = timedelta(hours=1)
"""How far ahead a booking is believed. More would have to wait for a clock that was once wrong."""


class Budgets:
    """The budgets in an event log: one row for each request of the last window, and for each that is booked.

    Everybody goes by the clock of the database, so that machines need not agree on the time.

    :param now: tells the time in UTC; that of the store if not given.
    """

    def __init__(self, store: Store, *, now: Callable[[sa.Connection], datetime] | None = None) -> None:
        self._store = store
        self._now = now or store.now

    def book(self, account: str, rate: Rate) -> Booking:
        """Take the next moment at which a request of an account may go.

        :raises WebWorkLogUnavailableError: if the log cannot be written right now.
        """
        with self._store.write(lock="clients") as connection:
            now = self._now(connection)
            taken = self._taken(connection, account, rate, now=now)
            moment = next_moment(taken, now=now.timestamp(), rate=rate)
            _forget(connection, account, rate, now=now)
            _take(connection, account, [moment])
            return Booking(wait=moment - now.timestamp(), left=max(0, rate.requests - len(taken) - 1))

    def lower(self, account: str, rate: Rate, *, left: int) -> None:
        """Let no more than ``left`` requests of an account go now: others use up what WebWork gives it.

        :raises WebWorkLogUnavailableError: if the log cannot be written right now.
        """
        with self._store.write(lock="clients") as connection:
            now = self._now(connection)
            taken = self._taken(connection, account, rate, now=now)
            _take(connection, account, made_by_others(taken, now=now.timestamp(), rate=rate, left=left))

    def pause(self, account: str, rate: Rate, *, seconds: float) -> None:
        """Let no request of an account go for some seconds.

        :raises WebWorkLogUnavailableError: if the log cannot be written right now.
        """
        with self._store.write(lock="clients") as connection:
            now = self._now(connection)
            taken = self._taken(connection, account, rate, now=now)
            _take(connection, account, pausing(taken, now=now.timestamp(), rate=rate, seconds=seconds))

    def _taken(self, connection: sa.Connection, account: str, rate: Rate, *, now: datetime) -> list[float]:
        at = schema.budget.c.at
        recent = at.between(now - timedelta(seconds=rate.window), now + BELIEVED)
        rows = connection.scalars(sa.select(at).where(schema.budget.c.account == account, recent))
        return [moment.timestamp() for moment in rows]


def _take(connection: sa.Connection, account: str, moments: Iterable[float]) -> None:
    rows = [
        {"id": uuid.uuid4().hex, "account": account, "at": datetime.fromtimestamp(moment, UTC)} for moment in moments
    ]
    if rows:
        connection.execute(schema.budget.insert(), rows)


def _forget(connection: sa.Connection, account: str, rate: Rate, *, now: datetime) -> None:
    """Remove what no longer counts, that of accounts which are no longer used as well."""
    table = schema.budget
    passed = sa.and_(table.c.account == account, table.c.at < now - timedelta(seconds=rate.window))
    connection.execute(table.delete().where(sa.or_(passed, table.c.at < now - BELIEVED)))
