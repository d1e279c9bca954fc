"""Dotted paths into JSON, such as ``data.project_id``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from airflow_provider_webwork.json_types import JSON

Paths: TypeAlias = tuple[tuple[str, ...], ...]
"""Paths, each in its steps."""

ABSENT = object()
"""What is at a path that leads nowhere; null is something."""


def is_path(path: object) -> bool:
    """Whether something is a dotted path."""
    return isinstance(path, str) and all(path.split("."))


def steps_of(*paths: str) -> Paths:
    """Return the steps of paths; whoever follows them often asks once."""
    return tuple(tuple(path.split(".")) for path in paths)


def value_at(value: object, steps: Iterable[str]) -> object:
    """Return what is at the end of a path into JSON, or ``ABSENT``. A path goes through objects, not into lists."""
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return ABSENT
        value = value[step]
    return value


def without(value: dict[str, JSON], paths: Iterable[str]) -> dict[str, JSON]:
    """Return an object without what is at the given paths; the one that is given stays as it is."""
    for path in paths:
        step, _, rest = path.partition(".")
        if step not in value:
            continue
        value, inner = dict(value), value[step]
        if not rest:
            del value[step]
        elif isinstance(inner, dict):
            value[step] = without(inner, [rest])
    return value
