"""What a delivery looks like on the wire. WebWork documents nothing of it: every choice here is made up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from airflow_provider_webwork.simulator.data.stamps import micro_stamp

Encoding = Literal["json", "form"]
Proof = Literal["none", "body", "header", "bearer", "hmac", "standard"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
PROOFS: tuple[Proof, ...] = get_args(Proof)


@dataclass(frozen=True, kw_only=True)
class DeliveryShape:
    """How an event becomes a request.

    The default is ``{"event": "tracker.started", "timestamp": ..., "workspace_id": 1, "data": {...}}`` with the token
    of the webhook in ``X-Webhook-Token``.

    :param encoding: ``json``, or ``form`` with nested fields as ``data[user_id]=7`` and nulls left out.
    :param event_field: the name of the field that holds the type of the event.
    :param nested: whether the payload sits under ``data`` or beside the envelope fields.
    :param with_id: whether the body names the event in ``id``; all deliveries of an event share it.
    :param with_timestamp: whether the body says in ``timestamp`` when the event happened.
    :param proof: how the token of the webhook travels: not at all (``none``), as the field ``token`` (``body``), in
        ``X-Webhook-Token`` (``header``), as ``Authorization: Bearer`` (``bearer``), as the key of an HMAC-SHA256 of the
        raw body, in hex in ``X-Signature`` (``hmac``), or in the three headers of Standard Webhooks v1 (``standard``).
    """

    encoding: Encoding = "json"
    event_field: str = "event"
    nested: bool = True
    with_id: bool = False
    with_timestamp: bool = True
    proof: Proof = "header"

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if a choice does not exist.
        """
        if self.encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}; not {self.encoding!r}.")
        if self.proof not in PROOFS:
            raise ValueError(f"proof must be one of {', '.join(PROOFS)}; not {self.proof!r}.")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in the workspace and that webhooks are told of."""

    id: str
    type: str
    at: datetime
    workspace_id: int
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wire:
    """Headers and body of one delivery; both may hold the token of the webhook."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def encode(event: Event, *, shape: DeliveryShape, token: str, sent_at: datetime) -> Wire:
    """Return the request that tells one webhook of an event.

    :param token: the token of the webhook.
    :param sent_at: the time that a signature covers; the ``timestamp`` in the body is the event's own.
    """
    content = _content(event, shape)
    if shape.proof == "body":
        content["token"] = token
    if shape.encoding == "json":
        content_type, body = "application/json", json.dumps(content).encode()
    else:
        content_type, body = (
            "application/x-www-form-urlencoded",
            urlencode(list(_pairs(content)), errors="replace").encode(),
        )
    proof = _proof(shape.proof, token=token, event_id=event.id, sent_at=sent_at, body=body)
    return Wire(headers={"Content-Type": content_type, **proof}, body=body)


def _content(event: Event, shape: DeliveryShape) -> dict[str, Any]:
    envelope: dict[str, Any] = {shape.event_field: event.type}
    if shape.with_id:
        envelope["id"] = event.id
    if shape.with_timestamp:
        envelope["timestamp"] = micro_stamp(event.at)
    envelope["workspace_id"] = event.workspace_id
    return {**envelope, "data": dict(event.data)} if shape.nested else {**event.data, **envelope}


def _proof(proof: Proof, *, token: str, event_id: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    if proof == "header":
        return {"X-Webhook-Token": token}
    if proof == "bearer":
        return {"Authorization": f"Bearer {token}"}
    if proof == "hmac":
        return {"X-Signature": hmac.new(token.encode(), body, hashlib.sha256).hexdigest()}
    if proof == "standard":
        seconds = str(int(sent_at.timestamp()))
        key = base64.b64decode(token.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{event_id}.{seconds}.".encode() + body, "sha256")
        return {
            "webhook-id": event_id,
            "webhook-timestamp": seconds,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
    return {}


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _pairs(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _pairs(inner, f"{name}[]")
    elif isinstance(value, bool):
        yield name, str(int(value))
    elif value is not None:
        yield name, str(value)
