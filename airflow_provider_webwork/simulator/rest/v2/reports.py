"""Reports of API v2. WebWork shows fields and hardly any nesting: how they are nested here is made up."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from airflow_provider_webwork.simulator.data.entries import minutes
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.rest.call import Call, reads
from airflow_provider_webwork.simulator.rest.fields import (
    day,
    optional_day,
    optional_integer,
    optional_integers,
    optional_texts,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.v2.amounts import CURRENCY, amount_of
from airflow_provider_webwork.simulator.rest.v2.answers import data
from airflow_provider_webwork.simulator.rest.v2.attendance import attendance_rows
from airflow_provider_webwork.simulator.rest.worked import Worked, check_range, worked

_MONTH = 31


def tracked_hours(call: Call) -> Any:
    """Sum up minutes by day, member, project and contract; not paged."""
    user_id = optional_integer(call.query, "user_id")
    since, until = _range(call, longest=_MONTH if user_id is not None else None)
    dates: dict[str, list[dict[str, Any]]] = defaultdict(list)
    counted: list[Record] = []
    for each in worked(call, since=since, until=until, user_ids=_chosen_users(call, user_id)):
        for (project_id, contract_id), entries in _by_contract(call, each).items():
            counted.extend(entries)
            dates[f"{each.day}"].append(
                {
                    "user_id": each.member["id"],
                    "project_id": project_id,
                    "contract_id": contract_id,
                    **_totals(call, entries),
                }
            )
    about = {"report_type": "tracked_hours", "start_date": f"{since}", "end_date": f"{until}"}
    return data(call, {**about, "totals": _totals(call, counted), "dates": dates})


def daily_timeline(call: Call) -> Any:
    """Show every entry of one day, member by member, in the time zone of the owner."""
    on = day(call.query, "date")
    found = list(worked(call, since=on, until=on, user_ids=optional_integers(call.query, "user_ids")))
    return call.paged([_timeline(call, each) for each in found], listing=_TIMELINE, view=dict)


def daily_attendance(call: Call) -> Any:
    """Show who was present, late, absent and so on on one day."""
    rows = attendance_rows(
        call,
        day(call.query, "date"),
        user_ids=optional_integers(call.query, "users"),
        statuses=optional_texts(call.query, "status"),
    )
    return call.paged(rows, listing=_ATTENDANCE, view=dict)


def activity_level(call: Call) -> Any:
    """Show the activity in percent of each member and day, weighted by time; paged by member."""
    since, until = day(call.query, "start_date"), day(call.query, "end_date")
    check_range(since, until, longest=_MONTH)
    contract_id = optional_integer(call.query, "contract_id")
    by_member: dict[int, dict[str, list[Record]]] = defaultdict(dict)
    for each in worked(call, since=since, until=until, user_ids=optional_integers(call.query, "user_ids")):
        entries = [entry for entry in each.entries if contract_id in {None, entry["contract_id"]}]
        if entries:
            by_member[each.member["id"]][f"{each.day}"] = entries
    rows = [
        {
            "user_id": user_id,
            "overall": _level(call, [entry for entries in days.values() for entry in entries]),
            "days": [{"date": on, "activity_level": _level(call, entries)} for on, entries in days.items()],
        }
        for user_id, days in sorted(by_member.items())
    ]
    return call.paged(rows, listing=_ACTIVITY, view=dict)


def activity_descriptions(call: Call) -> Any:
    """Sum up minutes by description; WebWork only names this report."""
    return data(call, _summed(call, "activity_description"))


def tasks(call: Call) -> Any:
    """Sum up minutes by task; WebWork only names this report."""
    return data(call, _summed(call, "task_id"))


def _range(call: Call, *, longest: int | None = None) -> tuple[date, date]:
    """Return the asked range, by default the current week; WebWork does not say that it begins on Monday."""
    today = call.now.astimezone(call.workspace.zone).date()
    monday = today - timedelta(days=today.weekday())
    since = optional_day(call.query, "start_date") or monday
    until = optional_day(call.query, "end_date") or monday + timedelta(days=6)
    if longest is None:
        check_range(since, until)
    else:
        check_range(since, until, longest=longest)
    return since, until


def _chosen_users(call: Call, user_id: int | None) -> set[int]:
    """Return the members that every filter lets through."""
    query, members = call.query, call.workspace.members.all()
    chosen = {member["id"] for member in members if user_id in {None, member["id"]}}
    for name, column in (("users", "id"), ("teams", "team_id"), ("titles", "title_id")):
        wanted = optional_integers(query, name)
        if wanted is not None:
            chosen &= {member["id"] for member in members if member[column] in wanted}
    return chosen


def _by_contract(call: Call, day_of_work: Worked) -> dict[tuple[Any, Any], list[Record]]:
    projects = optional_integers(call.query, "projects")
    groups: dict[tuple[Any, Any], list[Record]] = defaultdict(list)
    for entry in day_of_work.entries:
        if projects is None or entry["project_id"] in projects:
            groups[entry["project_id"], entry["contract_id"]].append(entry)
    return groups


def _totals(call: Call, entries: list[Record]) -> dict[str, Any]:
    total = {"total_minutes": sum(minutes(entry, now=call.now) for entry in entries)}
    currencies = optional_texts(call.query, "currencies")
    if not call.sees_rates:
        return total
    amount = amount_of(call, entries)
    return {**total, "total_amount": amount if currencies is None or CURRENCY in currencies else {}}


def _timeline(call: Call, each: Worked) -> dict[str, Any]:
    zone, projects, known = call.workspace.zone, call.workspace.projects, call.workspace.tasks
    amount = {"total_amount": amount_of(call, each.entries)[CURRENCY], "currency": CURRENCY}
    return {
        "user_id": each.member["id"],
        "user_name": f"{each.member['firstname']} {each.member['lastname']}",
        "total_minutes": each.minutes(call),
        **(amount if call.sees_rates else {}),
        "entries": [
            {
                "start": entry["start"].astimezone(zone).isoformat(timespec="seconds"),
                "end": entry["end"] and entry["end"].astimezone(zone).isoformat(timespec="seconds"),
                "project": (projects.find(entry["project_id"]) or {}).get("name"),
                "task": (known.find(entry["task_id"]) or {}).get("title"),
                "description": entry["activity_description"],
                "method": entry["method"],
                "activity_level": entry["activity_level"],
            }
            for entry in each.entries
        ],
    }


def _level(call: Call, entries: list[Record]) -> int:
    weights = [minutes(entry, now=call.now) for entry in entries]
    weighted = sum(entry["activity_level"] * weight for entry, weight in zip(entries, weights, strict=True))
    return round(weighted / sum(weights)) if sum(weights) else 0


def _summed(call: Call, column: str) -> list[dict[str, Any]]:
    since, until = _range(call)
    sums: dict[Any, int] = defaultdict(int)
    for each in worked(call, since=since, until=until):
        for entry in each.entries:
            sums[entry[column]] += minutes(entry, now=call.now)
    return [{column: value, "total_minutes": total} for value, total in sums.items()]


# The envelopes of these are not shown; their pages count members, 30 unless told otherwise.
_TIMELINE = Listing(operation_id="getDailyTimelineReport", shape="meta_pagination", default=30)
_ATTENDANCE = Listing(operation_id="getDailyAttendanceReport", shape="meta_pagination", default=30)
_ACTIVITY = Listing(operation_id="getActivityLevelReport", shape="meta_pagination", default=30)

OPERATIONS = (
    reads("getTrackedHoursReport", "/reports/tracked-hours", tracked_hours, access="managers"),
    reads("getDailyTimelineReport", "/reports/daily-timeline", daily_timeline, access="managers"),
    reads("getDailyAttendanceReport", "/reports/daily-attendance", daily_attendance, access="managers"),
    reads("getActivityLevelReport", "/reports/activity-level", activity_level, access="managers"),
    reads("getActivityDescriptionsReport", "/reports/activity-descriptions", activity_descriptions, access="managers"),
    reads("getTasksReport", "/reports/tasks", tasks, access="managers"),
)
