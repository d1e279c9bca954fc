"""What a client does about the limit of WebWork: it waits before it is refused, and listens to what answers say."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

import pytest

from airflow_provider_webwork.api.pacing import ProcessBudget
from airflow_provider_webwork.api.waiting import Interruption
from airflow_provider_webwork.budget import Rate
from airflow_provider_webwork.errors import WebWorkCancelledError


@pytest.fixture
def good(webwork):
    webwork.says({"data": []})
    return webwork


def call(client, times):
    for _ in range(times):
        client.call("getMembers")


def test_a_minute_of_requests_goes_at_once_and_the_next_one_waits(good, client, clock):
    call(client, 60)
    assert clock.sleeps == []

    call(client, 1)
    assert clock.sleeps == [pytest.approx(62)]


def test_a_long_wait_is_told(good, client, caplog):
    call(client, 61)

    [told] = [record for record in caplog.records if record.name.endswith("pacing")]
    assert told.levelno == logging.INFO
    assert told.getMessage() == "The budget of 60 requests in 60 s is used up; the next one goes in 62.0 s"


def test_another_rate_is_kept(good, connect, clock):
    call(connect(rate=Rate(requests=2)), 5)

    assert clock.sleeps == [pytest.approx(62), pytest.approx(62)]


def test_v1_is_not_paced_unless_it_is_asked_for(good, connect, clock):
    good.says([])
    for _ in range(70):
        connect(api_version="v1").call("v1ListWebhooks")
    assert clock.sleeps == []

    client = connect(api_version="v1", rate=Rate(requests=1))
    for _ in range(2):
        client.call("v1ListWebhooks")
    assert clock.sleeps == [pytest.approx(62)]


def test_clients_of_the_same_token_share_a_budget_and_those_of_another_host_do_not(good, connect, clock):
    budget = ProcessBudget(monotonic=clock.monotonic)
    call(connect(budget=budget), 60)
    call(connect(budget=budget, base_url=good.url.replace("127.0.0.1", "localhost")), 1)
    assert clock.sleeps == []

    call(connect(budget=budget), 1)
    assert clock.sleeps == [pytest.approx(62)]


@pytest.mark.parametrize("name", ["X-RateLimit-Remaining", "x-ratelimit-remaining", "RateLimit-Remaining"])
def test_an_answer_that_leaves_less_is_believed(name, webwork, client, clock, json_reply):
    webwork.replies(json_reply({"data": []}, headers={name: "2"}), json_reply({"data": []}))
    call(client, 3)
    assert clock.sleeps == []

    call(client, 1)
    assert clock.sleeps == [pytest.approx(62)]


@pytest.mark.parametrize("reset", ["20", "{epoch}"])
def test_an_empty_budget_is_waited_for_until_its_reset(reset, webwork, client, clock, json_reply):
    headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": reset.format(epoch=round(clock.now().timestamp()) + 20),
    }
    webwork.replies(json_reply({"data": []}, headers=headers), json_reply({"data": []}))
    call(client, 2)

    assert clock.sleeps == [pytest.approx(20)]


@pytest.mark.parametrize("value", ["", "many", "-1", "59"])
def test_headers_that_say_nothing_new_change_nothing(value, webwork, client, clock, json_reply):
    webwork.replies(json_reply({"data": []}, headers={"X-RateLimit-Remaining": value}), json_reply({"data": []}))
    call(client, 60)

    assert clock.sleeps == []


def test_a_refusal_makes_everybody_with_the_budget_wait(webwork, connect, clock, json_reply):
    budget = ProcessBudget(monotonic=clock.monotonic)
    webwork.replies(json_reply({}, status=429, headers={"Retry-After": "7"}), json_reply({"data": []}))
    other = connect(budget=budget)
    call(connect(budget=budget), 1)
    slept = sum(clock.sleeps)
    call(other, 1)

    assert slept == sum(clock.sleeps) == 7
    assert len(webwork.received) == 3


def test_a_moment_that_was_missed_is_booked_anew(good, connect, clock, monkeypatch):
    oversleeping = iter([30.0])
    monkeypatch.setattr(clock, "sleep", lambda seconds: clock.sleeps.append(seconds + next(oversleeping, 0.0)))
    call(connect(rate=Rate(requests=1)), 2)

    assert clock.sleeps == [pytest.approx(92), pytest.approx(32)]
    assert len(good.received) == 2


def test_a_wait_ends_at_once_when_a_signal_handler_cancels_it():
    interruption = Interruption()
    before = signal.signal(signal.SIGUSR1, lambda *_: interruption.cancel())
    try:
        killer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        killer.start()
        began = time.monotonic()
        with pytest.raises(WebWorkCancelledError, match="was cancelled"):
            interruption.sleep(100)
        assert time.monotonic() - began < 50
    finally:
        killer.join()
        signal.signal(signal.SIGUSR1, before)


def test_after_it_was_cancelled_nobody_waits_any_more():
    interruption = Interruption()
    interruption.cancel()
    for _ in range(2):
        with pytest.raises(WebWorkCancelledError):
            interruption.sleep(100)


def test_a_wait_that_nobody_cancels_is_waited():
    Interruption().sleep(0.001)
