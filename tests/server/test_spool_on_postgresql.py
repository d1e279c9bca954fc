"""Receivers with a spool while PostgreSQL is away: killed, started without it, and nothing lost or doubled."""

import asyncio
import itertools
import json
import logging
import socket
import time
from collections import Counter
from contextlib import closing, suppress
from itertools import pairwise

import psutil
import pytest
import requests

from tests.server.conftest import site_at

figures = logging.getLogger(__name__)

CLIENTS = 8
PATIENCE = 60


@pytest.fixture
def site(server, tmp_path):
    with site_at(server.emptied_log()) as site:
        site.environment["AIRFLOW__WEBWORK__SPOOL_PATH"] = str(tmp_path / "spool.db")
        yield site


def deliver(site, process, event_id):
    body = {"event": "tracker.started", "event_id": event_id, "data": {"user_id": 7}}
    return requests.post(f"http://127.0.0.1:{process.port}/hooks/{site.key}", json=body, timeout=30)


def ready(process):
    return requests.get(f"http://127.0.0.1:{process.port}/health/ready", timeout=30)


def in_spool(process):
    return ready(process).json()["spool"]["waiting"]


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Senders:
    """Tell events all the time, each client one after another and each event until it is answered with 2xx."""

    def __init__(self, site):
        self._site = site
        self._tasks = []
        self._ends = asyncio.Event()
        self.process = None
        self.acknowledged = Counter()
        self.told = set()

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._send(f"client{number}")) for number in range(CLIENTS)]
        return self

    async def __aexit__(self, *_):
        self._ends.set()
        await asyncio.gather(*self._tasks)

    async def many(self, more=200, *, status=None):
        """Wait until more were acknowledged, in a way if that is given."""

        def count():
            return self.acknowledged[status] if status else self.acknowledged.total()

        goal = count() + more
        await asyncio.to_thread(wait_until, lambda: count() >= goal)

    async def _send(self, name):
        events = (f"{name}/{number}" for number in itertools.count())
        event_id = next(events)
        while not self._ends.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.process.port)
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
                while not self._ends.is_set():
                    self.told.add(event_id)
                    if await self._post(reader, writer, event_id):
                        event_id = next(events)

    async def _post(self, reader, writer, event_id):
        body = json.dumps({"event": "tracker.started", "event_id": event_id, "data": {"user_id": 7}}).encode()
        head = f"POST /hooks/{self._site.key} HTTP/1.1\r\nHost: receiver\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        said = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(said.partition("content-length:")[2].split()[0]))
        status = int(said.split()[1])
        assert status in {200, 202, 503}
        if status == 503:
            await asyncio.sleep(0.05)
            return False
        self.acknowledged[status] += 1
        return True


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=[pytest.mark.heavy, pytest.mark.timeout(600)])])
async def test_every_2xx_is_in_the_log_once_however_long_it_was_away_and_however_often_the_receiver_was_killed(
    site, server, seconds
):
    def kill_and_start():
        senders.process.kill()
        senders.process = site.run()

    senders = Senders(site)
    senders.process = await asyncio.to_thread(site.run)
    async with senders:
        await senders.many()
        server.kill()
        try:
            for _ in range(3):
                await senders.many()
                await asyncio.sleep(seconds / 3)
                await asyncio.to_thread(kill_and_start)
        finally:
            server.start()  # in this thread: the server ends with the thread that started it
        spooled = await asyncio.to_thread(in_spool, senders.process)
        await asyncio.to_thread(wait_until, lambda: in_spool(senders.process) < spooled)
        await asyncio.to_thread(kill_and_start)  # in the middle of moving, or about there
        await senders.many(100, status=200)  # under all that load it finds back to the log
    await asyncio.to_thread(wait_until, lambda: in_spool(senders.process) == 0)

    in_log = [event.payload["event_id"] for event in site.events()]
    figures.info("%s, %s told, %s stored", senders.acknowledged, len(senders.told), len(in_log))
    assert [event for event, times in Counter(in_log).items() if times > 1] == []
    assert set(in_log) <= senders.told
    assert senders.acknowledged[202] > 100
    for name in {event.partition("/")[0] for event in senders.told}:
        numbers = [int(event.partition("/")[2]) for event in in_log if event.partition("/")[0] == name]
        assert all(later == earlier + 1 for earlier, later in pairwise([-1, *numbers]))
        told = sum(event.partition("/")[0] == name for event in senders.told)
        assert len(numbers) >= told - 1, "an acknowledged event is missing"


