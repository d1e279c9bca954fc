"""A webhook as it should be: create what is missing, adopt what is there, repair what drifted, delete.

Every function may be run again after any failure: it first looks at what WebWork has, and changes only what
differs. What is about to happen is recorded before it happens, so that a second try finds it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import urlsplit

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import (
    WebWorkAPIError,
    WebWorkConfigurationError,
    WebWorkLogError,
    WebWorkNotFoundError,
    WebWorkRequestError,
)
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import hash_key

log = logging.getLogger(__name__)

Action = Literal["created", "adopted", "repaired", "unchanged", "updated", "deleted", "missing"]
OnConflict = Literal["adopt", "replace", "fail"]


class WebhooksAPI(Protocol):
    """What this module needs of WebWork; :class:`airflow_provider_webwork.api.webhooks.Webhooks` has it."""

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


@dataclass(frozen=True, kw_only=True)
class EndpointWebhooks:
    """The webhooks of our own endpoints.

    :param webhooks: the workspace at WebWork.
    :param endpoints: the endpoints in the event log.
    :param base_url: where WebWork reaches the receiver, without ``/hooks/...``.
    :param conn_id: the connection that ``webhooks`` was made from.
    :param workspace_id: the workspace of the connection, which deliveries that name none belong to.
    :param now: tells the time in UTC.
    """

    webhooks: WebhooksAPI
    endpoints: Endpoints
    base_url: str
    conn_id: str
    workspace_id: str | None
    now: Callable[[], datetime]

    def ensure(self, name: str, *, events: Sequence[str]) -> Outcome:
        """See to it that exactly one webhook calls the endpoint, for these events.

        :raises WebWorkAPIError: if WebWork refuses or fails; a further try goes on where this one stopped.
        """
        endpoint = self.endpoints.open(name, now=self.now())
        self._check_workspace(endpoint)
        ours = self._ours(endpoint)
        for spare in ours[1:]:
            log.warning("Endpoint %s has a second webhook %s; deleting it.", name, spare.id)
            _delete(self.webhooks, spare.id)
        return self._repair(endpoint, ours[0], events) if ours else self._create(endpoint, events)

    def update(self, name: str, *, events: Sequence[str]) -> Outcome:
        """Change the events of the endpoint's webhook.

        :raises WebWorkLogError: if there is no such endpoint.
        :raises WebWorkNotFoundError: if its webhook is gone.
        """
        endpoint = self.endpoints.find(name)
        if endpoint is None:
            msg = f"There is no endpoint {name!r}. Make it with WebWorkCreateWebhookOperator(endpoint={name!r}, ...)."
            raise WebWorkLogError(msg)
        self._check_workspace(endpoint)
        ours = self._ours(endpoint)
        if not ours:
            msg = (
                f"The webhook of endpoint {name!r} is gone from WebWork. Make it anew with "
                f"WebWorkCreateWebhookOperator(endpoint={name!r}, ...)."
            )
            raise WebWorkNotFoundError(msg)
        outcome = self._repair(endpoint, ours[0], events)
        action: Action = "updated" if outcome.action == "repaired" else "unchanged"
        return Outcome(action=action, webhook_id=outcome.webhook_id, events=outcome.events, endpoint=name)

    def delete(self, name: str, *, ignore_missing: bool = True) -> Outcome:
        """Delete the endpoint's webhook, then revoke its keys; what is gone already stays gone.

        :raises WebWorkLogError: if there is no such endpoint and ``ignore_missing`` is false.
        """
        endpoint = self.endpoints.find(name)
        if endpoint is None:
            if ignore_missing:
                return Outcome(action="missing", webhook_id=None, endpoint=name)
            msg = f"There is no endpoint {name!r}. See `airflow webwork endpoints list`."
            raise WebWorkLogError(msg)
        self._check_workspace(endpoint)
        ours = self._ours(endpoint)
        for webhook in ours:
            _delete(self.webhooks, webhook.id)
        self.endpoints.delete(name)
        return Outcome(
            action="deleted",
            webhook_id=ours[0].id if ours else endpoint.webhook_id,
            events=endpoint.events,
            endpoint=name,
        )

    def _check_workspace(self, endpoint: Endpoint) -> None:
        """Refuse a connection that cannot see the endpoint's webhook: to go on would orphan it."""
        if None in {endpoint.webhook_id, endpoint.workspace_id, self.workspace_id}:
            return
        if endpoint.workspace_id != self.workspace_id:
            msg = (
                f"The webhook of endpoint {endpoint.name!r} is in workspace {endpoint.workspace_id} (connection "
                f"{endpoint.conn_id!r}), and connection {self.conn_id!r} is for workspace {self.workspace_id}. Use "
                "the former connection, or delete the endpoint with it first."
            )
            raise WebWorkConfigurationError(msg)

    def _ours(self, endpoint: Endpoint) -> list[Webhook]:
        """The webhooks that call the endpoint, the recorded one first."""
        ours = [
            webhook
            for webhook in self.webhooks.list()
            if webhook.id == endpoint.webhook_id or _key_hash(webhook.url) in endpoint.key_hashes
        ]
        return sorted(ours, key=lambda webhook: webhook.id != endpoint.webhook_id)

    def _create(self, endpoint: Endpoint, events: Sequence[str]) -> Outcome:
        endpoint = self.endpoints.renew(endpoint.name, now=self.now())
        key = _present(endpoint.pending_key)
        webhook, action = _create(self.webhooks, url=self._url(key), events=events)
        self._record(endpoint, key, webhook, events)
        return Outcome(action=action, webhook_id=webhook.id, events=tuple(events), endpoint=endpoint.name)

    def _repair(self, endpoint: Endpoint, webhook: Webhook, events: Sequence[str]) -> Outcome:
        key = _key(webhook.url)
        if key is None or hash_key(key) not in endpoint.key_hashes:
            # Somebody changed the URL at WebWork; only a new key can be put back, since ours are kept as hashes.
            endpoint = self.endpoints.renew(endpoint.name, now=self.now())
            key = _present(endpoint.pending_key)
        url = self._url(key)
        action: Action = "unchanged" if endpoint.webhook_id == webhook.id else "adopted"
        if webhook.url != url or set(webhook.events) != set(events):
            self.webhooks.update(webhook.id, url=url, events=events)
            action = "repaired"
        self._record(endpoint, key, webhook, events)
        return Outcome(action=action, webhook_id=webhook.id, events=tuple(events), endpoint=endpoint.name)

    def _record(self, endpoint: Endpoint, key: str, webhook: Webhook, events: Sequence[str]) -> None:
        token = webhook.token or self.webhooks.get(webhook.id).token
        if token is None and webhook.id == endpoint.webhook_id:
            token = endpoint.webhook_token
        known = (endpoint.webhook_id, endpoint.webhook_token, endpoint.events, endpoint.conn_id, endpoint.workspace_id)
        if known == (webhook.id, token, tuple(events), self.conn_id, self.workspace_id) and not endpoint.pending_key:
            return
        self.endpoints.activate(
            endpoint.name,
            key=key,
            webhook_id=webhook.id,
            webhook_token=token,
            workspace_id=self.workspace_id,
            conn_id=self.conn_id,
            events=tuple(events),
            now=self.now(),
        )

    def _url(self, key: str) -> str:
        return f"{self.base_url.rstrip('/')}/hooks/{key}"


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
        webhook, action = _create(webhooks, url=url, events=events, known=present)
        for old in present:
            _delete(webhooks, old.id)
    if webhook.token is None:
        webhook = webhooks.get(webhook.id)
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
    # Looked for in the list, because API v1 answers 200 and no more than a text about what does not exist.
    present = _find(webhooks, webhook_id)
    if present is None:
        if ignore_missing:
            return Outcome(action="missing", webhook_id=webhook_id)
        msg = f"WebWork has no webhook {webhook_id} in the workspace of the connection."
        raise WebWorkNotFoundError(msg)
    _delete(webhooks, webhook_id)
    return Outcome(action="deleted", webhook_id=webhook_id, events=present.events)


