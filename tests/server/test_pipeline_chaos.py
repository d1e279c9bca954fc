"""Whatever is killed, restarted, paused or cleared: no event is lost, and none is processed by two runs."""

import json
import os
import secrets
import sys
from collections import defaultdict
from random import Random

import pytest

from demo.processes import free_ports
from tests.databases import PostgreSQL
from tests.server.chaos import Chaos
from tests.server.conftest import site_at
from tests.server.pipeline import run_of, running

NAME = "chaos"
DELIVERIES = 150
INJURIES = 5
"""How many there are of each in a round."""

OPTIONS = {
    "scheduler": {
        "scheduler_idle_sleep_time": "0.2",
        "job_heartbeat_sec": "2",
        "scheduler_heartbeat_sec": "2",
        "scheduler_health_check_threshold": "6",
        "orphaned_tasks_check_interval": "3",
        "task_instance_heartbeat_timeout": "10",
        "task_instance_heartbeat_timeout_detection_interval": "2",
        "task_queued_timeout": "20",
        "task_queued_timeout_check_interval": "5",
    },
    "workers": {"min_heartbeat_interval": "1"},
    "triggerer": {"job_heartbeat_sec": "2", "triggerer_health_check_threshold": "6"},
}


@pytest.fixture
def seed(rounds):
    """What decides what happens: the same in each short run; ``CHAOS_SEED`` in the environment repeats a long one."""
    return int(os.environ.get("CHAOS_SEED") or (91_766 if rounds == 3 else secrets.randbelow(1_000_000)))


@pytest.fixture
def chaos(tmp_path, seed):
    """Airflow and the event log on PostgreSQL servers of their own, and a receiver."""
    log_server, airflow_server = PostgreSQL(), PostgreSQL()
    try:
        airflow_url = airflow_server.database("airflow").replace("postgresql:", "postgresql+psycopg:")
        log_url = log_server.url("log")
        with (
            site_at(log_url) as site,
            running(tmp_path, log_url, dags=[NAME], airflow_url=airflow_url, **OPTIONS) as pipeline,
        ):
            chaos = Chaos(pipeline, NAME, site, log_server, Random(seed), *free_ports(1))
            chaos.start_receiver()
            pipeline.api.unpause(NAME)
            pipeline.wait("the consumer to be watched", lambda: pipeline.is_watched(NAME))
            yield chaos
    finally:
        log_server.stop()
        airflow_server.stop()


@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.heavy)])
@pytest.mark.timeout(7_200)
def test_no_event_is_lost_and_none_is_processed_by_two_runs_whatever_is_killed(chaos, seed, rounds, capsys):
    tell(capsys, f"CHAOS_SEED={seed}")
    delivered, released = [], set()
    for number in range(rounds):
        delivered += hurt_while_events_arrive(chaos, number)
        released |= release_what_failed(chaos)
        tell(
            capsys,
            f"Round {number + 1}: {len(delivered)} delivered so far; {dict(chaos.done)}; {len(released)} released",
        )

        events = chaos.pipeline.events(NAME)
        assert sorted(event.payload["event_id"] for event in events) == sorted(delivered)
        runs = runs_by_event(chaos.pipeline, but=released)
        assert {event.seq: len(runs[event.seq]) for event in events} == {event.seq: 1 for event in events}


def hurt_while_events_arrive(chaos, number):
    """Return the ids of the events that are known to be stored."""
    sender = chaos.deliver([f"{number}-{each}" for each in range(DELIVERIES)])
    for _ in range(INJURIES):
        goal = min(DELIVERIES, len(sender.stored) + chaos.dice.randrange(DELIVERIES // INJURIES))
        chaos.pipeline.wait("deliveries to be stored", lambda goal=goal: len(sender.stored) >= goal)
        chaos.hurt()
    chaos.heal()
    sender.join(120)
    assert len(sender.stored) == DELIVERIES
    chaos.pipeline.wait_until_claimed(NAME)
    return sender.stored


def release_what_failed(chaos):
    """Look whether all that is missing is shown as unfinished, and release it; return the runs that had it."""
    pipeline = chaos.pipeline
    failed = pipeline.unfinished(NAME)
    shown = json.loads(pipeline.command("batches", "list", "--unfinished", "--output", "json"))
    assert {row["run_key"] for row in shown} == {batch.run_key for batch in failed}
    unfinished = {event.seq for batch in failed for event in pipeline.batches.events(batch)}
    assert set(pipeline.seqs(NAME)) - set(pipeline.processed(NAME)) <= unfinished
    for batch in failed:
        pipeline.batches.release(NAME, batch.run_key, actor="test")
    pipeline.wait_until_claimed(NAME)
    return set(map(run_of, failed))


def runs_by_event(pipeline, *, but):
    """Return which runs processed each event, but for those whose batch was given to others."""
    runs = defaultdict(set)
    for seq, run in pipeline.notes(NAME):
        if run not in but:
            runs[seq].add(run)
    return runs


def tell(capsys, text):
    with capsys.disabled():
        sys.stdout.write(f"\n{text}")
