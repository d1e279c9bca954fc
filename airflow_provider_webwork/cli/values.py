"""What people write on the command line: filters, times, places."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pendulum

from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.reading import PLACES, USUAL, Reading
from airflow_provider_webwork.events.subscription import Start
from airflow_provider_webwork.hooks.times import LONGEST
from airflow_provider_webwork.json_types import JSON

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def event_filter(args: Namespace) -> EventFilter:
    """Read ``--types`` and ``--match``.

    :raises ValueError: if they are not usable.
    """
    types = [name.strip() for name in args.types.split(",") if name.strip()] if args.types else None
    return EventFilter.of(types=types, match=dict(pairs(args.match)) or None)  # type: ignore[arg-type] # checked there


def pairs(texts: Iterable[str] | None) -> list[tuple[str, JSON]]:
    """Read ``key=value`` arguments; a value that is JSON is taken as such.

    :raises ValueError: for a text without a key or an equals sign.
    """
    return [_pair(text) for text in texts or ()]


def texts_by_name(texts: Iterable[str]) -> dict[str, str]:
    """Read ``key=value`` arguments, the values as the texts that they are.

    :raises ValueError: for a text without a key or an equals sign, or a key that comes twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, value = split(text, form="key=value")
        if name in found:
            msg = f"{name} is given twice."
            raise ValueError(msg)
        found[name] = value
    return found


def moment(text: str) -> datetime:
    """Read a time: ISO 8601 (UTC unless it says otherwise), or an age such as ``2h`` or ``7d``.

    :raises ValueError: if it is neither.
    """
    if _is_age(text):
        return utc_now() - age(text)
    try:
        return pendulum.instance(datetime.fromisoformat(text), tz="UTC").in_timezone("UTC")
    except (ValueError, OverflowError):  # the latter for a time beside the years that there are in UTC
        msg = f"{text!r} is neither a time such as 2026-11-22T04:50:00Z nor an age such as 2h or 7d."
        raise ValueError(msg) from None


def age(text: str) -> timedelta:
    """Read an age such as ``90d``.

    :raises ValueError: if it is not one, or longer than can be meant.
    """
    if not _is_age(text):
        msg = f"{text!r} is not an age such as 12h or 90d."
        raise ValueError(msg)
    try:
        found = timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    except OverflowError:
        found = timedelta.max
    if found > LONGEST:
        msg = f"{text!r} is too long an age; {LONGEST.days}d is the most."
        raise ValueError(msg)
    return found


def deadline(text: str | None) -> datetime | None:
    """Read a time to come: ISO 8601 (UTC unless it says otherwise), or how long from now, such as ``24h``.

    ``None`` for an option that was not given.

    :raises ValueError: if it is neither.
    """
    if text is None:
        return None
    return utc_now() + age(text) if _is_age(text) else moment(text)


def start(text: str) -> Start | int:
    """Read where to begin: ``now``, ``beginning``, a time, an age, or a ``seq``.

    :raises ValueError: if it is none of these.
    """
    match text:
        case "now" | "beginning":
            return text
    return int(text) if text.isdecimal() else moment(text)


def split(text: str, *, form: str) -> tuple[str, str]:
    """Read a name and a value with an equals sign between them.

    :param form: how they are written, such as ``key=value``.
    :raises ValueError: if there is no name or no equals sign.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        msg = f"{text!r} is not {form}."
        raise ValueError(msg)
    return name, value


def changed_reading(reading: Reading, texts: Iterable[str]) -> Reading:
    """Read ``what=path`` arguments; an empty path stands for the usual places.

    :raises ValueError: for anything else.
    """
    changes: dict[str, str | tuple[str, ...] | None] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or name not in {*PLACES, "volatile"}:
            msg = f"{text!r} is not what=path, where what is one of {', '.join(PLACES)} and volatile."
            raise ValueError(msg)
        changes[name] = path or None
        if name == "volatile":
            changes[name] = tuple(path.split(",")) if path else USUAL.volatile
    return replace(reading, **changes)  # type: ignore[arg-type] # checked when it is made


def _is_age(text: str) -> bool:
    return text[:-1].isdecimal() and text[-1] in _UNITS


def _pair(text: str) -> tuple[str, JSON]:
    name, value = split(text, form="key=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
