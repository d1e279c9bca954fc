"""`airflow webwork doctor` as people and monitoring run it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from airflow_provider_webwork import __version__
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.lifecycle.doctor.examination import CHECKS
from tests.airflow.commands import in_process
from tests.server.canaries import found

__all__ = ["in_process"]

EVENTS = "tracker.started,tracker.stopped"


@pytest.fixture
def well(in_process, webwork_simulator, webwork_log, receiver):
    """Where all is well: a connection, a log, a receiver at the public URL, and an endpoint with its webhook."""
    made = in_process("webwork", "endpoints", "create", "payroll", "--events", EVENTS)
    assert made.code == 0, made.err
    return webwork_simulator


@pytest.fixture
def doctor(in_process, webwork_simulator):
    """Run the doctor; whatever it prints, no secret is in it."""

    def run(*arguments: str):
        known = {"token": webwork_simulator.token}
        for webhook in webwork_simulator.webhooks:
            known[f"token of {webhook.id}"] = webhook.token.removeprefix("whsec_")
            known[f"key of {webhook.id}"] = webhook.url.rpartition("/")[2]
        ended = in_process("webwork", "doctor", *arguments)
        assert found(known, ended.out + ended.err) == set()
        assert found(known, ended.out + "".join(known.values())) == known.keys(), "the search finds what is there"
        return ended

    return run


def test_where_all_is_well_the_exit_code_is_0(well, doctor):
    ended = doctor()

    assert (ended.code, ended.err) == (0, "")
    *lines, empty, summary = ended.out.splitlines()
    assert [line for line in lines if not line.startswith("good ")] == []
    assert (empty, summary) == ("", f"{len(lines)} good.")
    assert f"airflow-provider-webwork {__version__}, Airflow 3." in lines[0]
    assert "\x1b" not in ended.out


def test_what_is_wrong_fails_the_command_and_fix_mends_it(well, doctor):
    (webhook,) = well.webhooks
    hook = WebWorkEventsHook()
    endpoint = hook.endpoints.get("payroll")
    WebWorkHook().update_webhook(webhook.id, events=["member.invited"])
    wrong, fixed, again = doctor(), doctor("--fix"), doctor()

    assert [ended.code for ended in (wrong, fixed, again)] == [1, 0, 0]
    about = [line.split(maxsplit=2) for line in wrong.out.splitlines() if line.startswith("wrong ")]
    assert [words[1] for words in about] == ["webhooks"]
    assert f"-> `airflow webwork endpoints create payroll --events {EVENTS}`" in wrong.out
    assert f"the webhook of endpoint payroll is {webhook.id} (repaired)." in fixed.out
    assert well.webhooks == (webhook,)
    assert hook.endpoints.get("payroll").key_hashes == endpoint.key_hashes


def test_warnings_do_not_fail_the_command(well, doctor):
    WebWorkEventsHook().endpoints.open("billing", now=datetime.now(UTC))
    ended = doctor()

    assert ended.code == 0
    assert ended.out.splitlines()[-1].endswith("1 warning.")


def test_programs_read_one_object(well, doctor):
    answer = doctor("--json").answer

    assert answer.keys() == {"well", "findings"}
    assert answer["well"] is True
    assert {json.dumps([*finding]) for finding in answer["findings"]} == {'["check", "verdict", "text", "remedy"]'}
    assert [*dict.fromkeys(finding["check"] for finding in answer["findings"])] == [check.name for check in CHECKS]
    assert {finding["verdict"] for finding in answer["findings"]} == {"good"}


def test_colours_are_for_terminals_and_for_those_who_want_them(well, doctor, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    on_a_terminal = doctor().out
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b[32mgood" in on_a_terminal
    assert "\x1b" not in doctor().out


def test_nobody_drives_the_terminal_of_who_asks_the_doctor(doctor, monkeypatch):
    monkeypatch.setattr(WebWorkHook, "test_connection", lambda _: (True, "Workspace Eve\x1b[2J, as Owner."))

    assert r"Workspace Eve\x1b[2J, as Owner." in doctor().out


def test_the_batch_of_a_run_that_airflow_does_not_have_is_wrong(well, webwork_log, doctor):
    webwork_log.consumer("payroll")
    webwork_log.add("tracker.started")
    WebWorkEventsHook().claims.claim("payroll", "dag/run/claim/-1", limit=1)
    (finding,) = [each for each in doctor("--json").answer["findings"] if each["verdict"] != "good"]

    assert (finding["check"], finding["verdict"]) == ("batches", "wrong")
    assert "the oldest is that of dag/run/claim/-1 (deleted)." in finding["text"]


def test_nothing_set_up_yet_is_told_line_by_line(in_process, airflow_database, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    ended = in_process("webwork", "doctor", "--json")
    findings = {finding["check"]: finding for finding in ended.answer["findings"]}

    assert ended.code == 1
    assert findings["connection"]["text"].startswith("There is no connection 'webwork_default'.")
    assert "Run `airflow webwork db upgrade`" in findings["migrations"]["text"]
    assert {findings[name]["verdict"] for name in ("rights", "receivers", "webhooks", "batches")} == {"skipped"}


def test_where_webwork_is_to_call_must_be_known(well, doctor, monkeypatch):
    monkeypatch.delenv("AIRFLOW__WEBWORK__RECEIVER_BASE_URL")
    ended = doctor("--json")
    wrong = [each for each in ended.answer["findings"] if each["verdict"] != "good"]

    assert (ended.code, [each["check"] for each in wrong]) == (1, ["webhooks", "reach"])
    assert all(each["text"].startswith("[webwork] receiver_base_url is not set") for each in wrong)


def test_options_that_cannot_be_read_are_told(in_process, airflow_database, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__POLL_INTERVAL", "often")
    ended = in_process("webwork", "doctor", "--json")

    assert ended.code == 1
    assert "poll_interval" in next(each["text"] for each in ended.answer["findings"] if each["check"] == "event log")


def test_a_real_command_says_by_its_exit_code_whether_all_is_well(well, run_python):
    good = run_python("-m", "airflow", "webwork", "doctor", "--json")
    well.fault("getWorkspaces", status=401, times=9)
    wrong = run_python("-m", "airflow", "webwork", "doctor", "--json")
    usage = run_python("-m", "airflow", "webwork", "doctor", "--help")

    assert (good.returncode, json.loads(good.stdout)["well"]) == (0, True), good.stdout + good.stderr
    assert (wrong.returncode, json.loads(wrong.stdout)["well"]) == (1, False)
    assert "exit code 1" in " ".join(usage.stdout.split())
