"""Every proof holds for what its sender made, and for nothing else, whatever the bytes are."""

import base64
import hmac
import json
import re
import shlex
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.proof import Delivery, verify
from airflow_provider_webwork.receiver.proofs.settings import PROOFS, from_json, make_proof, to_json, words
from airflow_provider_webwork.receiver.proofs.signatures import MOST_SIGNATURES
from airflow_provider_webwork.receiver.proofs.standard import StandardWebhooks
from airflow_provider_webwork.receiver.proofs.tokens import Bearer, FieldToken, HeaderToken
from tests.unit.receiver.proof_kit import (
    BODY,
    CASES,
    MESSAGE_ID,
    NOON,
    OTHER,
    SECRET,
    VALUE,
    changed,
    stamp_of,
)

every_proof = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
signatures = pytest.mark.parametrize("case", [c for c in CASES if c.covers_body], ids=lambda case: case.name)
with_time = pytest.mark.parametrize("case", [c for c in CASES if c.stamped], ids=lambda case: case.name)

HOSTILE = [
    b"", b" ", b"\t \t", b"\x00", b"\xff\xfe", "é".encode(), b"=", b",", b"," * 5_000, b" " * 5_000, b"v1,", b"v1, v1,",
    b"t=1,t=2", b"t=,v1=", b"Bearer", b"Bearer ", b"0" * 60_000, b"9" * 60_000, b"-1", b"1e9", b"+1732276800",
    b"1_732_276_800", b"1732276800.0", "\uff11\uff17\uff13".encode(), b"None", b"null", b"sha256=", b"v1a,AAAA",
]  # fmt: skip


def parts_of(case, delivery):
    """Yield every header that the proof is read from."""
    return [(name, value) for name, value in delivery.headers if name not in case.free_headers]


@every_proof
def test_it_holds_for_what_its_sender_made_and_names_the_secret(case):
    verdict = verify(case.proof, case.delivery(), [OTHER, SECRET])

    assert (verdict.outcome, verdict.secret_id, verdict.verified) == ("verified", "s1", True)
    assert verdict.proof == case.proof.name
    assert verdict.sender_id == (MESSAGE_ID if case.covers_id else None)


@every_proof
def test_we_sign_as_its_senders_do(case):
    signed = case.proof.sign(BODY, VALUE, message_id=MESSAGE_ID, at=NOON)
    made = case.delivery()
    if any(name == b"x-timestamp" for name, _ in made.headers):  # we sign with seconds
        made = Delivery(
            headers=[(name.encode(), value.encode()) for name, value in signed.headers.items()],
            body=BODY,
            received_at=NOON,
        )
        assert verify(case.proof, made, [SECRET]).verified
    else:
        theirs = {name: value for name, value in made.headers if name not in case.free_headers}
        assert {name.encode(): value.encode() for name, value in signed.headers.items()} == theirs
        assert signed.body == made.body


@every_proof
def test_every_proof_is_in_the_kit_and_survives_the_log(case):
    assert {each.proof.name for each in CASES} == set(PROOFS)
    assert from_json(to_json(case.proof)) == case.proof
    name, *settings = shlex.split(words(to_json(case.proof)))
    assert make_proof(name, dict(setting.split("=", 1) for setting in settings)) == case.proof


@every_proof
def test_no_byte_of_its_headers_may_change(case):
    delivery = case.delivery()
    for name, value in parts_of(case, delivery):
        for place in range(len(value)):
            other = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
            tampered = changed(delivery, header=name, to=other)
            assert not verify(case.proof, tampered, [SECRET]).verified, (name, place)


@every_proof
def test_no_byte_of_its_headers_may_be_missing_or_added(case):
    delivery = case.delivery()
    for name, value in parts_of(case, delivery):
        shorter = [value[:place] + value[place + 1 :] for place in range(len(value))]
        longer = [value + b"0", b"0" + value, value + b"=", value + b"\x00"]
        for other in [*shorter, *longer]:
            assert not verify(case.proof, changed(delivery, header=name, to=other), [SECRET]).verified, (name, other)


