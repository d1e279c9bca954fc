"""What is in a file is what was written into it, in every format, however the records were cut into pages."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import sys

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.files.formats import FORMATS, Layout, writing

NAMES = st.sampled_from(["id", "user_id", "name", "note", "rate", "größe", 'a "quoted", name'])
TEXTS = st.text(max_size=12) | st.sampled_from(["", "a,b", 'say "x"', "two\r\nlines", "half \ud83d", "null\0", "=1+1"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(TEXTS, SCALARS, max_size=2)
RECORDS = st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=12)
COLUMNS = st.none() | st.lists(NAMES, min_size=1, unique=True).map(tuple)
OPENERS = {None: bytes, "gzip": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}


def written(records, *, page=3, **layout):
    file = io.BytesIO()
    with writing(file, Layout(**layout)) as write:
        for begin in range(0, len(records), page):
            write(records[begin : begin + page])
    assert not file.closed
    return file.getvalue()


def columns_of(records, columns):
    return list(dict.fromkeys(name for each in records for name in each)) if columns is None else list(columns)


def utf8(text):
    return text.encode("utf-8", "backslashreplace").decode()


def as_text(value):
    return utf8(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


@given(RECORDS, COLUMNS)
def test_json_lines_hold_the_records(records, columns):
    lines = written(records, columns=columns).decode("ascii").splitlines()
    expected = records if columns is None else [{name: each.get(name) for name in columns} for each in records]
    assert [json.loads(line) for line in lines] == expected


@given(RECORDS, COLUMNS)
def test_csv_holds_every_value_under_its_name(records, columns):
    text = written(records, format="csv", columns=columns).decode("utf-8")
    names = columns_of(records, columns)
    header, *rows = csv.reader(io.StringIO(text, newline="")) if names else [[]]
    assert header == names
    if names:
        expected = [["" if each.get(name) is None else as_text(each[name]) for name in names] for each in records]
        assert rows == expected


@given(RECORDS, COLUMNS)
def test_parquet_holds_every_value_in_a_column_of_one_type(records, columns):
    table = pq.read_table(io.BytesIO(written(records, format="parquet", columns=columns)))
    names = columns_of(records, columns)
    assert table.column_names == names
    for name in names:
        values = [each.get(name) for each in records]
        found = table[name].to_pylist()
        kinds = {type(value) for value in values if value is not None}
        if kinds == {bool} or (kinds == {int} and all(abs(value or 0) < 2**63 for value in values)):
            assert found == values
        elif kinds and kinds <= {int, float} and str(table.schema.field(name).type) == "double":
            assert found == [None if value is None else float(value) for value in values]
        else:
            assert found == [None if value is None else as_text(value) for value in values]


@pytest.mark.parametrize(
    ("values", "arrow_type"),
    [
        ([1, None, 2], "int64"),
        ([1, None, 2.5], "double"),
        ([True, False], "bool"),
        ([None, None], "string"),
        ([1, "2"], "string"),
        ([True, 1], "string"),
        ([2**63], "string"),
        ([{"a": 1}], "string"),
        (["2026-11-22"], "string"),
    ],
)
def test_a_parquet_column_has_the_type_that_all_of_its_values_have(values, arrow_type):
    # The value that decides comes a page later than those before it.
    content = written([{"x": value} for value in values], format="parquet", page=1)
    assert str(pq.read_schema(io.BytesIO(content)).field("x").type) == arrow_type


def test_parquet_columns_have_the_types_that_are_asked_for_also_without_a_value():
    types = {"id": "string", "at": "timestamp[us, tz=UTC]", "on": "date32", "minutes": "int64", "rate": "float64"}
    record = {"id": 7, "at": "2026-11-22T04:50:00Z", "on": "2026-11-22", "minutes": 5, "rate": 3}
    full, empty = (
        pq.read_table(io.BytesIO(written(records, format="parquet", columns=tuple(types), types=types)))
        for records in ([record], [{}])
    )
    assert full.schema == empty.schema
    assert [str(field.type) for field in full.schema] == [
        "string",
        "timestamp[us, tz=UTC]",
        "date32[day]",
        "int64",
        "double",
    ]
    (row,) = full.to_pylist()
    assert (row["id"], row["at"].isoformat(), str(row["on"]), row["minutes"], row["rate"]) == (
        "7",
        "2026-11-22T04:50:00+00:00",
        "2026-11-22",
        5,
        3.0,
    )


@pytest.mark.parametrize(("value", "wanted"), [("soon", "int64"), (True, "date32"), (1.5, "int64")])
def test_a_value_that_does_not_fit_the_type_asked_for_is_named(value, wanted):
    with pytest.raises(ValueError, match=r"columns: .*\bx\b.*") as refused:
        written([{"x": value}], format="parquet", columns=("x",), types={"x": wanted})
    assert wanted in str(refused.value)


def test_a_parquet_type_that_arrow_does_not_know_is_refused_before_anything_is_written():
    with (
        pytest.raises(ValueError, match="columns: 'integer' of x is no type"),
        writing(io.BytesIO(), Layout(format="parquet", columns=("x",), types={"x": "integer"})),
    ):
        pytest.fail("it should not get here")


def test_without_pyarrow_parquet_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WebWorkConfigurationError, match=r"airflow-provider-webwork\[parquet\]"):
        written([], format="parquet")


@pytest.mark.parametrize("kind", FORMATS)
@given(RECORDS, st.integers(1, 13))
def test_the_same_records_give_the_same_bytes_however_they_come(kind, records, page):
    assert written(records, page=page, format=kind) == written(records, format=kind)


@pytest.mark.parametrize("compression", ["gzip", "bz2", "xz"])
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_compressed_text_is_the_text_and_smaller(kind, compression):
    records = [{"id": each, "note": "Planning"} for each in range(1000)]
    plain = written(records, format=kind)
    packed = written(records, format=kind, compression=compression)
    assert OPENERS[compression](packed) == plain
    assert len(packed) < len(plain) / 2
    assert packed == written(records, format=kind, compression=compression)


@pytest.mark.parametrize("compression", FORMATS["parquet"])
def test_parquet_is_compressed_inside(compression):
    content = written([{"id": each} for each in range(1000)], format="parquet", compression=compression)
    column = pq.read_metadata(io.BytesIO(content)).row_group(0).column(0)
    assert column.compression == compression.upper()


@pytest.mark.parametrize("kind", FORMATS)
def test_no_records_make_a_readable_file_with_the_columns(kind):
    content = written([], format=kind, columns=("id", "name"))
    if kind == "parquet":
        table = pq.read_table(io.BytesIO(content))
        assert (table.column_names, table.num_rows) == (["id", "name"], 0)
    else:
        assert content == {"jsonl": b"", "csv": b"id,name\r\n"}[kind]


def test_many_records_fill_several_row_groups():
    records = [{"id": each, "note": "x" * (each % 50)} for each in range(45_000)]
    file = pq.ParquetFile(io.BytesIO(written(records, format="parquet", page=1000)))
    assert file.num_row_groups > 1
    assert file.read().to_pylist() == records


@pytest.mark.parametrize(
    ("layout", "named"),
    [
        ({"format": "xlsx"}, "format must be jsonl, csv, parquet"),
        ({"format": "csv", "compression": "snappy"}, "compression of csv must be gzip, bz2, xz"),
        ({"format": "parquet", "compression": "xz"}, "compression of parquet"),
        ({"columns": ()}, "columns"),
        ({"columns": ("id", "id")}, "columns"),
        ({"format": "csv", "columns": ("id",), "types": {"id": "string"}}, "columns have types in parquet only"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused_by_name(layout, named):
    with pytest.raises(ValueError, match=named):
        Layout(**layout)
