"""`airflow webwork endpoints ...`"""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.cli.values import changed_reading
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.events.reading import PLACES
from airflow_provider_webwork.hooks.endpoints import endpoint_webhooks
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators.arguments import usable_events


@command
def create(args: Namespace) -> None:
    """Make an endpoint; with events, register its webhook, else print its callback URL."""
    name = checked_name(args.endpoint, of="endpoint")
    hook = WebWorkEventsHook()
    if args.events is not None:
        events = usable_events([event.strip() for event in args.events.split(",") if event.strip()])
        outcome = endpoint_webhooks(WebWorkHook(args.conn_id), hook).ensure(name, events=events)
        show([outcome.as_dict()], output=args.output)
        return
    endpoint = hook.endpoints.open(name, now=datetime.now(UTC))
    if endpoint.pending_key is None:
        msg = f"Endpoint {name!r} has its webhook ({endpoint.webhook_id}) already; its callback URL is kept as a hash."
        raise ValueError(msg)
    url = f"{hook.settings.receiver_base_url or '{receiver_base_url}'}/hooks/{endpoint.pending_key}"
    if args.output == "json":
        print(json.dumps({"endpoint": name, "url": url}))
    else:
        print(f"Endpoint {name} takes deliveries at this URL, which is a secret:\n{url}")


@command
def reading(args: Namespace) -> None:
    """Say where the deliveries of an endpoint say what; without places, print where that is."""
    endpoints = WebWorkEventsHook().endpoints
    said = endpoints.required(args.endpoint).reading
    if args.places:
        said = changed_reading(said, args.places)
        endpoints.read_as(args.endpoint, said, now=datetime.now(UTC))
    shown: dict[str, JSON] = {name: getattr(said, name) for name in PLACES}
    show([{"endpoint": args.endpoint, **shown, "volatile": list(said.volatile)}], output=args.output)


@command
def list_endpoints(args: Namespace) -> None:
    """List the endpoints, without their secrets."""
    show(WebWorkEventsHook().list_endpoints(), output=args.output)
