"""A WebWork on loopback that answers what a test tells it to, and a clock that only sleeping moves."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from airflow_provider_webwork.budget import Rate

UNPACED = Rate(requests=1_000_000)
"""For clients that are to wait for nothing."""


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return parse_qs(self.body.decode())


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False  # close the connection instead of answering
    missing: int = 0  # announce so many bytes more than are sent


class FakeWebWork:
    """Answers requests in the order of the replies it was given, and the last one for ever."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self._replies: deque[Reply] = deque()
        self._routes = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each body would wait 40 ms for its headers to be acknowledged

            def do_GET(self) -> None:
                fake._handle(self)

            def do_POST(self) -> None:
                fake._handle(self)

            def do_PUT(self) -> None:
                fake._handle(self)

            def do_DELETE(self) -> None:
                fake._handle(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "http"
        if tls:
            self._scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def replies(self, *replies: Reply) -> None:
        self._replies.extend(replies)

    def says(self, *documents, status: int = 200) -> None:
        self.replies(*(as_json(document, status=status) for document in documents))

    def route(self, method: str, path: str, answer) -> None:
        """Answer a path with a function of the request."""
        self._routes[method, path] = answer

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next_reply(self, received: Received) -> Reply:
        return self._replies.popleft() if len(self._replies) > 1 else self._replies[0]

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        received = Received(handler.command, url.path, parse_qs(url.query), dict(handler.headers), body)
        self.received.append(received)
        route = self._routes.get((received.method, received.path), self._next_reply)
        reply = route(received)
        if reply.hang_up:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        headers = {"Content-Type": "application/json"} | reply.headers
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body) + reply.missing))
        handler.end_headers()
        handler.wfile.write(reply.body)
        handler.close_connection = handler.close_connection or bool(reply.missing)


def as_json(document, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode(), headers=headers or {})


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self.start = dt.datetime(2026, 11, 22, 4, 50, tzinfo=dt.UTC)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)

    def monotonic(self) -> float:
        return sum(self.sleeps)

    def now(self) -> dt.datetime:
        return self.start + dt.timedelta(seconds=sum(self.sleeps))
