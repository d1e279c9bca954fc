"""Observe, then enforce: the key alone lets deliveries in until their endpoint requires a proof."""

import json
import logging
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.events import marks
from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.endpoint import key_id
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.settings import to_json
from airflow_provider_webwork.receiver.proofs.standard import StandardWebhooks
from airflow_provider_webwork.secrets import hash_key
from tests.unit.receiver.conftest import NOON, ask
from tests.unit.receiver.proof_kit import BARE, CASES, MESSAGE_ID, OTHER, VALUE

STARTED = {"event": "tracker.started", "event_id": "e1", "timestamp": NOON.isoformat(), "data": {"user_id": 7}}
BODY = json.dumps(STARTED).encode()
HMAC = Hmac(header="x-signature")


@pytest.fixture
def access(clock):
    """Changes the endpoint of the running receiver."""

    def of(place):
        return Access(place.store, place.vault, now=clock, actor="Member 7")

    return of


async def refresh(place):
    """Let the receiver read the endpoints."""
    await ask(place.receiver, "GET", "/hooks/nobody")


async def deliver(place, *, headers=(), body=BODY, key=None):
    """Send one request with headers as they are, and return all of its answer."""
    messages, got = [{"type": "http.request", "body": body}], []

    async def receive():
        return messages.pop()

    async def send(message):
        got.append(message)

    scope = {"type": "http", "method": "POST", "path": f"/hooks/{key or place.key}", "root_path": ""}
    scope["headers"] = [(b"content-type", b"application/json"), *headers]
    await place.receiver(scope, receive, send)
    return got[0]["status"], got[0]["headers"], got[1]["body"]


def signed(proof=HMAC, body=BODY, value=VALUE, at=NOON, message_id=MESSAGE_ID):
    made = proof.sign(body, value, message_id=message_id, at=at)
    return {"headers": [(name.encode(), text.encode()) for name, text in made.headers.items()], "body": made.body}


def outcomes(place):
    return {(each.proof, each.outcome): each.deliveries for each in place.endpoints.observed("payroll")}


async def test_a_signature_that_holds_is_told_by_its_event_and_counted(running, access):
    async with running() as place:
        secret = access(place).add_secret("payroll", VALUE)
        await refresh(place)
        for number in range(3):
            body = json.dumps({**STARTED, "event_id": f"e{number}"}).encode()
            assert (await deliver(place, **signed(body=body)))[0] == 200
        assert {event.proof for event in place.events()} == {"hmac"}
    [seen] = [each for each in place.endpoints.observed("payroll") if each.proof != "key"]
    assert (seen.proof, seen.outcome, seen.verified_with) == (to_json(HMAC), "verified", secret.id)
    assert (seen.deliveries, seen.last_at) == (3, NOON)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_nothing_that_a_delivery_carries_refuses_it_until_a_proof_is_required(running, access, case):
    made = case.delivery(value=OTHER.value)
    async with running() as place:
        access(place).add_secret("payroll", VALUE)
        await refresh(place)
        assert (await deliver(place, headers=made.headers, body=made.body))[0] == 200
        [event] = place.events()
    assert event.proof == "key"
    assert outcomes(place)["key", "verified"] == 1


