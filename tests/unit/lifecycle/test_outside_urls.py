"""Webhooks for the receivers of others: found by their URL, changed only where they differ."""

from __future__ import annotations

import pytest

from airflow_provider_webwork.errors import WebWorkNotFoundError, WebWorkRequestError
from airflow_provider_webwork.lifecycle.desired import delete_url, delete_webhook, ensure_url, update_webhook

URL = "https://receiver.example.com/webwork?team=7"
EVENTS = ("tracker.started", "tracker.stopped")


def test_a_url_is_registered_and_its_token_is_told(workspace):
    outcome, webhook = ensure_url(workspace.webhooks, url=URL, events=EVENTS)

    assert outcome.as_dict() == {
        "webhook_id": workspace.only.id,
        "endpoint": None,
        "action": "created",
        "events": list(EVENTS),
    }
    assert (workspace.only.url, webhook.token) == (URL, workspace.only.token)
    assert workspace.endpoints.list() == []


def test_a_second_run_changes_nothing_and_tells_the_same_token(workspace):
    ensure_url(workspace.webhooks, url=URL, events=EVENTS)
    before, again = workspace.only, []

    assert workspace.writes(lambda: again.append(ensure_url(workspace.webhooks, url=URL, events=EVENTS[::-1]))) == []
    outcome, webhook = again[0]
    assert (outcome.action, outcome.webhook_id, webhook.token) == ("adopted", before.id, before.token)
    assert workspace.only == before


def test_adopting_repairs_the_events(workspace):
    ensure_url(workspace.webhooks, url=URL, events=["member.invited"])

    assert ensure_url(workspace.webhooks, url=URL, events=EVENTS)[0].action == "repaired"
    assert set(workspace.only.events) == set(EVENTS)


def test_replacing_makes_a_new_webhook_and_deletes_every_former_one(workspace):
    for _ in range(2):
        workspace.webhooks.create(url=URL, events=EVENTS)
    former = {webhook.id for webhook in workspace.ours}

    outcome, webhook = ensure_url(workspace.webhooks, url=URL, events=EVENTS, on_conflict="replace")

    assert outcome.action == "created"
    assert workspace.only.id == outcome.webhook_id == webhook.id
    assert webhook.id not in former
    assert webhook.token == workspace.only.token


def test_replacing_what_is_not_there_makes_it(workspace):
    assert ensure_url(workspace.webhooks, url=URL, events=EVENTS, on_conflict="replace")[0].action == "created"
    assert workspace.only.url == URL


def test_failing_on_a_conflict_names_the_webhook_and_changes_nothing(workspace):
    ensure_url(workspace.webhooks, url=URL, events=EVENTS, on_conflict="fail")
    before = workspace.only

    with pytest.raises(WebWorkRequestError, match=f"{before.id}.*on_conflict='adopt'"):
        ensure_url(workspace.webhooks, url=URL, events=["tracker.stopped"], on_conflict="fail")
    assert workspace.only == before


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"events": ["tracker.stopped"]}, (URL, ("tracker.stopped",))),
        ({"url": f"{URL}&new=1"}, (f"{URL}&new=1", EVENTS)),
        ({"url": f"{URL}&new=1", "events": ["tracker.stopped"]}, (f"{URL}&new=1", ("tracker.stopped",))),
    ],
)
def test_update_changes_what_is_given_and_keeps_the_rest(workspace, change, after):
    webhook = workspace.webhooks.create(url=URL, events=EVENTS)

    assert update_webhook(workspace.webhooks, webhook.id, **change).action == "updated"
    assert (workspace.only.url, workspace.only.events) == after
    assert update_webhook(workspace.webhooks, webhook.id, **change).action == "unchanged"


def test_update_of_what_does_not_exist_says_so(workspace):
    # API v1 answers 200 and `success: false`, so that only the text tells.
    with pytest.raises((WebWorkNotFoundError, WebWorkRequestError), match="Webhook not found"):
        update_webhook(workspace.webhooks, "nowhere", events=EVENTS)


def test_a_webhook_is_deleted_by_its_id(workspace):
    webhook = workspace.webhooks.create(url=URL, events=EVENTS)

    outcome = delete_webhook(workspace.webhooks, webhook.id)

    assert (outcome.action, outcome.webhook_id, outcome.events) == ("deleted", webhook.id, EVENTS)
    assert workspace.ours == ()


def test_every_webhook_of_a_url_is_deleted(workspace):
    for _ in range(2):
        workspace.webhooks.create(url=URL, events=EVENTS)
    workspace.webhooks.create(url=f"{URL}&other=1", events=EVENTS)

    assert delete_url(workspace.webhooks, URL).action == "deleted"
    assert workspace.only.url == f"{URL}&other=1"


@pytest.mark.parametrize(
    "delete",
    [lambda hooks, **o: delete_webhook(hooks, "nowhere", **o), lambda hooks, **o: delete_url(hooks, URL, **o)],
    ids=["by id", "by url"],
)
def test_deleting_what_is_gone_is_no_error_unless_asked_for(workspace, delete):
    assert delete(workspace.webhooks).action == "missing"
    with pytest.raises(WebWorkNotFoundError, match="no webhook"):
        delete(workspace.webhooks, ignore_missing=False)
