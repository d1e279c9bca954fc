"""Projects, tasks and contracts of API v1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import plain_stamp
from airflow_provider_webwork.simulator.rest.call import Call
from airflow_provider_webwork.simulator.rest.fields import check_order, optional_integer
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import equals
from airflow_provider_webwork.simulator.rest.v1.answers import SUCCESS, bare, does, life, shows, under
from airflow_provider_webwork.simulator.rest.v2.contracts import CONTRACTS
from airflow_provider_webwork.simulator.rest.v2.projects import PROJECTS
from airflow_provider_webwork.simulator.rest.v2.tasks import TASKS


def listed_project(call: Call, project: Record) -> dict[str, Any]:
    """Return a project as the listing shows it, with the contract of the caller."""
    own = (
        each["id"]
        for each in call.workspace.contracts.all()
        if (each["project_id"], each["user_id"]) == (project["id"], call.caller["id"])
    )
    return {
        "id": project["id"],
        "project_name": project["name"],
        "contract_id": next(own, None),
        "user_id": call.caller["id"],
        "deleted_at": life(project)["deleted_at"],
        "tags": project["tags"],
    }


def project_row(_call: Call, project: Record) -> dict[str, Any]:
    """Return one project."""
    columns = ("id", "owner_id", "name", "status", "start_date", "estimation", "deadline", "notes")
    return {**{column: project[column] for column in columns}, **life(project)}


def task_row(_call: Call, task: Record) -> dict[str, Any]:
    """Return a task."""
    columns = (
        *("id", "creator_id", "owner_id", "project_id", "title", "description", "status", "priority"),
        *("start_date", "end_date"),
    )
    done = task["completed_at"] and plain_stamp(task["completed_at"])
    details = {"completed_at": done, "has_details": bool(task["description"])}
    return {**{column: task[column] for column in columns}, **details, **life(task)}


def contract_row(call: Call, contract: Record) -> dict[str, Any]:
    """Return a contract."""
    columns = ("id", "user_id", "project_id", "notes", "weekly_hours_limit", "screenshots", "status")
    stamps = {name: value for name, value in life(contract).items() if name != "deleted_at"}
    rate = contract["rate"] if call.sees_rates else None
    return {**{column: contract[column] for column in columns}, "rate": rate, **stamps}


def changed_task(_call: Call, task: Record, values: dict[str, Any]) -> dict[str, Any]:
    """Return what a change makes of a task, which stays in its project."""
    check_order({**task, **values}, "start_date", "end_date")
    return {name: value for name, value in values.items() if name != "project_id"}


def update_contract(call: Call) -> Any:
    """Change a contract. The page shows no id: here ``contract_id`` or ``id``, or else the caller's first contract."""
    own = next((each["id"] for each in call.workspace.contracts.all() if each["user_id"] == call.caller["id"]), 0)
    contract_id = optional_integer(call.body, "contract_id") or optional_integer(call.body, "id") or own
    return _change_contract(replace(call, path={"contract_id": contract_id}))


LISTED_PROJECTS = replace(PROJECTS, view=listed_project, filters=())
PROJECTS_V1 = replace(
    PROJECTS,
    key="project_id",
    view=project_row,
    created=under("project", project_row),
    changed=lambda _call, _project: SUCCESS,
    removed=lambda _call, _project: SUCCESS,
    events={},
)
TASKS_V1 = replace(
    TASKS,
    key="task_id",
    view=task_row,
    filters=(equals("project_id", optional_integer),),
    amend=changed_task,
    created=under("task", task_row),
    changed=lambda _call, _task: SUCCESS,
    removed=lambda _call, _task: SUCCESS,
    events={},
)
CONTRACTS_V1 = replace(
    CONTRACTS,
    key="contract_id",
    view=contract_row,
    filters=(equals("project_id", optional_integer), equals("user_id", optional_integer)),
    created=under("contract", contract_row),
    changed=lambda _call, _contract: SUCCESS,
    removed=lambda _call, _contract: SUCCESS,
)

_PROJECTS = Listing(operation_id="v1ListProjects", shape="bare_array")
_TASKS = Listing(operation_id="v1ListTasks", shape="bare_array")
_CONTRACTS = Listing(operation_id="v1ListContracts", shape="bare_array")
_change_contract = CONTRACTS_V1.changing("weekly_hours_limit", "screenshots", "rate")
_PROJECT, _TASK, _CONTRACT = (
    *("/rest-api/projects/{project_id}", "/rest-api/tasks/{task_id}"),
    "/rest-api/contracts/{contract_id}",
)

OPERATIONS = (
    shows("v1ListProjects", "/rest-api/projects", LISTED_PROJECTS.listing(_PROJECTS)),
    shows("v1GetProject", _PROJECT, PROJECTS_V1.showing(bare)),
    does("v1CreateProject", "POST", "/rest-api/projects", PROJECTS_V1.creating("name")),
    does("v1UpdateProject", "PUT", _PROJECT, PROJECTS_V1.changing("name")),
    does("v1DeleteProject", "DELETE", _PROJECT, PROJECTS_V1.archiving()),
    shows("v1ListTasks", "/rest-api/tasks", TASKS_V1.listing(_TASKS)),
    shows("v1GetTask", _TASK, TASKS_V1.showing(bare)),
    does("v1UpdateTask", "PUT", _TASK, TASKS_V1.changing()),
    # WebWork only names these two; the fields are those of API v2.
    does("v1CreateTask", "POST", "/rest-api/tasks", TASKS_V1.creating("project_id", "title")),
    does("v1DeleteTask", "DELETE", _TASK, TASKS_V1.removing()),
    shows("v1ListContracts", "/rest-api/contracts", CONTRACTS_V1.listing(_CONTRACTS)),
    shows("v1GetContract", _CONTRACT, CONTRACTS_V1.showing(bare)),
    does("v1UpdateContract", "PUT", "/rest-api/contracts", update_contract),
    # WebWork only names these two; the fields are those of API v2.
    does("v1CreateContract", "POST", "/rest-api/contracts", CONTRACTS_V1.creating("project_id", "user_id")),
    does("v1DeleteContract", "DELETE", _CONTRACT, CONTRACTS_V1.removing()),
)
