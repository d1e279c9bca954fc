"""Dags that really run: the examples, mapped webhooks, tokens in Variables, and no secret anywhere."""

from __future__ import annotations

import hashlib

import pytest


def test_the_example_that_registers_a_webhook_does_so_once(run_dag, webwork_log, webwork_simulator):
    first, second = run_dag("example_register_webhook"), run_dag("example_register_webhook")

    (webhook,) = webwork_simulator.webhooks
    assert webhook.events == ("tracker.started", "tracker.stopped")
    assert first.returned("register") == {
        "webhook_id": webhook.id,
        "endpoint": "example",
        "action": "created",
        "events": ["tracker.started", "tracker.stopped"],
    }
    assert second.returned("register") == {**first.returned("register"), "action": "unchanged"}


def test_the_example_that_waits_gets_the_event(run_dag, webwork_log):
    webwork_log.add("tracker.stopped", user_id=8)
    wanted = webwork_log.add("tracker.stopped", user_id=7)
    webwork_log.add("tracker.stopped", user_id=7)

    run = run_dag("example_wait_for_event")

    assert run.states == {"wait": "success", "report": "success"}
    assert run.returned("wait") == [wanted]


def test_the_example_that_waits_waits_for_as_many_events_as_its_param_says(run_dag, webwork_log):
    wanted = [webwork_log.add("tracker.stopped", user_id=7) for _ in range(3)]

    run = run_dag("example_wait_for_event", run_conf={"min_events": 2, "since": "beginning"})

    assert run.returned("wait") == wanted[:2]


def test_the_example_that_processes_events_does_each_once(run_dag, webwork_log):
    webwork_log.consumer("example")
    wanted = [webwork_log.add("tracker.stopped", user_id=number) for number in range(3)]
    webwork_log.add("tracker.started", user_id=7)

    first, second = run_dag("example_process_events"), run_dag("example_process_events")

    assert first.returned("claim") == wanted
    assert first.states == {"claim": "success", **{f"process[{number}]": "success" for number in range(3)}}
    assert second.states == {"claim": "skipped", "process": "skipped"}


def test_the_continuous_example_processes_one_batch_after_the_other(run_dag, webwork_log):
    webwork_log.consumer("example_continuous")
    wanted = [webwork_log.add(f"tracker.{what}", user_id=7) for what in ("started", "stopped")]

    assert run_dag("example_process_events_continuous").returned("claim") == wanted
    wanted = webwork_log.add("tracker.started", user_id=8)
    assert run_dag("example_process_events_continuous").returned("claim") == [wanted]


def test_sensors_go_on_where_the_one_before_them_stopped(run_dag, webwork_log):
    webwork_log.add("tracker.stopped", user_id=7)
    first = webwork_log.add("tracker.started", user_id=7)
    second = webwork_log.add("tracker.stopped", user_id=8)
    webwork_log.add("tracker.started", user_id=7)
    third = webwork_log.add("member.invited", user_id=8)

    run = run_dag("one_after_the_other")

    assert [run.returned(task) for task in ("first", "second", "third")] == [[first], [second], [third]]


def test_the_token_of_somebody_elses_webhook_is_kept_in_a_variable(run_dag, webwork_simulator):
    run = run_dag("keep_the_token")

    (webhook,) = webwork_simulator.webhooks
    assert webhook.url == "https://receiver.example.com/keep_the_token"
    assert run.returned("register")["action"] == "created"
    assert run.returned("use")["sha256"] == hashlib.sha256(webhook.token.encode()).hexdigest()
    assert run_dag("keep_the_token").returned("register")["action"] == "adopted"


def test_webhooks_can_be_mapped(run_dag, webwork_log, webwork_simulator):
    run = run_dag("mapped")

    assert set(run.states.values()) == {"success"}
    assert [made["endpoint"] for made in run.returned("register")] == ["payroll", "billing"]
    assert [changed["action"] for changed in run.returned("narrow")] == ["updated", "updated"]
    assert [webhook.events for webhook in webwork_simulator.webhooks] == [("tracker.stopped",)]


def test_webhooks_and_sensors_can_be_in_mapped_task_groups(run_dag, webwork_log, webwork_simulator):
    for team in ("billing", "payroll"):
        webwork_log.add("tracker.started", team=team)

    run = run_dag("mapped_group")

    assert set(run.states.values()) == {"success"}
    assert len(webwork_simulator.webhooks) == 2


@pytest.mark.usefixtures("webwork_log")
def test_no_secret_is_in_the_metadata_database_or_in_the_logs(
    run_dag, webwork_simulator, airflow_database, capfd, caplog
):
    run_dag("example_register_webhook")
    run_dag("keep_the_token")
    ours, others = webwork_simulator.webhooks
    secrets = [webwork_simulator.token, ours.token, others.token, ours.url.rpartition("/")[2]]
    assert all(len(secret) >= 20 for secret in secrets)

    stored = b"".join(path.read_bytes() for path in airflow_database.parent.glob("airflow.db*"))
    logged = "".join(path.read_text() for path in airflow_database.parent.rglob("*.log"))
    shown = "".join(capfd.readouterr()) + caplog.text + logged
    assert b"payroll_webhook_token" in stored
    assert ours.id in shown
    assert [secret for secret in secrets if secret in shown or secret.encode() in stored] == []
