"""Which formats there are, and what a file in one of them looks like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import BinaryIO

from airflow_provider_webwork.files.buffer import RecordBuffer
from airflow_provider_webwork.files.compression import TEXT_COMPRESSIONS, compressed
from airflow_provider_webwork.files.parquet import PARQUET_COMPRESSIONS, parquet
from airflow_provider_webwork.files.texts import Write, comma_separated, json_lines

FORMATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"jsonl": TEXT_COMPRESSIONS, "csv": TEXT_COMPRESSIONS, "parquet": PARQUET_COMPRESSIONS}
)
"""The formats, each with its compressions."""

_ROWS = 5_000
_BYTES = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a file looks like.

    :param format: one of :data:`FORMATS`.
    :param compression: one of the format's; ``None`` for none.
    :param columns: the fields of each row; ``None`` for whatever the records have.
    :param types: for Parquet: the types of columns by name, as Arrow spells them.
    """

    format: str = "jsonl"
    compression: str | None = None
    columns: tuple[str, ...] | None = None
    types: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: naming the argument, if there is no such format or compression, or a column comes twice.
        """
        if self.format not in FORMATS:
            raise ValueError(f"format must be {_either(FORMATS)}, not {self.format!r}.")
        known = FORMATS[self.format]
        if self.compression is not None and self.compression not in known:
            raise ValueError(
                f"compression of {self.format} must be {_either(known)} or None, not {self.compression!r}."
            )
        if self.columns is not None and (not self.columns or len(set(self.columns)) < len(self.columns)):
            raise ValueError("columns must be names of fields, at least one and none of them twice.")
        if self.types and self.format != "parquet":
            raise ValueError(f"columns have types in parquet only; give a list of names for {self.format}.")


@contextmanager
def writing(file: BinaryIO, layout: Layout) -> Iterator[Write]:
    """Write records into a file as they come; it is complete when the block ends.

    :param file: where to; it stays open.
    :param layout: what the file is to look like.
    :raises WebWorkConfigurationError: if what the format needs is not installed.
    :raises ValueError: if columns cannot have the types that they should.
    """
    if layout.format == "parquet":
        with parquet(file, layout.columns, types=layout.types, compression=layout.compression) as write:
            yield write
        return
    with compressed(file, layout.compression) as stream:
        if layout.format == "jsonl":
            yield json_lines(stream, layout.columns)
        elif layout.columns is not None:
            yield comma_separated(stream, layout.columns)
        else:
            with RecordBuffer() as buffer:
                yield buffer.write
                _write_buffered(buffer, stream)


def _write_buffered(buffer: RecordBuffer, file: BinaryIO) -> None:
    write = comma_separated(file, tuple(buffer.kinds))
    for chunk in buffer.chunks(rows=_ROWS, size=_BYTES):
        write(chunk.records())


def _either(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(names)
