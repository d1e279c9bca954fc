"""The doctor finds what is wrong, says what to do, and one failure hides no other."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.exc import OperationalError

from airflow_provider_webwork.api.auth import BearerAuth
from airflow_provider_webwork.api.client import Client
from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.receivers import ABSENT_AFTER
from airflow_provider_webwork.events.restoring import Restoring
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.lifecycle.doctor import consumers, endpoints, webwork
from airflow_provider_webwork.lifecycle.doctor.examination import CHECKS, examine
from airflow_provider_webwork.lifecycle.doctor.finding import Verdict
from airflow_provider_webwork.secrets import Vault
from tests.unit.lifecycle.conftest import NOW
from tests.unit.lifecycle.examined import examined

__all__ = ["examined"]

ALL = [check.name for check in CHECKS]


def verdicts(findings):
    return [(finding.check, finding.verdict) for finding in findings]


def with_client(examined, **changes):
    """Let the connection have other settings."""
    settings = replace(examined.client.settings, retry=RetryPolicy(attempts=1), **changes)
    return replace(examined, client=Client(settings))


def test_where_all_is_well_every_line_is_good(examined):
    findings = examined.found()

    assert [finding.text for finding in findings if finding.verdict != "good"] == []
    assert list(dict.fromkeys(finding.check for finding in findings)) == ALL
    webhook, texts = examined.workspace.only, [finding.text for finding in findings]
    assert f"The event log {examined.store.name} can be reached." in texts
    assert "The clock of this machine agrees with that of WebWork." in texts
    assert "Deliveries of our own to https://hooks.example.com/webwork arrived at payroll." in texts
    assert f"Endpoint payroll has its webhook {webhook.id}, for tracker.started, tracker.stopped." in texts


def test_looking_changes_nothing_at_webwork(examined):
    assert examined.workspace.writes(examined.found) == []
    assert examined.workspace.writes(lambda: examined.found(fix=True)) == [], "nothing is wrong"


def test_v1_is_looked_at_as_well(connect, shared_simulator, examined):
    workspace = connect(shared_simulator, version="v1")
    workspace.clock.moment = examined.now()
    workspace.lifecycle.ensure("payroll", events=["tracker.started"])
    old = replace(
        examined,
        workspace=workspace,
        client=workspace.client,
        store=workspace.store,
        vault=workspace.vault,
        rotations=workspace.rotations,
    )
    old.beat()
    assert old.bad() == []

    workspace.webhooks.create(url=workspace.lifecycle.url("x" * 43), events=["tracker.started"])
    (orphan,) = old.bad()
    assert orphan.remedy.startswith("`airflow webwork call v1DeleteWebhook ")


# WebWork.


def test_a_connection_that_does_not_sign_in_is_wrong_and_what_needs_it_is_skipped(examined):
    findings = replace(examined, signed_in=(False, "WebWork does not accept the token.")).bad()

    assert verdicts(findings) == [
        ("connection", "wrong"),
        ("rights", "skipped"),
        ("clock", "skipped"),
        ("webhooks", "skipped"),
        ("reach", "skipped"),
    ]
    assert findings[0].text == "WebWork does not accept the token."
    assert [finding.text for finding in findings[1:]] == [
        "Not looked at, because of: connection.",
        "Not looked at, because of: rights.",
        "Not looked at, because of: rights.",
        "Not looked at, because of: rights.",
    ]


def test_a_connection_without_a_workspace_is_wrong(examined):
    (finding,) = with_client(examined, workspace_id=None).about("connection")

    assert (finding.verdict, finding.remedy) == (
        "wrong",
        "Put workspace_id into the extra of connection 'webwork_default'.",
    )


def test_an_account_that_may_not_manage_webhooks_is_wrong(examined):
    members = examined.client.iterate("getMembers")
    of_role = {member["current_role"]: member["id"] for member in members}
    tokens = [examined.workspace.simulator.token_of(of_role[role]) for role in ("Regular User", "Executive manager")]
    regular, executive = (with_client(examined, auth=BearerAuth(token)).about("rights")[0] for token in tokens)

    assert (regular.verdict, executive.verdict) == ("wrong", "good")
    assert regular.text.startswith("The account may not see the webhooks. ")
    assert "owner or executive manager" in regular.remedy


def test_a_role_that_sees_webhooks_and_may_not_change_them_is_wrong(examined, monkeypatch):
    monkeypatch.setattr("airflow_provider_webwork.lifecycle.doctor.webwork.MAY_WRITE", ("Executive manager",))
    (finding,) = examined.about("rights")

    assert (finding.verdict, "has the role Owner" in finding.text) == ("wrong", True)


def test_webwork_that_fails_hides_nothing_of_the_rest(examined):
    examined.workspace.simulator.fault("getWebhooks", status=503)
    findings = with_client(examined).bad()

    assert verdicts(findings) == [
        ("rights", "wrong"),
        ("clock", "skipped"),
        ("webhooks", "skipped"),
        ("reach", "skipped"),
    ]
    assert "503" in findings[0].text


@pytest.mark.parametrize(
    ("ahead", "verdict", "text"),
    [
        (timedelta(seconds=45), "warning", "ahead of that of WebWork."),
        (timedelta(seconds=-45), "warning", "behind that of WebWork."),
        (timedelta(minutes=6), "wrong", "ahead of that of WebWork: signed deliveries may be refused."),
        (timedelta(minutes=-6), "wrong", "behind that of WebWork: signed deliveries may be refused."),
    ],
)
def test_clocks_that_differ_are_told(examined, ahead, verdict, text):
    (finding,) = replace(examined, ahead=ahead).about("clock")

    assert finding.verdict == verdict
    assert finding.text.endswith(text)
    assert "timedatectl" in finding.remedy


# The event log.


def test_a_log_that_cannot_be_reached_is_wrong_and_webwork_is_looked_at_all_the_same(examined, tmp_path):
    away = Store(f"sqlite:///{tmp_path / 'gone' / 'events.db'}", auto_upgrade=False)
    findings = replace(examined, store=away).found()

    wrong, *rest = [finding for finding in findings if finding.verdict != "good"]
    assert (wrong.check, wrong.verdict) == ("event log", "wrong")
    assert "is not available" in wrong.text
    assert {finding.verdict for finding in rest} == {"skipped"}
    assert {"connection", "rights", "clock"} <= {finding.check for finding in findings if finding.verdict == "good"}


def test_no_password_of_the_log_is_shown(examined):
    away = Store("postgresql://webwork:canary-of-a-password@127.0.0.1:1/log?connect_timeout=1", auto_upgrade=False)
    (finding,) = replace(examined, store=away).about("event log")

    assert finding.verdict == "wrong"
    assert "webwork:***@127.0.0.1:1/log" in finding.text
    assert "canary" not in repr(finding)


def test_tasks_that_may_run_elsewhere_need_a_log_that_they_reach(examined):
    settings = replace(examined.settings, remote_executor="CeleryExecutor")
    (file,) = replace(examined, settings=settings).about("event log")

    assert file.verdict == "warning"
    assert "tasks of CeleryExecutor may run on others" in file.text
    assert "event_store_url" in file.remedy

    class Unset:
        @property
        def store(self):
            return Store(replace(settings, event_store_url=None).log_url)

    (unset,) = [each for each in checked(examined, Unset()) if each.check == "event log"]
    assert unset.verdict == "wrong"
    assert "[webwork] event_store_url is not set" in unset.text


def checked(examined, others):
    """Look at an installation of which some things are others'."""

    class Mixed:
        def __getattr__(self, name):
            return getattr(others if hasattr(type(others), name) else examined, name)

    return list(examine(Mixed()))


