"""Dags that claim in the ways there are besides the examples."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import dag, task

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.operators.events import WebWorkClaimEventsOperator

shared = webwork_events("shared", types=["tracker.stopped"])


@dag(schedule=[shared])
def claims_in_a_task() -> None:
    @task
    def claim(number: int) -> list[int]:
        hook = WebWorkEventsHook()
        return [event["seq"] for event in hook.batch(hook.claim(shared, max_events=number))]

    claim.expand(number=[1, 2, 3])


@dag(schedule=[shared])
def claims_by_reference() -> None:
    claimed = WebWorkClaimEventsOperator(task_id="claim", consumer="shared", result="reference")

    @task
    def read(reference: dict[str, Any]) -> list[int]:
        return [event["seq"] for event in WebWorkEventsHook().batch(reference)]

    read(claimed.output)


@dag(schedule=None)
def takes_whatever_comes() -> None:
    claimed = WebWorkClaimEventsOperator(task_id="claim", consumer="shared")

    @task
    def each(event: dict[str, Any]) -> list[str]:
        return [json.dumps(event["data"])]

    @task
    def together(events: list[dict[str, Any]]) -> list[str]:
        return [json.dumps(event["data"]) for event in events]

    each.expand(event=claimed.output)
    together(claimed.output)


@dag(schedule=[webwork_events("owned", types=["tracker.stopped"], start="beginning")])
def owns() -> None:
    WebWorkClaimEventsOperator(
        task_id="claim", consumer=webwork_events("owned", types=["tracker.stopped"], start="beginning"), max_events=1
    )


@dag(schedule=None)
def wants_something_else() -> None:
    WebWorkClaimEventsOperator(task_id="claim", consumer=webwork_events("owned", types=["tracker.*"]))


@dag(schedule=None)
def names_nobody() -> None:
    WebWorkClaimEventsOperator(task_id="claim", consumer="nobody")


claims_in_a_task()
claims_by_reference()
takes_whatever_comes()
owns()
wants_something_else()
names_nobody()
