"""Webhooks behave the same over v1 and v2, over JSON and forms."""

from __future__ import annotations

import pytest

from airflow_provider_webwork.api.webhooks import Webhook, Webhooks
from airflow_provider_webwork.errors import WebWorkNotFoundError, WebWorkResponseError

URL = "https://airflow.example.com/hooks/some-callback-key"
TOKEN = "whsec_webhook-token"
RECORD = {"id": "eyJpdiI6", "url": URL, "events": ["tracker.started"], "token": TOKEN}
WEBHOOK = Webhook(id="eyJpdiI6", url=URL, events=("tracker.started",), token=TOKEN)
PATHS = {"v2": "/webhooks", "v1": "/rest-api/v1/webhooks"}


@pytest.fixture(params=["v2", "v1"])
def version(request):
    return request.param


@pytest.fixture(params=["json", "form"])
def body_format(request):
    return request.param


@pytest.fixture
def webhooks(connect, version, body_format):
    return Webhooks(connect(api_version=version, body_format=body_format))


def sent(request, version, body_format):
    """Read the body of a request; without the workspace, which only v2 wants."""
    if body_format == "json":
        assert request.headers["Content-Type"] == "application/json"
        body = request.json
    else:
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        lists = {name: values for name, values in request.form.items() if name.endswith("[]")}
        singles = {name: values[0] for name, values in request.form.items() if name not in lists}
        body = singles | {name.removesuffix("[]"): values for name, values in lists.items()}
    workspace = body.pop("workspace_id", None)
    assert str(workspace) == ("42" if version == "v2" else "None")
    return body


def test_create_registers_and_returns_the_webhook(webhooks, webwork, version, body_format):
    webwork.says({"success": True, ("data" if version == "v2" else "webhook"): RECORD})
    assert webhooks.create(url=URL, events=["tracker.started", "task.updated"]) == WEBHOOK
    [request] = webwork.received
    assert (request.method, request.path, request.query) == ("POST", PATHS[version], {})
    assert sent(request, version, body_format) == {"url": URL, "events": ["tracker.started", "task.updated"]}


def test_get_reads_one_webhook(webhooks, webwork, version):
    webwork.says({"success": True, "data": RECORD})
    assert webhooks.get("eyJ/piI=") == WEBHOOK
    [request] = webwork.received
    assert (request.method, request.path) == ("GET", f"{PATHS[version]}/eyJ%2FpiI%3D")
    assert request.query == ({"workspace_id": ["42"]} if version == "v2" else {})


def test_update_always_sends_the_url(webhooks, webwork, version, body_format):
    webwork.says({"success": True})
    webhooks.update("w1", url=URL)
    webhooks.update("w1", url=URL, events=("tracker.stopped",))
    first, second = webwork.received
    assert (first.method, first.path) == ("PUT", f"{PATHS[version]}/w1")
    assert sent(first, version, body_format) == {"url": URL}
    assert sent(second, version, body_format) == {"url": URL, "events": ["tracker.stopped"]}


def test_delete_removes_the_webhook_and_names_the_workspace_in_a_json_body(webhooks, webwork, version):
    webwork.says({"success": True})
    webhooks.delete("w1")
    [request] = webwork.received
    assert (request.method, request.path) == ("DELETE", f"{PATHS[version]}/w1")
    assert request.body == (b'{"workspace_id": 42}' if version == "v2" else b"")


def test_list_reads_every_page(webhooks, webwork, version, json_reply):
    rows = [RECORD | {"id": f"w{number}"} for number in range(120)]

    def page(request):
        number = int(request.query.get("page", ["1"])[0])
        chunk = rows[(number - 1) * 50 : number * 50]
        return json_reply({"max_rows": 50, "current_page": number, "total_pages": 3, "data": chunk})

    webwork.route("GET", PATHS[version], page)
    assert [webhook.id for webhook in webhooks.list()] == [row["id"] for row in rows]
    assert len(webwork.received) == 3


def test_list_reads_the_newer_page_shape_too(connect, webwork):
    pagination = {"total": 1, "per_page": 20, "current_page": 1, "last_page": 1, "from": 1, "to": 1}
    webwork.says({"success": True, "data": [RECORD], "meta": {"pagination": pagination}})
    assert list(Webhooks(connect()).list()) == [WEBHOOK]


def test_a_webhook_that_is_not_there_is_not_found(webhooks, webwork):
    webwork.says({"success": False, "message": "Webhook not found"}, status=404)
    with pytest.raises(WebWorkNotFoundError, match="Webhook not found"):
        webhooks.get("w1")


@pytest.mark.parametrize("answer", [{"success": True}, {"success": True, "data": {"id": "w1"}}, [RECORD]])
def test_an_answer_without_the_new_webhook_leaves_its_existence_unknown(answer, connect, webwork):
    webwork.says(answer)
    with pytest.raises(WebWorkResponseError, match="createWebhook answered no webhook") as caught:
        Webhooks(connect()).create(url=URL, events=["tracker.started"])
    assert caught.value.effect_unknown


def test_an_id_that_is_a_number_and_a_missing_token_are_taken(connect, webwork):
    webwork.says({"success": True, "data": {"id": 7, "url": URL, "events": None}})
    assert Webhooks(connect()).get("7") == Webhook(id="7", url=URL, events=(), token=None)


def test_one_event_must_still_be_a_list(connect):
    with pytest.raises(TypeError, match="createWebhook: events must be a list"):
        Webhooks(connect()).create(url=URL, events="tracker.started")


def test_neither_the_token_nor_the_key_is_shown():
    assert repr(WEBHOOK) == "Webhook(id='eyJpdiI6', events=('tracker.started',))"


def test_no_log_shows_the_token_or_the_key(webhooks, webwork, caplog):
    webwork.says({"success": True, "data": RECORD, "webhook": RECORD})
    webhooks.create(url=URL, events=["tracker.started"])
    webhooks.update("w1", url=URL)
    webhooks.get("w1")
    assert "urllib3" in {record.name.split(".")[0] for record in caplog.records}
    assert TOKEN not in caplog.text
    assert "some-callback-key" not in caplog.text
