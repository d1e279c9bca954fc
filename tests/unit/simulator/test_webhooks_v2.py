"""Webhooks through API v2: what the vendor's pages show is what the simulator answers."""

from __future__ import annotations

import pytest

from airflow_provider_webwork.simulator import WebhookRules

URL = "https://receiver.example.com/hooks/k"


def test_a_created_webhook_is_answered_listed_and_shown_with_its_token(client):
    created = client.send("POST", "/webhooks", url=URL, events=["tracker.started"])
    assert created.status_code == 200
    body = created.json()
    assert body["success"] is True
    webhook = body["data"]
    assert set(webhook) == {"id", "url", "events", "token"}
    assert (webhook["url"], webhook["events"]) == (URL, ["tracker.started"])
    assert isinstance(webhook["id"], str)
    assert webhook["token"].startswith("whsec_")
    assert client.get("/webhooks").json()["data"] == [webhook]
    assert client.get(f"/webhooks/{webhook['id']}").json() == {"success": True, "data": webhook}


@pytest.mark.parametrize(
    "form",
    [
        [("events[]", "tracker.started"), ("events[]", "tracker.stopped")],
        [("events[0]", "tracker.started"), ("events[1]", "tracker.stopped")],
        [("events", "tracker.started"), ("events", "tracker.stopped")],
    ],
)
def test_a_webhook_can_be_created_and_updated_by_form(client, form):
    created = client.call("POST", "/webhooks", data=[("workspace_id", "1"), ("url", URL), *form]).json()["data"]
    assert created["events"] == ["tracker.started", "tracker.stopped"]
    other = [("workspace_id", "1"), ("url", f"{URL}2"), ("events[]", "member.invited")]
    assert client.call("PUT", f"/webhooks/{created['id']}", data=other).json() == {"success": True}
    shown = client.get(f"/webhooks/{created['id']}").json()["data"]
    assert shown == {**created, "url": f"{URL}2", "events": ["member.invited"]}


def test_a_form_with_one_plain_event_registers_that_event(client):
    form = {"workspace_id": "1", "url": URL, "events": "tracker.stopped"}
    assert client.call("POST", "/webhooks", data=form).json()["data"]["events"] == ["tracker.stopped"]


def test_an_update_changes_the_url_and_keeps_events_and_token(client):
    webhook = client.register(URL)
    assert client.send("PUT", f"/webhooks/{webhook['id']}", url=f"{URL}2").json() == {"success": True}
    assert client.get(f"/webhooks/{webhook['id']}").json()["data"] == {**webhook, "url": f"{URL}2"}


def test_an_update_without_url_is_refused_and_changes_nothing(client):
    webhook = client.register(URL)
    answer = client.send("PUT", f"/webhooks/{webhook['id']}", events=["member.invited"])
    assert (answer.status_code, answer.json()["message"]) == (400, "The url field is required.")
    assert client.get(f"/webhooks/{webhook['id']}").json()["data"] == webhook


def test_a_deleted_webhook_is_gone(client):
    kept, gone = client.register(URL), client.register(f"{URL}2")
    assert client.send("DELETE", f"/webhooks/{gone['id']}").json() == {"success": True}
    assert client.get("/webhooks").json()["data"] == [kept]
    for answer in (client.get(f"/webhooks/{gone['id']}"), client.send("DELETE", f"/webhooks/{gone['id']}")):
        assert answer.status_code == 404


def test_one_url_may_be_registered_twice(client):
    first, second = client.register(URL), client.register(URL)
    assert first["id"] != second["id"]
    assert first["token"] != second["token"]


def test_one_url_is_refused_twice_if_so_told(running):
    client = running(webhook_rules=WebhookRules(unique_urls=True))
    webhook = client.register(URL)
    assert client.send("POST", "/webhooks", url=URL, events=["tracker.started"]).status_code == 400
    assert client.send("PUT", f"/webhooks/{webhook['id']}", url=URL).status_code == 200


