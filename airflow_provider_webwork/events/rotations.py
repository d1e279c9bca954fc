"""The rotations in the event log: every step is written down before it is taken, so that the next try finishes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events import audit, keyring, observed, schema
from airflow_provider_webwork.events.endpoint import Secret, key_id
from airflow_provider_webwork.events.rotation import Rotation, Step, Strategy, subject_of_endpoint, subject_of_webhook
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import Vault, hash_key

REMEMBERED = timedelta(days=30)
"""How long the hash of a retired key is kept: a webhook that turns up with it is known to be one of ours."""


class Rotations:
    """The latest rotation of every endpoint, and of every webhook for somebody else's receiver.

    Each method is one transaction, audited without the secrets.

    :param now: tells the time in UTC.
    :param actor: who rotates, for the audit: a user of the command line, or a run key.
    """

    def __init__(self, store: Store, vault: Vault, *, now: Callable[[], datetime], actor: str) -> None:
        self._store = store
        self._vault = vault
        self._now = now
        self._actor = actor

    def find(self, subject: str) -> Rotation | None:
        """Return the latest rotation of an endpoint's webhook, or of a URL; ``None`` if there never was one."""
        return self._find(schema.rotation.c.subject == subject)

    def unfinished(self) -> list[Rotation]:
        """Return the rotations that are not finished, the first begun first."""
        table = schema.rotation
        return self._read(sa.select(table).where(table.c.step != "done").order_by(table.c.started_at))

    def find_webhook(self, webhook_id: str) -> Rotation | None:
        """Return the latest rotation of a webhook for somebody else's receiver; ``None`` if there never was one.

        :param webhook_id: the id that it goes by in Dags, or one of the two latest that it had at WebWork.
        """
        table = schema.rotation
        since = sa.or_(table.c.webhook_id == webhook_id, table.c.old_webhook_id == webhook_id)
        named = self._find(table.c.subject == subject_of_webhook(webhook_id))
        return named or self._find(sa.and_(table.c.subject.like(subject_of_webhook("%")), since))

    def begin_for_endpoint(
        self, name: str, *, strategy: Strategy, old_webhook_id: str, started_at: datetime
    ) -> Rotation:
        """Write down that an endpoint gets a new key, which is accepted from now on.

        A rotation that was begun before and came to nothing is given up; its key is not accepted any more.

        :raises WebWorkLogError: if there is no such endpoint.
        """
        keys = schema.endpoint_key
        with self._store.write(lock="endpoints") as connection:
            keyring.check_endpoint(connection, name)
            keyring.check_vault(connection, self._vault, log_name=self._store.name, claim=True)
            abandoned = keys.c.endpoint == name, keys.c.rotating == "pending"
            connection.execute(keys.update().where(*abandoned).values(rotating=None, expires_at=self._now()))
            key = keyring.add_key(connection, name, now=started_at)
            connection.execute(keys.update().where(keys.c.key_hash == hash_key(key)).values(rotating="pending"))
            if strategy == "rekey":
                # Its webhook gets the new URL in one stroke, and nothing may take the old key for a forgotten one then.
                connection.execute(keys.update().where(*keyring.in_use(name)).values(rotating="retiring"))
            return self._begin(
                connection,
                Rotation(
                    subject=subject_of_endpoint(name),
                    endpoint=name,
                    strategy=strategy,
                    step="making",
                    old_webhook_id=old_webhook_id,
                    key=key,
                    started_at=started_at,
                ),
            )

    def begin_for_webhook(
        self,
        subject: str,
        *,
        old_webhook_id: str | None,
        known: Iterable[str],
        started_at: datetime,
        after: Rotation | None = None,
    ) -> Rotation:
        """Write down that somebody else's receiver gets a new webhook.

        :param subject: what it goes by from now on.
        :param old_webhook_id: the id that it has at present, if there is one.
        :param known: the webhooks that the receiver's URL has already.
        :param after: the rotation before this one.
        """
        table = schema.rotation
        with self._store.write(lock="endpoints") as connection:
            if after is not None:
                connection.execute(table.delete().where(table.c.subject == after.subject))
            return self._begin(
                connection,
                Rotation(
                    subject=subject,
                    strategy="replace",
                    step="making",
                    old_webhook_id=old_webhook_id,
                    known=tuple(known),
                    started_at=started_at,
                ),
            )

    def switch_endpoint(
        self,
        rotation: Rotation,
        *,
        webhook_id: str,
        webhook_token: str | None,
        workspace_id: str | None,
        conn_id: str,
        overlap_until: datetime,
    ) -> Rotation:
        """Make the new webhook that of the endpoint; its former keys and token stay accepted during the overlap.

        :raises WebWorkLogUnavailableError: if another process took this step meanwhile.
        """
        name, new_hash = str(rotation.endpoint), hash_key(str(rotation.key))
        keys, table = schema.endpoint_key, schema.endpoint
        with self._store.write(lock="endpoints") as connection:
            stepped = self._step(connection, rotation, "overlap", webhook_id=webhook_id, overlap_until=overlap_until)
            former = connection.execute(
                sa.select(table.c.webhook_id, table.c.webhook_token).where(table.c.name == name)
            ).one()
            token = former.webhook_token
            if webhook_token is not None or former.webhook_id != webhook_id:
                self._keep_former_token(connection, name, former.webhook_token, but=webhook_token)
                token = webhook_token and self._vault.encrypt(webhook_token)
            connection.execute(
                table.update()
                .where(table.c.name == name)
                .values(
                    state="active",
                    webhook_id=webhook_id,
                    webhook_token=token,
                    workspace_id=workspace_id,
                    conn_id=conn_id,
                    pending_key=None,
                )
            )
            connection.execute(keys.update().where(keys.c.key_hash == new_hash).values(rotating=None, expires_at=None))
            others = (keys.c.endpoint == name, keys.c.key_hash != new_hash, keys.c.by_hand.is_not(sa.true()))
            # A rekeyed webhook does not call the old URL any more: the old key ends by itself.
            ends = {"expires_at": overlap_until} if rotation.strategy == "rekey" else {}
            connection.execute(
                keys.update().where(*others, keys.c.expires_at.is_(None)).values(rotating="retiring", **ends)
            )
        return stepped

    def switch_webhook(self, rotation: Rotation, *, webhook_id: str, overlap_until: datetime) -> Rotation:
        """Write down which webhook is the new one, and until when the old one stays beside it.

        That is how somebody else's receiver gets its new webhook, and how the overlap of an endpoint lasts longer
        because its new webhook had to be made anew or repaired.

        :raises WebWorkLogUnavailableError: if another process took this step meanwhile.
        """
        with self._store.write(lock="endpoints") as connection:
            return self._step(connection, rotation, "overlap", webhook_id=webhook_id, overlap_until=overlap_until)

    def retire(self, rotation: Rotation) -> Rotation:
        """Write down that the old webhook is being deleted.

        :raises WebWorkLogUnavailableError: if another process took this step meanwhile.
        """
        with self._store.write(lock="endpoints") as connection:
            return self._step(connection, rotation, "retiring")

    def finish(self, rotation: Rotation, *, linger: timedelta) -> Rotation:
        """Write down that the old webhook is gone; its key and token are accepted a little longer.

        :param linger: how long, for deliveries that are under way.
        :raises WebWorkLogUnavailableError: if another process took this step meanwhile.
        """
        with self._store.write(lock="endpoints") as connection:
            stepped = self._step(connection, rotation, "done", key=None)
            if rotation.endpoint is not None:
                now = self._now()
                _forget_long_retired(connection, rotation.endpoint, now=now)
                _let_retiring_expire(connection, rotation.endpoint, at=now + linger)
        return stepped

    def _find(self, condition: sa.ColumnElement[bool]) -> Rotation | None:
        return next(iter(self._read(sa.select(schema.rotation).where(condition))), None)

    def _read(self, query: sa.Select[Any]) -> list[Rotation]:
        with self._store.read() as connection:
            rows = connection.execute(query).all()
            if any(row.key for row in rows):
                keyring.check_vault(connection, self._vault, log_name=self._store.name)
        return [self._rotation(row) for row in rows]

    def _rotation(self, row: sa.Row[Any]) -> Rotation:
        return Rotation(
            subject=row.subject,
            endpoint=row.endpoint,
            strategy=row.strategy,
            step=row.step,
            old_webhook_id=row.old_webhook_id,
            webhook_id=row.webhook_id,
            key=row.key and self._vault.decrypt(row.key),
            known=tuple(json.loads(row.known)),
            started_at=row.started_at,
            overlap_until=row.overlap_until,
        )

    def _begin(self, connection: sa.Connection, rotation: Rotation) -> Rotation:
        table = schema.rotation
        connection.execute(table.delete().where(table.c.subject == rotation.subject))
        connection.execute(
            table.insert().values(
                subject=rotation.subject,
                endpoint=rotation.endpoint,
                strategy=rotation.strategy,
                step=rotation.step,
                old_webhook_id=rotation.old_webhook_id,
                key=rotation.key and self._vault.encrypt(rotation.key),
                known=json.dumps(rotation.known),
                started_at=rotation.started_at,
            )
        )
        self._note(connection, rotation, {"step": rotation.step, "old_webhook_id": rotation.old_webhook_id})
        return rotation

    def _step(self, connection: sa.Connection, rotation: Rotation, step: Step, **values: Any) -> Rotation:
        table, stepped = schema.rotation, replace(rotation, step=step, **values)
        # The same rotation, at the same step: of two that go on from there the second is refused.
        names = ("subject", "step", "started_at", "old_webhook_id", "webhook_id", "overlap_until")
        as_it_was = [table.c[name].is_not_distinct_from(getattr(rotation, name)) for name in names]
        if not connection.execute(table.update().where(*as_it_was).values(step=step, **values)).rowcount:
            msg = f"Another process went on with the rotation of {rotation.subject}. Nothing was stored; try again."
            raise WebWorkLogUnavailableError(msg)
        self._note(connection, stepped, {"step": step, "webhook_id": stepped.webhook_id})
        return stepped

    def _keep_former_token(self, connection: sa.Connection, name: str, sealed: str | None, *, but: str | None) -> None:
        token = None if sealed is None else self._vault.decrypt(sealed)
        if token is None or token == but:
            return
        now = self._now()
        secret = Secret(id=keyring.new_secret_id(), value=token)
        keyring.add_secret(connection, name, secret, now=now, vault=self._vault)
        table = schema.endpoint_secret
        connection.execute(table.update().where(table.c.id == secret.id).values(rotating="retiring"))

    def _note(self, connection: sa.Connection, rotation: Rotation, details: dict[str, JSON]) -> None:
        entry = audit.Entry(
            at=self._now(), actor=self._actor, action="rotate", subject=rotation.subject, details=details
        )
        audit.record(connection, entry)


