"""Reports of API v1: below ``dateReport``, in camel case, in minutes, with e-mail addresses for ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from airflow_provider_webwork.simulator.data.entries import minutes
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.rest.call import Call
from airflow_provider_webwork.simulator.rest.fields import day
from airflow_provider_webwork.simulator.rest.v1.answers import shows
from airflow_provider_webwork.simulator.rest.worked import Worked, check_range, worked


def full_data(call: Call) -> Any:
    """Sum up the range by member and task."""
    by_member: dict[str, list[Record]] = defaultdict(list)
    for each in _worked(call):
        by_member[each.member["email"]].extend(each.entries)
    return _report(
        {"email": email, "tasks": _tasks(call, entries), "totalMinutes": _minutes(call, entries)}
        for email, entries in by_member.items()
    )


def daily_data(call: Call) -> Any:
    """Sum up each day by member, project and task."""
    return _report(_day_row(call, each) for each in _worked(call))


def daily_timeline(call: Call) -> Any:
    """The same with the begin and end of each stretch, as times of day that one joins to ``dateTracked``."""
    return _report(_day_row(call, each, stretches=True) for each in _worked(call))


def _worked(call: Call) -> Iterator[Worked]:
    since, until = day(call.query, "start_date"), day(call.query, "end_date")
    check_range(since, until)
    return worked(call, since=since, until=until)


def _report(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"dateReport": list(rows)}


def _day_row(call: Call, each: Worked, *, stretches: bool = False) -> dict[str, Any]:
    by_project: dict[Any, list[Record]] = defaultdict(list)
    for entry in each.entries:
        by_project[entry["project_id"]].append(entry)
    return {
        "dateTracked": f"{each.day}",
        "email": each.member["email"],
        "projects": [
            {
                "projectId": project_id,
                "projectName": (call.workspace.projects.find(project_id) or {}).get("name"),
                "tasks": _tasks(call, entries, stretches=stretches),
            }
            for project_id, entries in by_project.items()
        ],
        "totalMinutes": each.minutes(call),
    }


def _tasks(call: Call, entries: Iterable[Record], *, stretches: bool = False) -> list[dict[str, Any]]:
    by_task: dict[Any, list[Record]] = defaultdict(list)
    for entry in entries:
        by_task[entry["task_id"]].append(entry)
    return [
        {
            "taskId": task_id,
            "taskTitle": (call.workspace.tasks.find(task_id) or {}).get("title"),
            "minutes": _minutes(call, own),
            "inactive_minutes": sum(entry["inactive_minutes"] for entry in own),
            **({"timeEntries": [_stretch(call, entry) for entry in own]} if stretches else {}),
        }
        for task_id, own in by_task.items()
    ]


def _stretch(call: Call, entry: Record) -> dict[str, Any]:
    zone = call.workspace.zone
    return {
        "beginDatetime": f"{entry['start'].astimezone(zone):%H:%M:%S}",
        "endDatetime": f"{(entry['end'] or call.now).astimezone(zone):%H:%M:%S}",
        "minutes": minutes(entry, now=call.now),
    }


def _minutes(call: Call, entries: Iterable[Record]) -> int:
    return sum(minutes(entry, now=call.now) for entry in entries)


OPERATIONS = (
    shows("v1FullReport", "/rest-api/reports/full-data", full_data, access="managers"),
    shows("v1DailyReport", "/rest-api/reports/daily-data", daily_data, access="managers"),
    shows("v1DailyTimeline", "/rest-api/reports/daily-timeline", daily_timeline, access="managers"),
)