@signatures
def test_no_byte_of_the_body_may_change_under_a_signature(case):
    delivery = case.delivery()
    others = [BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :] for place in range(len(BODY))]
    for body in [*others, b"", BODY + b"\n", b" " + BODY, BODY[:-1], BODY * 2]:
        assert verify(case.proof, changed(delivery, body=body), [SECRET]).outcome == "mismatch"


@every_proof
def test_what_is_not_there_is_missing(case):
    delivery = case.delivery()
    for name, _ in parts_of(case, delivery):
        without = replace(delivery, headers=[pair for pair in delivery.headers if pair[0] != name])
        assert verify(case.proof, without, [SECRET]).outcome == "missing"
        assert verify(case.proof, changed(delivery, header=name, to=b" "), [SECRET]).outcome == "missing"
    assert verify(case.proof, Delivery(headers=[], body=b"{}", received_at=NOON), [SECRET]).outcome == "missing"


@every_proof
def test_a_header_that_comes_twice_proves_nothing(case):
    delivery = case.delivery()
    for name, value in parts_of(case, delivery):
        for values in ([value, value], [value, b"x"], [b"x", value], [b"", value]):
            assert verify(case.proof, changed(delivery, header=name, to=values), [SECRET]).outcome == "repeated"


@every_proof
def test_blanks_around_a_header_do_not_matter(case):
    delivery = case.delivery()
    for name, value in parts_of(case, delivery):
        assert verify(case.proof, changed(delivery, header=name, to=b" \t" + value + b"\t "), [SECRET]).verified


@every_proof
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value[:12]))
def test_hostile_headers_prove_nothing(case, value):
    delivery = case.delivery()
    for name, _ in parts_of(case, delivery):
        assert not verify(case.proof, changed(delivery, header=name, to=value), [SECRET]).verified


@every_proof
@given(data=st.data())
def test_whatever_the_bytes_are_the_answer_is_a_verdict(case, data):
    delivery = case.delivery()
    values = (
        st.binary(max_size=200) | st.sampled_from([value for _, value in delivery.headers]) | st.text().map(str.encode)
    )
    headers = [(name, data.draw(values)) for name, _ in delivery.headers if data.draw(st.booleans() | st.just(True))]
    made = replace(delivery, headers=headers, body=data.draw(st.binary(max_size=200)))

    assert not verify(case.proof, made, [OTHER]).verified


@every_proof
def test_without_a_secret_nothing_holds(case):
    assert verify(case.proof, case.delivery(), []).outcome == "no_secret"
    assert verify(case.proof, case.delivery(), [OTHER]).outcome == "mismatch"


@pytest.mark.parametrize(
    ("proof", "empty"),
    [
        (Hmac(header="x-signature", keyed_with="bare"), "whsec_"),
        *(
            (proof, empty)
            for proof in (StandardWebhooks(), Hmac(header="x-signature", keyed_with="base64"))
            for empty in ("whsec_", "whsec_====", "whsec_\xff\xff\xff", "whsec_ ")
        ),
    ],
)
def test_nobody_can_sign_with_the_empty_key_that_a_broken_secret_would_be(proof, empty):
    stamp = stamp_of(NOON)
    digest = hmac.digest(b"", b"msg." + stamp.encode() + b"." + BODY if proof.name == "standard" else BODY, "sha256")
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "x-signature": digest.hex(),
    }
    forged = Delivery(
        headers=[(name.encode(), value.encode()) for name, value in headers.items()], body=BODY, received_at=NOON
    )

    assert verify(proof, forged, [Secret(id="s", value=empty)]).outcome == "no_secret"


# Time.


@with_time
@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(-300, "verified"), (300, "verified"), (301, "too_old"), (-301, "too_new"), (86_400, "too_old")],
)
def test_what_was_signed_outside_of_the_tolerance_is_refused_on_both_sides(case, seconds, outcome):
    delivery = case.delivery(received_at=NOON + timedelta(seconds=seconds))

    assert verify(case.proof, delivery, [SECRET]).outcome == outcome


