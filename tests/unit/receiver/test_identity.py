"""A delivery that is repeated is one event, and two events that happened are two."""

import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.event import VOLATILE_FIELDS
from airflow_provider_webwork.events.reading import Reading
from tests.unit.receiver.conftest import NOON
from tests.unit.receiver.reading import ENDPOINT, FORM, STARTED, event, read, read_all


def test_the_sender_s_id_identifies_an_event_within_its_workspace_and_type():
    first = read(STARTED).identity
    assert (first.source, first.window.total_seconds()) == ("sender", 24 * 3600)
    assert read({**STARTED, "attempt": 2, "note": "sent again"}).identity.key == first.key
    assert read({**STARTED, "event_id": "e2"}).identity.key != first.key
    assert read({**STARTED, "event": "tracker.stopped"}).identity.key != first.key
    assert read({**STARTED, "workspace_id": 5}).identity.key != first.key


def test_without_an_id_the_content_identifies_an_event_for_a_day_if_it_is_dated():
    payload = {"event": "tracker.started", "time": "2026-11-22T11:59:30Z", "data": {"user_id": 7}}
    first = read(payload).identity
    assert (first.source, first.window.total_seconds()) == ("content", 24 * 3600)
    again = {"data": {"user_id": 7}, **payload, "attempt": 2, "token": "t", "signature": "s", "sent_at": "now"}
    assert read(again).identity.key == first.key
    assert read({**payload, "data": {"user_id": 8}}).identity.key != first.key
    assert read(payload, endpoint=replace(ENDPOINT, workspace_id="5")).identity.key != first.key


def test_without_an_id_and_a_time_the_content_identifies_an_event_for_a_minute():
    identity = read({"event": "tracker.started", "data": {"user_id": 7}, "time": "absurd"}).identity
    assert (identity.source, identity.window.total_seconds()) == ("weak", 60)


def test_the_two_webhooks_of_a_workspace_tell_of_one_event():
    other = replace(ENDPOINT, name="payroll-next")
    for body in (STARTED, {"event": "tracker.started"}, b"broken"):
        assert read(body, endpoint=other).identity.key == read(body).identity.key


def test_endpoints_without_a_workspace_do_not_share_events():
    one, two = (Endpoint(name=name, state="pending", created_at=NOON) for name in ("one", "two"))
    assert read(STARTED, endpoint=one).identity.key != read(STARTED, endpoint=two).identity.key


def test_a_body_that_was_not_understood_is_identified_by_its_bytes_for_a_minute():
    first = read(b"broken").identity
    assert (first.source, first.window.total_seconds()) == ("weak", 60)
    assert read(b"broken").identity.key == first.key
    assert read(b"broken!").identity.key != first.key


def test_identity_is_that_of_the_body_as_it_came_and_holds_no_secret():
    notes = ["whsec_canary-one", "***"]
    keys = [read({"event": "a", "note": note}).identity.key for note in notes]
    assert keys[0] != keys[1]
    assert all(len(key) == 64 and int(key, 16) for key in keys)


def test_an_id_that_a_proof_covers_outdoes_that_in_the_body():
    first = read(STARTED, sender_id="msg_1").identity
    assert first.source == "sender"
    assert read({**STARTED, "event_id": "e2"}, sender_id="msg_1").identity.key == first.key
    assert read(STARTED, sender_id="msg_2").identity.key != first.key


def test_beside_a_data_object_id_is_that_of_the_event_and_elsewhere_that_of_what_it_is_about():
    of_event = [read({"event": "member.updated", "id": 5, "data": {"n": n}}).identity for n in (1, 2)]
    of_member = [read({"event": "member.updated", "id": 5, "n": n}).identity for n in (1, 2)]
    assert {each.source for each in of_event} == {"sender"}
    assert of_event[0].key == of_event[1].key
    assert of_member[0].key != of_member[1].key


@pytest.mark.parametrize(
    "payload",
    [
        {"event": "member.updated", "id": 5, "created_at": "2026-11-01T10:00:00Z", "name": "Member 5"},
        {"event": "task.updated", "data": {"start_time": "2026-11-01T10:00:00Z"}},
        {"event": "project.updated", "data": {"created_at": "2026-11-01T10:00:00Z"}},
    ],
)
def test_what_changes_there_and_back_within_a_day_changed_twice(payload):
    # Such a time is that of the thing: the change there and the change back would read alike all day.
    assert read(payload).identity.window.total_seconds() == 60
    assert event(payload).occurred_at is None


def test_a_name_that_comes_twice_in_an_object_does_not_make_two_events_one():
    bodies = [b'{"event": "a", "n": %d, "n": 3, "time": "2026-11-22T11:59:30Z"}' % number for number in (1, 2)]
    first, second = (read(body).identity for body in bodies)
    assert first.key != second.key
    assert first == read(bodies[0]).identity
    assert first.window.total_seconds() == 24 * 3600


