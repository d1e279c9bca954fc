"""The webhook of an endpoint gets a new key: both work meanwhile, and afterwards only the new one."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import (
    WebWorkConfigurationError,
    WebWorkLogError,
    WebWorkLogUnavailableError,
    WebWorkNotFoundError,
    WebWorkRequestError,
    WebWorkUnprovenError,
)
from airflow_provider_webwork.events.audit import entries
from airflow_provider_webwork.events.endpoint import BY_KEY, Sighting, Tried, Uses, key_id
from airflow_provider_webwork.events.rotation import subject_of_endpoint
from airflow_provider_webwork.secrets import hash_key
from airflow_provider_webwork.simulator import DeliveryPolicy, Simulator, WebhookRules

EVENTS = ("tracker.started", "tracker.stopped")
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.fixture
def endpoint(workspace):
    """A workspace whose endpoint `payroll` has had its webhook for a week."""
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    workspace.clock.wait(days=7)
    return workspace


def rotate(workspace, **plan):
    return workspace.rotations.rotate("payroll", workspace.plan(**plan))


def rotate_and_wait(workspace, **plan):
    """Rotate, and go on when the overlap is over, as the operator does."""
    fixed = workspace.plan(**plan)
    outcome = workspace.rotations.rotate("payroll", fixed)
    while outcome.waits:
        workspace.clock.moment = outcome.overlap_until
        outcome = workspace.rotations.rotate("payroll", fixed)
    return outcome


def key_of(webhook):
    return webhook.url.rpartition("/")[2]


def states(workspace):
    endpoint, now = workspace.endpoint("payroll"), workspace.clock.now()
    return sorted(endpoint.key_state(each, at=now) for each in endpoint.key_hashes)


def accepted_tokens(workspace):
    return {secret.value for secret in workspace.endpoint("payroll").accepted_secrets(at=workspace.clock.now())}


# Replace.


def test_during_the_overlap_both_webhooks_are_accepted_with_their_keys_and_tokens(endpoint):
    old = endpoint.only
    outcome = rotate(endpoint)

    assert outcome.as_dict() == {
        "endpoint": "payroll",
        "action": "started",
        "old_webhook_id": old.id,
        "webhook_id": outcome.webhook_id,
        "overlap_until": "2026-11-30T12:00:00.000000Z",
    }
    first, new = endpoint.ours
    assert (first, new.id, set(new.events)) == (old, outcome.webhook_id, set(EVENTS))
    assert key_of(new) != key_of(old)
    assert [endpoint.reached_by(each) for each in endpoint.ours] == [["payroll"]] * 2
    assert accepted_tokens(endpoint) == {old.token, new.token}
    assert states(endpoint) == ["active", "retiring"]


def test_after_the_overlap_the_old_webhook_is_gone_and_soon_its_key_and_token_are_refused(endpoint):
    old = endpoint.only
    outcome = rotate_and_wait(endpoint)

    assert (outcome.action, outcome.old_webhook_id, outcome.webhook_id) == ("rotated", old.id, endpoint.only.id)
    assert endpoint.reached_by(old) == ["payroll"], "deliveries that are under way are still taken"
    endpoint.clock.wait(minutes=1)
    assert endpoint.reached_by(old) == []
    assert endpoint.reached_by(endpoint.only) == ["payroll"]
    assert accepted_tokens(endpoint) == {endpoint.only.token}
    assert states(endpoint) == ["active", "revoked"]


def test_the_old_webhook_stays_until_the_overlap_is_over(endpoint):
    old = endpoint.only
    run = endpoint.plan()
    started = endpoint.rotations.rotate("payroll", run)
    endpoint.clock.moment = started.overlap_until - timedelta(microseconds=1)
    writes = endpoint.writes(lambda: endpoint.rotations.rotate("payroll", run))

    assert writes == []
    assert old in endpoint.ours
    assert endpoint.rotations.rotate("payroll", run).action == "overlapping"


def test_without_an_overlap_everything_is_done_at_once(endpoint):
    old = endpoint.only
    assert rotate(endpoint, overlap=timedelta()).action == "rotated"
    assert endpoint.only.id != old.id


def test_a_run_that_is_cleared_changes_nothing_and_the_next_one_rotates_again(endpoint):
    run_after = endpoint.clock.now()
    first = rotate_and_wait(endpoint, run_after=run_after)
    endpoint.clock.wait(hours=1)
    again = []

    assert endpoint.writes(lambda: again.append(rotate(endpoint, run_after=run_after))) == []
    assert (again[0].action, again[0].webhook_id) == ("unchanged", first.webhook_id)
    assert rotate(endpoint).action == "started"


def test_a_run_whose_machine_has_a_slow_clock_is_not_taken_for_another_one_when_it_is_cleared(endpoint):
    run_after = endpoint.clock.now() + timedelta(seconds=30)
    assert rotate(endpoint, run_after=run_after, overlap=timedelta()).action == "rotated"
    assert rotate(endpoint, run_after=run_after, overlap=timedelta()).action == "unchanged"


@pytest.mark.parametrize(
    ("age", "rotates"), [(WEEK, True), (WEEK * 0.9, True), (WEEK * 0.89, False), (timedelta(), False)]
)
def test_what_is_younger_than_max_age_but_for_a_tenth_is_left_alone(endpoint, age, rotates):
    rotate_and_wait(endpoint)
    begun = endpoint.steps.find(subject_of_endpoint("payroll")).started_at
    before = endpoint.ours
    outcome = rotate(endpoint, run_after=begun + age, max_age=WEEK)

    assert (outcome.action, endpoint.ours != before) == (("started", True) if rotates else ("unchanged", False))


def test_the_age_is_that_at_the_run_and_not_at_the_moment_of_the_try(endpoint):
    run_after = endpoint.clock.now() - DAY
    assert rotate(endpoint, run_after=run_after, max_age=WEEK).action == "unchanged"
    assert rotate(endpoint, run_after=run_after, max_age=timedelta(days=6.5)).action == "started"


def test_a_weekly_dag_rotates_every_week(endpoint):
    begun = endpoint.clock.now()
    actions = []
    for week, seconds_late in enumerate([40, 5, 90, 0, 20]):
        run_after = begun + week * WEEK
        endpoint.clock.moment = run_after + timedelta(seconds=seconds_late)
        actions.append(rotate_and_wait(endpoint, run_after=run_after, max_age=WEEK).action)
    assert actions == ["rotated"] * 5
    assert len(endpoint.ours) == 1


def test_the_next_run_finishes_what_the_one_before_left_and_goes_on_with_its_own(endpoint):
    first_old = endpoint.only
    first = rotate(endpoint)
    endpoint.clock.wait(days=7)
    second = rotate(endpoint)

    assert (first.action, second.action) == ("started", "started")
    assert second.old_webhook_id == first.webhook_id
    assert [each.id for each in endpoint.ours] == [first.webhook_id, second.webhook_id]
    assert first_old not in endpoint.ours


def test_the_next_run_only_finishes_if_the_webhook_is_young(endpoint):
    first = rotate(endpoint)
    endpoint.clock.wait(days=2)
    second = rotate(endpoint, max_age=WEEK)

    assert (second.action, second.webhook_id) == ("rotated", first.webhook_id)
    assert endpoint.only.id == first.webhook_id


# What must be seen before the old one goes.


def test_a_new_webhook_that_was_not_seen_to_work_does_not_replace_the_old_one(endpoint):
    run = endpoint.plan()
    started = endpoint.rotations.rotate("payroll", run)
    endpoint.clock.moment = started.overlap_until
    endpoint.unreachable.append("all")

    with pytest.raises(WebWorkUnprovenError, match=r"has delivered nothing yet.*status 404.*The old webhook .* stays"):
        endpoint.rotations.rotate("payroll", run)
    assert len(endpoint.ours) == 2
    assert states(endpoint) == ["active", "retiring"]
    endpoint.unreachable.clear()
    assert endpoint.rotations.rotate("payroll", run).action == "rotated"


def test_a_new_webhook_that_has_delivered_needs_no_marked_delivery(endpoint):
    run = endpoint.plan()
    started = endpoint.rotations.rotate("payroll", run)
    new = next(each for each in endpoint.ours if each.id == started.webhook_id)
    used = Tried(BY_KEY, "verified", key_id(hash_key(key_of(new))))
    endpoint.endpoints.record({"payroll": Sighting(deliveries=1, tried={used: Uses(1, endpoint.clock.now())})})
    endpoint.clock.moment = started.overlap_until
    endpoint.unreachable.append("all")

    assert endpoint.rotations.rotate("payroll", run).action == "rotated"


def test_that_the_old_webhook_has_delivered_says_nothing_about_the_new_one(endpoint):
    old = Tried(BY_KEY, "verified", key_id(hash_key(key_of(endpoint.only))))
    run = endpoint.plan(overlap=timedelta())
    endpoint.endpoints.record({"payroll": Sighting(deliveries=1, tried={old: Uses(1, endpoint.clock.now())})})
    endpoint.unreachable.append("all")

    with pytest.raises(WebWorkUnprovenError):
        endpoint.rotations.rotate("payroll", run)


def test_nothing_has_to_be_seen_if_it_is_not_asked_for(endpoint):
    endpoint.unreachable.append("all")
    assert rotate_and_wait(endpoint, verify=False).action == "rotated"


def test_the_last_working_webhook_is_never_deleted(endpoint):
    old = endpoint.only
    run = endpoint.plan()
    started = endpoint.rotations.rotate("payroll", run)
    endpoint.webhooks.delete(started.webhook_id)
    endpoint.clock.moment = started.overlap_until
    again = endpoint.rotations.rotate("payroll", run)

    assert again.action == "overlapping"
    assert again.overlap_until == started.overlap_until + timedelta(hours=24)
    assert old in endpoint.ours
    assert len(endpoint.ours) == 2
    endpoint.clock.moment = again.overlap_until
    assert endpoint.rotations.rotate("payroll", run).action == "rotated"
    assert endpoint.only.id == again.webhook_id


def test_a_new_webhook_that_vanishes_at_the_last_moment_does_not_take_the_old_one_with_it(endpoint, monkeypatch):
    old = endpoint.only
    run = endpoint.plan()
    started = endpoint.rotations.rotate("payroll", run)
    endpoint.clock.moment = started.overlap_until
    with monkeypatch.context() as patched:
        patched.setattr("airflow_provider_webwork.lifecycle.desired.EndpointWebhooks.all_of", lambda *_: [old])
        with pytest.raises(WebWorkUnprovenError, match="was gone a moment ago"):
            endpoint.rotations.rotate("payroll", run)
    endpoint.clock.wait(days=1)
    assert endpoint.reached_by(old) == ["payroll"]
    assert endpoint.rotations.rotate("payroll", run).action == "rotated"


def test_a_new_webhook_that_somebody_pointed_elsewhere_is_repaired_before_the_old_one_goes(endpoint):
    old = endpoint.only
    run = endpoint.plan()
    started = endpoint.rotations.rotate("payroll", run)
    endpoint.webhooks.update(started.webhook_id, url="https://elsewhere.example.com/x", events=EVENTS)
    endpoint.clock.moment = started.overlap_until
    again = endpoint.rotations.rotate("payroll", run)

    assert (again.action, old in endpoint.ours) == ("overlapping", True)
    assert [endpoint.reached_by(each) for each in endpoint.ours] == [["payroll"]] * 2
    endpoint.clock.moment = again.overlap_until
    assert endpoint.rotations.rotate("payroll", run).action == "rotated"
    assert endpoint.reached_by(endpoint.only) == ["payroll"]


def test_an_endpoint_whose_webhook_somebody_deleted_gets_one_by_being_rotated(endpoint):
    endpoint.webhooks.delete(endpoint.only.id)
    assert rotate_and_wait(endpoint).action == "rotated"
    assert endpoint.reached_by(endpoint.only) == ["payroll"]


def test_webwork_that_allows_no_second_webhook_leaves_everything_as_it_is_and_rekeying_helps(connect):
    with Simulator(policy=DeliveryPolicy(attempts=1), webhook_rules=WebhookRules(limit=2)) as simulator:
        workspace = connect(simulator)  # one of the two is the stranger's
        workspace.lifecycle.ensure("payroll", events=EVENTS)
        workspace.clock.wait(days=7)
        old = workspace.only
        with pytest.raises(WebWorkRequestError, match="No more than 2 webhooks"):
            rotate(workspace)
        assert workspace.only == old
        assert workspace.reached_by(old) == ["payroll"]

        assert rotate(workspace, strategy="rekey").action == "rotated"
        assert (workspace.only.id, key_of(workspace.only) == key_of(old)) == (old.id, False)


@pytest.mark.parametrize("rules", [{"lag_reads": 2}, {"lag_seconds": 60.0}], ids=str)
@pytest.mark.parametrize("strategy", ["replace", "rekey"])
def test_listings_that_are_behind_lead_to_the_same_end(connect, rules, strategy):
    with Simulator(policy=DeliveryPolicy(attempts=1), webhook_rules=WebhookRules(**rules)) as simulator:
        workspace = connect(simulator)
        for _ in range(2):
            workspace.lifecycle.ensure("payroll", events=EVENTS)
        assert len(workspace.ours) == 1
        workspace.clock.wait(days=7)
        old = workspace.only
        assert rotate(workspace, strategy=strategy, overlap=timedelta()).action == "rotated"
        workspace.lifecycle.ensure("payroll", events=EVENTS)

        assert workspace.reached_by(workspace.only) == ["payroll"]
        assert key_of(workspace.only) != key_of(old)
        assert workspace.lifecycle.delete("payroll").action == "deleted"
        assert workspace.ours == ()


# A try that ended between the registration of the new webhook and its record.


@pytest.fixture
def half_made(endpoint, monkeypatch):
    """The same, with a new webhook that only WebWork knows of."""
    with monkeypatch.context() as patched:
        patched.setattr("airflow_provider_webwork.events.rotations.Rotations.switch_endpoint", raise_unavailable)
        with pytest.raises(WebWorkLogUnavailableError):
            rotate(endpoint)
    assert len(endpoint.ours) == 2
    assert states(endpoint) == ["active", "pending"]
    return endpoint


def raise_unavailable(*_arguments, **_options):
    raise WebWorkLogUnavailableError("The disk is full.")


def test_the_next_try_recognises_the_new_webhook_and_registers_no_other(half_made):
    webhooks = half_made.ours
    assert half_made.writes(lambda: rotate(half_made)) == []
    assert half_made.ours == webhooks
    assert half_made.endpoint("payroll").webhook_id == webhooks[1].id


def test_creating_and_updating_meanwhile_leave_the_new_webhook_to_the_rotation(half_made):
    old, new = half_made.ours
    assert half_made.lifecycle.ensure("payroll", events=EVENTS).webhook_id == old.id
    assert half_made.lifecycle.update("payroll", events=EVENTS[:1]).webhook_id == old.id
    assert [each.id for each in half_made.ours] == [old.id, new.id]
    assert [half_made.reached_by(each) for each in half_made.ours] == [["payroll"]] * 2

    assert rotate_and_wait(half_made).webhook_id == new.id
    assert (half_made.only.id, half_made.only.events) == (new.id, EVENTS[:1])


def test_deleting_meanwhile_leaves_nothing(half_made):
    assert half_made.lifecycle.delete("payroll").action == "deleted"
    assert half_made.ours == ()


# Rekey.


def test_rekeying_keeps_the_webhook_and_its_token_and_lets_the_old_key_end_by_itself(endpoint):
    old = endpoint.only
    outcome = rotate(endpoint, strategy="rekey")

    assert outcome.as_dict() == {
        "endpoint": "payroll",
        "action": "rotated",
        "old_webhook_id": old.id,
        "webhook_id": old.id,
        "overlap_until": "2026-11-30T12:00:00.000000Z",
    }
    assert (endpoint.only.id, endpoint.only.token, set(endpoint.only.events)) == (old.id, old.token, set(EVENTS))
    assert endpoint.reached_by(endpoint.only) == endpoint.reached_by(old) == ["payroll"]
    endpoint.clock.moment = outcome.overlap_until
    assert endpoint.reached_by(endpoint.only) == ["payroll"]
    assert endpoint.reached_by(old) == []


def test_a_new_key_that_does_not_reach_the_receiver_is_not_told_to_webwork(endpoint):
    old = endpoint.only
    endpoint.unreachable.append("all")

    with pytest.raises(WebWorkUnprovenError, match=r"did not arrive: the answer has status 404. Its webhook .* keeps"):
        rotate(endpoint, strategy="rekey")
    assert endpoint.only == old
    endpoint.unreachable.clear()
    assert rotate(endpoint, strategy="rekey").action == "rotated"


def test_a_webhook_that_is_gone_cannot_be_rekeyed(endpoint):
    endpoint.webhooks.delete(endpoint.only.id)
    with pytest.raises(WebWorkNotFoundError, match=r"gone from WebWork.*WebWorkCreateWebhookOperator"):
        rotate(endpoint, strategy="rekey")


# Together with the rest.


def test_creating_and_updating_during_the_overlap_change_the_new_webhook_and_leave_the_old_one(endpoint):
    old = endpoint.only
    started = rotate(endpoint)
    assert endpoint.lifecycle.ensure("payroll", events=EVENTS).action == "unchanged"
    assert endpoint.lifecycle.update("payroll", events=["tracker.stopped"]).webhook_id == started.webhook_id
    assert {each.id: each.events for each in endpoint.ours} == {
        old.id: old.events,
        started.webhook_id: ("tracker.stopped",),
    }
    assert [endpoint.reached_by(each) for each in endpoint.ours] == [["payroll"]] * 2


def test_deleting_during_the_overlap_leaves_nothing(endpoint):
    rotate(endpoint)
    assert endpoint.lifecycle.delete("payroll").action == "deleted"
    assert endpoint.ours == ()
    assert endpoint.endpoints.list() == []
    assert endpoint.steps.find(subject_of_endpoint("payroll")) is None


def test_a_key_that_was_added_by_hand_outlives_rotations_and_its_webhook_is_nobodys_spare(endpoint):
    from airflow_provider_webwork.events.access import Access

    access = Access(endpoint.store, endpoint.vault, now=endpoint.clock.now, actor="Member 7")
    url = endpoint.lifecycle.url(access.add_key("payroll"))
    by_hand = endpoint.webhooks.create(url=url, events=EVENTS)
    rotate_and_wait(endpoint)
    endpoint.lifecycle.ensure("payroll", events=EVENTS)
    endpoint.clock.wait(days=60)

    assert by_hand.id in {each.id for each in endpoint.ours}
    assert endpoint.reached_at(url) == ["payroll"]


def test_forgotten_webhooks_with_a_retired_key_are_cleared_away(endpoint):
    old = endpoint.only
    rotate_and_wait(endpoint)
    endpoint.webhooks.create(url=old.url, events=EVENTS)
    assert endpoint.lifecycle.ensure("payroll", events=EVENTS).action == "unchanged"
    assert endpoint.only.url != old.url


def test_what_is_kept_of_former_keys_and_tokens_does_not_grow(endpoint):
    for _ in range(8):
        used = Tried(BY_KEY, "verified", key_id(hash_key(key_of(endpoint.only))))
        endpoint.endpoints.record({"payroll": Sighting(deliveries=1, tried={used: Uses(1, endpoint.clock.now())})})
        rotate_and_wait(endpoint)
        endpoint.clock.wait(days=7)
    found = endpoint.endpoint("payroll")
    assert len(endpoint.endpoints.observed("payroll")) <= 2

    assert states(endpoint).count("active") == 1
    assert len(found.key_hashes) <= 6
    assert len(found.secrets) <= 1
    assert len(found.known_secrets()) <= 4


def test_what_cannot_be_rotated_says_why(endpoint):
    endpoint.endpoints.open("by_hand", now=endpoint.clock.now())
    with pytest.raises(WebWorkLogError, match="no endpoint 'nobody'"):
        endpoint.rotations.rotate("nobody", endpoint.plan())
    with pytest.raises(WebWorkLogError, match=r"'by_hand' has no webhook yet.*WebWorkCreateWebhookOperator"):
        endpoint.rotations.rotate("by_hand", endpoint.plan())


def test_an_endpoint_of_another_workspace_is_left_alone(workspace):
    workspace.at(workspace_id="1").ensure("payroll", events=EVENTS)
    from dataclasses import replace

    other = replace(workspace.rotations, lifecycle=workspace.at(workspace_id="2", conn_id="of_another_team"))
    before = workspace.only
    with pytest.raises(WebWorkConfigurationError, match=r"workspace 1 .* workspace 2"):
        other.rotate("payroll", workspace.plan())
    assert workspace.only == before


def test_of_two_processes_that_are_at_the_same_step_the_second_is_refused(endpoint):
    rotate(endpoint)
    step = endpoint.steps.find(subject_of_endpoint("payroll"))
    endpoint.steps.retire(step)
    with pytest.raises(
        WebWorkLogUnavailableError, match="Another process went on with the rotation of endpoint payrol"
    ):
        endpoint.steps.retire(step)


def test_no_secret_is_in_outcomes_logs_or_the_audit(endpoint, caplog):
    caplog.set_level(logging.DEBUG)
    webhooks = [endpoint.only]
    outcomes = [rotate(endpoint)]
    webhooks += endpoint.ours
    step = repr(endpoint.steps.find(subject_of_endpoint("payroll")))
    endpoint.clock.moment = outcomes[0].overlap_until
    outcomes += [rotate_and_wait(endpoint), rotate(endpoint, strategy="rekey")]
    webhooks += endpoint.ours
    secrets = {each.token for each in webhooks} | {key_of(each) for each in webhooks}
    assert len(secrets) >= 6
    audit = entries(endpoint.store)

    assert {line.details["step"] for line in audit} == {"making", "overlap", "retiring", "done"}
    assert {(line.actor, line.action, line.subject) for line in audit} == {
        ("dag/run/rotate/-1", "rotate", "endpoint payroll")
    }
    shown = caplog.text + step + repr(outcomes) + repr(audit) + json.dumps([each.as_dict() for each in outcomes])
    assert f"{outcomes[0].old_webhook_id} is gone" in shown
    assert not any(secret in shown or hash_key(secret) in shown for secret in secrets)
