"""What is measured: programs that take deliveries, each started anew on a core of its own with nothing stored yet."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psutil
import requests
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.settings import to_json
from airflow_provider_webwork.secrets import Vault
from benchmarks.load import SECRET, SERVER_CORE, SIGNATURE, Target
from demo.processes import free_ports

ROOT = Path(__file__).parents[1]
SECONDS_TO_START = 120.0


class UnavailableError(Exception):
    """Something cannot be measured on this machine; the text says why."""


class Subject(Protocol):
    """A program that takes deliveries."""

    @property
    def connections(self) -> int:
        """How many connections it is given."""
        ...

    def start(self, folder: Path) -> Started:
        """Start it with an empty folder of its own."""
        ...


@dataclass(frozen=True, slots=True)
class Started:
    """A program that runs.

    :param stored: tells how many deliveries it has stored; ``None`` if it stores none.
    """

    process: subprocess.Popen[bytes]
    target: Target
    stored: Callable[[], int] | None = None

    def worked(self) -> float:
        """Return how many seconds of a core it has used so far, with the processes that it started."""
        process = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        return sum(each.user + each.system for each in times)


@contextmanager
def running(subject: Subject, folder: Path) -> Iterator[Started]:
    """Run a program for as long as the ``with`` block lasts."""
    started = subject.start(folder)
    try:
        yield started
    finally:
        started.process.terminate()
        try:
            started.process.wait(15)
        except subprocess.TimeoutExpired:
            started.process.kill()
            started.process.wait()


@dataclass(frozen=True, slots=True)
class Ours:
    """The receiver, or the same without its store."""

    module: str = "airflow_provider_webwork.receiver"
    arguments: tuple[str, ...] = ()
    connections: int = 64

    def start(self, folder: Path) -> Started:
        """Start it on a log with one endpoint, which requires an HMAC."""
        [port] = free_ports(1)
        file, secret_key = folder / "events.db", Fernet.generate_key().decode()
        key = _endpoint(f"sqlite:///{file}", secret_key)
        environment = {
            "AIRFLOW__WEBWORK__EVENT_STORE_URL": f"sqlite:///{file}",
            "AIRFLOW__WEBWORK__SECRET_KEY": secret_key,
        }
        command = [sys.executable, "-m", self.module, *self.arguments, "--port", str(port)]
        process = start(command, folder, environment, ready=f"http://127.0.0.1:{port}/health/ready")
        stores = self.module == "airflow_provider_webwork.receiver"
        return Started(
            process,
            Target(port=port, path=f"/hooks/{key}"),
            rows(file, "event WHERE proof = 'hmac'") if stores else None,
        )


@dataclass(frozen=True, slots=True)
class Handler:
    """The FastAPI handler."""

    connections: int = 64

    def start(self, folder: Path) -> Started:
        """Start it on uvicorn, with the same parser and event loop as ours."""
        [port] = free_ports(1)
        file = folder / "handler.db"
        uvicorn = [sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        process = start(
            [*uvicorn, "benchmarks.fastapi_handler:app", "--port", str(port)],
            folder,
            {"HANDLER_DATABASE": f"sqlite:///{file}"},
            ready=f"http://127.0.0.1:{port}/docs",
        )
        return Started(process, Target(port=port, path="/hooks"), rows(file, "delivery"))


@dataclass(frozen=True, slots=True)
class Hookspool:
    """The package ``hookspool``, in a virtual environment of its own.

    :param python: the interpreter of that environment.
    """

    python: Path
    connections: int = 64

    def start(self, folder: Path) -> Started:
        """Start its intake with one source that requires an HMAC and tells repeated deliveries by their id."""
        [port] = free_ports(1)
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        (folder / "config.toml").write_text(f"""
            [intake]
            listen = "127.0.0.1:{port}"
            [limits]
            min_free_bytes = 1048576
            [destinations.nowhere]
            type = "http"
            url = "http://127.0.0.1:9/"
            allow_insecure = true
            [bobbins.webwork]
            bobbin = "hookspool.webhook"
            secrets.secret = {{ file = "{secret}" }}
            outputs = {{ "*" = "nowhere" }}
            [bobbins.webwork.settings]
            scheme = "hmac-sha256-hex"
            header = "{SIGNATURE}"
            prefix = "sha256="
            key = ["workspace_id"]
            dedup = "event_id"
        """)
        program = [str(self.python.with_name("hookspool")), "--home", str(folder)]
        subprocess.run([*program, "migrate"], check=True, capture_output=True)
        process = start([*program, "intake"], folder, {}, ready=f"http://127.0.0.1:{port}/healthz")
        return Started(process, Target(port=port, path="/hooks/webwork"), rows(folder / "spool.db", "events"))


def start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, ready: str
) -> subprocess.Popen[bytes]:
    """Start a program on the core of the servers, and wait until it answers.

    :param environment: variables besides our own.
    :param ready: the address that it answers with 2xx then.
    """
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    end = time.monotonic() + SECONDS_TO_START
    with requests.Session() as session:
        session.trust_env = False
        while not _answers(session, ready):
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                process.wait()
                last = output.read_text(errors="replace").strip().splitlines()[-1:]
                raise UnavailableError(f"it did not start: {' '.join(last)}")
            time.sleep(0.1)
    return process


def rows(file: Path, table: str) -> Callable[[], int]:
    """Return what counts the rows of a table in an SQLite file.

    :param table: the table, and which of its rows.
    """

    def count() -> int:
        with closing(sqlite3.connect(file, timeout=30)) as database:
            [number] = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            return int(number)

    return count


def _answers(session: requests.Session, address: str) -> bool:
    try:
        return session.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def _endpoint(log_url: str, secret_key: str) -> str:
    """Make an endpoint that requires an HMAC, and return its key."""
    vault = Vault([secret_key])
    with closing(Store(log_url)) as store:
        key = Endpoints(store, vault).open("payroll", now=_now()).pending_key
        access = Access(store, vault, now=_now, actor="benchmark")
        access.add_secret("payroll", SECRET)
        access.require("payroll", to_json(Hmac(header=SIGNATURE.lower(), prefix="sha256=")))
    if key is None:
        raise RuntimeError("A new endpoint has no key.")
    return key


def _now() -> datetime:
    return datetime.now(UTC)
