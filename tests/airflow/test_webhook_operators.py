"""The webhook operators: what they take, what they return, how they fail."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from inspect import signature
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.operators.rotation import WebWorkRotateWebhookOperator
from airflow_provider_webwork.operators.webhooks import (
    WebWorkCreateWebhookOperator,
    WebWorkDeleteWebhookOperator,
    WebWorkUpdateWebhookOperator,
)

EVENTS = ["tracker.started", "tracker.stopped"]
URL = "https://receiver.example.com/x"
OTHER = "https://receiver.example.com/other"
AT_ONCE = timedelta()


def run(operator, **arguments):
    """Run an operator as a task of a new Dag run would, and return what it returns."""
    return operator(task_id="task", **arguments).execute(a_run())


def a_run():
    """Return what a task knows of its Dag run."""
    ti = SimpleNamespace(dag_id="dag", run_id="run", task_id="task", map_index=-1)
    return {"ti": ti, "dag_run": SimpleNamespace(run_after=datetime.now(UTC))}


def create(**arguments):
    return run(WebWorkCreateWebhookOperator, **{"events": EVENTS, **arguments})


def update(**arguments):
    return run(WebWorkUpdateWebhookOperator, **arguments)


def delete(**arguments):
    return run(WebWorkDeleteWebhookOperator, **arguments)


@pytest.fixture
def webwork(webwork_log, webwork_simulator):
    return webwork_simulator


def test_the_webhook_of_an_endpoint_from_its_making_to_its_end(webwork):
    made = create(endpoint="payroll")
    (webhook,) = webwork.webhooks
    known = {"webhook_id": webhook.id, "endpoint": "payroll"}

    assert made == {**known, "action": "created", "events": EVENTS}
    assert create(endpoint="payroll") == {**known, "action": "unchanged", "events": EVENTS}
    assert create(endpoint="payroll", events=EVENTS[:1]) == {**known, "action": "repaired", "events": EVENTS[:1]}
    assert update(endpoint="payroll", events=EVENTS) == {**known, "action": "updated", "events": EVENTS}
    assert update(endpoint="payroll", events=EVENTS) == {**known, "action": "unchanged", "events": EVENTS}
    assert delete(endpoint="payroll") == {**known, "action": "deleted", "events": EVENTS}
    assert delete(endpoint="payroll") == {
        "webhook_id": None,
        "endpoint": "payroll",
        "action": "missing",
        "events": [],
    }
    assert webwork.webhooks == ()


def test_the_webhook_of_a_url_from_its_making_to_its_end(webwork):
    made = create(url=URL)
    (webhook,) = webwork.webhooks
    known = {"webhook_id": webhook.id, "endpoint": None}

    assert made == {**known, "action": "created", "events": EVENTS}
    assert create(url=URL) == {**known, "action": "adopted", "events": EVENTS}
    assert create(url=URL, events={"tracker.stopped"}) == {**known, "action": "repaired", "events": ["tracker.stopped"]}
    assert update(webhook_id=webhook.id, url=f"{URL}/y") == {
        **known,
        "action": "updated",
        "events": ["tracker.stopped"],
    }
    assert update(url=f"{URL}/y", events=["tracker.stopped"])["action"] == "unchanged"
    assert delete(url=URL)["action"] == "missing"
    assert delete(url=f"{URL}/y") == {**known, "action": "deleted", "events": ["tracker.stopped"]}
    assert delete(webhook_id=webhook.id) == {**known, "action": "missing", "events": []}


def test_white_space_around_a_url_makes_no_second_webhook(webwork):
    made = create(url=f"{URL}\n")
    (webhook,) = webwork.webhooks

    assert webhook.url == URL
    assert create(url=f" {URL}") == {**made, "action": "adopted"}
    assert update(url=f"\t{URL} ", events=EVENTS)["action"] == "unchanged"
    assert update(webhook_id=webhook.id, url=f"{URL}\r\n")["action"] == "unchanged"
    assert delete(url=f"{URL}\n")["action"] == "deleted"


def test_what_a_task_returns_and_logs_is_without_secrets(webwork, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    returned = [create(endpoint="payroll"), create(url=URL), create(url=URL, on_conflict="replace")]
    secrets = [webwork.token, *(webhook.token for webhook in webwork.webhooks)]
    secrets += [webhook.url.rpartition("/")[2] for webhook in webwork.webhooks if "/hooks/" in webhook.url]
    assert len(secrets) == 4
    returned += [update(endpoint="payroll", events=EVENTS[:1]), delete(endpoint="payroll"), delete(url=URL)]

    shown = json.dumps(returned) + caplog.text + capsys.readouterr().out
    assert f"Webhook {returned[0]['webhook_id']}: created" in shown
    assert [each["action"] for each in returned] == ["created", "created", "created", "updated", "deleted", "deleted"]
    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (WebWorkCreateWebhookOperator, {"endpoint": "payroll", "events": EVENTS}),
        *(
            (WebWorkCreateWebhookOperator, {"url": URL, "events": EVENTS, "on_conflict": on_conflict})
            for on_conflict in ("adopt", "replace", "fail")
        ),
        (WebWorkUpdateWebhookOperator, {"endpoint": "billing", "events": EVENTS[:1]}),
        (WebWorkUpdateWebhookOperator, {"url": OTHER, "events": EVENTS[:1]}),
        (WebWorkUpdateWebhookOperator, {"webhook_id": None, "url": f"{OTHER}/moved", "events": EVENTS[:1]}),
        (WebWorkDeleteWebhookOperator, {"endpoint": "billing"}),
        (WebWorkDeleteWebhookOperator, {"url": OTHER}),
        (WebWorkDeleteWebhookOperator, {"webhook_id": None}),
        *(
            (WebWorkRotateWebhookOperator, {"endpoint": "billing", "overlap": AT_ONCE, "verify": False, **more})
            for more in ({}, {"strategy": "rekey"}, {"max_age": AT_ONCE}, {"finish": "next_run"})
        ),
        (
            WebWorkRotateWebhookOperator,
            {"endpoint": "billing", "overlap": timedelta(hours=24), "finish": "next_run", "verify": False},
        ),
        (WebWorkRotateWebhookOperator, {"webhook_id": None, "token_variable": "other_token", "overlap": AT_ONCE}),
    ],
)
def test_a_task_that_is_cleared_after_it_succeeded_changes_nothing_at_webwork(
    webwork, operator, arguments, monkeypatch
):
    monkeypatch.setattr("airflow_provider_webwork.operators.rotation.keep_token", lambda *_: None)
    create(endpoint="billing")
    other = create(url=OTHER)["webhook_id"]
    if "webhook_id" in arguments:
        arguments = {**arguments, "webhook_id": other}
    task, context, at_first = operator(task_id="task", **arguments), a_run(), webwork.webhooks
    task.execute(context)
    assert webwork.webhooks != at_first, "the task did something"
    webhooks, before = webwork.webhooks, len(webwork.requests)
    operator(task_id="task", **arguments).execute(context)

    assert {request.method for request in webwork.requests[before:]} <= {"GET"}
    assert webwork.webhooks == webhooks


@pytest.mark.parametrize("fault", [{"status": 400}, {"kind": "html"}], ids=str)
def test_an_error_holds_no_secret(webwork, fault):
    create(endpoint="payroll")
    (webhook,) = webwork.webhooks
    secrets = [webwork.token, webhook.token, webhook.url.rpartition("/")[2]]
    webwork.fault("updateWebhook", **fault)

    with pytest.raises(AirflowFailException) as failed:
        create(endpoint="payroll", events=EVENTS[:1])

    error, texts = failed.value, []
    while error is not None:
        texts.append(repr(error))
        error = error.__cause__ or error.__context__
    assert len(texts) >= 2
    assert not [secret for secret in secrets if secret in "".join(texts)]


def test_a_missing_webhook_can_be_an_error(webwork):
    for arguments in ({"endpoint": "payroll"}, {"webhook_id": "nowhere"}, {"url": URL}):
        with pytest.raises(AirflowFailException, match=r"no endpoint 'payroll'|no webhook"):
            delete(**arguments, ignore_missing=False)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 401}, AirflowFailException),
        ({"status": 403}, AirflowFailException),
        ({"status": 400}, AirflowFailException),
        ({"kind": "html"}, AirflowFailException),
        ({"status": 429, "retry_after": 1000}, WebWorkTaskError),
        ({"status": 500}, WebWorkTaskError),
    ],
    ids=str,
)
def test_what_trying_again_cannot_mend_fails_for_good_and_the_rest_is_left_to_the_retries(webwork, fault, error):
    webwork.fault("getWebhooks", **fault)

    with pytest.raises(error, match=r"^WebWork\w+Error: .*/webhooks") as failed:
        create(endpoint="payroll")
    assert type(failed.value) is error
    assert create(endpoint="payroll")["action"] == "created"


def test_an_event_log_that_is_away_is_left_to_the_retries(webwork, webwork_log, tmp_path):
    (tmp_path / "webwork_events.db").mkdir()

    with pytest.raises(WebWorkTaskError, match=r"event log .* is not available"):
        create(endpoint="payroll")


def test_a_connection_that_does_not_exist_is_one_clear_sentence(webwork):
    with pytest.raises(AirflowFailException, match=r"There is no connection 'nowhere'\. Make one of type webwork"):
        create(url=URL, webwork_conn_id="nowhere")


def test_an_endpoint_needs_to_know_where_the_receiver_is(webwork, monkeypatch):
    monkeypatch.delenv("AIRFLOW__WEBWORK__RECEIVER_BASE_URL")

    with pytest.raises(AirflowFailException, match=r"\[webwork\] receiver_base_url is not set"):
        create(endpoint="payroll")


def test_a_connection_without_a_workspace_says_what_is_missing(webwork, connection):
    connection({"host": webwork.base_url_v2, "password": webwork.token})

    with pytest.raises(AirflowFailException, match=r"workspace_id.*connection"):
        create(url=URL)


def test_api_v1_works_as_well(webwork_log, webwork_simulator, connection):
    webwork = webwork_simulator
    connection(
        {
            "host": webwork.base_url_v1,
            "login": webwork.login,
            "password": webwork.password,
            "extra": {"api_version": "v1"},
        }
    )

    assert create(endpoint="payroll")["action"] == "created"
    assert create(endpoint="payroll")["action"] == "unchanged"
    assert delete(webhook_id="nowhere")["action"] == "missing"
    assert delete(endpoint="payroll")["action"] == "deleted"
    assert webwork.webhooks == ()


OUTSIDE = {"url": URL, "events": EVENTS}
MISUSE = [
    (WebWorkCreateWebhookOperator, {"events": EVENTS}, "endpoint, url"),
    (WebWorkCreateWebhookOperator, {"events": EVENTS, "endpoint": "payroll", "url": URL}, "endpoint, url"),
    *(
        (WebWorkCreateWebhookOperator, {"endpoint": "payroll", "events": events}, "events must be a list")
        for events in ([], (), set(), None, "tracker.started", ["tracker.started", ""], [7], [None], 7)
    ),
    *(
        (WebWorkCreateWebhookOperator, {"endpoint": name, "events": EVENTS}, "endpoint: .* is not a name")
        for name in ("", "Payroll", "7payroll", "pay roll", "a" * 64, "pay/roll", "payroll\n", 7)
    ),
    *(
        (WebWorkCreateWebhookOperator, {"url": url, "events": EVENTS}, "url must be the full URL")
        for url in ("", "receiver.example.com", "/hooks/x", "ftp://receiver.example.com", "https://", "http://[", 7)
    ),
    *(
        (WebWorkCreateWebhookOperator, {"url": url, "events": EVENTS}, "url .* without white space")
        for url in (f"{URL}/a b", f"{URL}\n{URL}", "https://receiver.example.com\t/x")
    ),
    (WebWorkCreateWebhookOperator, {**OUTSIDE, "token_variable": "payroll"}, "token_variable: .*'payroll_token'"),
    (WebWorkCreateWebhookOperator, {**OUTSIDE, "token_variable": ""}, "token_variable must be"),
    (
        WebWorkCreateWebhookOperator,
        {"endpoint": "payroll", "events": EVENTS, "token_variable": "my_token"},
        "token_variable goes with url",
    ),
    (WebWorkCreateWebhookOperator, {**OUTSIDE, "on_conflict": "ignore"}, "on_conflict must be adopt, replace or fail"),
    (WebWorkUpdateWebhookOperator, {"events": EVENTS}, "endpoint, webhook_id, url"),
    (WebWorkUpdateWebhookOperator, {"url": URL}, "give events, or url with webhook_id, or both"),
    (WebWorkUpdateWebhookOperator, {"endpoint": "a", "webhook_id": "b", "events": EVENTS}, "endpoint, webhook_id"),
    (WebWorkUpdateWebhookOperator, {"endpoint": "a"}, "give events, or url with webhook_id"),
    (WebWorkUpdateWebhookOperator, {"endpoint": "a", "url": URL}, "url goes with webhook_id"),
    (WebWorkUpdateWebhookOperator, {"webhook_id": "b", "events": []}, "events must be a list"),
    (WebWorkUpdateWebhookOperator, {"webhook_id": "b", "url": "x"}, "url must be the full URL"),
    (WebWorkDeleteWebhookOperator, {}, "endpoint, webhook_id, url"),
    (WebWorkDeleteWebhookOperator, {"endpoint": "a", "webhook_id": "b"}, "endpoint, webhook_id, url"),
    (WebWorkDeleteWebhookOperator, {"webhook_id": "b", "url": URL}, "endpoint, webhook_id, url"),
    (WebWorkDeleteWebhookOperator, {"endpoint": "A"}, "endpoint: .* is not a name"),
    *((WebWorkDeleteWebhookOperator, {"webhook_id": wrong}, "webhook_id must be") for wrong in ("", " ", True, "None")),
    (WebWorkUpdateWebhookOperator, {"webhook_id": "", "events": EVENTS}, "webhook_id must be"),
]


@pytest.mark.parametrize(("operator", "arguments", "text"), MISUSE)
def test_misuse_is_refused_when_the_dag_is_parsed_and_names_the_argument(operator, arguments, text):
    with pytest.raises(ValueError, match=text):
        operator(task_id="task", **arguments)


@dataclass(frozen=True)
class Template:
    """What an argument is when it is written down, and what it is once rendered."""

    written: object
    rendered: object


CONTEXT = {"name": "payroll", "event": "tracker.stopped"}
TEMPLATES = {
    "endpoint": Template("{{ name }}", "payroll"),
    "webhook_id": Template("id-of-{{ name }}", "id-of-payroll"),
    "url": Template("https://receiver.example.com/{{ name }}", "https://receiver.example.com/payroll"),
    "events": Template(["tracker.started", "{{ event }}"], EVENTS),
    "token_variable": Template("{{ name }}_token", "payroll_token"),
    "on_conflict": Template("{% if name %}replace{% endif %}", "replace"),
    "webwork_conn_id": Template("webwork_{{ name }}", "webwork_payroll"),
}
USES = [
    (WebWorkCreateWebhookOperator, ("endpoint", "events", "webwork_conn_id")),
    (WebWorkCreateWebhookOperator, ("url", "events", "token_variable", "on_conflict", "webwork_conn_id")),
    (WebWorkUpdateWebhookOperator, ("endpoint", "events", "webwork_conn_id")),
    (WebWorkUpdateWebhookOperator, ("webhook_id", "url", "events", "webwork_conn_id")),
    (WebWorkUpdateWebhookOperator, ("url", "events", "webwork_conn_id")),
    (WebWorkDeleteWebhookOperator, ("endpoint", "webwork_conn_id")),
    (WebWorkDeleteWebhookOperator, ("webhook_id", "webwork_conn_id")),
    (WebWorkDeleteWebhookOperator, ("url", "webwork_conn_id")),
]


@pytest.mark.parametrize(("operator", "names"), USES)
def test_every_argument_may_be_a_template_and_is_rendered(operator, names):
    task = operator(task_id="task", **{name: TEMPLATES[name].written for name in names})

    task.render_template_fields(CONTEXT)

    assert {name: getattr(task, name) for name in names} == {name: TEMPLATES[name].rendered for name in names}


@pytest.mark.parametrize("operator", sorted({operator for operator, _ in USES}, key=lambda each: each.__name__))
def test_every_argument_but_switches_is_a_template_field(operator):
    own = set(signature(operator.__init__).parameters) | {"webwork_conn_id"}
    own -= set(signature(BaseOperator.__init__).parameters) | {"self", "kwargs", "ignore_missing"}

    assert own == set(operator.template_fields)
    assert own == {name for each, names in USES if each is operator for name in names}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"endpoint": "{{ name }} of ours"}, "endpoint: 'payroll of ours' is not a name"),
        ({"url": "{{ name }}"}, "url must be the full URL"),
        ({"url": URL, "token_variable": "{{ name }}"}, "token_variable"),
        ({"url": URL, "on_conflict": "{{ name }}"}, "on_conflict must be"),
        ({"url": URL, "events": ["{{ nothing }}"]}, "events must be a list"),
        ({"url": URL, "events": "{{ event }}"}, "events must be a list"),
    ],
)
def test_what_a_template_renders_is_checked_before_anything_is_sent(webwork, arguments, text):
    task = WebWorkCreateWebhookOperator(task_id="task", **{"events": EVENTS, **arguments})
    task.render_template_fields({**CONTEXT, "nothing": ""})

    with pytest.raises(AirflowFailException, match=text):
        task.execute({})
    assert webwork.requests == ()


@pytest.mark.parametrize("rendered", ["", "None", None])
def test_an_id_that_a_template_renders_to_nothing_is_no_success(webwork, rendered):
    task = WebWorkDeleteWebhookOperator(task_id="task", webhook_id="{{ made.webhook_id }}")
    task.webhook_id = rendered

    with pytest.raises(AirflowFailException):
        task.execute({})
    assert webwork.requests == ()


def test_an_id_may_come_as_a_number_from_a_template(monkeypatch):
    (webhook,) = known = [Webhook(id="17", url=URL, events=("tracker.started",), token=None)]
    webhooks = Mock(list=lambda: iter(known), get=lambda _: webhook)
    monkeypatch.setattr("airflow_provider_webwork.hooks.webwork.WebWorkHook.webhooks", webhooks)

    assert update(webhook_id=17, events=EVENTS)["action"] == "updated"
    assert delete(webhook_id=17)["action"] == "deleted"
    webhooks.delete.assert_called_once_with("17")


def test_a_token_that_webwork_does_not_show_is_said(webwork, monkeypatch, caplog, capsys):
    monkeypatch.setattr("airflow_provider_webwork.api.webhooks._webhook", without_token)

    made = create(url=URL, token_variable="payroll_token")

    shown = caplog.text + capsys.readouterr().out
    assert f"does not show the token of webhook {made['webhook_id']}: Variable payroll_token stays" in shown


def without_token(record, **_):
    return Webhook(id=record["id"], url=record["url"], events=tuple(record["events"]), token=None)


def test_a_list_of_events_may_come_from_a_template_as_a_whole(webwork):
    task = WebWorkCreateWebhookOperator(task_id="task", endpoint="payroll", events="{{ all_events }}")
    task.events = EVENTS  # as a Dag with render_template_as_native_obj renders it

    assert task.execute({})["events"] == EVENTS
