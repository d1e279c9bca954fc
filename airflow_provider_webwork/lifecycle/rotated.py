"""When and how a webhook is rotated, and what that has come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from airflow_provider_webwork.events.event import time_or_none
from airflow_provider_webwork.events.rotation import Rotation, Strategy
from airflow_provider_webwork.json_types import JSON

RotationAction = Literal["started", "overlapping", "rotated", "unchanged"]

_GRACE = 0.9
"""Runs of a schedule begin a little earlier or later than planned: a weekly Dag is to rotate what is 7 days old."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When and how a Dag run rotates.

    :param run_after: the ``run_after`` of the run. Ages are measured then, so that a run that is cleared later, or
        tried again, finds what it did itself too young.
    :param max_age: the age from which on, but for a tenth, a webhook is rotated; always if ``None``.
    :param overlap: how long both the old and the new one are accepted, at least.
    :param verify: whether the new one must be seen to work before the old one goes.
    """

    run_after: datetime
    max_age: timedelta | None = None
    strategy: Strategy = "replace"
    overlap: timedelta = timedelta(hours=24)
    verify: bool = True

    def wants(self, rotation: Rotation | None, *, made_at: datetime | None) -> bool:
        """Whether a webhook is to be rotated.

        :param rotation: its latest rotation.
        :param made_at: when it was made, as far as that is known: WebWork does not tell how old a webhook is.
        """
        if rotation is not None and rotation.started_at >= self.run_after:
            return False
        if self.max_age is None or made_at is None:
            return True
        return self.run_after - made_at >= self.max_age * _GRACE

    def started_at(self, now: datetime) -> datetime:
        """Return when a rotation of this run begins: never before the run, whatever the clock of the machine says."""
        return max(now, self.run_after)


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What a rotation has come to.

    :param action: ``started``: there is a new webhook, and the old one stays until ``overlap_until``; ``overlapping``:
        a rotation that began earlier has come to that; ``rotated``: the old one is gone; ``unchanged``: it was not due.
    """

    action: RotationAction
    endpoint: str | None
    old_webhook_id: str | None
    webhook_id: str | None
    overlap_until: datetime | None

    @classmethod
    def of(cls, rotation: Rotation, action: RotationAction) -> Rotated:
        """Return what a rotation has come to."""
        return cls(
            action=action,
            endpoint=rotation.endpoint,
            old_webhook_id=rotation.old_webhook_id,
            webhook_id=rotation.webhook_id,
            overlap_until=rotation.overlap_until,
        )

    @property
    def waits(self) -> bool:
        """Whether the overlap is still to be waited out."""
        return self.action in {"started", "overlapping"}

    def as_dict(self) -> dict[str, JSON]:
        """Return it as the task returns it; it holds no secret."""
        return {
            "endpoint": self.endpoint,
            "action": self.action,
            "old_webhook_id": self.old_webhook_id,
            "webhook_id": self.webhook_id,
            "overlap_until": time_or_none(self.overlap_until),
        }
