"""Nobody who reads by position skips an event: many writers and readers in processes, pauses, rollbacks and kills."""

import random
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events import log as event_log
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.append import Appender
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.rows import insert, row_of
from airflow_provider_webwork.events.store import Store
from tests.contract.arrivals import arrival
from tests.contract.restarting import Restarting, lines

GROUP = 500
"""How many callers wait at once, so that the log writes about as many in one transaction."""

NUMBERS = sa.Sequence("naive_seq")


class RolledBackError(Exception):
    """Takes the place of whatever may go wrong before a commit."""


def arrivals(writer, numbers):
    return [arrival(f"{writer} {number}", type=f"{writer}/{number}") for number in numbers]


def append_with_care(store, writer, numbers, chance):
    """Append as a receiver does: many callers, one writer thread, one transaction for all that wait."""
    if chance.random() < 0.05:
        with suppress(RolledBackError), store.write(lock="append") as connection:
            event_log.append_to(connection, arrivals(writer, numbers))
            time.sleep(chance.random() / 100)
            raise RolledBackError
    with closing(Appender(EventLog(store).append, capacity=GROUP)) as appender:
        for future in [appender.submit(each) for each in arrivals(writer, numbers)]:
            future.result()


def append_naively(store, writer, numbers, chance):
    """Append as many do: the database counts, and nobody waits for anybody. Numbers then are no order of commits."""
    with store.write() as connection:
        rows = [
            row_of(each.event, each.identity, connection.scalar(NUMBERS.next_value()))
            for each in arrivals(writer, numbers)
        ]
        time.sleep(chance.random() / 100)
        insert(connection, schema.event, rows)


def write(path: Path, url, append, total):
    """Append events with consecutive numbers; after a kill, go on with the first that was not acknowledged."""
    store = Store(url)
    chance = random.Random(f"{path.name}{time.monotonic()}")
    acknowledged = lines(path)
    number = int(acknowledged[-1][0]) if acknowledged else 0
    with path.open("a") as notes:
        while number < total:
            if chance.random() < 0.1:
                time.sleep(chance.random() / 20)
            upto = min(number + chance.randint(1, GROUP), total)
            try:
                append(store, path.name, range(number, upto), chance)
            except WebWorkLogUnavailableError:
                continue  # others wrote for too long: whoever sends webhooks sends it again
            number = upto
            notes.write(f"{number}\n")
            notes.flush()
    store.close()


def read(path: Path, url, done: Path):
    """Read the log by position, page after page, to its end; note how often each writer's events were seen."""
    store = Store(url)
    log = EventLog(store)
    position, seen, holes = 0, Counter(), 0
    while True:
        last = done.exists()
        page = log.page(position)
        for event in page:
            holes += event.seq - position - 1
            position = event.seq
            seen[event.type] += 1
        if not page and last:
            break
        if not page:
            time.sleep(0.005)
    path.write_text(f"{len(seen)} {sum(seen.values())} {holes}\n")
    store.close()


def run(url, folder, *, append, events, writers, readers, kills):
    """Return how many events each reader skipped and saw more than once, and how many holes it found in the order."""
    done = folder / "done"
    names = [f"writer{number}" for number in range(writers)]
    writing = dict.fromkeys(names, (url, append, events // writers))
    reading = {f"reader{number}": (url, done) for number in range(readers)}
    with Restarting(folder, read, reading) as readers_, Restarting(folder, write, writing) as writers_:
        chance, stop = random.Random(writers), threading.Event()
        for _ in range(kills):
            stop.wait(0.1 + chance.random() / 5)
            writers_.kill(chance.choice(names))
        writers_.join()
        done.touch()
        readers_.join()
        counts = [tuple(map(int, readers_.lines(name)[0])) for name in reading]
    return [(events - different, times - different, holes) for different, times, holes in counts]


def test_readers_see_each_event_once_and_in_order(store, store_url, tmp_path):
    store.upgrade()
    results = run(store_url, tmp_path, append=append_with_care, events=20_000, writers=8, readers=4, kills=4)
    assert results == [(0, 0, 0)] * 4


def test_the_same_readers_skip_events_of_writers_that_trust_a_sequence(postgresql, open_store, tmp_path):
    def skip(number):
        folder, url = tmp_path / str(number), postgresql.database()
        folder.mkdir()
        store = open_store(url)
        store.upgrade()
        with store.write() as connection:
            connection.execute(sa.schema.CreateSequence(NUMBERS))
        results = run(url, folder, append=append_naively, events=8_000, writers=8, readers=2, kills=0)
        return all(skipped > 0 for skipped, _, _ in results)

    # On a busy machine a reader may get its first turn when everything is written.
    assert any(skip(number) for number in range(5))


@pytest.mark.heavy
@pytest.mark.timeout(3_600)
def test_a_million_events_of_sixteen_writers_are_seen_once_and_in_order(
    store, store_url, tmp_path, pytestconfig, capsys
):
    store.upgrade()
    began = time.monotonic()
    results = run(store_url, tmp_path, append=append_with_care, events=1_000_000, writers=16, readers=8, kills=50)
    assert results == [(0, 0, 0)] * 8
    with capsys.disabled():
        database, seconds = store_url.partition(":")[0], time.monotonic() - began
        pytestconfig.get_terminal_writer().line(f"\n{database}: 1,000,000 events, 50 kills, {seconds:.0f} s")
