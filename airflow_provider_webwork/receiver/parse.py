"""What a delivery tells: bytes become an event and what tells it from others. Nothing here does I/O.

WebWork documents no delivery: neither its content type nor its fields. What is looked for are the places where
senders of webhooks usually put things, and the field names of WebWork's own API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from airflow_provider_webwork.events.endpoint import BY_KEY, Endpoint
from airflow_provider_webwork.events.event import (
    ID_FIELDS,
    TYPE_FIELDS,
    UNKNOWN_TYPE,
    Event,
    new_event_id,
)
from airflow_provider_webwork.events.log import Arrival
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.body import NotUnderstoodError, is_form, read_object
from airflow_provider_webwork.receiver.identity import (
    identity_by_bytes,
    identity_by_content,
    identity_by_proof,
    identity_by_sender,
    scope_of,
)
from airflow_provider_webwork.receiver.moments import moment
from airflow_provider_webwork.receiver.raw import raw_body
from airflow_provider_webwork.secrets import redact_json

TIME_FIELDS = ("timestamp", "occurred_at", "created_at", "time")
"""Where senders put when an event happened."""

DATA_TIME_FIELDS = ("timestamp", "occurred_at", "time", "stopped_at", "start_time")
"""The same within ``data``, where ``created_at`` would tell the age of the thing rather than of the event.

The last two are in WebWork's answers to starting and stopping a tracker (https://api-docs.webwork-tracker.com).
"""


def parse(
    body: bytes,
    content_type: str,
    *,
    endpoint: Endpoint,
    received_at: datetime,
    key: str,
    proof: str = BY_KEY,
    sender_id: str | None = None,
    new_id: Callable[[], str] = new_event_id,
) -> Arrival:
    """Turn a delivery into an event; what cannot be understood becomes an event with a ``problem``.

    Never raises, whatever the bytes are. Known secrets and fields named for one are masked in what is to be
    stored; the identity is that of the body as it came.

    :param key: the key that the delivery came with, which a sender may repeat in the body.
    :param proof: how the delivery was authenticated.
    :param sender_id: the sender's id of the delivery, if its proof covers one.
    :param new_id: makes the id of the event.
    """
    secrets = [*endpoint.known_secrets(), key]
    try:
        payload = read_object(body, content_type)
        arrival = _understood(
            payload,
            raw=body if is_form(body, content_type) else None,
            endpoint=endpoint,
            received_at=received_at,
            secrets=secrets,
            event_id=new_id(),
            proof=proof,
        )
    except NotUnderstoodError as problem:
        shown = redact_json(problem.value, secrets)
        event = Event(
            id=new_id(),
            type=UNKNOWN_TYPE,
            workspace_id=endpoint.workspace_id,
            endpoint=endpoint.name,
            received_at=received_at,
            payload=None,
            proof=proof,
            raw=raw_body(body, secrets, value=problem.value, shown=shown),
            problem=str(problem),
        )
        arrival = Arrival(event, identity_by_bytes(body, scope=scope_of(None, endpoint)))
    if sender_id is None:
        return arrival
    return Arrival(arrival.event, identity_by_proof(sender_id, scope=scope_of(arrival.event.workspace_id, endpoint)))


def _understood(
    payload: dict[str, JSON],
    *,
    raw: bytes | None,
    endpoint: Endpoint,
    received_at: datetime,
    secrets: list[str],
    event_id: str,
    proof: str,
) -> Arrival:
    event_type = _event_type(payload)
    workspace_id = _identifier(payload, "workspace_id") or endpoint.workspace_id
    occurred_at = _occurred_at(payload, now=received_at)
    shown = redact_json(payload, secrets)
    event = Event(
        id=event_id,
        type=event_type,
        workspace_id=workspace_id,
        user_id=_user_id(payload),
        endpoint=endpoint.name,
        occurred_at=occurred_at,
        received_at=received_at,
        proof=proof,
        payload=shown,
        raw=None if raw is None else raw_body(raw, secrets, value=payload, shown=shown),
    )
    scope = scope_of(workspace_id, endpoint)
    sender_id = _first(_text(payload.get(name)) for name in ID_FIELDS)
    if sender_id is not None:
        return Arrival(event, identity_by_sender(sender_id, event_type=event_type, scope=scope))
    return Arrival(event, identity_by_content(payload, dated=occurred_at is not None, scope=scope))


def _event_type(payload: dict[str, JSON]) -> str:
    for name in TYPE_FIELDS:
        value = payload.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    raise NotUnderstoodError(f"The body names no event: none of {', '.join(TYPE_FIELDS)} is a text.", value=payload)


def _user_id(payload: Mapping[str, JSON]) -> str | None:
    user = _data(payload).get("user")
    return _identifier(payload, "user_id") or (_text(user.get("id")) if isinstance(user, dict) else None)


def _identifier(payload: Mapping[str, JSON], name: str) -> str | None:
    return _first(_text(place.get(name)) for place in (payload, _data(payload)))


def _occurred_at(payload: Mapping[str, JSON], *, now: datetime) -> datetime | None:
    data = _data(payload)
    values = [*(payload.get(name) for name in TIME_FIELDS), *(data.get(name) for name in DATA_TIME_FIELDS)]
    return next((found for value in values if (found := moment(value, now=now)) is not None), None)


def _data(payload: Mapping[str, JSON]) -> Mapping[str, JSON]:
    data = payload.get("data")
    return data if isinstance(data, dict) else {}


def _text(value: JSON) -> str | None:
    """Return an id as text: ids are texts that say something, or whole numbers."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)
