"""The rotation of a webhook: how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from airflow_provider_webwork.events.endpoint import key_id
from airflow_provider_webwork.secrets import hash_key

Strategy = Literal["replace", "rekey"]
"""Make a new webhook and delete the old one after an overlap; or give the same webhook a URL with a new key."""

Step = Literal["making", "overlap", "retiring", "done"]
"""What is being done, recorded before it is done: registering the new one, waiting, deleting the old one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The latest rotation of the webhook of an endpoint, or of one for somebody else's receiver.

    :param subject: what is rotated, such as ``endpoint payroll`` or ``webhook 17``; the id is the one that the webhook
        goes by in Dags, whichever it has by now. A URL goes by its hash, because it may hold secrets.
    :param endpoint: the endpoint, if it is one of ours.
    :param webhook_id: the new webhook, once it is known.
    :param key: the new key of the endpoint, until the rotation is done.
    :param known: the webhooks that had the URL of somebody else's receiver before the new one.
    :param started_at: when it began; not before the ``run_after`` of the Dag run that began it.
    :param overlap_until: until when both the old and the new one are accepted, at least.
    """

    subject: str
    strategy: Strategy
    step: Step
    old_webhook_id: str | None
    started_at: datetime
    endpoint: str | None = None
    webhook_id: str | None = None
    key: str | None = field(default=None, repr=False)
    known: tuple[str, ...] = ()
    overlap_until: datetime | None = None

    @property
    def unfinished(self) -> bool:
        """Whether there is something left to do."""
        return self.step != "done"

    def overlaps(self, *, at: datetime) -> bool:
        """Whether the old webhook has to stay; one that only got a new key does not wait for the end of the old one."""
        return self.strategy == "replace" and self.overlap_until is not None and at < self.overlap_until


def subject_of_endpoint(name: str) -> str:
    """Return what the rotation of an endpoint's webhook goes by."""
    return f"endpoint {name}"


def subject_of_webhook(webhook_id: str) -> str:
    """Return what the rotation of a webhook for somebody else's receiver goes by."""
    return f"webhook {webhook_id}"


def subject_of_url(url: str) -> str:
    """Return what replacing the webhooks of somebody else's receiver goes by."""
    return f"url {key_id(hash_key(url))}"
