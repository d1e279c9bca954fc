"""The operator that rotates webhooks: what it takes, how it waits, what it returns, and that it leaves no secret."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.operators.rotation import WebWorkRotateWebhookOperator
from airflow_provider_webwork.operators.webhooks import WebWorkCreateWebhookOperator
from tests.server.canaries import command_lines, every_file, every_value, found

EVENTS = ["tracker.started", "tracker.stopped"]
URL = "https://receiver.example.com/x"


@pytest.fixture
def clock(monkeypatch):
    """A clock for all that the operators do, which only the test moves."""
    clock = SimpleNamespace(moment=datetime.now(UTC))
    for module in ("events", "lifecycle"):
        monkeypatch.setattr(f"airflow_provider_webwork.hooks.{module}.utc_now", lambda: clock.moment)
    return clock


@pytest.fixture
def webwork(webwork_log, webwork_simulator, clock):
    WebWorkCreateWebhookOperator(task_id="create", endpoint="payroll", events=EVENTS).execute({})
    clock.moment += timedelta(days=7)
    return webwork_simulator


@pytest.fixture
def a_run(clock):
    """Begins a Dag run: returns what its tasks know of it."""

    def begin():
        ti = SimpleNamespace(dag_id="dag", run_id="run", task_id="rotate", map_index=-1)
        return {"ti": ti, "dag_run": SimpleNamespace(run_after=clock.moment)}

    return begin


def rotation(**arguments):
    return WebWorkRotateWebhookOperator(task_id="rotate", **{"endpoint": "payroll", "verify": False, **arguments})


def ids(webwork):
    return [webhook.id for webhook in webwork.webhooks]


def test_the_overlap_is_waited_out_in_the_triggerer_and_then_the_old_webhook_goes(webwork, clock, a_run):
    (old,), context, task = ids(webwork), a_run(), rotation()
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)

    assert isinstance(deferred.value.trigger, DateTimeTrigger)
    assert deferred.value.trigger.moment == clock.moment + timedelta(hours=24)
    (_, new) = ids(webwork)
    clock.moment += timedelta(hours=24)
    returned = getattr(rotation(), deferred.value.method_name)(context, event=None)
    assert ids(webwork) == [new]
    assert returned == {
        "endpoint": "payroll",
        "action": "rotated",
        "old_webhook_id": old,
        "webhook_id": new,
        "overlap_until": clock.moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    before = len(webwork.requests)
    assert rotation().execute(context) == {**returned, "action": "unchanged"}
    assert [request.method for request in webwork.requests[before:]] == []


def test_a_task_that_is_cleared_while_it_waits_waits_on(webwork, clock, a_run):
    context = a_run()
    moments = []
    for _ in range(2):
        with pytest.raises(TaskDeferred) as deferred:
            rotation().execute(context)
        moments.append(deferred.value.trigger.moment)
        clock.moment += timedelta(hours=1)
    assert moments[0] == moments[1]
    assert len(ids(webwork)) == 2


def test_the_rest_can_be_left_to_the_next_run(webwork, clock, a_run):
    (old,) = ids(webwork)
    first = rotation(finish="next_run", max_age=timedelta(days=7)).execute(a_run())
    clock.moment += timedelta(days=2)
    second = rotation(finish="next_run", max_age=timedelta(days=7)).execute(a_run())

    assert (first["action"], first["old_webhook_id"]) == ("started", old)
    assert (second["action"], second["webhook_id"]) == ("rotated", first["webhook_id"])
    assert ids(webwork) == [first["webhook_id"]]


def test_rekeying_needs_no_waiting(webwork, a_run):
    before = webwork.webhooks
    returned = rotation(strategy="rekey").execute(a_run())

    assert (returned["action"], returned["webhook_id"]) == ("rotated", before[0].id)
    assert ids(webwork) == [before[0].id]
    assert webwork.webhooks[0].url != before[0].url


def test_a_receiver_that_is_not_reached_is_left_to_the_retries_and_the_old_webhook_stays(webwork, a_run, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    old = ids(webwork)
    with pytest.raises(
        WebWorkTaskError, match=r"WebWorkUnprovenError: .*did not arrive: no answer \(ConnectionError\)"
    ):
        rotation(verify=True, overlap=timedelta()).execute(a_run())
    assert ids(webwork)[:1] == old


def test_what_cannot_be_rotated_fails_for_good(webwork, a_run):
    with pytest.raises(AirflowFailException, match="There is no endpoint 'nobody'"):
        rotation(endpoint="nobody").execute(a_run())
    with pytest.raises(AirflowFailException, match="no webhook nowhere"):
        rotation(endpoint=None, webhook_id="nowhere", token_variable="payroll_token").execute(a_run())
    with pytest.raises(AirflowFailException, match="that of endpoint 'payroll'"):
        rotation(endpoint=None, webhook_id=ids(webwork)[0], token_variable="payroll_token").execute(a_run())


def test_the_age_is_that_at_the_run(webwork, clock, a_run):
    context = a_run()
    clock.moment += timedelta(days=30)
    assert rotation(max_age=timedelta(days=10)).execute(context)["action"] == "unchanged"


ENDPOINT, OUTSIDE = {"endpoint": "payroll"}, {"webhook_id": "17", "token_variable": "payroll_token"}
MISUSE = [
    ({}, "needs exactly one of endpoint, webhook_id"),
    ({**ENDPOINT, **OUTSIDE}, "needs exactly one of endpoint, webhook_id"),
    ({"endpoint": "Payroll"}, "endpoint: .* is not a name"),
    ({"webhook_id": "17"}, "webhook_id and token_variable go together"),
    ({**ENDPOINT, "token_variable": "payroll_token"}, "webhook_id and token_variable go together"),
    ({**OUTSIDE, "token_variable": "payroll"}, "token_variable: .*'payroll_token'"),
    ({**OUTSIDE, "webhook_id": " "}, "webhook_id must be"),
    ({**OUTSIDE, "strategy": "rekey"}, "strategy='rekey' is for endpoints"),
    ({**ENDPOINT, "strategy": "swap"}, "strategy must be replace or rekey"),
    ({**ENDPOINT, "finish": "never"}, "finish must be wait or next_run"),
    ({**ENDPOINT, "overlap": timedelta(days=-1)}, "overlap must be a timedelta that is not negative"),
    ({**ENDPOINT, "overlap": 24}, "overlap must be a timedelta"),
    ({**ENDPOINT, "overlap": timedelta.max}, "overlap must be a timedelta .* at most 36500 days"),
    ({**ENDPOINT, "max_age": "7d"}, "max_age must be a timedelta"),
]


@pytest.mark.parametrize(("arguments", "text"), MISUSE)
def test_misuse_is_refused_when_the_dag_is_parsed_and_names_the_argument(arguments, text):
    with pytest.raises(ValueError, match=text):
        WebWorkRotateWebhookOperator(task_id="rotate", **arguments)


def test_every_argument_but_durations_and_switches_may_be_a_template():
    own = set(signature(WebWorkRotateWebhookOperator.__init__).parameters) | {"webwork_conn_id"}
    own -= set(signature(BaseOperator.__init__).parameters) | {"self", "kwargs", "max_age", "overlap", "verify"}
    assert own == set(WebWorkRotateWebhookOperator.template_fields)

    task = WebWorkRotateWebhookOperator(
        task_id="rotate",
        webhook_id="{{ id }}",
        token_variable="{{ name }}_token",
        strategy="{{ how }}",
        finish="{{ when }}",
        webwork_conn_id="webwork_{{ name }}",
    )
    task.render_template_fields({"id": "17", "name": "payroll", "how": "rekey", "when": "next_run"})
    assert (task.webhook_id, task.token_variable, task.webwork_conn_id) == ("17", "payroll_token", "webwork_payroll")
    assert (task.strategy, task.finish) == ("rekey", "next_run")


@pytest.mark.parametrize(
    ("rendered", "text"),
    [
        ({"strategy": "rekey"}, "is for endpoints"),
        ({"finish": "x"}, "finish must be"),
        ({"webhook_id": ""}, "webhook_id"),
    ],
)
def test_what_a_template_renders_is_checked_before_anything_is_sent(webwork, a_run, rendered, text):
    task = rotation(endpoint=None, **{**OUTSIDE, **dict.fromkeys(rendered, "{{ x }}")})
    for name, value in rendered.items():
        setattr(task, name, value)
    before = len(webwork.requests)
    with pytest.raises(AirflowFailException, match=text):
        task.execute(a_run())
    assert len(webwork.requests) == before


# Dags that really run.


def shorter(dag):
    """A day is too long for a test."""
    dag.get_task("rotate").partial_kwargs["overlap"] = timedelta(seconds=2)


def test_the_example_gives_every_endpoint_a_new_webhook(run_dag, webwork_simulator, receiver):
    run_dag("example_register_webhook")
    run_dag("mapped")
    old = {webhook.id: webhook.url for webhook in webwork_simulator.webhooks}

    first = run_dag("example_rotate_webhooks", change=shorter)

    assert set(first.states.values()) == {"success"}
    endpoints = WebWorkEventsHook().endpoints.list()
    returned = first.returned("rotate")
    assert [each["endpoint"] for each in returned] == [each.name for each in endpoints] == ["billing", "example"]
    assert {each["action"] for each in returned} == {"rotated"}
    assert {each["old_webhook_id"] for each in returned} == old.keys()
    assert sorted(ids(webwork_simulator)) == sorted(each["webhook_id"] for each in returned)
    assert not {webhook.url for webhook in webwork_simulator.webhooks} & set(old.values())


def test_the_token_of_somebody_elses_webhook_is_in_the_variable_before_the_old_webhook_goes(
    run_dag, webwork_log, webwork_simulator
):
    registered = run_dag("keep_the_token").returned("register")
    run = run_dag("rotate_for_others", run_conf={"webhook_id": registered["webhook_id"]})

    assert set(run.states.values()) == {"success"}
    (webhook,) = webwork_simulator.webhooks
    assert run.returned("rotate")["old_webhook_id"] == registered["webhook_id"] != webhook.id
    assert run.returned("use")["sha256"] == hashlib.sha256(webhook.token.encode()).hexdigest()


@pytest.fixture
def shown(capfd, caplog):
    """Returns what was printed and logged so far."""
    return lambda: "".join(capfd.readouterr()) + caplog.text


@pytest.mark.usefixtures("receiver")
def test_no_secret_of_a_rotation_is_anywhere(run_dag, webwork_simulator, webwork_log, airflow_database, shown):
    known = {}

    def look(dag=None):
        for webhook in webwork_simulator.webhooks:
            known[f"token of {webhook.id}"] = webhook.token.removeprefix("whsec_")
            known[f"key of {webhook.id}"] = webhook.url.rpartition("/")[2]
        if dag is not None:
            shorter(dag)

    run_dag("example_register_webhook")
    look()
    run_dag("example_rotate_webhooks", change=look)
    look()
    assert len(known) == 4
    kept = every_value(airflow_database)
    log_path = Path(webwork_log.url.removeprefix("sqlite:///"))
    log_database = every_value(log_path)
    places = {
        "Airflow's database": "".join(kept.values()),
        "rendered templates": kept["rendered_task_instance_fields"],
        "XComs": kept["xcom"],
        "the event log": "".join(log_database.values()),
        "the audit": log_database["audit"],
        "the files of the event log": every_file(log_path.parent),
        "what was logged": shown() + "".join(path.read_text() for path in airflow_database.parent.rglob("*.log")),
        "process arguments": command_lines(),
    }

    assert {name: seen for name, text in places.items() if (seen := found(known, text))} == {}
    # The search finds what is there: in each place something that is no secret, and a secret where it is put.
    (webhook,) = webwork_simulator.webhooks
    there = {"rendered templates": "webwork_default", "process arguments": "pytest"}
    for name, text in places.items():
        assert there.get(name, webhook.id) in text, name
        assert found(known, text + known[f"key of {webhook.id}"]) == {f"key of {webhook.id}"}
