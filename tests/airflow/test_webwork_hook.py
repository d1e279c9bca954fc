"""The hook: Test tells who one is or what is wrong, and what the methods return holds no secret."""

from __future__ import annotations

import json
import re
import socket

import pytest

from airflow_provider_webwork.errors import WebWorkNotFoundError
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.simulator import Simulator

OURS = "https://hooks.example.com/webwork/hooks/canary-of-a-callback-key"


def v2(simulator, **changes):
    fields = {"host": simulator.base_url_v2, "password": simulator.token, "extra": {"workspace_id": 1}}
    return {**fields, **changes}


def v1(simulator, **changes):
    fields = {"host": simulator.base_url_v1, "login": simulator.login, "password": simulator.password}
    return {**fields, "extra": {"api_version": "v1"}, **changes}


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (v2, (True, "Workspace Simulated workspace (1), as Owner, with a personal access token.")),
        (
            lambda s: v2(s, extra={}),
            (
                True,
                "Now put a workspace id into the connection; it sees: 1 (Simulated workspace, Owner).",
            ),
        ),
        (
            lambda s: v2(s, extra={"workspace_id": 42}),
            (
                False,
                "it does not see workspace 42. It sees: 1 (Simulated workspace, Owner).",
            ),
        ),
        (lambda s: v2(s, password="wrong-token"), (False, "Renew the token of the connection")),
        (lambda s: v2(s, host=s.url), (False, "Check the ids, the workspace_id and the base URL")),
        (lambda s: v2(s, host=f"http://127.0.0.1:{unused_port()}"), (False, "connection refused. Check the base URL")),
        (v1, (True, "WebWork API v1 accepts the login; it has 0 webhooks.")),
        (lambda s: v1(s, password="wrong-password"), (False, "Invalid username or password")),
    ],
    ids=[
        "good",
        "no workspace",
        "unknown workspace",
        "wrong token",
        "wrong path",
        "unreachable port",
        "v1",
        "v1 wrong password",
    ],
)
def test_test_says_who_one_is_or_what_is_wrong(webwork_simulator, connection, fields, expected):
    connection(fields(webwork_simulator))

    passed, text = WebWorkHook().test_connection()

    assert (passed, expected[1] in text) == (expected[0], True), text
    assert not [secret for secret in (webwork_simulator.token, "wrong-token", "wrong-password") if secret in text]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"status": 403}, "WebWork forbids this.*Use the token of an account with the rights"),
        ({"kind": "html"}, "a web page titled 'Maintenance'. Is the base URL of the connection right"),
        ({"status": 503}, "WebWork failed.*Try again later"),
        ({"kind": "close"}, "the connection was closed without an answer"),
    ],
    ids=["no rights", "no API", "overloaded", "closed"],
)
def test_test_says_what_is_wrong_at_once(webwork_simulator, fault, text):
    webwork_simulator.fault("getWorkspaces", times=99, **fault)

    passed, said = WebWorkHook().test_connection()

    assert not passed
    assert re.search(text, said), said
    assert len(webwork_simulator.requests) == 1


def test_test_says_as_which_role_one_is_signed_in(connection):
    with Simulator(role="Team manager") as simulator:
        connection(v2(simulator))

        passed, text = WebWorkHook().test_connection()

        assert passed
        assert text.startswith("Workspace Simulated workspace (1), as Team manager, with")


def test_webhooks_are_shown_without_tokens_and_callback_keys(webwork_simulator):
    hook = WebWorkHook()
    made = hook.create_webhook(url=OURS, events=["tracker.started"])
    other = hook.create_webhook(url="https://receiver.example.com/x", events=["tracker.stopped"])
    webhook_id = made["id"]

    shown = {
        "create": made,
        "get": hook.get_webhook(webhook_id),
        "list": list(hook.list_webhooks()),
        "iterate": list(hook.iterate("getWebhooks")),
        "call list": hook.call("getWebhooks"),
        "call get": hook.call("getWebhook", webhook_id=webhook_id),
        "request": hook.request("get", f"/webhooks/{webhook_id}", params={"workspace_id": 1}),
        "update": hook.update_webhook(webhook_id, events=["tracker.stopped"]),
        "call create": hook.call("createWebhook", url=OURS, events=["tracker.started"]),
    }

    hidden = "https://hooks.example.com/webwork/hooks/***"
    assert made == {"id": webhook_id, "url": hidden, "events": ["tracker.started"]}
    assert shown["get"] == made
    assert shown["list"] == shown["iterate"] == [made, other]
    assert other["url"] == "https://receiver.example.com/x"
    text = json.dumps(shown)
    assert text.count(hidden) == 8
    assert "canary" not in text
    assert not [webhook.token for webhook in webwork_simulator.webhooks if webhook.token in text]


def test_what_is_not_given_to_an_update_stays(webwork_simulator):
    hook = WebWorkHook()
    webhook_id = hook.create_webhook(url=OURS, events=["tracker.started"])["id"]
    hook.update_webhook(webhook_id, events=["tracker.stopped"])
    (webhook,) = webwork_simulator.webhooks
    assert (webhook.url, webhook.events) == (OURS, ("tracker.stopped",))

    hook.update_webhook(webhook_id, url=f"{OURS}/2")
    (webhook,) = webwork_simulator.webhooks
    assert (webhook.url, webhook.events) == (f"{OURS}/2", ("tracker.stopped",))


def test_what_is_deleted_is_gone(webwork_simulator):
    hook = WebWorkHook()
    webhook_id = hook.create_webhook(url=OURS, events=["tracker.started"])["id"]
    hook.delete_webhook(webhook_id)

    with pytest.raises(WebWorkNotFoundError):
        hook.get_webhook(webhook_id)
    assert list(hook.list_webhooks()) == []


def test_operations_beyond_webhooks_are_called_by_their_documented_names(webwork_simulator):
    hook = WebWorkHook()

    assert [member["id"] for member in hook.iterate("getMembers")] == list(range(1, 26))
    with pytest.raises(ValueError, match="getMembers"):
        hook.call("getMember_s")
    with pytest.raises(TypeError, match="unknown argument statuses"):
        hook.iterate("getMembers", statuses="active")  # said at once, not when the first record is wanted


def test_the_connection_of_the_hook_is_a_requests_session_that_is_ready_to_use(webwork_simulator):
    hook = WebWorkHook()

    answer = hook.get_conn().get(f"{hook.client.settings.base_url}/workspaces")

    assert [workspace["id"] for workspace in answer.json()["data"]] == [1]
