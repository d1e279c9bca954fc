"""Webhooks of API v2."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.rest.call import Call, reads, writes
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.v2.answers import data


def list_webhooks(call: Call) -> Any:
    """List the webhooks, tokens included."""
    listing = Listing(operation_id="getWebhooks", shape="meta_pagination" if call.new else "max_rows")
    return call.paged([webhook.row() for webhook in call.workspace.webhooks.listed()], listing=listing, view=dict)


def create_webhook(call: Call) -> Any:
    """Register a webhook."""
    webhook = call.workspace.webhooks.create(url=call.body.get("url"), events=call.body.get("events"))
    return _answer(call, webhook.row())


def get_webhook(call: Call) -> Any:
    """Show one webhook, token included."""
    return _answer(call, call.workspace.webhooks.get(call.path["webhookId"]).row())


def update_webhook(call: Call) -> Any:
    """Change URL and events; the answer says no more than that it worked."""
    url, events = call.body.get("url"), call.body.get("events")
    call.workspace.webhooks.update(call.path["webhookId"], url=url, events=events)
    return {"success": True}


def delete_webhook(call: Call) -> Any:
    """Remove a webhook; the workspace is named in the body."""
    call.workspace.webhooks.delete(call.path["webhookId"])
    return {"success": True}


def _answer(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    """Answer with a webhook; new pages show a ``meta`` here as everywhere, the best known one does not."""
    return data(call, row) if call.new else {"success": True, "data": row}


_WEBHOOK = "/webhooks/{webhookId}"

OPERATIONS = (
    reads("getWebhooks", "/webhooks", list_webhooks, access="managers"),
    writes("createWebhook", "POST", "/webhooks", create_webhook),
    reads("getWebhook", _WEBHOOK, get_webhook, access="managers"),
    writes("updateWebhook", "PUT", _WEBHOOK, update_webhook),
    writes("deleteWebhook", "DELETE", _WEBHOOK, delete_webhook),
)