@with_time
def test_the_tolerance_can_be_another_and_can_be_switched_off(case):
    much_later = case.delivery(received_at=NOON + timedelta(days=400))

    assert verify(replace(case.proof, tolerance=0), much_later, [SECRET]).verified
    for seconds, holds in ((10, True), (11, False), (-10, True), (-11, False)):
        delivery = case.delivery(received_at=NOON + timedelta(seconds=seconds))
        assert verify(replace(case.proof, tolerance=10), delivery, [SECRET]).verified is holds


@with_time
def test_a_new_timestamp_on_an_old_signature_is_a_mismatch(case):
    later = NOON + timedelta(hours=1)
    old, new = case.delivery(received_at=later), case.delivery(at=later, received_at=later)
    stamps = dict(new.headers)
    for name, value in old.headers:
        if b"timestamp" in name:
            assert verify(case.proof, changed(old, header=name, to=stamps[name]), [SECRET]).outcome == "mismatch"
        elif value.startswith(b"t="):
            moved = stamps[name].partition(b",")[0] + b"," + value.partition(b",")[2]
            assert verify(case.proof, changed(old, header=name, to=moved), [SECRET]).outcome == "mismatch"


# Several secrets and signatures.


@every_proof
def test_a_secret_counts_between_its_times(case):
    hour = timedelta(hours=1)
    secret = replace(SECRET, not_before=NOON, expires_at=NOON + hour)
    moments = {NOON - timedelta(microseconds=1): False, NOON: True, NOON + hour - timedelta(microseconds=1): True}
    moments[NOON + hour] = False

    assert {at: secret.accepted(at=at) for at in moments} == moments
    assert verify(case.proof, case.delivery(), [secret]).verified


@pytest.mark.parametrize(
    ("proof", "header", "separator"),
    [(CASES[1].proof, b"x-hub-signature-256", b","), (StandardWebhooks(), b"webhook-signature", b" ")],
    ids=["hmac", "standard"],
)
def test_one_of_several_signatures_is_enough_but_not_of_any_number(proof, header, separator):
    case = next(case for case in CASES if case.proof == proof)
    ours, theirs = case.delivery(), case.delivery(value=OTHER.value)
    one, other = dict(ours.headers)[header], dict(theirs.headers)[header]

    for both in (one + separator + other, other + separator + one):
        delivery = changed(ours, header=header, to=both)
        assert verify(proof, delivery, [SECRET]).secret_id == "s1"
        assert verify(proof, delivery, [OTHER]).secret_id == "s2"
    most = changed(ours, header=header, to=separator.join([other] * (MOST_SIGNATURES - 1) + [one]))
    assert verify(proof, most, [SECRET]).verified
    too_many = changed(ours, header=header, to=separator.join([other] * MOST_SIGNATURES + [one]))
    assert verify(proof, too_many, [SECRET]).outcome == "malformed"


def test_hex_may_be_in_capitals_and_base64_may_not_be_written_in_another_way():
    hexadecimal, decoded = CASES[0], next(case for case in CASES if case.name == "decoded key")
    upper = changed(hexadecimal.delivery(), header=b"x-signature", to=hexadecimal.delivery().headers[0][1].upper())
    assert verify(hexadecimal.proof, upper, [SECRET]).verified

    made = decoded.delivery().headers[0][1]
    for other in (made.rstrip(b"="), made + b"=", made[:10] + b"\n" + made[10:]):
        assert not verify(
            decoded.proof, changed(decoded.delivery(), header=b"x-signature", to=other), [SECRET]
        ).verified


def test_an_id_with_a_dot_cannot_move_the_border_between_id_and_time():
    proof = StandardWebhooks(tolerance=0)
    body = b"1732276900.the rest"
    signed = proof.sign(body, VALUE, message_id="a", at=NOON)
    stamp = signed.headers["webhook-timestamp"].encode()
    moved = Delivery(
        headers=[
            (b"webhook-id", b"a." + stamp),
            (b"webhook-timestamp", b"1732276900"),
            (b"webhook-signature", signed.headers["webhook-signature"].encode()),
        ],
        body=b"the rest",
        received_at=NOON,
    )
    assert verify(proof, moved, [SECRET]).outcome == "malformed"


