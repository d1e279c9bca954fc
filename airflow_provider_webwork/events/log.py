"""The log: append events in one order, each once, and read them by position, type and content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa

from airflow_provider_webwork.events import awaited, schema
from airflow_provider_webwork.events.event import Event, Identity, seq_of
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.rows import OF_EVENTS, UNSTORABLE, event_of, insert, row_of
from airflow_provider_webwork.events.store import Store

PAGE = 1_000
"""How many events one query reads."""

_VALUES = 500
"""How many values one query asks for; databases limit the parameters of a statement."""

_IDENTIFIERS = ("workspace_id", "user_id", "endpoint")
"""The fields that the database can compare as well as we can, but for numbers and their texts."""

_COMPARED = 5_000
"""How many texts a query compares a field with, for the same reason; with more of them it reads every row."""

# Statements that every append makes, built once: to build one takes longer than to run it.
_HEAD = sa.select(sa.func.max(schema.event.c.seq))
_HEAD_AND_SEEN = sa.union_all(
    sa.select(
        sa.null().label("key"),
        sa.func.max(schema.event.c.seq),
        awaited.NEWEST.label("first_seen"),
    ),
    sa.select(schema.dedupe.c.key, schema.dedupe.c.seq, schema.dedupe.c.first_seen).where(
        schema.dedupe.c.key.in_(sa.bindparam("keys", expanding=True))
    ),
)
"""In one statement, for each takes its time to the server and back. Beside the head, ``first_seen`` is up to when
deliveries are awaited."""

_EVENT_IDS = sa.select(schema.event.c.seq, schema.event.c.event_id).where(
    schema.event.c.seq.in_(sa.bindparam("seqs", expanding=True))
)
_PLACES = sa.select(schema.event.c.event_id, schema.event.c.seq).where(
    schema.event.c.event_id.in_(sa.bindparam("ids", expanding=True))
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that wants to be stored, and what tells it from others."""

    event: Event
    identity: Identity


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an arrival is in the log.

    :param event_id: the event's id; that of the first delivery or the synthetic event if this one repeats it, and
        ``None`` if that event was pruned.
    :param seq: the ``seq`` of the event.
    :param repeated: whether the event was stored before.
    """

    event_id: str | None
    seq: int
    repeated: bool


class EventLog:
    """The durable event log.

    ``seq`` goes up by one with every stored event, in the order of commits: who has seen ``seq = n`` never meets a
    new event with a smaller one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, arrivals: Sequence[Arrival]) -> list[Stored]:
        """Store events durably in one transaction, and say where each one is.

        An arrival whose identity was seen within its window is not stored again. Neither is one that a synthetic event
        stands for already: it absorbs one delivery, and every repetition of it.

        :raises WebWorkLogUnavailableError: if nothing could be stored.
        :raises ValueError: if a text cannot be stored on every database; nothing was stored. Whatever else the
            database refuses is raised as it says it.
        """
        with self._store.write(lock="append") as connection:
            return append_to(connection, arrivals)

    def append_once(self, arrivals: Sequence[Arrival]) -> list[Stored]:
        """Store events of which nobody knows whether an earlier try to store them succeeded.

        The same as :meth:`append`, but an event whose id is in the log is that event, and is not stored again.
        """
        with self._store.write(lock="append") as connection:
            known = _places_by_id(connection, [arrival.event.id for arrival in arrivals])
            new = iter(append_to(connection, [arrival for arrival in arrivals if arrival.event.id not in known]))
            ids = [arrival.event.id for arrival in arrivals]
            return [Stored(each, known[each], repeated=True) if each in known else next(new) for each in ids]

    def head(self) -> int:
        """Return the ``seq`` of the newest event; 0 if there is none."""
        with self._store.read() as connection:
            return head(connection)

    def horizon(self) -> int:
        """Return the ``seq`` of the oldest event that was not pruned; 1 if there is none."""
        with self._store.read() as connection:
            return horizon(connection)

    def position_before(self, moment: datetime) -> int:
        """Return a position such that every event received at ``moment`` or later comes after it."""
        with self._store.read() as connection:
            return position_before(connection, moment)

    def page(
        self, after: int, *, wanted: EventFilter | None = None, until: int | None = None, limit: int = PAGE
    ) -> list[Event]:
        """Return the next events after a position, the oldest first.

        :param wanted: spares reading rows that cannot match for their type or identifiers; what comes back still has
            to be matched.
        :param until: the position to stop at.
        """
        table = schema.event
        query = sa.select(*OF_EVENTS).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
        if until is not None:
            query = query.where(table.c.seq <= until)
        if wanted is not None:
            query = query.where(table.c.problem.is_(None), _may_match(wanted))
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return [event_of(row) for row in rows]

    def identity_source(self, seq: int) -> str:
        """Return what told a stored event apart from others: the ``source`` of its :class:`Identity`."""
        table = schema.event
        with self._store.read() as connection:
            return str(connection.execute(sa.select(table.c.identity_source).where(table.c.seq == seq)).scalar_one())

    def read(
        self,
        wanted: EventFilter | None = None,
        *,
        after: int = 0,
        until: int | None = None,
        first_page: int = PAGE,
    ) -> Iterator[Event]:
        """Yield events in the order of the log; memory is one page.

        :param wanted: which events; all, those with a problem included, if not given.
        :param after: the position to start behind.
        :param until: the position to stop at; the newest event if not given.
        :param first_page: how many events to read at first, for callers who may need no more.
        """
        end = self.head() if until is None else until
        limit = first_page
        while after < end:
            events = self.page(after, wanted=wanted, until=end, limit=limit)
            for event in events:
                after = seq_of(event)
                if wanted is None or wanted.matches(event):
                    yield event
            if len(events) < limit:
                return
            limit = PAGE

    def received(
        self, wanted: EventFilter | None = None, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Event]:
        """Yield the events that arrived within a window, in the order of the log; memory is one page.

        :param wanted: which events; all, those with a problem included, if not given.
        :param since: leave out what was received before.
        :param until: leave out what was received at this time or later.
        """
        # Events are in the order of commits: their times of arrival go up only nearly.
        for event in self.read(wanted, after=0 if since is None else self.position_before(since)):
            at = event.received_at
            if (since is None or at >= since) and (until is None or at < until):
                yield event


