"""Workspaces, members and project viewers of API v2."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.data.company import ROLES
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import stamp
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, Operation, reads, writes
from airflow_provider_webwork.simulator.rest.fields import Field, integer, optional_integer, optional_text
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Resource, equals
from airflow_provider_webwork.simulator.rest.v2.answers import born, data, life, said


def get_workspaces(call: Call) -> Any:
    """List the workspaces of the caller; the only operation that names none."""
    mine = [
        (workspace, member)
        for workspace in call.world.workspaces.values()
        if (member := workspace.members.find(call.caller["id"])) and not member["deleted_at"]
    ]
    rows = [workspace.row(member) for workspace, member in mine]
    return call.paged(rows, listing=Listing(operation_id="getWorkspaces", shape="meta_pagination"), view=dict)


def member_row(call: Call, member: Record) -> dict[str, Any]:
    """Return a member as ``GET /members`` shows it."""
    columns = (
        *("id", "email", "firstname", "lastname", "avatar", "current_role", "timezone", "status", "team_name", "title"),
        *("rate", "rate_type", "rate_status", "weekly_hours_limit", "screenshots", "is_blocked"),
    )
    row = {column: member[column] for column in columns}
    return {**row, "rate": member["rate"] if call.sees_rates else None, **life(member)}


def viewer_row(call: Call, viewer: Record) -> dict[str, Any]:
    """Return a project viewer with the names of the projects."""
    projects = (call.workspace.projects.find(project_id) for project_id in viewer["projects"])
    return {
        **{column: viewer[column] for column in ("id", "email", "firstname", "lastname", "status")},
        "member_since": stamp(viewer["member_since"]),
        "projects": [{"project_id": each["id"], "project_name": each["name"]} for each in projects if each],
    }


def check_email(call: Call, values: dict[str, Any]) -> None:
    """Refuse an address that a member or viewer has already; WebWork does not say whether it does."""
    for each in (*call.workspace.members.all(), *call.workspace.viewers.all()):
        if each["email"] == values.get("email"):
            raise RefusedError(400, "The email has already been taken.")


def invited(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a member who is invited."""
    check_email(call, values)
    plain = {"avatar": None, "timezone": "UTC", "team_id": None, "team_name": None, "title_id": None, "title": None}
    pay = {"rate": None, "rate_type": None, "rate_status": 0}
    rules = {"weekly_hours_limit": 40, "screenshots": "full", "is_blocked": False, "status": "active"}
    return {**plain, **pay, **rules, "current_role": "Regular User", **values, **born(call)}


def invited_viewer(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a project viewer who is invited."""
    check_email(call, values)
    return {**values, "status": "active", "member_since": call.now, "projects": [], "deleted_at": None}


def assign_project(call: Call) -> Any:
    """Give a viewer access to a project."""
    viewer, project_id = _viewer_and_project(call)
    if project_id not in viewer["projects"]:
        viewer["projects"].append(project_id)
    return data(call, viewer_row(call, viewer))


def unassign_project(call: Call) -> Any:
    """Take a project away from a viewer."""
    viewer, project_id = _viewer_and_project(call)
    if project_id not in viewer["projects"]:
        raise RefusedError(404, "The viewer is not assigned to this project.")
    viewer["projects"].remove(project_id)
    return said("Project unassigned.")(call, viewer)


def restore_viewer(call: Call) -> Any:
    """Bring back an archived viewer."""
    viewer = VIEWERS.one(call)
    viewer.update({"deleted_at": None, "status": "active"})
    return said("Project viewer restored.")(call, viewer)


def _viewer_and_project(call: Call) -> tuple[Record, int]:
    project = call.workspace.projects.get(integer(call.body, "project_id"))
    return VIEWERS.one(call), project["id"]


def _changed_member(call: Call, member: Record, values: dict[str, Any]) -> dict[str, Any]:
    if values.get("email") != member["email"]:
        check_email(call, values)
    # `remove_avatar` is an order, not a column.
    return {**values, "avatar": None} if values.pop("remove_avatar", 0) else values


def _invitation(call: Call, member: Record) -> dict[str, Any]:
    link = f"https://webwork.example/invitations/{call.workspace.seed.text('invited', member['id'])}"
    return data(call, {"user_id": member["id"], "invitation_link": link})


MEMBERS = Resource(
    records=lambda workspace: workspace.members,
    key="memberId",
    view=member_row,
    visible=lambda call, member: call.sees_user(member["id"]),
    fields=(
        Field("email", optional_text, nullable=False),
        Field("firstname", optional_text, nullable=False),
        Field("lastname", optional_text, nullable=False),
        Field("timezone", optional_text),
        Field("role", optional_text, column="current_role", choices=ROLES[1:], nullable=False),
        Field("rate_status", optional_integer, choices=(0, 1), nullable=False),
        Field("weekly_hours_limit", optional_integer),
        Field("remove_avatar", optional_integer, choices=(0, 1)),
    ),
    filters=(
        equals("email", optional_text),
        equals("status", optional_text),
        equals("role", optional_text, column="current_role"),
    ),
    complete=invited,
    amend=_changed_member,
    created=_invitation,
    changed=lambda call, member: data(call, member_row(call, member)),
    removed=said("Member archived."),
    events={"created": "member.invited", "changed": "member.updated", "removed": "member.archived"},
)

VIEWERS = Resource(
    records=lambda workspace: workspace.viewers,
    key="viewerId",
    view=viewer_row,
    visible=lambda call, viewer: call.is_manager or any(map(call.sees_project, viewer["projects"])),
    fields=(
        Field("email", optional_text, nullable=False),
        Field("firstname", optional_text, nullable=False),
        Field("lastname", optional_text),
    ),
    filters=(equals("email", optional_text),),
    complete=invited_viewer,
    created=lambda call, viewer: data(call, viewer_row(call, viewer)),
    changed=lambda call, viewer: data(call, viewer_row(call, viewer)),
    removed=said("Project viewer archived."),
)

_PERSON = ("email", "firstname", "lastname")
_MEMBERS = Listing(operation_id="getMembers", shape="meta_pagination")
# The envelope of this listing is not shown anywhere.
_VIEWERS = Listing(operation_id="getProjectViewers", shape="meta_pagination")
_VIEWER = "/project-viewers/{viewerId}"

OPERATIONS = (
    Operation("getWorkspaces", "GET", "/workspaces", get_workspaces, workspace="none"),
    reads("getMembers", "/members", MEMBERS.listing(_MEMBERS)),
    writes("inviteMember", "POST", "/members", MEMBERS.creating(*_PERSON, "role"), workspace="disputed"),
    reads("getMember", "/members/{memberId}", MEMBERS.showing(data)),
    writes("updateMember", "PUT", "/members/{memberId}", MEMBERS.changing(), workspace="disputed"),
    writes("deleteMember", "DELETE", "/members/{memberId}", MEMBERS.archiving(), workspace="disputed"),
    reads("getProjectViewers", "/project-viewers", VIEWERS.listing(_VIEWERS)),
    writes("createProjectViewer", "POST", "/project-viewers", VIEWERS.creating(*_PERSON), status=201),
    reads("getProjectViewer", _VIEWER, VIEWERS.showing(data)),
    writes("deleteProjectViewer", "DELETE", _VIEWER, VIEWERS.archiving()),
    writes("restoreProjectViewer", "POST", f"{_VIEWER}/restore", restore_viewer),
    writes("assignProjectToViewer", "POST", f"{_VIEWER}/assign-project", assign_project),
    writes("unassignProjectFromViewer", "DELETE", f"{_VIEWER}/unassign-project", unassign_project),
)
