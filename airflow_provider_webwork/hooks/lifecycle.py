"""A connection and the event log together: what keeps and rotates webhooks, and reconciles the log with the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from airflow_provider_webwork.api.webhooks import Webhook
    from airflow_provider_webwork.hooks.events import WebWorkEventsHook
    from airflow_provider_webwork.hooks.webwork import WebWorkHook
    from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks
    from airflow_provider_webwork.lifecycle.once import OncePerRun
    from airflow_provider_webwork.lifecycle.outside_rotation import OutsideRotations
    from airflow_provider_webwork.lifecycle.reconcile import Reconciliation
    from airflow_provider_webwork.lifecycle.rotation import EndpointRotations
    from airflow_provider_webwork.lifecycle.turns import Turns


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
        turns=_turns(events_hook),
        base_url=base_url,
        conn_id=hook.webwork_conn_id,
        workspace_id=None if workspace_id is None else str(workspace_id),
        now=utc_now,
    )


def endpoint_rotations(hook: WebWorkHook, events_hook: WebWorkEventsHook, *, actor: str) -> EndpointRotations:
    """Return what rotates the webhooks of endpoints.

    :param actor: who rotates, for the audit.
    :raises WebWorkConfigurationError: if ``[webwork] receiver_base_url`` is not set.
    """
    from airflow_provider_webwork.lifecycle.reach import MarkedDelivery
    from airflow_provider_webwork.lifecycle.rotation import EndpointRotations

    return EndpointRotations(
        lifecycle=endpoint_webhooks(hook, events_hook),
        rotations=events_hook.rotations(actor),
        reach=MarkedDelivery(events_hook.vault, now=utc_now),
    )


def outside_rotations(
    hook: WebWorkHook, events_hook: WebWorkEventsHook, *, actor: str, keep_token: Callable[[str], None]
) -> OutsideRotations:
    """Return what rotates webhooks for the receivers of others.

    :param actor: who rotates, for the audit.
    :param keep_token: hands a new webhook's token over to the receiver.
    """
    from airflow_provider_webwork.lifecycle.outside_rotation import OutsideRotations

    return OutsideRotations(
        webhooks=hook.webhooks,
        endpoints=events_hook.endpoints,
        rotations=events_hook.rotations(actor),
        turns=_turns(events_hook),
        keep_token=keep_token,
        now=utc_now,
    )


def once_per_run(
    hook: WebWorkHook, events_hook: WebWorkEventsHook, *, actor: str, keep_token: Callable[[Webhook], None]
) -> OncePerRun:
    """Return what registers a URL anew, or only if it is not registered, once for a Dag run.

    :param actor: who does it, for the audit.
    :param keep_token: hands a new webhook's token over to the receiver.
    """
    from airflow_provider_webwork.lifecycle.once import OncePerRun

    return OncePerRun(
        webhooks=hook.webhooks,
        rotations=events_hook.rotations(actor),
        turns=_turns(events_hook),
        keep_token=keep_token,
        now=utc_now,
    )


def reconciliation(hook: WebWorkHook, events_hook: WebWorkEventsHook) -> Reconciliation:
    """Return what compares the event log with the API and adds what it lacks."""
    from airflow_provider_webwork.events.restoring import Restoring
    from airflow_provider_webwork.lifecycle.reconcile import Reconciliation

    return Reconciliation(
        client=hook.client,
        restoring=Restoring(events_hook.store),
        retention=timedelta(days=events_hook.settings.retention),
        now=utc_now,
    )


def _turns(events_hook: WebWorkEventsHook) -> Turns:
    from airflow_provider_webwork.events.leases import Leases
    from airflow_provider_webwork.lifecycle.turns import Turns

    return Turns(leases=Leases(events_hook.store, now=utc_now))
