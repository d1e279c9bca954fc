"""Who may deliver to an endpoint: its keys, its secrets, and the proof that it requires."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.events import audit, keyring, schema
from airflow_provider_webwork.events.endpoint import BY_KEY, Secret, key_id
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import Vault, hash_key


class Access:
    """Changes who may deliver to the endpoints of an event log; receivers follow within a second.

    Every change is written to the audit, without the secrets.

    :param now: tells the time in UTC.
    :param actor: who makes the changes: a user of the command line, or a run key.
    """

    def __init__(self, store: Store, vault: Vault, *, now: Callable[[], datetime], actor: str) -> None:
        self._store = store
        self._vault = vault
        self._now = now
        self._actor = actor

    def add_key(
        self, endpoint: str, *, expires_at: datetime | None = None, others_expire_at: datetime | None = None
    ) -> str:
        """Give an endpoint one more key, and return it; it cannot be read again.

        It stays when the endpoint's webhook gets another key.

        :param expires_at: when it stops to be accepted; never if not given.
        :param others_expire_at: when the other keys stop to be accepted; those that stop sooner stay as they are.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        with self._store.write(lock="endpoints") as connection:
            keyring.check_endpoint(connection, endpoint)
            key = keyring.add_key(connection, endpoint, now=self._now(), expires_at=expires_at, by_hand=True)
            if others_expire_at is not None:
                keyring.expire_others(connection, schema.endpoint_key, endpoint, at=others_expire_at, but=hash_key(key))
                keyring.forget_pending_key(connection, endpoint)
            self._note(connection, endpoint, "add key", key_id(hash_key(key)))
        return key

    def add_secret(
        self,
        endpoint: str,
        text: str,
        *,
        not_before: datetime | None = None,
        expires_at: datetime | None = None,
        others_expire_at: datetime | None = None,
    ) -> Secret:
        """Give an endpoint one more secret that its deliveries may be signed with.

        :param not_before: when it begins to be accepted; at once if not given.
        :param expires_at: when it stops to be accepted; never if not given.
        :param others_expire_at: when the other secrets stop to be accepted; the token of the webhook stays.
        :raises ValueError: if the text is none that can be kept secret, or would never be accepted.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        now = self._now()
        if expires_at is not None and expires_at <= max(now, not_before or now):
            msg = "A secret must begin to be accepted before it expires, and expire in the future."
            raise ValueError(msg)
        secret = Secret(
            id=keyring.new_secret_id(),
            value=keyring.usable_secret(text),
            not_before=not_before,
            expires_at=expires_at,
        )
        with self._store.write(lock="endpoints") as connection:
            keyring.check_endpoint(connection, endpoint)
            keyring.check_vault(connection, self._vault, log_name=self._store.name, claim=True)
            keyring.add_secret(connection, endpoint, secret, now=now, vault=self._vault)
            if others_expire_at is not None:
                keyring.expire_others(connection, schema.endpoint_secret, endpoint, at=others_expire_at, but=secret.id)
            self._note(connection, endpoint, "add secret", secret.id)
        return secret

    def expire(self, endpoint: str, id_: str, *, at: datetime) -> None:
        """Let a key or secret of an endpoint be accepted until a time and no longer.

        :param id_: the id of a key or secret.
        :raises WebWorkLogError: if the endpoint has none of this id.
        """
        with self._store.write(lock="endpoints") as connection:
            table, primary = keyring.find(connection, endpoint, id_)
            connection.execute(table.update().where(table.primary_key.columns[0] == primary).values(expires_at=at))
            keyring.forget_if_pending(connection, endpoint, primary, vault=self._vault)
            self._note(connection, endpoint, "expire", id_)

    def revoke(self, endpoint: str, id_: str) -> None:
        """Forget a key or secret of an endpoint: a key that was revoked is as unknown as one that never was.

        :param id_: the id of a key or secret.
        :raises WebWorkLogError: if the endpoint has none of this id.
        """
        with self._store.write(lock="endpoints") as connection:
            table, primary = keyring.find(connection, endpoint, id_)
            connection.execute(table.delete().where(table.primary_key.columns[0] == primary))
            keyring.forget_if_pending(connection, endpoint, primary, vault=self._vault)
            self._note(connection, endpoint, "revoke", id_)

    def require(self, endpoint: str, proof: str | None) -> None:
        """Refuse the deliveries of an endpoint from now on that do not have a proof.

        :param proof: its settings as JSON; with ``None`` the key in the URL is enough again.
        :raises WebWorkLogError: if there is no such endpoint.
        """
        table = schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            keyring.check_endpoint(connection, endpoint)
            connection.execute(table.update().where(table.c.name == endpoint).values(required_proof=proof))
            self._note(connection, endpoint, "require", BY_KEY if proof is None else json.loads(proof))

    def _note(self, connection: sa.Connection, endpoint: str, action: str, what: JSON) -> None:
        entry = audit.Entry(
            at=self._now(), actor=self._actor, action=action, subject=f"endpoint {endpoint}", details={"what": what}
        )
        audit.record(connection, entry)
