"""Requests for manual time: an approved one is a time entry, so that reports count it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

from airflow_provider_webwork.simulator.data.company import Period
from airflow_provider_webwork.simulator.data.entries import MANUAL, SeededDay
from airflow_provider_webwork.simulator.data.people import People
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import at

_EVENING = (time(20, 0), time(20, 45))
"""Later than any seeded entry, so that a request that is approved adds to the day."""


def seeded_time_requests(people: People, *, period: Period) -> Iterator[Record]:
    """Yield the requests: one approved for each manual entry, and for some members one rejected and one pending."""
    for user_id in range(1, people.company.members + 1):
        for monday in period.mondays:
            for day in (monday + timedelta(days=number) for number in range(5)):
                worked = SeededDay(user_id, day, people=people, period=period)
                if worked and worked[0]["method"] == MANUAL:
                    yield _request(people, worked[0], status="approved")
        if user_id % 5 == 0 and period.weeks:
            for status, day in (("rejected", period.mondays[0]), ("pending", period.mondays[-1])):
                yield _request(people, _evening(people, user_id, day), status=status)


def _request(people: People, entry: Record, *, status: str) -> Record:
    return {
        "id": people.seed.text("time request", entry["user_id"], entry["date"], status),
        "user_id": entry["user_id"],
        "contract_id": entry["contract_id"],
        "project_id": entry["project_id"],
        "task_id": entry["task_id"],
        "start": entry["start"],
        "end": entry["end"],
        "status": status,
        "activity_description": entry["activity_description"],
        "comment": "Not agreed" if status == "rejected" else None,
        "updated_by": None if status == "pending" else 1,
        "created_at": entry["end"],
        "updated_at": entry["end"],
    }


def _evening(people: People, user_id: int, day: date) -> Record:
    assignment = people.assignments(user_id)[0]
    start, end = (at(day, clock, people.company.zone) for clock in _EVENING)
    return {
        "user_id": user_id,
        "contract_id": assignment.contract_id,
        "project_id": assignment.project_id,
        "task_id": None,
        "date": day,
        "start": start,
        "end": end,
        "activity_description": "Call",
    }
