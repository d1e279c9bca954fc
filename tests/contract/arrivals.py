"""Events that want to be stored, as short as a test needs them."""

from datetime import UTC, datetime, timedelta

from airflow_provider_webwork.events.event import STRONG_WINDOW, Event, Identity, new_event_id
from airflow_provider_webwork.events.log import Arrival

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def arrival(key=None, *, after=timedelta(0), window=STRONG_WINDOW, **fields):
    """Return an arrival that is an event of its own unless a key is given."""
    event_id = fields.pop("id", None) or new_event_id()
    event = Event(
        **{"id": event_id, "type": "tracker.started", "received_at": NOON + after, "payload": {"n": 1}, **fields}
    )
    return Arrival(event, Identity(key=key or event_id, window=window, source="sender"))