def test_a_field_is_found_in_a_form_too():
    def form(body):
        return Delivery(headers=[(b"content-type", b"application/x-www-form-urlencoded")], body=body, received_at=NOON)

    secret = Secret(id="s", value="a secret & more")
    assert verify(FieldToken(), form(b"event=x&token=a+secret+%26+more"), [secret]).verified
    assert verify(FieldToken(field="data.token"), form(b"data.token=a+secret+%26+more"), [secret]).verified
    assert verify(FieldToken(), form(b"token=a&token=b"), [secret]).outcome == "malformed"
    assert verify(FieldToken(), form(b"\xff"), [secret]).outcome == "malformed"


def test_a_token_in_a_form_holds_however_often_its_content_type_comes():
    form = (b"content-type", b"application/x-www-form-urlencoded")
    delivery = Delivery(headers=[form, form], body=b"event=x&token=a+secret", received_at=NOON)

    assert verify(FieldToken(), delivery, [Secret(id="s", value="a secret")]).verified


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ([{"token": "a secret & more"}] * 2, "verified"),
        ([{"token": "a secret & more"}, {"token": "another"}], "mismatch"),
        ([{"token": "a secret & more"}, {"event": "x"}], "missing"),
        ([{"token": "a secret & more"}, {"token": 7}], "malformed"),
        ([], "malformed"),
    ],
)
def test_of_a_list_of_events_each_has_to_show_the_secret(body, outcome):
    delivery = Delivery(headers=[], body=json.dumps(body).encode(), received_at=NOON)
    assert verify(FieldToken(), delivery, [Secret(id="s", value="a secret & more")]).outcome == outcome


def test_a_field_may_hold_what_no_database_can():
    delivery = Delivery(headers=[], body=b'{"token": "\\ud800", "note": "\\u0000"}', received_at=NOON)
    assert verify(FieldToken(), delivery, [SECRET]).outcome == "mismatch"
    proven = replace(delivery, body=delivery.body.replace(b"\\ud800", VALUE.encode()))
    assert verify(FieldToken(), proven, [SECRET]).verified


@pytest.mark.parametrize("token", [7, None, True, ["x"], {"token": "x"}, ""])
def test_a_field_that_holds_no_text_proves_nothing(token):
    delivery = Delivery(headers=[], body=json.dumps({"token": token}).encode(), received_at=NOON)
    assert not verify(FieldToken(), delivery, [SECRET]).verified


# Vectors that vendors publish.


def published(headers, body, at):
    return Delivery(headers=[*headers.items()], body=body, received_at=datetime.fromtimestamp(at, tz=UTC))


