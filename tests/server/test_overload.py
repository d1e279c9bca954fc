"""More deliveries than the event log can take: what is refused is refused at once, what is taken is stored."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

import pytest

from tests.server.conftest import WITHOUT_AIRFLOW

# A disk that takes its time for every commit, so that this machine can send ten times more than the log can take.
SLOW_DISK = f"""
import time
from airflow_provider_webwork.events.log import EventLog
append = EventLog.append
EventLog.append = lambda *arguments: (time.sleep({{seconds}}), append(*arguments))[1]
{WITHOUT_AIRFLOW}
"""


@dataclass
class Ledger:
    """What the senders were told."""

    stored: set = field(default_factory=set)
    refused: int = 0
    unwelcome: list = field(default_factory=list)
    numbers: int = 0

    def next_event(self):
        self.numbers += 1
        return f"event-{self.numbers}"

    def heard(self, event, status, head):
        if status == 200:
            self.stored.add(event)
        elif status == 503 and b"\r\nretry-after: " in head:
            self.refused += 1
        else:
            self.unwelcome.append(head)


class Sender:
    """A connection that delivers again as soon as it was answered, whatever the answer."""

    def __init__(self, reader, writer, key):
        self.reader, self.writer, self.key = reader, writer, key

    @classmethod
    async def connect(cls, port, key):
        return cls(*await asyncio.open_connection("127.0.0.1", port), key)

    async def deliver(self, ledger, *, size=0):
        event = ledger.next_event()
        note = "x" * size
        body = json.dumps({"event": "tracker.started", "event_id": event, "note": note}).encode()
        head = f"POST /hooks/{self.key} HTTP/1.1\r\nHost: receiver\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        said = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(said.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self.reader.readexactly(length)
        ledger.heard(event, int(said.split()[1]), said)

    async def deliver_until(self, end, ledger, **options):
        while not end():
            await self.deliver(ledger, **options)


async def overload(process, site, *, senders, end, **options):
    """Let many senders deliver without a pause until an end; return what they were told."""
    ledger = Ledger()
    crowd = [await Sender.connect(process.port, site.key) for _ in range(senders)]
    await asyncio.gather(*(sender.deliver_until(lambda: end(ledger), ledger, **options) for sender in crowd))
    for sender in crowd:
        sender.writer.close()
    return ledger


async def deliver_calmly(process, site, ledger):
    """Deliver one event by itself until it is stored; return how long the last try took."""
    sender, before = await Sender.connect(process.port, site.key), len(ledger.stored)
    while len(ledger.stored) == before:
        began = time.monotonic()
        await sender.deliver(ledger)
    sender.writer.close()
    return time.monotonic() - began


def stored(site):
    return [event.payload["event_id"] for event in site.events()]


async def test_under_ten_times_as_many_deliveries_as_it_can_take_the_rest_hears_when_to_come_again(site):
    process = site.run(receiver_queue=4, program=SLOW_DISK.format(seconds=0.05))

    def enough(ledger):
        return len(ledger.stored) >= 40 and ledger.refused >= 9 * len(ledger.stored)

    ledger = await overload(process, site, senders=40, end=enough)
    await deliver_calmly(process, site, ledger)
    assert ledger.unwelcome == []
    assert sorted(stored(site)) == sorted(ledger.stored)


async def test_what_waits_is_limited_by_its_size_too(site):
    process = site.run(
        receiver_queue_bytes=1_000_000, receiver_max_body=1_000_000, program=SLOW_DISK.format(seconds=0.05)
    )

    def enough(ledger):
        return len(ledger.stored) >= 20 and ledger.refused >= 20

    ledger = await overload(process, site, senders=20, end=enough, size=200_000)
    assert ledger.unwelcome == []
    assert sorted(stored(site)) == sorted(ledger.stored)


@pytest.mark.heavy
async def test_ten_times_overload_for_a_minute_loses_nothing_and_is_over_within_5_seconds(site, capsys):
    process = site.run(receiver_queue=16, program=SLOW_DISK.format(seconds=0.05))
    before = process.most_memory()
    end = time.monotonic() + 60
    ledger = await overload(process, site, senders=200, end=lambda _: time.monotonic() > end)
    over = time.monotonic()
    took = await deliver_calmly(process, site, ledger)
    normal_after = time.monotonic() - over
    with capsys.disabled():
        sys.stdout.write(
            f"\n{ledger.numbers} deliveries in 60 s: {len(ledger.stored)} stored, {ledger.refused} refused; memory "
            f"{before:.0f} MB before, {process.most_memory():.0f} MB at most; normal after {normal_after:.2f} s\n"
        )
    assert ledger.unwelcome == []
    assert sorted(stored(site)) == sorted(ledger.stored)
    assert ledger.numbers >= 10 * len(ledger.stored)
    assert normal_after <= 5
    assert took < 1
    assert process.most_memory() < 200
