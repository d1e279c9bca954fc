"""The spool: a file on this machine where deliveries wait, as durably as in the event log, while that is away."""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.event import Event, Identity
from airflow_provider_webwork.events.log import Arrival
from airflow_provider_webwork.events.store import Store

MOST_IN_PAGE = 500
PAGE_BYTES = 4_000_000
"""How much of the spool is in memory at once; a page has one arrival at least."""

_ARRIVAL = sa.Table(
    "arrival",
    sa.MetaData(),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("identity", sa.Text, nullable=False),
    sqlite_autoincrement=True,  # places are never given twice, also when the newest one was removed
)
_TIMES = ("received_at", "occurred_at")
_IN_COLUMNS = ("payload", "raw", "seq")


@dataclass(frozen=True, slots=True)
class Spooled:
    """An arrival that is on disk here and not in the event log yet.

    :param event_id: the id that the event will have there, unless it turns out to repeat another one.
    """

    event_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An arrival in the spool, and its place in the order of arrival."""

    place: int
    arrival: Arrival


class Spool:
    """Keeps arrivals in a file until they are in the event log.

    The file is an SQLite file like that of an event log, so that what is kept is kept as durably; the list of
    endpoints lies in it, too. It belongs to one process at a time. Its methods are called in any thread.

    :param path: the file; the folder has to be there.
    :param max_bytes: how large it may become. SQLite's own log beside it may be as large again for a moment.
    :raises WebWorkConfigurationError: if the path is not absolute.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        if not path.is_absolute():
            msg = f"[webwork] spool_path must be absolute, such as /var/lib/webwork/spool.db; {path} is not."
            raise WebWorkConfigurationError(msg)
        self._path = path
        self._max_bytes = max_bytes
        self.store = Store(f"sqlite:///{path}", auto_upgrade=True)
        self._lock: IO[bytes] | None = None
        self._counting = threading.Lock()
        self._waiting = 0
        self._set_aside: set[int] = set()

    def __repr__(self) -> str:
        return f"Spool({self._path})"

    @property
    def waiting(self) -> int:
        """How many arrivals wait to be moved."""
        return self._waiting

    @property
    def set_aside(self) -> int:
        """How many arrivals the event log refuses; they stay in the file and are tried again at the next start."""
        return len(self._set_aside)

    def open(self) -> None:
        """Take the file for this process.

        :raises WebWorkConfigurationError: if another process has it, or it cannot be used.
        """
        self._lock = _locked(self._path.with_name(f"{self._path.name}.lock"))
        try:
            self._path.touch(mode=0o600)  # what SQLite puts beside it gets the same mode
            with self._writing() as connection:
                _ARRIVAL.create(connection, checkfirst=True)
                self._waiting = connection.scalar(sa.select(sa.func.count()).select_from(_ARRIVAL)) or 0
        except WebWorkError as error:
            self.close()
            raise WebWorkConfigurationError(str(error)) from error

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        self.store.close()
        if self._lock is not None:
            self._lock.close()

    def append(self, arrivals: Sequence[Arrival]) -> list[Spooled]:
        """Keep arrivals durably, all or none.

        :raises WebWorkLogUnavailableError: if nothing could be kept: the spool or the disk is full.
        """
        rows = [_row(arrival) for arrival in arrivals]
        with self._writing() as connection:
            connection.execute(_ARRIVAL.insert(), rows)
        self._count(len(rows))
        return [Spooled(arrival.event.id) for arrival in arrivals]

    def page(self) -> list[Waiting]:
        """Return what waits, the oldest first, as much as fits into memory."""
        found: list[Waiting] = []
        size = 0
        after = max(self._set_aside, default=0)  # all before it were moved
        query = sa.select(_ARRIVAL).where(_ARRIVAL.c.place > after).order_by(_ARRIVAL.c.place).limit(MOST_IN_PAGE)
        with self._failures(), self.store.read() as connection:
            for place, event, payload, raw, identity in connection.execute(query):
                size += len(event) + len(payload) + len(raw or b"")
                if found and size > PAGE_BYTES:
                    break
                found.append(Waiting(place, _arrival(event, payload, raw, identity)))
        return found

    def remove(self, places: Collection[int], *, set_aside: Collection[int] = ()) -> None:
        """Remove what is in the event log, and pass over what that refuses."""
        with self._writing() as connection:
            connection.execute(_ARRIVAL.delete().where(_ARRIVAL.c.place.in_(places)))
        self._set_aside.update(set_aside)
        self._count(-len(places) - len(set_aside))

    def used_bytes(self) -> int:
        """Return how much of the file is in use."""
        with self._failures(), self.store.read() as connection:
            pages, free, size = (_pragma(connection, name) for name in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def shrink(self) -> None:
        """Give the space of what was removed back."""
        with self._failures():
            while self.store.give_back_space():
                pass

    def _count(self, more: int) -> None:
        with self._counting:
            self._waiting += more

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._failures(), self.store.write() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={self._max_bytes // _pragma(connection, 'page_size')}")
            yield connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except WebWorkLogUnavailableError as error:
            reason = str(getattr(error.__cause__, "orig", error))
            msg = f"The spool {self._path} cannot be used: {reason}. See [webwork] spool_path and spool_max_bytes."
            raise WebWorkLogUnavailableError(msg) from error


def _locked(path: Path) -> IO[bytes]:
    try:
        file = path.open("ab")
    except OSError as error:
        msg = f"[webwork] spool_path: {path} cannot be made: {error.strerror}. The folder has to be there."
        raise WebWorkConfigurationError(msg) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        msg = (
            f"[webwork] spool_path: another process uses {path.with_suffix('')}. Every receiver process needs a spool "
            "of its own."
        )
        raise WebWorkConfigurationError(msg) from None
    return file


def _pragma(connection: sa.Connection, name: str) -> int:
    value: int = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
    return value


def _row(arrival: Arrival) -> dict[str, object]:
    event, identity = arrival.event, arrival.identity
    rest = {name: value for name, value in event._asdict().items() if name not in _IN_COLUMNS}
    rest |= {name: rest[name].isoformat() for name in _TIMES if rest[name] is not None}
    named = {"key": identity.key, "window": identity.window.total_seconds(), "source": identity.source}
    return {
        "event": json.dumps(rest),
        "payload": json.dumps(event.payload, allow_nan=False),
        "raw": event.raw,
        "identity": json.dumps(named),
    }


def _arrival(event: str, payload: str, raw: bytes | None, identity: str) -> Arrival:
    rest, named = json.loads(event), json.loads(identity)
    rest |= {name: datetime.fromisoformat(rest[name]) for name in _TIMES if rest[name] is not None}
    return Arrival(
        Event(**rest, payload=json.loads(payload), raw=raw),
        Identity(key=named["key"], window=timedelta(seconds=named["window"]), source=named["source"]),
    )
