"""How to talk to the database of the event log: connections, transactions, migrations."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import exc

from airflow_provider_webwork.errors import (
    WebWorkConfigurationError,
    WebWorkLogError,
    WebWorkLogUnavailableError,
)
from airflow_provider_webwork.events import postgresql, schema, sqlite
from airflow_provider_webwork.events.database import LOCK, Database, Lock

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("migrations")


class _Opened(NamedTuple):
    """Whose connections a store holds: those of a process to a file or a database."""

    process: int
    place: object


class Store:
    """The database of the event log: an SQLite file, or PostgreSQL for more than one machine.

    Opening it touches nothing; the first transaction does.

    :param url: SQLAlchemy URL, such as ``sqlite:////var/lib/webwork/events.db`` or
        ``postgresql://user:password@host/database``.
    :param lock_timeout: seconds to wait while another process writes.
    :param auto_upgrade: whether the first transaction may make and upgrade the schema; if not given, on SQLite only.
    :raises WebWorkConfigurationError: if the URL is not one the event log runs on.
    """

    def __init__(self, url: str, *, lock_timeout: float = 10.0, auto_upgrade: bool | None = None) -> None:
        self._database, self._url = _database(url)
        self._auto_upgrade = self._database.UPGRADES_ITSELF if auto_upgrade is None else auto_upgrade
        self._lock_timeout = lock_timeout
        self._engine = self._new_engine()
        self._inherited: list[sa.Engine] = []
        self._opened: _Opened | None = None
        self._checked = False

    def __repr__(self) -> str:
        return f"Store({self.name})"

    @property
    def name(self) -> str:
        """The URL of the event log without its password; for SQLite, its path."""
        if self.is_file:
            # The URL itself is the value of a sensitive option, which Airflow replaces by *** wherever a log shows it.
            return str(self._url.database)
        return self._url.difference_update_query(["sslpassword"]).render_as_string(hide_password=True)

    @property
    def is_file(self) -> bool:
        """Whether the event log is a file, which only the processes of one machine can use."""
        return self._database is sqlite

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one state of the log and blocks nobody.

        :raises WebWorkLogUnavailableError: if the database cannot be read right now.
        :raises WebWorkLogError: if its schema does not fit this version of the package.
        """
        self._prepare()
        with self._transaction(self._database.READING) as connection:
            yield connection

    @contextmanager
    def write(self, *, lock: Lock | None = None) -> Iterator[sa.Connection]:
        """Open a transaction that may write, durable once it is left.

        :param lock: what no other transaction of any machine does meanwhile.
        :raises WebWorkLogUnavailableError: if the database cannot be written right now; nothing was stored.
        :raises WebWorkLogError: if its schema does not fit this version of the package.
        """
        self._prepare()
        with self._transaction(self._database.WRITING, lock=lock) as connection:
            yield connection

    def now(self, connection: sa.Connection) -> datetime:
        """Tell the time in UTC by the one clock that all who use the log share.

        :param connection: one that :meth:`read` or :meth:`write` gave.
        """
        return self._database.now(connection)

    def give_back_space(self) -> bool:
        """Give some of the space of what was removed back, if the database does not; return whether there is more."""
        with self.write() as connection:
            return self._database.give_back_space(connection)

    def revision(self) -> str | None:
        """Return the schema revision of the database; ``None`` if it is empty."""
        with self._transaction(self._database.READING) as connection:
            return _revision(connection)

    def upgrade(self, revision: str = schema.REVISION) -> None:
        """Bring the schema to the newest revision, or up to an older one; safe for several processes at once.

        :raises WebWorkLogError: if the database was made by a newer version of this package.
        """
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self._transaction(self._database.WRITING, lock="migrate") as connection:
            self._refuse_airflows_own(connection)
            config.attributes["connection"] = connection
            before = _revision(connection)
            try:
                with _quiet(logging.getLogger("alembic.runtime.migration")):
                    command.upgrade(config, revision)
            except CommandError as error:
                raise WebWorkLogError(_newer_schema(self.name, before)) from error
        if before not in (None, revision):
            log.info("The event log %s had schema revision %s and now has %s.", self.name, before, revision)
        self._checked = revision == schema.REVISION

    def close(self) -> None:
        """Close the connections; the next transaction opens new ones."""
        self._engine.dispose()

    def _new_engine(self) -> sa.Engine:
        engine = self._database.engine(self._url, lock_timeout=self._lock_timeout)
        # Hooks and commands end without closing anything.
        weakref.finalize(self, _dispose, engine, os.getpid())
        return engine

    def _prepare(self) -> None:
        """See to it that the connections are of this process and this file, and that the schema is ours."""
        here = _Opened(os.getpid(), self._database.place(self._url))
        if self._opened is not None and here != self._opened:
            self._leave(self._opened, here)
        if not self._checked:
            self._check_schema()
            here = _Opened(here.process, self._database.place(self._url))
        self._opened = here

    def _leave(self, before: _Opened, here: _Opened) -> None:
        if here.process != before.process:
            # A forked child must neither use nor close connections of its parent
            # (https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_across_a_fork_).
            self._inherited.append(self._engine)
            self._engine = self._new_engine()
        elif here.place is None:
            # The open connections would go on, and what they store would be gone with the last of them.
            msg = (
                f"The event log {self.name} is gone: its file was deleted, or its disk is not mounted or may not be "
                "read. Nothing was stored. Put it back, or restart this process to begin with an empty log."
            )
            raise WebWorkLogUnavailableError(msg)
        else:
            self._engine.dispose()
        self._checked = False

    def _check_schema(self) -> None:
        with self._transaction(self._database.READING) as connection:
            revision = _revision(connection)
            if revision != schema.REVISION:
                self._refuse_airflows_own(connection)
        if revision is not None and revision not in schema.REVISIONS:
            raise WebWorkLogError(_newer_schema(self.name, revision))
        if revision != schema.REVISION:
            if not self._auto_upgrade:
                raise WebWorkLogError(_older_schema(self.name, revision))
            self.upgrade()
        self._checked = True

    def _refuse_airflows_own(self, connection: sa.Connection) -> None:
        if sa.inspect(connection).has_table("dag_run"):
            # Tasks cannot reach that one (Airflow 3 gives them an API instead), and `airflow db reset` empties it.
            msg = (
                f"[webwork] event_store_url names Airflow's metadata database ({self.name}). Make a database for the "
                "event log alone, on the same server if you like, and name that one."
            )
            raise WebWorkConfigurationError(msg)

    @contextmanager
    def _transaction(self, options: Mapping[str, Any], *, lock: Lock | None = None) -> Iterator[sa.Connection]:
        with (
            self._failures(),
            self._engine.connect().execution_options(**options, **{LOCK: lock}) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except exc.TimeoutError as error:
            raise self._unavailable("too many wait for a connection to it") from error
        except exc.DBAPIError as error:
            reason = str(error.orig).partition("\n")[0].removesuffix(".")
            if self._database.is_away(error):
                raise self._unavailable(reason, connected=error.statement is not None) from error
            if type(error) is exc.DatabaseError:
                msg = f"The event log {self.name} is damaged or not a database: {reason}."
                raise WebWorkLogError(msg) from error
            raise

    def _unavailable(self, reason: str, *, connected: bool = True) -> WebWorkLogUnavailableError:
        otherwise = "" if connected else " If it stays so, check [webwork] event_store_url."
        return WebWorkLogUnavailableError(
            f"The event log {self.name} is not available: {reason}. Nothing was stored; try again.{otherwise}"
        )


def _dispose(engine: sa.Engine, process: int) -> None:
    # To close a connection in a forked child would end it for its parent.
    if os.getpid() == process:
        engine.dispose()


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keep what a library tells about its own work out of the logs of users' tasks."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _database(text: str) -> tuple[Database, sa.URL]:
    usual = "such as sqlite:////var/lib/webwork/events.db or postgresql://user:password@host/database"
    try:
        url = sa.make_url(text)
        clear = "@" not in (url.host or "")
    except (exc.ArgumentError, ValueError):  # the latter for a port that is no number
        clear = False
    if not clear:
        msg = f"[webwork] event_store_url is not an SQLAlchemy URL {usual}. In a password write @ as %40 and % as %25."
        raise WebWorkConfigurationError(msg)
    databases: dict[str, Database] = {"sqlite": sqlite, "postgresql": postgresql, "postgres": postgresql}
    database = databases.get(url.get_backend_name())
    if database is None:
        msg = f"[webwork] event_store_url: the event log does not run on {url.drivername}. Use a URL {usual}."
        raise WebWorkConfigurationError(msg)
    return database, database.usable_url(url)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _older_schema(name: str, revision: str | None) -> str:
    state = "is empty" if revision is None else f"has schema revision {revision}"
    return (
        f"The event log {name} {state}, and this version of airflow-provider-webwork needs {schema.REVISION}. Run "
        "`airflow webwork db upgrade`, or set [webwork] auto_upgrade = True."
    )


def _newer_schema(name: str, revision: str | None) -> str:
    return (
        f"The event log {name} has schema revision {revision}, which this version of airflow-provider-webwork does "
        f"not know (its own is {schema.REVISION}). Upgrade the package on this machine, or, if this is not an event "
        "log, change [webwork] event_store_url."
    )