@pytest.mark.parametrize(
    ("revision", "text"), [("0001", "airflow webwork db upgrade"), ("9999", "Upgrade the package")]
)
def test_another_schema_is_wrong_and_stays_as_it_is(examined, tmp_path, revision, text):
    store = Store(f"sqlite:///{tmp_path / 'other.db'}", auto_upgrade=False)
    store.upgrade("0001")
    with store._transaction(store._database.WRITING) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    reached, finding = replace(examined, store=store).found()[1:3]

    assert (reached.verdict, finding.check, finding.verdict) == ("good", "migrations", "wrong")
    assert text in finding.text
    assert store.revision() == revision
    store.close()


def test_a_key_that_does_not_fit_is_wrong_and_one_that_waits_for_reencryption_is_told(examined):
    other, known = Fernet.generate_key().decode(), examined.vault._keys[0]
    none, wrong, changed = (
        replace(examined, vault=Vault(keys)).about("encryption key")[0] for keys in ([], [other], [other, known])
    )

    assert [each.verdict for each in (none, wrong, changed)] == ["wrong", "wrong", "warning"]
    assert "There is no key" in none.text
    assert Vault([other]).fingerprint in wrong.text
    assert "airflow webwork endpoints reencrypt" in changed.remedy


# The receivers.


def test_no_receiver_at_work_is_wrong(examined):
    examined.workspace.clock.wait(minutes=2)
    (finding,) = examined.about("receivers")

    assert finding.verdict == "wrong"
    assert "start `airflow webwork receiver`" in finding.text


