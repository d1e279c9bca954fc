"""Rotating the webhook of an endpoint: a new key, with no delivery lost on the way.

Every step is recorded before it is taken, and every function first looks at what WebWork has. So whatever ends a try,
the next one finishes what it began.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkLogError, WebWorkUnprovenError
from airflow_provider_webwork.events.callbacks import key_hash_of
from airflow_provider_webwork.events.endpoint import BY_KEY, Endpoint, key_id
from airflow_provider_webwork.events.rotation import Rotation, subject_of_endpoint
from airflow_provider_webwork.events.rotations import Rotations
from airflow_provider_webwork.lifecycle import settled
from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks, webhook_gone
from airflow_provider_webwork.lifecycle.rotated import Plan, Rotated
from airflow_provider_webwork.secrets import hash_key

log = logging.getLogger(__name__)

LINGER = timedelta(minutes=1)
"""How long the key of a webhook that was deleted is still accepted, for deliveries that were under way."""


class Reach(Protocol):
    """Tries whether a callback URL reaches the receiver."""

    def __call__(self, url: str) -> str | None:
        """Return why it does not; ``None`` if it does."""


@dataclass(frozen=True, kw_only=True)
class EndpointRotations:
    """Rotates the webhooks of our own endpoints.

    :param lifecycle: the webhooks of the endpoints.
    :param rotations: the record of the steps.
    :param reach: tries whether a callback URL reaches the receiver.
    :param linger: how long the key of a deleted webhook is still accepted.
    """

    lifecycle: EndpointWebhooks
    rotations: Rotations
    reach: Reach
    linger: timedelta = LINGER

    def rotate(self, name: str, plan: Plan) -> Rotated:
        """Finish the rotation of an endpoint that an earlier try left, and begin one if it is due.

        :raises WebWorkLogError: if there is no such endpoint, or it has no webhook.
        :raises WebWorkAPIError: if WebWork refuses or fails; a further try goes on where this one stopped.
        :raises WebWorkUnprovenError: if the new webhook was not seen to work; the old one stays.
        :raises WebWorkBusyError: if another task changes this endpoint all the time.
        """
        with self.lifecycle.turn(name) as mine:
            return replace(self, lifecycle=mine).rotate_in_turn(name, plan)

    def rotate_in_turn(self, name: str, plan: Plan) -> Rotated:
        """Do what :meth:`rotate` does, in our turn."""
        endpoint = self.lifecycle.endpoints.get(name)
        if endpoint.webhook_id is None:
            msg = (
                f"Endpoint {name!r} has no webhook yet that could be rotated. Make it with "
                f"WebWorkCreateWebhookOperator(endpoint={name!r}, ...)."
            )
            raise WebWorkLogError(msg)
        self.lifecycle.check_workspace(endpoint)
        rotation, outcome = self.rotations.find(subject_of_endpoint(name)), None
        if rotation is not None and rotation.unfinished:
            outcome = self._go_on(rotation, plan)
            if outcome.waits:
                return outcome
            rotation = self.rotations.find(subject_of_endpoint(name))
        if plan.wants(rotation, made_at=self.lifecycle.endpoints.key_made_at(name)):
            return self._go_on(self._begin(name, plan), plan)
        return outcome or Rotated(
            action="unchanged",
            endpoint=name,
            old_webhook_id=None if rotation is None else rotation.old_webhook_id,
            webhook_id=endpoint.webhook_id,
            overlap_until=None if rotation is None else rotation.overlap_until,
        )

    def _begin(self, name: str, plan: Plan) -> Rotation:
        endpoint = self.lifecycle.endpoints.get(name)
        return self.rotations.begin_for_endpoint(
            name,
            strategy=plan.strategy,
            old_webhook_id=str(endpoint.webhook_id),
            started_at=plan.started_at(self.lifecycle.now()),
        )

    def _go_on(self, rotation: Rotation, plan: Plan) -> Rotated:
        making = rotation.step == "making"
        if making:
            rotation = self._make(rotation, plan)
        if rotation.step == "overlap" and rotation.overlaps(at=self.lifecycle.now()):
            return Rotated.of(rotation, "started" if making else "overlapping")
        rotation = self._retire(rotation, plan)
        return Rotated.of(rotation, "overlapping" if rotation.unfinished else "rotated")

    def _make(self, rotation: Rotation, plan: Plan) -> Rotation:
        """Let WebWork deliver with the new key, and make that what the endpoint goes by."""
        name = str(rotation.endpoint)
        made = self._with_key(rotation)
        if made is None and rotation.strategy != plan.strategy:
            log.info("Endpoint %s: %s came to nothing; rotating by %s.", name, rotation.strategy, plan.strategy)
            rotation = self._begin(name, plan)
        endpoint, url = self.lifecycle.endpoints.get(name), self.lifecycle.url(str(rotation.key))
        if made is None:
            made = self._rekey(endpoint, url, plan) if rotation.strategy == "rekey" else self._register(endpoint, url)
        elif made.url != url or set(made.events) != set(endpoint.events):
            self.lifecycle.webhooks.update(made.id, url=url, events=endpoint.events)
        log.info("Endpoint %s: WebWork delivers by webhook %s with the new key.", name, made.id)
        return self.rotations.switch_endpoint(
            rotation,
            webhook_id=made.id,
            webhook_token=settled.with_token(self.lifecycle.webhooks, made).token,
            workspace_id=self.lifecycle.workspace_id,
            conn_id=self.lifecycle.conn_id,
            overlap_until=self.lifecycle.now() + plan.overlap,
        )

    def _with_key(self, rotation: Rotation) -> Webhook | None:
        new = hash_key(str(rotation.key))
        return next((each for each in self.lifecycle.webhooks.list() if key_hash_of(each.url) == new), None)

    def _register(self, endpoint: Endpoint, url: str) -> Webhook:
        return settled.create(self.lifecycle.webhooks, url=url, events=endpoint.events)

    def _rekey(self, endpoint: Endpoint, url: str, plan: Plan) -> Webhook:
        webhook = settled.find(self.lifecycle.webhooks, str(endpoint.webhook_id))
        if webhook is None:
            raise webhook_gone(endpoint.name)
        if plan.verify and (reason := self.reach(url)):
            # Once WebWork has the new URL there is no way back: of the old key only the hash is kept.
            msg = (
                f"A delivery of our own to endpoint {endpoint.name!r} at {self.lifecycle.base_url} did not arrive: "
                f"{reason}. Its webhook {webhook.id} keeps its URL."
            )
            raise WebWorkUnprovenError(msg)
        self.lifecycle.webhooks.update(webhook.id, url=url, events=endpoint.events)
        return webhook

    def _retire(self, rotation: Rotation, plan: Plan) -> Rotation:
        """Delete the old webhook, if the new one is as it should be; a webhook that was only rekeyed stays."""
        if rotation.strategy == "replace":
            name = str(rotation.endpoint)
            outcome = self.lifecycle.ensure_in_turn(name, events=self.lifecycle.endpoints.get(name).events)
            if outcome.action in {"created", "repaired"}:
                log.warning("Endpoint %s: its new webhook had to be %s; the old one stays on.", name, outcome.action)
                until = self.lifecycle.now() + plan.overlap
                return self.rotations.switch_webhook(rotation, webhook_id=str(outcome.webhook_id), overlap_until=until)
            rotation = self._delete_old(rotation, plan)
        return self.rotations.finish(rotation, linger=self.linger)

    def _delete_old(self, rotation: Rotation, plan: Plan) -> Rotation:
        endpoint = self.lifecycle.endpoints.get(str(rotation.endpoint))
        webhooks = self.lifecycle.all_of(endpoint)
        if not webhooks or webhooks[0].id != endpoint.webhook_id:
            msg = f"The new webhook of endpoint {endpoint.name!r} was gone a moment ago. The old one stays; try again."
            raise WebWorkUnprovenError(msg)
        stays, *others = webhooks
        if rotation.step == "overlap":
            if plan.verify:
                self._check_works(endpoint, stays, rotation)
            rotation = self.rotations.retire(rotation)
        old = {each.id for each in others if key_hash_of(each.url) not in endpoint.by_hand}
        old |= {str(rotation.old_webhook_id)}  # whatever its URL is by now
        for webhook_id in sorted(old - {stays.id}):
            settled.delete(self.lifecycle.webhooks, webhook_id)
            log.info("Endpoint %s: its old webhook %s is gone.", endpoint.name, webhook_id)
        return rotation

    def _check_works(self, endpoint: Endpoint, webhook: Webhook, rotation: Rotation) -> None:
        """Refuse to go on with a webhook that has delivered nothing, and whose URL does not reach the receiver."""
        used = key_id(str(key_hash_of(webhook.url)))
        observed = self.lifecycle.endpoints.observed(endpoint.name)
        if any(seen.verified and (seen.proof, seen.verified_with) == (BY_KEY, used) for seen in observed):
            return
        if reason := self.reach(webhook.url):
            msg = (
                f"The new webhook {webhook.id} of endpoint {endpoint.name!r} has delivered nothing yet, and a delivery "
                f"of our own to {self.lifecycle.base_url} did not arrive: {reason}. The old webhook "
                f"{rotation.old_webhook_id} stays until the receiver is reachable there."
            )
            raise WebWorkUnprovenError(msg)
