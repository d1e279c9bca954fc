"""A 2xx answer means that the event is on disk: a receiver is killed again and again under load.

SIGKILL leaves the page cache, so this shows that nothing is acknowledged before it is committed; that a commit
reaches the disk is for the tests of the store.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

KILLS = 50
CLIENTS = 16


@dataclass
class Ledger:
    """What the senders know: which events they tell of, and for which of them they have a 2xx answer."""

    told: list = field(default_factory=list)
    acknowledged: set = field(default_factory=set)
    unanswered: list = field(default_factory=list)
    repeated: set = field(default_factory=set)
    in_flight: int = 0
    goal: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def next_event(self):
        if self.unanswered:
            return self.unanswered.pop()
        self.told.append(f"event-{len(self.told)}")
        return self.told[-1]

    def heard(self, event, answer):
        self.acknowledged.add(event)
        if answer.get("repeated"):
            self.repeated.add(event)
        if len(self.acknowledged) >= self.goal:
            self.reached.set()


async def test_no_acknowledged_event_is_lost_and_none_is_stored_twice_over_many_kills(site, capsys):
    ledger, dice, in_flight = Ledger(), random.Random(20261122), []
    for _ in range(KILLS):
        process = await asyncio.to_thread(site.run)
        ledger.reached.clear()
        ledger.goal = len(ledger.acknowledged) + dice.randint(CLIENTS, 20 * CLIENTS)
        clients = [asyncio.create_task(keep_delivering(ledger, process.port, site.key)) for _ in range(CLIENTS)]
        async with asyncio.timeout(30):
            await ledger.reached.wait()
        # At any moment between two answers, not only right after one.
        asyncio.get_running_loop().call_later(dice.uniform(0, 0.03), kill, process, ledger, in_flight)
        await asyncio.gather(*clients)
        await asyncio.to_thread(process.wait)
        assert process.popen.returncode == -9

    stored = [event.payload["event_id"] for event in site.events()]
    unacknowledged = set(stored) - ledger.acknowledged
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills: {len(ledger.told)} events told, {len(ledger.acknowledged)} acknowledged, "
            f"{len(stored)} stored, {min(in_flight)} to {max(in_flight)} requests in flight at a kill, "
            f"{len(unacknowledged)} stored after the last kill and {len(ledger.repeated)} before it without an answer\n"
        )
    assert ledger.acknowledged - set(stored) == set()
    assert [event for event, times in Counter(stored).items() if times > 1] == []
    assert set(stored) <= set(ledger.told)
    assert min(in_flight) > 0
    assert ledger.repeated or unacknowledged, "No kill fell between a commit and its answer, so this shows little."


def kill(process, ledger, in_flight):
    in_flight.append(ledger.in_flight)
    process.popen.kill()


async def keep_delivering(ledger, port, key):
    """Deliver one event after another until the receiver is dead; what got no answer is told again later."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            event = ledger.next_event()
            ledger.in_flight += 1
            try:
                answer = await deliver(reader, writer, key, event)
            except (ConnectionError, asyncio.IncompleteReadError):
                ledger.unanswered.append(event)
                return
            finally:
                ledger.in_flight -= 1
            ledger.heard(event, answer)
    finally:
        writer.close()


async def deliver(reader, writer, key, event):
    body = json.dumps({"event": "tracker.started", "event_id": event, "data": {"user_id": 7}}).encode()
    head = f"POST /hooks/{key} HTTP/1.1\r\nHost: receiver\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    said = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    answer = await reader.readexactly(int(said.partition("content-length:")[2].split()[0]))
    assert said.startswith("http/1.1 200 "), said
    return json.loads(answer)
