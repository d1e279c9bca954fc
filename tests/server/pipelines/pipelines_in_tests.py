"""Dags that process what consumers are given, and note outside of the event log what they processed."""

import json
import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.operators.events import WebWorkClaimEventsOperator

HOME = Path(os.environ["AIRFLOW_HOME"])


@task
def process(events, seconds, dag_run=None):
    """Note what was processed, and by which run; then go on for some seconds, or as long as a test wants."""
    if any((HOME / f"broken-{event['type']}").exists() for event in events):
        raise RuntimeError("What comes after this task is out of order.")
    note = {"dag": dag_run.dag_id, "run": dag_run.run_id, "seqs": [event["seq"] for event in events]}
    (HOME / "notes" / uuid.uuid4().hex).write_text(json.dumps(note))
    time.sleep(seconds)
    while (HOME / f"hold-{dag_run.dag_id}").exists():
        time.sleep(0.1)


def pipeline(name, *, batched=False, max_active_runs=16, seconds=0, **options):
    asset = webwork_events(name, types=[f"{name}.event"], start="beginning")

    @dag(dag_id=name, schedule=in_batches(asset) if batched else [asset], max_active_runs=max_active_runs)
    def processing():
        claimed = WebWorkClaimEventsOperator(
            task_id="claim", consumer=asset, retry_delay=timedelta(seconds=1), **options
        )
        process(claimed.output, seconds)

    processing()


def in_batches(asset):
    """Start one run for all events of the asset that wait: what every Airflow before 3.4 does."""
    try:
        from airflow.sdk import AssetTriggeredTimetable
    except ImportError:
        return [asset]
    return AssetTriggeredTimetable(assets=asset, batch_asset_events=True)


pipeline("burst", max_events=50)
pipeline("large", max_events=50)
pipeline("paused", max_events=50)
pipeline("failing", max_events=50)
pipeline("killed", max_events=50)
pipeline("single", max_events=1)
pipeline("chaos", max_events=50, seconds=1)
pipeline("long", max_active_runs=1)
pipeline("long_in_batches", batched=True, max_active_runs=1)
