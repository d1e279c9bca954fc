"""An event as Dags see it."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.events.event import Event, new_event_id, time_text

RECEIVED = datetime(2026, 11, 22, 4, 50, 0, 123456, tzinfo=UTC)


def event(**fields):
    return Event(**{"id": "e1", "type": "tracker.started", "received_at": RECEIVED, "payload": {}, **fields})


def test_dags_see_strict_json_with_times_in_utc():
    seen = event(
        seq=7,
        endpoint="payroll",
        workspace_id="12",
        user_id="7",
        occurred_at=datetime(2026, 11, 22, 6, 49, tzinfo=timezone(timedelta(hours=2))),
        payload={"event": "tracker.started", "data": {"project_id": 3}},
    ).as_dict()

    assert seen == {
        "id": "e1",
        "seq": 7,
        "type": "tracker.started",
        "workspace_id": 12,
        "user_id": 7,
        "endpoint": "payroll",
        "occurred_at": "2026-11-22T04:49:00.000000Z",
        "received_at": "2026-11-22T04:50:00.123456Z",
        "synthetic": False,
        "data": {"project_id": 3},
    }
    assert json.loads(json.dumps(seen, allow_nan=False)) == seen


RESERVED = {"__classname__", "__id__", "__type"}
JSONS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*RESERVED, *("_" + name for name in RESERVED), "__var", "__version__", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


def names_in(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {*(value if isinstance(value, dict) else ()), *(name for item in inner for name in names_in(item))}


def renamed_back(value):
    if isinstance(value, dict):
        back = {f"_{name}": name for name in (f"{'_' * more}{name}" for name in RESERVED for more in range(9))}
        return {back.get(name, name): renamed_back(item) for name, item in value.items()}
    return [renamed_back(item) for item in value] if isinstance(value, list) else value


@given(JSONS)
def test_no_delivery_uses_a_name_to_which_airflow_gives_a_meaning_and_no_two_names_become_one(value):
    seen = event(payload={"data": {"value": value}}).as_dict()

    assert names_in(seen) & RESERVED == set()
    assert renamed_back(seen["data"]["value"]) == value


def test_what_the_delivery_does_not_say_is_null():
    seen = event().as_dict()

    assert [seen[name] for name in ("workspace_id", "user_id", "occurred_at", "endpoint")] == [None] * 4


@pytest.mark.parametrize("identifier", ["007", "-5", "1.0", "٣", "", "a1", "9" * 16])
def test_an_id_that_is_not_a_plain_whole_number_stays_the_text_it_is(identifier):
    assert event(user_id=identifier).as_dict()["user_id"] == identifier


@pytest.mark.parametrize(("identifier", "number"), [("0", 0), ("7", 7), ("9" * 15, 10**15 - 1)])
def test_an_id_that_is_a_whole_number_is_one(identifier, number):
    assert event(workspace_id=identifier).as_dict()["workspace_id"] == number


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        ({"event": "x", "data": {"a": 1}, "b": 2}, {"a": 1}),
        (
            {"event": "x", "event_id": "9", "id": 7, "token": "***", "attempt": 2, "data": [1]},
            {"id": 7, "data": [1]},
        ),
        ([1, 2], [1, 2]),
        ("text", "text"),
        (None, None),
    ],
)
def test_data_is_the_data_object_or_else_the_payload_without_its_envelope(payload, data):
    assert event(payload=payload).data == data


def test_the_repr_shows_no_payload():
    assert "Member 7" not in repr(event(payload={"name": "Member 7"}, raw=b"Member 7"))


def test_a_time_is_written_with_six_digits_and_a_z():
    assert time_text(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == "2026-01-02T03:04:00.000000Z"


def test_ids_of_events_differ():
    assert len({new_event_id() for _ in range(100)}) == 100


def test_ids_are_uuids_of_version_7_which_sort_by_time():
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_event_id())
    assert (made.variant, made.hex[12]) == (uuid.RFC_4122, "7")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
