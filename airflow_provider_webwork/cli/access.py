"""`airflow webwork endpoints add-key | add-secret | revoke | require`: who may deliver."""

from __future__ import annotations

import json
from argparse import Namespace

from airflow_provider_webwork.cli.ask import confirmed, hidden
from airflow_provider_webwork.cli.endpoints import callback_url
from airflow_provider_webwork.cli.run import actor, command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.cli.values import deadline, split
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.endpoint import BY_KEY, key_id
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.receiver.proofs.settings import make_proof, to_json, words
from airflow_provider_webwork.secrets import hash_key


@command
def add_key(args: Namespace) -> None:
    """Make one more key, and print its callback URL, which cannot be read again."""
    hook = WebWorkEventsHook()
    key = hook.access(actor()).add_key(args.endpoint, others_expire_at=deadline(args.others_expire))
    url = callback_url(hook, key)
    if args.output == "json":
        print(json.dumps({"endpoint": args.endpoint, "id": key_id(hash_key(key)), "url": url}))
    else:
        print(f"Endpoint {args.endpoint} takes deliveries at this URL too, which is a secret:\n{url}")


@command
def add_secret(args: Namespace) -> None:
    """Keep one more secret that deliveries may be signed with."""
    hook = WebWorkEventsHook()
    secret = hook.access(actor()).add_secret(
        args.endpoint,
        hidden(args, "The secret"),
        not_before=deadline(args.not_before),
        expires_at=deadline(args.expires),
        others_expire_at=deadline(args.others_expire),
    )
    show([{"endpoint": args.endpoint, "id": secret.id, "action": "added"}], output=args.output)


@command
def revoke(args: Namespace) -> None:
    """Stop to accept a key or secret, now or later."""
    at = deadline(args.at)
    if at is not None and at > utc_now():
        WebWorkEventsHook().access(actor()).expire(args.endpoint, args.id, at=at)
        show([{"endpoint": args.endpoint, "id": args.id, "action": "expires"}], output=args.output)
        return
    consequence = f"Deliveries to endpoint {args.endpoint} that come with {args.id} will be refused."
    if confirmed(args, consequence):
        WebWorkEventsHook().access(actor()).revoke(args.endpoint, args.id)
        show([{"endpoint": args.endpoint, "id": args.id, "action": "revoked"}], output=args.output)


@command
def require(args: Namespace) -> None:
    """Refuse deliveries without a proof, or let the key in the URL be enough again."""
    given = settings(args)
    hook = WebWorkEventsHook()
    proof = None
    if args.proof != BY_KEY:
        proof = to_json(make_proof(args.proof, given))
        endpoint = hook.endpoints.get(args.endpoint)
        if not endpoint.accepted_secrets(at=utc_now()):
            msg = (
                f"Endpoint {args.endpoint!r} has no secret to check a proof with; every delivery would be refused. "
                f"Give it one first: `airflow webwork endpoints add-secret {args.endpoint}`."
            )
            raise ValueError(msg)
    elif given:
        raise ValueError(f"The proof {BY_KEY} has no settings.")
    hook.access(actor()).require(args.endpoint, proof)
    show([{"endpoint": args.endpoint, "requires": BY_KEY if proof is None else words(proof)}], output=args.output)


def settings(args: Namespace) -> dict[str, str]:
    """Read the settings of a proof.

    :raises ValueError: for a text without a name or an equals sign.
    """
    return dict(split(text, form="setting=value") for text in args.settings)
