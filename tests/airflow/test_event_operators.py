"""The operators that land and prune events."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.operators.events import WebWorkExportEventsOperator, WebWorkPruneEventsOperator

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def log(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'events.db'}"
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", url)
    store = Store(url)
    yield EventLog(store)
    store.close()


def test_the_events_of_a_window_are_landed_as_json_lines(log, tmp_path):
    for minute in range(10):
        add_by_hand(log, "tracker.started", {"user_id": minute}, received_at=NOON + timedelta(minutes=minute))
    path = tmp_path / "lake" / "hour.jsonl"
    operator = WebWorkExportEventsOperator(
        task_id="land", path=str(path), since=NOON + timedelta(minutes=2), until="2026-11-22T12:05:00Z"
    )
    told = operator.execute({})
    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["user_id"] for line in lines] == [2, 3, 4]
    assert (told["path"], told["rows"], told["bytes"]) == (str(path), 3, path.stat().st_size)
    again = path.read_bytes()
    operator.execute({})
    assert path.read_bytes() == again


def test_a_window_without_events_gives_an_empty_file(log, tmp_path):
    path = tmp_path / "empty.jsonl"
    assert WebWorkExportEventsOperator(task_id="land", path=f"file://{path}").execute({})["rows"] == 0
    assert path.read_bytes() == b""


def test_a_failure_on_the_way_leaves_the_former_file_and_nothing_else(log, tmp_path, monkeypatch):
    add_by_hand(log, "tracker.started", {"user_id": 1}, received_at=NOON)
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "hour.jsonl").write_text("former")
    operator = WebWorkExportEventsOperator(task_id="land", path=str(folder / "hour.jsonl"))

    def half(*_, **__):
        yield from [{"id": 1}] * 600
        raise ConnectionError

    monkeypatch.setattr(WebWorkEventsHook, "read", half)
    with pytest.raises(ConnectionError):
        operator.execute({})
    assert [(each.name, each.read_text()) for each in folder.iterdir()] == [("hour.jsonl", "former")]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": datetime(2026, 1, 1)}, "until"),  # noqa: DTZ001
        ({"types": []}, "types"),
        ({"path": None}, "path must be that of a file"),
        ({"path": ""}, "path must be that of a file"),
    ],
)
def test_misuse_fails_when_the_dag_is_parsed(arguments, named):
    with pytest.raises(ValueError, match=named):
        WebWorkExportEventsOperator(task_id="land", **{"path": "/tmp/x", **arguments})


@pytest.mark.parametrize("path_class", [Path, ObjectStoragePath])
def test_the_path_may_be_a_path_object(log, tmp_path, path_class):
    operator = WebWorkExportEventsOperator(task_id="land", path=path_class(tmp_path / "hour.jsonl"))
    operator.render_template_fields({})

    assert operator.execute({})["path"] == str(tmp_path / "hour.jsonl")
    assert (tmp_path / "hour.jsonl").read_bytes() == b""


def test_old_events_are_pruned(log):
    add_by_hand(log, "tracker.started", {"user_id": 1}, received_at=datetime.now(UTC) - timedelta(days=100))
    add_by_hand(log, "tracker.started", {"user_id": 2}, received_at=datetime.now(UTC))
    operator = WebWorkPruneEventsOperator(task_id="prune")
    assert operator.execute({}) == {"events": 1, "oldest_seq": 2, "held_by": None}
    assert operator.execute({})["events"] == 0


@pytest.mark.parametrize("older_than", [timedelta(days=-1), timedelta.max, 30, "30d"], ids=repr)
def test_an_age_that_is_no_age_is_refused_when_the_dag_is_parsed(older_than):
    with pytest.raises(ValueError, match="older_than must be a timedelta that is not negative"):
        WebWorkPruneEventsOperator(task_id="prune", older_than=older_than)
