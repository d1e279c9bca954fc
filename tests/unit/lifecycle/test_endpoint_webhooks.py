"""The webhook of an endpoint is as it should be, whatever became of it, and doing it again changes nothing."""

from __future__ import annotations

import json
import logging
from urllib.parse import urlsplit

import pytest

from airflow_provider_webwork.errors import (
    WebWorkConfigurationError,
    WebWorkLogError,
    WebWorkLogUnavailableError,
    WebWorkNotFoundError,
)
from airflow_provider_webwork.secrets import hash_key

EVENTS = ("tracker.started", "tracker.stopped")


def assert_registered(workspace, name="payroll", *, events=EVENTS):
    """Exactly one webhook calls the endpoint, which accepts its key and knows its token."""
    webhook, endpoint = workspace.only, workspace.endpoint(name)
    assert workspace.reached_by(webhook) == [name]
    assert set(webhook.events) == set(events)
    assert (endpoint.state, endpoint.webhook_id, endpoint.webhook_token) == ("active", webhook.id, webhook.token)
    assert (set(endpoint.events), endpoint.pending_key) == (set(events), None)
    assert len(endpoint.key_hashes) == 1


def test_a_new_endpoint_gets_a_webhook(workspace):
    outcome = workspace.lifecycle.ensure("payroll", events=EVENTS)

    assert outcome.as_dict() == {
        "webhook_id": workspace.only.id,
        "endpoint": "payroll",
        "action": "created",
        "events": list(EVENTS),
    }
    assert workspace.only.url.startswith("https://hooks.example.com/webwork/hooks/")
    assert_registered(workspace)


