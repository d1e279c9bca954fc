"""The callback endpoints in the event log: their keys and secrets, their webhook at WebWork, what was seen of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events import audit, keyring, observed, schema
from airflow_provider_webwork.events.endpoint import BY_KEY, Endpoint, Secret, Sighting, key_id
from airflow_provider_webwork.events.names import endpoint_name
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import Vault, hash_key


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
            sealed = connection.execute(keyring.SECRETS).all()
            if sealed or any(row.webhook_token or row.pending_key for row in rows):
                self._check_vault(connection)
        secrets = keyring.opened(sealed, self._vault)
        return [self._endpoint(row, hashes.get(row.name, {}), secrets.get(row.name, ())) for row in rows]

    def open(self, name: str, *, now: datetime) -> Endpoint:
        """Return the endpoint, made with a first key if there is none.

        A pending endpoint always has its ``pending_key``; one whose key was revoked or put to use gets another.
        Doing it twice changes nothing.

        :raises ValueError: if the name is not one an endpoint can have.
        """
        name = endpoint_name(name)
        table = schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            row = connection.execute(sa.select(table.c.state, table.c.pending_key).where(table.c.name == name)).first()
            if row is None:
                connection.execute(
                    table.insert().values(
                        name=name,
                        state="pending",
                        events="[]",
                        created_at=now,
                        updated_at=now,
                        deliveries=0,
                    )
                )
            if row is None or (row.state == "pending" and row.pending_key is None):
                self._add_pending_key(connection, name, now)
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
                self._add_pending_key(connection, name, now)
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
        """Record the webhook that calls the endpoint; forget the key in clear and those of its former webhooks.

        Keys that were added by hand, and those that expire by themselves, stay.

        :param key: the key in the webhook's URL, one of the endpoint's.
        :raises WebWorkLogError: if there is no such endpoint.
        :raises WebWorkLogUnavailableError: if the key was replaced by another process meanwhile.
        """
        keys = schema.endpoint_key
        with self._store.write(lock="endpoints") as connection:
            _check_known(connection, name)
            if connection.scalar(sa.select(keys.c.endpoint).where(keys.c.key_hash == hash_key(key))) != name:
                # To go on would leave the endpoint without any key, and every delivery to it refused.
                msg = (
                    f"Another process gave the endpoint {name!r} another key meanwhile. Nothing was stored; try again."
                )
                raise WebWorkLogUnavailableError(msg)
            if webhook_token is not None:
                self._check_vault(connection, claim=True)
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
            connection.execute(
                keys.delete().where(
                    keys.c.endpoint == name,
                    keys.c.key_hash != hash_key(key),
                    keys.c.by_hand.is_not(sa.true()),
                    keys.c.expires_at.is_(None),
                )
            )

    def add_key(self, name: str, *, now: datetime, actor: str, others_expire_at: datetime | None = None) -> str:
        """Give an endpoint one more key, and return it; it cannot be read again.

        :param actor: who does it, for the audit.
        :param others_expire_at: when its other keys stop to be accepted; those that stop sooner stay as they are.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        keys = schema.endpoint_key
        with self._store.write(lock="endpoints") as connection:
            _check_known(connection, name)
            key = keyring.add_key(connection, name, now=now, by_hand=True)
            if others_expire_at is not None:
                keyring.expire_others(connection, keys, name, at=others_expire_at, but=hash_key(key))
                _forget_pending_key(connection, name)
            _note(connection, name, "add key", key_id(hash_key(key)), now=now, actor=actor)
        return key

    def add_secret(
        self,
        name: str,
        secret: str,
        *,
        now: datetime,
        actor: str,
        not_before: datetime | None = None,
        expires_at: datetime | None = None,
        others_expire_at: datetime | None = None,
    ) -> str:
        """Give an endpoint one more secret that its deliveries may be signed with, and return the secret's id.

        :param others_expire_at: when its other secrets stop to be accepted; the token of its webhook stays.
        :raises ValueError: if the text is none that can be kept secret, or would never be accepted.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        if expires_at is not None and expires_at <= max(now, not_before or now):
            msg = "A secret must begin to be accepted before it expires, and expire in the future."
            raise ValueError(msg)
        added = Secret(
            id=keyring.new_secret_id(),
            value=keyring.usable_secret(secret),
            not_before=not_before,
            expires_at=expires_at,
        )
        with self._store.write(lock="endpoints") as connection:
            _check_known(connection, name)
            self._check_vault(connection, claim=True)
            keyring.add_secret(connection, name, added, now=now, vault=self._vault)
            if others_expire_at is not None:
                keyring.expire_others(connection, schema.endpoint_secret, name, at=others_expire_at, but=added.id)
            _note(connection, name, "add secret", added.id, now=now, actor=actor)
        return added.id

    def expire(self, name: str, id_: str, *, at: datetime, now: datetime, actor: str) -> None:
        """Let a key or secret of an endpoint be accepted until a time and no longer.

        :raises WebWorkLogError: if the endpoint has no key or secret of this id.
        """
        with self._store.write(lock="endpoints") as connection:
            table, primary = keyring.find(connection, name, id_)
            connection.execute(table.update().where(table.primary_key.columns[0] == primary).values(expires_at=at))
            self._forget_if_pending(connection, name, primary)
            _note(connection, name, "expire", id_, now=now, actor=actor)

    def revoke(self, name: str, id_: str, *, now: datetime, actor: str) -> None:
        """Forget a key or secret of an endpoint: a key that was revoked is as unknown as one that never was.

        :raises WebWorkLogError: if the endpoint has no key or secret of this id.
        """
        with self._store.write(lock="endpoints") as connection:
            table, primary = keyring.find(connection, name, id_)
            connection.execute(table.delete().where(table.primary_key.columns[0] == primary))
            self._forget_if_pending(connection, name, primary)
            _note(connection, name, "revoke", id_, now=now, actor=actor)

    def require(self, name: str, proof: str | None, *, now: datetime, actor: str) -> None:
        """Refuse the deliveries of an endpoint from now on that do not have a proof.

        :param proof: its settings as JSON; with ``None`` the key in the URL is enough again.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        table = schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            _check_known(connection, name)
            connection.execute(table.update().where(table.c.name == name).values(required_proof=proof, updated_at=now))
            _note(connection, name, "require", json.loads(proof) if proof else BY_KEY, now=now, actor=actor)

    def delete(self, name: str) -> None:
        """Forget an endpoint with its keys and secrets; its events stay."""
        with self._store.write(lock="endpoints") as connection:
            for table in (schema.endpoint_key, schema.endpoint_secret, schema.observed_proof):
                connection.execute(table.delete().where(table.c.endpoint == name))
            connection.execute(schema.endpoint.delete().where(schema.endpoint.c.name == name))

    def record(self, sightings: Mapping[str, Sighting]) -> None:
        """Add what a receiver saw to the endpoints; of several receivers the latest sighting counts."""
        with self._store.write(lock="endpoints") as connection:
            observed.record(connection, sightings)

    def observed(self, name: str) -> tuple[observed.ObservedProof, ...]:
        """Return what came of the proofs that deliveries to an endpoint carried, the most frequent first."""
        with self._store.read() as connection:
            return tuple(observed.observed(connection, name))

    def _required(self, name: str) -> Endpoint:
        endpoint = self.find(name)
        if endpoint is None:
            raise _no_endpoint(name)
        return endpoint

    def _add_pending_key(self, connection: sa.Connection, name: str, now: datetime) -> None:
        self._check_vault(connection, claim=True)
        key = keyring.add_key(connection, name, now=now)
        connection.execute(
            schema.endpoint.update()
            .where(schema.endpoint.c.name == name)
            .values(pending_key=self._vault.encrypt(key), updated_at=now)
        )

    def _forget_if_pending(self, connection: sa.Connection, name: str, key_hash: str) -> None:
        table = schema.endpoint
        pending = connection.scalar(sa.select(table.c.pending_key).where(table.c.name == name))
        if pending is not None and hash_key(self._vault.decrypt(pending)) == key_hash:
            _forget_pending_key(connection, name)

    def _check_vault(self, connection: sa.Connection, *, claim: bool = False) -> None:
        keyring.check_vault(connection, self._vault, log_name=self._store.name, claim=claim)

    def _endpoint(
        self, row: sa.Row[tuple[object, ...]], hashes: Mapping[str, datetime | None], secrets: tuple[Secret, ...]
    ) -> Endpoint:
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
            secrets=secrets,
            required_proof=row.required_proof,
            deliveries=row.deliveries,
            last_delivery_at=row.last_delivery_at,
            last_probe_at=row.last_probe_at,
        )


def _check_known(connection: sa.Connection, name: str) -> None:
    if connection.scalar(sa.select(schema.endpoint.c.name).where(schema.endpoint.c.name == name)) is None:
        raise _no_endpoint(name)


def _forget_pending_key(connection: sa.Connection, name: str) -> None:
    connection.execute(schema.endpoint.update().where(schema.endpoint.c.name == name).values(pending_key=None))


def _note(connection: sa.Connection, name: str, action: str, what: JSON, *, now: datetime, actor: str) -> None:
    entry = audit.Entry(at=now, actor=actor, action=action, subject=f"endpoint {name}", details={"what": what})
    audit.record(connection, entry)


def _no_endpoint(name: str) -> WebWorkLogError:
    return WebWorkLogError(f"There is no endpoint {name!r}. See `airflow webwork endpoints list`.")