def test_the_example_of_github_holds():
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    delivery = published(
        {b"x-hub-signature-256": b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        b"Hello, World!",
        0,
    )
    proof = Hmac(header="x-hub-signature-256", prefix="sha256=")
    assert verify(proof, delivery, [Secret(id="s", value="It's a Secret to Everybody")]).verified


def test_the_example_of_slack_holds():
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    delivery = published(
        {
            b"x-slack-signature": b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
            b"x-slack-request-timestamp": b"1531420618",
        },
        body,
        1531420618,
    )
    proof = next(case.proof for case in CASES if case.name == "timestamp in another header")
    assert verify(proof, delivery, [Secret(id="s", value="8f742231b10e8888abcd99yyyzzz85a5")]).verified


def test_the_example_of_svix_holds():
    # https://docs.svix.com/receiving/verifying-payloads/how-manual
    delivery = published(
        {
            b"svix-id": b"msg_p5jXN8AQM9LWM0D4loKWxJek",
            b"svix-timestamp": b"1614265330",
            b"svix-signature": b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
        1614265330,
    )
    secret = Secret(id="s", value="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert verify(StandardWebhooks(prefix="svix"), delivery, [secret]).verified


# Settings.


@pytest.mark.parametrize(
    ("name", "settings", "text"),
    [
        ("hmac", {}, "needs the setting header"),
        ("nothing", {}, "There is no proof 'nothing'. Use standard, hmac, bearer, header, field, or key"),
        ("hmac", {"header": "x", "size": "1"}, "has no setting 'size'; it has header"),
        ("hmac", {"header": "x y"}, "is not the name of a header"),
        ("hmac", {"header": "é"}, "is not the name of a header"),
        ("hmac", {"header": "x", "algorithm": "md5"}, "none of sha256, sha512"),
        ("hmac", {"header": "x", "encoding": "base32"}, "none of hex, base64"),
        ("hmac", {"header": "x", "keyed_with": "hex"}, "none of text, bare, base64"),
        ("hmac", {"header": "x", "tolerance": "long"}, "not a whole number"),
        ("hmac", {"header": "x", "tolerance": "-1"}, "not a whole number"),
        ("hmac", {"header": "x", "tolerance": "9999999"}, "not a number of seconds"),
        ("hmac", {"header": "x", "signed": "{timestamp}.{body}"}, "has {timestamp} once if"),
        ("hmac", {"header": "x", "timestamp_field": "t", "signed": "{body}"}, "has {timestamp} once if"),
        ("hmac", {"header": "x", "timestamp_field": "t", "signed": "{body}.{timestamp}"}, "ends with {body}"),
        ("hmac", {"header": "x", "timestamp_field": "t", "timestamp_header": "y"}, "in one place only"),
        ("hmac", {"header": "x", "prefix": "a,b"}, "a comma separates"),
        ("header", {"header": "x", "prefix": "é"}, "only printable ASCII"),
        ("field", {"field": ""}, "is not the name of a field"),
        ("bearer", {"header": "x"}, "it has none"),
        ("standard", {"prefix": "web hook"}, "is not the name of a header"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_sentence(name, settings, text):
    with pytest.raises(ValueError, match=text.replace("{", r"\{")):
        make_proof(name, settings)


def test_names_of_headers_are_taken_in_capitals():
    made = make_proof("hmac", {"header": "X-Signature", "timestamp_header": "X-Time", "tolerance": "60"})
    assert made == Hmac(header="x-signature", timestamp_header="x-time", tolerance=60)
    assert make_proof("header", {"header": "X-Token"}) == HeaderToken(header="x-token")
    assert make_proof("bearer", {}) == Bearer()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_repr_shows_a_secret_or_what_was_sent(case):
    signed = case.proof.sign(BODY, VALUE, message_id=MESSAGE_ID, at=NOON)
    shown = repr(case.delivery()) + repr(signed) + repr(SECRET) + repr(verify(case.proof, case.delivery(), [SECRET]))
    assert not any(text in shown for text in (VALUE, VALUE.removeprefix("whsec_"), "tracker.started", "v1,"))


@pytest.mark.parametrize(
    ("proof", "body", "secret", "text"),
    [
        (StandardWebhooks(), BODY, "not base64!", "not base64"),
        (CASES[3].proof, BODY, "not base64!", "no key of the kind 'base64'"),
        (Bearer(), BODY, "é" * 20, "printable ASCII"),
        (FieldToken(), b"[]", VALUE, "not a JSON object"),
        (FieldToken(field="event.token"), BODY, VALUE, "not a JSON object"),
    ],
)
def test_what_cannot_be_signed_is_said(proof, body, secret, text):
    with pytest.raises(ValueError, match=text):
        proof.sign(body, secret, message_id=MESSAGE_ID, at=NOON)


def test_every_proof_that_the_page_about_the_receiver_shows_can_be_made():
    page = (Path(__file__).parents[3] / "docs" / "receiver.md").read_text()
    shown = re.findall(r"`((?:hmac|standard|header|field|bearer) [a-z_]+=[^`]*)`", page)
    examples = [shlex.split(line) for line in shown]

    assert len(examples) >= 4
    for name, *settings in examples:
        assert make_proof(name, dict(setting.split("=", 1) for setting in settings)).name == name
    for name, kind in PROOFS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert all(f"`{each.name}`" in row for each in fields(kind)), name
