"""Leaves: the policies, the requests that follow from the seed, and how many days are left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from airflow_provider_webwork.simulator.data.company import Period
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.seeds import Seed
from airflow_provider_webwork.simulator.data.stamps import LAUNCH


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A kind of leave and how many days of it a member has in a year."""

    id: int
    name: str
    is_paid: str
    days: int
    unit: str = "days"


POLICIES = (
    Policy(id=1, name="Vacation", is_paid="yes", days=25),
    Policy(id=2, name="Sick leave", is_paid="yes", days=10),
    Policy(id=3, name="Unpaid leave", is_paid="no", days=20),
    Policy(id=4, name="Hours off", is_paid="yes", days=5, unit="hours"),
)

_WEEKS_BETWEEN = 8


def seeded_leaves(seed: Seed, *, members: int, period: Period) -> Iterator[Record]:
    """Yield the leave requests of each member: one approved every eight weeks, one rejected, and one that waits."""
    for user_id in range(1, members + 1):
        for monday in period.mondays:
            taken = _seeded_leave(seed, user_id=user_id, monday=monday)
            if taken:
                policy = seed.pick(POLICIES[:3], "policy", user_id, monday)
                yield _leave(seed, user_id, *taken, status="approved", policy=policy)
        ahead = period.today + timedelta(days=14 + seed.number(30, "leave ahead", user_id))
        for status, first in (("rejected", ahead - timedelta(days=7)), ("pending", ahead)):
            yield _leave(seed, user_id, first, first + timedelta(days=2), status=status, policy=POLICIES[0])


def on_seeded_leave(seed: Seed, *, user_id: int, day: date) -> bool:
    """Whether the seed has a member on leave on a day, so that there is no time entry."""
    taken = _seeded_leave(seed, user_id=user_id, monday=day - timedelta(days=day.weekday()))
    return taken is not None and taken[0] <= day <= taken[1]


def days_of(leave: Record) -> Iterator[date]:
    """Yield the days of work that a leave takes."""
    day: date = leave["start"]
    while day <= leave["end"]:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)


def days_left(leaves: Iterable[Record], policy: Policy, *, since: date, until: date) -> int:
    """Return the days of a policy that a member's approved leaves leave over."""
    taken = sum(
        since <= day <= until
        for leave in leaves
        if leave["policy_id"] == policy.id and leave["status"] == "approved"
        for day in days_of(leave)
    )
    return policy.days - taken


def _seeded_leave(seed: Seed, *, user_id: int, monday: date) -> tuple[date, date] | None:
    """Return the first and last day of the leave that a member takes in a week, if any; all of it lies in the week."""
    if (monday.toordinal() // 7 + seed.number(_WEEKS_BETWEEN, "leave week", user_id)) % _WEEKS_BETWEEN:
        return None
    first = monday + timedelta(days=seed.number(4, "leave day", user_id, monday))
    return first, first + timedelta(days=1)


def _leave(seed: Seed, user_id: int, start: date, end: date, *, status: str, policy: Policy) -> Record:
    return {
        "id": seed.text("leave", user_id, status, start),
        "user_id": user_id,
        "policy_id": policy.id,
        "is_paid": policy.is_paid,
        "status": status,
        "note": None,
        "created_by": user_id,
        "approved_by": 1 if status == "approved" else None,
        "rejected_by": 1 if status == "rejected" else None,
        "reject_reason": "Too many are away" if status == "rejected" else None,
        "start": start,
        "end": end,
        "hours_per_day": 8,
        "created_on": LAUNCH,
    }
