"""A simulator, a client of its API, and a tiny receiver that remembers what WebWork would have sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from airflow_provider_webwork.simulator import DeliveryPolicy, Simulator

NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)
"""A Thursday afternoon, at which the clock of these simulators stands still unless a test brings its own."""

BOTH = ["tracker.started", "tracker.stopped"]


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class Arrived:
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with the statuses of ``answers`` in turn, and with 200 when there are none left.

    ``meanwhile`` happens before each answer.
    """

    url: str
    answers: list[int] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None


@dataclass
class Client:
    """The API of one simulator, with its token and workspace filled in."""

    simulator: Simulator
    session: requests.Session

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        arguments.setdefault("headers", {"Authorization": f"Bearer {self.simulator.token}"})
        return self.session.request(method, f"{self.simulator.base_url_v2}{path}", timeout=60, **arguments)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params={"workspace_id": 1, **query})

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def send(self, method: str, path: str, **body: Any) -> requests.Response:
        return self.call(method, path, json={"workspace_id": 1, **body})

    def register(self, url: str, events: list[str] | None = None) -> dict[str, Any]:
        answer = self.send("POST", "/webhooks", url=url, events=events or BOTH)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@contextmanager
def simulators() -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def start(**options: Any) -> Client:
            options.setdefault("policy", DeliveryPolicy(backoff=0.01, timeout=60))
            options.setdefault("now", lambda: NOW)
            simulator = stack.enter_context(Simulator(**options))
            return Client(simulator, stack.enter_context(requests.Session()))

        yield start


@pytest.fixture
def running() -> Iterator[Callable[..., Client]]:
    """Start simulators with any options; they stop at the end of the test."""
    with simulators() as start:
        yield start


@pytest.fixture(scope="module")
def running_for_module() -> Iterator[Callable[..., Client]]:
    """Start simulators that the tests of a module share; each resets what it takes."""
    with simulators() as start:
        yield start


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(running: Callable[..., Client]) -> Client:
    return running()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.arrived.append(Arrived({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.meanwhile()
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks/k")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
