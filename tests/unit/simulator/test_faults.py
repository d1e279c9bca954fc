"""Faults strike the call they were ordered for, and a later read shows whether the effect happened."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from airflow_provider_webwork.simulator import Simulator
from tests.impatience import NEVER, wait_until

URL = "https://receiver.example.com/hooks/k"


def post(simulator, path, *, timeout=60, **body):
    return requests.post(
        f"{simulator.base_url_v2}{path}",
        json={"workspace_id": 1, **body},
        headers={"Authorization": f"Bearer {simulator.token}"},
        timeout=timeout,
    )


def create(client):
    return client.send("POST", "/webhooks", url=URL, events=["tracker.started"])


def registered(client):
    return [webhook["url"] for webhook in client.get("/webhooks").json()["data"]]


@pytest.mark.parametrize("status", [500, 503, 429])
@pytest.mark.parametrize(("when", "effect"), [("before", []), ("after", [URL])])
def test_an_error_status_before_or_after_the_effect(client, status, when, effect):
    client.simulator.fault("createWebhook", status=status, when=when)
    answer = create(client)
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert answer.headers.get("Retry-After") == ("1" if status == 429 else None)
    assert registered(client) == effect


def test_retry_after_can_be_chosen(client):
    client.simulator.fault("createWebhook", status=503, retry_after=17)
    assert create(client).headers["Retry-After"] == "17"


@pytest.mark.parametrize(("when", "effect"), [("before", []), ("after", [URL])])
def test_the_connection_closes_without_an_answer(client, when, effect):
    client.simulator.fault("createWebhook", kind="close", when=when)
    with pytest.raises(requests.ConnectionError, match="without response"):
        create(client)
    assert registered(client) == effect


@pytest.mark.parametrize(("when", "effect"), [("before", []), ("after", [URL])])
def test_the_answer_breaks_off(client, when, effect):
    client.simulator.fault("createWebhook", kind="truncated", when=when)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        create(client)
    assert registered(client) == effect


@pytest.mark.parametrize(("when", "effect"), [("before", []), ("after", [URL])])
def test_a_web_page_comes_instead_of_json(client, when, effect):
    client.simulator.fault("createWebhook", kind="html", when=when)
    answer = create(client)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert registered(client) == effect


def test_a_hanging_answer_outlasts_the_patience_of_the_client_after_the_effect(client):
    client.simulator.fault("createWebhook", kind="hang", when="after", seconds=NEVER)
    with pytest.raises(requests.ReadTimeout):
        post(client.simulator, "/webhooks", timeout=0.2, url=URL, events=["tracker.started"])
    wait_until(lambda: registered(client) == [URL])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hanging_answer_comes_in_the_end(client, when):
    client.simulator.fault("createWebhook", kind="hang", when=when, seconds=0.05)
    answer = create(client)
    assert answer.json()["data"]["url"] == URL
    assert answer.elapsed.total_seconds() >= 0.05
    assert registered(client) == [URL]


@pytest.mark.parametrize(("when", "effect"), [("before", []), ("after", [URL])])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("garbage", b"{'success': True, data"),
        ("empty", b""),
        ("unsuccessful", b'{"success":false,"message":"Something went wrong.","error":null}'),
    ],
)
def test_an_answer_can_be_complete_and_wrong(client, kind, body, when, effect):
    client.simulator.fault("createWebhook", kind=kind, when=when)
    answer = create(client)
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, "application/json", body)
    assert registered(client) == effect


def test_the_right_answer_can_have_the_wrong_content_type(client):
    client.simulator.fault("createWebhook", kind="content_type", when="after")
    answer = create(client)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.json()["data"]["url"] == URL


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_body_can_trickle(client, when):
    client.simulator.fault("createWebhook", kind="slow", when=when, seconds=0.2)
    begun = time.monotonic()
    answer = create(client)
    assert answer.json()["data"]["url"] == URL
    assert time.monotonic() - begun >= 0.2
    assert registered(client) == [URL]


def test_a_fault_can_spare_the_first_calls_and_mean_any_operation(client):
    client.simulator.fault("*", status=500, skip=2, times=2)
    answers = [client.get(path).status_code for path in ("/members", "/projects", "/members", "/webhooks", "/members")]
    assert answers == [200, 200, 500, 500, 200]


def test_the_log_tells_what_was_answered(client):
    client.simulator.fault("getMembers", status=502)
    client.simulator.fault("getMembers", kind="close")
    client.get("/members")
    with pytest.raises(requests.ConnectionError):
        client.get("/members")
    client.get("/members")
    client.get("/members", page=0)
    client.get("/nothing")
    assert [request.status for request in client.simulator.requests] == [502, None, 200, 400, 404]


def test_stopping_lets_go_of_a_hanging_answer(receiver):
    outcome = []

    def start_tracker(simulator):
        try:
            post(simulator, "/time-tracking/start", user_id=7)
        except requests.ConnectionError as error:
            outcome.append(error)

    with Simulator() as simulator:
        post(simulator, "/webhooks", url=receiver.url, events=["tracker.started"])
        simulator.fault("startTimeTracking", kind="hang", when="after", seconds=NEVER)
        caller = threading.Thread(target=start_tracker, args=[simulator])
        caller.start()
        simulator.wait_for_deliveries(1)
    caller.join(60)
    assert len(outcome) == 1


def test_a_fault_strikes_as_often_as_ordered_and_only_its_operation(client):
    client.simulator.fault("createWebhook", status=500, times=2)
    client.simulator.fault("createWebhook", status=429)
    client.simulator.fault("deleteWebhook", status=503)
    assert client.get("/webhooks").status_code == 200
    assert [create(client).status_code for _ in range(4)] == [500, 500, 429, 200]


def test_a_fault_of_api_v1_strikes_api_v1(client):
    simulator = client.simulator
    simulator.fault("v1CreateWebhook", when="after")
    answer = requests.post(
        f"{simulator.base_url_v1}/rest-api/v1/webhooks",
        json={"url": URL, "events": ["tracker.started"]},
        auth=(simulator.login, simulator.password),
        timeout=10,
    )
    assert answer.status_code == 503
    assert registered(client) == [URL]


def test_a_fault_spares_the_rest_of_a_tracker_start(client):
    client.simulator.fault("startTimeTracking", kind="close", when="after")
    with pytest.raises(requests.ConnectionError):
        client.send("POST", "/time-tracking/start", user_id=7)
    assert client.send("POST", "/time-tracking/stop", user_id=7).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"operation": "createWebhok"}, "createWebhook"),
        ({"operation": "xyz"}, "getWorkspaces"),
        ({"operation": "getWebhooks", "kind": "explode"}, "kind"),
        ({"operation": "getWebhooks", "when": "during"}, "when"),
        ({"operation": "getWebhooks", "status": 42}, "status"),
        ({"operation": "getWebhooks", "times": 0}, "times"),
        ({"operation": "getWebhooks", "skip": -1}, "skip"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(client, arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        client.simulator.fault(**arguments)
