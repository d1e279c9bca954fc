"""Timesheets of API v2: reading them, and moving them on."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from airflow_provider_webwork.simulator.data.entries import minutes
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import plain_stamp
from airflow_provider_webwork.simulator.data.timesheets import entries_of, transition
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, Handler, reads, writes
from airflow_provider_webwork.simulator.rest.fields import optional_day, optional_integer, optional_text, present
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Filter, Resource, equals
from airflow_provider_webwork.simulator.rest.v2.amounts import amount_of
from airflow_provider_webwork.simulator.rest.v2.answers import said


def timesheet_row(call: Call, timesheet: Record) -> dict[str, Any]:
    """Return a timesheet: hours for old pages, minutes and days for new ones, both unless one is chosen."""
    entries = list(entries_of(timesheet, call.workspace.entries))
    total = sum(minutes(entry, now=call.now) for entry in entries)
    row = {
        "id": timesheet["id"],
        "user_id": timesheet["user_id"],
        "date_from": f"{timesheet['date_from']}",
        "date_to": f"{timesheet['date_to']}",
        "submitted_on": timesheet["submitted_on"] and plain_stamp(timesheet["submitted_on"]),
        "reject_reason": timesheet["reject_reason"],
        "status": "pending" if timesheet["status"] == "open" and not call.old else timesheet["status"],
    }
    hours = {"total_hours": round(total / 60, 2)}
    if call.old:
        return {**row, **hours}
    member = call.workspace.members.get(timesheet["user_id"])
    new = {
        "member": f"{member['firstname']} {member['lastname']}",
        "total_minutes": total,
        "daily_breakdown": _daily(call, entries),
        **({"total_amount": amount_of(call, entries)} if call.sees_rates else {}),
    }
    return {**row, **new} if call.new else {**row, **hours, **new}


def moves(to: str, *, of: Resource) -> Handler:
    """Return the operation that moves a timesheet to another status; to reject one takes a reason."""

    def handler(call: Call) -> Any:
        timesheet, reason = of.one(call), None
        if to == "rejected":
            reason = present(optional_text(call.body, "reason") or None, "reason")
        if not transition(timesheet, to, reason=reason, now=call.now):
            raise RefusedError(400, f"A timesheet that is {timesheet['status']} cannot become {to}.")
        return of.changed(call, timesheet)

    return handler


def _daily(call: Call, entries: list[Record]) -> dict[str, list[dict[str, Any]]]:
    days: dict[date, dict[tuple[Any, Any], int]] = defaultdict(lambda: defaultdict(int))
    for entry in entries:
        days[entry["date"]][entry["project_id"], entry["contract_id"]] += minutes(entry, now=call.now)
    return {
        f"{day}": [
            {
                "project_id": project_id,
                "project_name": (call.workspace.projects.find(project_id) or {}).get("name"),
                "contract_id": contract_id,
                "total_minutes": total,
            }
            for (project_id, contract_id), total in worked.items()
        ]
        for day, worked in days.items()
    }


def _status(record: Record, wanted: str) -> bool:
    return bool(record["status"] == ("open" if wanted == "pending" else wanted))


TIMESHEETS = Resource(
    records=lambda workspace: workspace.timesheets,
    key="timesheetId",
    view=timesheet_row,
    visible=lambda call, timesheet: call.sees_user(timesheet["user_id"]),
    filters=(
        equals("id", optional_text),
        equals("user_id", optional_integer),
        Filter(name="status", read=optional_text, matches=_status),
        Filter(name="date_from", read=optional_day, matches=lambda row, day: row["date_to"] >= day),
        Filter(name="date_to", read=optional_day, matches=lambda row, day: row["date_from"] <= day),
    ),
    changed=said("Timesheet updated."),
)

# The example shows no pagination though `page` and `per_page` are documented; a third party's catalogue reads it here.
_TIMESHEETS = Listing(operation_id="getTimesheets", shape="meta_pagination")
_TIMESHEET = "/timesheets/{timesheetId}"

OPERATIONS = (
    reads("getTimesheets", "/timesheets", TIMESHEETS.listing(_TIMESHEETS)),
    writes("approveTimesheet", "PUT", f"{_TIMESHEET}/approve", moves("approved", of=TIMESHEETS)),
    writes("rejectTimesheet", "PUT", f"{_TIMESHEET}/reject", moves("rejected", of=TIMESHEETS)),
    writes("submitTimesheet", "PUT", f"{_TIMESHEET}/submit", moves("submitted", of=TIMESHEETS)),
    writes("unsubmitTimesheet", "PUT", f"{_TIMESHEET}/unsubmit", moves("open", of=TIMESHEETS)),
)
