"""Wait until a member stops the tracker, then go on with what WebWork told.

The sensor waits in the triggerer, so it takes no worker slot. It counts events from the start of the Dag run on, or
from the time that the param `since` names; with `min_events` above 1 it waits for so many. It needs a registered
webhook, as `example_register_webhook` makes it.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from airflow_provider_webwork.sensors.events import WebWorkEventSensor


@dag(schedule=None, params={"user_id": 7, "min_events": 1, "since": "run"}, tags=["webwork", "example"], doc_md=__doc__)
def example_wait_for_event() -> None:
    stopped = WebWorkEventSensor(
        task_id="wait",
        types=["tracker.stopped"],
        match={"user_id": "{{ params.user_id }}"},
        min_events="{{ params.min_events }}",
        since="{{ params.since }}",
        timeout=3600,
        deferrable=True,
    )

    @task
    def report(events: list[dict[str, Any]]) -> None:
        for event in events:
            print(f"Member {event['user_id']} stopped the tracker: {event['data']}")

    report(stopped.output)


example_wait_for_event()
