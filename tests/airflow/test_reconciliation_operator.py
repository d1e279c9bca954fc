"""The operator that reconciles: its window, what it returns, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.operators.reconciliation import WebWorkReconcileEventsOperator

SUMMARY = ["start", "end", "shown", "present", "added", "unmatched", "incomplete"]


@pytest.fixture
def day():
    """Now, and 24 hours ago."""
    end = datetime.now(UTC) + timedelta(minutes=1)
    return end - timedelta(hours=24), end


def reconciliation(**arguments):
    return WebWorkReconcileEventsOperator(task_id="reconcile", **arguments)


def of_interval(start, end):
    return {"dag_run": SimpleNamespace(data_interval_start=start, data_interval_end=end)}


@pytest.fixture
def worked(webwork_log, webwork_simulator):
    """Member 7 worked for a moment, and Member 8 still does."""
    webwork_simulator.start_tracker(7)
    webwork_simulator.stop_tracker(7)
    webwork_simulator.start_tracker(8)
    return webwork_log


def tracked(log):
    """Return what the log holds of the last minutes; what is older follows from the seed of the simulator."""
    lately = datetime.now(UTC) - timedelta(minutes=10)
    events = [event for event in log.events() if datetime.fromisoformat(event["occurred_at"]) > lately]
    return [(event["type"], event["user_id"]) for event in events]


WORK = [("tracker.started", 7), ("tracker.stopped", 7), ("tracker.started", 8)]


def test_it_adds_what_the_log_lacks_and_says_how_much(worked, day):
    start, end = day
    first = reconciliation(start=start, end=end.isoformat()).execute({})
    assert list(first) == SUMMARY
    assert first["added"] == first["shown"] == len(worked.events()) >= 3
    assert (first["present"], first["unmatched"], first["incomplete"]) == (0, 0, 0)
    assert sorted(tracked(worked)) == sorted(WORK)

    again = reconciliation(start=start, end=end).execute({})
    assert again == {**first, "present": first["shown"], "added": 0}


def test_without_a_window_it_takes_the_data_interval(worked, day):
    start, end = day
    by_interval = reconciliation().execute(of_interval(start, end))
    assert by_interval["added"] >= 3
    half = reconciliation(start=end - timedelta(hours=12)).execute(of_interval(start, end))
    assert half["start"] > by_interval["start"]
    assert (half["end"], half["added"]) == (by_interval["end"], 0)


@pytest.mark.parametrize("arguments", [{}, {"start": "2026-11-22T04:00:00Z"}, {"end": "2026-11-22T04:00:00Z"}])
@pytest.mark.parametrize("interval", [(None, None), (datetime(2026, 11, 22, tzinfo=UTC),) * 2])
def test_a_run_without_a_data_interval_and_a_window_is_refused(arguments, interval):
    with pytest.raises(AirflowFailException, match="This run has no data interval"):
        reconciliation(**arguments).execute(of_interval(*interval))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"start": "yesterday"}, "start"),
        ({"end": datetime(2026, 11, 22)}, "end"),  # noqa: DTZ001
        ({"tolerance": 90}, "tolerance"),
        ({"tolerance": timedelta(seconds=-1)}, "tolerance"),
    ],
)
def test_misuse_fails_when_the_dag_is_parsed(arguments, named):
    with pytest.raises(ValueError, match=named):
        reconciliation(**arguments)


def test_what_templates_render_is_checked_when_it_runs(webwork_log, webwork_simulator):
    operator = reconciliation(start="{{ params.start }}", end="{{ params.end }}")
    operator.start, operator.end = "2026-11-22T04:00:00Z", "None"
    with pytest.raises(AirflowFailException, match="end must be a datetime with a time zone"):
        operator.execute({})


def test_an_outage_of_webwork_is_left_to_the_retries_and_a_wrong_token_is_not(worked, webwork_simulator, day):
    start, end = day
    webwork_simulator.fault("getMembers", status=400)
    with pytest.raises(AirflowFailException, match="WebWorkRequestError"):
        reconciliation(start=start, end=end).execute({})
    operator = reconciliation(start=start, end=end)
    operator.on_kill()
    webwork_simulator.fault("getTimeEntries", status=503, times=100)
    with pytest.raises(WebWorkTaskError):
        operator.execute({})
    assert worked.events() == []


def test_a_reconciled_log_is_not_said_to_lack_a_receiver(worked, day):
    start, end = day
    assert "WebWorkReconcileEventsOperator" in WebWorkEventsHook().receiver_absence()
    reconciliation(start=start, end=end).execute({})
    assert WebWorkEventsHook().receiver_absence() is None


def this_hour():
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def test_a_dag_reconciles_the_interval_of_its_run(run_dag, webwork_log, webwork_simulator):
    run = run_dag("reconcile_the_interval", logical_date=this_hour())
    told = run.returned("reconcile")

    assert datetime.fromisoformat(told["end"]) - datetime.fromisoformat(told["start"]) == timedelta(hours=1)
    assert datetime.fromisoformat(told["end"]) <= datetime.now(UTC)
    assert list(told) == SUMMARY


def test_a_dag_whose_runs_have_no_interval_fails_for_good_with_what_to_do(
    run_dag, webwork_log, webwork_simulator, capfd, caplog
):
    run = run_dag("reconcile_without_an_interval", logical_date=this_hour())

    assert run.states == {"reconcile": "failed"}
    assert "CronDataIntervalTimetable" in "".join(capfd.readouterr()) + caplog.text


def test_the_example_restores_a_day_of_work_and_the_next_run_adds_nothing(run_dag, webwork_log, webwork_simulator):
    webwork_simulator.start_tracker(7)
    webwork_simulator.stop_tracker(7)
    # The interval of such a run ends at its logical date, or when its hour did.
    soon = this_hour() + timedelta(hours=1)
    runs = [run_dag("example_reconcile_events", logical_date=soon).returned("reconcile") for _ in range(2)]

    assert runs[0]["added"] >= 2
    assert runs[1] == {**runs[0], "present": runs[0]["shown"], "added": 0}
    assert {("tracker.started", 7), ("tracker.stopped", 7)} <= {*tracked(webwork_log)}
    assert all(event["synthetic"] for event in webwork_log.events())
