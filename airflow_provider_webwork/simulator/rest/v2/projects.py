"""Projects of API v2."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, reads, writes
from airflow_provider_webwork.simulator.rest.fields import (
    Field,
    check_order,
    optional_number,
    optional_text,
    optional_written_day,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Resource, contains
from airflow_provider_webwork.simulator.rest.v2.answers import born, data, life, said


def project_row(call: Call, project: Record) -> dict[str, Any]:
    """Return a project; what was written as ``budget`` is read as ``budget_estimation``."""
    columns = (
        *("id", "name", "owner_id", "start_date", "deadline", "estimation", "notes", "icon", "is_billable"),
        *("weekly_hours_limit", "screenshots", "tags", "status"),
    )
    contracts = call.workspace.contracts.all()
    return {
        **{column: project[column] for column in columns},
        "budget_estimation": project["budget"],
        "rate": project["rate"] if call.sees_rates else None,
        "contracts_count": sum(each["project_id"] == project["id"] for each in contracts),
        **life(project),
    }


def new_project(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a project that is created."""
    check_order(values, "start_date", "deadline")
    if len(values["name"]) > 255:
        raise RefusedError(400, "The name field must not be greater than 255 characters.")
    empty = dict.fromkeys(("start_date", "deadline", "estimation", "budget", "notes", "icon", "rate"))
    rules = {"is_billable": True, "weekly_hours_limit": 168, "screenshots": "blur", "tags": [], "status": 1}
    return {**empty, **rules, **values, "owner_id": call.caller["id"], **born(call)}


def changed_project(_call: Call, project: Record, values: dict[str, Any]) -> dict[str, Any]:
    """Return what a change makes of a project."""
    check_order({**project, **values}, "start_date", "deadline")
    return values


PROJECTS = Resource(
    records=lambda workspace: workspace.projects,
    key="projectId",
    view=project_row,
    visible=lambda call, project: call.sees_project(project["id"]),
    fields=(
        Field("name", optional_text, nullable=False),
        Field("start_date", optional_written_day),
        Field("deadline", optional_written_day),
        Field("estimation", optional_number),
        Field("budget", optional_number),
        Field("notes", optional_text),
        Field("icon", optional_text),
    ),
    filters=(contains("name", optional_text),),
    complete=new_project,
    amend=changed_project,
    created=lambda call, project: data(call, project_row(call, project)),
    changed=lambda call, project: data(call, project_row(call, project)),
    removed=said("Project archived."),
    events={"created": "project.created", "changed": "project.updated", "removed": "project.deleted"},
)

# The example shows no pagination though `page` and `per_page` are documented; a third party's catalogue reads it here.
_PROJECTS = Listing(operation_id="getProjects", shape="meta_pagination")
_PROJECT = "/projects/{projectId}"

OPERATIONS = (
    reads("getProjects", "/projects", PROJECTS.listing(_PROJECTS)),
    writes("createProject", "POST", "/projects", PROJECTS.creating("name"), workspace="disputed"),
    reads("getProject", _PROJECT, PROJECTS.showing(data)),
    writes("updateProject", "PUT", _PROJECT, PROJECTS.changing(), workspace="disputed"),
    writes("deleteProject", "DELETE", _PROJECT, PROJECTS.archiving(), workspace="disputed"),
)
