"""The webhook of an endpoint as it should be: create what is missing, adopt what is there, repair what drifted, delete.

Every function may be run again after any failure: it first looks at what WebWork has, and changes only what
differs. What is about to happen is recorded before it happens, so that a second try finds it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkLogError, WebWorkNotFoundError
from airflow_provider_webwork.events.callbacks import callback_url, key_hash_of, key_of
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.keyring import no_endpoint
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.events.rotation import subject_of_endpoint
from airflow_provider_webwork.lifecycle import settled
from airflow_provider_webwork.lifecycle.settled import Action, Outcome, WebhooksAPI
from airflow_provider_webwork.lifecycle.turns import InTurn, Turns
from airflow_provider_webwork.secrets import hash_key

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EndpointWebhooks:
    """The webhooks of our own endpoints.

    :param webhooks: the workspace at WebWork.
    :param endpoints: the endpoints in the event log.
    :param turns: lets one task at a time change an endpoint.
    :param base_url: where WebWork reaches the receiver, without ``/hooks/...``.
    :param conn_id: the connection that ``webhooks`` was made from.
    :param workspace_id: the workspace of the connection, which deliveries that name none belong to.
    :param now: tells the time in UTC.
    """

    webhooks: WebhooksAPI
    endpoints: Endpoints
    turns: Turns
    base_url: str
    conn_id: str
    workspace_id: str | None
    now: Callable[[], datetime]

    def ensure(self, name: str, *, events: Sequence[str]) -> Outcome:
        """See to it that exactly one webhook calls the endpoint, for these events.

        The old webhook of a rotation that is not finished stays until that is.

        :raises WebWorkAPIError: if WebWork refuses or fails; a further try goes on where this one stopped.
        :raises WebWorkBusyError: if another task changes this endpoint all the time.
        """
        with self.turn(checked_name(name, of="endpoint")) as mine:
            return mine.ensure_in_turn(name, events=events)

    def update(self, name: str, *, events: Sequence[str]) -> Outcome:
        """Change the events of the endpoint's webhook.

        :raises WebWorkLogError: if there is no such endpoint.
        :raises WebWorkNotFoundError: if its webhook is gone.
        :raises WebWorkBusyError: if another task changes this endpoint all the time.
        """
        with self.turn(name) as mine:
            return mine.update_in_turn(name, events=events)

    def delete(self, name: str, *, ignore_missing: bool = True) -> Outcome:
        """Delete the endpoint's webhook, then revoke its keys; what is gone already stays gone.

        :raises WebWorkLogError: if there is no such endpoint and ``ignore_missing`` is false.
        :raises WebWorkBusyError: if another task changes this endpoint all the time.
        """
        with self.turn(name) as mine:
            return mine.delete_in_turn(name, ignore_missing=ignore_missing)

    @contextmanager
    def turn(self, name: str) -> Iterator[EndpointWebhooks]:
        """Wait until no other task changes an endpoint; yield what may change it.

        :raises WebWorkBusyError: if another task changes it all the time.
        """
        with self.turns.take(subject_of_endpoint(name)) as turn:
            yield replace(self, webhooks=InTurn(self.webhooks, turn))

    def ensure_in_turn(self, name: str, *, events: Sequence[str]) -> Outcome:
        """Do what :meth:`ensure` does, in our turn."""
        endpoint = self.endpoints.open(name, now=self.now())
        self.check_workspace(endpoint)
        ours = self._ours(endpoint)
        for spare in ours[1:]:
            log.warning("Endpoint %s has a second webhook %s; deleting it.", name, spare.id)
            settled.delete(self.webhooks, spare.id)
        return self._repair(endpoint, ours[0], events) if ours else self._create(endpoint, events)

    def update_in_turn(self, name: str, *, events: Sequence[str]) -> Outcome:
        """Do what :meth:`update` does, in our turn."""
        endpoint = self.endpoints.find(name)
        if endpoint is None:
            msg = f"There is no endpoint {name!r}. Make it with WebWorkCreateWebhookOperator(endpoint={name!r}, ...)."
            raise WebWorkLogError(msg)
        self.check_workspace(endpoint)
        ours = self._ours(endpoint)
        if not ours:
            raise webhook_gone(name)
        outcome = self._repair(endpoint, ours[0], events)
        action: Action = "updated" if outcome.action == "repaired" else "unchanged"
        return replace(outcome, action=action)

    def delete_in_turn(self, name: str, *, ignore_missing: bool) -> Outcome:
        """Do what :meth:`delete` does, in our turn."""
        endpoint = self.endpoints.find(name)
        if endpoint is None:
            if ignore_missing:
                return Outcome(action="missing", webhook_id=None, endpoint=name)
            raise no_endpoint(name)
        self.check_workspace(endpoint)
        webhooks = self.all_of(endpoint)
        for webhook in webhooks:
            settled.delete(self.webhooks, webhook.id)
        self.endpoints.delete(name)
        return Outcome(
            action="deleted",
            webhook_id=webhooks[0].id if webhooks else endpoint.webhook_id,
            events=endpoint.events,
            endpoint=name,
        )

    def check_workspace(self, endpoint: Endpoint) -> None:
        """Refuse a connection that cannot see the endpoint's webhook: to go on would orphan it.

        :raises WebWorkConfigurationError: if it is in another workspace.
        """
        if None in {endpoint.webhook_id, endpoint.workspace_id, self.workspace_id}:
            return
        if endpoint.workspace_id != self.workspace_id:
            msg = (
                f"The webhook of endpoint {endpoint.name!r} is in workspace {endpoint.workspace_id} (connection "
                f"{endpoint.conn_id!r}), and connection {self.conn_id!r} is for workspace {self.workspace_id}. Use "
                "the former connection, or delete the endpoint with it first."
            )
            raise WebWorkConfigurationError(msg)

    def url(self, key: str) -> str:
        """Return the callback URL with a key; it is a secret."""
        return callback_url(self.base_url, key)

    def all_of(self, endpoint: Endpoint) -> list[Webhook]:
        """Return every webhook of the endpoint, whichever its key and part in a rotation; the recorded one first."""
        return self._those(endpoint, key_hashes=endpoint.key_hashes, webhook_id=endpoint.former_webhook_id)

    def _ours(self, endpoint: Endpoint) -> list[Webhook]:
        """The webhooks to choose the endpoint's from: none of those that a rotation or a person looks after."""
        return self._those(endpoint, key_hashes=endpoint.unattended_keys)

    def _those(self, endpoint: Endpoint, *, key_hashes: Container[str], webhook_id: str | None = None) -> list[Webhook]:
        recorded = endpoint.webhook_id
        those = {
            webhook.id: webhook
            for webhook in self.webhooks.list()
            if webhook.id in {recorded, webhook_id} or key_hash_of(webhook.url) in key_hashes
        }
        if recorded is not None and recorded not in those:
            # WebWork does not say that a listing shows at once what was registered a moment ago.
            unlisted = settled.find(self.webhooks, recorded)
            those |= {} if unlisted is None else {recorded: unlisted}
        return sorted(those.values(), key=lambda webhook: webhook.id != recorded)

    def _create(self, endpoint: Endpoint, events: Sequence[str]) -> Outcome:
        endpoint = self.endpoints.renew(endpoint.name, now=self.now())
        key = _present(endpoint.pending_key)
        webhook = settled.create(self.webhooks, url=self.url(key), events=events)
        self._record(endpoint, key, webhook, events)
        return Outcome(action="created", webhook_id=webhook.id, events=tuple(events), endpoint=endpoint.name)

    def _repair(self, endpoint: Endpoint, webhook: Webhook, events: Sequence[str]) -> Outcome:
        key = key_of(webhook.url)
        if key is None or not endpoint.accepts(hash_key(key), at=self.now()):
            # Somebody changed the URL at WebWork; only a new key can be put back, since ours are kept as hashes.
            endpoint = self.endpoints.renew(endpoint.name, now=self.now())
            key = _present(endpoint.pending_key)
        url = self.url(key)
        action: Action = "unchanged" if endpoint.webhook_id == webhook.id else "adopted"
        if webhook.url != url or set(webhook.events) != set(events):
            self.webhooks.update(webhook.id, url=url, events=events)
            action = "repaired"
        self._record(endpoint, key, webhook, events)
        return Outcome(action=action, webhook_id=webhook.id, events=tuple(events), endpoint=endpoint.name)

    def _record(self, endpoint: Endpoint, key: str, webhook: Webhook, events: Sequence[str]) -> None:
        token = settled.with_token(self.webhooks, webhook).token
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
        )


def webhook_gone(name: str) -> WebWorkNotFoundError:
    """Say that WebWork does not have an endpoint's webhook any more."""
    return WebWorkNotFoundError(
        f"The webhook of endpoint {name!r} is gone from WebWork. Make it anew with "
        f"WebWorkCreateWebhookOperator(endpoint={name!r}, ...)."
    )


def _present(key: str | None) -> str:
    if key is None:
        msg = "A renewed endpoint has a pending key."
        raise AssertionError(msg)
    return key
