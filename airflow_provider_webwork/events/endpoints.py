"""Callback endpoints: their keys, their webhook at WebWork, and what was seen of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError, WebWorkSecretError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.names import endpoint_name
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault, hash_key, new_key

State = Literal["pending", "active"]

_FINGERPRINT = "secret_key_fingerprint"

SHORTEST_SILENCE = timedelta(minutes=1)
"""What another receiver was sent is known here after a second or two, so seconds of silence mean nothing."""

TABLES = (schema.endpoint, schema.endpoint_key, schema.setting)
"""All that the list of endpoints is read from; their secrets are encrypted in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A named callback of the receiver.

    :param state: ``pending`` until a webhook at WebWork is known to call it, then ``active``.
    :param conn_id: the Airflow connection that its webhook was registered with.
    :param webhook_id: the webhook at WebWork that calls it.
    :param webhook_token: the token that WebWork gave the webhook.
    :param pending_key: the key of the callback URL, kept until the webhook is registered, so that a second try
        sends the same URL.
    :param events: the events that the webhook is registered for.
    :param key_hashes: for each key that the receiver accepts, when it stops to be accepted.
    :param expect_every: how long it may be without a delivery before that is reported; ``None`` for ever.
    """

    name: str
    state: State
    created_at: datetime
    events: tuple[str, ...] = ()
    conn_id: str | None = None
    workspace_id: str | None = None
    webhook_id: str | None = None
    webhook_token: str | None = field(default=None, repr=False)
    pending_key: str | None = field(default=None, repr=False)
    key_hashes: Mapping[str, datetime | None] = field(default_factory=dict, repr=False)
    deliveries: int = 0
    last_delivery_at: datetime | None = None
    last_probe_at: datetime | None = None
    expect_every: timedelta | None = None

    def accepts(self, key_hash: str, *, at: datetime) -> bool:
        """Whether the receiver takes deliveries with this key at that time."""
        if key_hash not in self.key_hashes:
            return False
        expires_at = self.key_hashes[key_hash]
        return expires_at is None or at < expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a receiver saw of an endpoint since it last said so."""

    deliveries: int = 0
    last_delivery_at: datetime | None = None
    last_probe_at: datetime | None = None