def test_a_second_run_changes_nothing(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    before = workspace.only, workspace.endpoint("payroll")

    outcomes = []
    writes = workspace.writes(lambda: outcomes.append(workspace.lifecycle.ensure("payroll", events=EVENTS[::-1])))

    assert (outcomes[0].action, writes) == ("unchanged", [])
    assert workspace.only == before[0]
    assert workspace.endpoint("payroll").key_hashes == before[1].key_hashes
    assert_registered(workspace)


@pytest.mark.parametrize("events", [["tracker.stopped"], ["tracker.started", "tracker.stopped", "member.invited"]])
def test_other_events_are_brought_to_webwork(workspace, events):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    url = workspace.only.url

    assert workspace.lifecycle.ensure("payroll", events=events).action == "repaired"
    assert workspace.only.url == url
    assert_registered(workspace, events=events)


def test_events_that_somebody_changed_at_webwork_are_put_back(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    workspace.webhooks.update(workspace.only.id, url=workspace.only.url, events=["member.invited"])

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "repaired"
    assert_registered(workspace)


@pytest.mark.parametrize("url", ["https://elsewhere.example.com/x", "https://hooks.example.com/webwork/hooks/guess"])
def test_a_url_that_somebody_changed_at_webwork_is_replaced_by_one_with_a_new_key(workspace, url):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    webhook = workspace.only
    workspace.webhooks.update(webhook.id, url=url, events=EVENTS)

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "repaired"
    assert workspace.only.id == webhook.id
    assert workspace.only.url != webhook.url
    assert_registered(workspace)


def test_a_webhook_that_somebody_deleted_is_made_anew(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    lost = workspace.only
    workspace.webhooks.delete(lost.id)

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "created"
    assert workspace.only.id != lost.id
    assert_registered(workspace)


def test_a_second_webhook_with_our_key_is_deleted(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    known = workspace.only
    workspace.webhooks.create(url=known.url, events=EVENTS)

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "unchanged"
    assert workspace.only.id == known.id
    assert_registered(workspace)


def test_a_new_base_url_moves_the_webhook_and_keeps_its_key(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    key = workspace.only.url.rpartition("/")[2]
    moved = workspace.at(base_url="https://new.example.com/")

    assert moved.ensure("payroll", events=EVENTS).action == "repaired"
    assert workspace.only.url == f"https://new.example.com/hooks/{key}"
    assert moved.ensure("payroll", events=EVENTS).action == "unchanged"
    assert_registered(workspace)


def test_an_endpoint_made_by_hand_keeps_the_url_that_was_printed(workspace):
    endpoint = workspace.endpoints.open("payroll", now=workspace.lifecycle.now())

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "created"
    assert workspace.only.url == f"https://hooks.example.com/webwork/hooks/{endpoint.pending_key}"
    assert_registered(workspace)


def test_a_webhook_that_was_registered_by_hand_is_adopted(workspace):
    key = workspace.endpoints.open("payroll", now=workspace.lifecycle.now()).pending_key
    workspace.webhooks.create(url=f"https://hooks.example.com/webwork/hooks/{key}", events=EVENTS)

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "adopted"
    assert_registered(workspace)


def test_two_endpoints_have_two_webhooks(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    workspace.lifecycle.ensure("billing", events=EVENTS)

    assert sorted(workspace.reached_by(webhook) for webhook in workspace.ours) == [["billing"], ["payroll"]]


@pytest.mark.parametrize("step", ["open", "activate"])
def test_an_event_log_that_dies_on_the_way_is_made_up_for_by_the_next_run(workspace, monkeypatch, step):
    real = getattr(workspace.endpoints, step)
    failures = [WebWorkLogUnavailableError("The disk is full.")]

    def dies_once(*arguments, **options):
        if failures:
            raise failures.pop()
        return real(*arguments, **options)

    monkeypatch.setattr(workspace.endpoints, step, dies_once)
    with pytest.raises(WebWorkLogUnavailableError):
        workspace.lifecycle.ensure("payroll", events=EVENTS)

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action in {"adopted", "created"}
    assert_registered(workspace)


def test_an_event_log_that_dies_after_a_new_url_was_sent_is_made_up_for(workspace, monkeypatch):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    workspace.webhooks.update(workspace.only.id, url="https://elsewhere.example.com/x", events=EVENTS)
    with monkeypatch.context() as patched:
        patched.setattr(workspace.endpoints, "activate", raise_unavailable)
        with pytest.raises(WebWorkLogUnavailableError):
            workspace.lifecycle.ensure("payroll", events=EVENTS)
    assert workspace.reached_by(workspace.only) == ["payroll"], "deliveries in between are accepted"

    workspace.lifecycle.ensure("payroll", events=EVENTS)
    assert_registered(workspace)


def raise_unavailable(*_arguments, **_options):
    raise WebWorkLogUnavailableError("The disk is full.")


def test_update_changes_events_and_says_when_there_is_nothing_to_change(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)

    assert workspace.lifecycle.update("payroll", events=["tracker.stopped"]).action == "updated"
    assert_registered(workspace, events=["tracker.stopped"])
    again = []
    assert (
        workspace.writes(lambda: again.append(workspace.lifecycle.update("payroll", events=["tracker.stopped"]))) == []
    )
    assert again[0].action == "unchanged"


def test_update_of_an_unknown_endpoint_names_the_operator_that_makes_one(workspace):
    with pytest.raises(WebWorkLogError, match=r"no endpoint 'payroll'.*WebWorkCreateWebhookOperator"):
        workspace.lifecycle.update("payroll", events=EVENTS)


def test_update_of_a_webhook_that_is_gone_names_the_operator_that_makes_one(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    workspace.webhooks.delete(workspace.only.id)

    with pytest.raises(WebWorkNotFoundError, match=r"gone from WebWork.*WebWorkCreateWebhookOperator"):
        workspace.lifecycle.update("payroll", events=EVENTS)


def test_delete_removes_the_webhook_and_then_the_key(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    webhook = workspace.only

    outcome = workspace.lifecycle.delete("payroll")

    assert (outcome.action, outcome.webhook_id, outcome.events) == ("deleted", webhook.id, EVENTS)
    assert workspace.ours == ()
    assert workspace.reached_by(webhook) == []
    assert workspace.endpoints.find("payroll") is None


def test_deleting_what_is_gone_is_no_error_unless_asked_for(workspace):
    assert workspace.lifecycle.delete("payroll").action == "missing"
    with pytest.raises(WebWorkLogError, match="no endpoint 'payroll'"):
        workspace.lifecycle.delete("payroll", ignore_missing=False)


def test_an_endpoint_whose_webhook_is_gone_can_be_deleted(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    workspace.webhooks.delete(workspace.only.id)

    assert workspace.lifecycle.delete("payroll", ignore_missing=False).action == "deleted"
    assert workspace.endpoints.list() == []


def test_a_webhook_that_is_deleted_by_somebody_at_the_same_moment_is_no_error(workspace, monkeypatch):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    listed = list(workspace.webhooks.list())
    workspace.webhooks.delete(workspace.only.id)
    answers = [listed]
    webhooks = workspace.lifecycle.webhooks
    really = webhooks.list
    monkeypatch.setattr(webhooks, "list", lambda: answers.pop() if answers else really())

    assert workspace.lifecycle.delete("payroll").action == "deleted"
    assert workspace.endpoints.list() == []


def test_an_endpoint_of_another_workspace_is_left_alone(workspace):
    workspace.at(workspace_id="1").ensure("payroll", events=EVENTS)
    before = workspace.only
    other = workspace.at(workspace_id="2", conn_id="webwork_of_another_team")

    for act in (
        lambda: other.ensure("payroll", events=EVENTS),
        lambda: other.update("payroll", events=EVENTS),
        lambda: other.delete("payroll"),
    ):
        with pytest.raises(WebWorkConfigurationError, match=r"workspace 1 .*'webwork_default'.* workspace 2"):
            act()
    assert workspace.only == before
    assert_registered(workspace)


def test_a_token_that_webwork_shows_only_once_is_not_lost(workspace, monkeypatch):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    token = workspace.only.token
    webhooks = workspace.lifecycle.webhooks
    for name in ("list", "get"):
        monkeypatch.setattr(webhooks, name, without_token(getattr(webhooks, name)))

    assert workspace.lifecycle.ensure("payroll", events=["tracker.stopped"]).action == "repaired"
    assert workspace.endpoint("payroll").webhook_token == token


def without_token(read):
    from dataclasses import replace

    def reading(*arguments):
        found = read(*arguments)
        if hasattr(found, "token"):
            return replace(found, token=None)
        return [replace(each, token=None) for each in found]

    return reading


def test_no_secret_is_in_outcomes_or_logs(workspace, caplog):
    caplog.set_level(logging.DEBUG)
    outcomes = [workspace.lifecycle.ensure("payroll", events=EVENTS)]
    secrets = {workspace.only.token, urlsplit(workspace.only.url).path.rpartition("/")[2]}
    workspace.webhooks.create(url=workspace.only.url, events=EVENTS)
    outcomes.append(workspace.lifecycle.ensure("payroll", events=["tracker.stopped"]))
    outcomes.append(workspace.lifecycle.delete("payroll"))

    shown = caplog.text + repr(outcomes) + json.dumps([outcome.as_dict() for outcome in outcomes])
    assert "second webhook" in shown
    assert not any(secret in shown for secret in secrets)
    assert not any(hash_key(secret) in shown for secret in secrets)
