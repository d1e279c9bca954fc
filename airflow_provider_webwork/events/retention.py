"""Retention: removing old events without taking them from a consumer, and a person's payloads at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.audit import record
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.event import STRONG_WINDOW
from airflow_provider_webwork.events.log import head, horizon, position_before
from airflow_provider_webwork.events.store import Store

PORTION = 1_000
"""How many events one transaction removes, so that appends wait for a few milliseconds only."""

ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a prune did.

    :param events: how many events were removed.
    :param before: the oldest event that is left.
    :param held_by: the consumer that kept older ones from being removed; ``None`` if there was none.
    """

    events: int
    before: int
    held_by: str | None


class Retention:
    """Removes what is old.

    :param now: tells the time in UTC.
    :param sleep: waits between two portions.
    """

    def __init__(
        self, store: Store, *, now: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._now = now
        self._sleep = sleep

    def prune(self, *, older_than: timedelta, consumer_expiry: timedelta, even_unclaimed: bool = False) -> Pruned:
        """Remove events that were received longer ago, in small transactions.

        Never past the slowest live consumer nor into a released range, unless told so. The newest event always
        stays, since the next ``seq`` follows from it. What tells repeated deliveries is kept for two days.

        :param older_than: the age from which on events are removed.
        :param consumer_expiry: a consumer that was not heard of for so long holds nothing back.
        :param even_unclaimed: remove also what no consumer claimed yet.
        :raises WebWorkLogUnavailableError: if the log cannot be written right now; what was removed stays removed.
        """
        now = self._now()
        with self._store.read() as connection:
            oldest = horizon(connection)
            last = min(position_before(connection, now - older_than), head(connection) - 1)
        held_by = None
        if not even_unclaimed:
            for name, position in self._held(now, consumer_expiry):
                if position < last:
                    last, held_by = position, name
        removed = 0
        while oldest <= last:
            upto = min(oldest + PORTION - 1, last)
            with self._store.write() as connection:
                removed += connection.execute(schema.event.delete().where(schema.event.c.seq <= upto)).rowcount
            oldest = upto + 1
            self._sleep(0.001)  # lets a waiting append have the lock
        self._forget_identities(now - 2 * STRONG_WINDOW)
        self._store.give_back_space()
        return Pruned(events=removed, before=oldest, held_by=held_by)

    def erase(self, user_id: str, *, actor: str) -> int:
        """Remove what the log knows of a person: the payloads of the events of one user.

        The events stay as empty ones, so that the order of the log has no hole; they match no consumer any more.

        :returns: how many events were emptied.
        """
        table = schema.event
        with self._store.write() as connection:
            erased = connection.execute(
                table.update()
                .where(table.c.user_id == user_id)
                .values(payload="null", raw=None, user_id=None, problem=ERASED)
            ).rowcount
            # Not who it was: that would keep what had to go.
            details = {"events": erased}
            record(connection, actor=actor, action="erase", subject="a user", details=details, at=self._now())
        self._store.give_back_space()
        return erased

    def _held(self, now: datetime, expiry: timedelta) -> list[tuple[str, int]]:
        released = schema.released
        with self._store.read() as connection:
            ranges = connection.execute(sa.select(released.c.consumer, released.c.start_seq)).all()
        held = [(row.consumer, row.start_seq - 1) for row in ranges]
        consumers = Consumers(self._store, now=self._now).list()
        return held + [(each.name, each.position) for each in consumers if each.is_live(now=now, expiry=expiry)]

    def _forget_identities(self, before: datetime) -> None:
        table = schema.dedupe
        while True:
            keys = sa.select(table.c.key).where(table.c.first_seen < before).limit(PORTION)
            with self._store.write() as connection:
                if connection.execute(table.delete().where(table.c.key.in_(keys))).rowcount < PORTION:
                    return
            self._sleep(0.001)
