"""API v2: workspaces, members, webhooks and time tracking, as the pages of WebWork print them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from airflow_provider_webwork.simulator.calls import Call, RefusedError, integer, optional_integer, optional_text
from airflow_provider_webwork.simulator.operation import Handler
from airflow_provider_webwork.simulator.state import MANAGER_ROLES, stamp
from airflow_provider_webwork.simulator.world import World


class DialectV2:
    """Bearer token; errors carry their HTTP status and one message (any operation page of API v2)."""

    def authenticate(self, world: World, authorization: str) -> None:
        """Check the personal access token.

        :raises RefusedError: 401 if it is missing or wrong.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            token.strip().encode(), world.credentials.token.encode()
        ):
            raise RefusedError(401, "Unauthenticated.")

    def refuse(self, world: World, refusal: RefusedError) -> JSONResponse:
        """Return the error envelope."""
        return JSONResponse(
            {"success": False, "message": refusal.message, "error": None, "meta": world.meta()},
            status_code=refusal.status,
        )


def get_workspaces(world: World, call: Call) -> Any:
    """List the workspaces of the caller."""
    rows = [world.workspace.row()]
    return world.paging.page(rows, call.query, documented="meta_pagination", meta=world.meta())


def get_members(world: World, call: Call) -> Any:
    """List the members, filtered by exact e-mail, status and role."""
    _check_workspace(world, call.query)
    rows = [member.row() for member in world.workspace.members]
    for parameter, field in (("email", "email"), ("status", "status"), ("role", "current_role")):
        wanted = call.query.get(parameter)
        rows = [row for row in rows if wanted in {None, row[field]}]
    return world.paging.page(rows, call.query, documented="meta_pagination", meta=world.meta())


def get_member(world: World, call: Call) -> Any:
    """Show one member."""
    _check_workspace(world, call.query)
    member = world.member(integer(call.path, "memberId"))
    return {"success": True, "data": member.row(), "meta": world.meta()}


def get_webhooks(world: World, call: Call) -> Any:
    """List the webhooks, tokens included."""
    _check_workspace(world, call.query, managers_only=True)
    rows = [webhook.row() for webhook in world.webhooks.all()]
    return world.paging.page(rows, call.query, documented="max_rows", meta=world.meta())


def create_webhook(world: World, call: Call) -> Any:
    """Register a webhook."""
    _check_workspace(world, call.body, managers_only=True)
    webhook = world.webhooks.create(url=call.body.get("url"), events=call.body.get("events"))
    return {"success": True, "data": webhook.row()}


def get_webhook(world: World, call: Call) -> Any:
    """Show one webhook, token included."""
    _check_workspace(world, call.query, managers_only=True)
    return {"success": True, "data": world.webhooks.get(call.path["webhookId"]).row()}


def update_webhook(world: World, call: Call) -> Any:
    """Change URL and events; the answer says no more than that it worked."""
    _check_workspace(world, call.body, managers_only=True)
    world.webhooks.update(call.path["webhookId"], url=call.body.get("url"), events=call.body.get("events"))
    return {"success": True}


def delete_webhook(world: World, call: Call) -> Any:
    """Remove a webhook; the workspace is named in the body."""
    _check_workspace(world, call.body, managers_only=True)
    world.webhooks.delete(call.path["webhookId"])
    return {"success": True}


def start_time_tracking(world: World, call: Call) -> Any:
    """Clock a member in."""
    _check_workspace(world, call.body, managers_only=True)
    tracker, _ = world.start_tracker(
        integer(call.body, "user_id"),
        contract_id=optional_integer(call.body, "contract_id"),
        task_id=optional_integer(call.body, "task_id"),
        activity_description=optional_text(call.body, "activity_description"),
    )
    return {"success": True, "data": {"message": "Tracker started.", **tracker.row()}, "meta": world.meta()}


def stop_time_tracking(world: World, call: Call) -> Any:
    """Clock a member out."""
    _check_workspace(world, call.body, managers_only=True)
    stopped_at, _ = world.stop_tracker(integer(call.body, "user_id"))
    return {
        "success": True,
        "data": {"message": "Tracker stopped.", "stopped_at": stamp(stopped_at)},
        "meta": world.meta(),
    }


def get_current_tracker_data(world: World, call: Call) -> Any:
    """Show what a member tracked today."""
    _check_workspace(world, call.query)
    member = world.member(integer(call.query, "user_id"))
    return {"success": True, "data": world.trackers.current(member, at=world.now()), "meta": world.meta()}


def _check_workspace(world: World, fields: Mapping[str, Any], *, managers_only: bool = False) -> None:
    if integer(fields, "workspace_id") != world.workspace.id:
        raise RefusedError(403, "You do not have access to this workspace.")
    if managers_only and world.workspace.caller.role not in MANAGER_ROLES:
        raise RefusedError(403, "Only workspace owners and executive managers may do this.")


DIALECT_V2 = DialectV2()

OPERATIONS_V2: tuple[tuple[str, str, str, Handler], ...] = (
    ("getWorkspaces", "GET", "/workspaces", get_workspaces),
    ("getMembers", "GET", "/members", get_members),
    ("getMember", "GET", "/members/{memberId}", get_member),
    ("getWebhooks", "GET", "/webhooks", get_webhooks),
    ("createWebhook", "POST", "/webhooks", create_webhook),
    ("getWebhook", "GET", "/webhooks/{webhookId}", get_webhook),
    ("updateWebhook", "PUT", "/webhooks/{webhookId}", update_webhook),
    ("deleteWebhook", "DELETE", "/webhooks/{webhookId}", delete_webhook),
    ("startTimeTracking", "POST", "/time-tracking/start", start_time_tracking),
    ("stopTimeTracking", "POST", "/time-tracking/stop", stop_time_tracking),
    ("getCurrentTrackerData", "GET", "/time-tracking/current-data", get_current_tracker_data),
)
