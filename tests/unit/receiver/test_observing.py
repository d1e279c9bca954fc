"""What deliveries carry is recognised without being told, and whatever is not refuses nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.observe import MOST_REMEMBERED, MOST_TRIED, Observer
from airflow_provider_webwork.receiver.proofs.proof import Delivery
from airflow_provider_webwork.receiver.proofs.standard import StandardWebhooks
from airflow_provider_webwork.receiver.proofs.tokens import HeaderToken
from tests.unit.receiver.proof_kit import BODY, CASES, NOON, OTHER, SECRET, changed

USUAL = [
    (b"host", b"hooks.example.com"),
    (b"user-agent", b"sender/1"),
    (b"content-type", b"application/json"),
    (b"content-length", b"599"),
    (b"x-request-id", b"7"),
    (b"x-csrf-token", b"nobody's business"),
]
usual_places = pytest.mark.parametrize(
    "case", [case for case in CASES if case.name != "field inside"], ids=lambda case: case.name
)


def seen(delivery, secrets, observer=None):
    delivery = replace(delivery, headers=[*USUAL, *delivery.headers])
    return (observer or Observer()).observe("payroll", delivery, secrets)


@usual_places
def test_every_usual_proof_is_recognised_and_found_to_hold(case):
    [(proof, verdict)] = seen(case.delivery(), [OTHER, SECRET])

    assert (proof, verdict.outcome, verdict.secret_id) == (case.proof, "verified", "s1")


@usual_places
def test_it_is_found_once_more_and_after_the_sender_changed_its_way(case):
    observer = Observer()
    for _ in range(2):
        assert [proof for proof, _ in seen(case.delivery(), [SECRET], observer)] == [case.proof]
    for other in CASES:
        if other.name != "field inside":
            assert [proof for proof, _ in seen(other.delivery(), [SECRET], observer)] == [other.proof]


@usual_places
def test_with_another_secret_it_is_told_not_to_hold(case):
    [(proof, verdict)] = seen(case.delivery(), [OTHER])

    assert proof.name == case.proof.name
    assert (verdict.outcome, verdict.sender_id) == ("mismatch", None)
    assert [verdict.outcome for _, verdict in seen(case.delivery(), [])] == ["no_secret"]


@pytest.mark.parametrize("case", [case for case in CASES if case.stamped], ids=lambda case: case.name)
def test_a_signature_of_another_time_is_told_as_such(case):
    [(proof, verdict)] = seen(case.delivery(received_at=NOON + timedelta(hours=1)), [SECRET])

    assert (proof, verdict.outcome) == (case.proof, "too_old")


def test_a_delivery_without_anything_of_the_kind_costs_and_tells_nothing():
    assert seen(Delivery(headers=[], body=BODY, received_at=NOON), [SECRET]) == []


def test_a_signature_of_a_kind_that_nobody_knows_is_told_by_its_header():
    delivery = Delivery(headers=[(b"x-acme-signature", b"keyId=1;ed25519:xyz")], body=BODY, received_at=NOON)
    [(proof, verdict)] = seen(delivery, [SECRET])

    assert (proof, verdict.outcome) == (Hmac(header="x-acme-signature"), "mismatch")


def test_a_header_that_comes_twice_is_told_as_such():
    for case in CASES[:3]:
        delivery = case.delivery()
        name, value = delivery.headers[0]
        [(_, verdict)] = seen(changed(delivery, header=name, to=[value, value]), [SECRET])
        assert verdict.outcome == "repeated"


def test_a_sender_that_sends_many_headers_costs_no_more_than_a_few():
    headers = [(f"x-{number}-signature".encode(), b"0" * 64) for number in range(100)]
    delivery = Delivery(headers=headers, body=BODY, received_at=NOON)

    assert len(seen(delivery, [SECRET])) == MOST_TRIED


def test_what_is_remembered_is_bounded():
    observer = Observer()
    made = CASES[0].delivery()
    for number in range(MOST_REMEMBERED + 10):
        delivery = replace(made, headers=[(f"x-{number}-signature".encode(), made.headers[0][1])])
        [(_, verdict)] = observer.observe("payroll", delivery, [SECRET])
        assert verdict.verified
    assert len(observer._held) <= MOST_REMEMBERED


def test_a_header_of_an_impossible_name_is_passed_over():
    for name in (b"x token", b"\xff-token", b"x-token-" + b"a" * 100):
        delivery = Delivery(headers=[(name, b"x")], body=BODY, received_at=NOON)
        assert seen(delivery, [SECRET]) == []


names = st.sampled_from(
    [b"x-signature", b"webhook-signature", b"webhook-id", b"webhook-timestamp", b"authorization", b"x-token", b"x-time"]
)
values = st.sampled_from([value for case in CASES for _, value in case.delivery().headers]) | st.binary(max_size=100)


@given(st.lists(st.tuples(names | st.binary(max_size=30), values), max_size=8), st.binary(max_size=100))
def test_whatever_comes_the_answer_is_what_came_of_it(headers, body):
    delivery = Delivery(headers=headers, body=body + b'{"token"', received_at=NOON)
    for proof, verdict in Observer().observe("payroll", delivery, [OTHER]):
        assert isinstance(verdict.outcome, str)
        assert not verdict.verified
        assert proof.name == verdict.proof


def test_names_of_the_tokens_that_webhooks_usually_send():
    for header in ("x-webhook-token", "x-webwork-token", "x-api-key", "x-gitlab-token", "x-hook-secret"):
        delivery = Delivery(headers=[(header.encode(), SECRET.value.encode())], body=BODY, received_at=NOON)
        assert [proof for proof, _ in seen(delivery, [SECRET])] == [HeaderToken(header=header)]


def test_standard_webhooks_are_recognised_by_whatever_name_their_headers_begin_with():
    signed = StandardWebhooks(prefix="acme").sign(BODY, SECRET.value, message_id="m", at=NOON)
    headers = [(name.encode(), value.encode()) for name, value in signed.headers.items()]
    [(proof, verdict)] = seen(Delivery(headers=headers, body=BODY, received_at=NOON), [SECRET])

    assert (proof, verdict.sender_id) == (StandardWebhooks(prefix="acme"), "m")
