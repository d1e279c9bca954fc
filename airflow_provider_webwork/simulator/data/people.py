"""Who works on what: the members, projects, tasks, contracts and project viewers that follow from the seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from airflow_provider_webwork.simulator.data.company import ROLES, Company
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.seeds import Seed
from airflow_provider_webwork.simulator.data.stamps import LAUNCH

TASKS_PER_PROJECT = 4
TEAMS = 3
TITLES = ("Engineer", "Designer", "Analyst")

_TIMEZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Yerevan")
_WORKING_ROLES = ROLES[1:-1]
_LIFE = {"created_at": LAUNCH, "updated_at": LAUNCH, "deleted_at": None}


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A contract as the seed made it: which member works on which project."""

    contract_id: int
    project_id: int


@dataclass(frozen=True, kw_only=True)
class People:
    """The people and the work of one workspace.

    The same members belong to every workspace; projects, tasks and contracts of the n-th have ids beyond ``n - 1``
    millions.

    :param role: the role of Member 1.
    """

    seed: Seed
    company: Company
    workspace_id: int
    role: str

    def members(self) -> Iterator[Record]:
        """Yield the members."""
        for number in range(1, self.company.members + 1):
            team = 1 + self.seed.number(TEAMS, "team", number)
            title = self.seed.number(len(TITLES), "title", number)
            yield {
                "id": number,
                "email": f"member{number}@example.com",
                "firstname": "Member",
                "lastname": str(number),
                "avatar": f"https://webwork.example/avatars/{number}.png",
                "current_role": self.role if number == 1 else self.seed.pick(_WORKING_ROLES, "role", number),
                "timezone": self.seed.pick(_TIMEZONES, "zone", number),
                "status": "inactive" if number % 12 == 0 else "active",
                "team_id": team,
                "team_name": f"Team {team}",
                "title_id": 1 + title,
                "title": TITLES[title],
                "rate": 20 + 5 * self.seed.number(9, "rate", number),
                "rate_type": "hourly",
                "rate_status": 1 if number == 1 else 0,
                "weekly_hours_limit": 40,
                "screenshots": "full",
                "is_blocked": False,
                **_LIFE,
            }

    def projects(self) -> Iterator[Record]:
        """Yield the projects."""
        for project_id in self._project_ids:
            yield {
                "id": project_id,
                "name": f"Project {project_id}",
                "owner_id": 1,
                "start_date": "2025-02-24",
                "deadline": None,
                "estimation": 100 * (1 + self.seed.number(9, "estimation", project_id)),
                "budget": 5000 * (1 + self.seed.number(9, "budget", project_id)),
                "notes": None,
                "icon": None,
                "is_billable": project_id % 3 != 0,
                "rate": 80,
                "weekly_hours_limit": 168,
                "screenshots": "blur",
                "tags": [{"id": project_id, "name": f"Tag {project_id}", "color": "#3366cc"}],
                "status": 1,
                **_LIFE,
            }

    def tasks(self) -> Iterator[Record]:
        """Yield the tasks, project by project."""
        for project_id in self._project_ids:
            for task_id in self.tasks_of(project_id):
                status = self.seed.pick((0, 10, 20, 30), "status", task_id)
                yield {
                    "id": task_id,
                    "title": f"Task {task_id}",
                    "description": f"What has to be done for task {task_id}.",
                    "project_id": project_id,
                    "owner_id": 1,
                    "creator_id": 1,
                    "parent_id": None,
                    "status": status,
                    "priority": self.seed.pick((10, 20, 30, 40), "priority", task_id),
                    "start_date": "2025-02-24",
                    "end_date": None,
                    "completed_at": LAUNCH if status == 30 else None,
                    "assignees": self._seeded_assignees(project_id),
                    **_LIFE,
                }

    def contracts(self) -> Iterator[Record]:
        """Yield the contracts, member by member."""
        for number in range(1, self.company.members + 1):
            for assignment in self.assignments(number):
                yield {
                    "id": assignment.contract_id,
                    "user_id": number,
                    "project_id": assignment.project_id,
                    "weekly_hours_limit": 40,
                    "screenshots": "full",
                    "rate": 20 + 5 * self.seed.number(9, "rate", number),
                    "rate_type": 2,
                    "status": "active",
                    "notes": None,
                    **_LIFE,
                }

    def viewers(self) -> Iterator[Record]:
        """Yield the project viewers: clients who may look at some projects."""
        for number in range(1, 6):
            yield {
                "id": self._offset + 9000 + number,
                "email": f"viewer{number}@example.com",
                "firstname": "Viewer",
                "lastname": str(number),
                "status": "active",
                "member_since": LAUNCH,
                "projects": [self.seed.pick(self._project_ids, "viewer", number)],
                "deleted_at": None,
            }

    def assignments(self, user_id: int) -> tuple[Assignment, ...]:
        """Return the seeded contracts of a member: one or two, of which the first is numbered 100 beyond the member."""
        return self._assignments.get(user_id, ())

    def tasks_of(self, project_id: int) -> tuple[int, ...]:
        """Return the ids of the seeded tasks of a project."""
        # Ten ids a project leave room between one project's tasks and the next's; tasks that calls add come after all.
        first = self._offset + 10 * (project_id - self._offset)
        return tuple(first + number for number in range(1, TASKS_PER_PROJECT + 1))

    @cached_property
    def _assignments(self) -> dict[int, tuple[Assignment, ...]]:
        return {number: self._make_assignments(number) for number in range(1, self.company.members + 1)}

    def _make_assignments(self, user_id: int) -> tuple[Assignment, ...]:
        projects = self._project_ids
        first = self.seed.number(len(projects), "project", user_id)
        own = Assignment(contract_id=self._offset + 100 + user_id, project_id=projects[first])
        if len(projects) == 1 or self.seed.number(2, "second project", user_id):
            return (own,)
        second = projects[(first + 1) % len(projects)]
        return (own, Assignment(contract_id=self._offset + 500_000 + user_id, project_id=second))

    @property
    def _offset(self) -> int:
        return 1_000_000 * (self.workspace_id - 1)

    @property
    def _project_ids(self) -> range:
        return range(self._offset + 1, self._offset + self.company.projects + 1)

    def _seeded_assignees(self, project_id: int) -> list[int]:
        numbers = range(1, self.company.members + 1)
        on_project = (number for number in numbers if any(a.project_id == project_id for a in self.assignments(number)))
        return [number for number, _ in zip(on_project, range(2), strict=False)]
