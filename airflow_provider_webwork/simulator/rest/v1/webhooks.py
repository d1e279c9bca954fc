"""Webhooks of API v1, the only section below ``/rest-api/v1``."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.rest.call import Call
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.v1.answers import SUCCESS, does, shows


def list_webhooks(call: Call) -> Any:
    """List the webhooks, tokens included."""
    return call.paged([webhook.row() for webhook in call.workspace.webhooks.listed()], listing=_WEBHOOKS, view=dict)


def get_webhook(call: Call) -> Any:
    """Show one webhook, token included."""
    return {**SUCCESS, "data": call.workspace.webhooks.get(call.path["webhook_id"]).row()}


def create_webhook(call: Call) -> Any:
    """Register a webhook; unlike in API v2 the answer has it under ``webhook``."""
    webhook = call.workspace.webhooks.create(url=call.body.get("url"), events=call.body.get("events"))
    return {**SUCCESS, "webhook": webhook.row()}


def update_webhook(call: Call) -> Any:
    """Change URL and events."""
    url, events = call.body.get("url"), call.body.get("events")
    call.workspace.webhooks.update(call.path["webhook_id"], url=url, events=events)
    return SUCCESS


def delete_webhook(call: Call) -> Any:
    """Remove a webhook."""
    call.workspace.webhooks.delete(call.path["webhook_id"])
    return SUCCESS


_WEBHOOKS = Listing(operation_id="v1ListWebhooks", shape="max_rows")
_ROOT = "/rest-api/v1/webhooks"
_WEBHOOK = f"{_ROOT}/{{webhook_id}}"

OPERATIONS = (
    shows("v1ListWebhooks", _ROOT, list_webhooks, access="managers"),
    shows("v1GetWebhook", _WEBHOOK, get_webhook, access="managers"),
    does("v1CreateWebhook", "POST", _ROOT, create_webhook),
    does("v1UpdateWebhook", "PUT", _WEBHOOK, update_webhook),
    does("v1DeleteWebhook", "DELETE", _WEBHOOK, delete_webhook),
)
