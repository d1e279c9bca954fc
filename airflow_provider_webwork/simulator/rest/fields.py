"""The fields of a call: how each is read, and the refusal if it is not what WebWork's pages say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias, TypeVar

from airflow_provider_webwork.simulator.refusals import RefusedError

T = TypeVar("T")

Reader: TypeAlias = Callable[[Mapping[str, Any], str], Any]
"""Returns a field, ``None`` if it is absent, null or empty; refuses what is of another kind."""


@dataclass(frozen=True)
class Field:
    """A field that a write takes.

    :param column: where the record keeps it, if not under its own name.
    :param choices: the only values; none means any.
    :param nullable: whether it may be null.
    """

    name: str
    read: Reader
    column: str | None = None
    choices: tuple[Any, ...] = ()
    nullable: bool = True


def read_fields(fields: Iterable[Field], given: Mapping[str, Any], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields that a call gives, by the columns that keep them; others are ignored.

    :raises RefusedError: 400 if one is missing or makes no sense.
    """
    for name in required:
        if given.get(name) in (None, ""):
            raise RefusedError(400, f"The {name} field is required.")
    values = {}
    for each in fields:
        if each.name in given:
            value = each.read(given, each.name)
            if value is None and not each.nullable:
                raise RefusedError(400, f"The {each.name} field must have a value.")
            if each.choices and value is not None and value not in each.choices:
                raise RefusedError(400, f"The selected {each.name} is invalid.")
            values[each.column or each.name] = value
    return values


def integer(fields: Mapping[str, Any], name: str) -> int:
    """Return a required whole number; numeric text counts, because forms and queries know nothing else."""
    return present(optional_integer(fields, name), name)


def optional_integer(fields: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number, or ``None`` if the field is absent, null or empty."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    raise RefusedError(400, f"The {name} field must be an integer.")


def optional_number(fields: Mapping[str, Any], name: str) -> float | None:
    """Return a number, which may be numeric text."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", value):
        return float(value)
    raise RefusedError(400, f"The {name} field must be a number.")


def optional_text(fields: Mapping[str, Any], name: str) -> str | None:
    """Return a text, or ``None`` if the field is absent or null."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise RefusedError(400, f"The {name} field must be a string.")


def optional_flag(fields: Mapping[str, Any], name: str) -> bool | None:
    """Return a truth value; 0, 1 and their texts count."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if value in (True, 1, "1", "true"):
        return True
    if value in (False, 0, "0", "false"):
        return False
    raise RefusedError(400, f"The {name} field must be true or false.")


def optional_day(fields: Mapping[str, Any], name: str) -> date | None:
    """Return a day of this or the last century, written ``2024-01-15``."""
    text = optional_text(fields, name)
    if not text:
        return None
    if re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise RefusedError(400, f"The {name} field must be a date in the format Y-m-d.")


def day(fields: Mapping[str, Any], name: str) -> date:
    """Return a required day."""
    return present(optional_day(fields, name), name)


def optional_written_day(fields: Mapping[str, Any], name: str) -> str | None:
    """Return a day as it was written, for records that only show it again."""
    found = optional_day(fields, name)
    return None if found is None else f"{found}"


def optional_clock(fields: Mapping[str, Any], name: str) -> time | None:
    """Return a time of day, written ``09:30``."""
    text = optional_text(fields, name)
    if not text:
        return None
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        return time.fromisoformat(text)
    raise RefusedError(400, f"The {name} field must be a time in the format HH:mm.")


def optional_moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    """Return a moment in ISO 8601; one without a zone is taken for UTC, which WebWork does not say."""
    text = optional_text(fields, name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RefusedError(400, f"The {name} field must be a date and time.") from None


def optional_integers(fields: Mapping[str, Any], name: str) -> list[int] | None:
    """Return whole numbers, given as an array or separated by commas (vendor page "Reports")."""
    texts = optional_texts(fields, name)
    return None if texts is None else [integer({name: text}, name) for text in texts]


def optional_texts(fields: Mapping[str, Any], name: str) -> list[str] | None:
    """Return texts, given as an array or separated by commas."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    return [str(each) for each in value] if isinstance(value, list) else str(value).split(",")


def check_order(values: Mapping[str, Any], first: str, second: str) -> None:
    """Refuse a second day that comes before the first; without either there is nothing to compare.

    :raises RefusedError: 400.
    """
    if values.get(first) and values.get(second) and values[first] > values[second]:
        raise RefusedError(400, f"The {second} field must be a date after {first}.")


def present(value: T | None, name: str) -> T:
    """Return a value that must be there.

    :raises RefusedError: 400 if it is not.
    """
    if value is None:
        raise RefusedError(400, f"The {name} field is required.")
    return value
