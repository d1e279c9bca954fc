"""Whatever comes over the wire, the process answers or hangs up, goes on, and forgets nothing that it acknowledged."""

import asyncio
import itertools
import json
import logging
import random
import re
from contextlib import suppress

import psutil
import pytest

figures = logging.getLogger(__name__)

AT_ONCE = 64
PATIENCE = 0.5
MOST_GROWTH = 30 * 2**20

PIECES = [
    b"\r\n", b"\n", b"\r", b" ", b"\0", b"\xff", b":", b"\t", b"HTTP/1.0", b"HTTP/9.9", b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Expect: 100-continue\r\n",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n", b"Upgrade: h2c\r\n", b"X-Event: \xff\r\n", b" folded\r\n",
    b"0\r\n\r\n", b"5\r\n{\"a\":\r\n", b"ffffffffffffffff\r\n",
    b"A" * 5_000, b"GET /health/live HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
]  # fmt: skip


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("requests", [2_000, pytest.param(40_000, marks=pytest.mark.heavy)])
async def test_no_bytes_make_the_process_fail_forget_or_grow(site, requests):
    process = await asyncio.to_thread(site.run)
    receiver, dice, room = psutil.Process(process.popen.pid), random.Random(20261122), asyncio.Semaphore(AT_ONCE)

    async def ask(request):
        async with room:
            return await exchange(process.port, request)

    said = await asyncio.gather(*(ask(make(dice, site.key, number)) for number in range(requests // 4)))
    warm = receiver.memory_info().rss
    said += await asyncio.gather(*(ask(make(dice, site.key, number)) for number in range(requests // 4, requests)))
    grown = receiver.memory_info().rss - warm
    process.terminate()
    assert await asyncio.to_thread(process.wait) == 0

    statuses = [int(status) for each in said for status in re.findall(rb"^HTTP/1\.1 (\d{3})", each, re.MULTILINE)]
    told = [id_.decode() for each in said for id_ in re.findall(rb'"event_id": "(\w+)"}', each)]
    stored = [event.id for event in site.events()]
    figures.info("%d requests, %d answers, %d events, grown by %d bytes", requests, len(statuses), len(stored), grown)
    assert not re.search(r"Traceback|ERROR|Exception", process.output)
    assert [status for status in statuses if status >= 500] == []
    assert grown < MOST_GROWTH
    assert set(told) <= set(stored)
    assert len(set(told)) == len(told)
    good = [event for event in site.events() if event.problem is None and "event_id" in event.payload]
    assert len({(event.type, str(event.payload["event_id"])) for event in good}) == len(good)
    # Else the test would show nothing.
    assert {200, 202, 400, 404} <= set(statuses)
    assert len(told) > requests // 3


def make(dice, key, number):
    """Return the bytes of a request that was good before it was spoilt; its event is like no other."""
    body = json.dumps({"event": "tracker.started", "number": number, "event_id": f"event-{number}"}).encode()
    if dice.random() < 0.1:
        body = body[: dice.randint(0, len(body))]
    lines = [
        f"POST /hooks/{key if dice.random() < 0.9 else 'nobody'} HTTP/1.1",
        "Host: receiver",
        "Connection: close",
        f"Content-Type: {dice.choice(['application/json', 'application/x-www-form-urlencoded', 'text/plain'])}",
    ]
    if dice.random() < 0.4:
        lines.append("Transfer-Encoding: chunked")
        body = chunked(dice, body)
    else:
        lines.append(f"Content-Length: {max(0, len(body) + dice.choice([0] * 8 + [-1, 1]))}")
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    for _ in range(dice.choice([0, 0, 0, 1, 1, 4])):
        place = dice.randint(0, len(request))
        request = dice.choice([
            request[:place] + dice.choice(PIECES) + request[place:],
            request[:place] + bytes([dice.randrange(256)]) + request[place + 1 :],
            request[:place],
        ])  # fmt: skip
    return request


def chunked(dice, body):
    """Write a body in chunks."""
    places = [0, *sorted(dice.randint(0, len(body)) for _ in range(dice.randint(0, 5))), len(body)]
    chunks = [body[begin:end] for begin, end in itertools.pairwise(places) if end > begin]
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


async def exchange(port, request):
    """Send a request and return all that is said within a moment: half a request is waited for much longer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(PATIENCE):
            writer.write(request)
            while part := await reader.read(65536):
                said += part
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return said
