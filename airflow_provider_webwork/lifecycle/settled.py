"""Calls of WebWork whose answers may get lost: what really happened is settled by looking."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkAPIError, WebWorkNotFoundError, WebWorkRequestError
from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)

Action = Literal["created", "adopted", "repaired", "unchanged", "updated", "deleted", "missing"]


class WebhooksAPI(Protocol):
    """What is needed of WebWork; :class:`airflow_provider_webwork.api.webhooks.Webhooks` has it."""

    def list(self) -> Iterable[Webhook]:
        """Yield every webhook of the workspace."""

    def get(self, webhook_id: str) -> Webhook:
        """Return one webhook."""

    def create(self, *, url: str, events: Sequence[str]) -> Webhook:
        """Register a webhook."""

    def update(self, webhook_id: str, *, url: str, events: Sequence[str]) -> None:
        """Change a webhook; WebWork wants the URL also to change only the events."""

    def delete(self, webhook_id: str) -> None:
        """Remove a webhook."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was done about a webhook."""

    action: Action
    webhook_id: str | None
    events: tuple[str, ...] = ()
    endpoint: str | None = None

    def as_dict(self) -> dict[str, JSON]:
        """Return the outcome as the task returns it; it holds no secret."""
        return {
            "webhook_id": self.webhook_id,
            "endpoint": self.endpoint,
            "action": self.action,
            "events": list(self.events),
        }


def create(webhooks: WebhooksAPI, *, url: str, events: Sequence[str], known: Sequence[str] = ()) -> Webhook:
    """Register a webhook; if the answer got lost, look whether it is there rather than ask twice.

    :param known: the ids of the webhooks that had the URL before.
    """
    try:
        return webhooks.create(url=url, events=events)
    except WebWorkAPIError as error:
        if not error.effect_unknown:
            raise
        for webhook in webhooks.list():
            if webhook.url == url and webhook.id not in known:
                log.info("WebWork's answer got lost, but it registered the webhook: %s.", webhook.id)
                return webhook
        raise


def delete(webhooks: WebhooksAPI, webhook_id: str) -> None:
    """Delete a webhook; one that is gone already is no error."""
    try:
        webhooks.delete(webhook_id)
    except (WebWorkNotFoundError, WebWorkRequestError):
        # API v1 refuses to delete what is gone in the same way as it refuses anything else.
        if find(webhooks, webhook_id) is not None:
            raise
        log.info("Webhook %s is gone already.", webhook_id)


def find(webhooks: WebhooksAPI, webhook_id: str) -> Webhook | None:
    """Return a webhook, or ``None`` if WebWork has none of this id."""
    try:
        return webhooks.get(webhook_id)
    except WebWorkNotFoundError as error:
        if not error.in_json:
            raise  # it is something before WebWork that does not know the path
        return None
    except WebWorkRequestError:
        # API v1 answers 200 and no more than a text about what does not exist.
        return next((webhook for webhook in webhooks.list() if webhook.id == webhook_id), None)


def with_token(webhooks: WebhooksAPI, webhook: Webhook) -> Webhook:
    """Return a webhook with its token, if WebWork shows it."""
    return webhook if webhook.token is not None else webhooks.get(webhook.id)