async def test_a_signature_of_a_kind_that_nobody_knows_loses_nothing(running, access):
    async with running() as place:
        access(place).add_secret("payroll", VALUE)
        await refresh(place)
        status, _, _ = await deliver(place, headers=[(b"x-acme-signature", b"ed25519:\xff\xfe")])
        assert (status, len(place.events())) == (200, 1)
    assert outcomes(place)[to_json(Hmac(header="x-acme-signature")), "mismatch"] == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_once_required_only_what_proves_itself_is_let_in(running, access, case, caplog):
    caplog.set_level(logging.DEBUG)
    async with running() as place:
        access(place).add_secret("payroll", VALUE)
        access(place).require("payroll", to_json(case.proof))
        await refresh(place)
        good, bad = case.delivery(), case.delivery(value=OTHER.value)
        without = [pair for pair in good.headers if pair[0] in case.free_headers]
        twice = [*good.headers, *(pair for pair in good.headers if pair[0] not in case.free_headers)]
        answers = [
            await deliver(place, headers=bad.headers, body=bad.body),
            await deliver(place, headers=without, body=b'{"event": "x"}'),
            await deliver(place, headers=[(name, b"\xff\x00,,==") for name, _ in good.headers], body=b"\xff"),
            await deliver(place, headers=good.headers, body=b"not what was signed"),
            await deliver(place, headers=twice, body=good.body if len(twice) > len(good.headers) else b"[]"),
        ]
        refused = [answer for answer in answers if answer[0] != 202]
        assert len({str(answer) for answer in refused}) == 1
        assert (refused[0][0], refused[0][2]) == (401, b'{"error": "Not proven."}')
        assert len(refused) == 5 if case.covers_body else len(refused) >= 4
        stored = [event for event in place.events() if event.problem is None]
        assert stored == []
        assert (await deliver(place, headers=good.headers, body=good.body))[0] == 200
        assert place.events()[-1].proof == case.proof.name
    assert outcomes(place)[to_json(case.proof), "verified"] >= 1
    assert outcomes(place)[to_json(case.proof), "mismatch"] >= 1
    assert "401 proof_mismatch, endpoint payroll" in caplog.text
    assert place.receiver.outcomes["proof_mismatch"] >= 1
    assert not any(text in caplog.text for text in (VALUE, BARE, place.key))


async def test_a_marked_delivery_of_ours_is_taken_whatever_is_required(running, access):
    async with running() as place:
        access(place).add_secret("payroll", VALUE)
        access(place).require("payroll", to_json(HMAC))
        await refresh(place)
        mark = marks.new_mark(place.vault, key=place.key, now=NOON).encode()
        assert (await deliver(place, headers=[(marks.HEADER.lower().encode(), mark)]))[0] == 200
        assert place.events() == []
    [endpoint] = place.endpoints.list()
    assert endpoint.last_marked_at == NOON


async def test_with_the_key_alone_required_again_everything_comes_in(running, access):
    async with running() as place:
        access(place).add_secret("payroll", VALUE)
        access(place).require("payroll", to_json(HMAC))
        await refresh(place)
        assert (await deliver(place))[0] == 401
        access(place).require("payroll", None)
        await refresh(place)
        assert (await deliver(place))[0] == 200


async def test_a_required_proof_that_this_version_does_not_know_gets_503(running, access, caplog):
    async with running() as place:
        access(place).require("payroll", json.dumps({"proof": "of tomorrow"}))
        await refresh(place)
        assert (await deliver(place, **signed()))[0] == 503
        assert place.events() == []
    assert "not_stored" in caplog.text
    assert "log_unavailable" not in caplog.text


async def test_secrets_count_between_their_times_and_until_they_are_revoked(running, access, clock):
    hour = timedelta(hours=1)
    async with running() as place:
        of = access(place)
        of.require("payroll", to_json(HMAC))
        of.add_secret("payroll", VALUE, not_before=NOON + hour, expires_at=NOON + 2 * hour)
        other = of.add_secret("payroll", OTHER.value)
        await refresh(place)
        statuses = []
        for _ in range(3):
            statuses.append([(await deliver(place, **signed(value=value)))[0] for value in (VALUE, OTHER.value)])
            clock.goes_on(hours=1)
        of.revoke("payroll", other.id)
        await refresh(place)
        statuses.append([(await deliver(place, **signed(value=value)))[0] for value in (VALUE, OTHER.value)])
    assert statuses == [[401, 200], [200, 200], [401, 200], [401, 401]]


async def test_the_token_of_the_webhook_is_tried_without_being_told(running):
    async with running() as place:
        place.endpoints.activate(
            "payroll", key=place.key, webhook_id="31", webhook_token=VALUE, workspace_id="42",
            conn_id="webwork_default", events=("tracker.started",),
        )  # fmt: skip
        await refresh(place)
        assert (await deliver(place, headers=[(b"x-webhook-token", VALUE.encode())]))[0] == 200
        assert place.events()[0].proof == "header"
    assert {each.verified_with for each in place.endpoints.observed("payroll")} >= {"webhook"}


# The sender's id of the delivery.


