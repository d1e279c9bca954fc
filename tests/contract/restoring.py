"""What an account shows and what is delivered, in seconds from noon."""

from datetime import timedelta

from airflow_provider_webwork.events.event import Event, new_event_id, time_of
from airflow_provider_webwork.events.restoring import Account
from tests.contract.arrivals import NOON, arrival

TOLERANCE = timedelta(seconds=90)
TRACKED = {"type": "tracker.started", "workspace_id": "1", "user_id": "7"}


def moment(seconds):
    return NOON + timedelta(seconds=seconds)


def shown(seconds, **fields):
    """Return an event that an account shows."""
    about = {"id": new_event_id(), "received_at": NOON, "payload": {"n": 1}, "synthetic": True}
    return Event(**{**TRACKED, **about, "occurred_at": moment(seconds), **fields})


def delivery(seconds, *, key=None, **fields):
    """Return what a receiver would append; without a time it says none."""
    return arrival(key, **{**TRACKED, "occurred_at": None if seconds is None else moment(seconds), **fields})


def account(*events, since=-10_000, until=10_000):
    return Account(
        workspace_id="1",
        types=("tracker.started", "tracker.stopped"),
        since=moment(since),
        until=moment(until),
        events=events,
    )


def restore(restoring, *events, **window):
    return restoring.restore(account(*events, **window), tolerance=TOLERANCE)


def stored(log):
    """Return the events in the log: when they happened, or arrived, and whether they are synthetic."""
    return [((time_of(event) - NOON).total_seconds(), event.synthetic) for event in log.read()]
