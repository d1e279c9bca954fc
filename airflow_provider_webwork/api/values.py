"""Checking values against what is documented of a parameter."""

from __future__ import annotations

import datetime as dt
import logging
import math
import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from airflow_provider_webwork.api.operations import Parameter
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)


def checked_value(what: str, parameter: Parameter, value: object) -> JSON:
    """Return the value of a parameter in its documented type.

    :param what: names the argument in errors, such as ``"getMembers: status"``.
    :param parameter: what is documented of it.
    :param value: what was given.
    :raises TypeError: for a value of another type.
    :raises ValueError: for a value that cannot be meant, or is beyond a documented limit.
    """
    if parameter.type.startswith("array["):
        checked: JSON = _array(what, parameter, value)
    elif parameter.place == "path" and isinstance(value, int) and not isinstance(value, bool):
        checked = value
    else:
        checked = _CHECKS[parameter.type](what, value)
    _refuse_beyond(what, parameter, checked)
    for each in checked if isinstance(checked, list) else [checked]:
        if parameter.enum and each not in parameter.enum:
            log.warning(
                "%s is %r, which WebWork does not document (it lists %s); it is sent as it is",
                what,
                each,
                ", ".join(map(str, parameter.enum)),
            )
    return checked


def checked_unlisted(what: str, value: object) -> JSON:
    """Return the value of an argument that is not documented: a scalar, or a list of them.

    :param what: names the argument in errors.
    :param value: what was given.
    :raises TypeError: for anything else.
    """
    if isinstance(value, list | tuple):
        return [checked_unlisted(f"{what}[{index}]", item) for index, item in enumerate(cast("list[object]", value))]
    if isinstance(value, str | int | float):
        return value
    raise TypeError(f"{what} must be text, a number, True or False, or a list of these, not {_kind(value)}")


def checked_integer(what: str, value: object) -> int:
    """Return a whole number, which may come as decimal text.

    :param what: names the argument in errors.
    :param value: what was given.
    :raises TypeError: for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    raise TypeError(f"{what} must be an integer, not {_kind(value)}")


def _refuse_beyond(what: str, parameter: Parameter, value: JSON) -> None:
    low, high = parameter.minimum, parameter.maximum
    if isinstance(value, int) and ((low is not None and value < low) or (high is not None and value > high)):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ValueError(f"{what} must be {limits}, not {value}")


def _array(what: str, parameter: Parameter, value: object) -> list[JSON]:
    if isinstance(value, AbstractSet):
        value = sorted(value)
    if not isinstance(value, list | tuple):
        raise TypeError(f"{what} must be a list, not {_kind(value)}")
    if parameter.required and not value:
        raise ValueError(f"{what} must not be empty")
    check = _CHECKS[parameter.type.removeprefix("array[").removesuffix("]")]
    return [check(f"{what}[{index}]", item) for index, item in enumerate(cast("list[object]", value))]


def _number(what: str, value: object) -> int | float:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", value.strip()):
        return float(value) if "." in value else int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError(f"{what} must be a finite number")
        return value
    raise TypeError(f"{what} must be a number, not {_kind(value)}")


def _string(what: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{what} must be text, not {_kind(value)}")


def _boolean(what: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise TypeError(f"{what} must be True or False, not {_kind(value)}")


def _date(what: str, value: object) -> str:
    if isinstance(value, dt.date):
        return value.strftime("%Y-%m-%d")
    text = _string(what, value).strip()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and _parses(dt.date.fromisoformat, text):
        return text
    raise ValueError(f"{what} must be a date such as 2026-11-22, not {text[:40]!r}")


def _time(what: str, value: object) -> str:
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    text = _string(what, value).strip()
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        return text
    raise ValueError(f"{what} must be a time of day such as 09:30, not {text[:40]!r}")


def _datetime(what: str, value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    text = _string(what, value).strip()
    if _parses(dt.datetime.fromisoformat, text):
        return text
    raise ValueError(f"{what} must be an ISO 8601 time such as 2026-11-22T04:50:00Z, not {text[:40]!r}")


_CHECKS: dict[str, Callable[[str, object], JSON]] = {
    "integer": checked_integer,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
}


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _kind(value: object) -> str:
    """Name the type of a refused value, never the value: it may be a secret in the wrong place."""
    return "text that is none" if isinstance(value, str) else type(value).__name__
