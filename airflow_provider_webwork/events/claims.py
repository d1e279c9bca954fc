"""Claims: every event that a consumer wants goes to exactly one live batch, and a batch never changes its mind."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConsumerError, WebWorkOvertakenError
from airflow_provider_webwork.events import batches, empty_claims, released, schema
from airflow_provider_webwork.events.audit import Entry, record
from airflow_provider_webwork.events.batches import Batch
from airflow_provider_webwork.events.consumer import Consumer, advance, required, unchanged
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.event import seq_of, time_text
from airflow_provider_webwork.events.log import PAGE, EventLog, head, horizon
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.events.subscription import Start

NOTE_EVERY = timedelta(minutes=1)
"""After so long without a sign of a consumer, a claim that finds nothing is written down as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a consumer is behind.

    :param events: events that wait to be claimed, released ones included.
    :param at_least: whether there are more, which were not counted.
    """

    events: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class _Take:
    """How much a run takes at most."""

    limit: int
    max_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Cut:
    """The part of a range that makes a batch.

    :param done: nothing up to here is wanted that is not in the batch.
    """

    first: int
    last: int
    count: int
    done: int


class _LostRaceError(Exception):
    """Another claim, or a change by hand, came first."""


class Claims:
    """Gives the events of consumers to runs.

    :param now: tells the time in UTC.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._log = EventLog(store)
        self._consumers = Consumers(store, now=now)
        self._now = now

    def claim(
        self,
        name: str,
        run_key: str,
        *,
        limit: int,
        max_bytes: int | None = None,
        wanted: EventFilter | None = None,
        start: Start = "now",
        try_number: int = 1,
    ) -> Batch | None:
        """Return the batch of a run: the one it has, or a new one; ``None`` if there is nothing to do.

        Looking for events holds no lock; appends go on meanwhile.

        :param run_key: ``dag_id/run_id/task_id/map_index``.
        :param limit: how many events at most.
        :param max_bytes: how many bytes of JSON at most; one event is always given.
        :param wanted: what the Dag wants; without it, what the consumer is registered for.
        :param start: where a consumer begins that there is not yet.
        :param try_number: which try of the task this is, retries and clears counted, from 1 on. Once one was told that
            there is nothing to do, those before it are given no batch any more: they were taken for dead, and nobody
            would process it.
        :raises WebWorkConsumerError: if there is no such consumer and ``wanted`` is not given; if another Dag claims
            from it with another filter; if this batch was released; or if unclaimed events were pruned.
        :raises WebWorkOvertakenError: if a later try was told that there is nothing to do.
        :raises WebWorkLogUnavailableError: if the log cannot be read or written right now.
        """
        if limit < 1:
            msg = f"limit: a claim takes at least one event, not {limit}."
            raise ValueError(msg)
        # What the consumer wants by now is nothing to a run that has its batch.
        if wanted is not None and self._find(name, run_key) is None:
            self._consumers.subscribe(name, wanted, owner=_dag_id(run_key), actor=run_key, start=start)
        while True:
            with suppress(_LostRaceError):
                return self._claim(name, run_key, try_number, _Take(limit, max_bytes), wanted)

    def lag(self, name: str, *, at_most: int = 100_000) -> Lag:
        """Count the events that wait for a consumer.

        :param at_most: stop counting there.
        :raises WebWorkConsumerError: if there is no such consumer.
        """
        with self._store.read() as connection:
            consumer = required(connection, name)
            waiting = released.waiting(connection, name)
        for _ in self._log.read(consumer.wanted, after=consumer.position):
            if waiting >= at_most:
                return Lag(events=waiting, at_least=True)
            waiting += 1
        return Lag(events=waiting)

    def _find(self, name: str, run_key: str) -> Batch | None:
        with self._store.read() as connection:
            return batches.find(connection, name, run_key)

    def _claim(self, name: str, run_key: str, try_number: int, take: _Take, wanted: EventFilter | None) -> Batch | None:
        with self._store.read() as connection:
            # The consumer is read first: whoever claims after that is noticed in the end by the counter of claims.
            # The batch is read last: another try of this task may just have claimed all that there was.
            consumer = required(connection, name)
            given_up = released.oldest(connection, name)
            oldest, newest = horizon(connection), head(connection)
            empty = empty_claims.latest(connection, name, run_key)
            batch = batches.find(connection, name, run_key)
        if batch is not None:
            return batches.live(batch)
        if try_number < empty:
            raise _overtaken(name, run_key, try_number, by=empty)
        if wanted is not None:  # the consumer may have become another Dag's since this one subscribed
            self._consumers.check_owner(consumer, wanted, owner=_dag_id(run_key), actor=run_key)
        if given_up is not None:
            if given_up.start_seq < oldest:
                self._tell_pruned_range(consumer, given_up, oldest, run_key)
            return self._take_released(consumer, given_up, run_key, take)
        if consumer.position < oldest - 1:
            self._tell_pruned(consumer, oldest, run_key)
        new = self._take_new(consumer, newest, run_key, take) if consumer.position < newest else None
        if new is None:
            self._note_empty(consumer, run_key, try_number, before=empty)
        return new

    def _take_new(self, consumer: Consumer, newest: int, run_key: str, take: _Take) -> Batch | None:
        cut = self._cut(consumer.wanted, after=consumer.position, until=newest, take=take)
        with self._store.write() as connection:
            if not advance(connection, consumer, to=cut.done):
                raise _LostRaceError
            return self._give(connection, consumer, run_key, cut, consumer.wanted) if cut.count else None

    def _take_released(self, consumer: Consumer, given_up: released.Range, run_key: str, take: _Take) -> Batch | None:
        cut = self._cut(given_up.wanted, after=given_up.start_seq - 1, until=given_up.end_seq, take=take)
        with self._store.write() as connection:
            if given_up.start_seq < horizon(connection):
                raise _LostRaceError  # some was pruned while we looked; that has to be told
            # The consumer before the range, as who resets or deletes it, or the two could wait for each other.
            batch = self._give(connection, consumer, run_key, cut, given_up.wanted) if cut.count else None
            if not released.shorten(connection, given_up, start_seq=cut.done + 1, taken=cut.count):
                raise _LostRaceError
        if batch is None:
            raise _LostRaceError  # all that was wanted of it has been erased; now the range is gone
        return batch

    def _note_empty(self, consumer: Consumer, run_key: str, try_number: int, *, before: int) -> None:
        """Write down that a run was told that nothing waits.

        :param before: the last of its tries that was told so.
        """
        table, now = schema.consumer, self._now()
        tried_again = try_number > max(before, 1)  # before the first try there was none
        if not tried_again and now - consumer.heard_at < NOTE_EVERY:
            return
        with self._store.write() as connection:
            # By the counter, a try that is about to claim right now notices, and looks again.
            claims = table.c.claims + 1 if tried_again else table.c.claims
            noted = connection.execute(table.update().where(unchanged(consumer)).values(claims=claims, claimed_at=now))
            if noted.rowcount != 1:
                raise _LostRaceError
            if tried_again:
                empty_claims.note(connection, consumer.name, run_key, try_number=try_number)

    def _cut(self, wanted: EventFilter, *, after: int, until: int, take: _Take) -> _Cut:
        first = last = count = size = 0
        events = self._log.read(wanted, after=after, until=until, first_page=min(take.limit, PAGE))
        for event in events:
            seq = seq_of(event)
            if take.max_bytes is not None:
                size += len(json.dumps(event.as_dict()))
                if size > take.max_bytes and count:
                    return _Cut(first, last, count, done=seq - 1)
            first, last, count = first or seq, seq, count + 1
            if count == take.limit:
                return _Cut(first, last, count, done=seq)
        return _Cut(first, last, count, done=until)

    def _give(
        self, connection: sa.Connection, consumer: Consumer, run_key: str, cut: _Cut, wanted: EventFilter
    ) -> Batch:
        batch = Batch(
            consumer=consumer.name,
            run_key=run_key,
            start_seq=cut.first,
            end_seq=cut.last,
            count=cut.count,
            wanted=wanted,
            claimed_at=self._now(),
        )
        table = schema.consumer
        claimed = connection.execute(
            table.update()
            .where(unchanged(consumer))
            .values(
                claims=table.c.claims + 1,
                claimed_at=batch.claimed_at,
                owner=sa.func.coalesce(table.c.owner, _dag_id(run_key)),
            )
        )
        if claimed.rowcount != 1:
            raise _LostRaceError
        batches.add(connection, batch)
        return batch

    def _tell_pruned(self, consumer: Consumer, oldest: int, run_key: str) -> None:
        """Say once that events were pruned before they were claimed; the next claim goes on behind them."""
        table = schema.consumer
        with self._store.write() as connection:
            moved = connection.execute(
                table.update()
                .where(unchanged(consumer), table.c.position == consumer.position)
                .values(position=oldest - 1)
            )
            if moved.rowcount != 1:
                raise _LostRaceError
            self._record_lost(connection, run_key, consumer, consumer.position + 1, oldest - 1)
        raise _lost(consumer, consumer.position + 1, oldest - 1)

    def _tell_pruned_range(self, consumer: Consumer, given_up: released.Range, oldest: int, run_key: str) -> None:
        last = min(oldest - 1, given_up.end_seq)
        with self._store.write() as connection:
            # How many of them matched is not known any more.
            if not released.shorten(connection, given_up, start_seq=last + 1, taken=0):
                raise _LostRaceError
            self._record_lost(connection, run_key, consumer, given_up.start_seq, last)
        raise _lost(consumer, given_up.start_seq, last)

    def _record_lost(self, connection: sa.Connection, run_key: str, consumer: Consumer, first: int, last: int) -> None:
        details = {"first": first, "last": last}
        record(
            connection,
            Entry(at=self._now(), actor=run_key, action="lost to pruning", subject=consumer.name, details=details),
        )


def _dag_id(run_key: str) -> str:
    return run_key.partition("/")[0]


def _overtaken(name: str, run_key: str, try_number: int, *, by: int) -> WebWorkOvertakenError:
    return WebWorkOvertakenError(
        f"Try {by} of {run_key} was told that nothing waits for consumer {name!r}, so try {try_number}, which came "
        "before it, claims nothing. What waits now goes to other runs, or to this task when it is cleared."
    )


def _lost(consumer: Consumer, first: int, last: int) -> WebWorkConsumerError:
    return WebWorkConsumerError(
        f"Events {first} to {last} were pruned before consumer {consumer.name!r} claimed them; it was last heard of at "
        f"{time_text(consumer.heard_at)}. [webwork] consumer_expiry says for how long a consumer keeps its events from "
        "being pruned. Clear this task to go on with the oldest event that is left."
    )
