"""When something happened, as senders write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before this no tracker ran: an earlier time is a placeholder or another unit."""

LATEST = timedelta(days=1)
"""How far a sender's clock or time zone may be ahead of ours."""

_NUMBER = re.compile(r"\d{9,14}(\.\d{1,9})?", re.ASCII)
_MILLISECONDS_FROM = 1e11
_LARGEST = 1e14


def moment(value: object, *, now: datetime) -> datetime | None:
    """Read ISO 8601 text or seconds or milliseconds since 1970; ``None`` for anything else and for absurd times.

    A text without an offset counts as UTC: WebWork prints some of its times as ``2024-01-15 10:30:00``
    (https://api-docs.webwork-tracker.com) and does not say in which zone.
    """
    found = _read(value)
    if found is None or not EARLIEST <= found <= now + LATEST:
        return None
    return found.astimezone(UTC)


def _read(value: object) -> datetime | None:
    if isinstance(value, str):
        text = value.strip()
        return _since_1970(float(text)) if _NUMBER.fullmatch(text) else _iso(text)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _since_1970(value)
    return None


def _iso(text: str) -> datetime | None:
    if not 16 <= len(text) <= 40:  # a date alone is no moment
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _since_1970(number: float) -> datetime | None:
    if not 0 < number < _LARGEST:
        return None
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, tz=UTC)
