"""Webhooks for the receivers of others get a successor, whose token is handed over before the old one goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import (
    WebWorkLogError,
    WebWorkNotFoundError,
    WebWorkRequestError,
    WebWorkResponseError,
)
from airflow_provider_webwork.events.audit import entries
from airflow_provider_webwork.simulator import DeliveryPolicy, Simulator, WebhookRules

URL = "https://receiver.example.com/webwork?team=7"
EVENTS = ("tracker.started", "tracker.stopped")


@pytest.fixture
def registered(workspace):
    workspace.webhooks.create(url=URL, events=EVENTS)
    return workspace


def rotate(workspace, webhook_id, **plan):
    return workspace.outside_rotations.rotate(webhook_id, workspace.plan(**plan))


def rotate_and_wait(workspace, webhook_id, **plan):
    fixed = workspace.plan(**plan)
    while (outcome := workspace.outside_rotations.rotate(webhook_id, fixed)).waits:
        workspace.clock.moment = outcome.overlap_until
    return outcome


def test_both_are_there_during_the_overlap_and_the_token_of_the_new_one_is_handed_over(registered):
    old = registered.only
    outcome = rotate(registered, old.id)

    first, new = registered.ours
    assert outcome.as_dict() == {
        "endpoint": None,
        "action": "started",
        "old_webhook_id": old.id,
        "webhook_id": new.id,
        "overlap_until": "2026-11-23T12:00:00.000000Z",
    }
    assert (first, new.url, new.events) == (old, URL, EVENTS)
    assert registered.tokens == [new.token]


def test_after_the_overlap_only_the_new_one_is_left(registered):
    old = registered.only
    outcome = rotate_and_wait(registered, old.id)

    assert (outcome.action, outcome.old_webhook_id, outcome.webhook_id) == ("rotated", old.id, registered.only.id)
    assert registered.only.url == URL


def test_the_successors_are_found_by_the_id_that_the_dag_names(registered):
    first = registered.only.id
    for _ in range(3):
        before = registered.only.id
        assert rotate_and_wait(registered, first).old_webhook_id == before
        registered.clock.wait(days=7)
    assert registered.only.id != first


def test_a_dag_that_names_the_latest_id_goes_on_from_there(registered):
    first = registered.only.id
    latest = rotate_and_wait(registered, first).webhook_id
    registered.clock.wait(days=7)
    assert rotate_and_wait(registered, latest).old_webhook_id == latest
    registered.clock.wait(days=7)
    assert rotate_and_wait(registered, latest).action == "rotated"
    assert len(registered.ours) == 1


def test_a_run_that_is_cleared_changes_nothing(registered):
    named, run_after = registered.only.id, registered.clock.now()
    rotate_and_wait(registered, named, run_after=run_after)
    registered.clock.wait(hours=1)
    outcomes = []

    assert registered.writes(lambda: outcomes.append(rotate(registered, named, run_after=run_after))) == []
    assert (outcomes[0].action, outcomes[0].webhook_id) == ("unchanged", registered.only.id)


def test_what_is_younger_than_max_age_is_left_alone_and_what_was_never_rotated_is_old(registered):
    named, week = registered.only.id, timedelta(days=7)
    assert rotate_and_wait(registered, named, max_age=week).action == "rotated"
    assert rotate(registered, named, max_age=week).action == "unchanged"
    registered.clock.wait(days=6)
    assert rotate(registered, named, max_age=week).action == "started"


def test_other_webhooks_with_the_same_url_stay(registered):
    named = registered.only.id
    other = registered.webhooks.create(url=URL, events=["member.invited"])
    outcome = rotate_and_wait(registered, named)

    assert {each.id for each in registered.ours} == {other.id, outcome.webhook_id}


def test_a_successor_that_is_gone_is_made_again_before_the_old_one_goes(registered):
    old = registered.only
    run = registered.plan()
    started = registered.outside_rotations.rotate(old.id, run)
    registered.webhooks.delete(started.webhook_id)
    registered.clock.moment = started.overlap_until
    again = registered.outside_rotations.rotate(old.id, run)

    assert again.action == "overlapping"
    assert {each.id for each in registered.ours} == {old.id, again.webhook_id}
    assert registered.tokens[-1] == registered.ours[-1].token
    registered.clock.moment = again.overlap_until
    assert registered.outside_rotations.rotate(old.id, run).action == "rotated"
    assert registered.only.id == again.webhook_id


def test_a_receiver_that_cannot_be_given_the_token_keeps_its_webhook(registered):
    old = registered.only

    def refuse(_token):
        raise ConnectionError("The Variable cannot be written.")

    failing = replace(registered.outside_rotations, keep_token=refuse)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            failing.rotate(old.id, registered.plan())
    assert old in registered.ours
    assert len(registered.ours) == 2, "the one that was made is found again"
    assert rotate_and_wait(registered, old.id).action == "rotated"
    assert len(registered.ours) == 1


def test_webwork_that_takes_a_url_only_once_leaves_the_webhook_as_it_is(connect):
    with Simulator(policy=DeliveryPolicy(attempts=1), webhook_rules=WebhookRules(unique_urls=True)) as simulator:
        workspace = connect(simulator)
        old = workspace.webhooks.create(url=URL, events=EVENTS)
        for _ in range(2):
            with pytest.raises(WebWorkRequestError, match="already been taken"):
                rotate(workspace, old.id)
        assert (workspace.only.id, workspace.tokens) == (old.id, [])


def test_a_token_that_webwork_does_not_show_is_said_and_the_old_webhook_stays(registered, monkeypatch):
    old = registered.only
    monkeypatch.setattr(
        "airflow_provider_webwork.lifecycle.settled.with_token", lambda _, webhook: replace(webhook, token=None)
    )
    with pytest.raises(WebWorkResponseError, match="does not show the token"):
        rotate(registered, old.id)
    assert old in registered.ours


def test_the_webhook_of_an_endpoint_is_not_somebody_elses(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    before = workspace.only
    with pytest.raises(WebWorkLogError, match=r"that of endpoint 'payroll': rotate endpoint='payroll'"):
        rotate(workspace, before.id)
    assert workspace.only == before


def test_what_does_not_exist_says_so(workspace):
    with pytest.raises(WebWorkNotFoundError, match="no webhook nowhere"):
        rotate(workspace, "nowhere")


def test_neither_tokens_nor_urls_are_in_the_audit(registered):
    rotate_and_wait(registered, registered.only.id)
    lines = repr(entries(registered.store))
    assert "overlap" in lines
    assert not any(secret in lines for secret in (*registered.tokens, URL))