def _forget_long_retired(connection: sa.Connection, endpoint: str, *, now: datetime) -> None:
    keys, secrets = schema.endpoint_key, schema.endpoint_secret
    expired = (keys.c.endpoint == endpoint, keys.c.by_hand.is_not(sa.true()), keys.c.expires_at <= now)
    hashes = connection.scalars(sa.select(keys.c.key_hash).where(*expired)).all()
    former = (secrets.c.endpoint == endpoint, secrets.c.rotating == "retiring", secrets.c.expires_at <= now)
    tokens = connection.scalars(sa.select(secrets.c.id).where(*former)).all()
    # What is counted of each endpoint is bounded: without this, that of new keys would find no room one day.
    observed.forget(connection, endpoint, ids=[*map(key_id, hashes), *tokens])
    connection.execute(secrets.delete().where(secrets.c.id.in_(tokens)))
    connection.execute(keys.delete().where(*expired, keys.c.expires_at <= now - REMEMBERED))


def _let_retiring_expire(connection: sa.Connection, endpoint: str, *, at: datetime) -> None:
    for table in (schema.endpoint_key, schema.endpoint_secret):
        retiring = (table.c.endpoint == endpoint, table.c.rotating == "retiring", table.c.expires_at.is_(None))
        connection.execute(table.update().where(*retiring).values(expires_at=at))
    keys = schema.endpoint_key
    connection.execute(keys.update().where(keys.c.endpoint == endpoint).values(rotating=None))
