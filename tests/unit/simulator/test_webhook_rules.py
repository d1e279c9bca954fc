"""What WebWork leaves open about webhooks can be chosen: how many, which URLs, and how late listings tell."""

from __future__ import annotations

import pytest
import requests

from airflow_provider_webwork.simulator import WebhookRules

URL = "https://receiver.example.com/hooks"


@pytest.fixture
def ruled(running, clock):
    return lambda **rules: running(now=clock, webhook_rules=WebhookRules(**rules))


def listed(client):
    return [webhook["url"] for webhook in client.get("/webhooks").json()["data"]]


def create(client, url):
    return client.send("POST", "/webhooks", url=url, events=["nothing.happens"])


def test_there_can_be_a_limit(ruled):
    client = ruled(limit=2)
    first = create(client, f"{URL}/1").json()["data"]
    create(client, f"{URL}/2")
    refused = create(client, f"{URL}/3")
    assert (refused.status_code, refused.json()["success"]) == (400, False)
    assert listed(client) == [f"{URL}/1", f"{URL}/2"]
    client.send("DELETE", f"/webhooks/{first['id']}")
    assert create(client, f"{URL}/3").status_code == 200


def test_an_update_to_a_url_of_another_is_refused_if_urls_are_unique(ruled):
    client = ruled(unique_urls=True)
    create(client, f"{URL}/1")
    second = create(client, f"{URL}/2").json()["data"]
    assert client.send("PUT", f"/webhooks/{second['id']}", url=f"{URL}/1").status_code == 400
    assert listed(client) == [f"{URL}/1", f"{URL}/2"]


def test_a_created_webhook_is_listed_after_some_reads_and_shown_at_once(ruled):
    client = ruled(lag_reads=2)
    webhook = create(client, URL).json()["data"]
    assert client.get(f"/webhooks/{webhook['id']}").json()["data"] == webhook
    assert [listed(client) for _ in range(4)] == [[], [], [URL], [URL]]


def test_a_deleted_webhook_is_listed_for_some_reads_and_gone_at_once(ruled):
    client = ruled(lag_reads=1)
    webhook = create(client, URL).json()["data"]
    assert [listed(client) for _ in range(2)] == [[], [URL]]
    client.send("DELETE", f"/webhooks/{webhook['id']}")
    assert client.get(f"/webhooks/{webhook['id']}").status_code == 404
    assert client.simulator.webhooks == ()
    assert [listed(client) for _ in range(2)] == [[URL], []]


def test_a_change_is_listed_after_some_time(ruled, clock):
    client = ruled(lag_seconds=30)
    webhook = create(client, f"{URL}/1").json()["data"]
    clock.advance(seconds=29)
    assert listed(client) == []
    clock.advance(seconds=1)
    assert listed(client) == [f"{URL}/1"]
    client.send("PUT", f"/webhooks/{webhook['id']}", url=f"{URL}/2")
    assert listed(client) == [f"{URL}/1"]
    clock.advance(seconds=30)
    assert listed(client) == [f"{URL}/2"]


def test_a_webhook_that_comes_and_goes_unseen_is_never_listed(ruled):
    client = ruled(lag_reads=1)
    webhook = create(client, URL).json()["data"]
    client.send("DELETE", f"/webhooks/{webhook['id']}")
    assert [listed(client) for _ in range(2)] == [[], []]


def test_the_lag_is_that_of_v1_too(ruled):
    client = ruled(lag_reads=1)
    create(client, URL)
    simulator = client.simulator
    auth = (simulator.login, simulator.password)
    pages = [
        requests.get(f"{simulator.base_url_v1}/rest-api/v1/webhooks", auth=auth, timeout=10).json() for _ in range(2)
    ]
    assert [len(page["data"]) for page in pages] == [0, 1]


def test_while_two_are_registered_both_are_delivered_to_also_before_they_are_listed(running, receiver):
    client = running(webhook_rules=WebhookRules(lag_reads=5))
    old, new = (client.register(receiver.url) for _ in range(2))
    assert client.get("/webhooks").json()["data"] == []
    emitted = client.simulator.start_tracker(7)
    assert emitted.webhook_ids == (old["id"], new["id"])
    made = client.simulator.wait_for_deliveries(2)
    assert {delivery.event_id for delivery in made} == {emitted.event_id}
    assert {arrived.headers["x-webhook-token"] for arrived in receiver.arrived} == {old["token"], new["token"]}
    client.send("DELETE", f"/webhooks/{old['id']}")
    assert client.simulator.stop_tracker(7).webhook_ids == (new["id"],)


def test_writes_are_told_to_webhooks(client, receiver):
    client.register(receiver.url, ["member.updated", "project.created", "project.deleted", "task.updated"])
    client.send("PUT", "/members/7", firstname="M.")
    project = client.send("POST", "/projects", name="Bridge").json()["data"]
    client.send("PUT", "/tasks/11", project_id=1, title="Weld")
    client.send("DELETE", f"/projects/{project['id']}")
    made = client.simulator.wait_for_deliveries(4)
    assert {delivery.event_type for delivery in made} == {
        *("member.updated", "project.created", "project.deleted", "task.updated")
    }