def test_an_error_has_the_documented_envelope(client):
    answer = client.get("/webhooks/none")
    assert answer.status_code == 404
    body = answer.json()
    assert body["meta"]["timestamp"]
    assert body == {
        "success": False,
        "message": "Webhook not found.",
        "error": None,
        "meta": {"api_version": "2.0.0", "timestamp": body["meta"]["timestamp"]},
    }


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer wrong", "Basic {token}", "{token}", "Bearer \xe9"])
def test_a_missing_or_wrong_token_is_401(client, authorization):
    value = (authorization or "").format(token=client.simulator.token).encode("latin-1")
    answer = client.call("GET", "/workspaces", headers={"Authorization": value} if authorization else {})
    assert answer.status_code == 401
    assert answer.json()["success"] is False


def test_a_foreign_workspace_is_403(client):
    assert client.get("/webhooks", workspace_id=2).status_code == 403
    assert client.send("POST", "/webhooks", workspace_id=2, url=URL, events=["x"]).status_code == 403


def test_a_regular_user_may_not_manage_webhooks(running):
    client = running(role="Regular User")
    assert client.get("/workspaces").json()["data"][0]["role"] == "Regular User"
    assert client.get("/webhooks").status_code == 403
    assert client.get("/members").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": URL},
        {"events": ["tracker.started"]},
        {"url": URL, "events": []},
        {"url": URL, "events": "tracker.started"},
        {"url": URL, "events": [7]},
        {"url": "not a url", "events": ["tracker.started"]},
        {"url": "ftp://receiver.example.com/", "events": ["tracker.started"]},
        {"url": "http://[", "events": ["tracker.started"]},
        {"url": URL, "events": ["tracker.started"], "workspace_id": None},
        {"url": URL, "events": ["tracker.started"], "workspace_id": "one"},
        {"url": URL, "events": ["tracker.started"], "workspace_id": True},
    ],
)
def test_a_create_that_lacks_something_is_400_and_registers_nothing(client, body):
    assert client.send("POST", "/webhooks", **body).status_code == 400
    assert client.simulator.webhooks == ()


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b'"text"', b'{"url": "\\ud800"}'])
def test_a_body_that_is_no_json_object_is_400(client, body):
    headers = {"Authorization": f"Bearer {client.simulator.token}", "Content-Type": "application/json"}
    assert client.call("POST", "/webhooks", data=body, headers=headers).status_code == 400


def test_the_workspace_of_a_write_travels_in_the_body(client):
    webhook = client.register(URL)
    answer = client.call("DELETE", f"/webhooks/{webhook['id']}", params={"workspace_id": 1})
    assert answer.status_code == 400
    assert len(client.simulator.webhooks) == 1


def test_an_unknown_path_and_a_wrong_method_are_refused_in_the_envelope(client):
    for answer, status in ((client.get("/nothing"), 404), (client.send("PATCH", "/webhooks"), 405)):
        assert answer.status_code == status
        assert answer.json()["success"] is False


def test_requests_are_logged_without_credentials(client):
    client.register(URL, ["tracker.started"])
    client.get("/webhooks", page=1)
    client.get("/nothing")
    create, listing, unknown = client.simulator.requests
    assert (create.operation, create.method, create.path) == ("createWebhook", "POST", "/api/v2/webhooks")
    assert create.body == {"workspace_id": 1, "url": URL, "events": ["tracker.started"]}
    assert (listing.operation, listing.query) == ("getWebhooks", {"workspace_id": "1", "page": "1"})
    assert (unknown.operation, unknown.path) == (None, "/api/v2/nothing")
    assert client.simulator.token not in repr(client.simulator.requests)


def test_no_secret_shows_in_a_repr(client):
    token = client.register(URL)["token"]
    assert client.simulator.webhooks[0].token == token
    assert token not in repr(client.simulator.webhooks)
