"""The operator that calls one operation: what it returns, refuses, and never does twice by itself."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.operators.api import WebWorkCallOperator


def first_try(**values):
    return {"ti": SimpleNamespace(try_number=1, max_tries=0, **values)}


def call(operation, context=None, **options):
    return WebWorkCallOperator(task_id="call", operation=operation, **options).execute(context or first_try())


def paths(simulator):
    return [(each.method, each.path) for each in simulator.requests]


def test_it_returns_the_whole_answer(webwork_simulator):
    answer = call("getMember", arguments={"member_id": "7"})
    assert answer["success"] is True
    assert answer["data"]["id"] == 7


def test_webhooks_come_without_their_token(webwork_simulator):
    url = "https://receiver.example.com/hooks/a-key-that-nobody-should-see"
    created = call("createWebhook", arguments={"url": url, "events": ["tracker.started"]})
    (webhook,) = webwork_simulator.webhooks
    assert webhook.url == url
    assert webhook.token not in str(created)
    assert "a-key" not in str(created)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"operation": "getMembrs"}, "getMembers"),
        ({"operation": "getMember", "arguments": {"member": 7}}, "member_id"),
        ({"operation": "getMember"}, "member_id"),
    ],
)
def test_what_webwork_does_not_have_is_refused_for_good_with_the_nearest_name(webwork_simulator, options, named):
    with pytest.raises(AirflowFailException, match=named):
        call(**options)
    assert paths(webwork_simulator) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"operation": ""}, "operation"),
        ({"operation": 7}, "operation"),
        ({"operation": "getMembers", "arguments": ["status"]}, "arguments"),
        ({"operation": "getMembers", "arguments": {1: 2}}, "arguments"),
        ({"operation": "getMembers", "max_bytes": 0}, "max_bytes"),
    ],
)
def test_misuse_fails_when_the_dag_is_parsed(options, named):
    with pytest.raises(ValueError, match=named):
        WebWorkCallOperator(task_id="call", **options)


def test_an_answer_too_large_for_an_xcom_is_refused_with_what_to_use_instead(webwork_simulator):
    assert call("getMembers", max_bytes=100_000)["data"]
    with pytest.raises(AirflowFailException, match=r"max_bytes=200.*WebWorkExportOperator"):
        call("getMembers", max_bytes=200)
    with pytest.raises(AirflowFailException, match="WebWorkHook in a @task"):
        call("getMember", arguments={"member_id": 7}, max_bytes=200)
    assert len(paths(webwork_simulator)) == 3


def test_a_created_thing_with_too_large_an_answer_is_said_to_exist(webwork_simulator):
    with pytest.raises(AirflowFailException, match="has had its effect"):
        call("createProject", arguments={"name": "Project 9"}, max_bytes=10)
    assert "Project 9" in str(call("getProjects", arguments={"per_page": 100}))


def test_one_page_of_several_is_said_to_be_one(webwork_simulator, capfd):
    call("getMembers", arguments={"per_page": 100})
    assert "one page of" not in capfd.readouterr().out
    call("getMembers", arguments={"per_page": 5})
    assert "one page of 5. WebWorkExportOperator" in capfd.readouterr().out


def test_a_read_that_fails_is_left_to_the_retries_of_the_task(webwork_simulator):
    webwork_simulator.fault("getMembers", status=500)
    with pytest.raises(WebWorkTaskError):
        call("getMembers")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_creates_something_fails_for_good_and_says_so(webwork_simulator, when):
    webwork_simulator.fault("createProject", when=when, status=503)
    with pytest.raises(AirflowFailException, match="creates something, so the task is not retried"):
        call("createProject", arguments={"name": "Project 9"})
    assert paths(webwork_simulator) == [("POST", "/api/v2/projects")]


def test_a_call_that_creates_something_says_so_when_it_is_made(webwork_simulator, capfd):
    call("createProject", arguments={"name": "Project 9"})
    assert "createProject creates something: it is called once" in capfd.readouterr().out


# How Airflow counts: https://github.com/apache/airflow, airflow/models/taskinstance.py, clear_task_instances.
@pytest.mark.parametrize(
    ("try_number", "max_tries", "called"),
    [
        pytest.param(1, 3, True, id="first try"),
        pytest.param(2, 3, False, id="first retry"),
        pytest.param(4, 3, False, id="last retry"),
        pytest.param(2, 4, True, id="cleared after the first try"),
        pytest.param(5, 7, True, id="cleared after all retries"),
        pytest.param(6, 7, False, id="retry after it was cleared"),
    ],
)
def test_a_call_that_creates_something_is_not_made_by_a_retry_but_by_clearing(
    webwork_simulator, try_number, max_tries, called
):
    context = {"ti": SimpleNamespace(try_number=try_number, max_tries=max_tries)}
    options = {"arguments": {"name": "Project 9"}, "retries": 3}
    if called:
        assert call("createProject", context, **options)["data"]["name"] == "Project 9"
    else:
        with pytest.raises(AirflowFailException, match="clear the task"):
            call("createProject", context, **options)
    assert len(paths(webwork_simulator)) == called


def test_airflow_retries_a_read_and_never_a_call_that_creates_something(run_dag, webwork_simulator):
    webwork_simulator.fault("createProject", when="after", status=500, times=3)
    webwork_simulator.fault("getMembers", status=500)

    run = run_dag("retried_calls")

    assert run.states == {"create": "failed", "read": "success"}
    assert sorted(paths(webwork_simulator)) == [
        ("GET", "/api/v2/members"),
        ("GET", "/api/v2/members"),
        ("POST", "/api/v2/projects"),
    ]
    assert str(call("getProjects", arguments={"per_page": 100})).count("retried_calls") == 1


def test_a_call_that_creates_something_is_made_again_once_airflow_has_cleared_its_task(run_dag, webwork_simulator):
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.utils.session import create_session

    run = run_dag("retried_calls")
    with warnings.catch_warnings(), create_session() as session:
        warnings.simplefilter("ignore")  # Airflow warns about its own ways
        found = session.query(TaskInstance).filter_by(run_id=run.run.run_id, task_id="create").one()
        clear_task_instances([found], session)
        cleared, retried = (
            {"ti": SimpleNamespace(try_number=found.try_number + more, max_tries=found.max_tries)} for more in (1, 2)
        )

    assert call("createProject", cleared, arguments={"name": "Project 9"}, retries=2)["success"] is True
    with pytest.raises(AirflowFailException, match="clear the task"):
        call("createProject", retried, arguments={"name": "Project 9"}, retries=2)


def test_the_example_that_calls_an_operation_uses_its_answer(run_dag, webwork_simulator):
    run = run_dag("example_call_api")

    assert run.states == {"project": "success", "report": "success"}
    assert [each.path for each in webwork_simulator.requests] == ["/api/v2/projects/1"]
    assert run.returned("project")["data"]["name"] == "Project 1"
