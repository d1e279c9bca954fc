"""`airflow webwork endpoints ...`"""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.cli.values import age
from airflow_provider_webwork.events.names import endpoint_name
from airflow_provider_webwork.hooks.endpoints import endpoint_webhooks
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.operators.arguments import usable_events


@command
def create(args: Namespace) -> None:
    """Make an endpoint; with events, register its webhook, else print its callback URL."""
    name = endpoint_name(args.endpoint)
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
def expect(args: Namespace) -> None:
    """Say how often deliveries come to an endpoint, so that receivers report its silence."""
    every = None if args.every == "never" else age(args.every)
    WebWorkEventsHook().endpoints.expect(args.endpoint, every, now=datetime.now(UTC))
    often = "no deliveries in particular" if every is None else f"a delivery every {args.every} at least"
    print(f"Endpoint {args.endpoint} expects {often}.")


@command
def list_endpoints(args: Namespace) -> None:
    """List the endpoints, without their secrets."""
    show(WebWorkEventsHook().list_endpoints(), output=args.output)
