"""The time entries of a workspace: those of the past follow from the seed, and are kept only once they are changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, overload

from airflow_provider_webwork.simulator.data.company import Period
from airflow_provider_webwork.simulator.data.leaves import on_seeded_leave
from airflow_provider_webwork.simulator.data.people import People
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import at
from airflow_provider_webwork.simulator.refusals import RefusedError

TRACKER_METHODS = ("Desktop tracker", "Mobile tracker", "Web tracker", "Extension tracker")
MANUAL = "Manually added time"

_ACTIVITIES = ("Review", "Planning", "Support", "Testing", "Writing")


class SeededDay(Sequence[Record]):
    """The entries that the seed gives one member on one day, made one by one when they are looked at."""

    def __init__(self, user_id: int, day: date, *, people: People, period: Period) -> None:
        self._user_id = user_id
        self._day = day
        self._people = people
        self._assignments = people.assignments(user_id)
        self._dice = people.seed.digest("day", people.workspace_id, user_id, day)
        self._count = self._entries_of_the_day(period)
        self._slot = self._slot_of_an_entry()

    def __len__(self) -> int:
        """Return the number of entries."""
        return self._count

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        """Return one entry or several."""
        if isinstance(index, slice):
            return [self._entry(each) for each in range(*index.indices(self._count))]
        return self._entry(range(self._count)[index])

    def _entries_of_the_day(self, period: Period) -> int:
        seed = self._people.seed
        if self._day not in period or not self._assignments:
            return 0
        if on_seeded_leave(seed, user_id=self._user_id, day=self._day):
            return 0
        per_day = self._people.company.entries_per_day
        return 2 + self._dice[0] % 4 if per_day is None else per_day

    def _slot_of_an_entry(self) -> int:
        # The day is cut into equal slots, of whole minutes unless there are more entries than minutes.
        seconds = (420 + 15 * (self._dice[1] % 5)) * 60
        slot = seconds // max(1, self._count)
        return slot - slot % 60 if slot >= 60 else slot

    def _entry(self, index: int) -> Record:
        people, user_id = self._people, self._user_id
        dice = people.seed.digest("entry", people.workspace_id, user_id, self._day, index)
        assignment = self._assignments[dice[0] % len(self._assignments)]
        tasks = people.tasks_of(assignment.project_id)
        manual = index == 0 and is_manual_day(people, user_id, self._day)
        pause = 60 * (dice[1] % 16) if self._slot > 2400 else 0
        start = self._begin + timedelta(seconds=index * self._slot)
        return {
            "id": people.seed.seal(people.workspace_id, user_id, self._day.toordinal(), index),
            "user_id": user_id,
            "contract_id": assignment.contract_id,
            "project_id": assignment.project_id,
            "task_id": tasks[dice[2] % len(tasks)],
            "activity_description": _ACTIVITIES[dice[3] % len(_ACTIVITIES)],
            "method": MANUAL if manual else TRACKER_METHODS[dice[4] % len(TRACKER_METHODS)],
            "date": self._day,
            "start": start,
            "end": start + timedelta(seconds=self._slot - pause),
            "activity_level": 40 + dice[5] % 56,
            "inactive_minutes": dice[6] % 5 if self._slot >= 1800 else 0,
        }

    @cached_property
    def _begin(self) -> datetime:
        return at(self._day, time(8, 15 * (self._dice[2] % 4)), self._people.company.zone)


class TimeEntries:
    """Every time entry, by member and day.

    A day is a list of its own from the first change on; until then nothing of it is kept.
    """

    def __init__(self, people: People, *, period: Period) -> None:
        self._people = people
        self._period = period
        self._kept: dict[tuple[int, date], dict[str, Record]] = {}
        self._day_of: dict[str, tuple[int, date]] = {}
        self._added = 0

    def on(self, user_id: int, day: date) -> Sequence[Record]:
        """Return the entries of a member on a day, by their beginning."""
        kept = self._kept.get((user_id, day))
        if kept is None:
            return SeededDay(user_id, day, people=self._people, period=self._period)
        return sorted(kept.values(), key=lambda entry: entry["start"])

    def get(self, entry_id: str) -> Record:
        """Return an entry.

        :raises RefusedError: 404 if there is none of this id.
        """
        key = self._day_of.get(entry_id)
        if key is not None:
            return self._kept[key][entry_id]
        numbers = self._people.seed.unseal(entry_id)
        if numbers is not None and len(numbers) == 4 and numbers[0] == self._people.workspace_id:
            _, user_id, ordinal, index = numbers
            day = date.fromordinal(ordinal)
            if (user_id, day) not in self._kept:
                return SeededDay(user_id, day, people=self._people, period=self._period)[index]
        raise RefusedError(404, "Time entry not found.")

    def add(self, values: Mapping[str, Any]) -> Record:
        """Add an entry on its day."""
        self._added += 1
        entry_id = self._people.seed.text("time entry", self._people.workspace_id, self._added)
        return self._keep({"activity_level": 0, "inactive_minutes": 0, **values, "id": entry_id})

    def change(self, entry_id: str, values: Mapping[str, Any]) -> Record:
        """Change an entry, which may move it to another day."""
        return self._keep({**self.remove(entry_id), **values})

    def remove(self, entry_id: str) -> Record:
        """Remove an entry for good and return what it was."""
        entry = self.get(entry_id)
        del self._open(entry["user_id"], entry["date"])[entry_id]
        self._day_of.pop(entry_id, None)
        return entry

    def _keep(self, entry: Record) -> Record:
        self._open(entry["user_id"], entry["date"])[entry["id"]] = entry
        self._day_of[entry["id"]] = (entry["user_id"], entry["date"])
        return entry

    def _open(self, user_id: int, day: date) -> dict[str, Record]:
        key = (user_id, day)
        if key not in self._kept:
            seeded = SeededDay(user_id, day, people=self._people, period=self._period)
            self._kept[key] = {entry["id"]: entry for entry in seeded}
            self._day_of.update(dict.fromkeys(self._kept[key], key))
        return self._kept[key]


def minutes(entry: Record, *, now: datetime) -> int:
    """Return the whole minutes of an entry; one that runs still counts up to now."""
    span: timedelta = (entry["end"] or now) - entry["start"]
    return int(span.total_seconds()) // 60


def is_manual_day(people: People, user_id: int, day: date) -> bool:
    """Whether the first entry of a seeded day was asked for by a time request, and approved."""
    return day.weekday() == people.seed.number(5, "manual", user_id) and user_id % 3 == 0
