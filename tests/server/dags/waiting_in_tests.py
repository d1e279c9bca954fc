"""Dags that wait in vain, hand a note around, and fail with a wrong token."""

import logging

from airflow.sdk import dag, task

from airflow_provider_webwork.operators.webhooks import WebWorkCreateWebhookOperator
from airflow_provider_webwork.sensors.events import WebWorkEventSensor


@dag(schedule=None)
def impatient():
    # Not shorter: a task that is woken before the scheduler has seen it leave the worker is failed by the scheduler.
    for task_id, soft_fail in (("fails", False), ("skips", True)):
        WebWorkEventSensor(
            task_id=task_id, types=["never.happens"], timeout=5, soft_fail=soft_fail, deferrable=True, retries=0
        )


@dag(schedule=None, params={"note": ""})
def note():
    left = WebWorkEventSensor(
        task_id="wait", types=["note.left"], match={"data.note": "{{ params.note }}"}, deferrable=True
    )

    @task
    def echo(events):
        logging.getLogger(__name__).info("The note says %s", events[0]["data"]["note"])
        return events

    echo(left.output)


@dag(schedule=None)
def wrong_token():
    WebWorkCreateWebhookOperator(
        task_id="register", webwork_conn_id="webwork_wrong", url="http://127.0.0.1:9/elsewhere", events=["a"], retries=0
    )


impatient()
note()
wrong_token()
