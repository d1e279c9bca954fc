"""The webhooks of a workspace: what create, update and delete leave behind, and when listings show it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_webwork.simulator.data.seeds import Seed
from airflow_provider_webwork.simulator.refusals import RefusedError


@dataclass(frozen=True, kw_only=True)
class WebhookRules:
    """What WebWork leaves open about webhooks; by default nothing is refused and every listing is up to date.

    :param unique_urls: refuse a URL that is registered already.
    :param limit: refuse more webhooks than this in one workspace.
    :param lag_reads: how many listings still show the state before a change. Reading one webhook by its id, and
        deliveries, are always up to date.
    :param lag_seconds: how long listings still show the state before a change, by the clock of the simulator.
    """

    unique_urls: bool = False
    limit: int | None = None
    lag_reads: int = 0
    lag_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if a number is negative.
        """
        if min(self.limit or 0, self.lag_reads, self.lag_seconds) < 0:
            raise ValueError("limit, lag_reads and lag_seconds must not be negative.")


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


@dataclass
class _Unseen:
    """A change that listings do not show yet, and what they show meanwhile."""

    before: Webhook | None
    since: datetime
    reads_left: int


class Webhooks:
    """The registered webhooks, oldest first.

    Event names are open strings: WebWork adds to them, and does not say whether it refuses unknown ones.

    :param seed: ids and tokens follow from it and from the order of creation.
    :param scope: what sets the webhooks of one workspace apart from those of another.
    """

    def __init__(
        self, *, seed: Seed, scope: tuple[object, ...], rules: WebhookRules, now: Callable[[], datetime]
    ) -> None:
        self._seed = seed
        self._scope = scope
        self._rules = rules
        self._now = now
        self._by_id: dict[str, Webhook] = {}
        self._unseen: dict[str, _Unseen] = {}
        self._created = 0

    def all(self) -> tuple[Webhook, ...]:
        """Return every webhook."""
        return tuple(self._by_id.values())

    def listed(self) -> tuple[Webhook, ...]:
        """Return what a listing shows, which may be behind; this counts as a read."""
        shown = dict(self._by_id)
        for webhook_id, change in list(self._unseen.items()):
            if not self._still_unseen(change):
                del self._unseen[webhook_id]
                continue
            change.reads_left -= 1
            shown.pop(webhook_id, None)
            if change.before:
                shown[webhook_id] = change.before
        return tuple(shown.values())

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
        if self._rules.limit is not None and len(self._by_id) >= self._rules.limit:
            raise RefusedError(400, f"No more than {self._rules.limit} webhooks are allowed.")
        self._created += 1
        key = base64.b64encode(self._seed.digest("webhook token", *self._scope, self._created)[:24]).decode()
        webhook = Webhook(
            id=self._seed.text("webhook id", *self._scope, self._created),
            url=checked_url,
            events=checked_events,
            token=f"whsec_{key}",
        )
        self._changes(webhook.id)
        self._by_id[webhook.id] = webhook
        return webhook

    def update(self, webhook_id: str, *, url: object, events: object | None) -> None:
        """Change the URL, which is always required, and the events, if given; the token stays."""
        webhook = self.get(webhook_id)
        changed = replace(
            webhook,
            url=self._checked_url(url, besides=webhook_id),
            events=webhook.events if events is None else _checked_events(events),
        )
        self._changes(webhook_id)
        self._by_id[webhook_id] = changed

    def delete(self, webhook_id: str) -> None:
        """Forget a webhook."""
        self.get(webhook_id)
        self._changes(webhook_id)
        del self._by_id[webhook_id]

    def _changes(self, webhook_id: str) -> None:
        if self._rules.lag_reads or self._rules.lag_seconds:
            earlier = self._unseen.get(webhook_id)
            before = earlier.before if earlier and self._still_unseen(earlier) else self._by_id.get(webhook_id)
            self._unseen[webhook_id] = _Unseen(before=before, since=self._now(), reads_left=self._rules.lag_reads)

    def _still_unseen(self, change: _Unseen) -> bool:
        return change.reads_left > 0 or self._now() - change.since < timedelta(seconds=self._rules.lag_seconds)

    def _checked_url(self, url: object, *, besides: str | None = None) -> str:
        if not isinstance(url, str) or not url:
            raise RefusedError(400, "The url field is required.")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise RefusedError(400, "The url field must be a valid URL.") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise RefusedError(400, "The url field must be a valid URL.")
        if self._rules.unique_urls and any(w.url == url and w.id != besides for w in self.all()):
            raise RefusedError(400, "The url has already been taken.")
        return url


def _checked_events(events: object) -> tuple[str, ...]:
    if not isinstance(events, list) or not events:
        raise RefusedError(400, "The events field is required and must be an array.")
    if not all(isinstance(name, str) and name for name in events):
        raise RefusedError(400, "Each of the events must be a string.")
    return tuple(dict.fromkeys(events))
