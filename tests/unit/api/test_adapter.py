"""Answers that come slowly: read as they come, and given up when they do not end."""

from __future__ import annotations

import gzip
import json
import socket
import threading

import pytest
import requests

from airflow_provider_webwork.api.adapter import LimitedAdapter
from airflow_provider_webwork.api.failures import explain
from airflow_provider_webwork.api.heads import SlowAnswerError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Trickle:
    """A server that sends what it is given, piece by piece, and waits for the next request only if told to."""

    def __init__(self, *pieces: bytes) -> None:
        self.may_go_on = threading.Event()
        self.connections = 0
        self._pieces = pieces
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while connection.recv(65_536):
                    first, *others = self._pieces
                    connection.sendall(first)
                    for piece in others:
                        self.may_go_on.wait(30)
                        connection.sendall(piece)

    def stop(self) -> None:
        self.may_go_on.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


@pytest.fixture
def serve():
    running = []

    def start(*pieces):
        running.append(Trickle(*pieces))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def get():
    """Ask over a session of which every look at the clock takes so many seconds."""
    sessions = []

    def ask(url, *, session=None, tick=0.0, read=5.0, **options):
        if session is None:
            ticks = iter(range(1_000_000))
            session = requests.Session()
            sessions.append(session)
            adapter = LimitedAdapter(timeout=(5.0, read), verify=True, monotonic=lambda: next(ticks) * tick)
            session.mount("http://", adapter)
        return session.get(url, **options)

    yield ask
    for session in sessions:
        session.close()


def test_an_answer_that_trickles_for_too_long_is_given_up_before_it_ends(serve, get):
    server = serve(HEAD + b"Content-Length: 100\r\n\r\n{", b" " * 98 + b"}")

    with pytest.raises(SlowAnswerError) as slow:
        get(server.url, tick=30.0)
    reason = explain(slow.value, timeout=(5.0, 5.0))
    assert reason.reason == "its answer did not end within 20 seconds"
    assert reason.may_have_arrived


@pytest.mark.parametrize("stream", [False, True], ids=["read at once", "streamed"])
def test_a_head_that_trickles_for_too_long_is_given_up_before_it_ends(stream, serve, get):
    server = serve(b"HTTP/1.1 200 OK\r\nServer: ", b"slow\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(requests.ReadTimeout) as slow:
        get(server.url, tick=30.0, stream=stream)
    reason = explain(slow.value, timeout=(5.0, 5.0))
    assert reason.reason == "its answer did not end within 20 seconds"
    assert reason.may_have_arrived


@pytest.mark.parametrize("timeout", [60, (5, 60), (5, None)], ids=str)
def test_a_caller_with_a_timeout_of_his_own_has_four_times_that(timeout, serve, get):
    server = serve(HEAD + b"Content-Length: 2\r\n\r\n{}")

    assert get(server.url, tick=30.0, timeout=timeout).json() == {}


def test_who_streams_an_answer_reads_it_as_slowly_as_he_likes(serve, get):
    server = serve(HEAD + b"Content-Length: 2\r\n\r\n{}")

    with get(server.url, tick=30.0, stream=True) as response:
        assert b"".join(response.iter_content(1)) == b"{}"


BODY = json.dumps({"data": [{"id": number} for number in range(2_000)]}).encode()
CHUNKED = (
    b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:9_000], BODY[9_000:])) + b"0\r\n\r\n"
)
PACKED = gzip.compress(BODY)


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED,
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    ],
    ids=["by length", "in chunks", "compressed"],
)
def test_a_body_is_whole_however_it_is_sent_and_its_connection_is_used_again(answer, serve, get):
    server = serve(answer[:150], answer[150:])
    server.may_go_on.set()
    session = requests.Session()
    session.mount("http://", LimitedAdapter(timeout=(5.0, 5.0), verify=True))

    assert [get(server.url, session=session).content for _ in range(3)] == [BODY] * 3
    assert server.connections == 1
    session.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone", requests.exceptions.ContentDecodingError),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", requests.exceptions.ChunkedEncodingError),
    ],
    ids=["no gzip", "no chunks"],
)
def test_a_body_that_cannot_be_read_raises_what_requests_raises(answer, error, serve, get):
    with pytest.raises(error):
        get(serve(answer).url)


def test_a_body_that_stops_coming_raises_what_requests_raises(serve, get):
    with pytest.raises(requests.ReadTimeout):
        get(serve(HEAD + b"Content-Length: 9\r\n\r\n{", b"}").url, read=0.05)
