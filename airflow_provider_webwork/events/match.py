"""Which events somebody wants: the one place where the rule is evaluated."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from airflow_provider_webwork.events.event import SHOWN, Event
from airflow_provider_webwork.events.paths import ABSENT, is_path, value_at
from airflow_provider_webwork.json_types import JSON, Scalar

Match: TypeAlias = "Mapping[str, Scalar | list[Scalar]]"

_Key: TypeAlias = "str | bool | None"
"""A value in the form that it shares with all its equals."""


@dataclass(frozen=True, eq=False)
class EventFilter:
    """A choice of events by type and by what they say.

    An event with a ``problem`` is never chosen.

    :param types: names of events, exact or with a trailing ``*``; empty for all.
    :param match: for each dotted path into the event as Dags see it, a scalar or a list of which any will do.
        All paths must match; a path that the event does not have never does. A number equals its decimal text,
        because templates render text; a boolean equals only a boolean.

    ``EventFilter.of(types=["tracker.*"], match={"user_id": 7, "data.project_id": [1, 2]})``
    """

    types: tuple[str, ...] = ()
    match: tuple[tuple[str, tuple[Scalar, ...]], ...] = ()

    def __eq__(self, other: object) -> bool:
        """Whether both choose by the same types and values."""
        return isinstance(other, EventFilter) and self._text == other._text

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self._text)

    @cached_property
    def _text(self) -> str:
        # To Python 1, 1.0 and True are one value, to JSON they are three.
        return json.dumps(self.to_json())

    @classmethod
    def of(cls, *, types: Iterable[str] | None = None, match: Match | None = None) -> EventFilter:
        """Make a filter from what a user writes down; the order in which it is written makes no difference.

        :raises ValueError: if an argument is not usable; the text names it.
        """
        return cls(types=_types(types), match=_paths(match))

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> EventFilter:
        """Read what :meth:`to_json` wrote."""
        # An empty list is how to_json() writes "every event"; of() takes it for a mistake.
        return cls.of(types=value["types"] or None, match=value["match"])  # type: ignore[arg-type] # checked by of()

    def to_json(self) -> dict[str, JSON]:
        """Return the filter as strict JSON."""
        return {"types": list(self.types), "match": {path: list(values) for path, values in self.match}}

    def matches(self, event: Event) -> bool:
        """Whether the event is one of those chosen."""
        if event.problem is not None:
            return False
        if self.types and not any(_names(pattern, event.type) for pattern in self.types):
            return False
        for field, steps, values in self._rules:  # noqa: SIM110 - catching up asks this of every event of the log
            if not _any_equal(values, _at(event, field, steps)):
                return False
        return True

    @cached_property
    def _rules(self) -> tuple[tuple[str, tuple[str, ...], tuple[Scalar, ...]], ...]:
        return tuple((*_steps(path), values) for path, values in self.match)

    def texts(self, field: str) -> frozenset[str | None] | None:
        """Return what an identifier has to be, for an event to match; ``None`` if any will do.

        :param field: one of the event that is a text or null, such as ``user_id``.
        """
        for path, values in self.match:
            if path == field:
                return frozenset(key for value in values for key in _keys(value) if not isinstance(key, bool))
        return None


class FilterIndex:
    """Finds which of many filters choose an event, without asking each of them.

    Ten thousand sensors that each wait for one member are looked up by the member that an event is about.

    :param filters: the filters; those that name no value are asked about every event.
    """

    def __init__(self, filters: Iterable[EventFilter]) -> None:
        values = {wanted: _values(wanted) for wanted in filters}
        distinct: dict[str, set[_Key]] = {}
        for wanted in values.values():
            for path, keys in wanted.items():
                distinct.setdefault(path, set()).update(keys)
        self._unnamed: list[EventFilter] = []
        self._named: dict[str, dict[_Key, list[EventFilter]]] = {}
        for each, wanted in values.items():
            if not wanted:
                self._unnamed.append(each)
                continue
            # The path that tells most of the filters apart leaves the fewest to ask.
            path = max(wanted, key=lambda path: len(distinct[path]))
            for key in wanted[path]:
                self._named.setdefault(path, {}).setdefault(key, []).append(each)

    def choosing(self, event: Event) -> Iterator[EventFilter]:
        """Yield each filter that chooses the event, once."""
        for path, filters in self._named.items():
            found = {each: None for key in _keys(_at(event, *_steps(path))) for each in filters.get(key, ())}
            yield from (each for each in found if each.matches(event))
        yield from (each for each in self._unnamed if each.matches(event))


def _values(wanted: EventFilter) -> dict[str, set[_Key]]:
    """Return what an event must have at each path, in a form in which equal values are the same."""
    values = {path: {key for each in given for key in _keys(each)} for path, given in wanted.match}
    if wanted.types and not any(pattern.endswith("*") for pattern in wanted.types):
        values.setdefault("type", set(wanted.types))
    return values


def _keys(value: object) -> tuple[_Key, ...]:
    if value is None or isinstance(value, (bool, str)):
        return (value,)
    return _decimal_texts(value) if isinstance(value, (int, float)) else ()


def _types(types: object) -> tuple[str, ...]:
    if types is None:
        return ()
    if isinstance(types, str):
        msg = f"types must be a list of event names, such as [{types!r}], not a text."
        raise ValueError(msg)
    names = tuple(types) if isinstance(types, Iterable) else (types,)
    for name in names:
        if not isinstance(name, str) or not name.strip() or "*" in name[:-1]:
            msg = f"types: {name!r} is not an event name; write it out, or end it with one `*`."
            raise ValueError(msg)
    if not names:
        msg = "types is an empty list, which would match nothing. Leave it out to match every event."
        raise ValueError(msg)
    return tuple(sorted(set(names)))


def _paths(match: object) -> tuple[tuple[str, tuple[Scalar, ...]], ...]:
    if match is None:
        return ()
    if not isinstance(match, Mapping):
        msg = f"match must be a dict of dotted paths and values, not {type(match).__name__}."
        raise ValueError(msg)
    paths = []
    for path, wanted in match.items():
        values = tuple(wanted) if isinstance(wanted, (list, tuple)) else (wanted,)
        if not is_path(path):
            msg = f"match: {path!r} is not a dotted path such as 'user_id' or 'data.project_id'."
            raise ValueError(msg)
        if not values or not all(map(_is_scalar, values)):
            msg = f"match[{path!r}] must be a text, a number, a boolean, null, or a list of these that is not empty."
            raise ValueError(msg)
        paths.append((path, _sorted(values)))
    return tuple(sorted(paths))


def _sorted(values: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    # Told apart as JSON tells them apart, which is how a filter is stored.
    return tuple(dict(sorted((json.dumps(value), value) for value in values)).values())


def _is_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)  # JSON has no other floats
    return value is None or isinstance(value, (bool, int, str))


def _names(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _steps(path: str) -> tuple[str, tuple[str, ...]]:
    field, *steps = path.split(".")
    return field, tuple(steps)


def _at(event: Event, field: str, steps: tuple[str, ...]) -> object:
    if field not in SHOWN:
        return ABSENT
    return value_at(SHOWN[field](event), steps)


def _any_equal(wanted: tuple[Scalar, ...], found: object) -> bool:
    if found is ABSENT:
        return False
    return _equal(wanted[0], found) if len(wanted) == 1 else any(_equal(value, found) for value in wanted)


def _equal(wanted: Scalar, found: object) -> bool:
    if wanted is None or isinstance(wanted, bool) or found is None or isinstance(found, bool):
        return wanted is found
    if isinstance(found, (int, float)):
        return wanted == found if isinstance(wanted, (int, float)) else wanted in _decimal_texts(found)
    if isinstance(found, str):
        return found == wanted if isinstance(wanted, str) else found in _decimal_texts(wanted)
    return False


def _decimal_texts(number: float) -> tuple[str, ...]:
    if isinstance(number, float) and number.is_integer():
        return (repr(number), str(int(number)))
    return (repr(number),)
