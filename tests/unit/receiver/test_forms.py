"""Forms say what JSON does."""

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.receiver.form import read_form
from tests.unit.receiver.reading import FORM, STARTED, event


def test_names_with_brackets_are_objects_and_lists():
    body = b"event=tracker.stopped&data[user_id]=7&data%5Bproject%5D%5Bid%5D=3&tags[]=a&one[]=b&tags[]=c"
    seen = event(body, FORM)
    assert seen.payload == {
        "event": "tracker.stopped",
        "data": {"user_id": "7", "project": {"id": "3"}},
        "tags": ["a", "c"],
        "one": ["b"],
    }
    assert (seen.user_id, seen.raw) == ("7", body)


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        ("a=1&a[b]=2", {"a": "1", "a[b]": "2"}),
        ("a[=1&]=2&a[]b=3&[c]=4&a[][b]=5", {"a[": "1", "]": "2", "a[]b": "3", "[c]": "4", "a[][b]": "5"}),
        ("a[b]=1&a[b][]=2", {"a": {"b": "1"}, "a[b][]": "2"}),
        ("=1&a", {"": "1", "a": ""}),
        ("", {}),
    ],
)
def test_names_that_fit_nowhere_stay_as_they_are(form, payload):
    assert read_form(form) == payload


def test_brackets_do_not_nest_without_end():
    assert read_form("a" + "[b]" * 11 + "=1") == {"a" + "[b]" * 11: "1"}


@given(st.lists(st.tuples(st.text("ab[]", max_size=8), st.text("1", max_size=1)), max_size=12))
def test_no_field_of_a_form_is_lost(fields):
    def texts(value):
        if isinstance(value, str):
            return [value]
        return [text for inner in (value.values() if isinstance(value, dict) else value) for text in texts(inner)]

    assert sorted(texts(read_form(urlencode(fields)))) == sorted(value for _, value in fields)


@pytest.mark.parametrize("name", ["data", "anything"])
def test_the_only_field_of_a_form_may_hold_the_object(name):
    assert event(urlencode({name: json.dumps(STARTED)}).encode(), FORM).payload == STARTED


def test_beside_others_the_field_payload_may_hold_the_object_and_data_its_data():
    said = quote(json.dumps({"event": "tracker.started", "data": {"n": 12345678901234567890}}))
    seen = event(f"payload={said}&event=ignored&sent=1".encode(), FORM)
    assert seen.payload == {"event": "tracker.started", "data": {"n": "12345678901234567890"}, "sent": "1"}
    seen = event(b"event=tracker.started&data={%22user_id%22:7}", FORM)
    assert (seen.payload["data"], seen.user_id) == ({"user_id": 7}, "7")


@pytest.mark.parametrize("text", ["{broken", "[1]", "{}x", "{" * 200])
def test_a_field_that_is_not_json_after_all_is_a_text(text):
    seen = event(urlencode({"event": "a", "data": text}).encode(), FORM)
    assert (seen.payload["data"], seen.problem) == (text, None)
