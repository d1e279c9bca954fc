"""Deliveries with a proof, made in the test's own way: one for every proof, and what is in which of its bytes."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.proof import Delivery
from airflow_provider_webwork.receiver.proofs.standard import StandardWebhooks
from airflow_provider_webwork.receiver.proofs.tokens import Bearer, FieldToken, HeaderToken

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BODY = b'{"event": "tracker.started", "data": {"user_id": 7, "note": "\xc3\xa9"}}'
RAW_KEY = b"canary-of-the-secret-of-the-kit!"
VALUE = "whsec_" + base64.b64encode(RAW_KEY).decode()
BARE = VALUE.removeprefix("whsec_")
SECRET = Secret(id="s1", value=VALUE)
OTHER = Secret(id="s2", value="whsec_" + base64.b64encode(b"another secret of 32 bytes......").decode())
MESSAGE_ID = "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj"


def stamp_of(at):
    return str(int(at.timestamp()))


@dataclass(frozen=True)
class Case:
    """A proof, and how its sender makes a delivery.

    ``covers_body`` and ``stamped`` say what the proof promises.
    """

    name: str
    proof: object
    make: object
    covers_body: bool = True
    stamped: bool = False
    covers_id: bool = False
    free_headers: tuple = field(default=())

    def delivery(self, *, body=BODY, at=NOON, value=VALUE, received_at=NOON):
        headers, body = self.make(body, value, stamp_of(at))
        return Delivery(
            headers=[(name.encode(), text.encode()) for name, text in headers.items()],
            body=body,
            received_at=received_at,
        )


def changed(delivery, *, header=None, to=None, body=None):
    """Return the delivery with another body, or with a header that has another value, none, or several."""
    headers = list(delivery.headers)
    if header is not None:
        values = to if isinstance(to, list) else [to]
        headers = [pair for pair in headers if pair[0] != header] + [(header, value) for value in values]
    return replace(delivery, headers=headers, body=delivery.body if body is None else body)


def _hmac(content, key, algorithm=hashlib.sha256):
    return hmac.new(key, content, algorithm)


def _base64(mac):
    return base64.b64encode(mac.digest()).decode()


def _hex(body, value, stamp):
    return {"x-signature": _hmac(body, value.encode()).hexdigest()}, body


def _github(body, value, stamp):
    return {"x-hub-signature-256": "sha256=" + _hmac(body, value.encode()).hexdigest()}, body


def _base64_512(body, value, stamp):
    return {"x-hmac": _base64(_hmac(body, value.removeprefix("whsec_").encode(), hashlib.sha512))}, body


def _decoded(body, value, stamp):
    return {"x-signature": _base64(_hmac(body, base64.b64decode(value.removeprefix("whsec_"))))}, body


def _stripe(body, value, stamp):
    return {"stripe-signature": f"t={stamp},v1={_hmac(stamp.encode() + b'.' + body, value.encode()).hexdigest()}"}, body


def _slack(body, value, stamp):
    mac = _hmac(b"v0:" + stamp.encode() + b":" + body, value.encode())
    return {"x-slack-signature": "v0=" + mac.hexdigest(), "x-slack-request-timestamp": stamp}, body


def _milliseconds(body, value, stamp):
    stamp += "000"
    mac = _hmac(stamp.encode() + b"." + body, value.encode(), hashlib.sha512)
    return {"x-signature": mac.hexdigest(), "x-timestamp": stamp}, body


def _standard(body, value, stamp, prefix="webhook"):
    key = base64.b64decode(value.removeprefix("whsec_"))
    signature = _base64(_hmac(f"{MESSAGE_ID}.{stamp}.".encode() + body, key))
    return {
        f"{prefix}-id": MESSAGE_ID,
        f"{prefix}-timestamp": stamp,
        f"{prefix}-signature": f"v1,{signature}",
    }, body


def _svix(body, value, stamp):
    return _standard(body, value, stamp, prefix="svix")


def _header(body, value, stamp):
    return {"x-webhook-token": value}, body


def _scheme(body, value, stamp):
    return {"authorization": f"Token {value}"}, body


def _bearer(body, value, stamp):
    return {"authorization": f"Bearer {value}"}, body


def _field(body, value, stamp):
    return {"content-type": "application/json"}, json.dumps({**json.loads(body), "token": value}).encode()


def _inner_field(body, value, stamp):
    content = json.loads(body)
    content["data"]["token"] = value
    return {"content-type": "application/json"}, json.dumps(content).encode()


CASES = [
    Case("hex", Hmac(header="x-signature"), _hex),
    Case("hex with a prefix", Hmac(header="x-hub-signature-256", prefix="sha256="), _github),
    Case(
        "base64 of sha512", Hmac(header="x-hmac", algorithm="sha512", encoding="base64", keyed_with="bare"), _base64_512
    ),
    Case("decoded key", Hmac(header="x-signature", encoding="base64", keyed_with="base64"), _decoded),
    Case(
        "timestamp in the same header",
        Hmac(header="stripe-signature", prefix="v1=", timestamp_field="t"),
        _stripe,
        stamped=True,
    ),
    Case(
        "timestamp in another header",
        Hmac(
            header="x-slack-signature",
            prefix="v0=",
            timestamp_header="x-slack-request-timestamp",
            signed="v0:{timestamp}:{body}",
        ),
        _slack,
        stamped=True,
    ),
    Case(
        "timestamp in milliseconds",
        Hmac(header="x-signature", algorithm="sha512", timestamp_header="x-timestamp"),
        _milliseconds,
        stamped=True,
    ),
    Case("standard webhooks", StandardWebhooks(), _standard, stamped=True, covers_id=True),
    Case("svix", StandardWebhooks(prefix="svix"), _svix, stamped=True, covers_id=True),
    Case("header", HeaderToken(header="x-webhook-token"), _header, covers_body=False),
    Case("header with a scheme", HeaderToken(header="authorization", prefix="Token "), _scheme, covers_body=False),
    Case("bearer", Bearer(), _bearer, covers_body=False),
    Case("field", FieldToken(), _field, covers_body=False, free_headers=(b"content-type",)),
    Case(
        "field inside", FieldToken(field="data.token"), _inner_field, covers_body=False, free_headers=(b"content-type",)
    ),
]
