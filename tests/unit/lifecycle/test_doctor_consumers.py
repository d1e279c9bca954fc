"""The doctor finds consumers that nobody reads for, that two Dags dispute, and batches that nobody processes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.events.claims import Claims
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from tests.unit.lifecycle.examined import examined

__all__ = ["examined"]

STARTED, STOPPED = (EventFilter.of(types=[f"tracker.{name}"], match=None) for name in ("started", "stopped"))


@pytest.fixture
def consumers(examined):
    return Consumers(examined.store, now=examined.workspace.clock.now)


@pytest.fixture
def claims(examined):
    return Claims(examined.store, now=examined.workspace.clock.now)


def add(examined, count=3):
    for number in range(count):
        log, now = EventLog(examined.store), examined.workspace.clock.now()
        add_by_hand(log, "tracker.started", {"number": number}, received_at=now)


def about(examined, check="consumers"):
    (finding,) = examined.about(check)
    return finding


def test_a_consumer_whose_events_are_claimed_is_good(examined, consumers, claims):
    assert about(examined).text == "There is no consumer."
    consumers.create("payroll", STARTED)
    add(examined)
    examined.workspace.clock.wait(days=1)
    claims.claim("payroll", "dag/run/claim/-1", limit=1)
    finding = about(examined)

    assert finding.verdict == "good"
    assert finding.text.startswith("Consumer payroll has 2 unclaimed events; the last claim was at ")


def test_events_that_wait_with_no_trigger_at_work_are_wrong(examined, consumers, claims):
    consumer = consumers.create("payroll", STARTED)
    consumers.seen(consumer, proven=0)
    add(examined)
    examined.workspace.clock.wait(minutes=59)
    early = about(examined)
    examined.workspace.clock.wait(minutes=1)
    finding = about(examined)

    assert (early.verdict, finding.verdict) == ("good", "wrong")
    assert finding.text.startswith("Consumer payroll has 3 unclaimed events, its trigger was last seen at ")
    assert finding.text.endswith("nobody has ever claimed.")
    assert "TriggererJob" in finding.remedy


def test_events_that_wait_although_a_trigger_is_at_work_are_wrong(examined, consumers, claims):
    consumer = consumers.create("payroll", STARTED, owner="book_hours")
    add(examined)
    examined.workspace.clock.wait(hours=1)
    consumers.seen(consumer, proven=0)
    finding = about(examined)

    assert finding.verdict == "wrong"
    assert "its trigger is at work" in finding.text
    assert "the Dag book_hours is paused" in finding.remedy


def test_events_that_wait_for_a_consumer_without_trigger_are_told(examined, consumers):
    consumers.create("payroll", STARTED)
    add(examined)
    examined.workspace.clock.wait(hours=1)
    finding = about(examined)

    assert finding.verdict == "warning"
    assert "airflow webwork consumers skip payroll --to now" in finding.remedy


def test_a_consumer_that_nobody_has_heard_of_for_long_is_told_and_fix_leaves_it(examined, consumers):
    consumers.create("payroll", STARTED)
    examined.workspace.clock.wait(days=30)
    (finding,) = examined.about("consumers", fix=True)

    assert finding.verdict == "warning"
    assert "airflow webwork consumers delete payroll" in finding.remedy
    assert [each.name for each in consumers.list()] == ["payroll"]


def test_a_dag_that_is_refused_because_the_consumer_is_anothers_is_wrong_until_that_is_settled(
    examined, consumers, claims
):
    claims.claim("payroll", "book_hours/run/claim/-1", limit=1, wanted=STARTED)
    with pytest.raises(WebWorkConsumerError):
        claims.claim("payroll", "close_day/run/claim/-1", limit=1, wanted=STOPPED)
    _, finding = examined.about("consumers")
    examined.workspace.clock.wait(seconds=1)
    consumers.transfer("payroll", owner="close_day", actor="Member 7")

    assert finding.verdict == "wrong"
    assert "Dag close_day wants consumer payroll with another filter than Dag book_hours" in finding.text
    assert "airflow webwork consumers transfer payroll close_day" in finding.remedy
    assert about(examined).verdict == "good"


def test_two_tasks_that_undo_each_others_filter_are_told(examined, consumers, claims):
    for wanted in (STARTED, STOPPED) * 3:
        examined.workspace.clock.wait(minutes=1)
        claims.claim("payroll", "dag/run/claim/-1", limit=1, wanted=wanted)
    _, finding = examined.about("consumers")

    assert finding.verdict == "warning"
    assert "was changed 5 times within a day: tasks of Dag dag claim" in finding.text


@pytest.mark.parametrize("state", ["failed", "deleted"])
def test_batches_of_runs_that_will_not_process_them_are_wrong_until_they_are_released(
    examined, consumers, claims, state
):
    consumers.create("payroll", STARTED)
    add(examined)
    for run in ("a b", "c"):
        examined.workspace.clock.wait(seconds=1)
        claims.claim("payroll", f"dag/{run}/claim/-1", limit=2)
    finding = about(replace(examined, run_state=state), "batches")

    assert about(examined, "batches").verdict == "good"
    assert finding.verdict == "wrong"
    assert finding.text == (
        "Consumer payroll has 2 batches with 3 events that nobody processes, because the run failed or is gone; the "
        f"oldest is that of dag/a b/claim/-1 ({state})."
    )
    assert "airflow webwork batches release payroll 'dag/a b/claim/-1'" in finding.remedy
