"""Webhooks for the receivers of others: found by their URL, changed only where they differ."""

from __future__ import annotations

import pytest

from airflow_provider_webwork.errors import WebWorkNotFoundError, WebWorkRequestError
from airflow_provider_webwork.lifecycle.outside import (
    delete_url,
    delete_webhook,
    ensure_url,
    update_url,
    update_webhook,
)

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


def register(workspace, on_conflict, *, run_after=None, events=EVENTS):
    return workspace.once.register(
        url=URL, events=events, on_conflict=on_conflict, run_after=run_after or workspace.clock.now()
    )


def test_replacing_makes_a_new_webhook_and_deletes_every_former_one(workspace):
    for _ in range(2):
        workspace.webhooks.create(url=URL, events=EVENTS)
    former = {webhook.id for webhook in workspace.ours}

    outcome, webhook = register(workspace, "replace")

    assert outcome.action == "created"
    assert workspace.only.id == outcome.webhook_id == webhook.id
    assert webhook.id not in former
    assert workspace.tokens == [webhook.token] == [workspace.only.token]


def test_a_run_that_is_cleared_replaces_nothing_again_and_the_next_run_does(workspace):
    run_after = workspace.clock.now()
    first, _ = register(workspace, "replace", run_after=run_after)
    workspace.clock.wait(minutes=5)
    again = []

    assert workspace.writes(lambda: again.append(register(workspace, "replace", run_after=run_after))) == []
    assert [(outcome.action, outcome.webhook_id) for outcome, _ in again] == [("adopted", first.webhook_id)]
    assert register(workspace, "replace")[0].webhook_id != first.webhook_id
    assert len(workspace.ours) == 1


def test_replacing_what_is_not_there_makes_it(workspace):
    assert register(workspace, "replace")[0].action == "created"
    assert workspace.only.url == URL


def test_failing_on_a_conflict_names_the_webhook_and_changes_nothing(workspace):
    run_after = workspace.clock.now()
    register(workspace, "fail", run_after=run_after)
    before = workspace.only
    workspace.clock.wait(minutes=5)

    with pytest.raises(WebWorkRequestError, match=f"{before.id}.*on_conflict='adopt'"):
        register(workspace, "fail", events=["tracker.stopped"])
    assert workspace.only == before
    assert register(workspace, "fail", run_after=run_after)[0].action == "adopted", "the run that made it is cleared"
    assert workspace.only == before


def test_the_events_of_every_webhook_of_a_url_are_updated(workspace):
    for events in (EVENTS, ["member.invited"]):
        workspace.webhooks.create(url=URL, events=events)

    assert update_url(workspace.webhooks, URL, events=EVENTS).action == "updated"
    assert [set(webhook.events) for webhook in workspace.ours] == [set(EVENTS)] * 2
    assert workspace.writes(lambda: update_url(workspace.webhooks, URL, events=EVENTS[::-1])) == []
    with pytest.raises(WebWorkNotFoundError, match="no webhook for this URL"):
        update_url(workspace.webhooks, f"{URL}&other=1", events=EVENTS)


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


@pytest.mark.parametrize("events", ["tracker.stopped", "", [], ()], ids=repr)
def test_an_update_takes_neither_a_text_nor_no_events(workspace, events):
    webhook = workspace.webhooks.create(url=URL, events=EVENTS)

    with pytest.raises(ValueError, match="events must be a list of event names that is not empty"):
        update_webhook(workspace.webhooks, webhook.id, events=events)
    assert workspace.only.events == EVENTS


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


def test_a_404_of_something_before_webwork_does_not_tell_that_a_webhook_is_gone(workspace, monkeypatch):
    ensure_url(workspace.webhooks, url=URL, events=EVENTS)

    def not_here(*_, **__):
        raise WebWorkNotFoundError("404, in HTML", status=404, in_json=False)

    for method in ("get", "delete"):
        monkeypatch.setattr(type(workspace.webhooks), method, not_here)
    with pytest.raises(WebWorkNotFoundError, match="in HTML"):
        delete_webhook(workspace.webhooks, workspace.only.id, ignore_missing=True)
