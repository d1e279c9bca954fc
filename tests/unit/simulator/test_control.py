"""Other processes move the world through the control API."""

from __future__ import annotations

import json

import pytest
import requests


@pytest.fixture
def control(client):
    def call(path, body=None, *, raw=None):
        url = f"{client.simulator.url}/_simulator/{path}"
        return requests.post(url, json=body, data=raw, timeout=10)

    return call


@pytest.fixture
def state(client):
    return lambda query="": requests.get(f"{client.simulator.url}/_simulator/state{query}", timeout=10).json()


def test_trackers_are_started_and_stopped(client, receiver, control, state):
    webhook = client.register(receiver.url)
    started = control("tracker/start", {"user_id": 7}).json()
    assert (started["event_type"], started["webhook_ids"]) == ("tracker.started", [webhook["id"]])
    assert [tracker["user_id"] for tracker in state()["trackers"]] == [7]
    assert control("tracker/start", {"user_id": 7}).status_code == 400
    assert control("tracker/stop", {"user_id": 7}).json()["event_type"] == "tracker.stopped"
    assert state()["trackers"] == []
    client.simulator.wait_for_deliveries(2)
    assert {d["event_type"] for d in state()["deliveries"]} == {"tracker.started", "tracker.stopped"}


def test_any_event_is_delivered(client, receiver, control):
    client.register(receiver.url, ["project.created"])
    control("deliver", {"event_type": "project.created", "data": {"project_id": 3}})
    client.simulator.wait_for_deliveries(1)
    assert json.loads(receiver.arrived[0].body)["data"] == {"project_id": 3}


def test_a_fault_that_is_asked_for_meets_the_next_call(client, control):
    fault = {"operation": "getWebhooks", "kind": "status", "status": 429, "retry_after": 9}
    assert control("faults", fault).status_code == 200
    answer = client.get("/webhooks")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "9")


def test_a_member_signs_in_and_access_is_revoked(client, control):
    granted = control("sign-in", {"user_id": 7}).json()["refresh_token"]
    simulator = client.simulator
    secrets = {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
    form = {"grant_type": "refresh_token", "refresh_token": granted, **secrets}
    assert requests.post(simulator.oauth_url, data=form, timeout=10).status_code == 200
    assert control("revoke").status_code == 200
    assert client.get("/members").status_code == 401
    assert control("sign-in", {"user_id": 26}).status_code == 404


def test_a_tracker_can_be_one_of_a_desktop(client, control):
    control("tracker/start", {"user_id": 7, "method": "Desktop tracker"})
    (entry,) = client.rows("/time-entries", user_id=7, date="2026-11-19")
    assert (entry["method"], entry["end_time"]) == ("Desktop tracker", None)


def test_the_state_holds_secrets_only_if_asked(client, control, state):
    token = client.register("https://receiver.example.com/k")["token"]
    simulator = client.simulator
    shown = json.dumps(state())
    assert [request["operation"] for request in state()["requests"]] == ["createWebhook"]
    secrets = (token, simulator.token, simulator.password, simulator.client_secret, simulator.refresh_token)
    assert not [secret for secret in secrets if secret in shown]
    asked = state("?secrets=1")
    assert asked["webhooks"][0]["token"] == token
    assert asked["credentials"]["token"] == simulator.token
    assert asked["credentials"]["refresh_token"] == simulator.refresh_token


def test_a_reset_begins_again(client, receiver, control, state):
    first = client.register(receiver.url)
    control("tracker/start", {"user_id": 7})
    client.simulator.wait_for_deliveries(1)
    client.simulator.fault("getWebhooks")
    assert control("reset").status_code == 200
    assert state() == {"workspace_id": 1, "webhooks": [], "trackers": [], "deliveries": [], "requests": []}
    assert client.get("/webhooks").json()["data"] == []
    assert client.register(receiver.url) == first


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("tracker/start", {}),
        ("tracker/start", {"user_id": "seven"}),
        ("deliver", {}),
        ("deliver", {"event_type": "x", "data": [1]}),
        ("faults", {}),
        ("faults", {"operation": "none"}),
        ("faults", {"operation": "getWebhooks", "times": "many"}),
        ("faults", {"operation": "getWebhooks", "colour": "red"}),
        ("faults", [1]),
    ],
)
def test_bad_input_is_answered_with_a_reason(control, path, body):
    answer = control(path, body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_member_that_does_not_exist_is_404(control):
    assert control("tracker/start", {"user_id": 26}).status_code == 404


def test_a_body_that_is_no_json_is_answered_with_a_reason(control):
    assert control("faults", raw=b"{").status_code == 400