async def test_the_id_that_a_signature_covers_tells_deliveries_apart(running, access):
    standard = StandardWebhooks()
    undated = json.dumps({"event": "tracker.started", "data": {"user_id": 7}}).encode()
    async with running() as place:
        access(place).add_secret("payroll", VALUE)
        await refresh(place)
        first = json.loads((await deliver(place, **signed(standard, undated)))[2])
        again = json.loads((await deliver(place, **signed(standard, undated)))[2])
        another = json.loads((await deliver(place, **signed(standard, undated, message_id="msg_other")))[2])
        problem = json.loads((await deliver(place, **signed(standard, b"broken", message_id="msg_problem")))[2])
        assert again == {**first, "repeated": True}
        assert another["event_id"] != first["event_id"]
        assert problem["problem"]
        assert len(place.events()) == 3


async def test_an_id_that_no_proof_covers_tells_nothing(running, access):
    async with running() as place:
        answers = []
        for message_id in ("msg_1", "msg_2"):
            made = signed(StandardWebhooks(), message_id=message_id)
            answers.append(json.loads((await deliver(place, **made))[2]))
        assert answers[1] == {**answers[0], "repeated": True}, "the id in the body counts"


# Secrets.


async def test_no_secret_of_the_endpoint_is_stored_wherever_a_delivery_says_it(running, access, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    expired = "canary-of-an-expired-secret"
    async with running() as place:
        of = access(place)
        of.add_secret("payroll", VALUE)
        of.add_secret("payroll", expired, expires_at=NOON + timedelta(seconds=1))
        of.expire("payroll", of.add_secret("payroll", "canary-of-a-late-secret").id, at=NOON - timedelta(days=1))
        await refresh(place)
        notes = {"note": f"{VALUE} {BARE} {expired} canary-of-a-late-secret {place.key}", "token": VALUE}
        for body in (
            json.dumps({**STARTED, **notes}).encode(),
            f"broken {json.dumps(notes)}".encode(),
            f"event=x&note={VALUE}&token={BARE}&other={expired}".encode(),
        ):
            headers = [(b"x-webhook-token", VALUE.encode()), (b"authorization", f"Bearer {VALUE}".encode())]
            await deliver(place, headers=headers, body=body)
            await deliver(place, **{**signed(body=body), "headers": [*headers, *signed(body=body)["headers"]]})
        kept = repr(place.events()) + json.dumps([event.as_dict() for event in place.events()])
        kept += repr([event.raw for event in place.events()]) + repr(place.endpoints.list())
        kept += repr(place.endpoints.observed("payroll")) + caplog.text
    files = b"".join(path.read_bytes() for path in tmp_path.glob("events.db*"))
    assert b"tracker.started" in files
    for secret in (VALUE, BARE, expired, "canary-of-a-late-secret", place.key):
        assert secret not in kept
        assert secret.encode() not in files


async def test_what_hides_secrets_is_the_same_delivery_to_proofs(running, access):
    body = json.dumps({**STARTED, "note": VALUE}).encode()
    async with running() as place:
        access(place).add_secret("payroll", VALUE)
        access(place).require("payroll", to_json(HMAC))
        await refresh(place)
        assert (await deliver(place, **signed(body=body)))[0] == 200
        [event] = place.events()
    assert event.payload["note"] == "***"


# Keys.


async def test_unknown_expired_and_revoked_keys_get_the_same_bytes(running, access, clock):
    async with running() as place:
        of = access(place)
        revoked, expiring = of.add_key("payroll"), of.add_key("payroll", expires_at=NOON + timedelta(minutes=1))
        await refresh(place)
        assert [(await deliver(place, key=key))[0] for key in (revoked, expiring)] == [200, 200]
        of.revoke("payroll", key_id(hash_key(revoked)))
        clock.goes_on(minutes=1)
        await refresh(place)
        answers = [
            await deliver(place, key=key) for key in (revoked, expiring, "nobody", Fernet.generate_key().decode())
        ]
        assert len({str(answer) for answer in answers}) == 1
        assert answers[0][0] == 404
        assert (await deliver(place))[0] == 200
    uses = {each.verified_with: each.deliveries for each in place.endpoints.observed("payroll") if each.proof == "key"}
    assert uses[key_id(hash_key(expiring))] == 1
    assert uses[key_id(hash_key(place.key))] == 1
