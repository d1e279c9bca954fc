"""Dags on a real Airflow process what consumers are given: everything, once, through pauses, failures and kills."""

import json
import sys
from collections import Counter

import pytest

from airflow_provider_webwork.events.log import EventLog
from tests.airflow_version import AIRFLOW
from tests.databases import PostgreSQL
from tests.server import deferred
from tests.server.pipeline import arrival, running

LONG_RUNS = {"long": 1 if AIRFLOW < (3, 4) else 5, "long_in_batches": 1}
"""Dags with one run at a time, and how many runs may be empty after one of half an hour."""

DAGS = ("burst", "large", "paused", "failing", "killed", "single", deferred.DAG, *LONG_RUNS)

# A triggerer for which half an hour passes in 7.5 s.
FAST_TRIGGERER = """
import sys
from airflow.__main__ import main
from airflow_provider_webwork.triggers import waking
waking.FIRST_PAUSE /= 240
waking.LONGEST_PAUSE /= 240
sys.argv[0] = "airflow"
main()
"""

pytestmark = pytest.mark.timeout(1_800)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.heavy)])
def pipeline(request, tmp_path_factory):
    """One Airflow for all tests here, on the database that the log is on: it takes half a minute to start."""
    home = tmp_path_factory.mktemp("airflow")
    options = {
        "scheduler": {"scheduler_idle_sleep_time": "0.2"},
        "triggerer": {"job_heartbeat_sec": "2", "triggerer_health_check_threshold": "6"},
    }
    if request.param == "sqlite":
        with running(home, f"sqlite:///{home / 'events.db'}", dags=DAGS, **options) as pipeline:
            yield pipeline
        return
    server = PostgreSQL()
    try:
        airflow_url = server.database("airflow").replace("postgresql:", "postgresql+psycopg:")
        with running(home, server.url("log"), dags=DAGS, airflow_url=airflow_url, **options) as pipeline:
            yield pipeline
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("name", "count"), [("burst", 1_000), pytest.param("large", 10_000, marks=pytest.mark.heavy)], ids=str
)
def test_every_event_of_a_burst_that_comes_while_the_dag_runs_is_processed_once(pipeline, name, count):
    pipeline.api.unpause(name)
    pipeline.add(name, 50)
    pipeline.wait("the first run", lambda: pipeline.claims(name), seconds=120)
    pipeline.add(name, count - 50)
    pipeline.wait_until_processed(name, seconds=120 + count / 10)

    assert len(pipeline.seqs(name)) == count
    assert pipeline.processed(name) == pipeline.once(name)
    assert pipeline.lag(name) == 0
    claims = pipeline.claims(name)
    assert set(claims) <= {"success", "skipped"}
    assert claims.get("skipped", 0) <= max(1, 0.02 * sum(claims.values()))


def test_a_cleared_run_is_given_the_same_events_again_although_others_wait(pipeline):
    pipeline.api.unpause("burst")
    pipeline.add("burst", 10)
    pipeline.wait_until_processed("burst")
    run_id = pipeline.batches.list("burst")[-1].run_key.split("/")[1]
    given, before = pipeline.api.xcom("burst", run_id, "claim"), pipeline.notes("burst")

    pipeline.add("burst", 10)
    pipeline.api.clear("burst", run_id, ["claim", "process"])
    again = [(event["seq"], run_id) for event in given]
    pipeline.wait("the run to process again", lambda: Counter(pipeline.notes("burst")) >= Counter(before + again))
    pipeline.wait_until_processed("burst")

    assert pipeline.api.xcom("burst", run_id, "claim") == given
    assert pipeline.processed("burst") == pipeline.once("burst") | dict.fromkeys((seq for seq, _ in again), 2)


def test_each_event_has_a_run_of_its_own_where_a_run_takes_one(pipeline):
    pipeline.api.unpause("single")
    pipeline.add("single", 10)
    pipeline.wait_until_processed("single")

    assert pipeline.processed("single") == pipeline.once("single")
    assert len({run for _, run in pipeline.notes("single")}) == 10
    assert pipeline.claims("single").get("skipped", 0) <= 1


