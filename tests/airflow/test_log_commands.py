"""The commands that look into the log and look after consumers, as a person types them."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.events.claims import Claims
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.parse import parse


def now():
    return datetime.now(UTC)


@pytest.fixture
def store(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'events.db'}"
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", url)
    store = Store(url)
    yield store
    store.close()


@pytest.fixture
def log(store):
    return EventLog(store)


@pytest.fixture
def webwork():
    """Runs ``airflow webwork ...`` and returns what it printed; misuse and errors give the sentence instead."""
    from airflow.cli.cli_parser import get_parser

    def run(line):
        arguments = get_parser().parse_args(["webwork", *shlex.split(line)])
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                arguments.func(arguments)
            except SystemExit as end:
                return f"exit {end.code}: {err.getvalue()}"
        return out.getvalue()

    return run


def test_events_are_listed_shown_and_exported_by_type_content_and_time(webwork, log):
    old = now() - timedelta(days=3)
    add_by_hand(log, "tracker.started", {"user_id": 7}, received_at=old)
    add_by_hand(log, "tracker.stopped", {"user_id": 7}, received_at=now())
    add_by_hand(log, "tracker.stopped", {"user_id": 8}, received_at=now())
    assert [each["seq"] for each in json.loads(webwork("events list -o json"))] == [1, 2, 3]
    assert [each["seq"] for each in json.loads(webwork("events list -o json --limit 1"))] == [3]
    assert [each["seq"] for each in json.loads(webwork("events list -o json --since 2d --match user_id=7"))] == [2]
    assert [
        json.loads(line)["seq"] for line in webwork("events export --types tracker.st* --until 1h").splitlines()
    ] == [1]
    assert json.loads(webwork("events show 2"))["data"] == {"user_id": 7}
    assert "tracker.stopped" in webwork("events list")
    assert "it holds 1 to 3" in webwork("events show 9")


def test_what_told_an_event_apart_is_shown(webwork, log):
    endpoint = Endpoint(name="payroll", state="pending", created_at=now())
    for fields in ({"event_id": 1}, {"occurred_at": "2026-11-22T12:00:00Z"}, {"user_id": 7}):
        body = json.dumps({"event": "tracker.started", **fields}).encode()
        log.append(parse(body, "application/json", endpoint=endpoint, received_at=now(), key=""))

    shown = [json.loads(webwork(f"events show {seq}"))["identity"] for seq in (1, 2, 3)]
    assert shown == ["sender", "content", "weak"]


@pytest.mark.parametrize(
    "line", ["events list --since yesterdayish", "events list --match user_id", "events list --types ,*x"]
)
def test_what_cannot_be_read_is_said_in_one_sentence(webwork, log, line):
    said = webwork(line)
    assert said.startswith("exit 2: ")
    assert said.count("\n") == 1


def test_a_consumer_is_made_listed_moved_transferred_and_deleted(webwork, log, store):
    for user in range(5):
        add_by_hand(log, "tracker.started", {"user_id": user}, received_at=now())
    made = json.loads(webwork("consumers create payroll --types tracker.* --start beginning -o json"))
    assert [(each["consumer"], each["position"], each["lag"]) for each in made] == [("payroll", 0, 5)]
    assert json.loads(webwork("consumers skip payroll --to 3 --yes -o json"))[0]["lag"] == 2
    assert json.loads(webwork("consumers rewind payroll --to beginning --yes -o json"))[0]["lag"] == 5
    assert json.loads(webwork("consumers transfer payroll payroll_dag -o json"))[0]["dag_id"] == "payroll_dag"
    assert "payroll" in webwork("consumers list")
    assert "gone" in webwork("consumers delete payroll --yes")
    assert json.loads(webwork("consumers list -o json")) == []
    assert "There is no consumer 'payroll'" in webwork("consumers rewind payroll --to 0 --yes")


def test_what_loses_something_wants_a_yes(webwork, log, store):
    Consumers(store, now=now).create("payroll", EventFilter())
    add_by_hand(log, "tracker.started", {"user_id": 7}, received_at=now())
    said = webwork("consumers skip payroll --to now")
    assert said.startswith("exit 2: ")
    assert "1 unclaimed" in said
    assert json.loads(webwork("consumers list -o json"))[0]["lag"] == 1


def test_a_batch_whose_run_is_gone_is_unfinished_until_it_is_released(webwork, log, store, airflow_database):
    Consumers(store, now=now).create("payroll", EventFilter())
    add_by_hand(log, "tracker.started", {"user_id": 7}, received_at=now())
    key = "payroll_dag/manual__2026-11-22T04:50:00+00:00/claim/-1"
    Claims(store, now=now).claim("payroll", key, limit=10)
    [row] = json.loads(webwork("batches list --unfinished -o json"))
    assert (row["run_key"], row["run"], row["count"]) == (key, "deleted", 1)
    assert "get the 1 events" in webwork(f"batches release payroll {key}")
    assert json.loads(webwork("batches list --unfinished -o json")) == []
    assert json.loads(webwork("batches list -o json"))[0]["released_at"] is not None
    assert json.loads(webwork("consumers list -o json"))[0]["lag"] == 1


def test_deliveries_that_were_not_understood_are_parsed_again_once_their_endpoint_says_more(
    webwork, log, store, monkeypatch
):
    monkeypatch.setenv("AIRFLOW__WEBWORK__SECRET_KEY", Fernet.generate_key().decode())
    webwork("endpoints create payroll")
    body = b'{"meta": {"kind": "tracker.started"}}'
    endpoint = Endpoint(name="payroll", state="pending", created_at=now())
    log.append(parse(body, "application/json", endpoint=endpoint, received_at=now(), key=""))
    assert "Understood 0 of 1 deliveries" in webwork("events reparse")
    [said] = json.loads(webwork("endpoints reading payroll type=meta.kind volatile=token,meta.try -o json"))
    assert (said["type"], said["id"], said["volatile"]) == ("meta.kind", None, ["token", "meta.try"])
    assert "Understood 1 of 1 deliveries with a problem: 1 new events, 0 that" in webwork("events reparse")
    assert "Understood 0 of 0 deliveries" in webwork("events reparse")
    assert json.loads(webwork("events show 2"))["reparsed_from"] == 1
    [said] = json.loads(webwork("endpoints reading payroll type= volatile= -o json"))
    assert (said["type"], said["volatile"][:2]) == (None, ["token", "signature"])
    assert "payroll" in webwork("endpoints reading payroll")


@pytest.mark.parametrize("line", ["payroll type", "payroll kind=a", "payroll type=a..b", "payroll volatile=a,,b"])
def test_what_is_no_place_in_a_delivery_is_refused_in_one_sentence(webwork, log, monkeypatch, line):
    monkeypatch.setenv("AIRFLOW__WEBWORK__SECRET_KEY", Fernet.generate_key().decode())
    webwork("endpoints create payroll")
    said = webwork(f"endpoints reading {line}")
    assert said.startswith("exit 2: ")
    assert said.count("\n") == 1


def test_an_endpoint_that_is_not_there_is_named(webwork, log):
    assert "There is no endpoint 'payroll'" in webwork("endpoints reading payroll type=a")


def test_old_events_are_pruned_and_a_person_is_erased(webwork, log):
    add_by_hand(log, "tracker.started", {"user_id": 7, "name": "canary"}, received_at=now() - timedelta(days=40))
    add_by_hand(log, "tracker.started", {"user_id": 7, "name": "canary"}, received_at=now())
    assert "Removed 0 events" in webwork("events prune")
    assert "Removed 1 events" in webwork("events prune --older-than 30d")
    assert "Emptied 1 events" in webwork("events erase --user 7 --yes")
    assert "canary" not in webwork("events list -o json --problems")
    assert "erased" in webwork("events list --problems")
