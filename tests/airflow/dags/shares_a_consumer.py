"""A Dag in another file that is started by the asset of a consumer in `consumers_in_tests`."""

from __future__ import annotations

from airflow.sdk import dag

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.operators.events import WebWorkClaimEventsOperator

shared = webwork_events("shared", types=("tracker.stopped", "tracker.stopped"))


@dag(schedule=(shared | webwork_events("other")) & webwork_events("third"))
def shares() -> None:
    WebWorkClaimEventsOperator(task_id="claim", consumer=shared)


shares()
