"""Registering a URL once for a Dag run: what is there is replaced or refused, but not what the run made itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkRequestError
from airflow_provider_webwork.events.rotation import Rotation, subject_of_url
from airflow_provider_webwork.events.rotations import Rotations
from airflow_provider_webwork.lifecycle import settled
from airflow_provider_webwork.lifecycle.outside import ensure_url
from airflow_provider_webwork.lifecycle.rotated import Plan
from airflow_provider_webwork.lifecycle.settled import Outcome, WebhooksAPI
from airflow_provider_webwork.lifecycle.turns import InTurn, Turns


@dataclass(frozen=True, kw_only=True)
class OncePerRun:
    """Registers webhooks for the receivers of others.

    :param webhooks: the workspace at WebWork.
    :param rotations: the record of what was begun.
    :param turns: lets one task at a time see to a URL.
    :param keep_token: hands a new webhook's token over before the old ones go; the same one again is no harm.
    :param now: tells the time in UTC.
    """

    webhooks: WebhooksAPI
    rotations: Rotations
    turns: Turns
    keep_token: Callable[[Webhook], None]
    now: Callable[[], datetime]

    def register(
        self, *, url: str, events: Sequence[str], on_conflict: Literal["replace", "fail"], run_after: datetime
    ) -> tuple[Outcome, Webhook]:
        """Make a webhook for a URL; a run that made one already keeps it, whenever it is cleared.

        :param on_conflict: what to do if WebWork has webhooks for the URL: ``replace`` them, or ``fail``.
        :param run_after: the ``run_after`` of the Dag run.
        :returns: what was done, and the webhook with its token.
        :raises WebWorkRequestError: if there is one, and ``on_conflict`` is ``fail``.
        :raises WebWorkBusyError: if another task sees to this URL all the time.
        """
        with self.turns.take(subject_of_url(url)) as turn:
            mine = replace(self, webhooks=InTurn(self.webhooks, turn))
            begun = mine.begin(url, on_conflict=on_conflict, plan=Plan(run_after=run_after))
            if begun.unfinished:
                return mine.finish(begun, url, events)
            return ensure_url(mine.webhooks, url=url, events=events)

    def begin(self, url: str, *, on_conflict: Literal["replace", "fail"], plan: Plan) -> Rotation:
        """Return what this run has begun, or begin it."""
        earlier = self.rotations.find(subject_of_url(url))
        if earlier is not None and not plan.wants(earlier, made_at=None):
            return earlier
        present = [webhook.id for webhook in self.webhooks.list() if webhook.url == url]
        if present and on_conflict == "fail":
            msg = f"WebWork has a webhook for this URL: {present[0]}. Update that one, or pass on_conflict='adopt'."
            raise WebWorkRequestError(msg)
        return self.rotations.begin_for_webhook(
            subject_of_url(url),
            old_webhook_id=present[0] if present else None,
            known=present,
            started_at=plan.started_at(self.now()),
        )

    def finish(self, rotation: Rotation, url: str, events: Sequence[str]) -> tuple[Outcome, Webhook]:
        """Make the new webhook if it is not there yet, and delete the old ones."""
        others = (each for each in self.webhooks.list() if each.url == url and each.id not in rotation.known)
        webhook = next(others, None)
        if webhook is None:
            webhook = settled.create(self.webhooks, url=url, events=events, known=rotation.known)
        elif set(webhook.events) != set(events):
            self.webhooks.update(webhook.id, url=url, events=events)
        webhook = settled.with_token(self.webhooks, webhook)
        self.keep_token(webhook)
        rotation = self.rotations.switch_webhook(rotation, webhook_id=webhook.id, overlap_until=self.now())
        for webhook_id in rotation.known:
            settled.delete(self.webhooks, webhook_id)
        self.rotations.finish(rotation, linger=timedelta())
        return Outcome(action="created", webhook_id=webhook.id, events=tuple(events)), webhook
