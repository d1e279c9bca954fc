"""Dags on a real Airflow process what consumers are given: everything, once, through pauses, failures and kills."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from airflow_provider_webwork.events.store import Store
from demo.processes import Processes
from demo.standalone import Standalone
from tests.server.pipeline import Pipeline

DAGS = ("burst", "large", "paused", "failing", "killed", "single")
pytestmark = pytest.mark.timeout(1_800)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """One Airflow for all tests here: it takes half a minute to start."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "notes").mkdir()
    shutil.copytree(Path(__file__).parent / "pipelines", home / "dags")
    log_url = f"sqlite:///{home / 'events.db'}"
    options = {
        "webwork": {"event_store_url": log_url},
        "scheduler": {"scheduler_idle_sleep_time": "0.2"},
        "triggerer": {"job_heartbeat_sec": "2", "triggerer_health_check_threshold": "6"},
        # Whether a Dag is paused is looked at when its file is parsed.
        "dag_processor": {"min_file_process_interval": "5"},
    }
    with Processes(home) as processes, closing(Store(log_url)) as store:
        airflow = Standalone(processes, dags_folder=home / "dags", options=options)
        airflow.configure()
        airflow.start()
        api = airflow.wait_until_healthy()
        pipeline = Pipeline(airflow, api, processes, store)
        pipeline.wait("Airflow to read the Dags", lambda: all(map(api.has_dag, DAGS)))
        assert api.import_errors() == []
        yield pipeline
        api.close()


def processed(pipeline, name):
    """How often each event was processed, whichever run did it."""
    return Counter(seq for seq, _ in pipeline.notes(name))


def once(pipeline, name):
    return dict.fromkeys(pipeline.seqs(name), 1)


@pytest.mark.parametrize(
    ("name", "count"), [("burst", 1_000), pytest.param("large", 10_000, marks=pytest.mark.heavy)], ids=str
)
def test_every_event_of_a_burst_is_processed_once(pipeline, name, count):
    pipeline.api.unpause(name)
    pipeline.add(name, count)
    pipeline.wait_until_processed(name, seconds=120 + count / 10)

    assert len(pipeline.seqs(name)) == count
    assert processed(pipeline, name) == once(pipeline, name)
    assert pipeline.lag(name) == 0
    claims = pipeline.claims(name)
    assert set(claims) <= {"success", "skipped"}
    assert claims["success"] == count / 50
    assert claims.get("skipped", 0) <= 0.02 * claims["success"] + 1


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
    assert processed(pipeline, "burst") == once(pipeline, "burst") | dict.fromkeys((seq for seq, _ in again), 2)


def test_each_event_has_a_run_of_its_own_where_a_run_takes_one(pipeline):
    pipeline.api.unpause("single")
    pipeline.add("single", 10)
    pipeline.wait_until_processed("single")

    assert processed(pipeline, "single") == once(pipeline, "single")
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

    assert processed(pipeline, "paused") == once(pipeline, "paused")
    assert pipeline.lag("paused") == 0


def test_the_batch_of_a_failed_run_is_shown_as_unfinished_and_when_released_processed_by_another_run(pipeline):
    broken = pipeline.airflow.home / "broken-failing.event"
    broken.touch()
    pipeline.api.unpause("failing")
    pipeline.add("failing", 7)
    pipeline.wait("a run to fail", lambda: "failed" in pipeline.runs("failing").values())
    shown = json.loads(command(pipeline, "batches", "list", "--unfinished", "--output", "json"))
    [unfinished] = [row for row in shown if row["consumer"] == "failing"]
    assert (unfinished["run"], unfinished["count"]) == ("failed", 7)

    broken.unlink()
    command(pipeline, "batches", "release", "failing", unfinished["run_key"])
    pipeline.wait_until_processed("failing")

    assert processed(pipeline, "failing") == once(pipeline, "failing")
    assert {run for _, run in pipeline.notes("failing")} != {unfinished["run_key"].split("/")[1]}
    assert pipeline.lag("failing") == 0


def test_a_burst_is_processed_once_although_the_triggerer_is_killed_in_it(pipeline):
    pipeline.api.unpause("killed")
    pipeline.add("killed", 100)
    pipeline.wait("the first batch to be processed", lambda: pipeline.notes("killed"), seconds=120)
    pipeline.add("killed", 200)
    pipeline.kill_the_triggerer()
    pipeline.add("killed", 100)
    pipeline.wait_until_processed("killed")

    assert processed(pipeline, "killed") == once(pipeline, "killed")
    assert pipeline.lag("killed") == 0


def command(pipeline, *arguments):
    """Run a command as a person does, on the same installation."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "webwork", *arguments],
        env=pipeline.processes.environment(os.environ),
        cwd=pipeline.airflow.home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
