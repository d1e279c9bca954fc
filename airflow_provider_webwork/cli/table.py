"""Rows as a table for people or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from airflow_provider_webwork.cli.escapes import escaped
from airflow_provider_webwork.json_types import JSON

_WIDE = 1_000
"""Columns of what is no terminal: a file or a pipe needs no line breaks inside a cell."""


def show(rows: Sequence[Mapping[str, JSON]], *, output: str) -> None:
    """Print rows.

    :param output: ``table`` or ``json``.
    """
    if output == "json":
        print(json.dumps(list(rows), indent=2))
        return
    if not rows:
        print("There are none.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*map(escaped, rows[0]))
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    # Names come from people and from WebWork: brackets and colons in them are no markup.
    console = Console(soft_wrap=True, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def _cell(value: JSON) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return "" if value is None else escaped(str(value))
