"""Give every endpoint a webhook with a new secret once a week.

For a day both the old and the new webhook deliver, which is waited out without a worker; then the old one is deleted.
Failed tries go on where they stopped. It needs endpoints, as `example_register_webhook` makes them, and a receiver
that is reached at `[webwork] receiver_base_url` from here too.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import dag, task

from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.operators.rotation import WebWorkRotateWebhookOperator


@dag(
    schedule="@weekly",
    start_date=pendulum.datetime(2026, 1, 4, tz="UTC"),
    catchup=False,
    tags=["webwork", "example"],
    doc_md=__doc__,
)
def example_rotate_webhooks() -> None:
    @task
    def endpoints() -> list[str]:
        found = WebWorkEventsHook().list_endpoints(webwork_conn_id="webwork_default")
        return [str(each["endpoint"]) for each in found if each["state"] == "active"]

    WebWorkRotateWebhookOperator.partial(
        task_id="rotate", overlap=timedelta(hours=24), retries=3, retry_delay=timedelta(minutes=5)
    ).expand(endpoint=endpoints())


example_rotate_webhooks()
