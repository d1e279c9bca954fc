"""One workspace: everything that its members know, made from the seed and changed by calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_webwork.simulator.data.company import Company, Period
from airflow_provider_webwork.simulator.data.entries import TimeEntries
from airflow_provider_webwork.simulator.data.expenses import seeded_categories, seeded_expenses
from airflow_provider_webwork.simulator.data.leaves import seeded_leaves
from airflow_provider_webwork.simulator.data.people import People
from airflow_provider_webwork.simulator.data.records import Record, Records
from airflow_provider_webwork.simulator.data.seeds import Seed
from airflow_provider_webwork.simulator.data.stamps import LAUNCH, micro_stamp, plain_stamp
from airflow_provider_webwork.simulator.data.time_requests import seeded_time_requests
from airflow_provider_webwork.simulator.data.timesheets import seeded_timesheets
from airflow_provider_webwork.simulator.data.trackers import Trackers
from airflow_provider_webwork.simulator.data.webhooks import WebhookRules, Webhooks


class Workspace:
    """A workspace and what is in it.

    :param workspace_id: its id, from 1.
    :param role: the role of Member 1.
    :param now: the clock; what the seed says of the past ends with the day before this is made.
    """

    def __init__(
        self,
        workspace_id: int,
        *,
        seed: Seed,
        company: Company,
        role: str,
        webhook_rules: WebhookRules,
        now: Callable[[], datetime],
    ) -> None:
        self.id = workspace_id
        self.seed = seed
        self.zone: ZoneInfo = company.zone
        self.period = Period(now().astimezone(self.zone).date(), company.weeks)
        self.people = people = People(seed=seed, company=company, workspace_id=workspace_id, role=role)
        self.members = Records("Member", seeded=people.members)
        self.projects = Records("Project", seeded=people.projects)
        self.tasks = Records("Task", seeded=people.tasks)
        self.contracts = Records("Contract", seeded=people.contracts)
        self.viewers = Records("Project viewer", seeded=people.viewers)
        self.entries = TimeEntries(people, period=self.period)
        self.timesheets = Records("Timesheet", seeded=partial(seeded_timesheets, people, period=self.period))
        self.time_requests = Records(
            "Time request",
            seeded=partial(seeded_time_requests, people, period=self.period),
            new_id=partial(seed.text, "added time request", workspace_id),
        )
        self.leaves = Records(
            "Leave",
            seeded=partial(seeded_leaves, seed, members=company.members, period=self.period),
            new_id=partial(seed.text, "added leave", workspace_id),
        )
        self.expenses = Records(
            "Expense",
            seeded=partial(seeded_expenses, people, period=self.period),
            new_id=partial(seed.text, "added expense", workspace_id),
        )
        self.categories = Records("Expense category", seeded=partial(seeded_categories, people))
        self.trackers = Trackers(
            entries=self.entries, contracts=self.contracts, projects=self.projects, tasks=self.tasks, zone=self.zone
        )
        self.webhooks = Webhooks(seed=seed, scope=(workspace_id,), rules=webhook_rules, now=now)

    def row(self, caller: Record) -> dict[str, Any]:
        """Return the workspace as ``GET /workspaces`` shows it, two formats of time included."""
        return {
            "id": self.id,
            "owner_id": 1,
            "user_id": caller["id"],
            "workspace_name": "Simulated workspace" if self.id == 1 else f"Simulated workspace {self.id}",
            "role": caller["current_role"],
            "status": "active",
            "created_at": micro_stamp(LAUNCH),
            "activated_at": plain_stamp(LAUNCH),
        }
