"""Expenses: two a member, in one of four categories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from airflow_provider_webwork.simulator.data.company import Period
from airflow_provider_webwork.simulator.data.people import People
from airflow_provider_webwork.simulator.data.records import Record

CATEGORIES = ("Travel", "Hardware", "Software", "Training")


def seeded_categories(people: People) -> Iterator[Record]:
    """Yield the categories; their ids are opaque."""
    for name in CATEGORIES:
        yield {"id": people.seed.text("category", people.workspace_id, name), "name": name}


def seeded_expenses(people: People, *, period: Period) -> Iterator[Record]:
    """Yield the expenses."""
    categories = [category["id"] for category in seeded_categories(people)]
    for user_id in range(1, people.company.members + 1):
        for number in range(2):
            subject = (people.workspace_id, user_id, number)
            day = period.mondays[0] + timedelta(days=people.seed.number(7 * max(1, period.weeks), "spent", *subject))
            yield {
                "id": people.seed.text("expense", *subject),
                "user_id": user_id,
                "date": day,
                "expense_name": f"Expense {number + 1} of Member {user_id}",
                "project_id": people.assignments(user_id)[0].project_id,
                "category_id": people.seed.pick(categories, "category of", *subject),
                "amount": (100 + people.seed.number(50_000, "amount", *subject)) / 100,
                "note": None,
                "is_billable": user_id % 2 == 0,
                "added": day,
            }
