"""A real receiver process with a log of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault
from tests.databases import PostgreSQL

REPOSITORY = Path(__file__).parents[2]

# An Airflow that cannot be imported: the receiver has to do without.
WITHOUT_AIRFLOW = (
    "import runpy, sys; sys.modules['airflow'] = None;"
    "runpy.run_module('airflow_provider_webwork.receiver', run_name='__main__', alter_sys=True)"
)


@dataclass
class Process:
    """A receiver process; ``port`` is where it listens, ``output`` what it has said so far."""

    popen: subprocess.Popen
    lines: list = field(default_factory=list)
    port: int = 0
    metrics_port: int = 0
    listens: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.popen.stderr:
            self.lines.append(line)
            if found := re.search(r"metrics are at http://.*:(\d+)/metrics", line):
                self.metrics_port = int(found[1])
            if found := re.search(r"listens on http://.*:(\d+)", line):
                self.port = int(found[1])
                self.listens.set()
        self.listens.set()

    @property
    def output(self):
        return "".join(self.lines)

    def wait_until_it_listens(self):
        assert self.listens.wait(120), self.output
        assert self.port, self.output
        return self

    def terminate(self):
        """Ask it to stop."""
        self.popen.send_signal(signal.SIGTERM)

    def kill(self):
        """Kill it as the kernel would, and wait until it is dead."""
        self.popen.kill()
        self.wait()

    def most_memory(self):
        """Return the most memory that it ever had, in megabytes."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1000

    def wait(self):
        """Return its exit code."""
        code = self.popen.wait(120)
        self.reader.join(60)
        return code


@dataclass
class Site:
    """A log with the endpoint ``payroll``, and the receivers that were started on it."""

    store: Store
    environment: dict
    key: str
    processes: list = field(default_factory=list)

    def start(self, *arguments, files=None, program=WITHOUT_AIRFLOW, **options):
        """Start a receiver on a free port.

        :param files: how many files it may open.
        :param program: the Python that starts it.
        """
        limited = [] if files is None else ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"]
        variables = {f"AIRFLOW__WEBWORK__{name.upper()}": str(value) for name, value in options.items()}
        process = Process(
            subprocess.Popen(
                [*limited, sys.executable, "-c", program, "--port", "0", *arguments],
                stderr=subprocess.PIPE,
                text=True,
                cwd=REPOSITORY,
                env={**self.environment, **variables},
            )
        )
        self.processes.append(process)
        return process

    def run(self, *arguments, **options):
        return self.start(*arguments, **options).wait_until_it_listens()

    @property
    def endpoints(self):
        return Endpoints(self.store, Vault([self.environment["AIRFLOW__WEBWORK__SECRET_KEY"]]))

    def events(self):
        return list(EventLog(self.store).read())


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server that a test may ruin."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def site(tmp_path):
    with site_at(f"sqlite:///{tmp_path / 'events.db'}") as site:
        yield site


@contextmanager
def site_at(url):
    """Make the endpoint in the log at this URL, and end what was started on it."""
    secret_key = Fernet.generate_key().decode()
    store = Store(url)
    key = Endpoints(store, Vault([secret_key])).open("payroll", now=datetime.now(UTC)).pending_key
    site = Site(
        store,
        {
            "PATH": os.environ["PATH"],
            "AIRFLOW__WEBWORK__EVENT_STORE_URL": url,
            "AIRFLOW__WEBWORK__SECRET_KEY": secret_key,
        },
        key,
    )
    yield site
    for process in site.processes:
        if process.popen.poll() is None:
            process.kill()
        process.popen.stderr.close()
    store.close()
