"""`airflow webwork endpoints create | list | show | reading | expect | reencrypt | delete`"""

from __future__ import annotations

import json
from argparse import Namespace

from airflow_provider_webwork.cli.ask import confirmed
from airflow_provider_webwork.cli.run import actor, command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.cli.values import age, changed_reading
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events import callbacks
from airflow_provider_webwork.events.endpoint import BY_KEY, OF_WEBHOOK, Endpoint, key_id
from airflow_provider_webwork.events.event import time_or_none, time_text
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.events.observed import ObservedProof
from airflow_provider_webwork.events.reading import PLACES
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.lifecycle import endpoint_webhooks
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators.arguments import usable_events
from airflow_provider_webwork.receiver.proofs.settings import proposal, words


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
    endpoint = hook.endpoints.open(name, now=utc_now())
    if endpoint.pending_key is None:
        msg = f"Endpoint {name!r} has its webhook ({endpoint.webhook_id}) already; its callback URL is kept as a hash."
        raise ValueError(msg)
    url = callback_url(hook, endpoint.pending_key)
    if args.output == "json":
        print(json.dumps({"endpoint": name, "url": url}))
    else:
        print(f"Endpoint {name} takes deliveries at this URL, which is a secret:\n{url}")


@command
def list_endpoints(args: Namespace) -> None:
    """List the endpoints, without their secrets."""
    show(WebWorkEventsHook().list_endpoints(), output=args.output)


@command
def show_endpoint(args: Namespace) -> None:
    """Print what is known of an endpoint, without its secrets, and which proof it could require."""
    endpoints = WebWorkEventsHook().endpoints
    endpoint = endpoints.get(args.endpoint)
    observed = endpoints.observed(endpoint.name)
    proposed = proposal(observed) if endpoint.required_proof is None else None
    facts: dict[str, JSON] = {
        "endpoint": endpoint.name,
        "state": endpoint.state,
        "requires": words(endpoint.required_proof or BY_KEY),
        "webhook_id": endpoint.webhook_id,
        "former_webhook_id": endpoint.former_webhook_id,
        "events": list(endpoint.events),
        "deliveries": endpoint.deliveries,
        "last_delivery_at": time_or_none(endpoint.last_delivery_at),
        "last_probe_at": time_or_none(endpoint.last_probe_at),
        "last_marked_at": time_or_none(endpoint.last_marked_at),
        "expect_every": endpoint.expect_every.total_seconds() if endpoint.expect_every else None,
    }
    parts = {
        "keys": _keys(endpoint, observed),
        "secrets": _secrets(endpoint, observed),
        "proofs": [_proof(each) for each in observed],
    }
    advice = None if proposed is None else f"airflow webwork endpoints require {endpoint.name} {words(proposed)}"
    if args.output == "json":
        print(json.dumps({**facts, **parts, "proposal": advice}, indent=2))
        return
    show([facts], output="table")
    for title, rows in parts.items():
        print(f"\n{title.capitalize()}:")
        show(rows, output="table")
    if proposed is not None and advice is not None:
        verified = sum(each.deliveries for each in observed if each.proof == proposed and each.verified)
        print(f"\n{verified} of {endpoint.deliveries} deliveries proved who sent them. To refuse all others:\n{advice}")


@command
def reading(args: Namespace) -> None:
    """Say where the deliveries of an endpoint say what; without places, print where that is."""
    endpoints = WebWorkEventsHook().endpoints
    said = endpoints.get(args.endpoint).reading
    if args.places:
        said = changed_reading(said, args.places)
        endpoints.read_as(args.endpoint, said)
    shown: dict[str, JSON] = {name: getattr(said, name) for name in PLACES}
    show([{"endpoint": args.endpoint, **shown, "volatile": list(said.volatile)}], output=args.output)


@command
def expect(args: Namespace) -> None:
    """Say how often deliveries come to an endpoint, so that receivers report its silence."""
    every = None if args.every == "never" else age(args.every)
    WebWorkEventsHook().endpoints.expect(args.endpoint, every)
    often = "no deliveries in particular" if every is None else f"a delivery every {args.every} at least"
    print(f"Endpoint {args.endpoint} expects {often}.")


@command
def reencrypt(args: Namespace) -> None:
    """Encrypt every secret in the event log with the first key of ``[webwork] secret_key``."""
    from airflow_provider_webwork.events.reencryption import reencrypt as encrypt_anew

    hook = WebWorkEventsHook()
    count = encrypt_anew(hook.store, hook.vault, now=utc_now, actor=actor())
    print(
        f"{count} secrets are encrypted with the key {hook.vault.fingerprint}. Once every process has it, the keys "
        "behind it can be removed from [webwork] secret_key."
    )


@command
def delete(args: Namespace) -> None:
    """Delete an endpoint and its webhook at WebWork; its events stay."""
    hook = WebWorkEventsHook()
    endpoint = hook.endpoints.get(args.endpoint)
    webhook = f" and its webhook {endpoint.webhook_id} at WebWork" if endpoint.webhook_id else ""
    if not confirmed(args, f"Endpoint {endpoint.name}{webhook} will be deleted; deliveries to it will be refused."):
        return
    if endpoint.webhook_id is None:
        hook.endpoints.delete(endpoint.name)
    else:
        endpoint_webhooks(WebWorkHook(endpoint.conn_id or args.conn_id), hook).delete(endpoint.name)
    print(f"Endpoint {endpoint.name}{webhook} is deleted. Its events are still in the log.")


def callback_url(hook: WebWorkEventsHook, key: str) -> str:
    """Return the URL that a sender calls; whoever has it may deliver."""
    return callbacks.callback_url(hook.settings.receiver_base_url or "{receiver_base_url}", key)


def _keys(endpoint: Endpoint, observed: tuple[ObservedProof, ...]) -> list[dict[str, JSON]]:
    return [
        {
            "id": key_id(key_hash),
            "state": endpoint.key_state(key_hash, at=utc_now()),
            "expires_at": time_or_none(expires_at),
            **_use(key_id(key_hash), observed),
        }
        for key_hash, expires_at in sorted(endpoint.key_hashes.items())
    ]


def _secrets(endpoint: Endpoint, observed: tuple[ObservedProof, ...]) -> list[dict[str, JSON]]:
    rows: list[dict[str, JSON]] = [
        {
            "id": secret.id,
            "not_before": time_or_none(secret.not_before),
            "expires_at": time_or_none(secret.expires_at),
            **_use(secret.id, observed),
        }
        for secret in endpoint.secrets
    ]
    if endpoint.webhook_token:
        rows.append({"id": OF_WEBHOOK, "not_before": None, "expires_at": None, **_use(OF_WEBHOOK, observed)})
    return rows


def _use(id_: str, observed: tuple[ObservedProof, ...]) -> dict[str, JSON]:
    uses = [each for each in observed if each.verified_with == id_]
    last_at = max((each.last_at for each in uses), default=None)
    return {"deliveries": sum(each.deliveries for each in uses), "last_used_at": time_or_none(last_at)}


def _proof(seen: ObservedProof) -> dict[str, JSON]:
    return {
        "proof": words(seen.proof),
        "outcome": seen.outcome,
        "with": seen.verified_with or None,
        "deliveries": seen.deliveries,
        "last_at": time_text(seen.last_at),
    }
