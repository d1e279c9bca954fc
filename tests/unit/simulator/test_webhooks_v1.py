"""Webhooks through API v1: HTTP Basic, and failures that look like success to whoever reads the status alone."""

from __future__ import annotations

import pytest
import requests

URL = "https://receiver.example.com/hooks/k"


@pytest.fixture
def v1(client):
    simulator = client.simulator

    def call(method, path="", **arguments):
        arguments.setdefault("auth", (simulator.login, simulator.password))
        url = f"{simulator.base_url_v1}/rest-api/v1/webhooks{path}"
        return requests.request(method, url, timeout=10, **arguments)

    return call


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_a_webhook_can_be_made_read_changed_listed_and_deleted(v1, encoding):
    events = {"events": ["tracker.started"]} if encoding == "json" else {"events[]": ["tracker.started"]}
    created = v1("POST", **{encoding: {"url": URL, **events}}).json()
    webhook = created["webhook"]
    assert created == {"success": True, "webhook": webhook}
    assert (webhook["url"], webhook["events"]) == (URL, ["tracker.started"])
    assert v1("GET", f"/{webhook['id']}").json() == {"success": True, "data": webhook}
    assert v1("PUT", f"/{webhook['id']}", **{encoding: {"url": f"{URL}2"}}).json() == {"success": True}
    page = {"max_rows": 1, "current_page": 1, "total_pages": 1, "data": [{**webhook, "url": f"{URL}2"}]}
    assert v1("GET").json() == page
    assert v1("DELETE", f"/{webhook['id']}").json() == {"success": True}
    assert v1("GET").json()["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/none", None),
        ("PUT", "/none", {"url": URL}),
        ("DELETE", "/none", None),
        ("POST", "", {"url": URL}),
        ("POST", "", {"url": "nowhere", "events": ["tracker.started"]}),
    ],
)
def test_a_failure_is_a_200_that_says_so(v1, method, path, body):
    answer = v1(method, path, json=body)
    assert answer.status_code == 200
    assert answer.json()["success"] is False
    (message,) = answer.json()["message"]
    assert message


@pytest.mark.parametrize("auth", [("member1@example.com", "wrong"), ("", ""), None])
def test_wrong_credentials_are_a_200_that_says_so(v1, auth):
    answer = v1("GET", auth=auth)
    assert answer.status_code == 200
    assert answer.json() == {"success": False, "message": ["Invalid username or password."]}


def test_both_versions_show_the_same_webhooks(v1, client):
    webhook = client.register(URL)
    assert v1("GET").json()["data"] == [webhook]
