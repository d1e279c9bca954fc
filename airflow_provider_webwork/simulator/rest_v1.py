"""API v1: webhooks alone, as https://www.webwork-tracker.com/rest-api/doc/webhooks prints them."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

from starlette.responses import JSONResponse

from airflow_provider_webwork.simulator.calls import Call, RefusedError
from airflow_provider_webwork.simulator.operation import Handler
from airflow_provider_webwork.simulator.world import World


class DialectV1:
    """HTTP Basic; every failure is an HTTP 200 with ``success: false`` and a list of messages.

    Public integrations show both; WebWork's own page about authentication is not among those we could read.
    """

    def authenticate(self, world: World, authorization: str) -> None:
        """Check login and password.

        :raises RefusedError: if they are missing or wrong.
        """
        scheme, _, encoded = authorization.partition(" ")
        try:
            shown = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
        except binascii.Error:
            shown = b""
        expected = f"{world.credentials.login}:{world.credentials.password}".encode()
        if not hmac.compare_digest(shown, expected):
            raise RefusedError(401, "Invalid username or password.")

    def refuse(self, _world: World, refusal: RefusedError) -> JSONResponse:
        """Return the failure as a successful HTTP answer."""
        return JSONResponse({"success": False, "message": [refusal.message]})


def list_webhooks(world: World, call: Call) -> Any:
    """List the webhooks, tokens included."""
    rows = [webhook.row() for webhook in world.webhooks.all()]
    return world.paging.page(rows, call.query, documented="max_rows", meta=world.meta())


def get_webhook(world: World, call: Call) -> Any:
    """Show one webhook, token included."""
    return {"success": True, "data": world.webhooks.get(call.path["webhook_id"]).row()}


def create_webhook(world: World, call: Call) -> Any:
    """Register a webhook; unlike in API v2 the answer has it under ``webhook``."""
    webhook = world.webhooks.create(url=call.body.get("url"), events=call.body.get("events"))
    return {"success": True, "webhook": webhook.row()}


def update_webhook(world: World, call: Call) -> Any:
    """Change URL and events."""
    world.webhooks.update(call.path["webhook_id"], url=call.body.get("url"), events=call.body.get("events"))
    return {"success": True}


def delete_webhook(world: World, call: Call) -> Any:
    """Remove a webhook."""
    world.webhooks.delete(call.path["webhook_id"])
    return {"success": True}


DIALECT_V1 = DialectV1()

OPERATIONS_V1: tuple[tuple[str, str, str, Handler], ...] = (
    ("v1ListWebhooks", "GET", "/webhooks", list_webhooks),
    ("v1CreateWebhook", "POST", "/webhooks", create_webhook),
    ("v1GetWebhook", "GET", "/webhooks/{webhook_id}", get_webhook),
    ("v1UpdateWebhook", "PUT", "/webhooks/{webhook_id}", update_webhook),
    ("v1DeleteWebhook", "DELETE", "/webhooks/{webhook_id}", delete_webhook),
)
