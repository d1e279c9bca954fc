"""Reconciling the event log with the API: starts and stops that no delivery told of are added to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.events.event import Event, new_event_id, time_text
from airflow_provider_webwork.events.restoring import Account, Restoring
from airflow_provider_webwork.lifecycle.tracked import STARTED, STOPPED, Tracked, read_tracked

if TYPE_CHECKING:
    from airflow_provider_webwork.api.client import Client
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)

PROOF = "shown by the API"
"""What vouches for an event that no delivery told of."""

_NEIGHBOURS = 10
"""How many tolerances before and after the window are compared as well: what is near its ends may belong there."""


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What a reconciliation came to.

    :param shown: how many starts and stops of the window WebWork shows.
    :param added: how many of them were missing in the log, and are in it now.
    :param unmatched: how many stored ones of the window WebWork does not show.
    :param incomplete: how many time entries leave open whether, by whom or when a tracker was started or stopped.
    """

    start: datetime
    end: datetime
    shown: int
    added: int
    unmatched: int
    incomplete: int

    def as_dict(self) -> dict[str, JSON]:
        """Return it as the task returns it."""
        return {
            "start": time_text(self.start),
            "end": time_text(self.end),
            "shown": self.shown,
            "present": self.shown - self.added,
            "added": self.added,
            "unmatched": self.unmatched,
            "incomplete": self.incomplete,
        }


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Compares the log with the API of WebWork.

    :param retention: for how long events are kept: what was removed since would be restored.
    :param now: tells the time in UTC.
    """

    client: Client
    restoring: Restoring
    retention: timedelta
    now: Callable[[], datetime]

    def run(self, start: datetime, end: datetime, *, tolerance: timedelta) -> Reconciled:
        """Add the starts and stops of a window that the log lacks; to do so again adds nothing.

        :param end: the end of the window, which does not belong to it.
        :param tolerance: how far apart two times of the same event may be.
        :raises ValueError: if the window is empty, or begins before what the log keeps.
        :raises WebWorkConfigurationError: if the connection is for API v1, or names no workspace.
        :raises WebWorkAPIError: if WebWork refuses, fails or cannot be reached.
        :raises WebWorkLogUnavailableError: if the log cannot be read or written right now; do it again, it goes on.
        """
        workspace_id, now = self._workspace_id(), self.now()
        self._check_window(start, end, now=now)
        around, until = _NEIGHBOURS * tolerance, min(end, now)
        shown = read_tracked(self.client, since=start - around, until=min(end + around, now))
        received_at = self.now()  # not before: who waits since a moment ago is to see what is added now
        account = Account(
            workspace_id=workspace_id,
            types=(STARTED, STOPPED),
            since=start,
            until=until,
            events=[_event(each, workspace_id=workspace_id, received_at=received_at) for each in shown.tracked],
        )
        restored = self.restoring.restore(account, tolerance=tolerance)
        self.restoring.record(workspace_id, until=until)
        return Reconciled(
            start=start,
            end=end,
            shown=restored.shown,
            added=restored.added,
            unmatched=restored.unmatched,
            incomplete=shown.incomplete,
        )

    def _workspace_id(self) -> str:
        settings = self.client.settings
        if settings.api_version != "v2":
            msg = "Reconciling needs API v2: the reports of v1 name no ids of members and no time zone."
            raise WebWorkConfigurationError(msg)
        if settings.workspace_id is None:
            msg = "Reconciling needs a workspace: put its id into the field workspace_id of the connection."
            raise WebWorkConfigurationError(msg)
        return str(settings.workspace_id)

    def _check_window(self, start: datetime, end: datetime, *, now: datetime) -> None:
        if start >= min(end, now):
            msg = f"start must be before end, and in the past, not {time_text(start)} with end {time_text(end)}."
            raise ValueError(msg)
        kept = now - self.retention
        if (pruned := self.restoring.kept_since()) is not None:
            kept = max(kept, pruned)
        if start < kept:
            msg = (
                f"start must not be before {time_text(kept)}: what the log held of that time was, or may have been, "
                "pruned ([webwork] retention, older_than), and would be added once more."
            )
            raise ValueError(msg)


def _event(tracked: Tracked, *, workspace_id: str, received_at: datetime) -> Event:
    return Event(
        id=new_event_id(),
        type=tracked.type,
        workspace_id=workspace_id,
        user_id=tracked.user_id,
        occurred_at=tracked.at,
        received_at=received_at,
        proof=PROOF,
        payload={"event": tracked.type, "timestamp": time_text(tracked.at), "data": tracked.entry},
        synthetic=True,
    )
