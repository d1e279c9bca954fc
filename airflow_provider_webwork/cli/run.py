"""What every command does first and last: where connections and logs are, and ending with a sentence on errors."""

from __future__ import annotations

import functools
import getpass
import logging
import os
import signal
import socket
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError, StatementError

from airflow_provider_webwork.cli.escapes import escaped
from airflow_provider_webwork.errors import WebWorkError

Command = Callable[[Namespace], None]


def command(function: Command) -> Command:
    """Make a function a command.

    An error of ours or of a database ends it with one sentence and exit code 1, misuse with exit code 2. The API
    client tells misuse by ``TypeError`` as well, such as that of a connection without a workspace id. Who interrupts
    it, or reads no further, knows why it ended: it ends without a word, with exit code 130 or 1.
    """

    @functools.wraps(function)
    def run(args: Namespace) -> None:
        # Airflow's own commands tell the Task SDK in this way to look into the metadata database for connections
        # (airflow/cli/commands/connection_command.py).
        os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
        _log_to_stderr()
        with _ending():
            function(args)

    return run


def actor() -> str:
    """Return who runs the command, for the audit."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


@contextmanager
def _ending() -> Iterator[None]:
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # here rather than at the end of the process, where nobody catches what it raises
    except WebWorkError as error:
        raise _ended(1, str(error)) from None
    except SQLAlchemyError as error:
        raise _ended(1, _of_database(error)) from None
    except OverflowError as error:
        raise _ended(2, f"A number is too large: {error}.") from None
    except (ValueError, TypeError) as error:
        raise _ended(2, str(error)) from None
    except BrokenPipeError:
        # What is left in the buffer has to go somewhere when the process ends
        # (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


def _ended(code: int, sentence: str) -> SystemExit:
    print(escaped(sentence), file=sys.stderr)
    return SystemExit(code)


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
