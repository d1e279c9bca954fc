"""The limit of each member, in a fixed or a sliding window, with headers or without."""

from __future__ import annotations

import pytest
import requests

from airflow_provider_webwork.simulator import RateLimit


@pytest.fixture
def limited(running, clock):
    return lambda **limit: running(now=clock, rate_limit=RateLimit(**limit))


def statuses(client, count, **arguments):
    return [client.call("GET", "/workspaces", **arguments).status_code for _ in range(count)]


def test_there_is_no_limit_unless_asked_for(client):
    assert statuses(client, 70) == [200] * 70
    assert "X-RateLimit-Limit" not in client.call("GET", "/workspaces").headers


def test_sixty_requests_a_minute_are_answered(limited):
    assert statuses(limited(), 62) == [200] * 60 + [429] * 2


def test_a_fixed_window_begins_with_the_first_request_and_ends_at_once(limited, clock):
    client = limited(requests=3)
    assert statuses(client, 1) == [200]
    clock.advance(seconds=50)
    assert statuses(client, 3) == [200, 200, 429]
    clock.advance(seconds=9)
    assert statuses(client, 1) == [429]
    clock.advance(seconds=1)
    assert statuses(client, 4) == [200, 200, 200, 429]


def test_a_sliding_window_gives_back_one_request_at_a_time(limited, clock):
    client = limited(requests=3, window="sliding")
    assert statuses(client, 1) == [200]
    clock.advance(seconds=50)
    assert statuses(client, 3) == [200, 200, 429]
    clock.advance(seconds=10)
    assert statuses(client, 2) == [200, 429]
    clock.advance(seconds=50)
    assert statuses(client, 3) == [200, 200, 429]


def test_a_shorter_window_makes_time_pass_faster(limited, clock):
    client = limited(requests=2, seconds=0.5)
    assert statuses(client, 3) == [200, 200, 429]
    clock.advance(seconds=0.5)
    assert statuses(client, 1) == [200]


def test_headers_tell_what_is_left_and_when_to_come_back(limited, clock):
    client = limited(requests=2)
    left = [client.call("GET", "/workspaces").headers["X-RateLimit-Remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    clock.advance(seconds=20.5)
    refused = client.call("GET", "/workspaces")
    assert refused.json()["success"] is False
    assert refused.headers["Retry-After"] == "40"
    assert int(refused.headers["X-RateLimit-Reset"]) == pytest.approx(clock().timestamp() + 39.5, abs=1)


def test_headers_can_be_left_out(limited):
    client = limited(requests=1, headers=False)
    answers = [client.call("GET", "/workspaces") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert not [name for answer in answers for name in answer.headers if name.lower().startswith(("x-rate", "retry"))]


def test_the_budget_is_each_members_own_whatever_the_token(limited):
    client = limited(requests=2)
    other = {"Authorization": f"Bearer {client.simulator.token_of(7)}"}
    simulator = client.simulator
    credentials = {
        "grant_type": "client_credentials",
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
    }
    oauth = requests.post(simulator.oauth_url, data=credentials, timeout=10).json()["access_token"]
    assert statuses(client, 1) == [200]
    assert statuses(client, 2, headers={"Authorization": f"Bearer {oauth}"}) == [200, 429]
    assert statuses(client, 3, headers=other) == [200, 200, 429]


def test_a_refused_request_has_no_effect_and_spends_no_fault(limited, clock):
    client = limited(requests=1)
    client.register("https://receiver.example.com/hooks/k")
    client.simulator.fault("createWebhook", status=500)
    create = {"url": "https://receiver.example.com/hooks/2", "events": ["tracker.started"]}
    assert client.send("POST", "/webhooks", **create).status_code == 429
    assert len(client.simulator.webhooks) == 1
    clock.advance(minutes=1)
    assert client.send("POST", "/webhooks", **create).status_code == 500


def test_v1_has_no_limit_unless_told_to_share_it(limited):
    for shared, expected in ((False, True), (True, False)):
        client = limited(requests=1, v1=shared)
        statuses(client, 1)
        auth = (client.simulator.login, client.simulator.password)
        answer = requests.get(f"{client.simulator.base_url_v1}/rest-api/v1/webhooks", auth=auth, timeout=10)
        assert ("data" in answer.json()) is expected


def test_the_log_tells_which_requests_were_refused(limited):
    client = limited(requests=1)
    statuses(client, 2)
    assert [request.status for request in client.simulator.requests] == [200, 429]
