"""`airflow webwork events ...`"""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.json_types import JSON


@command
def add(args: Namespace) -> None:
    """Put an event into the log by hand; it is marked as synthetic."""
    data = dict(_pair(text) for text in args.values)
    event = add_by_hand(WebWorkEventsHook().event_log, args.type, data, received_at=datetime.now(UTC))
    print(json.dumps(event.as_dict(), indent=2))


def _pair(text: str) -> tuple[str, JSON]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        msg = f"{text!r} is not key=value."
        raise ValueError(msg)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
