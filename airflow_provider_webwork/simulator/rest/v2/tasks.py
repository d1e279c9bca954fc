"""Tasks of API v2, and who is assigned to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import micro_stamp
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, reads, writes
from airflow_provider_webwork.simulator.rest.fields import (
    Field,
    check_order,
    integer,
    optional_integer,
    optional_integers,
    optional_text,
    optional_written_day,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Resource, equals
from airflow_provider_webwork.simulator.rest.v2.answers import born, data, life, said

PRIORITIES = {10: "Urgent", 20: "High", 30: "Normal", 40: "Low"}

_BASE_STATUSES = (0, 10, 20, 30)
_OLD_STATUS_NAMES = dict(zip(_BASE_STATUSES, ("Incomplete", "Doing", "Done", "Completed"), strict=True))
_NEW_STATUS_NAMES = dict(zip(_BASE_STATUSES, ("Open", "In Progress", "Done", "Closed"), strict=True))
_STATUS_COLORS = dict(zip(_BASE_STATUSES, ("#9e9e9e", "#2196f3", "#4caf50", "#607d8b"), strict=True))


def task_row(call: Call, task: Record) -> dict[str, Any]:
    """Return a task; old pages show who is assigned to it, new ones do not."""
    columns = ("id", "title", "description", "project_id", "owner_id", "creator_id", "parent_id", "status", "priority")
    names = _OLD_STATUS_NAMES if call.old else _NEW_STATUS_NAMES
    row = {
        **{column: task[column] for column in columns},
        "status_name": names.get(task["status"], f"Custom {task['status']}"),
        "status_color": _STATUS_COLORS.get(task["status"], "#000000"),
        "priority_name": PRIORITIES.get(task["priority"]),
        "start_date": task["start_date"],
        "end_date": task["end_date"],
        "completed_at": task["completed_at"] and micro_stamp(task["completed_at"]),
        **life(task),
    }
    if call.new:
        return row
    assignees = [{key: each[key] for key in ("id", "firstname", "lastname")} for each in _assignees(call, task)]
    return {**row, "assignees": assignees}


def new_task(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a task that is created."""
    call.workspace.projects.get(values["project_id"])
    check_order(values, "start_date", "end_date")
    if values.get("status", 0) not in _BASE_STATUSES:
        raise RefusedError(400, "The selected status is invalid.")
    empty = dict.fromkeys(("description", "parent_id", "start_date", "end_date", "completed_at"))
    people = {"owner_id": call.caller["id"], "creator_id": call.caller["id"]}
    normal = {"status": 0, "priority": 30 if call.old else None}
    return {**empty, **people, **normal, "assignees": [], **values, **born(call)}


def changed_task(call: Call, task: Record, values: dict[str, Any]) -> dict[str, Any]:
    """Return what a change makes of a task; the project is there to name the task, and does not change."""
    _named_task(call, call.body)
    check_order({**task, **values}, "start_date", "end_date")
    done = values.get("status") == 30 and task["completed_at"] is None
    return {**values, "completed_at": call.now} if done else values


def list_tasks(call: Call) -> Any:
    """List the tasks of a project, or of the project behind a contract."""
    project_id = optional_integer(call.query, "project_id")
    contract_id = None if call.old else optional_integer(call.query, "contract_id")
    if project_id is None and contract_id is not None:
        project_id = call.workspace.contracts.get(contract_id)["project_id"]
    if project_id is None:
        raise RefusedError(400, "The project_id field is required.")
    call.workspace.projects.get(project_id)
    order = optional_text(call.query, "order_by") or "asc"
    if order not in {"asc", "desc"}:
        raise RefusedError(400, "The selected order_by is invalid.")
    rows = [row for row in TASKS.matching(call) if row["project_id"] == project_id]
    rows.sort(key=lambda task: task["id"], reverse=order == "desc")
    return call.paged(rows, listing=_TASKS, view=lambda task: task_row(call, task))


def get_task(call: Call) -> Any:
    """Show a task."""
    return data(call, task_row(call, _named_task(call, call.query)))


def delete_task(call: Call) -> Any:
    """Forget a task; the body names workspace and project."""
    _named_task(call, call.body)
    return _delete(call)


def list_assignees(call: Call) -> Any:
    """List who is assigned to a task; not paged."""
    keys = ("id", "firstname", "lastname", "email")
    return data(call, [{key: each[key] for key in keys} for each in _assignees(call, _named_task(call, call.query))])


def assign(call: Call) -> Any:
    """Assign a member to a task; the answer has both ids as text."""
    task, member = _named_task(call, call.body), call.workspace.members.get(call.path["userId"])
    if member["id"] not in task["assignees"]:
        task["assignees"].append(member["id"])
    both = {"task_id": str(task["id"]), "user_id": str(member["id"])}
    return data(call, {"id": call.workspace.seed.number(1 << 20, *both.values()), **both})


def unassign(call: Call) -> Any:
    """Take a member off a task."""
    task, user_id = _named_task(call, call.body), integer(call.path, "userId")
    if user_id not in task["assignees"]:
        raise RefusedError(404, "The member is not assigned to this task.")
    task["assignees"].remove(user_id)
    return said("Member unassigned.")(call, task)


def _named_task(call: Call, named: Mapping[str, Any]) -> Record:
    task = TASKS.one(call)
    if integer(named, "project_id") != task["project_id"]:
        raise RefusedError(404, "Task not found.")
    return task


def _assignees(call: Call, task: Record) -> list[Record]:
    members = (call.workspace.members.find(user_id) for user_id in task["assignees"])
    return [member for member in members if member]


TASKS = Resource(
    records=lambda workspace: workspace.tasks,
    key="taskId",
    view=task_row,
    visible=lambda call, task: call.sees_project(task["project_id"]),
    fields=(
        Field("project_id", integer),
        Field("title", optional_text, nullable=False),
        Field("description", optional_text),
        Field("status", optional_integer, nullable=False),
        Field("priority", optional_integer, choices=tuple(PRIORITIES)),
        Field("start_date", optional_written_day),
        Field("end_date", optional_written_day),
        Field("parent_id", optional_integer),
        Field("assignees", lambda fields, name: optional_integers(fields, name) or []),
    ),
    filters=(
        equals("status", optional_integer),
        equals("priority", optional_integer),
        equals("parent_id", optional_integer),
    ),
    complete=new_task,
    amend=changed_task,
    created=lambda call, task: data(call, task_row(call, task)),
    changed=lambda call, task: data(call, task_row(call, task)),
    removed=said("Task deleted."),
    events={"changed": "task.updated"},
)

# The example shows no pagination though `page` and `per_page` are documented; a third party's catalogue reads it here.
_TASKS = Listing(operation_id="getTasks", shape="meta_pagination")
_TASK = "/tasks/{taskId}"
_delete = TASKS.removing()

OPERATIONS = (
    reads("getTasks", "/tasks", list_tasks),
    writes("createTask", "POST", "/tasks", TASKS.creating("project_id", "title")),
    reads("getTask", _TASK, get_task),
    writes("updateTask", "PUT", _TASK, TASKS.changing("project_id")),
    writes("deleteTask", "DELETE", _TASK, delete_task),
    reads("getTaskAssignees", f"{_TASK}/assignees", list_assignees),
    writes("assignTask", "POST", f"{_TASK}/assign/{{userId}}", assign),
    writes("unassignTask", "DELETE", f"{_TASK}/unassign/{{userId}}", unassign),
)
