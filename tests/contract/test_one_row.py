"""However many copies of an event come at once, by whichever process, it has one row."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.identity import identity_by_content
from tests.contract.appending import writing
from tests.contract.arrivals import arrival
from tests.contract.processes import together

PROCESSES = 3
TRACKER_STARTED = {"event": "tracker.started", "data": {"user_id": 7}}


def submit_at_once(url, arrivals):
    """Submit all arrivals before waiting for one; return where each was stored."""
    with writing(EventLog(Store(url)).append, capacity=len(arrivals)) as appender:
        futures = [appender.submit(each) for each in arrivals]
        return [place for future in futures for place in future.result()]


@pytest.mark.parametrize(("events", "copies"), [(100, 16), pytest.param(1_000, 64, marks=pytest.mark.heavy)])
def test_copies_that_come_at_once_to_several_processes_are_one_row_that_all_are_told(store_url, log, events, copies):
    numbers = [*range(events)] * copies
    random.Random(copies).shuffle(numbers)
    arrivals = [arrival(f"event {number}") for number in numbers]

    answers = together(submit_at_once, [(store_url, arrivals[process::PROCESSES]) for process in range(PROCESSES)])

    told = [
        (number, place)
        for process, places in enumerate(answers)
        for number, place in zip(numbers[process::PROCESSES], places, strict=True)
    ]
    stored = {number: place for number, place in told if not place.repeated}
    assert Counter(number for number, place in told if not place.repeated) == dict.fromkeys(range(events), 1)
    assert all((place.seq, place.event_id) == (stored[number].seq, stored[number].event_id) for number, place in told)
    rows = [(event.seq, event.id) for event in log.read()]
    assert rows == sorted((place.seq, place.event_id) for place in stored.values())
    assert len(rows) == log.head() == events


def test_honest_events_that_say_the_same_an_hour_apart_are_two_rows_however_many_copies_come(store_url, log):
    identity = identity_by_content(TRACKER_STARTED, event_type="tracker.started", dated=False, scope="workspace 1")
    for hour in (0, 1):
        copies = [
            arrival(identity.key, window=identity.window, payload=TRACKER_STARTED, after=timedelta(hours=hour))
            for _ in range(16)
        ]
        together(submit_at_once, [(store_url, copies)] * PROCESSES)

    first, second = log.read()
    assert first.payload == second.payload == TRACKER_STARTED
    assert second.received_at - first.received_at == timedelta(hours=1)
