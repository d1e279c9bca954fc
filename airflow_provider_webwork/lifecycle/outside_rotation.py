"""Rotating webhooks for the receivers of others: a new webhook with the same URL, whose token is handed over first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkLogError, WebWorkResponseError
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.rotation import Rotation, subject_of_webhook
from airflow_provider_webwork.events.rotations import Rotations
from airflow_provider_webwork.lifecycle import settled
from airflow_provider_webwork.lifecycle.outside import no_webhook
from airflow_provider_webwork.lifecycle.rotated import Plan, Rotated
from airflow_provider_webwork.lifecycle.settled import WebhooksAPI
from airflow_provider_webwork.lifecycle.turns import InTurn, Turns

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OutsideRotations:
    """Rotates webhooks for the receivers of others.

    :param webhooks: the workspace at WebWork.
    :param endpoints: the endpoints in the event log, whose webhooks are none of these.
    :param rotations: the record of the steps.
    :param turns: lets one task at a time rotate a webhook.
    :param keep_token: hands a new webhook's token over to the receiver; the same one again is no harm.
    :param now: tells the time in UTC.
    """

    webhooks: WebhooksAPI
    endpoints: Endpoints
    rotations: Rotations
    turns: Turns
    keep_token: Callable[[str], None]
    now: Callable[[], datetime]

    def rotate(self, webhook_id: str, plan: Plan) -> Rotated:
        """Finish the rotation of a webhook that an earlier try left, and begin one if it is due.

        :param webhook_id: any id that the webhook goes by: the first one, or that of its latest successor.
        :raises WebWorkLogError: if it is the webhook of an endpoint of ours.
        :raises WebWorkNotFoundError: if WebWork has neither it nor its successor.
        :raises WebWorkAPIError: if WebWork refuses or fails; a further try goes on where this one stopped.
        :raises WebWorkBusyError: if another task rotates it all the time.
        """
        known = self.rotations.find_webhook(webhook_id)
        subject = subject_of_webhook(webhook_id) if known is None else known.subject
        with self.turns.take(subject) as turn:
            return replace(self, webhooks=InTurn(self.webhooks, turn)).rotate_in_turn(webhook_id, plan)

    def rotate_in_turn(self, webhook_id: str, plan: Plan) -> Rotated:
        """Do what :meth:`rotate` does, in our turn."""
        for endpoint in self.endpoints.list():
            if webhook_id in {endpoint.webhook_id, endpoint.former_webhook_id}:
                msg = f"Webhook {webhook_id} is that of endpoint {endpoint.name!r}: rotate endpoint={endpoint.name!r}."
                raise WebWorkLogError(msg)
        rotation, outcome = self.rotations.find_webhook(webhook_id), None
        if rotation is not None and rotation.unfinished:
            outcome = self._go_on(rotation, webhook_id, plan)
            if outcome.waits:
                return outcome
            rotation = self.rotations.find_webhook(webhook_id)
        if plan.wants(rotation, made_at=None if rotation is None else rotation.started_at):
            current = webhook_id if rotation is None else str(rotation.webhook_id)
            return self._go_on(self._begin(webhook_id, current, rotation, plan), webhook_id, plan)
        if outcome is not None or rotation is None:
            return outcome or _unchanged(webhook_id)
        return Rotated.of(rotation, "unchanged")

    def _begin(self, webhook_id: str, current: str, after: Rotation | None, plan: Plan) -> Rotation:
        old = self._present(current)
        return self.rotations.begin_for_webhook(
            subject_of_webhook(webhook_id),
            old_webhook_id=old.id,
            known=[each.id for each in self.webhooks.list() if each.url == old.url],
            started_at=plan.started_at(self.now()),
            after=after,
        )

    def _go_on(self, rotation: Rotation, webhook_id: str, plan: Plan) -> Rotated:
        making = rotation.step == "making"
        if making:
            rotation = self._make(rotation, plan)
        if rotation.step == "overlap" and rotation.overlaps(at=self.now()):
            return Rotated.of(rotation, "started" if making else "overlapping")
        if settled.find(self.webhooks, str(rotation.webhook_id)) is None:
            log.warning("%s: its new webhook %s is gone; making another.", rotation.subject, rotation.webhook_id)
            begun = self._begin(webhook_id, str(rotation.old_webhook_id), rotation, plan)
            return Rotated.of(self._make(begun, plan), "overlapping")
        if rotation.step == "overlap":
            rotation = self.rotations.retire(rotation)
        settled.delete(self.webhooks, str(rotation.old_webhook_id))
        log.info("%s: the old webhook %s is gone.", rotation.subject, rotation.old_webhook_id)
        return Rotated.of(self.rotations.finish(rotation, linger=timedelta()), "rotated")

    def _make(self, rotation: Rotation, plan: Plan) -> Rotation:
        old = self._present(str(rotation.old_webhook_id))
        known = {*rotation.known, old.id}
        made = next((each for each in self.webhooks.list() if each.url == old.url and each.id not in known), None)
        if made is None:
            made = settled.create(self.webhooks, url=old.url, events=old.events, known=[*known])
        _hand_over(self.webhooks, made, self.keep_token)
        log.info("%s: WebWork delivers by webhook %s too.", rotation.subject, made.id)
        until = self.now() + plan.overlap
        return self.rotations.switch_webhook(rotation, webhook_id=made.id, overlap_until=until)

    def _present(self, webhook_id: str) -> Webhook:
        webhook = settled.find(self.webhooks, webhook_id)
        if webhook is None:
            raise no_webhook(webhook_id)
        return webhook


def _hand_over(webhooks: WebhooksAPI, webhook: Webhook, keep_token: Callable[[str], None]) -> None:
    """Give the token of a webhook to who needs it.

    :raises WebWorkResponseError: if WebWork does not show it.
    """
    token = settled.with_token(webhooks, webhook).token
    if token is None:
        msg = f"WebWork does not show the token of its webhook {webhook.id}, so that nobody can be given it."
        raise WebWorkResponseError(msg)
    keep_token(token)


def _unchanged(webhook_id: str) -> Rotated:
    return Rotated(action="unchanged", endpoint=None, old_webhook_id=None, webhook_id=webhook_id, overlap_until=None)
