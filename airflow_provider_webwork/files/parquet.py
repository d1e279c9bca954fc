"""Records as a Parquet file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.files.buffer import Kind, RecordBuffer
from airflow_provider_webwork.files.texts import Write, json_text
from airflow_provider_webwork.json_types import Scalar

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET_COMPRESSIONS = ("snappy", "gzip", "zstd")

_UTC = "timestamp[us, tz=UTC]"
"""What WebWork's times are; Arrow prints the type like this, but does not read it."""

_ROWS = 20_000
_BYTES = 16_000_000
"""How much goes into a row group, which is all that is in memory."""


@contextmanager
def parquet(
    file: BinaryIO, columns: Sequence[str] | None, *, types: Mapping[str, str], compression: str | None
) -> Iterator[Write]:
    """Write records as Parquet.

    The records go to a temporary file first: a column that was whole numbers for a thousand pages can hold a fraction
    on the next one, and a Parquet file says in its first row group of what type a column is. So each column has the
    type that all of its values have: booleans, 64-bit integers, doubles, or else text, in which nested values, and
    those of another type than the others, are JSON.

    :param file: where to.
    :param columns: the names of the columns; by default all fields that a record has.
    :param types: the types of columns by name, as Arrow spells them, such as ``int64`` or ``timestamp[us, tz=UTC]``.
    :param compression: one of :data:`PARQUET_COMPRESSIONS`.
    :raises WebWorkConfigurationError: if pyarrow is not installed.
    :raises ValueError: for a type that Arrow does not know, or values that do not fit theirs.
    """
    wanted = _wanted_types(types)
    with RecordBuffer(columns) as buffer:
        yield buffer.write
        _convert(buffer, file, wanted, compression=compression)


def _convert(
    buffer: RecordBuffer, file: BinaryIO, wanted: Mapping[str, pa.DataType], *, compression: str | None
) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = buffer.kinds
    schema = pa.schema([(name, wanted.get(name, _arrow_type(kind))) for name, kind in kinds.items()])
    with ParquetWriter(file, schema, compression=compression or "none") as writer:
        for chunk in buffer.chunks(rows=_ROWS, size=_BYTES):
            arrays = [
                _array(name, values, kind=kinds[name], wanted=wanted.get(name))
                for name, values in chunk.columns.items()
            ]
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=chunk.rows)


def _wanted_types(types: Mapping[str, str]) -> dict[str, pa.DataType]:
    try:
        import pyarrow as pa
    except ImportError:
        msg = "Parquet needs pyarrow: pip install 'airflow-provider-webwork[parquet]'."
        raise WebWorkConfigurationError(msg) from None

    def known(name: str, spelling: str) -> pa.DataType:
        if spelling == _UTC:
            return pa.timestamp("us", "UTC")
        try:
            return pa.type_for_alias(spelling)
        except ValueError:
            msg = (
                f"columns: {spelling!r} of {name} is no type that Arrow knows by name, such as string, int64, float64, "
                f"bool, date32 or {_UTC}."
            )
            raise ValueError(msg) from None

    return {name: known(name, spelling) for name, spelling in types.items()}


def _arrow_type(kind: Kind) -> pa.DataType:
    import pyarrow as pa

    by_kind = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    return by_kind.get(kind, pa.string())


def _array(name: str, values: Sequence[Scalar], *, kind: Kind, wanted: pa.DataType | None) -> pa.Array:
    import pyarrow as pa

    try:
        array = pa.array(values, _arrow_type(kind))
    except (TypeError, ValueError):  # some values are of another type than most of their column
        array = pa.array(list(map(_CONVERTERS[kind], values)), _arrow_type(kind))
    if wanted is None:
        return array
    try:
        return array.cast(wanted)
    except pa.ArrowInvalid as error:
        raise ValueError(f"columns: a value of {name} does not fit {wanted}: {error}") from None
    except pa.ArrowNotImplementedError:
        raise ValueError(f"columns: {name} holds {kind}, which cannot become {wanted}") from None


def _number(value: Scalar) -> float | None:
    return None if value is None else float(value)


def _text(value: Scalar) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json_text(value)
    # JSON can hold halves of characters, which no UTF-8 can; they are written as JSON writes them.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


_CONVERTERS: Mapping[Kind, Callable[[Scalar], Scalar]] = {"number": _number, "text": _text}
