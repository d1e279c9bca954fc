"""The webhooks of the workspace: what create, update and delete leave behind."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_webwork.simulator.calls import RefusedError
from airflow_provider_webwork.simulator.state import bytes_from_seed, text_from_seed


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A registered webhook: an opaque id, where to deliver, which events, and its token."""

    id: str
    url: str
    events: tuple[str, ...]
    token: str = field(repr=False)

    def row(self) -> dict[str, Any]:
        """Return the webhook as the API shows it; every answer includes the token (vendor page "Get webhook")."""
        return {"id": self.id, "url": self.url, "events": list(self.events), "token": self.token}


class Webhooks:
    """The registered webhooks, oldest first.

    Event names are open strings: WebWork adds to them, and does not say whether it refuses unknown ones.

    :param seed: ids and tokens follow from it and from the order of creation.
    :param unique_urls: refuse a URL that is registered already; WebWork does not say what it does.
    """

    def __init__(self, *, seed: int, unique_urls: bool = False) -> None:
        self._seed = seed
        self._unique_urls = unique_urls
        self._by_id: dict[str, Webhook] = {}
        self._created = 0

    def all(self) -> tuple[Webhook, ...]:
        """Return every webhook."""
        return tuple(self._by_id.values())

    def find(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or ``None`` if it was deleted or never existed."""
        return self._by_id.get(webhook_id)

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook.

        :raises RefusedError: 404 if there is none of this id.
        """
        webhook = self.find(webhook_id)
        if webhook is None:
            raise RefusedError(404, "Webhook not found.")
        return webhook

    def create(self, *, url: object, events: object) -> Webhook:
        """Register a webhook with an id and a token of its own."""
        checked_url = self._checked_url(url)
        checked_events = _checked_events(events)
        self._created += 1
        key = base64.b64encode(bytes_from_seed(self._seed, "webhook token", self._created)[:24]).decode()
        webhook = Webhook(
            id=text_from_seed(self._seed, "webhook id", self._created),
            url=checked_url,
            events=checked_events,
            token=f"whsec_{key}",
        )
        self._by_id[webhook.id] = webhook
        return webhook

    def update(self, webhook_id: str, *, url: object, events: object | None) -> None:
        """Change the URL, which is always required, and the events, if given; the token stays."""
        webhook = self.get(webhook_id)
        self._by_id[webhook_id] = replace(
            webhook,
            url=self._checked_url(url, besides=webhook_id),
            events=webhook.events if events is None else _checked_events(events),
        )

    def delete(self, webhook_id: str) -> None:
        """Forget a webhook."""
        del self._by_id[self.get(webhook_id).id]

    def clear(self) -> None:
        """Forget every webhook and begin again with the first id."""
        self._by_id.clear()
        self._created = 0

    def _checked_url(self, url: object, *, besides: str | None = None) -> str:
        if not isinstance(url, str) or not url:
            raise RefusedError(400, "The url field is required.")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise RefusedError(400, "The url field must be a valid URL.") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise RefusedError(400, "The url field must be a valid URL.")
        if self._unique_urls and any(w.url == url and w.id != besides for w in self.all()):
            raise RefusedError(400, "The url has already been taken.")
        return url


def _checked_events(events: object) -> tuple[str, ...]:
    if not isinstance(events, list) or not events:
        raise RefusedError(400, "The events field is required and must be an array.")
    if not all(isinstance(name, str) and name for name in events):
        raise RefusedError(400, "Each of the events must be a string.")
    return tuple(dict.fromkeys(events))
