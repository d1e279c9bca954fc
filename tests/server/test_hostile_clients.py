"""Clients that hold on to what they can get, and what good senders notice of them."""

import asyncio
import http.client
import itertools
import json
import socket
import statistics
import subprocess
import sys
import time
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
import uvicorn

from airflow_provider_webwork.receiver import server
from airflow_provider_webwork.receiver.protocol import protocol_class

SLOW_CLIENTS = Path(__file__).with_name("slow_clients.py")


def connect(process):
    return closing(socket.create_connection(("127.0.0.1", process.port), timeout=30))


def head(site, *lines):
    return "\r\n".join([f"POST /hooks/{site.key} HTTP/1.1", "Host: receiver", *lines, "", ""]).encode()


def delivery(site, event_id):
    body = json.dumps({"event": "tracker.started", "event_id": event_id, "data": {"user_id": 7}}).encode()
    return head(site, f"Content-Length: {len(body)}") + body


def heard(connection):
    """Return all that comes until the other side closes the connection."""
    said = b""
    try:
        while part := connection.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said


def answered(connection):
    said = b""
    while not said.endswith(b"}"):
        part = connection.recv(65536)
        assert part, said
        said += part
    return said


def besiege(site, *, headers, bodies, **options):
    """Let slow clients at a receiver; return what became of them, and how long good deliveries took meanwhile."""
    process = site.run(**options)
    at_rest = process.most_memory()
    command = [sys.executable, SLOW_CLIENTS, str(process.port), site.key, str(headers), str(bodies)]
    took = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as slow:
        opened = json.loads(slow.stdout.readline())["open"]
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
        for number in itertools.count():
            body = json.dumps({"event": "tracker.started", "event_id": f"good-{number}"})
            began = time.perf_counter()
            connection.request("POST", f"/hooks/{site.key}", body)
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - began)
            assert answer.status == 200
            if slow.poll() is not None:
                break
        connection.close()
        [outcome] = map(json.loads, slow.stdout)
    outcome |= {"open": opened, "good": len(took), "at_rest": at_rest, "memory": process.most_memory()}
    outcome["p99"] = statistics.quantiles(took, n=100)[98]
    return outcome


def test_slow_senders_are_closed_and_keep_no_good_delivery_from_being_stored(site):
    outcome = besiege(site, headers=100, bodies=100, receiver_header_timeout=2, receiver_body_timeout=2)
    assert outcome["open"] > 0, "the slow clients were not there at the same time, so this shows nothing"
    assert outcome["never_closed"] == 0
    assert outcome["told_to_hurry"] == 100
    assert len(site.events()) == outcome["good"]


@pytest.mark.heavy
def test_4000_slow_senders_are_closed_within_30_seconds_and_good_deliveries_are_as_quick_as_ever(site, capsys):
    outcome = besiege(site, headers=2_000, bodies=2_000)
    with capsys.disabled():
        sys.stdout.write(f"\n{outcome}\n")
    assert outcome["open"] == 4_000
    assert outcome["never_closed"] == 0
    assert outcome["told_to_hurry"] == 2_000
    assert len(site.events()) == outcome["good"]
    assert max(outcome["headers"], outcome["bodies"]) <= 30
    assert outcome["p99"] <= 0.1
    assert outcome["memory"] < 200


def test_a_new_connection_takes_the_place_of_the_one_that_has_kept_the_receiver_waiting_for_longest(site):
    process = site.run(receiver_connections=2)
    with connect(process) as first, connect(process) as second:
        second.sendall(delivery(site, "e1"))
        assert b" 200 " in answered(second)  # by now the receiver has seen both
        with connect(process) as third:
            assert heard(first) == b""
            third.sendall(delivery(site, "e2"))
            assert b" 200 " in answered(third)
            second.sendall(delivery(site, "e3"))
            assert b" 200 " in answered(second)


def test_when_every_connection_is_being_answered_one_more_is_told_to_try_again(site):
    process = site.run(receiver_connections=2)
    body = delivery(site, "e1")
    with connect(process) as first, connect(process) as second:
        for connection in (first, second):
            connection.sendall(head(site, "Content-Length: 2", "Expect: 100-continue"))
            assert b"100 Continue" in connection.recv(1000)
        with connect(process) as third:
            third.sendall(body)
            said = heard(third)
        first.sendall(b"{}")
        assert b" 202 " in answered(first)
    assert b" 503 " in said
    assert b"\r\nretry-after: " in said.lower()
    with connect(process) as later:
        later.sendall(body)
        assert b" 200 " in answered(later)


async def test_who_does_not_read_our_answers_is_cut_off(monkeypatch):
    # Thousands of our answers are needed to fill all buffers, or a single long one.
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"50000000")]})
        await send({"type": "http.response.body", "body": b"x" * 50_000_000})

    listener = server._listen("127.0.0.1", 0)
    protocol = protocol_class(connections=10, header_seconds=60)
    running = uvicorn.Server(uvicorn.Config(application, http=protocol, lifespan="off", log_config=None))
    monkeypatch.setattr(running, "capture_signals", nullcontext)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: receiver\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")  # what was not read by now does not come any more
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(50_000_000)
    writer.close()
    running.should_exit = True
    await task


def test_requests_that_come_all_at_once_do_not_fill_the_memory(site):
    process = site.run()
    before = process.most_memory()
    with connect(process) as eager:
        eager.sendall(head(site, "Content-Length: 2", "Expect: 100-continue"))
        assert b"100 Continue" in eager.recv(1000)
        with pytest.raises(ConnectionError):
            eager.sendall(b"{}" + b"GET / HTTP/1.1\r\n\r\n" * 5_000_000)
    with connect(process) as other:
        other.sendall(delivery(site, "e1"))
        assert b" 200 " in answered(other)
    assert process.most_memory() < before + 30


def test_bodies_that_are_being_read_take_up_no_more_memory_than_they_may(site):
    process = site.run(receiver_queue_bytes=1_000_000, receiver_max_body=1_000_000, receiver_body_timeout=30)
    most = "Content-Length: 1000000"
    with connect(process) as first, connect(process) as second:
        first.sendall(head(site, most) + b"x" * 600_000)
        wait_until_it_is_read(process, first)
        second.sendall(head(site, most) + b"x" * 600_000)
        said = answered(second)
        first.sendall(b"x" * 400_000)
        assert b" 202 " in answered(first)
    assert b" 503 " in said
    assert b"\r\nretry-after: " in said.lower()
    with connect(process) as third:
        third.sendall(head(site, most) + b"x" * 1_000_000)
        assert b" 202 " in answered(third)


async def test_where_few_files_may_be_open_there_are_fewer_connections_and_a_flood_of_them_does_no_harm(site):
    process = site.run(files=150)
    flood = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", process.port) for _ in range(300)))
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    writer.write(delivery(site, "e1"))
    assert b" 200 " in await reader.readuntil(b"\r\n")
    for _, other in [*flood, (reader, writer)]:
        other.close()
    assert len(site.events()) == 1
    process.terminate()
    process.wait()
    assert "keeps 50 connections at once and not 5000" in process.output


def wait_until_it_is_read(process, connection):
    """Wait until nothing that was sent over a connection is in a buffer of the system any more."""
    local = connection.getsockname()[1]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = [
            line[4] for line in lines if {int(end.partition(":")[2], 16) for end in line[1:3]} == {local, process.port}
        ]
        if ours and all(queues == "00000000:00000000" for queues in ours):
            return
        time.sleep(0.01)
    raise AssertionError("The receiver did not read what was sent.")
