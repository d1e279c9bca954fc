"""A delivery may tell of several events."""

import json
from urllib.parse import quote

import pytest

from tests.unit.receiver.reading import FORM, JSON, STARTED, events

STOPPED = {"event": "tracker.stopped", "data": {"user_id": 8}}


@pytest.mark.parametrize(
    "body", [b"[%b,%b]", b" [\n %b ,\t%b\r\n] ", b"\xef\xbb\xbf[%b,%b]"], ids=["tight", "loose", "with a BOM"]
)
@pytest.mark.parametrize("content_type", ["", JSON, FORM])
def test_each_object_of_a_list_is_an_event(body, content_type):
    told = events(body % (json.dumps(STARTED).encode(), json.dumps(STOPPED).encode()), content_type)
    assert [(each.type, each.user_id) for each in told] == [("tracker.started", "7"), ("tracker.stopped", "8")]
    assert [each.payload for each in told] == [STARTED, STOPPED]
    assert [(each.raw, each.problem) for each in told] == [(None, None)] * 2
    assert len({each.id for each in told}) == 2


def test_a_form_may_hold_a_list_in_one_field():
    body = b"payload=" + quote(json.dumps([STARTED, STOPPED])).encode()
    assert [each.payload for each in events(body, FORM)] == [STARTED, STOPPED]


def test_a_list_of_one_is_one_event():
    assert [each.payload for each in events([STARTED])] == [STARTED]


def test_an_object_that_is_not_understood_keeps_no_other_from_being_an_event():
    body = b'[{"event": "a"}, {"ping":  true, "token": "canary"}, {"event": "b\\u0000"}, {"event": "c", "n": 1e400}]'
    told = events(body)
    assert [each.type for each in told] == ["a", "unknown", "unknown", "c"]
    assert [each.problem is None for each in told] == [True, False, False, True]
    assert [each.raw for each in told] == [
        None, b'{"ping":  true, "token": "***"}', b'{"event": "b\\u0000"}', b'{"event": "c", "n": 1e400}',
    ]  # fmt: skip


def inexact(number, token):
    return b'{"event": "a", "n": 1e400, "x": "\\n%d", "token": "%s"}' % (number, token.encode())


def test_the_texts_that_are_masked_are_counted_for_all_events_of_a_list_together():
    tokens = [f"canary-of-the-event-{number}" for number in range(1_000)]
    told = events(b"[%s]" % b", ".join(inexact(number, token) for number, token in enumerate(tokens)))
    raws = [each.raw for each in told]

    assert raws[:4] == [inexact(number, "***") for number in range(4)]
    assert {raw[:14] for raw in raws[4:]} == {b'{"event": "a",'}
    assert all(b"Infinity" in raw or b"1e400" in raw or b'"n"' in raw for raw in raws[4:])
    assert not any(b"canary" in raw for raw in raws)


def test_one_token_in_all_events_of_a_list_is_one_text():
    told = events(b"[%s]" % b", ".join(inexact(number, "canary-of-all") for number in range(1_000)))

    assert [each.raw for each in told] == [inexact(number, "***") for number in range(1_000)]


def test_the_most_events_that_are_allowed_are_understood():
    assert [each.problem for each in events([{"event": "a"}] * 1_000)] == [None] * 1_000