def head(connection: sa.Connection) -> int:
    """Return the ``seq`` of the newest event; 0 if there is none."""
    return connection.scalar(_HEAD) or 0


def horizon(connection: sa.Connection) -> int:
    """Return the ``seq`` of the oldest event that was not pruned; 1 if there is none."""
    return connection.scalar(sa.select(sa.func.min(schema.event.c.seq))) or 1


def position_before(connection: sa.Connection, moment: datetime, *, until: datetime | None = None) -> int:
    """Return a position such that every event received at ``moment`` or later comes after it.

    :param until: what claims to have been received after that does not count.
    """
    received = schema.event.c.received_at
    late = received >= moment if until is None else received.between(moment, until)
    first = connection.scalar(sa.select(sa.func.min(schema.event.c.seq)).where(late))
    return head(connection) if first is None else first - 1


def append_to(connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[Stored]:
    """Store events in a transaction that holds the lock for appending, and say where each one is."""
    seq, newest, seen = _head_and_seen(connection, {arrival.identity.key for arrival in arrivals})
    late = awaited.Awaited(connection, (arrival.event for arrival in arrivals), newest=newest)
    known = set(seen)
    new: dict[int, Arrival] = {}
    taken: dict[str, tuple[int, datetime]] = {}
    places: list[tuple[int, bool]] = []
    for arrival in arrivals:
        event, identity = arrival.event, arrival.identity
        first = seen.get(identity.key)
        if first is not None and abs(event.received_at - first[1]) < identity.window:
            places.append((first[0], True))
            continue
        absorbing = late.absorb(event)
        if absorbing is not None:
            seen[identity.key] = taken[identity.key] = (absorbing, event.received_at)
            places.append((absorbing, True))
            continue
        seq += 1
        new[seq] = arrival
        seen[identity.key] = taken[identity.key] = (seq, event.received_at)
        places.append((seq, False))
    insert(connection, schema.event, [row_of(each.event, each.identity, place) for place, each in new.items()])
    _remember(connection, taken, known)
    late.settle()
    ids: dict[int, str | None] = {place: each.event.id for place, each in new.items()}
    ids |= _event_ids(connection, {place for place, _ in places if place not in ids})
    return [Stored(ids.get(place), place, repeated) for place, repeated in places]


def _may_match(wanted: EventFilter) -> sa.ColumnElement[bool]:
    return sa.and_(_may_be_of_type(wanted), *(_may_have(name, wanted) for name in _IDENTIFIERS))


def _may_have(name: str, wanted: EventFilter) -> sa.ColumnElement[bool]:
    texts = wanted.texts(name)
    if texts is None or len(texts) > _COMPARED:
        return sa.true()
    column = schema.event.c[name]
    storable = [text for text in texts if text is not None and not UNSTORABLE.search(text)]
    return sa.or_(column.in_(storable), column.is_(None)) if None in texts else column.in_(storable)


def _may_be_of_type(wanted: EventFilter) -> sa.ColumnElement[bool]:
    name = schema.event.c.type
    if not wanted.types or len(wanted.types) > _VALUES:  # SQLite's expressions have a depth of 1,000 at most
        return sa.true()
    patterns = [pattern for pattern in wanted.types if not UNSTORABLE.search(pattern)]
    exact = [pattern for pattern in patterns if not pattern.endswith("*")]
    starts = [name.startswith(pattern[:-1], autoescape=True) for pattern in patterns if pattern.endswith("*")]
    return sa.or_(name.in_(exact), *starts)


def _head_and_seen(
    connection: sa.Connection, keys: Iterable[str]
) -> tuple[int, datetime | None, dict[str, tuple[int, datetime]]]:
    """Return the newest ``seq``, up to when deliveries are awaited, and where and when each identity was seen."""
    last, newest = 0, None
    seen: dict[str, tuple[int, datetime]] = {}
    for some in _portions(keys):
        for key, seq, moment in connection.execute(_HEAD_AND_SEEN, {"keys": some}):
            if key is None:
                last, newest = seq or 0, moment
            else:
                seen[key] = seq, moment
    return last, newest, seen


def _remember(connection: sa.Connection, taken: dict[str, tuple[int, datetime]], known: set[str]) -> None:
    table = schema.dedupe
    new = [(key, seq, schema.microseconds(moment)) for key, (seq, moment) in taken.items() if key not in known]
    again = [{"b_key": key, "b_seq": seq, "b_at": moment} for key, (seq, moment) in taken.items() if key in known]
    insert(connection, table, new)
    if again:
        connection.execute(
            table.update()
            .where(table.c.key == sa.bindparam("b_key"))
            .values(seq=sa.bindparam("b_seq"), first_seen=sa.bindparam("b_at")),
            again,
        )


def _event_ids(connection: sa.Connection, seqs: Iterable[int]) -> dict[int, str]:
    return {row.seq: row.event_id for some in _portions(seqs) for row in connection.execute(_EVENT_IDS, {"seqs": some})}


def _places_by_id(connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
    return {row.event_id: row.seq for some in _portions(ids) for row in connection.execute(_PLACES, {"ids": some})}


def _portions(values: Iterable[_T]) -> Iterator[list[_T]]:
    remaining = iter(values)
    while some := list(islice(remaining, _VALUES)):
        yield some
