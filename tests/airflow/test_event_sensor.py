"""The sensor: the same event in every mode, none missed, and a clear end when it cannot go on."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from inspect import signature
from types import SimpleNamespace

import pytest
from airflow.sdk import Asset, BaseSensorOperator
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferralError,
    TaskDeferred,
)

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.sensors.events import WebWorkEventSensor

STARTED = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MODES = ("poke", "reschedule", "deferrable")


def received(seconds):
    """A moment, in seconds from the start of the Dag run."""
    return STARTED + timedelta(seconds=seconds)


class State(dict):
    """What a task keeps over its retries, as Airflow 3.3 has it in the context."""

    set = dict.__setitem__


def context_of(*, run_after=STARTED, start_date=STARTED, first_reschedule=None, run_id="run", dag_id="dag", **more):
    """What the sensor needs of the context of a task."""
    ti = SimpleNamespace(
        dag_id=dag_id,
        run_id=run_id,
        task_id="wait",
        map_index=-1,
        try_number=1,
        start_date=start_date,
        get_first_reschedule_date=lambda _: first_reschedule,
    )
    return {"dag_run": SimpleNamespace(run_after=run_after), "ti": ti, **more}


def sensor_in(mode, **arguments):
    options = {"deferrable": True} if mode == "deferrable" else {"mode": mode, "deferrable": False}
    return WebWorkEventSensor(task_id="wait", **{"poke_interval": 0.01, "timeout": 30, **options, **arguments})


def wait(mode, *, context=None, meanwhile=None, **arguments):
    """Wait as Airflow does and return what the task returns; every try has a sensor of its own.

    ``meanwhile`` happens right after the first look, if that found nothing: before the sensor sleeps or is deferred.
    """
    waiting = [meanwhile] if meanwhile else []
    for _ in range(100):
        sensor = sensor_in(mode, **arguments)
        sensor.poke = then(sensor.poke, waiting)
        try:
            return sensor.execute(context or context_of())
        except AirflowRescheduleException:
            continue
        except TaskDeferred as deferred:
            resumed = sensor_in(mode, **arguments)
            return resumed.resume_execution(deferred.method_name, {"event": fired(deferred)}, context or context_of())
    raise AssertionError("The sensor looked a hundred times.")


def then(poke, waiting):
    def poke_and_go_on(context):
        seen = poke(context)
        if not seen and waiting:
            waiting.pop()()
        return seen

    return poke_and_go_on


def fired(deferred):
    """Run the trigger as a triggerer does: made anew from what was stored of it."""
    _, kwargs = deferred.trigger.serialize()
    trigger = type(deferred.trigger)(**json.loads(json.dumps(kwargs, allow_nan=False)))

    async def first():
        async with asyncio.timeout(20):
            return await anext(trigger.run())

    return asyncio.run(first()).payload


def deferred_by(sensor, context=None):
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context or context_of())
    return deferred.value


@pytest.fixture
def away(webwork_log, tmp_path):
    """An event log that cannot be opened."""
    (tmp_path / "webwork_events.db").mkdir()


@pytest.fixture
def not_a_log(webwork_log, tmp_path):
    """An event log that is something else."""
    (tmp_path / "webwork_events.db").write_text("This is a letter, and no database of any kind. " * 100)


@pytest.mark.parametrize("mode", MODES)
def test_the_first_event_that_matches_is_returned(webwork_log, mode):
    webwork_log.add("tracker.stopped", user_id=7, received_at=received(-1))
    webwork_log.add("tracker.started", user_id=7, received_at=received(1))
    webwork_log.add("tracker.stopped", user_id=8, received_at=received(2))
    wanted = webwork_log.add("tracker.stopped", user_id=7, received_at=received(3))
    webwork_log.add("tracker.stopped", user_id=7, received_at=received(4))

    found = wait(mode, types=["tracker.stopped"], match={"user_id": "7"})

    assert found == [wanted]
    assert set(wanted) == {
        "id",
        "seq",
        "type",
        "workspace_id",
        "user_id",
        "endpoint",
        "occurred_at",
        "received_at",
        "synthetic",
        "data",
    }
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("mode", MODES)
def test_an_event_that_comes_between_the_first_look_and_the_waiting_is_not_missed(webwork_log, mode):
    webwork_log.add("tracker.started", user_id=7, received_at=received(1))
    stored = []

    def meanwhile():
        stored.append(webwork_log.add("tracker.stopped", user_id=7, received_at=received(2)))
        webwork_log.add("tracker.stopped", user_id=7, received_at=received(3))

    found = wait(mode, types=["tracker.stopped"], match={"user_id": 7}, meanwhile=meanwhile)

    assert found == stored
    assert len(stored) == 1


@pytest.mark.parametrize("mode", MODES)
def test_events_that_were_received_before_and_stored_later_do_not_count(webwork_log, mode):
    stored = []

    def meanwhile():
        webwork_log.add("tracker.stopped", received_at=received(-1))
        stored.append(webwork_log.add("tracker.stopped", received_at=received(0)))

    webwork_log.add("tracker.started", received_at=received(5))
    assert wait(mode, types=["tracker.stopped"], meanwhile=meanwhile) == stored


@pytest.mark.parametrize("mode", MODES)
def test_of_events_received_at_the_same_moment_the_one_stored_first_counts(webwork_log, mode):
    first = webwork_log.add("tracker.stopped", received_at=received(0))
    webwork_log.add("tracker.stopped", received_at=received(0))
    webwork_log.add("tracker.stopped", received_at=received(0))

    assert wait(mode, types=["tracker.stopped"]) == [first]


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
@pytest.mark.parametrize("since", ["run", {"seq": 1}], ids=str)
def test_after_a_log_was_put_back_to_an_earlier_state_no_event_that_comes_then_is_missed(webwork_log, mode, since):
    for kind in ("started", "stopped", "started"):
        webwork_log.add(f"tracker.{kind}", received_at=received(1))
    stored = []

    def meanwhile():
        with WebWorkEventsHook().store.write() as connection:
            connection.execute(schema.event.delete().where(schema.event.c.seq > 1))
        stored.append(webwork_log.add("tracker.leave", received_at=received(2)))

    assert wait(mode, types=["tracker.leave"], since=since, meanwhile=meanwhile) == stored


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("beginning", 1),
        ("run", 3),
        ("now", 4),
        (received(15), 4),
        (received(15).isoformat(), 4),
        ("2026-11-22T13:00:15+01:00", 4),
        ("2026-11-22T12:00:15Z", 4),
        ({"seq": 1}, 2),
        ([{"seq": 3, "id": "an earlier sensor returns a list"}], 4),
        ([{"seq": 1}, {"seq": 2}], 3),
    ],
    ids=str,
)
def test_since_says_which_events_count(webwork_log, mode, since, expected):
    for seconds in (-20, -10, 10, 20):
        webwork_log.add("tracker.stopped", received_at=received(seconds))

    (found,) = wait(mode, since=since, context=context_of(start_date=received(12)))

    assert found["seq"] == expected


def test_since_may_be_a_template(webwork_log):
    for seconds in (-20, 20):
        webwork_log.add("tracker.stopped", received_at=received(seconds))
    sensor = sensor_in(
        "poke", since="{{ moment }}", types=["tracker.{{ what }}"], match={"type": ["tracker.{{ what }}"]}
    )
    sensor.render_template_fields({"moment": received(0).isoformat(), "what": "stopped"})

    assert [event["seq"] for event in sensor.execute(context_of())] == [2]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("since", ["run", "now"])
def test_a_task_that_is_retried_or_cleared_gets_the_same_event(webwork_log, mode, since):
    state = State()
    first = webwork_log.add("tracker.stopped", received_at=received(5))
    webwork_log.add("tracker.stopped", received_at=received(500))

    tries = [
        wait(mode, since=since, context=context_of(start_date=start, task_state_store=state))
        for start in (received(1), received(100), received(1000))
    ]

    assert tries == [[first]] * 3


def test_now_is_the_present_try_where_airflow_keeps_no_state_for_a_task(webwork_log):
    for seconds in (-1, 1):
        webwork_log.add("tracker.stopped", received_at=received(seconds))

    assert [event["seq"] for event in wait("poke", since="now")] == [2]


def test_now_is_the_first_look_of_a_try_that_is_rescheduled_in_between(webwork_log):
    stored = webwork_log.add("tracker.stopped", received_at=received(5))
    context = context_of(start_date=received(100), first_reschedule=received(1))

    assert wait("reschedule", since="now", context=context) == [stored]


def test_a_deferred_sensor_hands_its_time_out_to_airflow(webwork_log):
    deferred = deferred_by(sensor_in("deferrable", timeout=3600))

    assert deferred.timeout == timedelta(hours=1)
    assert deferred.method_name == "execute_complete"


def test_what_is_stored_of_a_trigger_is_small_and_holds_no_event(webwork_log):
    webwork_log.add("tracker.started", user_id=7, note="canary", received_at=received(1))

    deferred = deferred_by(sensor_in("deferrable", types=("tracker.stopped",), match={"user_id": ("7", 8)}))

    path, kwargs = deferred.trigger.serialize()
    assert path == "airflow_provider_webwork.triggers.events.WebWorkEventTrigger"
    assert json.loads(json.dumps(kwargs, allow_nan=False)) == kwargs
    assert kwargs == {
        "after": 1,
        "types": ["tracker.stopped"],
        "match": {"user_id": ["7", 8]},
        "since": "2026-11-22T12:00:00+00:00",
        "count": 1,
    }


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
@pytest.mark.parametrize(("soft_fail", "error"), [(False, AirflowSensorTimeout), (True, AirflowSkipException)])
def test_a_sensor_gives_up_after_its_time_out(webwork_log, mode, soft_fail, error):
    with pytest.raises(error):
        wait(mode, timeout=0.02, soft_fail=soft_fail, context=context_of(first_reschedule=LONG_AGO))


@pytest.mark.parametrize(("soft_fail", "error"), [(False, AirflowSensorTimeout), (True, AirflowSkipException)])
def test_a_deferred_sensor_gives_up_after_its_time_out(webwork_log, soft_fail, error):
    with pytest.raises(error):
        sensor_in("deferrable", soft_fail=soft_fail).resume_execution(
            "__fail__", {"error": "Trigger timeout"}, context_of()
        )


def test_a_trigger_that_failed_fails_the_task(webwork_log):
    with pytest.raises(TaskDeferralError):
        sensor_in("deferrable").resume_execution("__fail__", {"error": "Trigger failure"}, context_of())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_as_many_events_as_asked_for_are_waited_for_and_returned(webwork_log, mode, before):
    stored = []

    def add(count):
        for _ in range(count):
            webwork_log.add("tracker.stopped", user_id=7, received_at=received(-1))
            webwork_log.add("tracker.started", user_id=7, received_at=received(1))
            stored.append(webwork_log.add("tracker.stopped", user_id=7, received_at=received(1)))

    add(before)
    found = wait(mode, types=["tracker.stopped"], min_events="3", meanwhile=lambda: add(5 - before))

    assert found == stored[:3]


def test_a_trigger_that_waits_for_many_begins_with_the_first_that_was_found(webwork_log):
    for kind in ("started", "stopped", "started"):
        webwork_log.add(f"tracker.{kind}", received_at=received(1))

    deferred = deferred_by(sensor_in("deferrable", types=["tracker.stopped"], min_events=2))

    _, kwargs = deferred.trigger.serialize()
    assert (kwargs["after"], kwargs["count"]) == (1, 2)


@pytest.mark.parametrize("mode", MODES)
def test_with_a_consumer_each_run_is_given_a_batch_of_its_own_and_on_every_try_the_same(webwork_log, mode):
    webwork_log.consumer("payroll")
    stored = [webwork_log.add("tracker.stopped", user_id=number) for number in range(3)]
    webwork_log.add("tracker.started")
    asked = {"consumer": "payroll", "types": ["tracker.stopped"], "max_events": "2"}

    tries = [wait(mode, context=context_of(run_id=run), **asked) for run in ("one", "two", "one")]

    assert tries == [stored[:2], stored[2:], stored[:2]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("consumer", ["payroll", webwork_events("payroll")], ids=["name", "asset"])
def test_a_consumer_that_there_is_not_yet_is_made_and_what_comes_next_claimed(webwork_log, mode, consumer):
    webwork_log.add("tracker.stopped", user_id=1)
    stored = []

    found = wait(mode, consumer=consumer, meanwhile=lambda: stored.append(webwork_log.add("tracker.stopped")))

    assert found == stored


def test_a_consumer_named_alone_keeps_what_it_wants(webwork_log):
    webwork_log.consumers.create("payroll", EventFilter.of(types=["tracker.stopped"]))
    webwork_log.add("tracker.started")
    stopped = webwork_log.add("tracker.stopped")

    assert wait("poke", consumer="payroll") == [stopped]
    deferred = deferred_by(sensor_in("deferrable", consumer="payroll"), context_of(run_id="two"))
    path, kwargs = deferred.trigger.serialize()
    assert path.endswith("WebWorkConsumerTrigger")
    assert kwargs == {"consumer": "payroll", "types": ["tracker.stopped"], "match": None, "start": "now"}


def test_a_new_consumer_may_begin_at_the_beginning(webwork_log):
    stored = webwork_log.add("tracker.stopped")

    assert wait("poke", consumer="payroll", start="beginning") == [stored]
    _, kwargs = deferred_by(
        sensor_in("deferrable", consumer="payroll", start="beginning"), context_of(run_id="two")
    ).trigger.serialize()
    assert kwargs["start"] == "beginning", "if somebody deletes the consumer meanwhile"


def test_a_sensor_whose_batch_another_run_took_waits_on_for_the_rest_of_its_time(webwork_log):
    webwork_log.consumer("payroll")
    sensor = sensor_in("deferrable", consumer="payroll", timeout=3_600)
    woken_late = context_of(start_date=datetime.now(UTC) - timedelta(minutes=30))

    with pytest.raises(TaskDeferred) as deferred:
        sensor.resume_execution("execute_complete", {"event": {"consumer": "payroll"}}, woken_late)

    assert timedelta(minutes=29) < deferred.value.timeout <= timedelta(minutes=30)


@pytest.mark.parametrize("mode", MODES)
def test_a_consumer_of_another_dag_with_another_filter_is_refused_for_good_and_nothing_is_skipped(webwork_log, mode):
    webwork_log.consumer("payroll")
    webwork_log.add("tracker.stopped")
    wait("poke", consumer="payroll", types=["tracker.*"])
    left = webwork_log.add("tracker.stopped")

    with pytest.raises(
        AirflowFailException, match=r"Dag 'dag' with the filter .*tracker\.\*.* Dag 'other' claims with"
    ):
        wait(mode, consumer="payroll", types=["sick.*"], context=context_of(dag_id="other"))

    assert wait("poke", consumer="payroll", types=["tracker.*"], context=context_of(run_id="two")) == [left]


@pytest.mark.parametrize("mode", MODES)
def test_an_event_log_that_is_away_is_left_to_the_retries(away, mode):
    with pytest.raises(WebWorkTaskError, match=r"event log .* is not available"):
        wait(mode)


@pytest.mark.parametrize("mode", MODES)
def test_an_event_log_that_is_none_fails_for_good(not_a_log, mode):
    with pytest.raises(AirflowFailException, match="damaged or not a database"):
        wait(mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("option", ["soft_fail", "never_fail"])
def test_a_sensor_that_may_not_fail_is_skipped_when_the_event_log_is_none(not_a_log, mode, option):
    with pytest.raises(AirflowSkipException):
        wait(mode, **{option: True})


@pytest.mark.parametrize("mode", MODES)
def test_a_sensor_that_fails_softly_is_tried_again_when_the_event_log_is_away(away, mode):
    with pytest.raises(WebWorkTaskError, match="is not available"):
        wait(mode, soft_fail=True)


@pytest.mark.parametrize("mode", MODES)
def test_a_sensor_that_must_never_fail_is_skipped_when_the_event_log_is_away(away, mode):
    with pytest.raises(AirflowSkipException):
        wait(mode, never_fail=True)


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        [],
        "tracker.stopped",
        7,
        {"seq": 1},
        {"seq": "1", "event_id": "x"},
        {"event_id": "x"},
        {"seq": 1, "event_id": "x"},
    ],
    ids=str,
)
def test_a_trigger_that_names_no_event_fails_the_task_for_good(webwork_log, event):
    webwork_log.add("tracker.stopped")

    with pytest.raises(AirflowFailException, match="without naming an event"):
        sensor_in("deferrable").execute_complete(context_of(), event)


def test_an_event_that_is_not_in_the_log_any_more_fails_the_task_for_good(webwork_log):
    stored = webwork_log.add("tracker.stopped")

    for seq, event_id in ((stored["seq"], "pruned"), (stored["seq"] + 1, stored["id"])):
        named = {"seq": seq, "event_id": event_id, "after": 0, "since": None}
        with pytest.raises(AirflowFailException, match=rf"seq {seq}.* is not in /.* any more"):
            sensor_in("deferrable").execute_complete(context_of(), named)


def test_of_several_events_none_may_be_missing_when_the_task_goes_on(webwork_log):
    stored = [webwork_log.add("tracker.stopped", received_at=received(1)) for _ in range(3)]
    deferred = deferred_by(sensor_in("deferrable", min_events=4))
    stored.append(webwork_log.add("tracker.stopped", received_at=received(1)))
    event = fired(deferred)
    assert sensor_in("deferrable", min_events=4).execute_complete(context_of(), event) == stored
    with WebWorkEventsHook().store.write() as connection:
        connection.execute(schema.event.delete().where(schema.event.c.seq == 1))

    with pytest.raises(AirflowFailException, match=r"seq 4\), or one of those before it, is not in /.* any more"):
        sensor_in("deferrable", min_events=4).execute_complete(context_of(), event)


def test_a_sensor_may_be_skipped_when_its_event_is_gone(webwork_log):
    with pytest.raises(AirflowSkipException):
        sensor_in("deferrable", soft_fail=True).resume_execution(
            "execute_complete", {"event": {"seq": 9, "event_id": "pruned", "after": 0}}, context_of()
        )


def test_the_log_of_the_task_says_which_event_log_it_reads_and_that_no_receiver_serves_it(webwork_log, capsys):
    stored = webwork_log.add("tracker.stopped", note="canary", received_at=received(1))
    wait("poke")

    logged = capsys.readouterr().out
    assert f"Looking for events in {webwork_log.url.removeprefix('sqlite:///')} after position 0" in logged
    assert "A receiver was never seen at this event log" in logged
    assert stored["id"] in logged
    assert "canary" not in logged


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"types": []}, "types is an empty list"),
        ({"types": "tracker.stopped"}, "types must be a list"),
        ({"types": [""]}, "types: '' is not an event name"),
        ({"types": ["*.stopped"]}, "types: .* is not an event name"),
        ({"types": [7]}, "types: 7 is not an event name"),
        ({"types": 7}, "types: 7 is not an event name"),
        ({"match": "user_id=7"}, "match must be a dict"),
        ({"match": ["user_id"]}, "match must be a dict"),
        ({"match": {"data..x": 7}}, "match: 'data..x' is not a dotted path"),
        ({"match": {7: 7}}, "match: 7 is not a dotted path"),
        ({"match": {"user_id": []}}, "match.'user_id'. must be"),
        ({"match": {"user_id": {"in": [7]}}}, "match.'user_id'. must be"),
        ({"match": {"user_id": float("nan")}}, "match.'user_id'. must be"),
        ({"since": "yesterday"}, "since must be .* not 'yesterday'"),
        ({"since": None}, "since must be"),
        ({"since": 7}, "since must be"),
        ({"since": "2026-11-22T12:00:00"}, "since must be .* time zone"),
        ({"since": datetime(2026, 11, 22)}, "since must be .* time zone"),  # noqa: DTZ001 - that is what is refused
        ({"since": {"id": "x"}}, "since must be"),
        ({"since": {"seq": 2**63}}, "since must be"),
        ({"since": []}, "since must be"),
        ({"since": [{"seq": 1}, {"id": "x"}]}, "since must be"),
        ({"min_events": 0}, "min_events"),
        ({"min_events": "some"}, "min_events"),
        ({"start": "beginning"}, "without a consumer takes no start"),
        ({"max_events": 7}, "without a consumer takes no max_events"),
        ({"consumer": "Payroll"}, "consumer"),
        ({"consumer": "payroll", "start": "yesterday"}, "start"),
        ({"consumer": "payroll", "max_events": 0}, "max_events"),
        ({"consumer": "payroll", "since": "now", "min_events": 2}, "takes no since and no min_events"),
        ({"consumer": webwork_events("payroll"), "types": ["x"]}, "with an asset, .* takes no types"),
        ({"consumer": Asset("else")}, "consumer"),
        ({"timeout": -1}, "timeout"),
        ({"poke_interval": -1}, "poke_interval"),
        ({"mode": "deferred"}, "mode"),
        ({"soft_fail": True, "never_fail": True}, "soft_fail and never_fail"),
    ],
    ids=str,
)
def test_misuse_is_refused_when_the_dag_is_parsed_and_names_the_argument(arguments, text):
    with pytest.raises(ValueError, match=text):
        WebWorkEventSensor(task_id="wait", **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"types": "{{ params.types }}"},
        {"types": ["{{ params.type }}"]},
        {"match": "{{ params.match }}"},
        {"match": {"user_id": "{{ params.user_id }}"}},
        {"since": "{{ data_interval_end }}"},
        {"match": {"user_id": None, "data.project_id": [1, True]}},
    ],
    ids=str,
)
def test_templates_are_taken_when_the_dag_is_parsed(arguments):
    sensor = WebWorkEventSensor(task_id="wait", **arguments)

    assert {name: getattr(sensor, name) for name in arguments} == arguments


def test_the_output_of_other_tasks_is_taken_anywhere_when_the_dag_is_parsed():
    from airflow.sdk import DAG

    with DAG("parsed", schedule=None):
        first = WebWorkEventSensor(task_id="first")
        second = WebWorkEventSensor(
            task_id="second",
            since=first.output,
            types=["tracker.started", first.output["type"]],
            match={"user_id": first.output["user_id"], "data.x": [7, first.output["seq"]]},
        )

    assert second.upstream_task_ids == {"first"}


def test_what_a_template_renders_is_checked(webwork_log):
    for arguments, text in (
        ({"since": "{{ x }}"}, "since must be"),
        ({"types": "{{ x }}"}, "types must be"),
        ({"match": "{{ x }}"}, "match must be"),
    ):
        sensor = sensor_in("deferrable", **arguments)
        sensor.render_template_fields({"x": "nonsense"})
        with pytest.raises(AirflowFailException, match=text):
            sensor.execute(context_of())


def test_every_argument_about_events_is_a_template_field():
    own = set(signature(WebWorkEventSensor.__init__).parameters) - {"self", "kwargs", "deferrable"}

    assert own - set(signature(BaseSensorOperator.__init__).parameters) == set(WebWorkEventSensor.template_fields)