def test_events_that_come_while_the_dag_is_paused_are_processed_when_it_is_not(pipeline):
    pipeline.api.unpause("paused")
    pipeline.add("paused", 60)
    pipeline.wait_until_processed("paused")
    pipeline.api.pause("paused")
    pipeline.wait("Airflow to stop watching", lambda: not pipeline.is_watched("paused"))
    pipeline.add("paused", 120)
    pipeline.api.unpause("paused")
    pipeline.wait_until_processed("paused")

    assert pipeline.processed("paused") == pipeline.once("paused")
    assert pipeline.lag("paused") == 0


def test_the_batch_of_a_failed_run_is_shown_as_unfinished_and_when_released_processed_by_another_run(pipeline):
    broken = pipeline.airflow.home / "broken-failing.event"
    broken.touch()
    pipeline.api.unpause("failing")
    pipeline.add("failing", 7)
    pipeline.wait("a run to fail", lambda: "failed" in pipeline.runs("failing").values())
    shown = json.loads(pipeline.command("batches", "list", "--unfinished", "--output", "json"))
    [unfinished] = [row for row in shown if row["consumer"] == "failing"]
    assert (unfinished["run"], unfinished["count"]) == ("failed", 7)

    broken.unlink()
    pipeline.command("batches", "release", "failing", unfinished["run_key"])
    pipeline.wait_until_processed("failing")

    assert pipeline.processed("failing") == pipeline.once("failing")
    assert {run for _, run in pipeline.notes("failing")} != {unfinished["run_key"].split("/")[1]}
    assert pipeline.lag("failing") == 0


def test_a_burst_is_processed_once_although_the_triggerer_is_killed_in_it(pipeline):
    pipeline.api.unpause("killed")
    pipeline.add("killed", 100)
    pipeline.wait("the first batch to be processed", lambda: pipeline.notes("killed"), seconds=120)
    pipeline.add("killed", 200)
    pipeline.restart("triggerer")
    pipeline.add("killed", 100)
    pipeline.wait_until_processed("killed")

    assert pipeline.processed("killed") == pipeline.once("killed")
    assert pipeline.lag("killed") == 0


def test_of_many_deferred_sensors_those_wake_whose_event_comes(pipeline):
    log = EventLog(pipeline.store)
    members = range(1, 201)
    runs = deferred.defer_many(pipeline, deferred.defer_one(pipeline), members, deferred.waiting_after(log.head()))
    awaited = {
        member: log.append([arrival(deferred.TYPE, user_id=str(member))])[0].event_id for member in (1, 7, 100, 200)
    }

    def ended():
        return {run for run, state in deferred.states(pipeline).items() if state == "success"}

    pipeline.wait("sensors to end", lambda: len(ended()) >= len(awaited), seconds=120)
    assert ended() == {runs[member] for member in awaited}
    for member, event_id in awaited.items():
        assert [event["id"] for event in pipeline.api.xcom(deferred.DAG, runs[member], deferred.TASK)] == [event_id]
    assert Counter(deferred.states(pipeline).values()) == {"success": len(awaited), "deferred": 1 + 200 - len(awaited)}


def test_a_run_of_half_an_hour_leaves_few_empty_runs_behind_where_runs_take_turns(pipeline):
    pipeline.restart("triggerer", program=[sys.executable, "-c", FAST_TRIGGERER])
    holds = [pipeline.airflow.home / f"hold-{name}" for name in LONG_RUNS]
    for hold, name in zip(holds, LONG_RUNS, strict=True):
        hold.touch()
        pipeline.api.unpause(name)
        pipeline.add(name, 10)
    pipeline.wait("the long runs to begin", lambda: all(map(pipeline.notes, LONG_RUNS)), seconds=120)
    for name in LONG_RUNS:
        pipeline.add(name, 10)
    # At once, and after 1, 3, 7, 15 and 30 minutes.
    pipeline.wait(
        "the watcher to wake them again and again",
        lambda: all(pipeline.wake_ups(name) >= 1 + 6 for name in LONG_RUNS),
        seconds=120,
    )
    for hold in holds:
        hold.unlink()
    for name, empty in LONG_RUNS.items():
        pipeline.wait_until_processed(name)
        assert pipeline.processed(name) == pipeline.once(name)
        assert pipeline.claims(name).get("skipped", 0) <= empty
