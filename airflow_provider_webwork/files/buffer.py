"""Records on disk until all of them are known, for formats that have to know their columns first."""

from __future__ import annotations

import marshal
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import TracebackType
from typing import Literal, Self, TypeAlias, cast

from airflow_provider_webwork.files.texts import Record, json_text
from airflow_provider_webwork.json_types import JSON, Scalar

Kind: TypeAlias = Literal["boolean", "integer", "number", "text"]

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some of the records, by column.

    :param rows: how many.
    :param columns: the values of each column, nested ones as JSON text.
    """

    rows: int
    columns: Mapping[str, list[Scalar]]

    def records(self) -> list[Record]:
        """Return the records one by one."""
        return [dict(zip(self.columns, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]


class RecordBuffer:
    """Keeps records in a temporary file without a name, of which nothing is left if the process is killed.

    :param columns: the fields to keep; by default all, in the order in which they come.
    """

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._columns = columns
        self._types: dict[str, set[type]] = {name: set() for name in columns or ()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds, so far; one without any value counts as text."""
        return {name: _kind(types) for name, types in self._types.items()}

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        names = dict.fromkeys(chain.from_iterable(records)) if self._columns is None else self._columns
        columns = {name: self._seen(name, [each.get(name) for each in records]) for name in names}
        content = marshal.dumps((len(records), columns))
        self._file.write(_LENGTH.pack(len(content)) + content)

    def chunks(self, *, rows: int, size: int) -> Iterator[Chunk]:
        """Yield all records, in order.

        :param rows: from how many rows on a chunk is complete.
        :param size: from how many bytes on it is.
        """
        self._file.seek(0)
        count = read = 0
        columns: dict[str, list[Scalar]] = {name: [] for name in self._types}
        while length := self._file.read(_LENGTH.size):
            content = self._file.read(_LENGTH.unpack(length)[0])
            added, page = marshal.loads(content)  # noqa: S302 - written above, in a file that nobody else can open
            for name, values in columns.items():
                values.extend(page.get(name) or [None] * added)
            count, read = count + added, read + len(content)
            if count >= rows or read >= size:
                yield Chunk(rows=count, columns=columns)
                count, read, columns = 0, 0, {name: [] for name in self._types}
        if count:
            yield Chunk(rows=count, columns=columns)

    def _seen(self, name: str, values: list[JSON]) -> list[Scalar]:
        """Take note of the types in a column, and return its values without nested ones."""
        types = set(map(type, values))
        if int in types and _beyond_int64(values):
            types.add(str)  # no column of integers takes it
        self._types.setdefault(name, set()).update(types)
        if types.isdisjoint({dict, list}):
            return cast("list[Scalar]", values)
        return [json_text(value) if isinstance(value, (dict, list)) else value for value in values]


def _beyond_int64(values: Sequence[JSON]) -> bool:
    numbers = [value for value in values if type(value) is int]
    return min(numbers) < -(2**63) or max(numbers) >= 2**63


def _kind(types: set[type]) -> Kind:
    found = types - {type(None)}
    if found == {bool}:
        return "boolean"
    if found == {int}:
        return "integer"
    return "number" if found and found <= {int, float} else "text"
