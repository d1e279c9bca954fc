"""The receiver as a process of its own, over real sockets."""

import asyncio
import json
import socket
import sqlite3
import sys
import time
from contextlib import closing, nullcontext

import pytest
import requests
import uvicorn

from airflow_provider_webwork.receiver import server
from airflow_provider_webwork.receiver.protocol import protocol_class

STARTED = {"event": "tracker.started", "event_id": "e1", "data": {"user_id": 7}}


def url(site, process):
    return f"http://127.0.0.1:{process.port}/hooks/{site.key}"


def connect(process):
    connection = socket.create_connection(("127.0.0.1", process.port), timeout=10)
    return closing(connection)


def answer_of(connection):
    """Return all that the receiver says until it closes the connection or the answer is complete."""
    said = b""
    while not (b"\r\n\r\n" in said and said.endswith(b"}")):
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        said += part
    return said


def head(site, *lines):
    request = [f"POST /hooks/{site.key} HTTP/1.1", "Host: receiver", "Content-Type: application/json", *lines]
    return "\r\n".join(request).encode() + b"\r\n\r\n"


def test_it_stores_deliveries_without_airflow_and_stops_cleanly(site):
    process = site.run()
    got = requests.post(url(site, process), json=STARTED, timeout=10)
    assert got.status_code == 200
    assert [event.id for event in site.events()] == [got.json()["event_id"]]
    process.terminate()
    assert process.wait() == 0
    assert "The event log is /" in process.output


def test_a_restarted_receiver_knows_what_was_stored(site):
    first = site.run()
    stored = requests.post(url(site, first), json=STARTED, timeout=10).json()
    first.kill()
    second = site.run()
    assert requests.post(url(site, second), json=STARTED, timeout=10).json() == {**stored, "repeated": True}
    assert len(site.events()) == 1


def test_two_receivers_share_one_log(site):
    first, second = site.start(), site.start()
    for process in (first, second):
        process.wait_until_it_listens()
    answers = [requests.post(url(site, process), json=STARTED, timeout=10).json() for process in (first, second)]
    assert answers[1] == {**answers[0], "repeated": True}


def test_sigterm_answers_what_has_begun_before_the_process_ends(site, tmp_path):
    process = site.run()
    body = json.dumps(STARTED).encode()
    with connect(process) as connection, connect(process) as idle:
        connection.sendall(head(site, f"Content-Length: {len(body)}") + body[:5])
        idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: receiver\r\n\r\n")
        assert b"200 OK" in answer_of(idle)  # by now the receiver has seen both
        process.terminate()
        assert idle.recv(100) == b""  # it is on its way out
        connection.sendall(body[5:])
        said = answer_of(connection)
    assert b"200 OK" in said
    assert process.wait() == 0
    assert len(site.events()) == 1


def test_a_body_in_chunks_over_the_limit_is_refused(site):
    process = site.run(receiver_max_body=1000)
    with connect(process) as connection:
        connection.sendall(head(site, "Transfer-Encoding: chunked") + b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        connection.sendall(b"1\r\nx\r\n")
        assert b" 413 " in answer_of(connection)
    assert site.events() == []


def test_a_large_upload_is_refused_and_told_so(site):
    process = site.run()
    got = requests.post(url(site, process), data=b"x" * 5_000_000, timeout=10)
    assert got.status_code == 413


def test_a_sender_that_waits_to_be_asked_for_the_body_is_asked(site):
    process = site.run()
    body = json.dumps(STARTED).encode()
    with connect(process) as connection:
        connection.sendall(head(site, f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert b"100 Continue" in connection.recv(1000)
        connection.sendall(body)
        assert b"200 OK" in answer_of(connection)


def test_a_slow_body_is_answered_with_408_and_keeps_nobody_else_waiting(site):
    process = site.run(receiver_body_timeout=0.5)
    with connect(process) as slow:
        slow.sendall(head(site, "Content-Length: 100") + b"{")
        assert requests.post(url(site, process), json=STARTED, timeout=10).status_code == 200
        said = answer_of(slow)
        assert b" 408 " in said
        assert slow.recv(100) == b""
    assert len(site.events()) == 1


def test_no_log_holds_a_key_whatever_is_asked(site):
    process = site.run("--access-log")
    good = url(site, process)
    base = good.partition("/hooks/")[0]
    typo = f"{base}/webwork/hooks/{site.key}"
    for method, address in [
        ("POST", good), ("GET", good), ("HEAD", good), ("PUT", good), ("POST", typo), ("POST", f"{good}/x"),
        ("POST", f"{good}?again={site.key}"), ("GET", f"{base}/hooks/canary-of-a-wrong-key"),
        ("POST", f"{base}//{site.key}"), ("POST", f"{base}/hooks%252F{site.key}"),
        ("GET", f"{base}/health/live?key={site.key}"), ("GET", f"{base}/hooks?key={site.key}"),
    ]:  # fmt: skip
        requests.request(method, address, data=f"broken {site.key}", timeout=10)
    with connect(process) as hangs_up:
        hangs_up.sendall(head(site, "Content-Length: 100") + b"{")
    with connect(process) as upgrades:
        upgrades.sendall(head(site, "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0"))
        answer_of(upgrades)
    with connect(process) as garbage:
        garbage.sendall(f"POST /hooks/{site.key}\x01 HTTP/9\r\n\r\n".encode())
        answer_of(garbage)
    process.terminate()
    assert process.wait() == 0
    assert "/health/live" in process.output, "the access log is off, so this test shows nothing"
    assert "canary" not in process.output
    assert site.key not in process.output
    dump = site.store.name
    with closing(sqlite3.connect(dump)) as database:
        assert site.key not in "".join(database.iterdump())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"event_store_url": ""}, "Set AIRFLOW__WEBWORK__EVENT_STORE_URL"),
        ({"event_store_url": "nonsense"}, "event_store_url"),
        ({"receiver_port": "many"}, "receiver_port"),
        ({"receiver_host": "256.0.0.1", "receiver_port": 0}, "cannot listen on 256.0.0.1"),
    ],
)
def test_a_configuration_that_cannot_work_is_said_in_one_sentence(site, options, sentence):
    process = site.start(**options)
    assert process.wait() == 2
    assert sentence in process.output
    assert "Traceback" not in process.output


