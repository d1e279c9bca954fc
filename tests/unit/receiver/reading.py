"""Deliveries as bytes, and the events that they become."""

import json

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.receiver.parse import parse
from tests.unit.receiver.conftest import NOON

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

KEY = "canary-of-the-key-in-the-url"
STARTED = {"event": "tracker.started", "event_id": "e1", "timestamp": "2026-11-22T11:59:30Z", "data": {"user_id": 7}}
ENDPOINT = Endpoint(
    name="payroll",
    state="active",
    created_at=NOON,
    workspace_id="42",
    webhook_token="whsec_canary-one",
    pending_key="canary-of-the-pending-key",
)


def read_all(body, content_type=JSON, *, endpoint=ENDPOINT, **more):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(body, content_type, endpoint=endpoint, received_at=NOON, key=KEY, **more)


def read(body, content_type=JSON, **more):
    [arrival] = read_all(body, content_type, **more)
    return arrival


def event(body, content_type=JSON, **more):
    return read(body, content_type, **more).event


def events(body, content_type=JSON, **more):
    return [arrival.event for arrival in read_all(body, content_type, **more)]
