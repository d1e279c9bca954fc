"""Looking at the webhooks: what WebWork has, against what the endpoints in the event log should have."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.events.callbacks import base_of, key_hash_of
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.lifecycle import settled
from airflow_provider_webwork.lifecycle.doctor.case import Case
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, good, skipped, warning, wrong


def webhooks(case: Case) -> Iterator[Finding]:
    """Compare every endpoint with its webhook at WebWork, and look for webhooks that belong to none."""
    if not case.endpoints and case.installation.settings.receiver_base_url is None:
        yield skipped("There is no endpoint, and no [webwork] receiver_base_url that a webhook could call.")
        return
    for endpoint in case.endpoints:
        if case.is_elsewhere(endpoint):
            yield skipped(
                f"The webhook of endpoint {endpoint.name} belongs to connection {endpoint.conn_id!r}.",
                f"`airflow webwork doctor --conn-id {endpoint.conn_id}`",
            )
        elif endpoint.webhook_id is None:
            yield _unregistered(case, endpoint)
        else:
            yield _registered(case, endpoint)
    yield from _orphans(case)


def _unregistered(case: Case, endpoint: Endpoint) -> Finding:
    if endpoint.deliveries:
        return good(f"Endpoint {endpoint.name} has deliveries; its sender was registered by hand.")
    return warning(
        f"Endpoint {endpoint.name} has no webhook yet.",
        f"`airflow webwork endpoints create {endpoint.name} --events tracker.started,tracker.stopped"
        f"{_by_connection(case)}`, unless somebody else is to call it.",
    )


def _registered(case: Case, endpoint: Endpoint) -> Finding:
    lifecycle = case.lifecycle
    try:
        lifecycle.check_workspace(endpoint)
    except WebWorkConfigurationError as error:
        return wrong(str(error))
    differences = [*_differences(case, endpoint), *_spares(case, endpoint)]
    if not differences:
        return good(f"Endpoint {endpoint.name} has its webhook {endpoint.webhook_id}, for {_listed(endpoint.events)}.")

    def repair() -> str:
        outcome = lifecycle.ensure(endpoint.name, events=endpoint.events)
        return f"Done: the webhook of endpoint {endpoint.name} is {outcome.webhook_id} ({outcome.action})."

    return wrong(
        f"Endpoint {endpoint.name}: {'; '.join(differences)}.",
        f"`airflow webwork endpoints create {endpoint.name} --events {shlex.quote(','.join(endpoint.events))}"
        f"{_by_connection(case)}`",
        repair=repair,
    )


def _differences(case: Case, endpoint: Endpoint) -> Iterator[str]:
    """Yield in what the endpoint's webhook is not as it should be."""
    recorded = str(endpoint.webhook_id)
    webhook = next((each for each in case.webhooks if each.id == recorded), None)
    # WebWork does not say that a listing shows at once what was registered a moment ago.
    webhook = webhook or settled.find(case.lifecycle.webhooks, recorded)
    if webhook is None:
        yield f"its webhook {recorded} is gone from WebWork"
        return
    key_hash, base_url = key_hash_of(webhook.url), case.lifecycle.base_url.rstrip("/")
    if key_hash is None or not endpoint.accepts(key_hash, at=case.now):
        yield f"its webhook {recorded} calls {_origin(webhook.url)} at a path that is none of this endpoint"
    elif base_of(webhook.url) != base_url:
        yield f"its webhook {recorded} calls {_origin(webhook.url)}, while [webwork] receiver_base_url is {base_url}"
    if set(webhook.events) != set(endpoint.events):
        yield f"its webhook {recorded} is for {_listed(webhook.events)} in place of {_listed(endpoint.events)}"


def _spares(case: Case, endpoint: Endpoint) -> Iterator[str]:
    """Yield which webhooks call the endpoint besides its own and those that a rotation or a person looks after."""
    looked_after = {endpoint.webhook_id, endpoint.former_webhook_id}
    for webhook in case.webhooks:
        if webhook.id not in looked_after and key_hash_of(webhook.url) in endpoint.unattended_keys:
            yield f"a second webhook {webhook.id} calls it, which nobody looks after"


def _orphans(case: Case) -> Iterator[Finding]:
    base_url = case.lifecycle.base_url.rstrip("/")
    recorded = {id_ for each in case.endpoints for id_ in (each.webhook_id, each.former_webhook_id)}
    known = {key_hash for each in case.endpoints for key_hash in each.key_hashes}
    delete = "deleteWebhook" if case.installation.client.settings.api_version == "v2" else "v1DeleteWebhook"
    for webhook in case.webhooks:
        ours = base_of(webhook.url) == base_url and webhook.id not in recorded
        if ours and key_hash_of(webhook.url) not in known:
            yield wrong(
                f"Webhook {webhook.id} calls our receiver with a key that no endpoint has: its deliveries are refused.",
                # Not mended by itself: it may belong to another event log behind the same URL.
                f"`airflow webwork call {delete} {shlex.quote(f'webhook_id={webhook.id}')}{_by_connection(case)}`",
            )


def _by_connection(case: Case) -> str:
    conn_id = case.installation.conn_id
    return "" if conn_id == "webwork_default" else f" --conn-id {conn_id}"


def _listed(events: Iterable[str]) -> str:
    return ", ".join(events)


def _origin(url: str) -> str:
    """Return scheme and host of a URL: the rest may hold secrets, also of others."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
