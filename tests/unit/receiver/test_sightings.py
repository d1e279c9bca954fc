"""What a receiver saw reaches the log once, also when the log is away for a while."""

import asyncio
from datetime import timedelta

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events.endpoint import Sighting, Tried, Uses
from airflow_provider_webwork.events.observed import MOST_OBSERVED
from airflow_provider_webwork.receiver.sightings import Sightings
from tests.unit.receiver.conftest import NOON, until


class Log:
    def __init__(self):
        self.away = False
        self.deliveries = 0
        self.beats = 0
        self.tries = 0
        self.seen = []

    def beat(self, now):
        self.tries += 1
        if self.away:
            raise WebWorkLogUnavailableError("The event log is away.")
        self.beats += 1

    def record(self, seen):
        if self.away:
            raise WebWorkLogUnavailableError("The event log is away.")
        self.seen.append(seen)
        self.deliveries += seen.get("payroll", Sighting()).deliveries


async def test_what_could_not_be_written_is_written_later_and_only_once(clock, caplog):
    caplog.set_level("INFO")
    log = Log()
    sightings = Sightings(record=log.record, beat=log.beat, now=clock, every=0.01)
    await sightings.start()
    sightings.delivery("payroll", at=NOON)
    log.away = True
    clock.goes_on(seconds=10)
    await until(lambda: log.tries >= 4)
    assert not sightings.works
    sightings.delivery("payroll", at=NOON)
    log.away = False
    await sightings.stop()
    assert log.deliveries == 2
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


async def test_an_idle_receiver_says_that_it_is_there_every_few_seconds(clock):
    log = Log()
    sightings = Sightings(record=log.record, beat=log.beat, now=clock, every=0.01)
    await sightings.start()
    assert log.beats == 1
    clock.goes_on(seconds=4)
    await asyncio.sleep(0.05)
    assert log.beats == 1
    clock.goes_on(seconds=1)
    await until(lambda: log.beats == 2)
    await sightings.stop()


async def test_what_came_of_proofs_is_counted_in_memory_and_written_once(clock):
    held, failed = Tried("hmac", "verified", "s1"), Tried("hmac", "mismatch", "")
    log = Log()
    sightings = Sightings(record=log.record, beat=log.beat, now=clock, every=60)
    await sightings.start()
    for number in range(100):
        sightings.tried("payroll", (held, failed) if number % 2 else (held,), at=clock())
        clock.goes_on(seconds=1)
    await sightings.stop()
    [written] = log.seen
    last = clock()
    assert written["payroll"].tried == {
        held: Uses(100, last - timedelta(seconds=1)),
        failed: Uses(50, last - timedelta(seconds=1)),
    }


async def test_what_came_of_proofs_while_the_log_was_away_is_written_once(clock):
    held = Tried("hmac", "verified", "s1")
    log = Log()
    sightings = Sightings(record=log.record, beat=log.beat, now=clock, every=0.01)
    await sightings.start()
    sightings.tried("payroll", [held], at=NOON)
    log.away = True
    clock.goes_on(seconds=10)
    await until(lambda: log.tries >= 4)
    sightings.tried("payroll", [held], at=NOON + timedelta(seconds=1))
    log.away = False
    await sightings.stop()
    assert [seen["payroll"].tried for seen in log.seen if seen["payroll"].tried] == [
        {held: Uses(2, NOON + timedelta(seconds=1))}
    ]


async def test_a_sender_cannot_make_the_receiver_grow_with_headers_of_its_own_making(clock):
    log = Log()
    sightings = Sightings(record=log.record, beat=log.beat, now=clock, every=60)
    await sightings.start()
    for number in range(MOST_OBSERVED * 2):
        sightings.tried("payroll", [Tried("key", "verified", "k"), Tried(f"hmac {number}", "mismatch", "")], at=NOON)
    await sightings.stop()
    [written] = log.seen
    assert len(written["payroll"].tried) == MOST_OBSERVED
    assert written["payroll"].tried[Tried("key", "verified", "k")].times == MOST_OBSERVED * 2