class Endpoints:
    """The endpoints in the event log, with their secrets encrypted."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def find(self, name: str) -> Endpoint | None:
        """Return an endpoint, or ``None``."""
        return next((each for each in self.list() if each.name == name), None)

    def list(self) -> list[Endpoint]:
        """Return all endpoints, by name.

        :raises WebWorkSecretError: if their secrets were encrypted with a key that is not at hand.
        """
        table, keys = schema.endpoint, schema.endpoint_key
        with self._store.read() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.name)).all()
            hashes: dict[str, dict[str, datetime | None]] = {}
            for key in connection.execute(sa.select(keys)):
                hashes.setdefault(key.endpoint, {})[key.key_hash] = key.expires_at
            if any(row.webhook_token or row.pending_key for row in rows):
                self._check_key(connection)
        return [self._endpoint(row, hashes.get(row.name, {})) for row in rows]

    def open(self, name: str, *, now: datetime) -> Endpoint:
        """Return the endpoint, made with a first key if there is none.

        A pending endpoint always has its ``pending_key``. Doing it twice changes nothing.

        :raises ValueError: if the name is not one an endpoint can have.
        """
        name = endpoint_name(name)
        with self._store.write(lock="endpoints") as connection:
            if connection.scalar(sa.select(schema.endpoint.c.name).where(schema.endpoint.c.name == name)) is None:
                connection.execute(
                    schema.endpoint.insert().values(
                        name=name,
                        state="pending",
                        events="[]",
                        created_at=now,
                        updated_at=now,
                        deliveries=0,
                    )
                )
                self._add_key(connection, name, now)
        return self._required(name)

    def renew(self, name: str, *, now: datetime) -> Endpoint:
        """Give an endpoint whose webhook is gone a new pending key; keep one that it has already.

        Its former keys stay accepted until :meth:`activate`.

        :raises WebWorkLogError: if there is no such endpoint.
        """
        table = schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            row = connection.execute(sa.select(table.c.pending_key).where(table.c.name == name)).first()
            if row is None:
                raise _no_endpoint(name)
            if row.pending_key is None:
                self._add_key(connection, name, now)
        return self._required(name)

    def activate(
        self,
        name: str,
        *,
        key: str,
        webhook_id: str,
        webhook_token: str | None,
        workspace_id: str | None,
        conn_id: str | None,
        events: tuple[str, ...],
        now: datetime,
    ) -> None:
        """Record the webhook that calls the endpoint; forget the key in clear and every other key.

        :param key: the key in the webhook's URL, one of the endpoint's.
        :raises WebWorkLogError: if there is no such endpoint.
        :raises WebWorkLogUnavailableError: if the key was replaced by another process meanwhile.
        """
        keys = schema.endpoint_key
        with self._store.write(lock="endpoints") as connection:
            if connection.scalar(sa.select(schema.endpoint.c.name).where(schema.endpoint.c.name == name)) is None:
                raise _no_endpoint(name)
            if connection.scalar(sa.select(keys.c.endpoint).where(keys.c.key_hash == hash_key(key))) != name:
                # To go on would leave the endpoint without any key, and every delivery to it refused.
                msg = (
                    f"Another process gave the endpoint {name!r} another key meanwhile. Nothing was stored; try again."
                )
                raise WebWorkLogUnavailableError(msg)
            if webhook_token is not None:
                self._check_key(connection, claim=True)
            connection.execute(
                schema.endpoint.update()
                .where(schema.endpoint.c.name == name)
                .values(
                    state="active",
                    webhook_id=webhook_id,
                    webhook_token=None if webhook_token is None else self._vault.encrypt(webhook_token),
                    workspace_id=workspace_id,
                    conn_id=conn_id,
                    events=json.dumps(events),
                    pending_key=None,
                    updated_at=now,
                )
            )
            connection.execute(keys.delete().where(keys.c.endpoint == name, keys.c.key_hash != hash_key(key)))

    def expect(self, name: str, every: timedelta | None, *, now: datetime) -> None:
        """Say how often deliveries come, so that receivers report an endpoint that has become silent.

        :param every: in whole seconds, a minute at least; ``None`` for an endpoint that may be silent.
        :raises ValueError: if that is too short to tell silence from a slow second.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        if every is not None and every < SHORTEST_SILENCE:
            msg = f"Deliveries cannot be expected every {every.total_seconds():.0f} s; a minute is the least."
            raise ValueError(msg)
        seconds = None if every is None else round(every.total_seconds())
        table = schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            values = {"expect_every": seconds, "updated_at": now}
            if not connection.execute(table.update().where(table.c.name == name).values(**values)).rowcount:
                raise _no_endpoint(name)

    def delete(self, name: str) -> None:
        """Forget an endpoint and its keys; its events stay."""
        with self._store.write(lock="endpoints") as connection:
            connection.execute(schema.endpoint_key.delete().where(schema.endpoint_key.c.endpoint == name))
            connection.execute(schema.endpoint.delete().where(schema.endpoint.c.name == name))

    def record(self, sightings: Mapping[str, Sighting]) -> None:
        """Add what a receiver saw to the endpoints; of several receivers the latest sighting counts."""
        table = schema.endpoint
        with self._store.write() as connection:
            for name, seen in sorted(sightings.items()):  # two receivers in different orders would lock each other out
                values: dict[str, object] = {"deliveries": table.c.deliveries + seen.deliveries}
                if seen.last_delivery_at is not None:
                    values["last_delivery_at"] = _later(table.c.last_delivery_at, seen.last_delivery_at)
                if seen.last_probe_at is not None:
                    values["last_probe_at"] = _later(table.c.last_probe_at, seen.last_probe_at)
                connection.execute(table.update().where(table.c.name == name).values(values))

    def _required(self, name: str) -> Endpoint:
        endpoint = self.find(name)
        if endpoint is None:
            raise _no_endpoint(name)
        return endpoint

    def _add_key(self, connection: sa.Connection, name: str, now: datetime) -> None:
        self._check_key(connection, claim=True)
        key = new_key()
        connection.execute(
            schema.endpoint_key.insert().values(key_hash=hash_key(key), endpoint=name, created_at=now, expires_at=None)
        )
        connection.execute(
            schema.endpoint.update()
            .where(schema.endpoint.c.name == name)
            .values(pending_key=self._vault.encrypt(key), updated_at=now)
        )

    def _check_key(self, connection: sa.Connection, *, claim: bool = False) -> None:
        """Refuse to mix secrets of different keys in one log; the log keeps the fingerprint of its key."""
        table = schema.setting
        known = connection.scalar(sa.select(table.c.value).where(table.c.name == _FINGERPRINT))
        if known is None and claim:
            connection.execute(table.insert().values(name=_FINGERPRINT, value=self._vault.fingerprint))
        elif known is not None and not self._vault.opens(known):
            msg = (
                f"The event log {self._store.name} encrypts its secrets with the key {known}, and [webwork] secret_key "
                f"(or [core] fernet_key) holds {self._vault.fingerprint}. Every process that touches the log needs the "
                "same key: set it, or put the former key behind the new one, separated by a comma."
            )
            raise WebWorkSecretError(msg)

    def _endpoint(self, row: sa.Row[tuple[object, ...]], hashes: Mapping[str, datetime | None]) -> Endpoint:
        return Endpoint(
            name=row.name,
            state=row.state,
            created_at=row.created_at,
            events=tuple(json.loads(row.events)),
            conn_id=row.conn_id,
            workspace_id=row.workspace_id,
            webhook_id=row.webhook_id,
            webhook_token=row.webhook_token and self._vault.decrypt(row.webhook_token),
            pending_key=row.pending_key and self._vault.decrypt(row.pending_key),
            key_hashes=hashes,
            deliveries=row.deliveries,
            last_delivery_at=row.last_delivery_at,
            last_probe_at=row.last_probe_at,
            expect_every=None if row.expect_every is None else timedelta(seconds=row.expect_every),
        )


def _no_endpoint(name: str) -> WebWorkLogError:
    return WebWorkLogError(f"There is no endpoint {name!r}. See `airflow webwork endpoints list`.")


def _later(column: sa.Column[datetime], moment: datetime) -> sa.ColumnElement[datetime]:
    known = sa.type_coerce(moment, column.type)
    return sa.case((column > known, column), else_=known)
