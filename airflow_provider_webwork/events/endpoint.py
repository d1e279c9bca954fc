"""The endpoint: a callback of the receiver, with what may prove its deliveries and what was seen of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from airflow_provider_webwork.events.reading import USUAL, Reading
from airflow_provider_webwork.secrets import hash_key

State = Literal["pending", "active"]

KeyState = Literal["pending", "active", "retiring", "revoked"]
"""Not in use yet; in use; still accepted, but on its way out; not accepted any more."""

VERIFIED = "verified"
"""The outcome of a proof that held."""

BY_KEY = "key"
"""The proof that every delivery has: the secret key in the callback URL."""

OF_WEBHOOK = "webhook"
"""The id of the secret that WebWork gave with the webhook."""

_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What a sender signs its deliveries with, or sends along.

    :param id: names it without telling it.
    :param not_before: when it begins to be accepted; at once if ``None``.
    :param expires_at: when it stops to be accepted; never if ``None``.
    """

    id: str
    value: str = field(repr=False)
    not_before: datetime | None = None
    expires_at: datetime | None = None

    @property
    def bare(self) -> str:
        """The secret without the prefix ``whsec_``, by which Standard Webhooks tells secrets from other texts."""
        return self.value.removeprefix(_PREFIX)

    def accepted(self, *, at: datetime) -> bool:
        """Whether the receiver takes what was made with it at that time."""
        begun = self.not_before is None or at >= self.not_before
        return begun and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A named callback of the receiver.

    :param state: ``pending`` until a webhook at WebWork is known to call it, then ``active``.
    :param conn_id: the Airflow connection that its webhook was registered with.
    :param webhook_id: the webhook at WebWork that calls it.
    :param webhook_token: the token that WebWork gave the webhook.
    :param former_webhook_id: the webhook that an unfinished rotation replaces.
    :param pending_key: the key of the callback URL, kept until the webhook is registered, so that a second try
        sends the same URL.
    :param events: the events that the webhook is registered for.
    :param key_hashes: for each key that the receiver accepts, when it stops to be accepted.
    :param reading: how its deliveries are read.
    :param expect_every: how long it may be without a delivery before that is reported; ``None`` for ever.
    :param by_hand: the hashes of the keys that were added by hand, whose senders nobody here looks after.
    :param rotating: the hashes of the keys that an unfinished rotation looks after, and what they are to it.
    :param secrets: what deliveries may be signed with besides the webhook's token.
    :param required_proof: the settings, as JSON, of the proof without which a delivery is refused; the key in the
        URL is enough if ``None``.
    """

    name: str
    state: State
    created_at: datetime
    events: tuple[str, ...] = ()
    conn_id: str | None = None
    workspace_id: str | None = None
    webhook_id: str | None = None
    webhook_token: str | None = field(default=None, repr=False)
    former_webhook_id: str | None = None
    pending_key: str | None = field(default=None, repr=False)
    key_hashes: Mapping[str, datetime | None] = field(default_factory=dict, repr=False)
    by_hand: frozenset[str] = field(default=frozenset(), repr=False)
    rotating: Mapping[str, Literal["pending", "retiring"]] = field(default_factory=dict, repr=False)
    reading: Reading = USUAL
    expect_every: timedelta | None = None
    secrets: tuple[Secret, ...] = ()
    required_proof: str | None = None
    deliveries: int = 0
    last_delivery_at: datetime | None = None
    last_probe_at: datetime | None = None
    last_marked_at: datetime | None = None

    @property
    def unattended_keys(self) -> frozenset[str]:
        """The hashes of the keys that neither a rotation nor a person looks after: the endpoint's own webhook has one.

        Another webhook with one of them was forgotten.
        """
        return frozenset(self.key_hashes).difference(self.rotating, self.by_hand)

    def accepts(self, key_hash: str, *, at: datetime) -> bool:
        """Whether the receiver takes deliveries with this key at that time."""
        if key_hash not in self.key_hashes:
            return False
        expires_at = self.key_hashes[key_hash]
        return expires_at is None or at < expires_at

    def key_state(self, key_hash: str, *, at: datetime) -> KeyState:
        """Return where a key is on its way from being made to being forgotten."""
        if not self.accepts(key_hash, at=at):
            return "revoked"
        if key_hash in self.rotating:
            return self.rotating[key_hash]
        if self.pending_key is not None and hash_key(self.pending_key) == key_hash:
            return "pending"
        return "active" if self.key_hashes[key_hash] is None else "retiring"

    def accepted_secrets(self, *, at: datetime) -> list[Secret]:
        """Return what a delivery may be signed with at that time: the newest secret first, the webhook's token last."""
        accepted = [secret for secret in reversed(self.secrets) if secret.accepted(at=at)]
        if self.webhook_token:
            accepted.append(Secret(id=OF_WEBHOOK, value=self.webhook_token))
        return accepted

    def known_secrets(self) -> list[str]:
        """Return every secret that is known in clear, in each way in which a sender may write it, accepted or not."""
        secrets = [*self.secrets]
        if self.webhook_token:
            secrets.append(Secret(id=OF_WEBHOOK, value=self.webhook_token))
        texts = [self.pending_key] if self.pending_key else []
        for secret in secrets:
            texts += [secret.value, secret.bare]
        return texts


def key_id(key_hash: str) -> str:
    """Return what names a key without telling it, and is short enough for people."""
    return key_hash[:12]


class Tried(NamedTuple):
    """What came of one way to authenticate a delivery.

    :param proof: the settings of the proof as JSON, or ``key``.
    :param outcome: ``verified``, or the code of the reason why not.
    :param verified_with: the id of the secret or key that it was verified with; empty if it was not.
    """

    proof: str
    outcome: str
    verified_with: str


class Uses(NamedTuple):
    """How often something happened, and when it last did."""

    times: int
    last_at: datetime


@dataclass(slots=True, kw_only=True)
class Sighting:
    """What a receiver saw of an endpoint since it last said so; it grows with every delivery.

    :param last_probe_at: when somebody looked whether it is there.
    :param last_marked_at: when a delivery of our own came.
    """

    deliveries: int = 0
    last_delivery_at: datetime | None = None
    last_probe_at: datetime | None = None
    last_marked_at: datetime | None = None
    tried: dict[Tried, Uses] = field(default_factory=dict)
