"""Tasks that want to change one endpoint at the same moment do so one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_webwork.api.client import Client
from airflow_provider_webwork.api.webhooks import Webhooks
from airflow_provider_webwork.errors import WebWorkBusyError
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.lifecycle.turns import LENGTH, InTurn, Turns

EVENTS = ("tracker.started", "tracker.stopped")


@pytest.fixture
def together(workspace):
    """Does several things at once, each as a process of its own would: with its own client and its own turns."""
    clients = []

    def alone():
        client = Client(workspace.client.settings, sleep=lambda _: None)
        clients.append(client)
        really = Leases(workspace.store, now=lambda: datetime.now(UTC))
        lifecycle = workspace.at(webhooks=Webhooks(client), turns=Turns(leases=really), now=lambda: datetime.now(UTC))
        return replace(workspace.rotations, lifecycle=lifecycle)

    def run(*acts):
        barrier = threading.Barrier(len(acts))

        def act_at_once(act):
            rotations = alone()
            barrier.wait(timeout=60)
            return act(rotations)

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(act_at_once, acts))

    yield run
    for client in clients:
        client.close()


def test_tasks_that_ensure_one_endpoint_at_once_make_one_webhook_and_all_succeed(workspace, together):
    outcomes = together(*[lambda each: each.lifecycle.ensure("payroll", events=EVENTS)] * 4)

    assert sorted(outcome.action for outcome in outcomes) == ["created", *["unchanged"] * 3]
    assert {outcome.webhook_id for outcome in outcomes} == {workspace.only.id}
    made = [request for request in workspace.simulator.requests if request.method == "POST"]
    assert len(made) == 2, "the stranger's and ours"


def test_of_two_rotations_at_once_one_rotates_and_the_other_finds_that_it_is_under_way(workspace, together):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    plan = workspace.plan(run_after=datetime.now(UTC))
    outcomes = together(*[lambda each: each.rotate("payroll", plan)] * 2)

    assert sorted(outcome.action for outcome in outcomes) == ["overlapping", "started"]
    assert len({outcome.webhook_id for outcome in outcomes}) == 1
    assert len(workspace.ours) == 2


def test_a_rotation_and_an_update_at_once_both_take_effect(workspace, together):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    plan = workspace.plan(run_after=datetime.now(UTC), overlap=timedelta())
    rotated, updated = together(
        lambda each: each.rotate("payroll", plan), lambda each: each.lifecycle.update("payroll", events=EVENTS[:1])
    )

    assert (rotated.action, updated.action) == ("rotated", "updated")
    assert (workspace.only.id, workspace.only.events) == (rotated.webhook_id, EVENTS[:1])
    assert workspace.reached_by(workspace.only) == ["payroll"]


def test_who_waits_too_long_says_that_another_task_is_at_work(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    with workspace.lifecycle.turn("payroll") as mine:
        keeper = mine.webhooks.turn

        def sleep_while_the_other_goes_on(seconds):
            workspace.clock.sleep(seconds)
            keeper.keep()

        turns = Turns(leases=workspace.lifecycle.turns.leases, sleep=sleep_while_the_other_goes_on)
        for act in (
            lambda: workspace.at(turns=turns).update("payroll", events=EVENTS),
            lambda: replace(workspace.rotations, lifecycle=workspace.at(turns=turns)).rotate(
                "payroll", workspace.plan()
            ),
        ):
            with pytest.raises(WebWorkBusyError, match="Another task is at work on endpoint payroll") as busy:
                act()
            assert not busy.value.permanent
    assert workspace.lifecycle.update("payroll", events=EVENTS).action == "unchanged", "the turn has ended"


def test_the_turn_of_a_task_that_was_killed_ends(workspace):
    turn = workspace.lifecycle.turns.take("endpoint payroll")
    turn.__enter__()
    before = workspace.clock.now()

    assert workspace.lifecycle.ensure("payroll", events=EVENTS).action == "created"
    assert LENGTH <= workspace.clock.now() - before < LENGTH + timedelta(seconds=10)


def test_a_task_that_was_away_for_so_long_that_another_one_went_on_changes_nothing_more(workspace):
    with workspace.lifecycle.turn("payroll") as slow:
        workspace.clock.wait(minutes=10)
        workspace.lifecycle.ensure("payroll", events=EVENTS)
        with workspace.lifecycle.turn("payroll"):
            for change in (
                lambda: slow.webhooks.create(url="https://hooks.example.com/x", events=EVENTS),
                lambda: slow.webhooks.update(workspace.only.id, url=workspace.only.url, events=EVENTS[:1]),
                lambda: slow.webhooks.delete(workspace.only.id),
            ):
                with pytest.raises(WebWorkBusyError):
                    change()
    assert isinstance(slow.webhooks, InTurn)
    assert workspace.only.events == EVENTS


def test_endpoints_do_not_wait_for_each_other(workspace):
    before = workspace.clock.now()
    with workspace.lifecycle.turn("payroll"):
        workspace.lifecycle.ensure("billing", events=EVENTS)
    assert workspace.clock.now() == before
