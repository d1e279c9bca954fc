"""The official libraries of Standard Webhooks agree with us wherever they do not fall over."""

import base64
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.receiver.proofs.proof import Delivery, verify
from airflow_provider_webwork.receiver.proofs.standard import StandardWebhooks

LIBRARIES = {"webhook": standardwebhooks.Webhook, "svix": svix.webhooks.Webhook}

keys = st.binary(min_size=24, max_size=64)
bodies = st.text().map(str.encode)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="."), min_size=1, max_size=60)
every_library = pytest.mark.parametrize("prefix", LIBRARIES)


def secret_of(key):
    return "whsec_" + base64.b64encode(key).decode()


def ours_says(prefix, headers, body, secret):
    delivery = Delivery(
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        body=body,
        received_at=datetime.now(UTC),
    )
    return verify(StandardWebhooks(prefix=prefix), delivery, [Secret(id="s", value=secret)])


def theirs_says(prefix, headers, body, secret):
    """Whether a library takes a delivery; it also falls over, with errors of its own and of others."""
    try:
        LIBRARIES[prefix](secret).verify(body, headers, **({} if prefix == "svix" else {"json_parse": False}))
    except (standardwebhooks.WebhookVerificationError, ValueError):
        return False
    return True


@every_library
@given(key=keys, body=bodies, message_id=ids)
def test_what_they_sign_holds_here(prefix, key, body, message_id):
    now, secret = datetime.now(UTC), secret_of(key)
    headers = {
        f"{prefix}-id": message_id,
        f"{prefix}-timestamp": str(int(now.timestamp())),
        f"{prefix}-signature": LIBRARIES[prefix](secret).sign(message_id, now, body.decode()),
    }

    verdict = ours_says(prefix, headers, body, secret)
    assert (verdict.outcome, verdict.sender_id) == ("verified", message_id)


@every_library
@given(key=keys, body=bodies, message_id=ids)
def test_what_we_sign_holds_there(prefix, key, body, message_id):
    secret = secret_of(key)
    signed = StandardWebhooks(prefix=prefix).sign(body, secret, message_id=message_id, at=datetime.now(UTC))

    assert theirs_says(prefix, dict(signed.headers), body, secret)


@every_library
@given(key=keys, other=keys, data=st.data())
def test_what_holds_here_holds_there(prefix, key, other, data):
    """We may be stricter, never laxer, whatever happens to a delivery on its way."""
    secret = secret_of(key)
    body = data.draw(bodies)
    now = int(datetime.now(UTC).timestamp())
    at = datetime.fromtimestamp(now + data.draw(st.sampled_from([0, 0, 290, -290, 310, -310, 10_000])), tz=UTC)
    signed_with = data.draw(st.sampled_from([secret, secret, secret_of(other)]))
    headers = dict(StandardWebhooks(prefix=prefix).sign(body, signed_with, message_id="msg_1", at=at).headers)
    name = data.draw(st.sampled_from(sorted(headers)))
    headers[name] = data.draw(
        st.sampled_from([headers[name], headers[name] + " v1,AAAA", "v1a,AAAA " + headers[name], headers[name] + "0"])
        | st.text(st.characters(max_codepoint=255), max_size=80)
    )
    body = data.draw(st.sampled_from([body, body, body + b" "]))

    if ours_says(prefix, headers, body, secret).verified:
        assert theirs_says(prefix, headers, body, secret)


@every_library
def test_a_delivery_that_was_not_tampered_with_holds_in_both(prefix):
    secret = secret_of(b"a key of 24 bytes at least")
    headers = dict(StandardWebhooks(prefix=prefix).sign(b"{}", secret, message_id="m", at=datetime.now(UTC)).headers)

    assert ours_says(prefix, headers, b"{}", secret).verified
    assert theirs_says(prefix, headers, b"{}", secret)
