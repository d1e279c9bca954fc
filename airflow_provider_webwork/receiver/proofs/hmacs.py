"""Proof by an HMAC over the body as it came, in whatever header and shape a sender puts it."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.receiver.proofs.checks import header_name, header_text, one_of, seconds
from airflow_provider_webwork.receiver.proofs.proof import Delivery, Evidence, Signed, UnprovenError
from airflow_provider_webwork.receiver.proofs.signatures import MOST_SIGNATURES, decoded, fitting
from airflow_provider_webwork.receiver.proofs.stamps import TOLERANCE, check_stamp, read_stamp

ALGORITHMS = ("sha256", "sha512")
ENCODINGS = ("hex", "base64")
KEYED_WITH = ("text", "bare", "base64")

_BODY = "{body}"
_STAMP = "{timestamp}"


@dataclass(frozen=True, kw_only=True)
class Hmac:
    """An HMAC of the body, such as ``X-Signature: sha256=9f86d0...``, keyed with the secret.

    :param header: the header that holds it, in small letters. Several signatures are separated by commas, and one
        that fits is enough.
    :param algorithm: ``sha256`` or ``sha512``.
    :param encoding: ``hex`` or ``base64``.
    :param prefix: what stands before a signature, such as ``sha256=``.
    :param keyed_with: what the HMAC is keyed with: the secret as ``text``, the text without ``whsec_`` (``bare``), or
        the bytes that this text is the ``base64`` of.
    :param timestamp_header: the header that says when the signature was made, if one does.
    :param timestamp_field: its name in the signature's own header, such as ``t`` in ``t=1732276800,v1=9f86d0...``.
    :param signed: what is signed, with ``{timestamp}`` and at its end ``{body}``; if not given ``{body}``, and with
        a timestamp ``{timestamp}.{body}``.
    :param tolerance: how many seconds old or early a signature with a timestamp may be; 0 for any.
    """

    name: ClassVar[str] = "hmac"
    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    keyed_with: str = "text"
    timestamp_header: str = ""
    timestamp_field: str = ""
    signed: str = ""
    tolerance: int = TOLERANCE

    def __post_init__(self) -> None:
        """Check the settings."""
        header_name("header", self.header)
        if self.timestamp_header:
            header_name("timestamp_header", self.timestamp_header)
        one_of("algorithm", self.algorithm, ALGORITHMS)
        one_of("encoding", self.encoding, ENCODINGS)
        one_of("keyed_with", self.keyed_with, KEYED_WITH)
        header_text("prefix", self.prefix)
        header_text("timestamp_field", self.timestamp_field)
        seconds("tolerance", self.tolerance)
        if "," in self.prefix + self.timestamp_field or "=" in self.timestamp_field:
            raise ValueError("prefix, timestamp_field: a comma separates signatures, and = a field from its value.")
        if self.timestamp_header and self.timestamp_field:
            raise ValueError("timestamp_header, timestamp_field: the timestamp stands in one place only.")
        wanted = 1 if self._stamped else 0
        if self.signed and (
            not self.signed.endswith(_BODY)
            or self.signed.count(_BODY) != 1
            or self.signed.count(_STAMP) != wanted
            or not self.signed.isascii()
        ):
            msg = "signed: it ends with {body}, and has {timestamp} once if the signature has a timestamp."
            raise ValueError(msg)

    def check(self, delivery: Delivery, secrets: Sequence[Secret]) -> Evidence:
        """Compute the HMAC with each secret until one fits, then look at its time."""
        parts = delivery.header(self.header).split(b",", MOST_SIGNATURES)
        if len(parts) > MOST_SIGNATURES:
            raise UnprovenError("malformed")
        parts = [part.strip(b" \t") for part in parts]
        stamp = self._stamp(delivery, parts)
        signed_at = read_stamp(stamp) if self._stamped else None
        content = self._content(stamp, delivery.body)
        secret = fitting(
            self._signatures(parts), secrets, key=self._key, sign=lambda key: self._signature(key, content)
        )
        if signed_at is not None:
            check_stamp(signed_at, received_at=delivery.received_at, tolerance=self.tolerance)
        return Evidence(secret.id)

    def sign(self, body: bytes, secret: str, *, message_id: str, at: datetime) -> Signed:  # noqa: ARG002
        """Sign the body."""
        key = self._key(Secret(id="", value=secret))
        if not key:
            msg = f"The secret is no key of the kind {self.keyed_with!r}."
            raise ValueError(msg)
        stamp = str(int(at.timestamp())) if self._stamped else ""
        digest = self._signature(key, self._content(stamp.encode(), body)).decode()
        value = f"{self.prefix}{digest}"
        if self.timestamp_field:
            value = f"{self.timestamp_field}={stamp},{value}"
        headers = {self.header: value}
        if self.timestamp_header:
            headers[self.timestamp_header] = stamp
        return Signed(body=body, headers=headers)

    @property
    def _stamped(self) -> bool:
        return bool(self.timestamp_header or self.timestamp_field)

    def _stamp(self, delivery: Delivery, parts: Sequence[bytes]) -> bytes:
        if self.timestamp_header:
            return delivery.header(self.timestamp_header)
        if not self.timestamp_field:
            return b""
        start = f"{self.timestamp_field}=".encode()
        stamps = [part[len(start) :] for part in parts if part.startswith(start)]
        if len(stamps) != 1:
            raise UnprovenError("repeated" if stamps else "missing")
        return stamps[0]

    def _signatures(self, parts: Sequence[bytes]) -> list[bytes]:
        prefix = self.prefix.encode()
        signatures = [part[len(prefix) :] for part in parts if part.startswith(prefix)]
        if not signatures:
            raise UnprovenError("malformed")
        return [each.lower() for each in signatures] if self.encoding == "hex" else signatures

    def _content(self, stamp: bytes, body: bytes) -> bytes:
        if not self._stamped and not self.signed:
            return body
        frame = self.signed.removesuffix(_BODY) if self.signed else f"{_STAMP}."
        return frame.encode().replace(_STAMP.encode(), stamp) + body

    def _key(self, secret: Secret) -> bytes:
        if self.keyed_with == "text":
            return secret.value.encode()
        return secret.bare.encode() if self.keyed_with == "bare" else decoded(secret)

    def _signature(self, key: bytes, content: bytes) -> bytes:
        digest = hmac.digest(key, content, self.algorithm)
        return binascii.hexlify(digest) if self.encoding == "hex" else base64.b64encode(digest)
