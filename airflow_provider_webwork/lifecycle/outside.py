"""Webhooks for the receivers of others, as they should be: found by their URL or id, changed only where they differ."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkNotFoundError
from airflow_provider_webwork.lifecycle import settled
from airflow_provider_webwork.lifecycle.settled import Action, Outcome, WebhooksAPI


def ensure_url(webhooks: WebhooksAPI, *, url: str, events: Sequence[str]) -> tuple[Outcome, Webhook]:
    """See to it that a webhook calls somebody else's receiver: adopt one that is there and repair its events.

    :returns: what was done, and the webhook with its token.
    """
    webhook = next((webhook for webhook in webhooks.list() if webhook.url == url), None)
    action: Action = "adopted"
    if webhook is None:
        webhook = settled.create(webhooks, url=url, events=events)
        action = "created"
    elif set(webhook.events) != set(events):
        webhooks.update(webhook.id, url=url, events=events)
        action = "repaired"
    outcome = Outcome(action=action, webhook_id=webhook.id, events=tuple(events))
    return outcome, settled.with_token(webhooks, webhook)


def update_webhook(
    webhooks: WebhooksAPI, webhook_id: str, *, url: str | None = None, events: Sequence[str] | None = None
) -> Outcome:
    """Change the URL or the events of a webhook; what is not given stays.

    :raises ValueError: if the events are a text, whose letters would be taken for them, or none at all.
    :raises WebWorkNotFoundError: if there is no such webhook.
    """
    if events is not None and (isinstance(events, str) or not events):
        msg = f"events must be a list of event names that is not empty, not {events!r}."
        raise ValueError(msg)
    present = webhooks.get(webhook_id)
    wanted = tuple(present.events if events is None else events)
    action: Action = "unchanged"
    if (url is not None and url != present.url) or set(wanted) != set(present.events):
        webhooks.update(webhook_id, url=url or present.url, events=wanted)
        action = "updated"
    return Outcome(action=action, webhook_id=webhook_id, events=wanted)


def update_url(webhooks: WebhooksAPI, url: str, *, events: Sequence[str]) -> Outcome:
    """Change the events of every webhook that calls a URL.

    :raises WebWorkNotFoundError: if there is none.
    """
    present = [webhook for webhook in webhooks.list() if webhook.url == url]
    if not present:
        raise _no_webhook_of_url()
    drifted = [webhook for webhook in present if set(webhook.events) != set(events)]
    for webhook in drifted:
        webhooks.update(webhook.id, url=url, events=events)
    return Outcome(action="updated" if drifted else "unchanged", webhook_id=present[0].id, events=tuple(events))


def delete_webhook(webhooks: WebhooksAPI, webhook_id: str, *, ignore_missing: bool = True) -> Outcome:
    """Delete a webhook.

    :raises WebWorkNotFoundError: if there is no such webhook and ``ignore_missing`` is false.
    """
    present = settled.find(webhooks, webhook_id)
    if present is None:
        if ignore_missing:
            return Outcome(action="missing", webhook_id=webhook_id)
        raise no_webhook(webhook_id)
    settled.delete(webhooks, webhook_id)
    return Outcome(action="deleted", webhook_id=webhook_id, events=present.events)


def delete_url(webhooks: WebhooksAPI, url: str, *, ignore_missing: bool = True) -> Outcome:
    """Delete every webhook that calls a URL.

    :raises WebWorkNotFoundError: if there is none and ``ignore_missing`` is false.
    """
    present = [webhook for webhook in webhooks.list() if webhook.url == url]
    for webhook in present:
        settled.delete(webhooks, webhook.id)
    if present:
        return Outcome(action="deleted", webhook_id=present[0].id, events=present[0].events)
    if ignore_missing:
        return Outcome(action="missing", webhook_id=None)
    raise _no_webhook_of_url()


def no_webhook(webhook_id: str) -> WebWorkNotFoundError:
    """Say that WebWork does not have a webhook."""
    return WebWorkNotFoundError(f"WebWork has no webhook {webhook_id} in the workspace of the connection.")


def _no_webhook_of_url() -> WebWorkNotFoundError:
    return WebWorkNotFoundError("WebWork has no webhook for this URL in the workspace of the connection.")
