"""Process every stop of the tracker, each in exactly one run, as soon as there are some.

The asset starts the Dag when events wait for the consumer `example`. Each run claims a batch that no other run is
given, and keeps it when it is retried or cleared. It needs a registered webhook, as `example_register_webhook` makes
it.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.operators.events import WebWorkClaimEventsOperator

stopped = webwork_events("example", types=["tracker.stopped"])


@dag(schedule=[stopped], tags=["webwork", "example"], doc_md=__doc__)
def example_process_events() -> None:
    claimed = WebWorkClaimEventsOperator(task_id="claim", consumer=stopped, max_events=50)

    @task
    def process(event: dict[str, Any]) -> None:
        print(f"Member {event['user_id']} stopped the tracker: {event['data']}")

    process.expand(event=claimed.output)


example_process_events()
