"""The callback endpoints in the event log: their keys and secrets, their webhook at WebWork, what was seen of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events import keyring, observed, schema
from airflow_provider_webwork.events.endpoint import Endpoint, Secret, Sighting
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.events.reading import USUAL, Reading
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault, hash_key

SHORTEST_SILENCE = timedelta(minutes=1)
"""What another receiver was sent is known here after a second or two, so seconds of silence mean nothing."""

TABLES = (schema.endpoint, schema.endpoint_key, schema.endpoint_secret, schema.rotation, schema.setting)
"""All that the list of endpoints is read from; their secrets are encrypted in it."""


class Endpoints:
    """The endpoints in the event log, with their secrets encrypted."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def find(self, name: str) -> Endpoint | None:
        """Return an endpoint, or ``None``."""
        return next((each for each in self.list() if each.name == name), None)

    def get(self, name: str) -> Endpoint:
        """Return an endpoint.

        :raises WebWorkLogError: if there is none of this name.
        """
        endpoint = self.find(name)
        if endpoint is None:
            raise keyring.no_endpoint(name)
        return endpoint

    def list(self) -> list[Endpoint]:
        """Return all endpoints, by name.

        :raises WebWorkSecretError: if their secrets were encrypted with a key that is not at hand.
        """
        table, keys, rotation = schema.endpoint, schema.endpoint_key, schema.rotation
        replaced = sa.and_(rotation.c.endpoint == table.c.name, rotation.c.step != "done")
        rows_of_endpoints = sa.select(table, rotation.c.old_webhook_id).outerjoin(rotation, replaced)
        with self._store.read() as connection:
            rows = connection.execute(rows_of_endpoints.order_by(table.c.name)).all()
            by_endpoint: dict[str, list[sa.Row[tuple[object, ...]]]] = {}
            for key in connection.execute(sa.select(keys)):
                by_endpoint.setdefault(key.endpoint, []).append(key)
            sealed = connection.execute(keyring.SECRETS).all()
            if sealed or any(row.webhook_token or row.pending_key for row in rows):
                self._check_vault(connection)
        secrets = keyring.opened(sealed, self._vault)
        return [self._endpoint(row, by_endpoint.get(row.name, ()), secrets.get(row.name, ())) for row in rows]

    def open(self, name: str, *, now: datetime) -> Endpoint:
        """Return the endpoint, made with a first key if there is none.

        A pending endpoint always has its ``pending_key``; one whose key was revoked or put to use gets another.
        Doing it twice changes nothing.

        :raises ValueError: if the name is not one an endpoint can have.
        """
        name = checked_name(name, of="endpoint")
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
                        deliveries=0,
                    )
                )
            if row is None or (row.state == "pending" and row.pending_key is None):
                self._add_pending_key(connection, name, now)
        return self.get(name)

    def renew(self, name: str, *, now: datetime) -> Endpoint:
        """Give an endpoint whose webhook is gone a new pending key; keep one that it has already.

        Its former keys stay accepted until :meth:`activate`.

        :raises WebWorkLogError: if there is no such endpoint.
        """
        table = schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            row = connection.execute(sa.select(table.c.pending_key).where(table.c.name == name)).first()
            if row is None:
                raise keyring.no_endpoint(name)
            if row.pending_key is None:
                self._add_pending_key(connection, name, now)
        return self.get(name)

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
    ) -> None:
        """Record the webhook that calls the endpoint; forget the key in clear and those of its former webhooks.

        Keys that were added by hand, that expire by themselves or that an unfinished rotation looks after stay.

        :param key: the key in the webhook's URL, one of the endpoint's.
        :raises WebWorkLogError: if there is no such endpoint.
        :raises WebWorkLogUnavailableError: if the key was replaced by another process meanwhile.
        """
        keys = schema.endpoint_key
        with self._store.write(lock="endpoints") as connection:
            keyring.check_endpoint(connection, name)
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
                )
            )
            connection.execute(keys.delete().where(*keyring.in_use(name), keys.c.key_hash != hash_key(key)))

    def read_as(self, name: str, reading: Reading) -> None:
        """Say how the deliveries of an endpoint are read; receivers go by it a second later.

        :raises WebWorkLogError: if there is no such endpoint.
        """
        self._change(name, reading=json.dumps(reading.to_json()))

    def expect(self, name: str, every: timedelta | None) -> None:
        """Say how often deliveries come, so that receivers report an endpoint that has become silent.

        :param every: in whole seconds, a minute at least; ``None`` for an endpoint that may be silent.
        :raises ValueError: if that is too short to tell silence from a slow second.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        if every is not None and every < SHORTEST_SILENCE:
            msg = f"Deliveries cannot be expected every {every.total_seconds():.0f} s; a minute is the least."
            raise ValueError(msg)
        seconds = None if every is None else round(every.total_seconds())
        self._change(name, expect_every=seconds)

    def delete(self, name: str) -> None:
        """Forget an endpoint with its keys, secrets and rotation; its events stay."""
        with self._store.write(lock="endpoints") as connection:
            for table in (schema.endpoint_key, schema.endpoint_secret, schema.observed_proof, schema.rotation):
                connection.execute(table.delete().where(table.c.endpoint == name))
            connection.execute(schema.endpoint.delete().where(schema.endpoint.c.name == name))

    def record(self, sightings: Mapping[str, Sighting]) -> None:
        """Add what a receiver saw to the endpoints; of several receivers the latest sighting counts."""
        with self._store.write(lock="endpoints") as connection:
            observed.record(connection, sightings)

    def key_made_at(self, name: str) -> datetime | None:
        """Return when the key was made that the endpoint's webhook has; ``None`` if there is none."""
        keys = schema.endpoint_key
        newest = sa.select(keys.c.created_at).where(*keyring.in_use(name)).order_by(keys.c.created_at.desc())
        with self._store.read() as connection:
            made_at: datetime | None = connection.scalar(newest.limit(1))
            return made_at

    def observed(self, name: str) -> tuple[observed.ObservedProof, ...]:
        """Return what came of the proofs that deliveries to an endpoint carried, the most frequent first."""
        with self._store.read() as connection:
            return tuple(observed.observed(connection, name))

    def _change(self, name: str, **values: object) -> None:
        table = schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            keyring.check_endpoint(connection, name)
            connection.execute(table.update().where(table.c.name == name).values(**values))

    def _add_pending_key(self, connection: sa.Connection, name: str, now: datetime) -> None:
        self._check_vault(connection, claim=True)
        key = keyring.add_key(connection, name, now=now)
        connection.execute(
            schema.endpoint.update().where(schema.endpoint.c.name == name).values(pending_key=self._vault.encrypt(key))
        )

    def _check_vault(self, connection: sa.Connection, *, claim: bool = False) -> None:
        keyring.check_vault(connection, self._vault, log_name=self._store.name, claim=claim)

    def _endpoint(
        self,
        row: sa.Row[tuple[object, ...]],
        keys: Iterable[sa.Row[tuple[object, ...]]],
        secrets: tuple[Secret, ...],
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
            former_webhook_id=row.old_webhook_id,
            pending_key=row.pending_key and self._vault.decrypt(row.pending_key),
            key_hashes={key.key_hash: key.expires_at for key in keys},
            by_hand=frozenset(key.key_hash for key in keys if key.by_hand),
            rotating={key.key_hash: key.rotating for key in keys if key.rotating},
            secrets=secrets,
            required_proof=row.required_proof,
            deliveries=row.deliveries,
            last_delivery_at=row.last_delivery_at,
            last_probe_at=row.last_probe_at,
            last_marked_at=row.last_marked_at,
            reading=USUAL if row.reading is None else Reading.from_json(json.loads(row.reading)),
            expect_every=None if row.expect_every is None else timedelta(seconds=row.expect_every),
        )