def test_a_receiver_starts_without_the_log_and_knows_the_endpoints_that_it_remembers(site, server):
    first = site.run()
    assert deliver(site, first, "before").status_code == 200
    first.terminate()
    assert first.wait() == 0
    server.kill()
    try:
        process = site.run()
        assert deliver(site, process, "during").status_code == 202
        unknown = requests.post(f"http://127.0.0.1:{process.port}/hooks/unknown", json={}, timeout=30)
        assert (unknown.status_code, "Retry-After" in unknown.headers) == (503, True)
        answer = ready(process)
        assert (answer.status_code, answer.json()["event_log"], answer.json()["spool"]["waiting"]) == (200, "away", 1)
        assert answer.json()["problems"] == ["The event log cannot be read or written. Deliveries are spooled."]
        process.terminate()
        assert process.wait() == 0
        assert "deliveries are spooled; endpoints that are remembered: 1." in process.output
    finally:
        server.start()
    last = site.run()
    assert "spool.db; deliveries in it: 1\n" in last.output
    wait_until(lambda: in_spool(last) == 0)
    assert [event.payload["event_id"] for event in site.events()] == ["before", "during"]
    assert ready(last).json()["problems"] == []


def test_a_receiver_that_never_saw_the_log_keeps_nothing_and_says_so(site, server):
    server.kill()
    try:
        process = site.run()
        assert deliver(site, process, "e1").status_code == 503
        answer = ready(process)
        assert answer.status_code == 503
        assert "No endpoint is known" in answer.json()["problems"][0]
    finally:
        server.start()


def test_a_server_that_hangs_is_as_good_as_away(site, server):
    process = site.run()
    assert deliver(site, process, "before").status_code == 200
    everything = [psutil.Process(server._process.pid), *psutil.Process(server._process.pid).children(recursive=True)]
    for each in everything:
        each.suspend()
    try:
        began = time.monotonic()
        assert deliver(site, process, "during").status_code == 202
        assert deliver(site, process, "then").status_code == 202
        assert time.monotonic() - began < 6
    finally:
        for each in everything:
            each.resume()
    wait_until(lambda: in_spool(process) == 0)
    assert [event.payload["event_id"] for event in site.events()] == ["before", "during", "then"]


def test_no_secret_is_in_the_spools_files(site, server, tmp_path):
    process = site.run()
    server.kill()
    try:
        body = f'{{"event": "tracker.started", "token": "canary-of-a-token", "url": "https://x/hooks/{site.key}"}}'
        url = f"http://127.0.0.1:{process.port}/hooks/{site.key}"
        assert requests.post(url, data=body, timeout=30).status_code == 202
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("spool.db*"))
        assert b"tracker.started" in kept
        assert b"canary" not in kept
        assert site.key.encode() not in kept
    finally:
        server.start()


def test_a_second_receiver_with_the_same_spool_does_not_start(site, tmp_path):
    site.run()
    second = site.start()
    assert second.wait() == 2
    assert f"another process uses {tmp_path / 'spool.db'}" in second.output
    assert "Traceback" not in second.output


def test_a_delivery_in_flight_is_spooled_and_answered_when_the_receiver_is_told_to_stop(site, server):
    process = site.run()
    body = b'{"event": "tracker.started", "event_id": "e1"}'
    head = f"POST /hooks/{site.key} HTTP/1.1\r\nHost: receiver\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    server.kill()
    try:
        with closing(socket.create_connection(("127.0.0.1", process.port), timeout=30)) as connection:
            connection.sendall(head + body[:5])
            assert ready(process).status_code == 200  # by now the receiver has seen it
            process.terminate()
            wait_until(lambda: "Shutting down" in process.output)
            connection.sendall(body[5:])
            assert b" 202 " in connection.recv(1000)
        assert process.wait() == 0
    finally:
        server.start()
    last = site.run()
    wait_until(lambda: in_spool(last) == 0)
    assert [event.payload["event_id"] for event in site.events()] == ["e1"]


def test_a_full_spool_is_answered_with_503_and_is_not_ready_until_the_log_is_back(site, server):
    process = site.run(spool_max_bytes=1_048_576)
    url = f"http://127.0.0.1:{process.port}/hooks/{site.key}"
    server.kill()
    try:
        told = [requests.post(url, json={"event": "x", "id": n, "note": "x" * 100_000}, timeout=30) for n in range(15)]
        assert ready(process).status_code == 503
    finally:
        server.start()
    statuses = [answer.status_code for answer in told]
    kept = statuses.count(202)
    assert 3 < kept < 15
    assert statuses == [202] * kept + [503] * (15 - kept)
    assert all("Retry-After" in answer.headers for answer in told[kept:])
    wait_until(lambda: in_spool(process) == 0)
    assert [event.payload["id"] for event in site.events()] == list(range(kept))
    wait_until(lambda: ready(process).status_code == 200)
