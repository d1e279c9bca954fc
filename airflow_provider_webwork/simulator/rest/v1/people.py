"""Users and project viewers of API v1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import plain_stamp
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call
from airflow_provider_webwork.simulator.rest.fields import Field, integer, optional_integer, optional_text
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import equals
from airflow_provider_webwork.simulator.rest.v1.answers import SUCCESS, bare, does, life, shows, under
from airflow_provider_webwork.simulator.rest.v2.people import MEMBERS, VIEWERS

ROLE_NUMBERS = {10: "Executive manager", 20: "Team manager", 25: "Project manager", 30: "Regular User"}
"""Public code sends 30 for a new user; which number is which role is made up."""


def user_row(call: Call, member: Record) -> dict[str, Any]:
    """Return a user as the newer page shows one, or as the older one does."""
    row = {column: member[column] for column in ("id", "firstname", "lastname", "email", "avatar")}
    if call.old:
        name = f"{member['firstname']} {member['lastname']}"
        groups = [member["team_name"]] if member["team_name"] else []
        return {
            **row,
            "fullname": name,
            "current_owner_id": 1,
            "deleted_at": life(member)["deleted_at"],
            "groups": groups,
        }
    columns = ("current_role", "timezone", "status", "team_name", "rate_type", "rate_status", "is_blocked")
    unset = dict.fromkeys(("settings_max_inactive_minutes", "tax_country", "tax_state"))
    return {
        **row,
        **{column: member[column] for column in (*columns, "weekly_hours_limit", "screenshots")},
        "current_owner_id": 1,
        "preferred_timezone": member["timezone"],
        "currency": "USD",
        "rate": member["rate"] if call.sees_rates else None,
        **unset,
        **life(member),
    }


def list_users(call: Call) -> Any:
    """List everybody; with an e-mail the older page answers with one object."""
    rows = _list_users(call)
    if not call.old or "email" not in call.query:
        return rows
    if not rows:
        raise RefusedError(404, "User not found.")
    return rows[0]


def update_user(call: Call) -> Any:
    """Change a user. The page is cut off before it says whom: here ``user_id`` or ``id``, or else the caller."""
    user_id = optional_integer(call.body, "user_id") or optional_integer(call.body, "id") or call.caller["id"]
    return _change_user(replace(call, path={"user_id": user_id}))


def assign_project(call: Call) -> Any:
    """Give a viewer access to a project."""
    viewer = call.workspace.viewers.get(integer(call.body, "project_viewer_id"))
    project = call.workspace.projects.get(integer(call.body, "project_id"))
    if project["id"] not in viewer["projects"]:
        viewer["projects"].append(project["id"])
    return SUCCESS


def viewer_row(call: Call, viewer: Record) -> dict[str, Any]:
    """Return a project viewer."""
    return {**VIEWERS.view(call, viewer), "member_since": plain_stamp(viewer["member_since"])}


def _role(fields: Any, name: str) -> str | None:
    number = optional_integer(fields, name)
    if number is None:
        return None
    if number not in ROLE_NUMBERS:
        raise RefusedError(400, f"The selected {name} is invalid.")
    return ROLE_NUMBERS[number]


USERS = replace(
    MEMBERS,
    key="user_id",
    view=user_row,
    fields=(
        Field("email", optional_text, nullable=False),
        Field("firstname", optional_text, nullable=False),
        Field("lastname", optional_text, nullable=False),
        Field("role", _role, column="current_role", nullable=False),
        Field("position", optional_text, column="title"),
        Field("team", optional_text, column="team_name"),
        Field("timezone", optional_text),
        Field("weekly_hours_limit", optional_integer),
    ),
    filters=(equals("email", optional_text),),
    created=under("user", user_row),
    changed=lambda _call, _user: SUCCESS,
    removed=lambda _call, _user: SUCCESS,
    events={},
)

VIEWERS_V1 = replace(
    VIEWERS,
    key="id",
    view=viewer_row,
    created=lambda _call, _viewer: SUCCESS,
    removed=lambda _call, _viewer: SUCCESS,
)

_list_users = USERS.listing(Listing(operation_id="v1ListUsers", shape="bare_array"))
_change_user = USERS.changing()
_PERSON = ("email", "firstname", "lastname")
_VIEWERS = Listing(operation_id="v1ListProjectViewers", shape="bare_array")
_ROOT = "/rest-api/project-viewers"

OPERATIONS = (
    shows("v1ListUsers", "/rest-api/users", list_users),
    shows("v1GetUser", "/rest-api/users/{user_id}", USERS.showing(bare)),
    does("v1UpdateUser", "PUT", "/rest-api/users", update_user),
    does("v1CreateUser", "POST", "/rest-api/users", USERS.creating(*_PERSON)),
    does("v1DeleteUser", "DELETE", "/rest-api/users/{user_id}", USERS.archiving()),
    shows("v1ListProjectViewers", _ROOT, VIEWERS_V1.listing(_VIEWERS)),
    shows("v1GetProjectViewer", f"{_ROOT}/{{id}}", VIEWERS_V1.showing(bare)),
    does("v1InviteProjectViewer", "POST", _ROOT, VIEWERS_V1.creating(*_PERSON)),
    does("v1AssignProjectToViewer", "POST", f"{_ROOT}/assign-project", assign_project),
    does("v1DeleteProjectViewer", "DELETE", f"{_ROOT}/{{id}}", VIEWERS_V1.archiving()),
)
