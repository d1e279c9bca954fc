"""Claiming in Dags that really run: by asset, by name, by reference, in tasks of one's own, and refused."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.operators.events import WebWorkClaimEventsOperator
from tests.airflow_version import AIRFLOW


def stored(webwork_log, count):
    return [webwork_log.add("tracker.stopped", user_id=number) for number in range(count)]


def test_each_of_a_mapped_task_claims_a_batch_of_its_own_and_makes_the_consumer(run_dag, webwork_log):
    webwork_log.consumer("shared")
    stored(webwork_log, 4)

    run = run_dag("claims_in_a_task")

    claimed = run.returned("claim")
    assert sorted(seq for batch in claimed for seq in batch) == [1, 2, 3, 4]
    assert [len(batch) <= most for most, batch in zip((1, 2, 3), claimed, strict=True)] == [True] * 3


def test_a_large_batch_goes_by_reference(run_dag, webwork_log):
    webwork_log.consumer("shared")
    stored(webwork_log, 3)

    run = run_dag("claims_by_reference")

    reference = run.returned("claim")
    assert reference.pop("run_key").startswith("claims_by_reference/")
    assert reference == {"consumer": "shared", "start_seq": 1, "end_seq": 3, "count": 3}
    assert run.returned("read") == [1, 2, 3]


def test_another_dag_with_another_filter_fails_at_once_and_nothing_is_skipped(run_dag, webwork_log, capsys):
    wanted = stored(webwork_log, 3)
    assert run_dag("owns").returned("claim") == wanted[:1]

    refused = run_dag("wants_something_else")

    assert refused.states == {"claim": "failed"}
    said = capsys.readouterr().out
    assert "Consumer 'owned' belongs to Dag 'owns' with the filter" in said
    assert "Dag 'wants_something_else' claims with" in said
    assert "consumers transfer owned wants_something_else" in said
    assert run_dag("owns").returned("claim") == wanted[1:2]


def test_a_name_that_nobody_registered_fails_at_once_and_says_how_to_register_it(run_dag, webwork_log, capsys):
    assert run_dag("names_nobody").states == {"claim": "failed"}

    said = capsys.readouterr().out
    assert "There is no consumer 'nobody'." in said
    assert "webwork_events" in said
    assert "airflow webwork consumers create nobody" in said


def context_of(run_id="run", *, try_number=1):
    ti = SimpleNamespace(dag_id="dag", run_id=run_id, task_id="claim", map_index=-1, try_number=try_number)
    return {"ti": ti}


def test_a_batch_holds_no_more_events_and_bytes_than_it_may_and_at_least_one(webwork_log):
    webwork_log.consumer("payroll")
    wanted = stored(webwork_log, 6)
    size = len(json.dumps(wanted[0]))

    def claimed(run_id, **limits):
        operator = WebWorkClaimEventsOperator(task_id="claim", consumer="payroll", **limits)
        return operator.execute(context_of(run_id))

    assert claimed("one", max_events="2") == wanted[:2]
    assert claimed("two", max_bytes=str(2 * size + 1)) == wanted[2:4]
    assert claimed("three", max_bytes=1) == wanted[4:5]
    assert claimed("one", max_events=5) == wanted[:2]
    assert claimed("four") == wanted[5:]


def test_a_try_that_lives_on_after_its_retry_was_skipped_takes_no_events_from_other_runs(webwork_log):
    webwork_log.consumer("payroll")
    claim = WebWorkClaimEventsOperator(task_id="claim", consumer="payroll")
    with pytest.raises(AirflowSkipException):
        claim.execute(context_of("one", try_number=2))
    wanted = stored(webwork_log, 1)

    with pytest.raises(WebWorkTaskError, match="Try 2 of dag/one/claim/-1 was told that nothing waits"):
        claim.execute(context_of("one", try_number=1))

    assert WebWorkEventsHook().batches.list() == []
    assert claim.execute(context_of("two")) == wanted


def test_a_run_that_was_skipped_gets_what_came_since_when_it_is_cleared(webwork_log):
    webwork_log.consumer("payroll")
    claim = WebWorkClaimEventsOperator(task_id="claim", consumer="payroll")
    for try_number in (1, 2):
        with pytest.raises(AirflowSkipException):
            claim.execute(context_of(try_number=try_number))
    wanted = stored(webwork_log, 1)

    assert claim.execute(context_of(try_number=3)) == wanted


def test_an_asset_that_only_repeats_the_name_claims_what_the_consumer_is_registered_for(webwork_log):
    webwork_log.consumer("payroll")
    wanted = stored(webwork_log, 1)

    operator = WebWorkClaimEventsOperator(task_id="claim", consumer=Asset("webwork_payroll"))

    assert operator.execute(context_of()) == wanted


def test_retries_are_three_unless_the_dag_says_otherwise():
    with DAG("usual", schedule=None):
        usual = WebWorkClaimEventsOperator(task_id="claim", consumer="payroll")
    with DAG("own", schedule=None, default_args={"retries": 7}):
        default = WebWorkClaimEventsOperator(task_id="claim", consumer="payroll")
        own = WebWorkClaimEventsOperator(task_id="own", consumer="payroll", retries=0)

    assert (usual.retries, default.retries, own.retries) == (3, 7, 0)


@pytest.mark.skipif(AIRFLOW < (3, 3), reason="Airflow 3.2 gives every mapped task its own default of retries")
def test_a_mapped_claim_is_tried_again_as_often():
    with DAG("mapped", schedule=None):
        mapped = WebWorkClaimEventsOperator.partial(task_id="claim").expand(consumer=["payroll", "invoices"])

    assert mapped.retries == 3


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"consumer": "Payroll"}, "consumer"),
        ({"consumer": Asset("payroll")}, "consumer"),
        ({"max_events": 0}, "max_events"),
        ({"max_bytes": "many"}, "max_bytes"),
        ({"result": "all"}, "result"),
    ],
    ids=str,
)
def test_misuse_is_refused_when_the_dag_is_parsed_and_names_the_argument(arguments, named):
    with pytest.raises(ValueError, match=named):
        WebWorkClaimEventsOperator(task_id="claim", **{"consumer": "payroll", **arguments})


@pytest.mark.parametrize("argument", ["consumer", "max_events", "result"])
def test_what_a_template_renders_is_checked(webwork_log, argument):
    webwork_log.consumer("payroll")
    stored(webwork_log, 1)
    operator = WebWorkClaimEventsOperator(task_id="claim", **{"consumer": "payroll", argument: "{{ wrong }}"})
    operator.render_template_fields({"wrong": "No such thing"})

    with pytest.raises(AirflowFailException, match=argument):
        operator.execute(context_of())


def test_what_claims_and_wakes_is_counted_in_airflows_statistics(webwork_log, monkeypatch):
    counted = []
    monkeypatch.setattr(
        "airflow.sdk.observability.stats.Stats.incr",
        lambda name, count=1, tags=None: counted.append((name, count, tags)),
    )
    webwork_log.consumer("payroll")
    stored(webwork_log, 2)

    WebWorkClaimEventsOperator(task_id="claim", consumer=webwork_events("payroll")).execute(context_of())

    tags = {"consumer": "payroll"}
    assert counted == [("webwork.claims", 1, tags), ("webwork.claimed_events", 2, tags)]


def test_events_that_were_released_are_not_read_by_the_reference_of_the_run_that_had_them(webwork_log):
    webwork_log.consumer("payroll")
    webwork_log.add("tracker.started")
    hook = WebWorkEventsHook()
    batch = hook.claims.claim("payroll", "salaries/r1/claim/-1", limit=10)
    assert len(list(hook.batch(batch.reference()))) == 1
    hook.batches.release("payroll", batch.run_key, actor="Member 7")

    with pytest.raises(WebWorkConsumerError, match="was given up"):
        list(hook.batch(batch.reference()))


HOSTILE = [
    {"__id__": "x"},
    {
        "__classname__": "airflow.sdk.definitions.asset.Asset",
        "__version__": 1,
        "__data__": {"name": "a", "uri": "s3://a/b"},
    },
    {"__type": "datetime", "__var": "x"},
    {"__type": "airflow.sdk.definitions.asset.Asset", "__var": {"name": "a", "uri": "s3://a/b"}},
    "{{ 1 + 1 }} {{ conn }} {{ macros.os }}",
]


def test_whatever_a_delivery_says_reaches_tasks_as_plain_json_and_is_no_template(run_dag, webwork_log):
    webwork_log.consumer("shared")
    for note in HOSTILE:
        webwork_log.add("tracker.started", note=note, deeper=[{"note": note}])
    expected = [event["data"] for event in webwork_log.events()]
    assert expected[-1]["note"] == HOSTILE[-1]

    run = run_dag("takes_whatever_comes")

    assert [json.loads(text) for text in run.returned("together")] == expected
    assert [json.loads(text) for [text] in run.returned("each")] == expected
