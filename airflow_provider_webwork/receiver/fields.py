"""Where a payload says what: the name of the event, its id, its time, its workspace and its user.

WebWork documents no delivery: neither its content type nor its fields. What is looked for are the places where
senders of webhooks usually put things, and the field names of WebWork's own API
(https://api-docs.webwork-tracker.com). Where an endpoint says another place, that one comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_webwork.events.event import ID_FIELD, TYPE_FIELDS
from airflow_provider_webwork.events.paths import ABSENT, Paths, steps_of, value_at, without
from airflow_provider_webwork.events.reading import Reading
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.moments import moment

Headers = Iterable[tuple[bytes, bytes]]

EVENT_HEADERS = (b"x-webwork-event", b"x-webhook-event", b"x-event-type", b"x-event")
"""Where senders name the event if the body does not."""

LONGEST = 255
"""How long names of events and ids may be; what is longer is something else."""

_TYPES = steps_of(*TYPE_FIELDS, "event.name", "event.type")
_IDS = steps_of(ID_FIELD)
_ENVELOPE_IDS = steps_of(ID_FIELD, "id")
_WORKSPACES = steps_of("workspace_id", "data.workspace_id", "workspace.id", "data.workspace.id")
_USERS = steps_of("user_id", "data.user_id", "user.id", "data.user.id", "member_id", "data.member_id", "data.member.id")
_TIMES = steps_of("timestamp", "occurred_at", "time", "data.timestamp", "data.occurred_at", "data.time")
# Of anything but the tracker these would tell when it was made or is planned to begin, which two events may share.
_ENVELOPE_TIMES = steps_of("created_at")
_TRACKER_TIMES = steps_of("stopped_at", "data.stopped_at", "start_time", "data.start_time")
_TRACKER = "tracker."

_LIKE_AN_EVENT = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a payload says of its event.

    :param id: the id that its sender gave the event.
    :param lasting: the payload without what may differ between two deliveries of the event.
    """

    type: str
    id: str | None
    occurred_at: datetime | None
    workspace_id: str | None
    user_id: str | None
    lasting: dict[str, JSON]


def facts_of(payload: dict[str, JSON], *, reading: Reading, headers: Headers, now: datetime) -> Facts | None:
    """Return what a payload says; ``None`` if nothing names the event.

    :param headers: those of the delivery, with their names in small letters.
    :param now: when it arrived; times that are far from it are not believed.
    """
    event_type = _type(payload, reading, headers)
    if event_type is None:
        return None
    # What changes from one delivery to the next can neither identify an event nor date it.
    lasting = without(payload, reading.volatile)
    has_envelope = isinstance(payload.get("data"), dict)
    times = _TIMES
    if has_envelope:
        times += _ENVELOPE_TIMES
    if event_type.startswith(_TRACKER):
        times += _TRACKER_TIMES
    found = (moment(value, now=now) for value in _values(lasting, reading.time, times))
    return Facts(
        type=event_type,
        # Without an envelope, ``id`` may be that of the member or the project that the event is about.
        id=_first_id(lasting, reading.id, _ENVELOPE_IDS if has_envelope else _IDS),
        occurred_at=next((each for each in found if each is not None), None),
        workspace_id=_first_id(payload, reading.workspace, _WORKSPACES),
        user_id=_first_id(payload, reading.user, _USERS),
        lasting=lasting,
    )


def _type(payload: dict[str, JSON], reading: Reading, headers: Headers) -> str | None:
    for value in _values(payload, reading.type, _TYPES):
        if isinstance(value, str) and 0 < len(value.strip()) <= LONGEST:
            return value.strip()
    name = payload.get("name")
    if isinstance(name, str) and _LIKE_AN_EVENT.fullmatch(name):
        return name
    for header, value in headers:
        if header in EVENT_HEADERS and (text := _header_text(value)):
            return text
    return None


def _header_text(value: bytes) -> str | None:
    text = value.decode("latin-1").strip()
    return text if text.isascii() and text.isprintable() and len(text) <= LONGEST else None


def _first_id(payload: dict[str, JSON], told: str | None, usual: Paths) -> str | None:
    for value in _values(payload, told, usual):
        if (text := _id_text(value)) is not None:
            return text
    return None


def _id_text(value: object) -> str | None:
    """Return an id as text: ids are texts that say something, or whole numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= LONGEST else None


def _values(payload: dict[str, JSON], told: str | None, usual: Paths) -> Iterator[object]:
    """Yield what is at the place that the endpoint says, then what is at the usual ones."""
    for steps in usual if told is None else (*steps_of(told), *usual):
        value = value_at(payload, steps)
        if value is not ABSENT:
            yield value
