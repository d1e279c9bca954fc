"""What the API shows of when members started and stopped their trackers.

WebWork lists time entries by member and day (https://api-docs.webwork-tracker.com/api/time-entries/gettimeentries.md),
with a beginning and an end, or none while the tracker runs. Its "current data" of a member
(https://api-docs.webwork-tracker.com/api/time-tracking/getcurrenttrackerdata.md) says nothing of when the tracker
started, so that no event can be made from it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from airflow_provider_webwork.api.client import Client
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)

STARTED, STOPPED = "tracker.started", "tracker.stopped"
"""The names that WebWork gives these events (https://api-docs.webwork-tracker.com/v2/api/webhooks)."""

LONGEST = timedelta(days=1)
"""How long a tracker may run so that its stop is still found: WebWork does not say on which days it lists an entry that
lasts into the next one."""

_TRACKED = "tracker"
_NOT_TRACKED = {"manually added time", "idle time", "break", "paid leave", "paid holiday"}
"""How an entry came about is a text for people: `Desktop tracker` and so on, or one of these (the page on entries)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A start or a stop of a tracker.

    :param entry: the time entry that shows it.
    """

    type: str
    user_id: str
    at: datetime
    entry: dict[str, JSON] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the API shows of a stretch of time.

    :param tracked: starts and stops, each once.
    :param incomplete: how many time entries leave open whether, by whom or when a tracker was started or stopped.
    """

    tracked: list[Tracked]
    incomplete: int


def read_tracked(client: Client, *, since: datetime, until: datetime) -> Shown:
    """Read the time entries of every member who was there at the time; one request or more for each member and day.

    WebWork does not say in which zone a day begins, so the days of every member's zone and of UTC are read.

    :raises WebWorkAPIError: if WebWork refuses, fails or cannot be reached.
    """
    members = list(client.iterate("getMembers"))
    days = _days(since - LONGEST, until, zones={UTC, *_zones(members)})
    ids = [member.get("id") for member in members if not _left_before(member, since)]
    log.info("Reading the time entries of %s members on %s days, from %s.", len(ids), len(days), days[0])
    found: set[Tracked] = set()
    incomplete = 0
    for user_id in ids:
        for day in days:
            for entry in client.iterate("getTimeEntries", user_id=user_id, date=day):
                tracked = list(_tracked(entry))
                found.update(each for each in tracked if each is not None and since <= each.at < until)
                incomplete += None in tracked
    return Shown(tracked=sorted(found, key=lambda each: each.at), incomplete=incomplete)


def _tracked(entry: dict[str, JSON]) -> Iterator[Tracked | None]:
    """Yield the start and the stop that an entry shows, and ``None`` for each that it leaves open."""
    method = str(entry.get("method") or "").strip().lower()
    if method in _NOT_TRACKED:
        return
    user_id = _identifier(entry.get("user_id")) if method.endswith(_TRACKED) else None
    for type_, name in ((STARTED, "start_time"), (STOPPED, "end_time")):
        if name == "end_time" and entry.get(name, "") is None:
            return  # it runs
        at = _moment(entry.get(name))
        if user_id is None or at is None:
            yield None
        else:
            yield Tracked(type=type_, user_id=user_id, at=at, entry=entry)


def _identifier(value: JSON) -> str | None:
    text = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return text if text and text.isprintable() else None


def _moment(value: JSON) -> datetime | None:
    """Read ISO 8601; a text that does not say its zone is no moment."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    return None


def _left_before(member: dict[str, JSON], moment: datetime) -> bool:
    left = _moment(member.get("deleted_at"))
    return left is not None and left < moment


def _zones(members: Iterable[dict[str, JSON]]) -> Iterator[tzinfo]:
    for name in {str(member.get("timezone")) for member in members}:
        with suppress(ZoneInfoNotFoundError, OSError, ValueError):
            yield ZoneInfo(name)


def _days(since: datetime, until: datetime, *, zones: Iterable[tzinfo]) -> list[date]:
    first = min(since.astimezone(zone).date() for zone in zones)
    last = max(until.astimezone(zone).date() for zone in zones)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
