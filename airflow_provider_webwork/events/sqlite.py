"""SQLite as the database of the event log: what makes a commit durable, and the file it goes to."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import ConnectionPoolEntry

from airflow_provider_webwork.errors import WebWorkConfigurationError

UPGRADES_ITSELF = True
"""Whether the schema is made and upgraded by whoever opens the log: one machine runs one version of us."""

READING: Mapping[str, object] = {}
"""A transaction that reads sees one state; it takes no lock that a writer waits for."""

WRITING: Mapping[str, object] = {"webwork_writes": True}
"""A transaction that writes holds the one lock of the file from its beginning on.

One that read first and wrote later would fail at once if another process wrote in between.
"""

PAUSES = (0.0003, 0.005)
"""Seconds between two tries to get the lock of the file: at first, and after a while.

SQLite itself would wait up to 0.1 s in between, so that who writes all the time would leave others none.
"""

PAGES = 1_000
"""How many free pages one transaction gives back to the file system."""

FileId = tuple[int, int]


def engine(url: sa.URL, *, lock_timeout: float) -> sa.Engine:
    """Make an engine whose commits survive a power loss and whose writers wait for each other.

    :param lock_timeout: seconds to wait while another process writes.
    """
    # Parameters are people's data and encrypted tokens; they do not belong into error texts.
    made = sa.create_engine(url, connect_args={"timeout": lock_timeout}, hide_parameters=True)

    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("webwork_writes"):
            _take_the_file(connection, seconds=lock_timeout)
        else:
            connection.exec_driver_sql("BEGIN")

    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", begin)
    return made


def usable_url(url: sa.URL) -> sa.URL:
    """Return the URL if it names a file that every process on the machine finds.

    :raises WebWorkConfigurationError: if it does not.
    """
    if url.drivername not in {"sqlite", "sqlite+pysqlite"} or url.query or not Path(url.database or "").is_absolute():
        msg = (
            "[webwork] event_store_url: the event log runs on an SQLite file, named by an absolute path such as "
            f"sqlite:////var/lib/webwork/events.db; this URL of {url.drivername} is not one."
        )
        raise WebWorkConfigurationError(msg)
    return url


def place(url: sa.URL) -> FileId | None:
    """Tell which file is at the path of the URL now; ``None`` if there is none."""
    try:
        found = Path(url.database or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_away(error: exc.DBAPIError) -> bool:
    """Whether the database, and not what it was asked to store, is the reason of an error."""
    return isinstance(error, (exc.OperationalError, exc.InternalError, exc.InterfaceError))


def now(connection: sa.Connection) -> datetime:
    """Tell the time of the machine, which is the only one."""
    return datetime.now(UTC)


def give_back_space(connection: sa.Connection) -> bool:
    """Give pages that are not used any more back to the file system; return whether there are more of them."""
    before = _free_pages(connection)
    # The statement returns after each page as if it were a row, and the driver, which sees no columns, stops there.
    cursor = connection.connection.cursor()
    for _ in range(min(PAGES, before)):
        cursor.execute("PRAGMA incremental_vacuum")
    return 0 < _free_pages(connection) < before


def _free_pages(connection: sa.Connection) -> int:
    free: int = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    return free


def _prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # The driver would begin transactions on its own, and never with IMMEDIATE.
    connection.isolation_level = None
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        # Only a new file takes it, and without it space can be given back but by copying the whole file.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    mode = _wal_mode(connection)
    if mode != "wal":
        msg = f"SQLite's WAL mode is needed, and the file only offers {mode!r}: put it on a local disk."
        raise WebWorkConfigurationError(msg)
    # NORMAL would lose acknowledged events on power loss in WAL mode (https://sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous=FULL")
    # What was erased must not be readable in the file; not every SQLite is built to see to that by itself.
    connection.execute("PRAGMA secure_delete=ON")


def _wal_mode(connection: sqlite3.Connection) -> str:
    """Ask for WAL mode and return the mode that the file is in then."""
    # Of several processes that open a new file at once, SQLite fails all but one without making them wait as it does
    # at the beginning of a transaction (https://sqlite.org/c3ref/busy_handler.html). So wait for one of those.
    for _ in range(100):
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
    return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])


def _take_the_file(connection: sa.Connection, *, seconds: float) -> None:
    """Begin a transaction that writes, once nobody else does."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment] # of no other kind
    end = time.monotonic() + seconds
    pause, longest = PAUSES
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < end:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            else:
                return
            time.sleep(pause)
            pause = min(pause * 1.1, longest)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails as any other statement does
    finally:
        driver.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
