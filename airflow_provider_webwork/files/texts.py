"""Records as lines of text: JSON Lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, TypeAlias

from airflow_provider_webwork.json_types import JSON

Record: TypeAlias = Mapping[str, JSON]
Write: TypeAlias = Callable[[Sequence[Record]], None]
"""Takes the next records of a file, in order."""


def json_lines(file: BinaryIO, columns: Sequence[str] | None = None) -> Write:
    """Write each record as a JSON object on a line of its own, in ASCII.

    :param file: where to.
    :param columns: the fields of each line, null where a record lacks one; by default those that each record has.
    """
    encode = json.JSONEncoder().encode

    def write(records: Sequence[Record]) -> None:
        chosen = records if columns is None else [{name: each.get(name) for name in columns} for each in records]
        file.write("".join([f"{encode(each)}\n" for each in chosen]).encode("ascii"))

    return write


def comma_separated(file: BinaryIO, columns: Sequence[str]) -> Write:
    """Write a header and each record as a line of CSV, in UTF-8.

    Null is an empty field, booleans are ``true`` and ``false``, nested values are JSON text.

    :param file: where to.
    :param columns: the fields of each line.
    """

    def write_rows(rows: Sequence[Sequence[str | int | float | None]]) -> None:
        text = io.StringIO(newline="")
        # Lines end as RFC 4180 has it; with another end the module would leave a lone "\r" in a value unquoted.
        csv.writer(text).writerows(rows)
        # JSON can hold halves of characters, which no UTF-8 can; they are written as JSON writes them.
        file.write(text.getvalue().encode("utf-8", "backslashreplace"))

    if columns:
        write_rows([columns])
    return lambda records: write_rows([[_cell(each.get(name)) for name in columns] for each in records])


def json_text(value: JSON) -> str:
    """Write a value that is nested, or of another type than its column, as JSON."""
    return json.dumps(value, ensure_ascii=False)


def _cell(value: JSON) -> str | int | float | None:
    return json_text(value) if isinstance(value, (dict, list, bool)) else value
