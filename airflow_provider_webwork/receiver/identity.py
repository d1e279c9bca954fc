"""What tells two events apart when a sender repeats its deliveries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.event import STRONG_WINDOW, VOLATILE_FIELDS, WEAK_WINDOW, Identity
from airflow_provider_webwork.json_types import JSON


def scope_of(workspace_id: str | None, endpoint: Endpoint) -> str:
    """Return the space that an identity is unique in.

    It is the workspace, so that the two webhooks that overlap during a rotation store an event once; without one,
    the endpoint.
    """
    workspace_id = workspace_id or endpoint.workspace_id
    return f"endpoint {endpoint.name}" if workspace_id is None else f"workspace {workspace_id}"


def identity_by_sender(sender_id: str, *, event_type: str, scope: str) -> Identity:
    """Identify an event by the id that its sender gave it."""
    return Identity(key=_key("sender", scope, event_type, sender_id), window=STRONG_WINDOW, source="sender")


def identity_by_proof(delivery_id: str, *, scope: str) -> Identity:
    """Identify an event by the id of its delivery, which the proof of the delivery covers.

    Such an id is told from one in the body, whose numbers may be those of something else.
    """
    return Identity(key=_key("proof", scope, delivery_id), window=STRONG_WINDOW, source="sender")


def identity_by_content(payload: Mapping[str, JSON], *, dated: bool, scope: str) -> Identity:
    """Identify an event by what its payload says, apart from the fields that differ between two deliveries of it.

    :param dated: whether the payload says when the event happened. Without that, two honest events may read alike
        (a member starts the same tracker twice), so that alike means the same for a minute only.
    """
    lasting = {name: value for name, value in payload.items() if name not in VOLATILE_FIELDS}
    key = _key("content", scope, json.dumps(lasting, sort_keys=True, separators=(",", ":")))
    if dated:
        return Identity(key=key, window=STRONG_WINDOW, source="content")
    return Identity(key=key, window=WEAK_WINDOW, source="weak")


def identity_by_bytes(body: bytes, *, scope: str) -> Identity:
    """Identify a delivery that could not be understood by its bytes."""
    return Identity(key=_key("bytes", scope, hashlib.sha256(body).hexdigest()), window=WEAK_WINDOW, source="weak")


def _key(*parts: str) -> str:
    # A hash, so that no secret that a payload may hold gets into the table of keys.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
