"""The trackers of the members: who is tracking now; each run of a tracker is a time entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_webwork.simulator.data.entries import TimeEntries
from airflow_provider_webwork.simulator.data.records import Record, Records
from airflow_provider_webwork.simulator.data.stamps import at as moment_at
from airflow_provider_webwork.simulator.data.stamps import stamp
from airflow_provider_webwork.simulator.refusals import RefusedError

WEB_TRACKER = "Web tracker"


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """One run of a member's tracker."""

    entry_id: str
    member: Record
    project: Record | None
    contract_id: int | None
    task_id: int | None
    activity_description: str | None
    method: str
    started_at: datetime

    def row(self) -> dict[str, Any]:
        """Return what the answer of a start holds (vendor page "Start time tracking")."""
        return {
            "user_id": self.member["id"],
            "user_name": _name(self.member),
            "user_email": self.member["email"],
            "contract_id": self.contract_id,
            "project_id": self.project["id"] if self.project else None,
            "project_name": self.project["name"] if self.project else None,
            "task_id": self.task_id,
            "activity_description": self.activity_description,
            "start_time": stamp(self.started_at),
        }


class Trackers:
    """The running trackers of a workspace."""

    def __init__(
        self, *, entries: TimeEntries, contracts: Records, projects: Records, tasks: Records, zone: ZoneInfo
    ) -> None:
        self._entries = entries
        self._contracts = contracts
        self._projects = projects
        self._tasks = tasks
        self._zone = zone
        self._running: dict[int, Tracker] = {}

    def running(self) -> tuple[Tracker, ...]:
        """Return every running tracker, in the order of their starts."""
        return tuple(self._running.values())

    def start(
        self,
        member: Record,
        *,
        at: datetime,
        contract_id: int | None,
        task_id: int | None = None,
        activity_description: str | None = None,
        method: str = WEB_TRACKER,
    ) -> Tracker:
        """Clock a member in.

        :raises RefusedError: if the tracker runs already, the contract is someone else's, or the task is not of the
            contract's project (vendor page "Start time tracking").
        """
        if member["id"] in self._running:
            raise RefusedError(400, f"{_name(member)} already has a running tracker.")
        project = self._project(member, contract_id)
        self._check_task(task_id, project)
        about = {"contract_id": contract_id, "task_id": task_id, "activity_description": activity_description}
        entry = self._entries.add(
            {
                "user_id": member["id"],
                "project_id": project["id"] if project else None,
                **about,
                "method": method,
                "date": at.astimezone(self._zone).date(),
                "start": at,
                "end": None,
            }
        )
        tracker = Tracker(
            entry_id=entry["id"],
            member=member,
            project=project,
            contract_id=contract_id,
            task_id=task_id,
            activity_description=activity_description,
            method=method,
            started_at=at,
        )
        self._running[member["id"]] = tracker
        return tracker

    def stop(self, member: Record, *, at: datetime) -> Tracker:
        """Clock a member out and return the tracker that ran.

        :raises RefusedError: if no tracker runs.
        """
        tracker = self._running.pop(member["id"], None)
        if tracker is None:
            raise RefusedError(400, f"{_name(member)} has no running tracker.")
        self._entries.change(tracker.entry_id, {"end": at})
        return tracker

    def forget(self, entry_id: str) -> None:
        """End the tracker, if any, whose time entry was removed."""
        self._running = {user: each for user, each in self._running.items() if each.entry_id != entry_id}

    def current(self, member: Record, *, at: datetime) -> dict[str, Any]:
        """Return the answer of ``current-data``: the minutes of the day and the seconds left over.

        Only trackers of the browser and the API are seen (vendor page "Get current tracker data"). WebWork does not
        say what it answers while no tracker runs; here the fields of the tracker are null.
        """
        tracker = self._running.get(member["id"])
        if tracker and tracker.method != WEB_TRACKER:
            tracker = None
        today = at.astimezone(self._zone).date()
        midnight = moment_at(today, time(0), self._zone)
        worked = timedelta(0)
        # An entry is kept on the day of its beginning, and may last into this one.
        for entry in self._entries_of(member, days=(today - timedelta(days=1), today)):
            unseen = entry["end"] is None and (tracker is None or entry["id"] != tracker.entry_id)
            if not unseen:
                worked += max(timedelta(0), min(entry["end"] or at, at) - max(entry["start"], midnight))
        running = at - max(tracker.started_at, midnight) if tracker else timedelta(0)
        task = self._tasks.find(tracker.task_id) if tracker else None
        return {
            "user_id": member["id"],
            "contract_id": tracker.contract_id if tracker else None,
            "task_id": task["id"] if task else None,
            "task_title": task["title"] if task else None,
            "activity_description": tracker.activity_description if tracker else None,
            "total_minutes": int(worked.total_seconds()) // 60,
            "total_seconds": int(running.total_seconds()) % 60,
            "date": f"{today}",
        }

    def _entries_of(self, member: Record, *, days: tuple[date, ...]) -> Iterator[Record]:
        for day in days:
            yield from self._entries.on(member["id"], day)

    def _project(self, member: Record, contract_id: int | None) -> Record | None:
        if contract_id is None:
            return None
        contract = self._contracts.find(contract_id)
        if contract is None or contract["user_id"] != member["id"]:
            raise RefusedError(400, f"Contract {contract_id} is not a contract of {_name(member)}.")
        if contract["status"] != "active":
            raise RefusedError(400, f"Contract {contract_id} is paused.")
        return self._projects.get(contract["project_id"])

    def _check_task(self, task_id: int | None, project: Record | None) -> None:
        if task_id is None:
            return
        task = self._tasks.find(task_id)
        if task is None or project is None or task["project_id"] != project["id"]:
            raise RefusedError(400, f"Task {task_id} does not belong to the project of the contract.")


def _name(member: Record) -> str:
    return f"{member['firstname']} {member['lastname']}"
