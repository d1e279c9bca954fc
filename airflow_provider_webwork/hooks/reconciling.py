"""A connection and the event log together: what reconciling one with the other needs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_webwork.clock import utc_now

if TYPE_CHECKING:
    from airflow_provider_webwork.hooks.events import WebWorkEventsHook
    from airflow_provider_webwork.hooks.webwork import WebWorkHook
    from airflow_provider_webwork.lifecycle.reconcile import Reconciliation


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
