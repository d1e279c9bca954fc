"""Retention: removing old events without taking them from a consumer, and a person's payloads at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.events import batches, pruned, released, schema
from airflow_provider_webwork.events.audit import Entry, record
from airflow_provider_webwork.events.consumer import Consumer
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.event import STRONG_WINDOW, seq_of
from airflow_provider_webwork.events.log import EventLog, head, horizon, position_before
from airflow_provider_webwork.events.store import Store

PORTION = 1_000
"""How many rows one transaction changes, so that appends wait for a few milliseconds only."""

KEPT_FOR_RUNS = timedelta(days=7)
"""How long after it was claimed a batch is kept at most: its run reads it, tries again, or fails and is cleared."""

ERASED = "erased"
"""The problem of an event whose payload was removed; events with a problem match no filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a prune did.

    :param events: how many events were removed.
    :param oldest: the ``seq`` of the oldest event that is left.
    :param held_by: the consumer that kept older ones from being removed; ``None`` if there was none.
    """

    events: int
    oldest: int
    held_by: str | None


class Retention:
    """Removes what is old.

    :param now: tells the time in UTC.
    :param sleep: waits between two transactions for as many seconds as the last one kept the lock, so that appends
        get it; what it raises ends the work there.
    """

    def __init__(
        self, store: Store, *, now: Callable[[], datetime], sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._store = store
        self._log = EventLog(store)
        self._consumers = Consumers(store, now=now)
        self._now = now
        self._sleep = sleep

    def prune(self, *, older_than: timedelta, consumer_expiry: timedelta, even_unclaimed: bool = False) -> Pruned:
        """Remove events that were received longer ago, in small transactions.

        Never past what a live consumer has still to be given, nor past what it was given within the last week, or
        less than the age ago, unless told so. The newest event always stays, since the next ``seq`` follows from it.
        What tells repeated deliveries is kept for two days.

        :param older_than: the age from which on events are removed.
        :param consumer_expiry: a consumer that was not heard of for so long holds nothing back.
        :param even_unclaimed: remove also what consumers have not claimed yet, or only lately.
        :raises WebWorkLogUnavailableError: if the log cannot be written right now; what was removed stays removed.
        """
        now = self._now()
        before = now - older_than
        with self._store.read() as connection:
            oldest = horizon(connection)
            # A receiver whose clock was ahead once must not keep everything for as long.
            last = min(position_before(connection, before, until=now), head(connection) - 1)
            kept = (released.starts(connection), batches.starts(connection, since=max(before, now - KEPT_FOR_RUNS)))
        held_by = None
        for consumer in self._consumers.list():
            # Also for those who hold nothing back: what they do not want is no loss to them.
            position = self._advance(consumer, until=last)
            held = min([position, *(first[consumer.name] - 1 for first in kept if consumer.name in first)])
            if held < last and not even_unclaimed and consumer.is_live(now=now, expiry=consumer_expiry):
                last, held_by = held, consumer.name
        if oldest <= last:
            with self._store.write(lock="append") as connection:
                pruned.note(connection, before)
        removed = 0
        while oldest <= last:
            oldest = min(oldest + PORTION, last + 1)
            removed += self._change(schema.event.delete().where(schema.event.c.seq < oldest))
        for table in (schema.reparsed, schema.awaited):
            self._change(table.delete().where(table.c.seq < oldest))
        self._forget_identities(now - 2 * STRONG_WINDOW)
        self._give_back_space()
        return Pruned(events=removed, oldest=oldest, held_by=held_by)

    def erase(self, user_id: str, *, actor: str) -> int:
        """Remove what the log knows of a person: the payloads of the events of one user.

        The events stay as empty ones, so that the order of the log has no hole; nobody is given them any more. So do
        those with a problem that they were parsed from. What could not be parsed, or names the user only within the
        payload of somebody else's event, is not found. PostgreSQL overwrites what was removed once it vacuums the
        table.

        :returns: how many events were emptied.
        :raises WebWorkLogUnavailableError: if the log cannot be written right now; erase again then.
        """
        table = schema.event
        erased, after = 0, 0
        while places := self._places_of(user_id, after):
            empty = {"payload": "null", "raw": None, "user_id": None, "problem": ERASED}
            told_by = sa.select(table.c.reparsed_from).where(table.c.seq.in_(places))
            with self._store.read() as connection:
                origins = [seq for seq in connection.scalars(told_by) if seq is not None]
            erased += self._change(table.update().where(table.c.seq.in_([*places, *origins])).values(empty))
            after = places[-1]
        self._change(schema.awaited.delete().where(schema.awaited.c.user_id == user_id))
        with self._store.write() as connection:
            # Not who it was: that would keep what had to go.
            details = {"events": erased}
            record(connection, Entry(at=self._now(), actor=actor, action="erase", subject="a user", details=details))
        self._give_back_space()
        return erased

    def _advance(self, consumer: Consumer, *, until: int) -> int:
        """Move a consumer over old events that it does not want, and return how far that is."""
        events = self._log.read(consumer.wanted, after=consumer.position, until=until, first_page=1)
        first = next(events, None)
        proven = max(consumer.position, until if first is None else seq_of(first) - 1)
        if proven > consumer.position:
            self._consumers.advance(consumer, to=proven)
        return proven

    def _places_of(self, user_id: str, after: int) -> list[int]:
        table = schema.event
        query = sa.select(table.c.seq).where(table.c.user_id == user_id, table.c.seq > after)
        with self._store.read() as connection:
            return list(connection.scalars(query.order_by(table.c.seq).limit(PORTION)))

    def _forget_identities(self, before: datetime) -> None:
        table = schema.dedupe
        keys = sa.select(table.c.key).where(table.c.first_seen < before).limit(PORTION)
        while self._change(table.delete().where(table.c.key.in_(keys))):
            pass

    def _give_back_space(self) -> None:
        more = True
        while more:
            began = time.monotonic()
            more = self._store.give_back_space()
            self._sleep(time.monotonic() - began)

    def _change(self, statement: sa.Update | sa.Delete) -> int:
        with self._store.write() as connection:
            began = time.monotonic()  # who waits for the lock keeps it from nobody
            changed = connection.execute(statement).rowcount
        self._sleep(time.monotonic() - began)
        return changed
