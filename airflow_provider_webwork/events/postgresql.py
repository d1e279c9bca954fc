"""PostgreSQL as the database of the event log, for any number of machines."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

from airflow_provider_webwork.errors import WebWorkConfigurationError

UPGRADES_ITSELF = False
"""Whether the schema is made and upgraded by whoever opens the log: other machines may run another version of us."""

_APPENDS = 0x77656277_00000001
_MIGRATIONS = 0x77656277_00000002
"""Keys of advisory locks: the letters `webw`, then a number."""


def engine(url: sa.URL, *, lock_timeout: float) -> sa.Engine:
    """Make an engine that works behind PgBouncer in transaction mode and finds a database again that was away.

    :param lock_timeout: seconds to wait while another process writes.
    """
    made = sa.create_engine(
        url,
        # Prepared statements and session settings belong to a server connection, which PgBouncer changes with every
        # transaction (https://www.pgbouncer.org/features.html).
        connect_args={"prepare_threshold": None, "connect_timeout": 10},
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        # Parameters are people's data and encrypted tokens; they do not belong into error texts.
        hide_parameters=True,
    )

    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("webwork_write", False):
            # A role or a database may have it off, and then a commit would be told before it is on disk.
            connection.execute(
                sa.text("SELECT set_config('synchronous_commit', 'on', true), set_config('lock_timeout', :wait, true)"),
                {"wait": f"{round(lock_timeout * 1000)}ms"},
            )

    event.listen(made, "begin", begin)
    return made


def lock_appends(connection: sa.Connection) -> None:
    """Wait for the one write lock of the log, which the transaction then holds.

    A number from a sequence is given before the commit, so readers would see 8 after 9; under this lock the order of
    numbers is the order of commits (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_APPENDS)))


def lock_migrations(connection: sa.Connection) -> None:
    """Wait until no other process migrates."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATIONS)))


def place(url: sa.URL) -> str:
    """Tell which database the URL names; it stays the same one."""
    return str(url.database)


def give_back_space(connection: sa.Connection) -> bool:
    """Do nothing: autovacuum makes the space of removed rows usable again."""
    return False


def usable_url(url: sa.URL) -> sa.URL:
    """Return the URL with the driver that this package uses.

    :raises WebWorkConfigurationError: if the driver is not installed, or the URL names no database.
    """
    try:
        import psycopg  # noqa: F401
    except ImportError:
        msg = "The event log on PostgreSQL needs a driver: pip install 'airflow-provider-webwork[postgres]'."
        raise WebWorkConfigurationError(msg) from None
    if not url.database:
        msg = "[webwork] event_store_url names no database; it looks like postgresql://user:password@host/database."
        raise WebWorkConfigurationError(msg)
    return url.set(drivername="postgresql+psycopg")
