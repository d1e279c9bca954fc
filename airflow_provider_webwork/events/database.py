"""What differs between the databases of the event log; the modules ``sqlite`` and ``postgresql`` have it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import sqlalchemy as sa
from sqlalchemy import exc

Lock: TypeAlias = Literal["append", "migrate", "endpoints", "clients"]
"""What only one transaction of all machines does at a time."""

LOCK = "webwork_lock"
"""The option of a transaction that names its lock."""


class Database(Protocol):
    """A database that the event log runs on."""

    UPGRADES_ITSELF: bool
    READING: Mapping[str, object]
    WRITING: Mapping[str, object]
    """Options of a transaction. With :data:`LOCK` among them it waits for a lock first, and holds it to its end."""

    def usable_url(self, url: sa.URL) -> sa.URL:
        """Return the URL as the engine wants it."""

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """Make an engine whose commits are durable."""

    def place(self, url: sa.URL) -> object:
        """Tell what is at the URL now; ``None`` if nothing is."""

    def is_away(self, error: exc.DBAPIError) -> bool:
        """Whether the database, and not what it was asked to store, is the reason of an error."""

    def now(self, connection: sa.Connection) -> datetime:
        """Tell the time in UTC by the one clock that all who use the database share."""

    def give_back_space(self, connection: sa.Connection) -> bool:
        """Give some unused space back; return whether there is more."""
