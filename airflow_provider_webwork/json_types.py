"""The types of JSON values."""

from __future__ import annotations

from typing import TypeAlias

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"
"""Whatever a JSON text can hold."""

Scalar: TypeAlias = "str | int | float | bool | None"
"""A JSON value that is neither a list nor an object."""
