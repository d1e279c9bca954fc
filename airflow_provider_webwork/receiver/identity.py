"""What tells two events apart when a sender repeats its deliveries."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.event import STRONG_WINDOW, WEAK_WINDOW, Identity
from airflow_provider_webwork.json_types import JSON


def scope_of(workspace_id: str | None, endpoint: Endpoint) -> str:
    """Return the space that an identity is unique in.

    It is the workspace, so that the two webhooks that overlap during a rotation store an event once; without one,
    the endpoint.
    """
    workspace_id = workspace_id or endpoint.workspace_id
    return f"endpoint {endpoint.name}" if workspace_id is None else f"workspace {workspace_id}"


def identity_by_proof(sender_id: str, *, place: int, scope: str) -> Identity:
    """Identify an event by the id that its sender gave the delivery, if a proof covers that.

    :param place: of a list of events, which one it is.
    """
    return Identity(key=_key("proof", scope, sender_id, str(place)), window=STRONG_WINDOW, source="sender")


def identity_by_sender(sender_id: str, *, event_type: str, scope: str) -> Identity:
    """Identify an event by the id that its sender gave it in the body."""
    return Identity(key=_key("sender", scope, event_type, sender_id), window=STRONG_WINDOW, source="sender")


def identity_by_content(lasting: Mapping[str, JSON], *, event_type: str, dated: bool, scope: str) -> Identity:
    """Identify an event by what its payload says.

    :param lasting: the payload without the fields that differ between two deliveries of the event.
    :param dated: whether the payload says when the event happened. Without that, two honest events may read alike
        (a member starts the same tracker twice), so that alike means the same for a minute only.
    """
    content = json.dumps(lasting, sort_keys=True, separators=(",", ":"))
    return _by_hash(_key("content", scope, event_type, content), dated=dated)


def identity_by_bytes(body: bytes, *, scope: str, dated: bool = False) -> Identity:
    """Identify an event by the bytes that tell it, where its payload does not say all of them."""
    return _by_hash(_key("bytes", scope, hashlib.sha256(body).hexdigest()), dated=dated)


def told_apart(identities: Iterable[Identity]) -> list[Identity]:
    """Number events of one delivery that read alike: who lists two of them means two.

    Those that the sender gave the same id are one.
    """
    seen: Counter[str] = Counter()
    apart = []
    for identity in identities:
        earlier, seen[identity.key] = seen[identity.key], seen[identity.key] + 1
        repeated = earlier and identity.source != "sender"
        apart.append(replace(identity, key=_key(identity.key, str(earlier))) if repeated else identity)
    return apart


def _by_hash(key: str, *, dated: bool) -> Identity:
    if dated:
        return Identity(key=key, window=STRONG_WINDOW, source="content")
    return Identity(key=key, window=WEAK_WINDOW, source="weak")


def _key(*parts: str) -> str:
    # A hash, so that no secret that a payload may hold gets into the table of keys. What is understood holds no NUL.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