def test_a_log_that_is_reconciled_needs_neither_receiver_nor_endpoint_nor_public_url(examined):
    class WithoutUrl:
        @property
        def lifecycle(self):
            raise WebWorkConfigurationError("[webwork] receiver_base_url is not set")

    examined.workspace.endpoints.delete("payroll")
    examined.workspace.clock.wait(minutes=2)
    Restoring(examined.store).record("1", until=examined.now())
    found = {finding.check: finding for finding in replace(examined, rotations=WithoutUrl()).found()}

    assert found["receivers"].verdict == "good"
    assert "was reconciled with WebWork's API lately" in found["receivers"].text
    assert {name: found[name].verdict for name in ("webhooks", "reach")} == {"webhooks": "skipped", "reach": "skipped"}
    assert "wrong" not in {each.verdict for each in found.values()}


def test_a_receiver_of_another_version_is_told(examined):
    examined.beat("0.0.9")
    present, other = examined.about("receivers")

    assert present.text.startswith("2 receivers at work; ")
    assert (other.verdict, "runs version 0.0.9" in other.text) == ("warning", True)


def test_a_public_url_that_does_not_lead_to_the_receiver_is_wrong(examined):
    examined.workspace.unreachable.append("everything")
    (finding,) = examined.bad()

    assert (finding.check, finding.verdict) == ("reach", "wrong")
    assert "at https://hooks.example.com/webwork did not arrive: the answer has status 404." in finding.text
    assert "airflow webwork send-test payroll" in finding.remedy


def test_an_endpoint_whose_url_nobody_knows_is_skipped_and_one_that_waits_for_its_webhook_is_tried(examined):
    endpoints, now = examined.workspace.endpoints, examined.now()
    endpoints.open("billing", now=now)
    assert examined.about("reach")[0].text.endswith("arrived at billing, payroll.")

    examined.workspace.webhooks.delete(examined.workspace.only.id)
    unknown, arrived = examined.about("reach")
    assert (unknown.verdict, arrived.verdict) == ("skipped", "good")
    assert "airflow webwork send-test payroll" in unknown.remedy
    endpoints.delete("billing")
    endpoints.delete("payroll")
    assert [each.verdict for each in examined.about("reach")] == ["skipped"]


# The page about it.


def test_the_page_names_the_checks_in_their_order_and_their_limits():
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text()
    table = page.partition("## What is looked at")[2].partition("##")[0]
    limits = {
        "clock": f"{webwork.HARMFUL.seconds // 60} minutes off, or {webwork.NOTABLE.seconds} seconds (w)",
        "endpoints": f"a key is {endpoints.OLD.days} days old (w)",
        "consumers": {timedelta(hours=1): "nobody has claimed for an hour"}[consumers.PATIENCE],
        "receivers": {timedelta(minutes=1): "none was heard of for a minute"}[ABSENT_AFTER],
    }
    rows = dict(re.findall(r"^\| ([a-z ]+) \| (.+) \|$", table, re.MULTILINE))

    assert [*rows][1:] == ALL
    assert [name for name, limit in limits.items() if limit not in rows[name]] == []
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) == set(get_args(Verdict))


@pytest.mark.parametrize("date", [None, "", "today", "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"])
def test_an_answer_whose_time_makes_no_sense_tells_none(date):
    assert webwork._since(date, now=NOW) is None


# Isolation.


def test_a_database_that_fails_in_one_check_hides_no_other_and_shows_no_value(examined):
    class Failing:
        def unfinished(self, batches):
            raise OperationalError("SELECT 1", {"password": "canary"}, Exception("canary"))

    findings = checked(examined, Failing())

    assert [each.check for each in findings if each.verdict == "wrong"] == ["batches"]
    assert findings[-1].text == "A database failed: OperationalError."
    assert list(dict.fromkeys(each.check for each in findings)) == ALL


def test_a_check_that_breaks_is_wrong_and_hides_no_other_check_and_no_secret_is_told(examined):
    class Broken:
        def sign_in(self):
            raise ZeroDivisionError("canary-of-a-secret")

    findings = checked(examined, Broken())
    told = {each.check: each for each in findings}

    assert list(told) == ALL
    assert told["connection"].verdict == "wrong"
    assert re.fullmatch(
        r"This check itself failed: ZeroDivisionError in webwork\.py, line \d+\.", told["connection"].text
    )
    assert told["connection"].remedy.startswith("This is an error in the package or in what it stands on: report it")
    assert told["rights"].verdict == "skipped"
    assert told["consumers"].verdict == "good"
    assert "canary" not in str(findings)


def test_a_finding_is_plain_json_and_names_what_was_compared(examined):
    (finding,) = examined.about("versions")

    assert finding.as_dict() == {"check": "versions", "verdict": "good", "text": finding.text, "remedy": None}
    assert schema.REVISION in examined.about("migrations")[0].text
