"""Timesheets: one a member and week, whose minutes are those of the time entries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from airflow_provider_webwork.simulator.data.company import Period
from airflow_provider_webwork.simulator.data.entries import TimeEntries
from airflow_provider_webwork.simulator.data.people import People
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import at

_NINE = time(9)


def seeded_timesheets(people: People, *, period: Period) -> Iterator[Record]:
    """Yield the timesheets: this week's open, last week's submitted, older ones approved but for a few rejected."""
    for back, monday in enumerate(reversed(period.mondays)):
        for user_id in range(1, people.company.members + 1):
            status = ("open", "submitted")[back] if back < 2 else "approved"
            if back == 2 and user_id % 8 == 0:
                status = "rejected"
            yield {
                "id": people.seed.text("timesheet", people.workspace_id, user_id, monday),
                "user_id": user_id,
                "date_from": monday,
                "date_to": monday + timedelta(days=6),
                "status": status,
                "submitted_on": None
                if status == "open"
                else at(monday + timedelta(weeks=1), _NINE, people.company.zone),
                "reject_reason": "Please add the missing day" if status == "rejected" else None,
            }


def entries_of(timesheet: Record, entries: TimeEntries) -> Iterator[Record]:
    """Yield the time entries that a timesheet sums up."""
    for number in range((timesheet["date_to"] - timesheet["date_from"]).days + 1):
        yield from entries.on(timesheet["user_id"], timesheet["date_from"] + timedelta(days=number))


def transition(timesheet: Record, to: str, *, reason: str | None, now: datetime) -> bool:
    """Move a timesheet on, and return whether WebWork would: only submitted ones are approved or rejected."""
    allowed = {
        "submitted": ("open", "rejected"),
        "open": ("submitted",),
        "approved": ("submitted",),
        "rejected": ("submitted",),
    }
    if timesheet["status"] not in allowed[to]:
        return False
    timesheet["status"] = to
    timesheet["reject_reason"] = reason
    if to in {"submitted", "open"}:
        timesheet["submitted_on"] = now if to == "submitted" else None
    return True
