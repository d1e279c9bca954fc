"""The daily attendance report of API v2: who was there, and when."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

from airflow_provider_webwork.simulator.data.leaves import days_of
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call
from airflow_provider_webwork.simulator.rest.worked import Worked

STATUSES = {
    "late": "Late",
    "left_early": "Left early",
    "tracked_less": "Tracked less",
    "absent": "Absent",
    "on_leave": "On leave",
}
"""The statuses that one can filter by, and how rows call them (vendor page "Get daily attendance report")."""

_BEGIN = time(8, 30)
_END = time(15, 0)
_EXPECTED_MINUTES = 420


def attendance_rows(
    call: Call, on: date, *, user_ids: Collection[int] | None, statuses: Collection[str] | None
) -> list[dict[str, Any]]:
    """Return a row for each member: times in minutes, breaks as ``14:30 - 15:25``.

    The working day (from 8:30 to 15:00, 7 hours) is made up, and so are the names of the fields but ``statuses``.
    """
    unknown = set(statuses or ()) - set(STATUSES)
    if unknown:
        raise RefusedError(400, f"The selected status is invalid: {', '.join(sorted(unknown))}.")
    wanted = {STATUSES[status] for status in statuses or STATUSES}
    rows = []
    for member in call.workspace.members.all():
        if member["deleted_at"] or (user_ids is not None and member["id"] not in user_ids):
            continue
        row = _row(call, Worked(member, on, call.workspace.entries.on(member["id"], on)))
        if statuses is None or wanted & set(row["statuses"]):
            rows.append(row)
    return rows


def _row(call: Call, worked: Worked) -> dict[str, Any]:
    entries, zone = worked.entries, call.workspace.zone
    first = entries[0]["start"].astimezone(zone) if entries else None
    last = (entries[-1]["end"] or call.now).astimezone(zone) if entries else None
    total = worked.minutes(call)
    return {
        "user_id": worked.member["id"],
        "user_name": f"{worked.member['firstname']} {worked.member['lastname']}",
        "date": f"{worked.day}",
        "statuses": list(_statuses(call, worked, first, last)),
        "start": first and f"{first:%H:%M}",
        "end": last and f"{last:%H:%M}",
        "tracked_minutes": total,
        "expected_minutes": _EXPECTED_MINUTES,
        "breaks": [
            f"{before['end'].astimezone(zone):%H:%M} - {after['start'].astimezone(zone):%H:%M}"
            for before, after in pairwise(entries)
            if before["end"] and after["start"] > before["end"]
        ],
    }


def _statuses(call: Call, worked: Worked, first: datetime | None, last: datetime | None) -> Iterator[str]:
    if first is None or last is None:
        yield _why_absent(call, worked)
        return
    yield "Present"
    if first.time() > _BEGIN:
        yield "Late"
    if last.time() < _END:
        yield "Left early"
    if worked.minutes(call) < _EXPECTED_MINUTES:
        yield "Tracked less"


def _why_absent(call: Call, worked: Worked) -> str:
    if worked.day.weekday() >= 5:
        return "Holiday"
    leaves = call.workspace.leaves.all()
    own = (leave for leave in leaves if leave["user_id"] == worked.member["id"] and leave["status"] == "approved")
    return "On leave" if any(worked.day in days_of(leave) for leave in own) else "Absent"
