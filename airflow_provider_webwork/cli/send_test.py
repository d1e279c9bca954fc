"""`airflow webwork send-test`: one delivery, to see whether it arrives."""

from __future__ import annotations

import os
import secrets
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import requests

from airflow_provider_webwork.cli.access import settings
from airflow_provider_webwork.cli.ask import hidden
from airflow_provider_webwork.cli.endpoints import callback_url
from airflow_provider_webwork.cli.run import actor, command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.endpoint import BY_KEY, key_id
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.lifecycle.unlogged import unlogged
from airflow_provider_webwork.receiver.proofs.proof import Proof
from airflow_provider_webwork.receiver.proofs.settings import from_json, make_proof
from airflow_provider_webwork.receiver.trial import send, signed_trial, trial_body
from airflow_provider_webwork.secrets import hash_key

URL_VARIABLE = "WEBWORK_SEND_TEST_URL"
LIFETIME = timedelta(minutes=5)
"""How long the key of a test is accepted if the command does not live to revoke it."""


@dataclass(frozen=True)
class Target:
    """Where a test goes, and what it carries."""

    url: str = field(repr=False)
    proof: Proof | None
    secret: str = field(repr=False)


@command
def send_test(args: Namespace) -> None:
    """Send a delivery to an endpoint, or to the URL in an environment variable, and say what the answer means."""
    with _endpoint(args) if args.endpoint else _url(args) as target:
        now, message_id = utc_now(), f"test_{secrets.token_hex(8)}"
        body = trial_body(args.type, message_id=message_id, at=now)
        delivery = signed_trial(target.proof, body, target.secret, message_id=message_id, at=now)
        hidden_parts = (target.url, urlsplit(target.url).path.rpartition("/")[2], target.secret)
        with unlogged():
            reply = send(target.url, delivery, secrets=hidden_parts, post=requests.post)
    host = urlsplit(target.url)
    row = {
        "to": args.endpoint or f"{host.scheme}://{host.hostname}",
        "proof": target.proof.name if target.proof else BY_KEY,
        "status": reply.status,
        "answer": reply.text,
        "meaning": reply.meaning,
    }
    show([row], output=args.output)
    if not reply.accepted:
        raise SystemExit(1)


@contextmanager
def _endpoint(args: Namespace) -> Iterator[Target]:
    """Call an endpoint by a key that exists for as long as the test: of those in use only hashes are kept."""
    if "/" in args.endpoint:
        msg = (
            "A callback URL holds a secret key, and everybody on this machine can read the arguments of a process. Put "
            f"it into the environment variable {URL_VARIABLE} and leave it out here."
        )
        raise ValueError(msg)
    hook = WebWorkEventsHook()
    if not hook.settings.receiver_base_url:
        raise ValueError("[webwork] receiver_base_url is not set: the endpoint has no URL that could be tried.")
    endpoint = hook.endpoints.get(args.endpoint)
    proof = _proof(args)
    if args.proof is None and endpoint.required_proof is not None:
        proof = from_json(endpoint.required_proof)
    secret = ""
    if proof is not None:
        now = utc_now()
        accepted = endpoint.accepted_secrets(at=now)
        given = args.from_file or args.from_variable or not accepted
        secret = hidden(args, "The secret") if given else accepted[0].value
    access = hook.access(actor())
    key = access.add_key(endpoint.name, expires_at=utc_now() + LIFETIME)
    try:
        yield Target(callback_url(hook, key), proof, secret)
    finally:
        access.revoke(endpoint.name, key_id(hash_key(key)))


@contextmanager
def _url(args: Namespace) -> Iterator[Target]:
    url = os.environ.get(URL_VARIABLE, "").strip()
    if not url:
        msg = f"Name an endpoint, or put a callback URL into the environment variable {URL_VARIABLE}."
        raise ValueError(msg)
    proof = _proof(args)
    yield Target(url, proof, "" if proof is None else hidden(args, "The secret"))


def _proof(args: Namespace) -> Proof | None:
    if args.proof in {None, BY_KEY}:
        return None
    return make_proof(args.proof, settings(args))
