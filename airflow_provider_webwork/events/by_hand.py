"""Events that a person or a test puts into the log, rather than a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from airflow_provider_webwork.events.event import WEAK_WINDOW, Event, Identity, new_event_id
from airflow_provider_webwork.events.log import Arrival, EventLog
from airflow_provider_webwork.json_types import JSON


def add_by_hand(
    event_log: EventLog,
    type_: str,
    data: Mapping[str, JSON],
    *,
    received_at: datetime,
    workspace_id: str | None = None,
) -> Event:
    """Store an event and return it; each call stores one, however alike they are.

    :param type_: the name of the event, such as ``tracker.started``.
    :param data: what the event says; ``user_id`` and ``workspace_id`` in it become those of the event.
    :raises ValueError: if the name is empty.
    :raises WebWorkLogUnavailableError: if it could not be stored.
    """
    if not type_ or type_ != type_.strip():
        msg = "type: an event needs a name without blanks around it, such as tracker.started."
        raise ValueError(msg)
    event = Event(
        id=new_event_id(),
        type=type_,
        workspace_id=_identifier(data.get("workspace_id")) or workspace_id,
        user_id=_identifier(data.get("user_id")),
        received_at=received_at,
        proof="by hand",
        payload={"event": type_, "data": dict(data)},
        synthetic=True,
    )
    identity = Identity(key=f"by hand {event.id}", window=WEAK_WINDOW, source="sender")
    (stored,) = event_log.append([Arrival(event, identity)])
    return event._replace(seq=stored.seq)


def _identifier(value: JSON) -> str | None:
    return str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
