"""What WebWork leaves open about webhooks: how many there may be, URLs that come twice, listings that are behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkError, WebWorkRequestError
from airflow_provider_webwork.simulator import DeliveryPolicy, Simulator, WebhookRules
from tests.unit.lifecycle.conftest import STRANGER

EVENTS = ("tracker.started", "tracker.stopped")


@pytest.fixture
def ruled(connect):
    """Connect to a WebWork with rules of its own."""
    running = []

    def start(**rules):
        running.append(Simulator(policy=DeliveryPolicy(attempts=1), webhook_rules=WebhookRules(**rules)))
        running[-1].start()
        return connect(running[-1])

    yield start
    for simulator in running:
        simulator.stop()


def test_where_there_is_no_room_for_a_webhook_the_next_try_registers_the_url_that_was_refused(ruled):
    workspace = ruled(limit=2)  # one of them is the stranger's
    other = workspace.webhooks.create(url="https://receiver.example.com/x", events=EVENTS)
    for _ in range(2):
        with pytest.raises(WebWorkRequestError, match="No more than 2 webhooks"):
            workspace.lifecycle.ensure("payroll", events=EVENTS)
    waiting = workspace.endpoint("payroll")
    workspace.webhooks.delete(other.id)

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "created"
    assert (waiting.state, workspace.endpoint("payroll").state) == ("pending", "active")
    assert workspace.only.url == workspace.lifecycle.url(waiting.pending_key)


@pytest.mark.parametrize("strategy", ["replace", "rekey"])
def test_where_a_url_is_taken_once_an_endpoint_does_as_well_as_elsewhere(ruled, strategy):
    workspace = ruled(unique_urls=True)
    actions = [workspace.lifecycle.ensure("payroll", events=EVENTS).action for _ in range(2)]
    old = workspace.only
    workspace.webhooks.update(old.id, url="https://elsewhere.example.com/x", events=EVENTS[:1])
    actions.append(workspace.lifecycle.ensure("payroll", events=EVENTS).action)
    actions.append(workspace.lifecycle.update("payroll", events=EVENTS[:1]).action)
    workspace.clock.wait(days=7)
    plan = workspace.plan(strategy=strategy, overlap=timedelta())
    actions.append(workspace.rotations.rotate("payroll", plan).action)

    assert actions == ["created", "unchanged", "repaired", "updated", "rotated"]
    assert workspace.reached_by(workspace.only) == ["payroll"]
    assert workspace.lifecycle.delete("payroll").action == "deleted"
    assert [each.url for each in workspace.simulator.webhooks] == [STRANGER]


@pytest.mark.parametrize("rules", [{}, {"unique_urls": True}], ids=["URLs may come twice", "URLs are taken once"])
def test_a_webhook_whose_answer_got_lost_is_found_once_listings_show_it(ruled, rules):
    workspace = ruled(lag_reads=3, **rules)
    workspace.simulator.fault("createWebhook", when="after", status=502)
    errors = []
    for _ in range(8):
        try:
            workspace.lifecycle.ensure("payroll", events=EVENTS)
        except WebWorkError as error:
            errors.append(type(error).__name__)

    assert "WebWorkServerError" in errors, "the answer did get lost"
    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "unchanged"
    assert workspace.reached_by(workspace.only) == ["payroll"]
    assert workspace.endpoint("payroll").webhook_id == workspace.only.id
