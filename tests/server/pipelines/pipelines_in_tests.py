"""Dags that process what consumers are given, and note outside of the event log what they processed."""

import json
import os
import uuid
from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.operators.events import WebWorkClaimEventsOperator

HOME = Path(os.environ["AIRFLOW_HOME"])


@task
def process(events, dag_run=None):
    """Note what was processed, and by which run."""
    if any((HOME / f"broken-{event['type']}").exists() for event in events):
        raise RuntimeError("What comes after this task is out of order.")
    note = {"dag": dag_run.dag_id, "run": dag_run.run_id, "seqs": [event["seq"] for event in events]}
    (HOME / "notes" / uuid.uuid4().hex).write_text(json.dumps(note))


def pipeline(name, **options):
    asset = webwork_events(name, types=[f"{name}.event"], start="beginning")

    @dag(dag_id=name, schedule=[asset])
    def processing():
        claimed = WebWorkClaimEventsOperator(
            task_id="claim", consumer=asset, retry_delay=timedelta(seconds=1), **options
        )
        process(claimed.output)

    processing()


pipeline("burst", max_events=50)
pipeline("large", max_events=50)
pipeline("paused", max_events=50)
pipeline("failing", max_events=50)
pipeline("killed", max_events=50)
pipeline("single", max_events=1)
