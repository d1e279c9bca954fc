"""Proof by Standard Webhooks v1: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.receiver.proofs.checks import header_name, header_text, seconds
from airflow_provider_webwork.receiver.proofs.proof import Delivery, Evidence, Signed, UnprovenError
from airflow_provider_webwork.receiver.proofs.signatures import MOST_SIGNATURES, decoded, fitting
from airflow_provider_webwork.receiver.proofs.stamps import TOLERANCE, check_stamp, read_stamp

_V1 = b"v1,"
_MOST_SECONDS_DIGITS = 11
_LONGEST_ID = 256


@dataclass(frozen=True, kw_only=True)
class StandardWebhooks:
    """The headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` of Standard Webhooks v1.

    The signature covers the id, so that repeated deliveries are told by it.

    :param prefix: what the three names begin with: ``webhook``, or ``svix`` for those who send with Svix.
    :param tolerance: how many seconds old or early a signature may be; 0 for any.
    """

    name: ClassVar[str] = "standard"
    prefix: str = "webhook"
    tolerance: int = TOLERANCE

    def __post_init__(self) -> None:
        """Check the settings."""
        header_name("prefix", self.prefix)
        seconds("tolerance", self.tolerance)

    def check(self, delivery: Delivery, secrets: Sequence[Secret]) -> Evidence:
        """Compute the signature with each secret until one fits, then look at its time."""
        given = delivery.header(f"{self.prefix}-signature")
        message_id = delivery.header(f"{self.prefix}-id")
        stamp = delivery.header(f"{self.prefix}-timestamp")
        # A dot in the id could stand for the one before the time: the text that is signed would be that of another
        # id, time and body. The specification forbids it.
        if b"." in message_id or len(message_id) > _LONGEST_ID or not message_id.isascii():
            raise UnprovenError("malformed")
        if len(stamp) > _MOST_SECONDS_DIGITS:
            raise UnprovenError("malformed")
        signed_at = read_stamp(stamp)
        # Versions that we do not know, such as the asymmetric v1a, may stand beside v1.
        entries = given.split(b" ", MOST_SIGNATURES)
        signatures = [entry.removeprefix(_V1) for entry in entries if entry.startswith(_V1)]
        if len(entries) > MOST_SIGNATURES or not signatures:
            raise UnprovenError("malformed")
        content = b"%b.%b.%b" % (message_id, stamp, delivery.body)
        secret = fitting(signatures, secrets, key=decoded, sign=lambda key: _signature(key, content))
        check_stamp(signed_at, received_at=delivery.received_at, tolerance=self.tolerance)
        return Evidence(secret.id, message_id.decode())

    def sign(self, body: bytes, secret: str, *, message_id: str, at: datetime) -> Signed:
        """Sign the body and the id."""
        key = decoded(Secret(id="", value=secret))
        if not key:
            raise ValueError("The secret is not base64, with or without whsec_ before it.")
        if "." in message_id:
            raise ValueError("message_id: an id has no dots.")
        header_text("message_id", message_id)
        stamp = str(int(at.timestamp()))
        signature = _signature(key, f"{message_id}.{stamp}.".encode() + body)
        return Signed(
            body=body,
            headers={
                f"{self.prefix}-id": message_id,
                f"{self.prefix}-timestamp": stamp,
                f"{self.prefix}-signature": (_V1 + signature).decode(),
            },
        )


def _signature(key: bytes, content: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, content, "sha256"))