@pytest.mark.parametrize("field", ["payload", "data"])
def test_nor_does_one_in_a_field_of_a_form(field):
    objects = [f'{{"n": {number}, "n": 3, "time": "2026-11-22T11:59:30Z"}}' for number in (1, 2)]
    keys = {read(urlencode({"event": "a", field: each}).encode(), FORM).identity.key for each in objects}
    assert len(keys) == 2


def test_events_of_one_delivery_that_read_alike_are_several_and_so_they_are_again_when_it_is_repeated():
    alike = [{"event": "tracker.started", "data": {"user_id": 7}}] * 3
    keys = [each.identity.key for each in read_all(alike)]
    assert len(set(keys)) == 3
    assert [each.identity.key for each in read_all(alike)] == keys
    assert keys[0] == read(alike[0]).identity.key


def test_events_of_one_delivery_with_one_id_are_one():
    assert len({each.identity.key for each in read_all([STARTED, STARTED])}) == 1


def test_events_of_one_delivery_whose_id_a_proof_covers_are_told_apart_by_their_places():
    first = [each.identity.key for each in read_all([STARTED, STARTED], sender_id="msg_1")]
    assert len(set(first)) == 2
    assert [each.identity.key for each in read_all([STARTED, STARTED], sender_id="msg_1")] == first


def test_the_volatile_fields_of_an_endpoint_are_those_that_it_says():
    endpoint = replace(ENDPOINT, reading=Reading(volatile=("meta.retry", "timestamp")))
    payload = {"event": "a", "timestamp": "2026-11-22T11:59:30Z", "meta": {"retry": 1, "host": "x"}, "attempt": 1}

    def key(**changes):
        return read({**payload, **changes}, endpoint=endpoint).identity.key

    assert key(timestamp="2026-11-22T11:59:31Z", meta={"host": "x", "retry": 2}) == key()
    assert key(meta={"retry": 1, "host": "y"}) != key()
    assert key(attempt=2) != key()
    # A time that differs from one delivery to the next does not say when the event happened.
    assert read(payload, endpoint=endpoint).identity.window.total_seconds() == 60


# The laws, for any JSON.

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)  # NUL would be a problem
_NAMES = _TEXTS.filter(lambda name: name not in {*VOLATILE_FIELDS, "data", "event_id", "workspace_id"})
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)
_PAYLOADS = st.builds(
    lambda said, data: {**said, "event": "tracker.started", "data": data},
    st.dictionaries(_NAMES.filter(lambda name: name != "id"), _JSON, max_size=3),
    st.dictionaries(_NAMES, _JSON, max_size=3) | _JSON,
)
_WAYS = st.integers(0, 5)
_VOLATILE = st.dictionaries(st.sampled_from(VOLATILE_FIELDS), _JSON)


def written(payload, how):
    """Write JSON in one of the ways in which libraries do."""
    names = sorted(payload, reverse=how % 2 == 0)
    body = json.dumps({name: payload[name] for name in names}, ensure_ascii=how < 3, indent=how % 3 or None)
    return body.encode("utf-8-sig" if how == 5 else "utf-8")


@given(_PAYLOADS, st.sampled_from([None, "e1", 7]), st.tuples(_VOLATILE, _VOLATILE), st.tuples(_WAYS, _WAYS))
def test_however_often_and_by_whichever_webhook_an_event_is_told_it_is_one(payload, id_, volatile, ways):
    payload = payload if id_ is None else {**payload, "event_id": id_}
    successor = replace(ENDPOINT, name="payroll-next", webhook_token="whsec_another-one")
    told = read(written({**volatile[0], **payload}, ways[0])).identity
    again = read(written({**volatile[1], **payload}, ways[1]), endpoint=successor).identity
    assert again == told


@given(_PAYLOADS, _PAYLOADS)
def test_events_that_say_something_else_are_never_one(one, two):
    same = json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    assert (read(one).identity.key == read(two).identity.key) == same


@given(_PAYLOADS, st.lists(st.tuples(st.sampled_from(["e1", "e2", 7]), st.sampled_from(["a", "b"]), st.integers(1, 2))))
def test_events_with_an_id_are_one_if_and_only_if_id_type_and_workspace_are(payload, several):
    keys = {}
    for id_, name, workspace in several:
        told = read({**payload, "event_id": id_, "event": name, "workspace_id": workspace}).identity
        assert keys.setdefault((id_, name, workspace), told.key) == told.key
    assert len(set(keys.values())) == len(keys)


@given(st.lists(_PAYLOADS, min_size=2, max_size=6))
def test_a_list_has_as_many_events_as_it_has_items_however_often_it_comes(payloads):
    keys = [each.identity.key for each in read_all(payloads)]
    assert len(set(keys)) == len(payloads)
    assert [each.identity.key for each in read_all(payloads)] == keys


@given(st.lists(st.tuples(st.sampled_from(["a", "data[b]", "c[]", "event"]), st.text(max_size=5)), max_size=4))
def test_a_form_that_comes_again_is_one_event(fields):
    body = urlencode([("event", "a"), *fields]).encode()
    assert [each.identity for each in read_all(body, FORM)] == [each.identity for each in read_all(body, FORM)]
