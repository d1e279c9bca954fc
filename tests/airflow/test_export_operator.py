"""The operator that writes any list or report into a file: what is in it, where it lands, what it tells."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.exceptions import AirflowFailException
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_webwork.api.operations import catalogue
from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.operators.export import WebWorkExportOperator
from airflow_provider_webwork.operators.progress import Progress


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


def export(path, operation="getMembers", **options):
    return WebWorkExportOperator(task_id="export", operation=operation, path=str(path), **options).execute({})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def worked_days(user_id, *, count=2):
    """Return days of the last weeks on which a member worked."""
    hook = WebWorkHook()
    sheets = hook.iterate("getTimesheets", user_id=user_id)
    return sorted(day for sheet in sheets for day, worked in sheet["daily_breakdown"].items() if worked)[-count:]


def test_every_record_of_every_page_is_in_the_file_once(webwork_simulator, lake):
    told = export(lake / "members.jsonl", arguments={"per_page": 4})

    assert lines(lake / "members.jsonl") == list(WebWorkHook().iterate("getMembers"))
    assert len(lines(lake / "members.jsonl")) == 25
    assert told == {
        "path": str(lake / "members.jsonl"),
        "rows": 25,
        "bytes": (lake / "members.jsonl").stat().st_size,
        "pages": 7,
        "seconds": told["seconds"],
    }
    assert 0 < told["seconds"] < 60


def test_csv_and_parquet_have_the_columns_of_the_documentation(webwork_simulator, lake):
    export(lake / "members.csv", format="csv")
    export(lake / "members.parquet", format="parquet", compression="snappy")

    fields = catalogue()["v2"]["getMembers"].fields
    with (lake / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(lake / "members.parquet")
    assert tuple(rows[0]) == tuple(table.column_names) == fields
    assert [row["email"] for row in rows] == table["email"].to_pylist()
    assert table["id"].to_pylist() == [member["id"] for member in WebWorkHook().iterate("getMembers")]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_given_columns_are_those_of_the_file_in_their_order(webwork_simulator, lake, kind):
    export(lake / "x", format=kind, columns=["email", "id"])
    read = {
        "jsonl": lambda: list(lines(lake / "x")[0]),
        "csv": lambda: (lake / "x").read_text().splitlines()[0].split(","),
        "parquet": lambda: pq.read_table(lake / "x").column_names,
    }
    assert read[kind]() == ["email", "id"]


def test_nested_values_are_json_text_in_csv(webwork_simulator, lake):
    export(lake / "sheets.csv", "getTimesheets", format="csv", arguments={"user_id": 7})
    expected = next(WebWorkHook().iterate("getTimesheets", user_id=7))
    with (lake / "sheets.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert isinstance(expected["daily_breakdown"], dict)
    assert json.loads(row["daily_breakdown"]) == expected["daily_breakdown"]


def test_a_report_without_documented_fields_has_the_columns_that_came(webwork_simulator, lake):
    arguments = {"start_date": worked_days(7)[0]}
    export(lake / "report.jsonl", "getTrackedHoursReport", arguments=arguments)
    export(lake / "report.csv", "getTrackedHoursReport", arguments=arguments, format="csv")

    records = lines(lake / "report.jsonl")
    with (lake / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(records) > 0
    assert set(rows[0]) == {name for record in records for name in record}


def test_each_calls_once_for_every_combination_in_order(webwork_simulator, lake):
    days = worked_days(7)
    told = export(
        lake / "entries.jsonl",
        "getTimeEntries",
        each={"user_id": [3, "7"], "date": [days[0], date.fromisoformat(days[1])]},
    )
    asked = [
        (each.query["user_id"], each.query["date"])
        for each in webwork_simulator.requests
        if "time-entries" in each.path
    ]
    assert asked == [("3", days[0]), ("3", days[1]), ("7", days[0]), ("7", days[1])]
    found = lines(lake / "entries.jsonl")
    assert [row["user_id"] for row in found] == sorted(row["user_id"] for row in found)
    expected = [
        row
        for user in (3, 7)
        for day in days
        for row in WebWorkHook().iterate("getTimeEntries", user_id=user, date=day)
    ]
    assert found == expected
    assert (told["rows"], told["pages"]) == (len(expected), 4)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_records_that_do_not_say_of_what_they_are_get_the_argument_they_came_with(webwork_simulator, lake, kind):
    export(lake / "assignees", "getTaskAssignees", arguments={"project_id": 1}, each={"task_id": [11, 12]}, format=kind)
    text = (lake / "assignees").read_text()
    rows = lines(lake / "assignees") if kind == "jsonl" else list(csv.DictReader(text.splitlines()))
    assert next(iter(rows[0])) == "task_id"
    by_task = {
        task: [str(each["id"]) for each in WebWorkHook().iterate("getTaskAssignees", project_id=1, task_id=task)]
        for task in (11, 12)
    }
    assert any(by_task.values())
    for task, people in by_task.items():
        assert [str(row["id"]) for row in rows if str(row["task_id"]) == str(task)] == people


@pytest.mark.parametrize(("kind", "content"), [("jsonl", b""), ("csv", b"id,email\r\n"), ("parquet", None)])
@pytest.mark.parametrize("nothing", [{"arguments": {"email": "nobody@example.com"}}, {"each": {"email": []}}])
def test_no_records_still_make_a_file(webwork_simulator, lake, kind, content, nothing):
    told = export(lake / "empty", columns=["id", "email"], format=kind, **nothing)
    assert told["rows"] == 0
    assert told["bytes"] == (lake / "empty").stat().st_size
    if content is None:
        assert pq.read_table(lake / "empty").column_names == ["id", "email"]
    else:
        assert (lake / "empty").read_bytes() == content


def test_a_compressed_file_holds_the_same(webwork_simulator, lake):
    export(lake / "plain.csv", format="csv")
    told = export(lake / "packed.csv.gz", format="csv", compression="gzip")
    assert gzip.decompress((lake / "packed.csv.gz").read_bytes()) == (lake / "plain.csv").read_bytes()
    assert told["bytes"] == (lake / "packed.csv.gz").stat().st_size


@pytest.mark.parametrize("scheme", ["file://", "memory://"])
def test_the_path_may_be_a_url_of_any_storage(webwork_simulator, lake, scheme):
    from airflow.sdk.io import attach

    attach("memory", fs=MemoryFileSystem())
    url = f"{scheme}{lake}/members.jsonl"
    export(url)
    path = ObjectStoragePath(url)
    assert len(path.read_text().splitlines()) == 25
    assert [each.name for each in path.parent.iterdir()] == ["members.jsonl"]


def test_tokens_and_callback_keys_do_not_get_into_the_file(webwork_simulator, lake):
    hook = WebWorkHook()
    hook.create_webhook(
        url="https://receiver.example.com/hooks/a-key-that-nobody-should-see", events=["tracker.started"]
    )
    for kind in ("jsonl", "csv"):
        export(lake / kind, "getWebhooks", format=kind)
        text = (lake / kind).read_text()
        assert "/hooks/***" in text
        assert "a-key" not in text
        assert webwork_simulator.webhooks[0].token not in text


@pytest.mark.parametrize("skip", [0, 3])
def test_a_failure_on_the_way_leaves_the_former_file_and_nothing_else(webwork_simulator, lake, skip):
    lake.mkdir()
    (lake / "members.jsonl").write_text("former")
    webwork_simulator.fault("getMembers", status=500, skip=skip)
    with pytest.raises(WebWorkTaskError):
        export(lake / "members.jsonl", arguments={"per_page": 4})
    assert [(path.name, path.read_text()) for path in lake.iterdir()] == [("members.jsonl", "former")]
    assert export(lake / "members.jsonl")["rows"] == 25


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"operation": ""}, "operation"),
        ({"arguments": ["status"]}, "arguments"),
        ({"each": {"user_id": "7"}}, "each: user_id must be a list"),
        ({"each": {"user_id": 7}}, "each: user_id must be a list"),
        ({"each": {"status": ["active"]}, "arguments": {"status": "left"}}, "status is in arguments and in each"),
        ({"format": "xml"}, "format must be jsonl, csv, parquet"),
        ({"format": "csv", "compression": "snappy"}, "compression of csv"),
        ({"columns": "id"}, "columns"),
        ({"columns": [1]}, "columns"),
        ({"columns": {"id": "string"}}, "columns have types in parquet only"),
        *(({"path": path}, "path must be that of a file") for path in (None, "", " ", "/lake/", 7)),
        ({"path": Path("/lake/{{ ds }}.jsonl")}, "path: Airflow renders no template in a PosixPath"),
    ],
)
def test_misuse_fails_when_the_dag_is_parsed(options, named):
    with pytest.raises(ValueError, match=named):
        WebWorkExportOperator(task_id="export", **{"operation": "getMembers", "path": "/tmp/x", **options})


@pytest.mark.parametrize("path_class", [Path, ObjectStoragePath])
def test_the_path_may_be_a_path_object(webwork_simulator, lake, path_class):
    operator = WebWorkExportOperator(task_id="export", operation="getMembers", path=path_class(lake / "members.jsonl"))
    operator.render_template_fields({})

    summary = operator.execute({})

    assert (summary["path"], summary["rows"]) == (str(lake / "members.jsonl"), 25)
    assert len(lines(lake / "members.jsonl")) == 25


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"operation": "getMembrs"}, "getMembers"),
        ({"operation": "getMember", "arguments": {"member_id": 7}}, "lists no records"),
        ({"arguments": {"state": "active"}}, "status"),
        ({"arguments": {"page": 2}}, "page"),
        ({"path": "s3://lake/members.jsonl"}, r"path: No filesystem.*s3.*Install the provider"),
        ({"format": "parquet", "columns": {"id": "integer"}}, "no type that Arrow knows"),
    ],
)
def test_what_cannot_work_is_refused_for_good_before_anything_is_asked(webwork_simulator, lake, options, named):
    with pytest.raises(AirflowFailException, match=named):
        export(**{"path": lake / "x", **options})
    assert webwork_simulator.requests == ()


@pytest.mark.parametrize("rendered", ["", "/lake/"])
def test_a_path_that_a_template_renders_to_no_file_is_refused_for_good(webwork_simulator, rendered):
    operator = WebWorkExportOperator(task_id="export", operation="getMembers", path="{{ where }}")
    operator.render_template_fields({"where": rendered})

    with pytest.raises(AirflowFailException, match="path must be that of a file"):
        operator.execute({})
    assert webwork_simulator.requests == ()


def test_a_folder_is_refused_before_anything_is_asked(webwork_simulator, lake):
    lake.mkdir()
    with pytest.raises(AirflowFailException, match="is a folder"):
        export(lake)
    assert webwork_simulator.requests == ()


def test_fields_that_the_file_lacks_are_named(webwork_simulator, lake, capfd, monkeypatch):
    pages = [[{"id": 7, "email": "member7@example.com", "shoe_size": 43}]]
    monkeypatch.setattr(WebWorkHook, "iterate_pages", lambda *_, **__: iter(pages))
    export(lake / "members.jsonl")
    assert "lacks" not in capfd.readouterr().out
    export(lake / "members.csv", format="csv")
    assert "the file lacks shoe_size, which WebWork's documentation does not have" in capfd.readouterr().out


def test_columns_that_no_record_has_are_named(webwork_simulator, lake, capfd):
    export(lake / "members.csv", format="csv", columns=["id", "emial"])
    assert "no record has emial" in capfd.readouterr().out


def test_progress_is_said_once_a_minute():
    clock, said = iter(range(0, 1000, 20)), []
    progress = Progress(lambda text, *values: said.append(text % values), monotonic=lambda: next(clock))
    for page in range(1, 10):
        progress.add(50, pages=1, where=f", in call {page} of 9")
    progress.summary("/lake/x", size=10)
    assert said == [
        "150 rows from 3 pages in 60 s so far, in call 3 of 9.",
        "300 rows from 6 pages in 120 s so far, in call 6 of 9.",
        "450 rows from 9 pages in 180 s so far, in call 9 of 9.",
        "Landed 450 rows (10 bytes) at /lake/x in 200 s.",
    ]


@pytest.fixture
def friday(webwork_simulator):
    """A day with entries, long enough ago to stay as it is."""
    return worked_days(7, count=1)[0]


def test_values_of_other_tasks_templates_and_mapping_reach_an_export(run_dag, webwork_simulator, lake):
    run = run_dag("exports", run_conf={"folder": str(lake)})

    assert set(run.states.values()) == {"success"}
    table = pq.read_table(lake / "combined.parquet")
    assert table.column_names == ["user_id", "date", "id"]
    assert set(table["user_id"].to_pylist()) <= {3, 7}
    assert run.returned("report")["rows"] == table.num_rows
    assert sorted(path.name for path in (lake / "mapped").iterdir()) == ["3.csv", "7.csv"]
    assert [each["path"] for each in run.returned("mapped")] == [
        str(lake / "mapped" / name) for name in ("3.csv", "7.csv")
    ]


def test_the_example_writes_the_files_of_the_day_of_its_interval_and_the_same_again(
    run_dag, webwork_simulator, lake, friday
):
    midnight = datetime.fromisoformat(friday).replace(tzinfo=UTC) + timedelta(days=1)  # when the interval ends
    files = [lake / "timesheets" / f"{friday}.jsonl", lake / "time_entries" / f"{friday}.csv.gz"]
    contents = []
    for _ in range(2):
        run = run_dag("example_export_timesheets", logical_date=midnight, run_conf={"folder": f"file://{lake}"})
        assert set(run.states.values()) == {"success"}
        contents.append([path.read_bytes() for path in files])

    assert sorted(path for path in lake.rglob("*") if path.is_file()) == sorted(files)
    assert contents[0] == contents[1]
    rows = list(csv.DictReader(gzip.decompress(contents[0][1]).decode().splitlines()))
    assert {row["date"] for row in rows} == {friday}
    expected = list(WebWorkHook().iterate("getTimeEntries", user_id=7, date=friday))
    assert [row["id"] for row in rows if row["user_id"] == "7"] == [each["id"] for each in expected]
    assert len({row["user_id"] for row in rows}) > 10
    sheets = [json.loads(line) for line in contents[0][0].splitlines()]
    assert all(sheet["date_from"] <= friday <= sheet["date_to"] for sheet in sheets)
    assert sheets


@dataclass
class OutputDataset:
    namespace: str
    name: str
    outputFacets: dict  # noqa: N815


@dataclass
class OutputStatisticsOutputDatasetFacet:
    rowCount: int | None  # noqa: N815
    size: int | None


@dataclass
class OperatorLineage:
    outputs: list


@pytest.fixture
def openlineage(monkeypatch):
    """Stand-ins for what OpenLineage's provider has of these names; it is not installed for the tests."""
    facet = SimpleNamespace(
        OutputDataset=OutputDataset, OutputStatisticsOutputDatasetFacet=OutputStatisticsOutputDatasetFacet
    )
    monkeypatch.setitem(sys.modules, "airflow.providers.common.compat.openlineage.facet", facet)
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage", SimpleNamespace())
    monkeypatch.setitem(
        sys.modules, "airflow.providers.openlineage.extractors", SimpleNamespace(OperatorLineage=OperatorLineage)
    )


@pytest.mark.usefixtures("openlineage")
def test_openlineage_is_told_which_file_was_written_and_what_is_in_it(webwork_simulator, lake):
    path = lake / "members.jsonl"
    operator = WebWorkExportOperator(task_id="export", operation="getMembers", path=f"file://{path}")
    operator.execute({})
    (dataset,) = operator.get_openlineage_facets_on_complete(None).outputs
    assert (dataset.namespace, dataset.name) == ("file", str(path))
    statistics = dataset.outputFacets["outputStatistics"]
    assert (statistics.rowCount, statistics.size) == (25, path.stat().st_size)


@pytest.mark.usefixtures("openlineage")
def test_openlineage_is_told_a_bucket_by_its_name_without_the_connection():
    operator = WebWorkExportOperator(task_id="export", operation="getMembers", path="s3://lake_writer@lake/a/b.jsonl")
    (dataset,) = operator.get_openlineage_facets_on_complete(None).outputs
    assert (dataset.namespace, dataset.name) == ("s3://lake", "a/b.jsonl")
