"""Deliveries reach a real receiver, in the chosen shape, and are tried again within bounds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
import requests

from airflow_provider_webwork.simulator import DeliveryPolicy, DeliveryShape, RefusedError, Simulator

NOW = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC)


def delivered(running, receiver, shape=None):
    """Register the receiver, start a tracker, and return the webhook and what arrived."""
    client = running(shape=shape, now=lambda: NOW)
    webhook = client.register(receiver.url)
    client.simulator.start_tracker(7)
    client.simulator.wait_for_deliveries(1)
    (arrived,) = receiver.arrived
    return webhook, arrived


def test_a_start_through_the_api_is_delivered(client, receiver):
    client.register(receiver.url)
    started = client.send("POST", "/time-tracking/start", user_id=7, contract_id=107).json()["data"]
    del started["message"]
    client.simulator.wait_for_deliveries(1)
    body = json.loads(receiver.arrived[0].body)
    assert (body["event"], body["workspace_id"], body["data"]) == ("tracker.started", 1, started)


def test_a_stop_names_both_ends(running, receiver):
    client = running(now=lambda: NOW)
    client.register(receiver.url, ["tracker.stopped"])
    client.simulator.start_tracker(7)
    client.send("POST", "/time-tracking/stop", user_id=7)
    client.simulator.wait_for_deliveries(1)
    (arrived,) = receiver.arrived
    body = json.loads(arrived.body)
    assert body["event"] == "tracker.stopped"
    assert body["data"]["start_time"] == body["data"]["stopped_at"] == "2026-11-22T09:00:00Z"


def test_the_default_is_json_with_the_token_in_a_header(running, receiver):
    webhook, arrived = delivered(running, receiver)
    body = json.loads(arrived.body)
    data = body.pop("data")
    assert body == {
        "event": "tracker.started",
        "timestamp": "2026-11-22T09:00:00.123456Z",
        "workspace_id": 1,
    }
    assert (data["user_id"], data["user_name"], data["contract_id"]) == (7, "Member 7", 107)
    assert arrived.headers["content-type"] == "application/json"
    assert arrived.headers["x-webhook-token"] == webhook["token"]


@pytest.mark.parametrize("proof", ["none", "body", "header", "bearer", "hmac", "standard"])
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_the_token_travels_where_it_was_told_to(running, receiver, proof, encoding):
    webhook, arrived = delivered(running, receiver, DeliveryShape(encoding=encoding, proof=proof))
    token, headers, body = webhook["token"], arrived.headers, arrived.body
    fields = json.loads(body) if encoding == "json" else {k: v[0] for k, v in parse_qs(body.decode()).items()}
    digest = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    found = {
        "body": fields.get("token") == token,
        "header": headers.get("x-webhook-token") == token,
        "bearer": headers.get("authorization") == f"Bearer {token}",
        "hmac": headers.get("x-signature") == digest,
        "standard": headers.get("webhook-signature") == standard_signature(token, headers, body),
    }
    assert {place for place, there in found.items() if there} == {proof} - {"none"}
    if proof in {"none", "hmac", "standard"}:
        assert token not in repr(headers) + repr(fields)


def standard_signature(token, headers, body):
    """Compute what the Standard Webhooks specification asks for, from what arrived."""
    if "webhook-id" not in headers:
        return "the headers are not there"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(token.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_the_body_can_be_flat_and_hold_an_id_and_no_time(running, receiver):
    shape = DeliveryShape(event_field="type", nested=False, with_id=True, with_timestamp=False)
    _, arrived = delivered(running, receiver, shape)
    body = json.loads(arrived.body)
    assert (body["type"], body["user_id"]) == ("tracker.started", 7)
    assert body["id"].startswith("evt_")
    assert not {"event", "data", "timestamp"} & set(body)


def test_a_form_nests_fields_in_brackets_and_leaves_nulls_out(running, receiver):
    _, arrived = delivered(running, receiver, DeliveryShape(encoding="form"))
    fields = parse_qs(arrived.body.decode())
    assert arrived.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (fields["event"], fields["data[user_id]"]) == (["tracker.started"], ["7"])
    assert "data[task_id]" not in fields


def test_only_webhooks_that_asked_for_the_event_get_it(client, receiver):
    asked = [client.register(receiver.url, ["project.created"])["id"] for _ in range(2)]
    client.register(receiver.url, ["tracker.started"])
    emitted = client.simulator.deliver("project.created", project_id=3, tags=["a"])
    assert emitted.webhook_ids == tuple(asked)
    assert client.simulator.deliver("member.invited").webhook_ids == ()
    made = client.simulator.wait_for_deliveries(2)
    assert {delivery.webhook_id for delivery in made} == set(asked)
    bodies = [json.loads(arrived.body) for arrived in receiver.arrived]
    assert [body["data"] for body in bodies] == [{"project_id": 3, "tags": ["a"]}] * 2


def test_a_refused_delivery_is_tried_again_until_it_is_accepted(client, receiver):
    receiver.answers = [503, 302]
    webhook = client.register(receiver.url)
    client.simulator.start_tracker(7)
    made = client.simulator.wait_for_deliveries(3)
    assert [(d.attempt, d.status, d.accepted) for d in made] == [
        (1, 503, False),
        (2, 302, False),
        (3, 200, True),
    ]
    assert {(d.webhook_id, d.url) for d in made} == {(webhook["id"], receiver.url)}
    assert len({arrived.body for arrived in receiver.arrived}) == 1
    assert client.simulator.wait_for_deliveries(1, accepted_only=True) == made[2:]


def test_the_simulator_gives_up_after_the_last_attempt(running, receiver):
    client = running(policy=DeliveryPolicy(attempts=2, backoff=0, workers=1))
    receiver.answers = [500, 500]
    client.register(receiver.url)
    client.simulator.deliver("tracker.started", n=1)
    client.simulator.wait_for_deliveries(2)
    client.simulator.deliver("tracker.started", n=2)
    # With one worker and no wait between attempts, a third attempt of the first would have come before.
    made = client.simulator.wait_for_deliveries(3)
    assert [(d.attempt, d.status) for d in made] == [(1, 500), (2, 500), (1, 200)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://receiver..example/"])
def test_a_receiver_that_cannot_be_reached_is_logged_and_stops_nobody_else(running, receiver, url):
    client = running(policy=DeliveryPolicy(attempts=1, workers=1))
    client.register(url)
    client.register(receiver.url)
    client.simulator.start_tracker(7)
    failed, arrived = client.simulator.wait_for_deliveries(2)
    assert (failed.status, failed.accepted) == (None, False)
    assert failed.error
    assert arrived.accepted


def test_a_webhook_that_was_deleted_gets_no_further_attempt(running, receiver):
    client = running(policy=DeliveryPolicy(attempts=2, backoff=0.05, workers=1))
    receiver.answers = [503]
    webhook = client.register(receiver.url)
    # Before the answer, so that no second attempt can be earlier.
    receiver.meanwhile = lambda: client.send("DELETE", f"/webhooks/{webhook['id']}")
    client.simulator.deliver("tracker.started", n=1)
    client.simulator.wait_for_deliveries(1)
    # Its second attempt is due before those of this one, which fails twice.
    other = client.register("http://127.0.0.1:1/")
    client.simulator.deliver("tracker.started", n=2)
    made = client.simulator.wait_for_deliveries(3)
    assert [d.webhook_id for d in made] == [webhook["id"], other["id"], other["id"]]


def test_the_back_off_doubles_up_to_its_limit():
    policy = DeliveryPolicy(backoff=0.5, max_backoff=3)
    assert [policy.wait_after(attempt) for attempt in (1, 2, 3, 4, 5000)] == [0.5, 1, 2, 3, 3]


def test_waiting_in_vain_says_what_came_instead(client, receiver):
    receiver.answers = [503] * 5
    client.register(receiver.url)
    client.simulator.start_tracker(7)
    client.simulator.wait_for_deliveries(5)
    with pytest.raises(TimeoutError, match=r"0 of 1 accepted deliveries .*503"):
        client.simulator.wait_for_deliveries(1, timeout=0.01, accepted_only=True)


def test_stopping_drops_what_is_due_and_leaves_no_thread(receiver):
    before = set(threading.enumerate())
    receiver.answers = [503]
    with Simulator(policy=DeliveryPolicy(backoff=600, max_backoff=600)) as simulator:
        started = set(threading.enumerate()) - before
        requests.post(
            f"{simulator.base_url_v2}/webhooks",
            json={"workspace_id": 1, "url": receiver.url, "events": ["tracker.started"]},
            headers={"Authorization": f"Bearer {simulator.token}"},
            timeout=10,
        )
        simulator.start_tracker(7)
        simulator.wait_for_deliveries(1)
    assert started
    assert not any(thread.is_alive() for thread in started)
    assert len(receiver.arrived) == 1


def test_a_payload_that_is_no_json_fails_in_the_test_that_sends_it(client):
    with pytest.raises(TypeError):
        client.simulator.deliver("tracker.started", when=NOW)


def test_a_lever_refuses_what_the_api_would_refuse(client):
    client.simulator.start_tracker(7)
    with pytest.raises(RefusedError, match="Member 7 already has a running tracker"):
        client.simulator.start_tracker(7)
    with pytest.raises(RefusedError, match="26 is not a member"):
        client.simulator.stop_tracker(26)


@pytest.mark.parametrize(
    "choose",
    [
        lambda: DeliveryShape(encoding="xml"),
        lambda: DeliveryShape(proof="query"),
        lambda: DeliveryPolicy(attempts=0),
        lambda: DeliveryPolicy(backoff=-1),
    ],
)
def test_choices_that_do_not_exist_are_refused(choose):
    with pytest.raises(ValueError, match="must"):
        choose()
