"""Webhooks for receivers that are not ours: one with its token in a Variable, some mapped."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from airflow.sdk import Variable, dag, task, task_group

from airflow_provider_webwork.operators.rotation import WebWorkRotateWebhookOperator
from airflow_provider_webwork.operators.webhooks import (
    WebWorkCreateWebhookOperator,
    WebWorkDeleteWebhookOperator,
    WebWorkUpdateWebhookOperator,
)
from airflow_provider_webwork.sensors.events import WebWorkEventSensor

EVENTS = ["tracker.started", "tracker.stopped"]


@dag(schedule=None)
def keep_the_token() -> None:
    @task
    def use() -> dict[str, str]:
        token = Variable.get("payroll_webhook_token")
        return {"sha256": hashlib.sha256(token.encode()).hexdigest()}

    registered = WebWorkCreateWebhookOperator(
        task_id="register",
        url="https://receiver.example.com/{{ dag.dag_id }}",
        events=EVENTS,
        token_variable="payroll_webhook_token",
    )
    registered >> use()


@dag(schedule=None)
def rotate_for_others() -> None:
    @task
    def use() -> dict[str, str]:
        token = Variable.get("payroll_webhook_token")
        return {"sha256": hashlib.sha256(token.encode()).hexdigest()}

    rotated = WebWorkRotateWebhookOperator(
        task_id="rotate",
        webhook_id="{{ dag_run.conf.webhook_id }}",
        token_variable="payroll_webhook_token",
        overlap=timedelta(seconds=1),
    )
    rotated >> use()


@dag(schedule=None)
def mapped() -> None:
    @task
    def teams() -> list[str]:
        return ["payroll", "billing"]

    @task
    def ids(made: Any) -> list[str]:
        return [each["webhook_id"] for each in made]

    made = WebWorkCreateWebhookOperator.partial(task_id="register", events=EVENTS).expand(endpoint=teams())
    narrowed = WebWorkUpdateWebhookOperator.partial(task_id="narrow", events=["tracker.stopped"]).expand(
        webhook_id=ids(made.output)
    )
    gone = WebWorkDeleteWebhookOperator.partial(task_id="unregister").expand(endpoint=["payroll"])
    narrowed >> gone


@dag(schedule=None)
def mapped_group() -> None:
    @task
    def teams() -> list[str]:
        return ["payroll", "billing"]

    @task_group
    def one_team(name: str) -> None:
        made = WebWorkCreateWebhookOperator(task_id="register", endpoint=name, events=EVENTS)
        WebWorkEventSensor(
            task_id="wait", types=["tracker.*"], match={"endpoint": None, "data.team": name}, poke_interval=0.01
        ).set_upstream(made)

    one_team.expand(name=teams())


@dag(schedule=None)
def one_after_the_other() -> None:
    first = WebWorkEventSensor(task_id="first", types=["tracker.started"], timeout=20)
    second = WebWorkEventSensor(task_id="second", types=["tracker.*"], since=first.output, timeout=20, deferrable=True)
    WebWorkEventSensor(
        task_id="third",
        since=second.output,
        match={"user_id": "{{ ti.xcom_pull(task_ids='second')[0]['user_id'] }}"},
        timeout=20,
        mode="reschedule",
    )


keep_the_token()
rotate_for_others()
mapped()
mapped_group()
one_after_the_other()
