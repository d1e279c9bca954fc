"""What a proof is: something in a delivery that only who knows a secret could have put there.

WebWork documents neither a signature nor a place for the token that it gives with a webhook
(https://api-docs.webwork-tracker.com/v2/api/webhooks), so there is a class for each of the usual ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol

from airflow_provider_webwork.events.endpoint import VERIFIED, Secret

Reason = Literal["missing", "repeated", "malformed", "no_secret", "mismatch", "too_old", "too_new"]
"""Why a proof does not hold.

The delivery does not carry it, carries it twice, carries something else in its place; the endpoint has no secret to
check it with right now; no secret fits; it was made too long ago, or in the future.
"""

_BLANKS = b" \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as it came.

    :param headers: names in small letters and values, as ASGI has them
        (https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope).
    """

    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    def header(self, name: str) -> bytes:
        """Return the value of a header that a proof is read from, without the blanks around it.

        :raises UnprovenError: if the delivery has none, or more than one: which of them counts, a proxy and we may
            see differently.
        """
        wanted = name.encode()
        values = [value for given, value in self.headers if given == wanted]
        if len(values) > 1:
            raise UnprovenError("repeated")
        text = bytes(values[0]).strip(_BLANKS) if values else b""
        if not text:
            raise UnprovenError("missing")
        return text


class UnprovenError(Exception):
    """A proof does not hold."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a proof that holds says.

    :param secret_id: the id of the secret that it was made with.
    :param sender_id: the sender's id of the delivery, if the proof covers one: nobody else can have chosen it.
    """

    secret_id: str
    sender_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A delivery with a proof, ready to be sent; both parts may hold the secret."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class Proof(Protocol):
    """A way to authenticate a delivery; its fields are its settings."""

    name: ClassVar[str]

    def check(self, delivery: Delivery, secrets: Sequence[Secret]) -> Evidence:
        """Return what proves the delivery.

        :param secrets: those that are accepted now; any of them will do.
        :raises UnprovenError: if nothing does.
        """

    def sign(self, body: bytes, secret: str, *, message_id: str, at: datetime) -> Signed:
        """Return a delivery that the proof holds for.

        :raises ValueError: if it cannot be made with this secret or for this body.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a proof.

    :param proof: the name of the proof.
    :param outcome: ``verified``, or the reason why not.
    :param secret_id: the id of the secret that it was made with; empty if it does not hold.
    :param sender_id: the sender's id of the delivery, if the proof holds and covers one.
    """

    proof: str
    outcome: str
    secret_id: str = ""
    sender_id: str | None = None

    @property
    def verified(self) -> bool:
        """Whether the proof holds."""
        return self.outcome == VERIFIED


def verify(proof: Proof, delivery: Delivery, secrets: Sequence[Secret]) -> Verdict:
    """Tell whether a proof holds for a delivery; never raises, whatever was sent."""
    try:
        found = proof.check(delivery, secrets)
    except UnprovenError as error:
        return Verdict(proof=proof.name, outcome=error.reason)
    return Verdict(proof=proof.name, outcome=VERIFIED, secret_id=found.secret_id, sender_id=found.sender_id)
