"""`airflow webwork endpoints ...` and `send-test`: who may deliver, seen and changed without a secret on the screen."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cryptography.fernet import Fernet

from airflow_provider_webwork.cli import send_test
from airflow_provider_webwork.events.audit import entries
from airflow_provider_webwork.events.endpoint import Sighting, Tried, Uses
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.settings import to_json
from airflow_provider_webwork.receiver.trial import Reply, send, signed_trial
from tests.airflow.commands import Ended, in_process

__all__ = ["in_process"]

SECRET = "canary-of-the-secret-on-the-command-line"
HMAC = to_json(Hmac(header="x-signature"))


@pytest.fixture
def endpoints(webwork_log):
    endpoints = WebWorkEventsHook().endpoints
    endpoints.open("payroll", now=datetime.now(UTC))
    return endpoints


@pytest.fixture
def secret_in_the_environment(monkeypatch):
    monkeypatch.setenv("SENDER_SECRET", SECRET)


@pytest.fixture
def webwork(in_process):
    def run(*arguments: str) -> Ended:
        ended = in_process("webwork", *arguments)
        assert SECRET not in ended.out + ended.err
        return ended

    return run


def test_a_secret_comes_from_the_environment_a_file_or_a_prompt(webwork, endpoints, monkeypatch, tmp_path):
    monkeypatch.setenv("SENDER_SECRET", f" {SECRET}1\n")
    (tmp_path / "secret").write_text(f"{SECRET}2\n")
    add = ("endpoints", "add-secret", "payroll", "-o", "json")
    added = [webwork(*add, "--from-variable", "SENDER_SECRET"), webwork(*add, "--from-file", str(tmp_path / "secret"))]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("airflow_provider_webwork.cli.ask.getpass", lambda _: f"{SECRET}3")
    added.append(webwork(*add, "--expires", "1h"))

    assert [ended.code for ended in added] == [0] * 3
    secrets = endpoints.get("payroll").secrets
    assert sorted(secret.value for secret in secrets) == [f"{SECRET}{number}" for number in (1, 2, 3)]
    assert {ended.answer[0]["id"] for ended in added} == {secret.id for secret in secrets}
    assert [secret.expires_at is None for secret in sorted(secrets, key=lambda each: each.value)] == [True, True, False]
    assert {entry.action for entry in entries(WebWorkEventsHook().store)} == {"add secret"}


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (
            ("add-secret", "payroll"),
            2,
            "name an environment variable with --from-variable, or a file with --from-file.",
        ),
        (("add-secret", "payroll", "--from-variable", "NOT_SET"), 2, "there is nothing in NOT_SET"),
        (("add-secret", "payroll", "--from-file", "/no/such/file"), 2, "/no/such/file cannot be read"),
        (("add-secret", "nobody", "--from-variable", "SENDER_SECRET"), 1, "There is no endpoint 'nobody'"),
        (("add-key", "nobody"), 1, "There is no endpoint 'nobody'"),
        (("revoke", "payroll", "123", "--yes"), 1, "has no key or secret '123'"),
        (("revoke", "payroll", "123"), 2, "will be refused. Say so with --yes."),
        (("require", "payroll", "bearer"), 2, "has no secret to check a proof with"),
        (("require", "payroll", "nonsense"), 2, "There is no proof 'nonsense'"),
        (("require", "payroll", "hmac"), 2, "needs the setting header"),
        (("require", "payroll", "hmac", "header"), 2, "'header' is not setting=value."),
        (("require", "payroll", "key", "header=x"), 2, "has no settings"),
        (("show", "nobody"), 1, "There is no endpoint 'nobody'"),
        (("delete", "nobody"), 1, "There is no endpoint 'nobody'"),
        (("delete", "payroll"), 2, "deliveries to it will be refused. Say so with --yes."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
@pytest.mark.usefixtures("secret_in_the_environment")
def test_a_mistake_ends_a_command_with_a_sentence(webwork, endpoints, arguments, code, text):
    before = endpoints.list()
    ended = webwork("endpoints", *arguments)

    assert (ended.code, ended.out) == (code, "")
    assert text in ended.err
    assert endpoints.list() == before


def test_an_endpoint_is_shown_with_what_proves_its_deliveries_and_what_it_could_require(webwork, endpoints):
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    secret = WebWorkEventsHook().access("Member 7").add_secret("payroll", SECRET)
    empty = webwork("endpoints", "show", "payroll")
    tried = {
        Tried("key", "verified", "abc"): Uses(9, at),
        Tried(HMAC, "verified", secret.id): Uses(7, at),
        Tried('{"proof": "bearer"}', "mismatch", ""): Uses(2, at),
    }
    endpoints.record({"payroll": Sighting(deliveries=9, last_delivery_at=at, tried=tried)})
    table, listed = webwork("endpoints", "show", "payroll"), webwork("endpoints", "show", "payroll", "-o", "json")

    assert "require" not in empty.out.replace("requires", "")
    assert listed.answer["requires"] == "key"
    assert listed.answer["proposal"] == "airflow webwork endpoints require payroll hmac header=x-signature"
    assert listed.answer["proofs"][1] == {
        "proof": "hmac header=x-signature",
        "outcome": "verified",
        "with": secret.id,
        "deliveries": 7,
        "last_at": "2026-11-22T12:00:00.000000Z",
    }
    assert listed.answer["secrets"] == [
        {
            "id": secret.id,
            "not_before": None,
            "expires_at": None,
            "deliveries": 7,
            "last_used_at": "2026-11-22T12:00:00.000000Z",
        }
    ]
    assert "7 of 9 deliveries proved who sent them" in table.out
    assert listed.answer["proposal"] in table.out
    assert all(text in table.out for text in (secret.id, "mismatch", "hmac header=x-signature"))
    key = endpoints.get("payroll").pending_key
    assert not any(text in table.out + listed.out for text in (key, *endpoints.get("payroll").key_hashes))


def test_the_proposal_can_be_followed_and_taken_back(webwork, endpoints):
    WebWorkEventsHook().access("Member 7").add_secret("payroll", SECRET)
    required = webwork("endpoints", "require", "payroll", "hmac", "header=X-Signature", "-o", "json")
    shown = webwork("endpoints", "show", "payroll", "-o", "json")
    assert required.answer == [{"endpoint": "payroll", "requires": "hmac header=x-signature"}]
    assert (shown.answer["requires"], shown.answer["proposal"]) == ("hmac header=x-signature", None)
    assert endpoints.get("payroll").required_proof == HMAC

    assert webwork("endpoints", "require", "payroll", "key").code == 0
    assert endpoints.get("payroll").required_proof is None


def test_keys_are_added_expired_and_revoked(webwork, endpoints, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__RECEIVER_BASE_URL", "https://hooks.example.com")
    first = endpoints.get("payroll").pending_key
    added = webwork("endpoints", "add-key", "payroll", "--others-expire", "24h", "-o", "json")
    again = webwork("endpoints", "add-key", "payroll")
    key = added.answer["url"].removeprefix("https://hooks.example.com/hooks/")
    keys = webwork("endpoints", "show", "payroll", "-o", "json").answer["keys"]

    assert len(keys) == 3
    assert added.answer["id"] in {each["id"] for each in keys}
    assert sum(each["expires_at"] is not None for each in keys) == 1
    assert again.out.splitlines()[-1].startswith("https://hooks.example.com/hooks/")
    assert key not in webwork("endpoints", "show", "payroll").out
    expired = webwork("endpoints", "revoke", "payroll", added.answer["id"], "--at", "1h", "-o", "json")
    assert expired.answer[0]["action"] == "expires"
    revoked = webwork("endpoints", "revoke", "payroll", added.answer["id"], "--yes", "-o", "json")
    assert revoked.answer[0]["action"] == "revoked"
    assert len(endpoints.get("payroll").key_hashes) == 2
    assert first is not None


def test_an_endpoint_is_deleted_with_its_webhook(webwork, endpoints, webwork_simulator):
    webwork("endpoints", "create", "payroll", "--events", "tracker.started")
    assert len(webwork_simulator.webhooks) == 1
    deleted = webwork("endpoints", "delete", "payroll", "--yes")

    assert deleted.code == 0
    assert "is deleted. Its events are still in the log." in deleted.out
    assert list(webwork_simulator.webhooks) == []
    assert endpoints.list() == []


def test_an_endpoint_without_a_webhook_is_deleted_without_a_connection(webwork, endpoints):
    assert webwork("endpoints", "delete", "payroll", "--yes").code == 0
    assert endpoints.list() == []


# A delivery to try a deployment out.


def test_a_test_delivery_to_an_endpoint_is_stored_and_leaves_no_key(webwork, endpoints, receiver, webwork_log):
    keys = endpoints.get("payroll").key_hashes
    ended = webwork("send-test", "payroll", "-o", "json")

    assert (ended.code, ended.err) == (0, "")
    [row] = ended.answer
    assert (row["to"], row["proof"], row["status"]) == ("payroll", "key", 200)
    assert "The delivery is stored" in row["meaning"]
    [event] = webwork_log.events()
    assert (event["type"], event["id"]) == ("webwork.test", json.loads(row["answer"])["event_id"])
    assert endpoints.get("payroll").key_hashes == keys


@pytest.mark.parametrize(
    "proof",
    [
        "standard",
        "hmac header=x-signature",
        "bearer",
        "header header=x-token",
        "field",
        "hmac header=x timestamp_field=t",
    ],
)
def test_a_test_delivery_carries_what_the_endpoint_requires(webwork, endpoints, receiver, webwork_log, proof):
    secret = "whsec_Y2FuYXJ5LW9mLXRoZS1zZWNyZXQtb2YtdGhlLXRlc3Q="
    name = proof.split()[0]
    WebWorkEventsHook().access("Member 7").add_secret("payroll", secret)
    assert webwork("endpoints", "require", "payroll", *proof.split()).code == 0
    ended = webwork("send-test", "payroll", "-o", "json")
    without = webwork("send-test", "payroll", "--proof", "key", "-o", "json")

    assert [(row["proof"], row["status"]) for row in (*ended.answer, *without.answer)] == [(name, 200), ("key", 401)]
    assert (ended.code, without.code) == (0, 1)
    assert "requires a proof that this delivery does not have" in without.answer[0]["meaning"]
    assert len(webwork_log.events()) == 1
    assert secret not in ended.out + ended.err + without.out


def test_a_test_delivery_goes_to_the_url_in_the_environment(webwork, endpoints, receiver, monkeypatch):
    key = endpoints.get("payroll").pending_key
    monkeypatch.setenv("SENDER_SECRET", SECRET)
    answers = []
    for url in (f"{receiver}/hooks/{key}", f"{receiver}/hooks/canary-of-a-wrong-key", f"{receiver}/elsewhere/{key}"):
        monkeypatch.setenv(send_test.URL_VARIABLE, url)
        ended = webwork(
            "send-test", "--proof", "hmac", "--set", "header=x", "--from-variable", "SENDER_SECRET", "-o", "json"
        )
        answers += ended.answer
        assert not any(text in ended.out + ended.err for text in (key, "canary"))
    assert [row["status"] for row in answers] == [200, 404, 404]
    assert {row["to"] for row in answers} == {"http://127.0.0.1"}
    assert "No receiver knows this URL" in answers[1]["meaning"]


def test_nobody_there_is_said_without_the_url(webwork, endpoints, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    key = endpoints.get("payroll").pending_key
    for url, text in (
        (f"http://127.0.0.1:9/hooks/{key}", "no connection; check host name"),
        (f"https://127.0.0.1:9/hooks/{key}", "no connection; check host name"),
        (f"nonsense/hooks/{key}", "the URL cannot be used (MissingSchema)"),
    ):
        monkeypatch.setenv(send_test.URL_VARIABLE, url)
        ended = webwork("send-test")
        assert ended.code == 1
        assert text in ended.out
        assert key not in ended.out + ended.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("http://hooks.example.com/hooks/canary",), "Put it into the environment variable WEBWORK_SEND_TEST_URL"),
        ((), "put a callback URL into the environment variable WEBWORK_SEND_TEST_URL"),
        (("payroll",), "receiver_base_url is not set"),
    ],
)
def test_a_test_that_cannot_be_made_is_said(webwork, endpoints, monkeypatch, arguments, text):
    monkeypatch.delenv("AIRFLOW__WEBWORK__RECEIVER_BASE_URL", raising=False)
    ended = webwork("send-test", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert text in ended.err
    assert "canary" not in ended.err


def test_no_log_tells_where_a_test_went(webwork, receiver, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    requests.get(f"{receiver}/canary-of-what-is-logged", timeout=60)
    monkeypatch.setenv(send_test.URL_VARIABLE, f"{receiver}/canary-of-a-path?key=canary-of-a-key")
    ended = webwork("send-test")

    assert ended.code == 1
    assert "canary-of-what-is-logged" in caplog.text
    assert [text for text in ("canary-of-a-path", "canary-of-a-key") if text in caplog.text + ended.err] == []


class Answer:
    def __init__(self, status, text=""):
        self.status_code = status
        self.text = text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (202, "kept, but not as an event"), (204, "another server"), (301, "Senders of webhooks do not follow"),
        (401, "requires a proof"), (403, "does not let this machine in"), (404, "No receiver knows this URL"),
        (413, "receiver_max_body"), (500, "another server listens there"), (502, "does not reach the receiver"),
        (503, "A sender should try again"), (504, "not in time"),
    ],
)  # fmt: skip
def test_every_answer_is_explained(status, text):
    delivery = signed_trial(None, b"{}", "", message_id="m", at=datetime.now(UTC))
    reply = send("http://x/hooks/k", delivery, secrets=(), post=lambda *_, **__: Answer(status))

    assert text in reply.meaning
    assert reply.accepted is (200 <= status < 300)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (requests.ReadTimeout("canary"), "no answer within"),
        (requests.exceptions.SSLError("canary"), "certificate is not valid"),
        (requests.exceptions.InvalidURL("canary"), "cannot be used (InvalidURL)"),
    ],
)
def test_why_there_is_no_answer_is_explained_without_the_url(error, text):
    def post(*_, **__):
        raise error

    delivery = signed_trial(None, b"{}", "", message_id="m", at=datetime.now(UTC))
    reply = send("http://x/hooks/canary", delivery, secrets=(), post=post)

    assert isinstance(reply, Reply)
    assert text in reply.meaning
    assert "canary" not in repr(reply)


def test_what_a_proxy_repeats_of_the_url_is_hidden():
    page = "<p>No route for /a/hooks/canary-of-the-key and canary-of-the-key</p>" + "x" * 10_000
    delivery = signed_trial(None, b"{}", "", message_id="m", at=datetime.now(UTC))
    reply = send("http://x", delivery, secrets=("canary-of-the-key",), post=lambda *_, **__: Answer(404, page))

    assert "canary" not in reply.text
    assert len(reply.text) <= 300
    assert timedelta(0) < send_test.LIFETIME


# Another secret key.


def test_secrets_are_moved_on_to_the_first_key_and_the_former_one_can_go(webwork, endpoints, monkeypatch):
    key = endpoints.get("payroll").pending_key
    former = WebWorkEventsHook().settings.secret_keys[0]
    new = Fernet.generate_key().decode()
    monkeypatch.setenv("AIRFLOW__WEBWORK__SECRET_KEY", f"{new},{former}")
    ended = webwork("endpoints", "reencrypt")

    assert (ended.code, ended.out.startswith("1 secrets are encrypted with the key")) == (0, True)
    monkeypatch.setenv("AIRFLOW__WEBWORK__SECRET_KEY", new)
    assert WebWorkEventsHook().endpoints.get("payroll").pending_key == key
    monkeypatch.setenv("AIRFLOW__WEBWORK__SECRET_KEY", former)
    refused = webwork("endpoints", "reencrypt")
    assert (refused.code, "encrypts its secrets with the key" in refused.err) == (1, True)
    assert not any(secret in ended.out + ended.err + refused.err for secret in (key, new, former))


def test_show_tells_the_states_of_the_keys(webwork, endpoints):
    first = endpoints.get("payroll").pending_key
    shown = webwork("endpoints", "show", "payroll", "-o", "json").answer
    assert [each["state"] for each in shown["keys"]] == ["pending"]

    access = WebWorkEventsHook().access("Member 7")
    access.add_key("payroll", others_expire_at=datetime.now(UTC) + timedelta(hours=1))
    expired = access.add_key("payroll", expires_at=datetime.now(UTC) - timedelta(hours=1))
    shown = webwork("endpoints", "show", "payroll", "-o", "json").answer
    assert sorted(each["state"] for each in shown["keys"]) == ["active", "retiring", "revoked"]
    assert not any(key in json.dumps(shown) for key in (first, expired))
