"""Deliveries become events; whatever cannot be understood becomes one with a problem."""

import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.receiver.conftest import NOON
from tests.unit.receiver.reading import FORM, KEY, STARTED, event


def test_a_json_object_becomes_an_event():
    seen = event(STARTED)
    assert (seen.type, seen.user_id, seen.workspace_id, seen.endpoint) == ("tracker.started", "7", "42", "payroll")
    assert seen.occurred_at.isoformat() == "2026-11-22T11:59:30+00:00"
    assert seen.received_at == NOON
    assert seen.payload == STARTED
    assert (seen.raw, seen.problem) == (None, None)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded"]
)
def test_json_is_understood_whatever_its_content_type_says(content_type):
    assert event(STARTED, content_type).payload == STARTED


def test_form_fields_become_the_payload_and_the_form_is_kept():
    body = b"event=tracker.stopped&user_id=7&tag=a&tag=b"
    seen = event(body, "application/x-www-form-urlencoded")
    assert (seen.type, seen.user_id) == ("tracker.stopped", "7")
    assert seen.payload["tag"] == ["a", "b"]
    assert seen.raw == body


def test_a_form_may_hold_the_object_in_one_field():
    body = urlencode({"payload": json.dumps(STARTED)}).encode()
    assert event(body, "application/x-www-form-urlencoded; charset=UTF-8").payload == STARTED


@pytest.mark.parametrize(
    ("payload", "workspace_id", "user_id"),
    [
        ({"workspace_id": 5, "user_id": "u-1"}, "5", "u-1"),
        ({"data": {"workspace_id": "5", "user_id": 8}}, "5", "8"),
        ({"data": {"user": {"id": 9}}}, "42", "9"),
        ({"workspace_id": True, "user_id": 1.5, "data": {"user": []}}, "42", None),
        ({"workspace_id": " ", "data": None}, "42", None),
    ],
)
def test_workspace_and_user_are_found_where_senders_put_them(payload, workspace_id, user_id):
    seen = event({"type": "member.updated", **payload})
    assert (seen.workspace_id, seen.user_id) == (workspace_id, user_id)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON"),
        (b"not json", "not JSON"),
        (b'{"event": "tracker.started"', "not JSON"),
        (b"[]", "not one of objects"),
        (b"[1, 2]", "not one of objects"),
        (b'[{"event": "a"}, 7]', "not one of objects"),
        (b'[{"event": "a"}', "not JSON"),
        (b'[{"event": "a"}] 7', "not JSON"),
        (b'[{"event": "a"},]', "not JSON"),
        (b'{"event": "a"} {"event": "b"}', "not JSON"),
        (b'"tracker.started"', "not an object"),
        ('{"event": "tracker.started"}'.encode("utf-16"), "not UTF-8"),
        (b'{"event": "\xff"}', "not UTF-8"),
        (b'{"event": "a", "n": NaN}', "NaN"),
        (b'{"event": "a", "n": -Infinity}', "Infinity"),
        (b'{"event": "a", "n": [1' + b",1" * 100_000 + b"]}", "more than 100000 values"),
        (b"[" + b"[]," * 101 + b'"" ' * 500_000 + b"]", "more than 100000 values"),
        (b"[" + b'{"event":"a"},' * 1_000 + b'{"event":"a"}]', "more than 1000 events"),
        (b'{"event": "a\\u0000"}', "NUL"),
        (b'{"event": "a", "x\\ud800": 1}', "surrogate"),
        (b'{"event": "a", "x": ' + b"[" * 100 + b"]" * 100 + b"}", "deeper than 100"),
        (b'{"x":' * 200_000, "deeper than 100"),
        (b"{}", "names no event"),
        (b'{"event": {"kind": "tracker.started"}, "type": 7, "name": "Member 7"}', "names no event"),
        (b'{"event": "' + b"a" * 256 + b'"}', "names no event"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_kept_with_a_problem(body, problem):
    seen = event(body)
    assert problem in seen.problem
    assert seen.problem.endswith(".")
    assert (seen.type, seen.payload, seen.raw) == ("unknown", None, body)
    assert seen.endpoint == "payroll"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"event=%ff", "not UTF-8"),
        (b"event=a&x=%00", "NUL"),
        (b"a=1&" * 1001, "more than 1000"),
        (b"event=a&x=" + b"%41" * 1_000_001, "more than 1000000 escaped"),
        (b"payload={", "not JSON"),
    ],
)
def test_a_form_that_cannot_be_understood_is_kept_with_a_problem(body, problem):
    seen = event(body, "application/x-www-form-urlencoded")
    assert problem in seen.problem
    assert seen.raw == body


