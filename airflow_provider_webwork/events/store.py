"""How to talk to the database of the event log: connections, transactions, migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy import exc
from sqlalchemy.pool import ConnectionPoolEntry

from airflow_provider_webwork.errors import (
    WebWorkConfigurationError,
    WebWorkLogError,
    WebWorkLogUnavailableError,
)
from airflow_provider_webwork.events import schema

MIGRATIONS = Path(__file__).with_name("migrations")

_WRITE = {"webwork_write": True}


class Store:
    """The database of the event log.

    Opening it touches nothing; the first transaction does. On SQLite the schema is made and upgraded by itself.

    :param url: SQLAlchemy URL, such as ``sqlite:////var/lib/webwork/events.db``.
    :param lock_timeout: seconds to wait while another process writes.
    :raises WebWorkConfigurationError: if the URL is not one the event log runs on.
    """

    def __init__(self, url: str, *, lock_timeout: float = 10.0) -> None:
        self._url = _usable_url(url)
        self._engine = sa.create_engine(self._url, connect_args={"timeout": lock_timeout})
        self._checked = False
        sa_event.listen(self._engine, "connect", _prepare_sqlite)
        sa_event.listen(self._engine, "begin", _begin_sqlite)

    def __repr__(self) -> str:
        return f"Store({self.name})"

    @property
    def name(self) -> str:
        """The URL of the event log without its password."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one state of the log and blocks nobody.

        :raises WebWorkLogUnavailableError: if the database cannot be read right now.
        :raises WebWorkLogError: if its schema does not fit this version of the package.
        """
        self._check_schema()
        with self._failures(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction that holds the one write lock from its first statement on; commit on leaving.

        :raises WebWorkLogUnavailableError: if the database cannot be written right now; nothing was stored.
        :raises WebWorkLogError: if its schema does not fit this version of the package.
        """
        self._check_schema()
        with self._failures(), self._write_connection() as connection:
            yield connection

    def revision(self) -> str | None:
        """Return the schema revision of the database; ``None`` if it is empty."""
        with self._failures(), self._engine.connect() as connection, connection.begin():
            return _revision(connection)

    def upgrade(self) -> None:
        """Bring the schema to the newest revision; safe to run by several processes at once.

        :raises WebWorkLogError: if the database was made by a newer version of this package.
        """
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self._failures(), self._write_connection() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise WebWorkLogError(_newer_schema(self.name, _revision(connection))) from error
        self._checked = True

    def close(self) -> None:
        """Close the connections; the next transaction opens new ones."""
        self._engine.dispose()

    def _check_schema(self) -> None:
        if self._checked:
            return
        revision = self.revision()
        if revision == schema.REVISION:
            self._checked = True
        elif revision is None or revision < schema.REVISION:
            self.upgrade()
        else:
            raise WebWorkLogError(_newer_schema(self.name, revision))

    @contextmanager
    def _write_connection(self) -> Iterator[sa.Connection]:
        with self._engine.connect().execution_options(**_WRITE) as connection, connection.begin():
            yield connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (exc.OperationalError, exc.InternalError, exc.TimeoutError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            msg = f"The event log {self.name} is not available: {reason}. Nothing was stored; try again."
            raise WebWorkLogUnavailableError(msg) from error
        except exc.DatabaseError as error:
            if isinstance(error, (exc.IntegrityError, exc.DataError, exc.ProgrammingError)):
                raise
            msg = f"The event log {self.name} is damaged or not a database: {error.orig}."
            raise WebWorkLogError(msg) from error


def _usable_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except exc.ArgumentError:
        msg = "[webwork] event_store_url is not an SQLAlchemy URL such as sqlite:////var/lib/webwork/events.db."
        raise WebWorkConfigurationError(msg) from None
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        msg = (
            f"[webwork] event_store_url: the event log runs on an SQLite file, not on "
            f"{url.render_as_string(hide_password=True)}. Use a URL such as sqlite:////var/lib/webwork/events.db."
        )
        raise WebWorkConfigurationError(msg)
    return url


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # The driver would begin transactions on its own, and never with IMMEDIATE.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    # NORMAL would lose acknowledged events on power loss in WAL mode (https://sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A deferred transaction that reads first and writes later fails at once if another process wrote in between.
    write = connection.get_execution_options().get("webwork_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _newer_schema(name: str, revision: str | None) -> str:
    return (
        f"The event log {name} has schema revision {revision}, which this version of airflow-provider-webwork does "
        f"not know (its own is {schema.REVISION}). Upgrade the package on this machine."
    )
