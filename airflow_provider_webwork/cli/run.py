"""What every command does first and last: where connections and logs are, and ending with a sentence on errors."""

from __future__ import annotations

import functools
import getpass
import logging
import os
import socket
import sys
from argparse import Namespace
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError, StatementError

from airflow_provider_webwork.errors import WebWorkError

Command = Callable[[Namespace], None]


def command(function: Command) -> Command:
    """Make a function a command.

    An error of ours or of a database ends it with one sentence and exit code 1, misuse with exit code 2. The API
    client tells misuse by ``TypeError`` as well, such as that of a connection without a workspace id.
    """

    @functools.wraps(function)
    def run(args: Namespace) -> None:
        # Airflow's own commands tell the Task SDK in this way to look into the metadata database for connections
        # (airflow/cli/commands/connection_command.py).
        os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
        _log_to_stderr()
        try:
            function(args)
        except WebWorkError as error:
            print(error, file=sys.stderr)
            raise SystemExit(1) from None
        except SQLAlchemyError as error:
            print(_of_database(error), file=sys.stderr)
            raise SystemExit(1) from None
        except (ValueError, TypeError) as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from None

    return run


def actor() -> str:
    """Return who runs the command, for the audit."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _of_database(error: SQLAlchemyError) -> str:
    # The lines behind the first one hold the statement and its values.
    said = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    reason = str(said).partition("\n")[0].removesuffix(".")
    return (
        f"A database failed: {type(error).__name__}: {reason}. `airflow db check-migrations` looks at Airflow's, "
        "`airflow webwork db check` at the event log."
    )


def _log_to_stderr() -> None:
    """Keep log lines out of what a command answers: Airflow logs to stdout, where programs read the JSON."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
            handler.setStream(sys.stderr)
