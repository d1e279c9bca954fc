"""The trackers of the members: who is tracking now, and how much was tracked today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_webwork.simulator.calls import RefusedError
from airflow_provider_webwork.simulator.state import Member, stamp


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """One run of a member's tracker."""

    member: Member
    started_at: datetime
    contract_id: int | None
    task_id: int | None
    activity_description: str | None

    def row(self) -> dict[str, Any]:
        """Return what the answer of a start holds (vendor page "Start time tracking")."""
        on_contract = self.contract_id is not None
        return {
            "user_id": self.member.id,
            "user_name": self.member.name,
            "user_email": self.member.email,
            "contract_id": self.contract_id,
            "project_id": self.member.project.id if on_contract else None,
            "project_name": self.member.project.name if on_contract else None,
            "task_id": self.task_id,
            "activity_description": self.activity_description,
            "start_time": stamp(self.started_at),
        }


class Trackers:
    """The running trackers and today's finished ones."""

    def __init__(self) -> None:
        self._running: dict[int, Tracker] = {}
        self._finished: list[tuple[int, datetime, datetime]] = []

    def running(self) -> tuple[Tracker, ...]:
        """Return every running tracker, in the order of their starts."""
        return tuple(self._running.values())

    def start(
        self,
        member: Member,
        *,
        at: datetime,
        contract_id: int | None,
        task_id: int | None = None,
        activity_description: str | None = None,
    ) -> Tracker:
        """Clock a member in.

        :raises RefusedError: if the tracker runs already, the contract is someone else's, or the task is not of the
            contract's project (vendor page "Start time tracking").
        """
        if member.id in self._running:
            raise RefusedError(400, f"{member.name} already has a running tracker.")
        if contract_id not in {None, member.contract_id}:
            raise RefusedError(400, f"Contract {contract_id} is not a contract of {member.name}.")
        if task_id is not None and (contract_id is None or member.project.task_title(task_id) is None):
            raise RefusedError(400, f"Task {task_id} does not belong to the project of the contract.")
        tracker = Tracker(
            member=member,
            started_at=at,
            contract_id=contract_id,
            task_id=task_id,
            activity_description=activity_description,
        )
        self._running[member.id] = tracker
        return tracker

    def stop(self, member: Member, *, at: datetime) -> Tracker:
        """Clock a member out and return the tracker that ran.

        :raises RefusedError: if no tracker runs.
        """
        tracker = self._running.pop(member.id, None)
        if tracker is None:
            raise RefusedError(400, f"{member.name} has no running tracker.")
        self._finished.append((member.id, tracker.started_at, at))
        return tracker

    def current(self, member: Member, *, at: datetime) -> dict[str, Any]:
        """Return the answer of ``current-data``: the minutes of the day (in UTC) and the seconds left over.

        WebWork does not say what it answers while no tracker runs; here the fields of the tracker are null.
        """
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        finished = sum(
            (
                max(timedelta(0), until - max(since, midnight))
                for user_id, since, until in self._finished
                if user_id == member.id
            ),
            timedelta(0),
        )
        tracker = self._running.get(member.id)
        running = at - max(tracker.started_at, midnight) if tracker else timedelta(0)
        task_id = tracker.task_id if tracker else None
        return {
            "user_id": member.id,
            "contract_id": tracker.contract_id if tracker else None,
            "task_id": task_id,
            "task_title": None if task_id is None else member.project.task_title(task_id),
            "activity_description": tracker.activity_description if tracker else None,
            "total_minutes": int((finished + running).total_seconds()) // 60,
            "total_seconds": int(running.total_seconds()) % 60,
            "date": f"{midnight:%Y-%m-%d}",
        }

    def clear(self) -> None:
        """Forget every tracker, running or not."""
        self._running.clear()
        self._finished.clear()
