"""Moments and days as WebWork writes them: several forms, sometimes in one object (vendor page "Get workspaces")."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo

LAUNCH = datetime(2025, 2, 19, 19, 24, 55, tzinfo=UTC)
"""When everything that the seed made was created."""


def stamp(moment: datetime) -> str:
    """Write a moment to the second, as ``2024-01-15T10:30:00Z``."""
    # Twice a row of every time entry, and several times faster than strftime.
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def micro_stamp(moment: datetime) -> str:
    """Write a moment to the microsecond, as ``2025-02-19T19:24:55.000000Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def plain_stamp(moment: datetime) -> str:
    """Write a moment without a zone, as ``2025-02-19 19:24:55``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def american_day(day: date) -> str:
    """Write a day as expenses show it, ``Jan 15, 2024``."""
    return f"{day:%b} {day.day:02}, {day.year}"


def at(day: date, clock: time, zone: tzinfo) -> datetime:
    """Return the moment at which a clock on the wall of a zone shows a time, in UTC."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
