"""PostgreSQL as the database of the event log, for any number of machines.

Nothing here belongs to a session, because PgBouncer in transaction mode gives every transaction another one: no
prepared statements, no session settings, no session locks (https://www.pgbouncer.org/features.html).
"""

from __future__ import annotations

import select
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.events.database import LOCK, Lock

UPGRADES_ITSELF = False
"""Whether the schema is made and upgraded by whoever opens the log: other machines may run another version of us."""

READING: Mapping[str, object] = {"webwork_begin": "BEGIN ISOLATION LEVEL REPEATABLE READ"}
"""A transaction that reads sees one state; it takes no lock that a writer waits for."""

WRITING: Mapping[str, object] = {"webwork_begin": "BEGIN ISOLATION LEVEL READ COMMITTED"}
"""A transaction that writes sees, behind a lock that it waited for, what the one before committed."""

# A number from a sequence is given before the commit, so readers would see 8 after 9; under the lock for appends the
# order of numbers is the order of commits
# (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
_LOCKS: Mapping[Lock, int] = {
    "append": 0x77656277_00000001,
    "migrate": 0x77656277_00000002,
    "endpoints": 0x77656277_00000003,
    "clients": 0x77656277_00000004,
}
"""Keys of advisory locks: the letters `webw`, then a number."""

_IDLE = 1.0
"""Seconds that a connection may lie unused before the server is asked whether it still works. To ask every time would
take as long as a statement of an append."""

_ABANDONED = "60s"
"""How long a transaction may do nothing. Without it a machine that loses its power would keep a lock for hours."""

_CONNECTION: Mapping[str, object] = {
    "connect_timeout": 10,
    # A server that vanished without a word is noticed within half a minute instead of a quarter of an hour.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_READ_ONLY = "25006"
_TOO_MUCH = "54"
_SET_UP_ELSEWHERE = {"42501", "42P01", "3F000"}  # no privilege, no such table, no such schema


def engine(url: sa.URL, *, lock_timeout: float) -> sa.Engine:
    """Make an engine whose commits are durable and that finds a database again that was away.

    :param lock_timeout: seconds to wait while another process writes.
    """
    made = sa.create_engine(
        url,
        connect_args={
            "prepare_threshold": None,
            # The driver would send BEGIN on its own, and wait for the answer before it sends anything else.
            "autocommit": True,
            **{name: value for name, value in _CONNECTION.items() if name not in url.query},
        },
        # Parameters are people's data and encrypted tokens; they do not belong into error texts.
        hide_parameters=True,
        # Statements take tuples, as those of SQLite do, so that rows for the driver are the same for both.
        paramstyle="format",
    )
    settings = {
        # A role or a database may have it off, and then a commit would be told before it is on disk.
        "synchronous_commit": "on",
        "lock_timeout": f"{max(1, round(lock_timeout * 1000))}ms",  # 0 would wait for ever
        "idle_in_transaction_session_timeout": _ABANDONED,
    }
    set_all = [f"SET LOCAL {name} = '{value}'" for name, value in settings.items()]

    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        statements = [options.get("webwork_begin", "BEGIN")]
        if statements[0] == WRITING["webwork_begin"]:
            statements += set_all
        if lock := options.get(LOCK):
            statements.append(f"SELECT pg_advisory_xact_lock({_LOCKS[lock]})")
        connection.exec_driver_sql("; ".join(statements))  # all in one message

    event.listen(made, "begin", begin)
    event.listen(made, "handle_error", _leave_read_only)
    event.listen(made, "handle_error", _hide_rows)
    _replace_the_dead(made)
    return made


def usable_url(url: sa.URL) -> sa.URL:
    """Return the URL with the driver that this package uses.

    :raises WebWorkConfigurationError: if the driver is not installed, or the URL is not complete or not clear.
    """
    try:
        import psycopg
    except ImportError:
        msg = "The event log on PostgreSQL needs a driver: pip install 'airflow-provider-webwork[postgres]'."
        raise WebWorkConfigurationError(msg) from None
    if not url.database or "password" in url.query:
        msg = (
            "[webwork] event_store_url must name the database, and a password in front of the @: "
            "postgresql://user:password@host/database."
        )
        raise WebWorkConfigurationError(msg)
    try:
        psycopg.conninfo.make_conninfo("", **dict.fromkeys(url.query, ""))
    except psycopg.ProgrammingError as error:
        msg = f"[webwork] event_store_url: {str(error).strip()}."
        raise WebWorkConfigurationError(msg) from None
    return url.set(drivername="postgresql+psycopg")


def place(url: sa.URL) -> str:
    """Tell which database the URL names; it stays the same one."""
    return str(url.database)


def is_away(error: exc.DBAPIError) -> bool:
    """Whether the database, and not what it was asked to store, is the reason of an error."""
    state = _state(error.orig)
    if state.startswith(_TOO_MUCH):
        return False
    return state in _SET_UP_ELSEWHERE or isinstance(
        error, (exc.OperationalError, exc.InternalError, exc.InterfaceError)
    )


def now(connection: sa.Connection) -> datetime:
    """Tell the time of the server at this moment; that of its `now()` is when the transaction began to wait."""
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)


def give_back_space(connection: sa.Connection) -> bool:
    """Do nothing: autovacuum makes the space of removed rows usable again."""
    return False


def _replace_the_dead(made: sa.Engine) -> None:
    """See to it that connections which a server ended are replaced before they are used."""
    import psycopg

    used = "webwork_used"

    def put_back(_: object, entry: ConnectionPoolEntry) -> None:
        entry.info[used] = time.monotonic()

    def take(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object) -> None:
        idle = time.monotonic() - entry.info.get(used, time.monotonic())
        try:
            if idle > _IDLE or _was_spoken_to(connection):
                made.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise exc.InvalidatePoolError from error

    event.listen(made, "checkin", put_back)
    event.listen(made, "checkout", take)


def _was_spoken_to(connection: DBAPIConnection) -> bool:
    """Whether the server sent something unasked, as it does at its end."""
    answers = select.poll()
    answers.register(connection.fileno(), select.POLLIN)
    return bool(answers.poll(0))


def _leave_read_only(context: sa.engine.ExceptionContext) -> None:
    if _state(context.original_exception) == _READ_ONLY:
        # After a failover the same address may lead to a server that can be written: do not keep this connection.
        context.is_disconnect = True


def _hide_rows(context: sa.engine.ExceptionContext) -> None:
    if isinstance(context.sqlalchemy_exception, exc.DBAPIError):
        # The lines behind the first one quote the row that was refused: people's data and encrypted tokens.
        for error in (context.original_exception, context.sqlalchemy_exception):
            error.args = (str(error.args[0]).partition("\n")[0],) if error.args else ()


def _state(error: BaseException | None) -> str:
    return getattr(error, "sqlstate", None) or ""
