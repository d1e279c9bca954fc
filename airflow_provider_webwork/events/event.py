"""The event: the value that everything else passes around."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from airflow_provider_webwork.json_types import JSON

TYPE_FIELDS = ("event", "event_type", "type")
"""Where senders put the name of an event. WebWork documents no delivery; these are the usual places."""

ID_FIELD = "event_id"
"""Where senders put the id of an event; beside a ``data`` object, ``id`` is it, too."""

VOLATILE_FIELDS = ("token", "signature", "webhook_id", "attempt", "sent_at", "delivered_at")
"""What may differ between two deliveries of one event."""

UNKNOWN_TYPE = "unknown"
"""The type of an event whose delivery could not be understood."""

STRONG_WINDOW = timedelta(hours=24)
WEAK_WINDOW = timedelta(seconds=60)


class Event(NamedTuple):
    """Something that happened in WebWork, as a delivery told it.

    Catching up makes one for every row it reads, and a tuple is made in a fifth of the time of a frozen dataclass.

    :param id: our own name for the event, unique.
    :param type: WebWork's name for what happened, such as ``tracker.started``. Names are open: WebWork says that
        more will come (https://api-docs.webwork-tracker.com/v2/api/webhooks).
    :param endpoint: the endpoint that received it; ``None`` for an event that was put in by hand.
    :param occurred_at: when it happened, if the delivery says so.
    :param received_at: when the delivery arrived here.
    :param proof: how the delivery was authenticated.
    :param payload: the delivery's body as JSON, without secrets.
    :param raw: the body as received, without secrets, when it is not the JSON in ``payload``.
    :param problem: why the delivery could not be understood. Such an event matches no filter.
    :param synthetic: whether the event was put in by us rather than delivered by WebWork.
    :param reparsed_from: the ``seq`` of the event with a problem that this one was made from.
    :param seq: the place in the log, given when the event is stored.
    """

    id: str
    type: str
    received_at: datetime
    payload: JSON
    endpoint: str | None = None
    workspace_id: str | None = None
    user_id: str | None = None
    occurred_at: datetime | None = None
    proof: str = "key"
    raw: bytes | None = None
    problem: str | None = None
    synthetic: bool = False
    reparsed_from: int | None = None
    seq: int | None = None

    def __repr__(self) -> str:
        return f"Event(id={self.id!r}, type={self.type!r}, seq={self.seq})"

    @property
    def data(self) -> JSON:
        """The payload's ``data`` object; without one, the payload without the fields of its envelope."""
        if not isinstance(self.payload, dict):
            return self.payload
        if isinstance(data := self.payload.get("data"), dict):
            return data
        # Not ``id``: without an envelope it may be that of the project or the member that the event is about.
        envelope = {*TYPE_FIELDS, ID_FIELD, *VOLATILE_FIELDS}
        return {name: value for name, value in self.payload.items() if name not in envelope}

    def as_dict(self) -> dict[str, JSON]:
        """Return the event as Dags see it: strict JSON, times in UTC with microseconds.

        A name that would make Airflow build an object of the sender's choice has one underscore more.
        """
        seen = {name: shown(self) for name, shown in SHOWN.items()}
        seen["data"] = _plain(seen["data"])
        return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes two deliveries one event: the same key, received within the window of each other.

    :param key: names the event within its workspace.
    :param window: how long after the first delivery the key stands for the same event.
    :param source: ``sender`` for an id that the delivery carries, ``content`` for a hash of a payload that holds
        a time, ``weak`` for a hash of a payload that holds neither an id nor a time.
    """

    key: str
    window: timedelta
    source: Literal["sender", "content", "weak"]


def new_event_id() -> str:
    """Make the id of an event: a UUID of version 7 (https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7)."""
    # Those made later sort behind, so the index of ids grows at its end however large it is.
    digits = os.urandom(9).hex()
    return f"{time.time_ns() // 1_000_000:012x}7{digits[:3]}8{digits[3:]}"


def seq_of(event: Event) -> int:
    """Return the ``seq`` of an event that was read from the log; the others have none."""
    if event.seq is None:
        msg = "An event that was read from the log has a seq."
        raise AssertionError(msg)
    return event.seq


def time_of(event: Event) -> datetime:
    """Return when an event happened; when it arrived, if it does not say so."""
    return event.occurred_at or event.received_at


def time_or_none(moment: datetime | None) -> str | None:
    """Write a moment as Dags see it, if there is one."""
    return None if moment is None else time_text(moment)


def time_text(moment: datetime) -> str:
    """Write a moment as Dags see it, such as ``2026-11-22T04:50:00.123456Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def zoned(value: object) -> datetime | None:
    """Read a moment that a user gave as a datetime or as ISO 8601; ``None`` if it is neither or has no time zone."""
    moment = value
    if isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    return moment if isinstance(moment, datetime) and moment.tzinfo is not None else None


def quoted(value: object) -> str:
    """Quote in an error text what is no moment: as it was written, or only of which type it is."""
    return repr(value) if isinstance(value, (str, datetime)) else type(value).__name__


_RESERVED = {"classname__", "id__", "type"}
"""Names that Airflow gives a meaning, ``__classname__``, ``__id__`` and ``__type``, without what they begin with."""

SHOWN: Mapping[str, Callable[[Event], JSON]] = {
    "id": lambda event: event.id,
    "seq": lambda event: event.seq,
    "type": lambda event: event.type,
    "workspace_id": lambda event: _number_if_whole(event.workspace_id),
    "user_id": lambda event: _number_if_whole(event.user_id),
    "endpoint": lambda event: event.endpoint,
    "occurred_at": lambda event: time_or_none(event.occurred_at),
    "received_at": lambda event: time_text(event.received_at),
    "synthetic": lambda event: event.synthetic,
    "data": lambda event: event.data,
}
"""The fields of an event as Dags see it, one by one: a filter looks at few of them, and at many events."""


def _plain(value: JSON) -> JSON:
    """Return JSON in which no name means anything to what carries the results of tasks.

    Airflow takes an object with some names for one of its own serialized objects, refuses it or makes what it names
    (``airflow/sdk/serde/__init__.py``, ``serialize``, ``_convert`` and ``deserialize``).
    """
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {f"_{name}" if _is_reserved(name) else name: _plain(item) for name, item in value.items()}
    return value


def _is_reserved(name: str) -> bool:
    # With any number of underscores before it, so that no two names become one.
    return name.startswith("__") and name.lstrip("_") in _RESERVED


def _number_if_whole(identifier: str | None) -> str | int | None:
    # WebWork's ids of workspaces and users are integers; anything else that a sender may use stays text.
    if identifier is not None and len(identifier) < 16 and identifier.isascii() and identifier.isdecimal():
        number = int(identifier)
        return number if str(number) == identifier else identifier
    return identifier
