"""Exports that are killed, and exports that are large."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_provider_webwork.simulator import Company, Paging, Simulator

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORMER = b"what was there before"
MEGABYTE = 1024
"""In kilobytes."""

FORMATS = [
    pytest.param({"format": "jsonl"}, id="jsonl"),
    pytest.param({"format": "csv", "compression": "gzip"}, id="csv", marks=pytest.mark.heavy),
    pytest.param({"format": "parquet", "compression": "zstd"}, id="parquet"),
]


class Exporter:
    """A process that runs exports in children of its own."""

    def __init__(self, simulator):
        connection = {
            "conn_type": "webwork",
            "host": simulator.base_url_v2,
            "password": simulator.token,
            # As fast as it goes: nothing here is about WebWork's 60 requests a minute.
            "extra": {"workspace_id": simulator.workspace_id, "requests_per_minute": 6_000},
        }
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.airflow.exporting"],
            cwd=ROOT,
            env=os.environ | {"AIRFLOW_CONN_WEBWORK_DEFAULT": json.dumps(connection)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, options, **order):
        self._process.stdin.write(json.dumps({"options": options, **order}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


@contextmanager
def exporting(*, entries, page):
    """Run a WebWork where every member has so many time entries on a day, and a process that exports them."""
    company = Company(members=3, entries_per_day=entries)
    with Simulator(company=company, paging=Paging(largest=page, size=page), now=lambda: NOW) as simulator:
        exporter = Exporter(simulator)
        try:
            yield exporter
        finally:
            exporter.close()


def entries_of(users, path, **options):
    each = {"user_id": users, "date": ["2026-11-19"]}
    return {"operation": "getTimeEntries", "each": each, "path": str(path), **options}


@pytest.mark.parametrize("layout", FORMATS)
def test_an_export_killed_at_any_point_leaves_no_partial_file_and_a_retry_writes_the_same(tmp_path, layout):
    with exporting(entries=8, page=3) as exporter:
        undisturbed = exporter(entries_of([1, 2, 3], tmp_path / "undisturbed", **layout), kill_at=None)
        whole = (tmp_path / "undisturbed").read_bytes()
        assert undisturbed["told"]["rows"] == 24
        last = undisturbed["lines"]
        points = sorted({1, *random.Random(last).sample(range(1, last), 12), *range(last - 25, last)})

        found = []
        for number, point in enumerate(points):
            folder = tmp_path / f"{point}"
            folder.mkdir()
            former = FORMER if number % 2 else None
            if former is not None:
                (folder / "entries").write_bytes(former)
            options = entries_of([1, 2, 3], folder / "entries", **layout)

            assert exporter(options, kill_at=point)["signal"] == 9, point
            left = {path.name: path.read_bytes() for path in folder.iterdir()}
            content = left.pop("entries", None)
            assert content in {former, whole}, point
            # When it is complete, the file has a hidden name for a moment, until it takes its place.
            assert [name for name, hidden in left.items() if hidden != whole or not name.startswith(".")] == [], point
            found.append(content)

            assert exporter(options)["told"]["rows"] == 24, point
            assert (folder / "entries").read_bytes() == whole, point
    assert set(found) == {None, FORMER, whole}, "the kills hit only before, or only after the file appeared"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "rows", [pytest.param(100_000, id="100,000"), pytest.param(1_000_000, id="1,000,000", marks=pytest.mark.heavy)]
)
@pytest.mark.parametrize("layout", FORMATS)
def test_a_large_export_takes_little_more_memory_than_a_small_one(tmp_path, layout, rows):
    kilobytes = {}
    for entries in (10_000, rows):
        path = tmp_path / f"{entries}"
        with exporting(entries=entries, page=1000) as exporter:
            ended = exporter(entries_of([1], path, **layout))
        assert (ended["exit"], ended["told"]["rows"]) == (0, entries)
        assert ended["told"]["bytes"] == path.stat().st_size
        kilobytes[entries] = ended["kilobytes"]
    assert kilobytes[rows] - kilobytes[10_000] < 60 * MEGABYTE
