"""What a receiver saw reaches the log once, also when the log is away for a while."""

import asyncio

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events.endpoint import Sighting
from airflow_provider_webwork.receiver.sightings import Sightings
from tests.unit.receiver.conftest import NOON, until


class Log:
    def __init__(self):
        self.away = False
        self.deliveries = 0
        self.beats = 0
        self.tries = 0

    def beat(self, now):
        self.tries += 1
        if self.away:
            raise WebWorkLogUnavailableError("The event log is away.")
        self.beats += 1

    def record(self, seen):
        if self.away:
            raise WebWorkLogUnavailableError("The event log is away.")
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
