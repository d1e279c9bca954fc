"""Time entries of API v2; a listing is of one member and one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from airflow_provider_webwork.simulator.data.entries import MANUAL, minutes
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import at, stamp
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, reads, writes
from airflow_provider_webwork.simulator.rest.fields import (
    day,
    integer,
    optional_clock,
    optional_day,
    optional_integer,
    optional_text,
    present,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.v2.answers import data, said


def entry_row(call: Call, entry: Record) -> dict[str, Any]:
    """Return a time entry with the names of project and task; one that still runs has no end."""
    project = call.workspace.projects.find(entry["project_id"])
    task = call.workspace.tasks.find(entry["task_id"])
    return {
        "id": entry["id"],
        "user_id": entry["user_id"],
        "contract_id": entry["contract_id"],
        "project_id": entry["project_id"],
        "project_name": project and project["name"],
        "task_id": entry["task_id"],
        "task_title": task and task["title"],
        "activity_description": entry["activity_description"],
        "method": entry["method"],
        "date": f"{entry['date']}",
        "start_time": stamp(entry["start"]),
        "end_time": entry["end"] and stamp(entry["end"]),
        "duration_minutes": minutes(entry, now=call.now),
    }


def list_entries(call: Call) -> Any:
    """List the entries of a member on a day; without a further filter no row is made but those of the page."""
    user_id, on = integer(call.query, "user_id"), day(call.query, "date")
    if not call.sees_user(user_id):
        raise RefusedError(403, "You do not have access to this.")
    rows: Sequence[Record] = call.workspace.entries.on(user_id, on)
    for column in ("project_id", "task_id"):
        wanted = optional_integer(call.query, column)
        if wanted is not None:
            rows = [row for row in rows if row[column] == wanted]
    return call.paged(rows, listing=_ENTRIES, view=lambda entry: entry_row(call, entry))


def create_entry(call: Call) -> Any:
    """Add a manual entry, cut where others are in its way: less may be saved than was asked for."""
    body = call.body
    on = day(body, "date")
    start, end = _span(call, on, optional_clock(body, "start_time"), optional_clock(body, "end_time"))
    member = call.world.member(integer(body, "user_id"), workspace=call.workspace)
    contract_id, task_id = optional_integer(body, "contract_id"), optional_integer(body, "task_id")
    contract = None if contract_id is None else call.workspace.contracts.get(contract_id)
    if contract and contract["user_id"] != member["id"]:
        raise RefusedError(400, f"Contract {contract_id} is not a contract of the member.")
    entry = save_manual(
        call,
        {
            "user_id": member["id"],
            "contract_id": contract_id,
            "project_id": contract and contract["project_id"],
            "task_id": task_id,
            "activity_description": optional_text(body, "notes"),
            "start": start,
            "end": end,
        },
    )
    saved = minutes(entry, now=call.now)
    return {**data(call, entry_row(call, entry)), "saved_minutes": saved, "message": f"{saved} minutes saved."}


def save_manual(call: Call, values: dict[str, Any]) -> Record:
    """Add manual time as far as no other entry of the member covers it; what comes first is kept.

    :raises RefusedError: if nothing is left of it. WebWork says only that less may be saved than was asked for.
    """
    on = values["start"].astimezone(call.workspace.zone).date()
    start, end = values["start"], values["end"]
    for entry in call.workspace.entries.on(values["user_id"], on):
        until = entry["end"] or call.now
        if entry["start"] <= start < until:
            start = until
        elif start < entry["start"] < end:
            end = entry["start"]
    if start >= end:
        raise RefusedError(400, "The time overlaps with other time entries.")
    return call.workspace.entries.add({**values, "start": start, "end": end, "date": on, "method": MANUAL})


def update_entry(call: Call) -> Any:
    """Change an entry; a lone start or end keeps the other one."""
    entry, body, zone = call.workspace.entries.get(call.path["time_entry_id"]), call.body, call.workspace.zone
    if entry["end"] is None:
        raise RefusedError(400, "The time entry is still running.")
    values: dict[str, Any] = {}
    if optional_integer(body, "project_id") is not None:
        values["project_id"] = call.workspace.projects.get(integer(body, "project_id"))["id"]
    if "task_id" in body:
        values["task_id"] = optional_integer(body, "task_id")
    if "notes" in body:
        values["activity_description"] = optional_text(body, "notes")
    clocks = (optional_clock(body, "start_time"), optional_clock(body, "end_time"))
    on = optional_day(body, "date") or entry["date"]
    if any(clocks) or on != entry["date"]:
        kept = [entry[name].astimezone(zone).time() for name in ("start", "end")]
        start, end = _span(call, on, clocks[0] or kept[0], clocks[1] or kept[1])
        values = {**values, "date": on, "start": start, "end": end}
    return said("Time entry updated.")(call, call.workspace.entries.change(entry["id"], values))


def delete_entry(call: Call) -> Any:
    """Remove an entry for good; a tracker that it belongs to ends untold."""
    entry = call.workspace.entries.remove(call.path["time_entry_id"])
    call.workspace.trackers.forget(entry["id"])
    return said("Time entry deleted.")(call, entry)


def _span(call: Call, on: date, start: time | None, end: time | None) -> tuple[datetime, datetime]:
    first, last = present(start, "start_time"), present(end, "end_time")
    if first >= last:
        raise RefusedError(400, "The end_time field must be after start_time.")
    return at(on, first, call.workspace.zone), at(on, last, call.workspace.zone)


_ENTRIES = Listing(operation_id="getTimeEntries", shape="meta_pagination", largest=50)
_ENTRY = "/time-entries/{time_entry_id}"

OPERATIONS = (
    reads("getTimeEntries", "/time-entries", list_entries),
    writes("createTimeEntry", "POST", "/time-entries", create_entry, status=201),
    writes("updateTimeEntry", "PUT", _ENTRY, update_entry),
    writes("deleteTimeEntry", "DELETE", _ENTRY, delete_entry),
)