def test_a_log_with_secrets_of_another_key_is_refused_at_the_start(site):
    process = site.start(secret_key="A" * 43 + "=")
    assert process.wait() == 2
    assert "secret_key" in process.output
    assert "Traceback" not in process.output


def test_a_port_that_is_taken_is_said_in_one_sentence(site):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        process = site.start("--port", str(port))
        assert process.wait() == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in process.output
    assert "Traceback" not in process.output


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        (b"POST /hooks/", b"a"),
        (b"POST /hooks/x HTTP/1.1\r\nHost: a\r\nX: ", b"a"),
        (b"POST /hooks/x HTTP/1.1\r\nHost: a\r\n", b"X: a\r\n"),
        (b"POST /hooks/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n"),
    ],
    ids=["path", "one header", "many headers", "trailers"],
)
def test_headers_without_end_are_cut_off(site, beginning, more):
    process = site.run()
    with connect(process) as endless:
        endless.sendall(beginning)
        with pytest.raises(ConnectionError):
            endless.sendall(more * (32_000_000 // len(more)))  # what is sent and not taken fits into far less
    assert requests.post(url(site, process), json=STARTED, timeout=10).status_code == 200


def test_long_headers_and_a_long_body_are_taken(site):
    process = site.run()
    large = {**STARTED, "data": {"note": "x" * 1_000_000}}
    with requests.Session() as session:
        for number in range(3):
            body = {**large, "event_id": f"e{number}"}
            got = session.post(url(site, process), json=body, headers={"X-Trace": "t" * 30_000}, timeout=10)
            assert got.status_code == 200
    assert len(site.events()) == 3


@pytest.mark.parametrize("installed", ["httptools", "h11"])
async def test_half_a_request_does_not_keep_a_connection_open(installed, monkeypatch):
    if installed == "h11":
        monkeypatch.setitem(sys.modules, "uvicorn.protocols.http.httptools_impl", None)

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    listener = server._listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        application,
        http=protocol_class(connections=100, header_seconds=0.3),
        lifespan="off",
        log_config=None,
        timeout_keep_alive=60,
    )
    running = uvicorn.Server(config)
    monkeypatch.setattr(running, "capture_signals", nullcontext)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    request = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    senders = [[b""], [request[:20]], [request, request[:20]], [request, b"\r\n"], [request.replace(b": 0", b": 9")]]
    began = time.monotonic()
    said = await asyncio.gather(*(_send(port, parts) for parts in senders))
    took = time.monotonic() - began
    running.should_exit = True
    await task
    assert [part.count(b"200 OK") for part in said] == [0, 0, 1, 1, 1]
    assert took < 5
    bases = {base.__name__ for base in protocol_class(connections=1, header_seconds=1).__mro__}
    assert bases & {"HttpToolsProtocol", "H11Protocol"} == {
        {"httptools": "HttpToolsProtocol", "h11": "H11Protocol"}[installed]
    }


async def _send(port, parts):
    """Send something and return what comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    said = await reader.read()
    writer.close()
    return said


@pytest.mark.heavy
def test_the_process_closes_a_connection_that_sends_half_a_request(site):
    process = site.run()
    with connect(process) as connection:
        connection.settimeout(30)
        connection.sendall(f"POST /hooks/{site.key} HTTP/1.1\r\nHost:".encode())
        assert connection.recv(100) == b""