def delete_url(webhooks: WebhooksAPI, url: str, *, ignore_missing: bool = True) -> Outcome:
    """Delete every webhook that calls a URL.

    :raises WebWorkNotFoundError: if there is none and ``ignore_missing`` is false.
    """
    present = [webhook for webhook in webhooks.list() if webhook.url == url]
    for webhook in present:
        _delete(webhooks, webhook.id)
    if present:
        return Outcome(action="deleted", webhook_id=present[0].id, events=present[0].events)
    if ignore_missing:
        return Outcome(action="missing", webhook_id=None)
    raise WebWorkNotFoundError("WebWork has no webhook for this URL.")


def _create(
    webhooks: WebhooksAPI, *, url: str, events: Sequence[str], known: Sequence[Webhook] = ()
) -> tuple[Webhook, Action]:
    """Register a webhook; if the answer got lost, look whether it is there rather than ask twice.

    :param known: the webhooks that had the URL before.
    """
    try:
        return webhooks.create(url=url, events=events), "created"
    except WebWorkAPIError as error:
        if not error.effect_unknown:
            raise
        before = {webhook.id for webhook in known}
        for webhook in webhooks.list():
            if webhook.url == url and webhook.id not in before:
                log.info("WebWork's answer got lost, but it registered the webhook: %s.", webhook.id)
                return webhook, "created"
        raise


def _delete(webhooks: WebhooksAPI, webhook_id: str) -> None:
    try:
        webhooks.delete(webhook_id)
    except (WebWorkNotFoundError, WebWorkRequestError):
        # API v1 refuses to delete what is gone in the same way as it refuses anything else.
        if _find(webhooks, webhook_id) is not None:
            raise
        log.info("Webhook %s is gone already.", webhook_id)


def _find(webhooks: WebhooksAPI, webhook_id: str) -> Webhook | None:
    return next((webhook for webhook in webhooks.list() if webhook.id == webhook_id), None)


def _key(url: str) -> str | None:
    parent, _, key = urlsplit(url).path.rpartition("/")
    return key if key and parent.endswith("/hooks") else None


def _key_hash(url: str) -> str | None:
    key = _key(url)
    return None if key is None else hash_key(key)


def _present(key: str | None) -> str:
    if key is None:
        msg = "A renewed endpoint has a pending key."
        raise AssertionError(msg)
    return key
