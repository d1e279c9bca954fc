"""A connection and the event log together: what managing the webhooks of endpoints needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from airflow_provider_webwork.hooks.events import WebWorkEventsHook
    from airflow_provider_webwork.hooks.webwork import WebWorkHook
    from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks


def endpoint_webhooks(hook: WebWorkHook, events_hook: WebWorkEventsHook) -> EndpointWebhooks:
    """Bring a connection and the event log together for managing the webhooks of endpoints.

    :raises WebWorkConfigurationError: if ``[webwork] receiver_base_url`` is not set.
    """
    from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks

    base_url = events_hook.settings.receiver_base_url
    if base_url is None:
        msg = (
            "[webwork] receiver_base_url is not set: WebWork has to be told where it reaches the receiver, such as "
            "https://airflow.example.com/webwork."
        )
        raise WebWorkConfigurationError(msg)
    workspace_id = hook.client.settings.workspace_id
    return EndpointWebhooks(
        webhooks=hook.webhooks,
        endpoints=events_hook.endpoints,
        base_url=base_url,
        conn_id=hook.webwork_conn_id,
        workspace_id=None if workspace_id is None else str(workspace_id),
        now=lambda: datetime.now(UTC),
    )
