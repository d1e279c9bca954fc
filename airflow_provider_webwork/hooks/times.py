"""Times and durations that users write down in a Dag."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow_provider_webwork.events.event import quoted, zoned

LONGEST = timedelta(days=36_500)
"""The longest duration that can be meant: from now it leads to a year that a datetime can tell."""


def usable_moment(value: object, *, name: str) -> datetime:
    """Return a time with a time zone, given as a datetime or as ISO 8601.

    :raises ValueError: naming the argument, if it is neither.
    """
    if (moment := zoned(value)) is not None:
        return moment
    given = quoted(value)
    msg = f"{name} must be a datetime with a time zone, or one as text such as 2026-11-22T04:50:00Z, not {given}."
    raise ValueError(msg)


def usable_duration(value: object, *, name: str) -> timedelta:
    """Return a duration.

    :raises ValueError: naming the argument, if it is none, negative, or longer than can be meant.
    """
    if isinstance(value, timedelta) and timedelta(0) <= value <= LONGEST:
        return value
    msg = (
        f"{name} must be a timedelta that is not negative and at most {LONGEST.days} days, such as timedelta(days=1), "
        f"not {value!r}."
    )
    raise ValueError(msg)
