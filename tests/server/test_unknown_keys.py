"""Keys that are not good cost next to nothing, keep no good delivery waiting, and tell nobody why they are not good."""

import asyncio
import json
import logging
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.secrets import hash_key
from tests.server.conftest import WITHOUT_AIRFLOW
from tests.server.test_receiver import answer_of, connect

figures = logging.getLogger(__name__)

# A receiver that says at its end how often it read the endpoints.
COUNTING = f"""
import atexit, sys
sys.modules['airflow'] = None
from airflow_provider_webwork.events.endpoints import Endpoints
read, times = Endpoints.list, []
def counted(self):
    times.append(0)
    return read(self)
Endpoints.list = counted
atexit.register(lambda: sys.stderr.write(f"read the endpoints {{len(times)}} times\\n"))
{WITHOUT_AIRFLOW}
"""


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
def test_unknown_expired_and_revoked_keys_get_the_same_bytes(site, method):
    keys = {name: site.endpoints.open(name, now=now()).pending_key for name in ("expired", "gone")} | {
        "unknown": "k" * 43
    }
    process = site.run()
    assert [status_of(said(process, method, key)) for key in keys.values()] == [
        b"200" if method != "POST" else b"202"
    ] * 2 + [b"404"]
    with site.store.write() as connection:
        table = schema.endpoint_key
        expired = table.update().where(table.c.key_hash == hash_key(keys["expired"]))
        connection.execute(expired.values(expires_at=now() - timedelta(seconds=1)))
    site.endpoints.delete("gone")
    while any(status_of(said(process, "GET", key)) != b"404" for key in keys.values()):
        pass  # receivers go by it a second later
    answers = {name: re.sub(rb"date: .*\r\n", b"", said(process, method, key)) for name, key in keys.items()}
    assert status_of(answers["unknown"]) == b"404"
    assert set(answers.values()) == {answers["unknown"]}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("senders", "deliveries"), [(200, 30), pytest.param(2_000, 300, marks=pytest.mark.heavy)], ids=["few", "many"]
)
async def test_unknown_keys_cost_few_reads_and_no_good_delivery(site, senders, deliveries):
    began = time.monotonic()
    process = await asyncio.to_thread(site.run, program=COUNTING)
    stop, refused, waited = asyncio.Event(), [], []
    all_there = asyncio.Barrier(senders + 1)
    flood = [asyncio.create_task(send_unknown_keys(process.port, all_there, stop, refused)) for _ in range(senders)]
    await all_there.wait()
    delivered = await deliver(process.port, site.key, deliveries, waited)
    stop.set()
    await asyncio.gather(*flood)
    process.terminate()
    assert await asyncio.to_thread(process.wait) == 0
    lasted = time.monotonic() - began

    reads = int(re.search(r"read the endpoints (\d+) times", process.output)[1])
    waited.sort()
    figures.info(
        "%d unknown keys a second, %.1f reads a second; %d good deliveries, p99 %.0f ms",
        len(refused) / lasted, reads / lasted, len(delivered), waited[len(waited) * 99 // 100] * 1_000,
    )  # fmt: skip
    assert reads <= 10 * lasted + 2
    assert delivered == [b"200"] * deliveries
    assert len(site.events()) == deliveries
    # A machine that is too busy to look within five seconds says so.
    assert set(refused) <= {b"404", b"503"}
    assert refused.count(b"404") > max(senders, 0.99 * len(refused))


def now():
    return datetime.now(UTC)


def said(process, method, key):
    with connect(process) as connection:
        lines = [f"{method} /hooks/{key} HTTP/1.1", "Host: receiver", "Content-Length: 0", "Connection: close"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return answer_of(connection)


def status_of(answer):
    return answer.split()[1]


async def send_unknown_keys(port, all_there, stop, statuses):
    """Ask for one unknown key after the other on one connection, together with others after the first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in count():
        if stop.is_set():
            break
        writer.write(f"POST /hooks/unknown-{number} HTTP/1.1\r\nHost: receiver\r\nContent-Length: 0\r\n\r\n".encode())
        statuses.append(await answer(reader))
        if number == 0:
            await all_there.wait()
    writer.close()


async def deliver(port, key, deliveries, waited):
    """Deliver one event after the other on one connection, and note how long each answer took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    statuses = []
    for number in range(deliveries):
        body = json.dumps({"event": "tracker.started", "event_id": f"e{number}"}).encode()
        began = time.monotonic()
        head = f"POST /hooks/{key} HTTP/1.1\r\nHost: receiver\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        statuses.append(await answer(reader))
        waited.append(time.monotonic() - began)
    writer.close()
    return statuses


async def answer(reader):
    """Read an answer and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
    return status_of(head)
