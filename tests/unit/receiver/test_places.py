"""Events are found by type, id, time, workspace and user where senders put them, and where the endpoint says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from airflow_provider_webwork.events.reading import Reading
from tests.unit.receiver.reading import ENDPOINT, event, read

AT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
TIME = "2026-11-22T11:00:00Z"


@pytest.mark.parametrize(
    "payload",
    [
        {"event": "tracker.started", "type": "x"},
        {"event_type": "tracker.started", "type": "x"},
        {"type": "tracker.started", "name": "x.y"},
        {"event": {"name": "tracker.started"}},
        {"event": {"type": "tracker.started"}},
        {"event": " tracker.started ", "type": 7},
        {"name": "tracker.started"},
    ],
)
def test_the_event_is_named_in_any_of_the_usual_places(payload):
    assert event(payload).type == "tracker.started"


@pytest.mark.parametrize("header", [b"x-webwork-event", b"x-webhook-event", b"x-event-type", b"x-event"])
def test_a_header_names_the_event_if_the_body_does_not(header):
    headers = [(b"host", b"receiver"), (header, b" tracker.started ")]
    assert event({"user_id": 7}, headers=headers).type == "tracker.started"
    assert event({"event": "tracker.stopped"}, headers=headers).type == "tracker.stopped"
    started, stopped = (read({"user_id": 7}, headers=[(header, name)]).identity.key for name in (b"a.b", b"a.c"))
    assert started != stopped


@pytest.mark.parametrize("value", [b"", b" ", b"\xff", b"a\0b", b"a" * 256])
def test_a_header_that_is_no_name_names_nothing(value):
    assert event({}, headers=[(b"x-event", value)]).problem is not None


@pytest.mark.parametrize(
    "payload",
    [
        {"timestamp": TIME},
        {"occurred_at": TIME, "data": {"time": "2026-11-22T10:00:00Z"}},
        {"time": AT.timestamp()},
        {"data": {"timestamp": int(AT.timestamp() * 1000)}},
        {"data": {"start_time": "2026-11-22 10:00:00", "stopped_at": "2026-11-22 11:00:00"}},
        {"start_time": TIME},
        {"created_at": TIME, "data": {}},
    ],
)
def test_the_time_stands_in_any_of_the_usual_places(payload):
    assert event({"event": "tracker.stopped", **payload}).occurred_at == AT


@pytest.mark.parametrize(
    "time", ["1999-12-31T23:59:59Z", "2026-11-24", "2026-11-24T00:00:00Z", 0, -1, 1e400, True, [], "now", "9" * 5_000]
)
def test_a_time_that_cannot_be_is_none(time):
    assert event({"event": "a", "time": time if time != 1e400 else "1e400"}).occurred_at is None


@pytest.mark.parametrize(
    "payload",
    [
        {"user_id": 7},
        {"data": {"user_id": 7}},
        {"user": {"id": 7}},
        {"data": {"user": {"id": "7"}}},
        {"member_id": 7},
        {"data": {"member_id": 7}},
        {"data": {"member": {"id": " 7 "}}},
    ],
)
def test_the_user_stands_in_any_of_the_usual_places(payload):
    assert event({"event": "a", **payload}).user_id == "7"


@pytest.mark.parametrize(
    "payload", [{"workspace_id": 5}, {"data": {"workspace_id": 5}}, {"workspace": {"id": 5}, "data": []}]
)
def test_the_workspace_stands_in_any_of_the_usual_places(payload):
    assert event({"event": "a", **payload}).workspace_id == "5"


def test_what_the_endpoint_says_comes_first():
    reading = Reading(
        type="meta.kind", id="meta.number", time="meta.at", workspace="meta.team", user="who.id", volatile=("meta.try",)
    )
    endpoint = replace(ENDPOINT, reading=reading)
    payload = {
        "event": "x",
        "event_id": "wrong",
        "timestamp": "2026-11-22T01:00:00Z",
        "workspace_id": 1,
        "user_id": 1,
        "who": {"id": 7},
        "meta": {"kind": "tracker.started", "number": 31, "at": TIME, "team": 5, "try": 1},
    }
    told = read(payload, endpoint=endpoint)
    seen = told.event
    assert (seen.type, seen.occurred_at, seen.workspace_id, seen.user_id) == ("tracker.started", AT, "5", "7")
    assert read({**payload, "event_id": "other"}, endpoint=endpoint).identity == told.identity

    usual = event({"event": "x", "user_id": 1, "meta": []}, endpoint=endpoint)
    assert (usual.type, usual.user_id) == ("x", "1")


@pytest.mark.parametrize("given", [{"type": ""}, {"id": "a..b"}, {"time": 7}, {"volatile": ("",)}, {"volatile": (7,)}])
def test_what_is_no_path_is_refused_by_name(given):
    [name] = given
    with pytest.raises(ValueError, match=rf"{name}: .* is not a dotted path"):
        Reading(**given)


def test_a_reading_survives_being_stored():
    for reading in (Reading(), Reading(type="a.b", volatile=()), Reading(volatile=("a", "b.c"))):
        assert Reading.from_json(reading.to_json()) == reading
    assert Reading().to_json() == {}
