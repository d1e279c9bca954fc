"""The company that uses the simulated WebWork: how large it is, and since when it tracks time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MANAGER_ROLES = ("Owner", "Executive manager")
"""Who may change things, read reports and see everybody (vendor pages of API v2)."""

ROLES = (*MANAGER_ROLES, "Team manager", "Project manager", "Regular User", "Project viewer")


@dataclass(frozen=True, kw_only=True)
class Company:
    """How much there is to see.

    :param members: members of each workspace; their ids count from 1 and Member 7 has the id 7.
    :param projects: projects of each workspace.
    :param weeks: whole weeks of time entries, timesheets and so on before the current one.
    :param workspaces: workspaces that Member 1 belongs to; their ids count from 1.
    :param entries_per_day: time entries of each member on each day of work; by default two to five. Any number will
        do: entries are made when they are asked for, and kept only once one of the day is changed. A report or
        timesheet looks at every entry of its days.
    :param timezone: the zone of the owner, in which days begin and times of day are meant; WebWork says this of one
        report alone (vendor page "Get daily timeline report").
    """

    members: int = 25
    projects: int = 3
    weeks: int = 8
    workspaces: int = 1
    entries_per_day: int | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if a number makes no sense or there is no such time zone.
        """
        if min(self.members, self.projects, self.workspaces) < 1 or self.weeks < 0:
            raise ValueError("members, projects and workspaces must be at least 1, weeks must not be negative.")
        if self.entries_per_day is not None and self.entries_per_day < 0:
            raise ValueError("entries_per_day must not be negative.")
        try:
            ZoneInfo(self.timezone)
        except (ValueError, ZoneInfoNotFoundError):
            raise ValueError(f"timezone must be an IANA name such as Europe/Berlin; not {self.timezone!r}.") from None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class Period:
    """The days of which there are seeded records: whole weeks before today, and this week up to yesterday."""

    today: date
    weeks: int

    @property
    def mondays(self) -> tuple[date, ...]:
        """The first day of each week, that of the current week last."""
        return tuple(self._monday - timedelta(weeks=back) for back in range(self.weeks, -1, -1))

    def __contains__(self, day: object) -> bool:
        """Whether the seed says what was done on a day: weekends and the future are empty."""
        return isinstance(day, date) and self.mondays[0] <= day < self.today and day.weekday() < 5

    @property
    def _monday(self) -> date:
        return self.today - timedelta(days=self.today.weekday())
