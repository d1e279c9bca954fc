"""Proofs by showing the secret itself: in a header, in a field of the body, or as a bearer token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.events.paths import ABSENT, value_at
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.asgi import header
from airflow_provider_webwork.receiver.body import read_items
from airflow_provider_webwork.receiver.problems import NotUnderstoodError
from airflow_provider_webwork.receiver.proofs.checks import header_name, header_text
from airflow_provider_webwork.receiver.proofs.proof import Delivery, Evidence, Signed, UnprovenError

_AUTHORIZATION = "authorization"
_CONTENT_TYPE = b"content-type"


@dataclass(frozen=True, kw_only=True)
class HeaderToken:
    """The secret stands in a header, such as ``X-Webhook-Token: 3f1a9c``.

    :param header: the name of the header, in small letters.
    :param prefix: what stands before the secret, such as ``Token ``.
    """

    name: ClassVar[str] = "header"
    header: str
    prefix: str = ""

    def __post_init__(self) -> None:
        """Check the settings."""
        header_name("header", self.header)
        header_text("prefix", self.prefix)

    def check(self, delivery: Delivery, secrets: Sequence[Secret]) -> Evidence:
        """Compare what follows the prefix with each secret."""
        given, prefix = delivery.header(self.header), self.prefix.encode()
        if not given.startswith(prefix):
            raise UnprovenError("malformed")
        return _shown(given[len(prefix) :], secrets)

    def sign(self, body: bytes, secret: str, *, message_id: str, at: datetime) -> Signed:  # noqa: ARG002
        """Put the secret into the header."""
        return Signed(body=body, headers={self.header: f"{self.prefix}{header_text('secret', secret)}"})


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """The secret is a bearer token: ``Authorization: Bearer 3f1a9c`` (https://www.rfc-editor.org/rfc/rfc6750)."""

    name: ClassVar[str] = "bearer"

    def check(self, delivery: Delivery, secrets: Sequence[Secret]) -> Evidence:
        """Compare the token with each secret."""
        scheme, _, given = delivery.header(_AUTHORIZATION).partition(b" ")
        if scheme.lower() != b"bearer":
            raise UnprovenError("malformed")
        return _shown(given.strip(b" "), secrets)

    def sign(self, body: bytes, secret: str, *, message_id: str, at: datetime) -> Signed:  # noqa: ARG002
        """Put the secret into the header."""
        return Signed(body=body, headers={_AUTHORIZATION: f"Bearer {header_text('secret', secret)}"})


@dataclass(frozen=True, kw_only=True)
class FieldToken:
    """The secret is a field of the body, such as ``{"token": "3f1a9c", ...}``, or of a form.

    In a list of events each has to have it: what one of them shows says nothing of those beside it.

    :param field: the name of the field; dots lead into objects.
    """

    name: ClassVar[str] = "field"
    field: str = "token"

    def __post_init__(self) -> None:
        """Check the settings."""
        if not self.field or not self.field.isprintable():
            msg = f"field: {self.field!r} is not the name of a field."
            raise ValueError(msg)

    def check(self, delivery: Delivery, secrets: Sequence[Secret]) -> Evidence:
        """Compare the field with each secret."""
        try:
            items = read_items(delivery.body, header(delivery.headers, _CONTENT_TYPE))
        except NotUnderstoodError:
            raise UnprovenError("malformed") from None
        [evidence, *_] = [_shown(_field(item.value, self.field), secrets) for item in items]
        return evidence

    def sign(self, body: bytes, secret: str, *, message_id: str, at: datetime) -> Signed:  # noqa: ARG002
        """Put the secret into the body, which must be a JSON object."""
        content = json.loads(body)
        *parents, last = self.field.split(".")
        place = content
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            msg = f"The body has no place for a field {self.field!r}: it is not a JSON object there."
            raise ValueError(msg)
        place[last] = secret
        return Signed(body=json.dumps(content).encode(), headers={})


def _shown(given: bytes, secrets: Sequence[Secret]) -> Evidence:
    if not secrets:
        raise UnprovenError("no_secret")
    for secret in secrets:
        if hmac.compare_digest(given, secret.value.encode()):
            return Evidence(secret.id)
    raise UnprovenError("mismatch")


def _field(content: JSON, path: str) -> bytes:
    # Names of form fields may hold dots.
    given = content[path] if isinstance(content, dict) and path in content else value_at(content, path.split("."))
    if given is ABSENT or given is None:
        raise UnprovenError("missing")
    if not isinstance(given, str):
        raise UnprovenError("malformed")
    return given.encode("utf-8", "surrogatepass")  # JSON may hold half of a surrogate pair
