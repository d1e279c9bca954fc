"""Restoring events that no delivery told of, by what another account of the same time shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.events import awaited, pruned, schema
from airflow_provider_webwork.events.event import STRONG_WINDOW, Event, Identity, time_of
from airflow_provider_webwork.events.log import Arrival, append_to, head
from airflow_provider_webwork.events.pairing import Occurrence, unpaired
from airflow_provider_webwork.events.store import Store

PORTION = 500
"""How many events one transaction stores, so that appends wait for a few milliseconds only."""

_AHEAD = timedelta(days=1)
"""How much later than it arrived an event may say that it happened: clocks and time zones of senders differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What somebody shows of a workspace and a stretch of time.

    :param types: the types of events that it can show.
    :param since: the beginning of the stretch.
    :param until: its end, which does not belong to it.
    :param events: what it shows, each with a user and a time. Those shortly before and after the stretch belong to it,
        since what is stored near its ends may be one of them.
    """

    workspace_id: str
    types: Collection[str]
    since: datetime
    until: datetime
    events: Sequence[Event]

    def covers(self, moment: datetime) -> bool:
        """Whether a moment is in the stretch."""
        return self.since <= moment < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a comparison of an account with the log came to.

    :param shown: how many events the account shows.
    :param added: how many of them were missing in the log, and are in it now.
    :param unmatched: how many events of the log the account does not show.
    """

    shown: int
    added: int
    unmatched: int


class Restoring:
    """Compares accounts with the event log and adds what it lacks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def restore(self, account: Account, *, tolerance: timedelta) -> Restored:
        """Store the events of an account that the log lacks, in the order in which they happened.

        An event is in the log if one of the same workspace, type and user is, no further away in time than the
        tolerance, each for one at most. What is added is compared once more with all that was stored meanwhile, so
        however many do this at once, each event is added once. A later delivery of an added event is absorbed by it.

        :raises WebWorkLogUnavailableError: if the log cannot be read or written right now; do it again, it goes on.
        """
        events = sorted(account.events, key=time_of)
        shown = [Occurrence(event.type, event.user_id, time_of(event)) for event in events]
        with self._store.read() as connection:
            seen, stored = head(connection), self._stored(connection, account, tolerance)
        missing, extra = unpaired(shown, stored, tolerance=tolerance)
        unmatched = sum(account.covers(stored[place].at) for place in extra)
        missing = [place for place in missing if account.covers(shown[place].at)]
        added = 0
        while missing:
            with self._store.write(lock="append") as connection:
                later = self._stored(connection, account, tolerance, after=seen)
                if later:
                    stored += later
                    left, _ = unpaired(shown, stored, tolerance=tolerance)
                    missing = [place for place in left if account.covers(shown[place].at)]
                now, missing = missing[:PORTION], missing[PORTION:]
                added += self._add(connection, [events[place] for place in now], tolerance)
                stored += [shown[place] for place in now]
                seen = head(connection)
        return Restored(shown=sum(account.covers(each.at) for each in shown), added=added, unmatched=unmatched)

    def kept_since(self) -> datetime | None:
        """Return the time from which on the log has all that it received; ``None`` if nothing was ever removed."""
        with self._store.read() as connection:
            return pruned.before(connection)

    def record(self, workspace_id: str, *, until: datetime) -> None:
        """Keep up to when a workspace was reconciled; an earlier time than before changes nothing."""
        table = schema.reconciliation
        mine = table.c.workspace_id == workspace_id
        with self._store.write(lock="append") as connection:
            before = connection.scalar(sa.select(table.c.until).where(mine))
            if before is None:
                connection.execute(table.insert().values(workspace_id=workspace_id, until=until))
            elif before < until:
                connection.execute(table.update().where(mine).values(until=until))

    def _stored(
        self, connection: sa.Connection, account: Account, tolerance: timedelta, *, after: int | None = None
    ) -> list[Occurrence]:
        """Return what the log holds of the time that the account shows.

        What names no workspace counts as the account's, so that it is not restored a second time.

        :param after: the ``seq`` to look behind, if not at everything.
        """
        moments = [account.since, account.until, *map(time_of, account.events)]
        since, until = min(moments) - tolerance, max(moments) + tolerance
        table = schema.event
        at = sa.func.coalesce(table.c.occurred_at, table.c.received_at)
        rows = connection.execute(
            sa.select(table.c.type, table.c.user_id, at).where(
                table.c.received_at >= since - _AHEAD if after is None else table.c.seq > after,
                table.c.type.in_(account.types),
                sa.or_(table.c.workspace_id == account.workspace_id, table.c.workspace_id.is_(None)),
                table.c.problem.is_(None),
                at.between(since, until),
            )
        )
        return [Occurrence(*row) for row in rows]

    def _add(self, connection: sa.Connection, events: Sequence[Event], tolerance: timedelta) -> int:
        places = append_to(connection, [Arrival(event, _identity(event)) for event in events])
        new = [event._replace(seq=place.seq) for event, place in zip(events, places, strict=True) if not place.repeated]
        awaited.put(connection, new, tolerance=tolerance)
        return len(new)


def reconciled_until(connection: sa.Connection) -> datetime | None:
    """Return up to when the workspace that was reconciled last was; ``None`` if none ever was."""
    until: datetime | None = connection.scalar(sa.select(sa.func.max(schema.reconciliation.c.until)))
    return until


def _identity(event: Event) -> Identity:
    # In a space of its own: a delivery's identity comes from its body.
    told = ["restored", event.workspace_id, event.type, event.user_id, time_of(event).isoformat()]
    return Identity(key=hashlib.sha256(json.dumps(told).encode()).hexdigest(), window=STRONG_WINDOW, source="content")