def test_the_deepest_json_that_is_allowed_is_understood():
    body = b'{"event": "a", "x": ' + b"[" * 99 + b"]" * 99 + b"}"
    assert event(body).problem is None


def test_brackets_within_texts_are_not_depth():
    assert event({"event": "a", "note": '[{"' * 500 + "\\"}).problem is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "tokens", [[f"canary{number:09}" for number in range(20_000)], ["canary" * 80_000]], ids=["many", "long"]
)
@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_a_body_full_of_tokens_costs_little_time_and_none_is_stored(tokens, content_type):
    said = json.dumps({"note": "kept\\", "each": [{"token": token} for token in tokens]}).encode()
    seen = event(b"payload=" + quote_plus(said).encode() if content_type == FORM else said, content_type)
    assert seen.problem.startswith("The body names no event")
    assert b"kept" in seen.raw
    assert b"canary" not in seen.raw


@given(
    st.binary(max_size=200) | st.text().map(str.encode),
    st.sampled_from(["", "application/json", "application/x-www-form-urlencoded"]),
)
def test_no_bytes_make_it_fail(body, content_type):
    seen = event(body, content_type)
    assert (seen.problem is None) == (seen.payload is not None)
    json.dumps(seen.as_dict(), allow_nan=False).encode()


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)
_ENVELOPE = st.fixed_dictionaries(
    {},
    optional={
        name: _ANY_JSON | st.text() | st.integers()
        for name in ("event", "type", "id", "workspace_id", "user_id", "token", "timestamp", "time", "data")
    },
)


@given(_ENVELOPE | st.builds(lambda data: {"event": "a", "data": data}, _ENVELOPE))
def test_no_json_makes_it_fail_or_yields_what_a_database_cannot_hold(payload):
    seen = event(json.dumps(payload).encode())
    text = json.dumps(seen.payload, allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()
    for column in (seen.type, seen.workspace_id, seen.user_id):
        assert column is None or "\0" not in column.encode().decode()


@pytest.mark.parametrize("secret", ["whsec_canary-one", "canary-of-the-pending-key", KEY])
@pytest.mark.parametrize(
    ("content_type", "write"),
    [
        ("application/json", lambda secret: json.dumps({"event": "a", "note": f"it is {secret}!"})),
        ("application/json", lambda secret: json.dumps({"no event": [secret]})),
        ("application/json", lambda secret: f"broken {secret}"),
        ("application/x-www-form-urlencoded", lambda secret: urlencode({"event": "a", "note": secret})),
        ("application/x-www-form-urlencoded", lambda secret: f"event=a&note={quote(secret)}%ff"),
    ],
)
def test_known_secrets_are_not_stored(secret, content_type, write):
    seen = event(write(secret).encode(), content_type)
    stored = json.dumps(seen.payload).encode() + (seen.raw or b"")
    assert b"***" in stored
    assert secret.encode() not in stored


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"event": "a", "token": "tok/of a new webhook"}'),
        ("application/json", b'{"ping": true, "data": {"token": "tok/of a new webhook"}}'),
        ("application/json", b'{"ping": "\\u0000", "token":"tok/of a new webhook"}'),
        ("application/json", b'{"token" : "tok/of a new webhook", broken'),
        ("application/json", b'{"token": "tok/of a new webhook'),
        ("application/x-www-form-urlencoded", b"event=a&token=tok%2Fof+a+new+webhook"),
        ("application/json", b'{"ping": true, "token": ["tok/of a new webhook"]}'),
        ("application/json", b'{"ping": true, "token": {"values": [7, "tok/of a new webhook"]}}'),
        ("application/x-www-form-urlencoded", b"token=tok%2Fof+a+new+webhook&a=%ff"),
        ("application/x-www-form-urlencoded", b"event=a&%74oken=tok%2Fof+a+new+webhook&token=another+new+webhook"),
        ("application/x-www-form-urlencoded", b"event=a&data[token]=tok%2Fof+a+new+webhook"),
        ("application/x-www-form-urlencoded", b"event=a&data%5Btoken%5D%5B%5D=tok%2Fof+a+new+webhook"),
        ("application/x-www-form-urlencoded", b"data%5btoken%5d=tok%2Fof+a+new+webhook&a=%ff"),
        ("application/x-www-form-urlencoded", b"payload=%7B%22token%22%3A%22tok%2Fof+a+new+webhook%22%7D"),
    ],
)
def test_a_token_that_nobody_knows_yet_is_not_stored(content_type, body):
    seen = event(body, content_type)
    stored = json.dumps(seen.payload).encode() + (seen.raw or b"")
    assert b"***" in stored
    assert b"new webhook" not in stored
    assert b"new+webhook" not in stored
