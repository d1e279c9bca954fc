"""Webhooks for the receivers of others, as they should be: found by their URL or id, changed only where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkNotFoundError, WebWorkRequestError
from airflow_provider_webwork.lifecycle import settled
from airflow_provider_webwork.lifecycle.settled import Action, Outcome, WebhooksAPI

OnConflict = Literal["adopt", "replace", "fail"]


def ensure_url(
    webhooks: WebhooksAPI, *, url: str, events: Sequence[str], on_conflict: OnConflict = "adopt"
) -> tuple[Outcome, Webhook]:
    """See to it that a webhook calls somebody else's receiver.

    :param on_conflict: what to do when WebWork has a webhook for this URL: ``adopt`` it and repair its events,
        ``replace`` it by a new one, or ``fail``.
    :returns: what was done, and the webhook with its token.
    :raises WebWorkRequestError: if there is one and ``on_conflict`` is ``fail``.
    """
    present = [webhook for webhook in webhooks.list() if webhook.url == url]
    if present and on_conflict == "fail":
        msg = f"WebWork has a webhook for this URL: {present[0].id}. Update that one, or pass on_conflict='adopt'."
        raise WebWorkRequestError(msg)
    if present and on_conflict == "adopt":
        webhook = present[0]
        action: Action = "adopted"
        if set(webhook.events) != set(events):
            webhooks.update(webhook.id, url=url, events=events)
            action = "repaired"
    else:
        webhook, action = settled.create(webhooks, url=url, events=events, known=[each.id for each in present])
        for old in present:
            settled.delete(webhooks, old.id)
    webhook = settled.with_token(webhooks, webhook)
    return Outcome(action=action, webhook_id=webhook.id, events=tuple(events)), webhook


def update_webhook(
    webhooks: WebhooksAPI, webhook_id: str, *, url: str | None = None, events: Sequence[str] | None = None
) -> Outcome:
    """Change the URL or the events of a webhook; what is not given stays.

    :raises WebWorkNotFoundError: if there is no such webhook.
    """
    present = webhooks.get(webhook_id)
    wanted = tuple(present.events if events is None else events)
    action: Action = "unchanged"
    if (url is not None and url != present.url) or set(wanted) != set(present.events):
        webhooks.update(webhook_id, url=url or present.url, events=wanted)
        action = "updated"
    return Outcome(action=action, webhook_id=webhook_id, events=wanted)


def delete_webhook(webhooks: WebhooksAPI, webhook_id: str, *, ignore_missing: bool = True) -> Outcome:
    """Delete a webhook.

    :raises WebWorkNotFoundError: if there is no such webhook and ``ignore_missing`` is false.
    """
    present = settled.find(webhooks, webhook_id)
    if present is None:
        if ignore_missing:
            return Outcome(action="missing", webhook_id=webhook_id)
        msg = f"WebWork has no webhook {webhook_id} in the workspace of the connection."
        raise WebWorkNotFoundError(msg)
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
    raise WebWorkNotFoundError("WebWork has no webhook for this URL.")
