"""Process every event of the tracker, each in exactly one run, batch after batch and without an asset.

One run is always there. Its first task waits in the triggerer until events wait for the consumer
`example_continuous`, and claims them: no other run is given them. It needs a registered webhook, as
`example_register_webhook` makes it.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from airflow_provider_webwork.sensors.events import WebWorkEventSensor


@dag(schedule="@continuous", max_active_runs=1, tags=["webwork", "example"], doc_md=__doc__)
def example_process_events_continuous() -> None:
    claimed = WebWorkEventSensor(
        task_id="claim",
        consumer="example_continuous",
        types=["tracker.*"],
        max_events=100,
        retries=3,
        deferrable=True,
    )

    @task
    def process(events: list[dict[str, Any]]) -> None:
        for event in events:
            print(f"{event['type']} of member {event['user_id']}: {event['data']}")

    process(claimed.output)


example_process_events_continuous()
