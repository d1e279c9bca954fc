"""The doctor compares endpoints with what WebWork has, tells how they do, and mends what is safe."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.endpoint import Sighting, Tried, Uses
from airflow_provider_webwork.events.rotation import subject_of_endpoint
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.settings import to_json
from tests.unit.lifecycle.conftest import STRANGER
from tests.unit.lifecycle.examined import EVENTS, examined

__all__ = ["examined"]

HMAC = to_json(Hmac(header="x-signature"))
COMMAND = "`airflow webwork endpoints create payroll --events tracker.started,tracker.stopped`"


def drifted_events(workspace):
    workspace.webhooks.update(workspace.only.id, url=workspace.only.url, events=["member.invited"])
    return "is for member.invited in place of tracker.started, tracker.stopped."


def drifted_url(workspace):
    workspace.webhooks.update(workspace.only.id, url="https://user:canary@elsewhere.example.com/x", events=EVENTS)
    return "calls https://elsewhere.example.com at a path that is none of this endpoint."


def unknown_key(workspace):
    workspace.webhooks.update(workspace.only.id, url=workspace.lifecycle.url("x" * 43), events=EVENTS)
    return "calls https://hooks.example.com at a path that is none of this endpoint."


def wrong_base_url(workspace):
    key = workspace.only.url.rpartition("/")[2]
    workspace.webhooks.update(workspace.only.id, url=f"https://old.example.com/hooks/{key}", events=EVENTS)
    return "calls https://old.example.com, while [webwork] receiver_base_url is https://hooks.example.com/webwork."


def gone(workspace):
    workspace.webhooks.delete(workspace.only.id)
    return "is gone from WebWork."


def second(workspace):
    workspace.webhooks.create(url=workspace.only.url, events=EVENTS)
    return "calls it, which nobody looks after."


@pytest.mark.parametrize("spoil", [drifted_events, drifted_url, unknown_key, wrong_base_url, gone, second])
def test_what_differs_at_webwork_is_wrong_and_can_be_mended(examined, spoil):
    workspace = examined.workspace
    text = spoil(workspace)
    (wrong,) = [each for each in examined.about("webhooks") if each.verdict != "good"]
    (fixed,) = [each for each in examined.about("webhooks", fix=True) if each.verdict != "good"]

    assert (wrong.verdict, wrong.remedy) == ("wrong", COMMAND)
    assert wrong.text.endswith(text)
    assert (fixed.verdict, fixed.remedy) == ("fixed", None)
    assert f"{wrong.text} Done: the webhook of endpoint payroll is {workspace.only.id} (" in fixed.text
    assert workspace.reached_by(workspace.only) == ["payroll"]
    assert set(workspace.only.events) == set(EVENTS)
    assert examined.bad() == []


def test_of_a_webhook_that_is_gone_the_second_one_takes_the_place(examined):
    workspace = examined.workspace
    first = workspace.only
    spare = workspace.webhooks.create(url=first.url, events=EVENTS)
    workspace.webhooks.delete(first.id)
    (fixed,) = examined.bad(fix=True)

    assert f"its webhook {first.id} is gone from WebWork; a second webhook {spare.id} calls it" in fixed.text
    assert fixed.text.endswith(f"Done: the webhook of endpoint payroll is {spare.id} (adopted).")
    assert workspace.only.id == spare.id
    assert examined.bad() == []


def test_what_breaks_while_it_is_mended_stays_wrong_and_ends_no_examination(examined, monkeypatch):
    drifted_events(examined.workspace)

    def broken(*arguments, **options):
        raise ZeroDivisionError("canary-of-a-secret")

    monkeypatch.setattr(type(examined.rotations.lifecycle), "ensure", broken)
    (finding,) = examined.bad(fix=True)

    assert (finding.verdict, finding.remedy) == ("wrong", COMMAND)
    assert re.search(r" To mend it failed: ZeroDivisionError in \w+\.py, line \d+\.$", finding.text)


def test_what_cannot_be_mended_stays_wrong_and_says_why(examined):
    drifted_events(examined.workspace)
    examined.workspace.simulator.fault("updateWebhook", status=400)
    (finding,) = examined.bad(fix=True)

    assert finding.verdict == "wrong"
    assert "To mend it failed: " in finding.text
    assert finding.remedy == COMMAND


def test_a_webhook_with_a_key_that_no_endpoint_has_is_wrong_and_left_to_a_person(examined):
    workspace = examined.workspace
    orphan = workspace.webhooks.create(url=workspace.lifecycle.url("x" * 43), events=EVENTS)
    (finding,) = examined.bad(fix=True)

    assert finding.verdict == "wrong"
    assert finding.text.startswith(f"Webhook {orphan.id} calls our receiver with a key that no endpoint has")
    assert f"webwork call deleteWebhook webhook_id={orphan.id}" in finding.remedy.replace("'", "")
    assert orphan.id in {each.id for each in workspace.simulator.webhooks}


def test_webhooks_of_others_are_nobodys_business(examined):
    examined.workspace.webhooks.create(url="https://hooks.example.com/other/hooks/abc", events=EVENTS)
    assert examined.bad(fix=True) == []
    assert STRANGER in {each.url for each in examined.workspace.simulator.webhooks}


def test_a_webhook_that_was_registered_by_hand_is_no_second_one(examined):
    workspace = examined.workspace
    key = Access(workspace.store, workspace.vault, now=workspace.clock.now, actor="Member 7").add_key("payroll")
    workspace.webhooks.create(url=workspace.lifecycle.url(key), events=EVENTS)

    assert examined.bad(fix=True) == []
    assert len(workspace.ours) == 2


def test_an_endpoint_without_a_webhook_is_told_until_its_deliveries_come(examined):
    endpoints, now = examined.workspace.endpoints, examined.now()
    endpoints.open("billing", now=now)
    (finding,) = examined.bad()
    endpoints.record({"billing": Sighting(deliveries=1, last_delivery_at=now)})

    assert (finding.check, finding.verdict) == ("webhooks", "warning")
    assert "airflow webwork endpoints create billing --events" in finding.remedy
    assert examined.bad() == []


def test_an_endpoint_of_another_connection_or_workspace_is_left_alone(examined):
    workspace = examined.workspace
    drifted_events(workspace)
    other = replace(examined, conn_id="webwork_other")
    [skipped] = [each for each in other.about("webhooks", fix=True) if each.verdict != "good"]
    rotations = replace(examined.rotations, lifecycle=workspace.at(workspace_id="77"))
    [wrong] = [
        each for each in replace(examined, rotations=rotations).about("webhooks", fix=True) if each.verdict != "good"
    ]

    assert (skipped.verdict, skipped.remedy) == ("skipped", "`airflow webwork doctor --conn-id webwork_default`")
    assert wrong.verdict == "wrong"
    assert "workspace 1" in wrong.text
    assert workspace.only.events == ("member.invited",)


# How endpoints do.


def test_an_endpoint_that_is_silent_for_longer_than_it_expects_is_wrong(examined):
    endpoints, clock = examined.workspace.endpoints, examined.workspace.clock
    endpoints.expect("payroll", timedelta(hours=1))
    assert examined.about("endpoints")[0].verdict == "good"
    endpoints.record({"payroll": Sighting(deliveries=3, last_delivery_at=clock.now() - timedelta(hours=1))})
    (finding,) = examined.about("endpoints")

    assert finding.verdict == "wrong"
    assert "is silent: 3 deliveries, the last at" in finding.text
    assert "airflow webwork endpoints expect payroll never" in finding.remedy


def test_an_old_key_is_told(examined):
    examined.workspace.clock.wait(days=180)
    told = [each for each in examined.about("endpoints") if each.verdict == "warning"]

    assert [each.text for each in told] == ["The key of endpoint payroll is 180 days old."]
    assert "WebWorkRotateWebhookOperator" in told[0].remedy


def test_a_rotation_is_good_while_both_are_at_work_and_finished_by_fix_when_that_is_over(examined):
    workspace = examined.workspace
    outcome = workspace.rotations.rotate("payroll", workspace.plan(overlap=timedelta(hours=1)))
    during = examined.bad(fix=True)
    workspace.clock.wait(hours=1)
    examined.beat()
    told = [each for each in examined.about("endpoints") if each.verdict != "good"]
    fixed = [each for each in examined.about("endpoints", fix=True) if each.verdict != "good"]

    assert during == []
    assert [each.verdict for each in told] == ["warning"]
    assert f"the old webhook {outcome.old_webhook_id} and its key are still accepted." in told[0].text
    assert "airflow webwork doctor --fix" in told[0].remedy
    assert [each.verdict for each in fixed] == ["fixed"]
    assert fixed[0].text.endswith(f"and webhook {outcome.webhook_id} is the only one.")
    assert workspace.only.id == outcome.webhook_id
    assert not workspace.steps.find(subject_of_endpoint("payroll")).unfinished


def test_fix_does_not_end_a_rotation_whose_new_webhook_had_to_be_put_right(examined):
    workspace = examined.workspace
    outcome = workspace.rotations.rotate("payroll", workspace.plan(overlap=timedelta(hours=1)))
    workspace.clock.wait(hours=1)
    workspace.webhooks.delete(outcome.webhook_id)
    (fixed,) = [each for each in examined.about("endpoints", fix=True) if each.verdict == "fixed"]

    assert "had to be put right, so that both are at work until" in fixed.text
    assert outcome.old_webhook_id in {each.id for each in workspace.ours}


def test_fix_does_not_end_a_rotation_whose_new_webhook_was_not_seen_to_work(examined):
    workspace = examined.workspace
    workspace.rotations.rotate("payroll", workspace.plan(overlap=timedelta(hours=1)))
    workspace.clock.wait(hours=1)
    workspace.unreachable.append("everything")
    told = [each for each in examined.about("endpoints", fix=True) if each.verdict != "good"]

    assert [each.verdict for each in told] == ["warning"]
    assert "To mend it failed: The new webhook" in told[0].text
    assert len(workspace.ours) == 2


def test_a_rotation_that_came_to_nothing_is_left_to_its_task(examined):
    workspace = examined.workspace
    workspace.steps.begin_for_endpoint(
        "payroll", strategy="replace", old_webhook_id=workspace.only.id, started_at=workspace.clock.now()
    )
    now = workspace.clock.now()
    workspace.steps.begin_for_webhook("webhook 17", old_webhook_id="17", known=[], started_at=now)
    under_way = workspace.steps.begin_for_webhook("webhook 18", old_webhook_id="18", known=[], started_at=now)
    workspace.steps.switch_webhook(under_way, webhook_id="19", overlap_until=now + timedelta(hours=1))
    told = examined.bad(fix=True)

    assert [(each.check, each.verdict) for each in told] == [("endpoints", "warning")] * 2
    assert "has not come to a new webhook" in told[0].text
    assert "(webhook 17) was begun at" in told[1].text
    assert len(workspace.ours) == 1


def seen(examined, deliveries, *tried):
    now = examined.workspace.clock.now()
    uses = {what: Uses(times, now) for what, times in tried}
    sighting = Sighting(deliveries=deliveries, last_delivery_at=now, tried=uses)
    examined.workspace.endpoints.record({"payroll": sighting})


def test_a_proof_that_holds_for_every_delivery_is_proposed_until_it_is_required(examined):
    workspace = examined.workspace
    seen(examined, 9, (Tried("key", "verified", "abc"), 9), (Tried(HMAC, "verified", "webhook"), 9))
    assert examined.bad() == [], "9 deliveries may be chance"
    seen(examined, 3, (Tried("key", "verified", "abc"), 3), (Tried(HMAC, "verified", "webhook"), 3))
    (finding,) = examined.bad()
    Access(workspace.store, workspace.vault, now=workspace.clock.now, actor="Member 7").require("payroll", HMAC)

    assert (finding.check, finding.verdict) == ("endpoints", "warning")
    assert finding.remedy == "`airflow webwork endpoints require payroll hmac header=x-signature`"
    assert examined.bad() == []


@pytest.mark.parametrize(
    "tried",
    [
        [(Tried("key", "verified", "abc"), 50), (Tried(HMAC, "verified", "webhook"), 49)],
        [
            (Tried("key", "verified", "abc"), 50),
            (Tried(HMAC, "verified", "webhook"), 50),
            (Tried(HMAC, "mismatch", ""), 1),
        ],
    ],
    ids=["one came without", "one did not hold"],
)
def test_a_proof_that_did_not_always_hold_is_not_proposed(examined, tried):
    seen(examined, 50, *tried)
    assert examined.bad() == []


def test_a_proof_that_the_latest_delivery_lacked_is_not_proposed(examined):
    seen(examined, 50, (Tried("key", "verified", "abc"), 50), (Tried(HMAC, "verified", "webhook"), 99))
    examined.workspace.clock.wait(seconds=2)
    seen(examined, 1, (Tried("key", "verified", "abc"), 1))
    assert examined.bad() == []
