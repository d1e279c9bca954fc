"""What a delivery tells: bytes become events, and what tells each from others. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_webwork.events.endpoint import BY_KEY, Endpoint
from airflow_provider_webwork.events.event import UNKNOWN_TYPE, Event, Identity, new_event_id
from airflow_provider_webwork.events.log import Arrival
from airflow_provider_webwork.receiver.body import Item, read_items
from airflow_provider_webwork.receiver.fields import Facts, Headers, facts_of
from airflow_provider_webwork.receiver.identity import (
    identity_by_bytes,
    identity_by_content,
    identity_by_proof,
    identity_by_sender,
    scope_of,
    told_apart,
)
from airflow_provider_webwork.receiver.problems import NotUnderstoodError
from airflow_provider_webwork.receiver.raw import RawBodies
from airflow_provider_webwork.secrets import redact_json

NAMELESS = "The body names no event: neither event, event_type nor type is a text."


def parse(
    body: bytes,
    content_type: str,
    *,
    endpoint: Endpoint,
    received_at: datetime,
    key: str,
    proof: str = BY_KEY,
    headers: Headers = (),
    sender_id: str | None = None,
    new_id: Callable[[], str] = new_event_id,
) -> list[Arrival]:
    """Turn a delivery into its events; what cannot be understood becomes an event with a ``problem``.

    There is always at least one, and never an exception, whatever the bytes are. Known secrets and fields named for
    one are masked in what is to be stored; the identity is that of the body as it came.

    :param key: the key that the delivery came with, which a sender may repeat in the body.
    :param proof: how the delivery was authenticated.
    :param headers: those of the delivery, with their names in small letters.
    :param sender_id: the id that the sender gave the delivery, if a proof covers it; it outdoes one in the body.
    :param new_id: makes the ids of the events.
    """
    secrets = [*endpoint.known_secrets(), key]
    origin = _Origin(
        endpoint=endpoint,
        received_at=received_at,
        proof=proof,
        headers=headers,
        secrets=secrets,
        raw_bodies=RawBodies(secrets),
        new_id=new_id,
    )
    try:
        items = read_items(body, content_type)
    except NotUnderstoodError as error:
        items = [Item(error.value, body, problem=str(error))]
    arrivals = [_arrival(item, origin) for item in items]
    if sender_id is not None:
        scopes = [scope_of(arrival.event.workspace_id, endpoint) for arrival in arrivals]
        identities = [identity_by_proof(sender_id, place=place, scope=scope) for place, scope in enumerate(scopes)]
    elif len(arrivals) == 1:
        return arrivals
    else:
        identities = told_apart([arrival.identity for arrival in arrivals])
    return [Arrival(arrival.event, identity) for arrival, identity in zip(arrivals, identities, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """What the events of one delivery have in common."""

    endpoint: Endpoint
    received_at: datetime
    proof: str
    headers: Headers
    secrets: list[str]
    raw_bodies: RawBodies
    new_id: Callable[[], str]


def _arrival(item: Item, origin: _Origin) -> Arrival:
    if item.problem is not None or not isinstance(item.value, dict):
        return _not_understood(item, item.problem or NAMELESS, origin)
    payload, endpoint = item.value, origin.endpoint
    facts = facts_of(payload, reading=endpoint.reading, headers=origin.headers, now=origin.received_at)
    if facts is None:
        return _not_understood(item, NAMELESS, origin)
    workspace_id = facts.workspace_id or endpoint.workspace_id
    shown = redact_json(payload, origin.secrets, text=item.text)
    event = Event(
        id=origin.new_id(),
        type=facts.type,
        workspace_id=workspace_id,
        user_id=facts.user_id,
        endpoint=endpoint.name,
        occurred_at=facts.occurred_at,
        received_at=origin.received_at,
        proof=origin.proof,
        payload=shown,
        raw=None if item.exact else origin.raw_bodies.without_secrets(item.written, value=payload, shown=shown),
    )
    return Arrival(event, _identity(item, facts, scope=scope_of(workspace_id, endpoint)))


def _identity(item: Item, facts: Facts, *, scope: str) -> Identity:
    if facts.id is not None:
        return identity_by_sender(facts.id, event_type=facts.type, scope=scope)
    dated = facts.occurred_at is not None
    if item.ambiguous:
        return identity_by_bytes(item.written, dated=dated, scope=scope)
    return identity_by_content(facts.lasting, event_type=facts.type, dated=dated, scope=scope)


def _not_understood(item: Item, problem: str, origin: _Origin) -> Arrival:
    endpoint = origin.endpoint
    shown = redact_json(item.value, origin.secrets)
    event = Event(
        id=origin.new_id(),
        type=UNKNOWN_TYPE,
        workspace_id=endpoint.workspace_id,
        endpoint=endpoint.name,
        received_at=origin.received_at,
        proof=origin.proof,
        payload=None,
        raw=origin.raw_bodies.without_secrets(item.written, value=item.value, shown=shown),
        problem=problem,
    )
    return Arrival(event, identity_by_bytes(item.written, scope=scope_of(None, endpoint)))
