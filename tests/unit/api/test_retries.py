from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.api.failures import Unanswered
from airflow_provider_webwork.api.retries import (
    Answered,
    RetryPolicy,
    asked_wait,
    effect_unknown,
    wait_before_retry,
)

NOW = dt.datetime(2026, 11, 22, 4, 50, tzinfo=dt.UTC)
REFUSED = Unanswered(reason="connection refused", may_have_arrived=False)
LOST = Unanswered(reason="no answer", may_have_arrived=True)
UNTRUSTED = Unanswered(reason="TLS", may_have_arrived=False, lasting=True)
METHODS = ["GET", "PUT", "DELETE", "POST"]


def wait(outcome, *, method="GET", attempt=1, elapsed=0.0, jitter=0.0, **policy):
    return wait_before_retry(
        outcome,
        method=method,
        attempt=attempt,
        elapsed=elapsed,
        jitter=lambda: jitter,
        policy=RetryPolicy(**policy),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("outcome", [REFUSED, Answered(status=429)], ids=["refused", "429"])
def test_what_did_not_reach_webwork_is_sent_again_whatever_it_is(method, outcome):
    assert wait(outcome, method=method) is not None
    assert not effect_unknown(outcome, method=method)


@pytest.mark.parametrize("outcome", [LOST, *(Answered(status=status) for status in (502, 503, 504))], ids=str)
def test_what_may_have_reached_webwork_is_sent_again_unless_that_could_do_it_twice(outcome):
    assert [wait(outcome, method=method) is not None for method in METHODS] == [True, True, True, False]
    assert [effect_unknown(outcome, method=method) for method in METHODS] == [False, True, True, True]


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404, 409, 422, 500, 501])
@pytest.mark.parametrize("method", METHODS)
def test_any_other_answer_is_final(method, status):
    assert wait(Answered(status=status), method=method) is None


def test_a_certificate_that_is_not_trusted_is_not_tried_again():
    assert wait(UNTRUSTED) is None


def test_waits_double_up_to_the_longest():
    waits = [wait(REFUSED, attempt=attempt, attempts=99, jitter=1.0) for attempt in range(1, 10)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 90, 90]


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_negative_nor_longer_than_the_longest(attempt, jitter):
    seconds = wait(REFUSED, attempt=attempt, jitter=jitter, attempts=20_000)
    assert 0.5 <= seconds <= 90


def test_retry_after_is_waited_for_in_full():
    assert wait(Answered(status=429, retry_after=7)) == 7
    assert wait(Answered(status=429, retry_after=7), jitter=0.25) == 7.25
    assert wait(Answered(status=503, retry_after=0)) == 0


def test_we_give_up_rather_than_come_back_before_webwork_asked_us_to():
    assert wait(Answered(status=429, retry_after=3600)) is None


def test_no_attempt_begins_after_the_deadline():
    assert wait(Answered(status=429, retry_after=40), elapsed=200) == 40
    assert wait(Answered(status=429, retry_after=41), elapsed=200) is None


def test_attempts_are_counted():
    assert wait(REFUSED, attempt=4, attempts=5) is not None
    assert wait(REFUSED, attempt=5, attempts=5) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("Sun, 22 Nov 2026 04:51:30 GMT", 90),
        ("Sun, 22 Nov 2026 04:51:30 -0000", 90),
        ("Sun, 22 Nov 2026 04:49:00 GMT", 0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("99999999999999999999", 999999999999),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
        ("Mon, 01 Jan 2024 00:00:00 +9999", None),
        ("Mon, 99 Foo 99999999999 00:00:00 +0000", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header, seconds):
    assert asked_wait(header, now=NOW) == seconds
