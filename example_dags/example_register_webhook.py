"""Register a webhook for a callback endpoint of the receiver.

Run it once, or on a schedule: it creates what is missing and repairs what drifted, and otherwise changes nothing.
It needs a connection `webwork_default` of type `webwork` and `[webwork] receiver_base_url`.
"""

from __future__ import annotations

from airflow.sdk import dag

from airflow_provider_webwork.operators.webhooks import WebWorkCreateWebhookOperator


@dag(schedule=None, tags=["webwork", "example"], doc_md=__doc__)
def example_register_webhook() -> None:
    WebWorkCreateWebhookOperator(
        task_id="register",
        endpoint="example",
        events=["tracker.started", "tracker.stopped"],
    )


example_register_webhook()
