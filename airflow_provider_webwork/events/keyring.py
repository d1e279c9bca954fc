"""The keys and secrets of endpoints as rows of the event log: added, expired, revoked."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkSecretError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.endpoint import Secret, key_id
from airflow_provider_webwork.secrets import SHORTEST_REDACTED, Vault, hash_key, new_key

LONGEST_SECRET = 1_000

SECRETS = sa.select(schema.endpoint_secret).order_by(schema.endpoint_secret.c.created_at, schema.endpoint_secret.c.id)
"""The secrets of all endpoints, the oldest first."""

_FINGERPRINT = "secret_key_fingerprint"


def check_vault(connection: sa.Connection, vault: Vault, *, log_name: str, claim: bool = False) -> None:
    """Refuse to mix secrets of different keys in one log, which keeps the fingerprint of its key.

    :param claim: whether the log gets the fingerprint of this vault if it has none yet.
    :raises WebWorkSecretError: if the log has that of another key.
    """
    known = fingerprint(connection)
    if known is None and claim:
        connection.execute(schema.setting.insert().values(name=_FINGERPRINT, value=vault.fingerprint))
    elif known is not None and not vault.opens(known):
        msg = (
            f"The event log {log_name} encrypts its secrets with the key {known}, and [webwork] secret_key "
            f"(or [core] fernet_key) holds {vault.fingerprint}. Every process that touches the log needs the "
            "same key: set it, or put the former key behind the new one, separated by a comma."
        )
        raise WebWorkSecretError(msg)


def fingerprint(connection: sa.Connection) -> str | None:
    """Return the fingerprint of the key that the log goes by; ``None`` if it has had no secret yet."""
    table = schema.setting
    known: str | None = connection.scalar(sa.select(table.c.value).where(table.c.name == _FINGERPRINT))
    return known


def claim_log(connection: sa.Connection, vault: Vault) -> None:
    """Let the log keep the fingerprint of this vault's first key, whichever it had before."""
    table = schema.setting
    connection.execute(table.delete().where(table.c.name == _FINGERPRINT))
    connection.execute(table.insert().values(name=_FINGERPRINT, value=vault.fingerprint))


def usable_secret(text: str) -> str:
    """Return a secret without the blanks around it, with which files and environment variables often come.

    :raises ValueError: if it could not be kept out of what is stored, or is none.
    """
    secret = text.strip()
    if len(secret) < SHORTEST_REDACTED or len(secret) > LONGEST_SECRET or not secret.isprintable():
        # A shorter one is not searched for in payloads, and would be stored with them.
        msg = f"A secret is a line of {SHORTEST_REDACTED} to {LONGEST_SECRET:,} printable characters."
        raise ValueError(msg)
    return secret


def check_endpoint(connection: sa.Connection, name: str) -> None:
    """Refuse an endpoint that does not exist.

    :raises WebWorkLogError: if it does not.
    """
    if connection.scalar(sa.select(schema.endpoint.c.name).where(schema.endpoint.c.name == name)) is None:
        raise no_endpoint(name)


def no_endpoint(name: str) -> WebWorkLogError:
    """Say that an endpoint does not exist."""
    return WebWorkLogError(f"There is no endpoint {name!r}. See `airflow webwork endpoints list`.")


def in_use(endpoint: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return which keys an endpoint's own webhook may have.

    They were not added by hand, do not expire by themselves, and no unfinished rotation looks after them.
    """
    keys = schema.endpoint_key.c
    return (
        keys.endpoint == endpoint,
        keys.by_hand.is_not(sa.true()),
        keys.rotating.is_(None),
        keys.expires_at.is_(None),
    )


def add_key(
    connection: sa.Connection,
    endpoint: str,
    *,
    now: datetime,
    expires_at: datetime | None = None,
    by_hand: bool = False,
) -> str:
    """Make a key, and return it; only its hash is kept.

    :param by_hand: whether the key stays when the endpoint's webhook gets another one.
    """
    key = new_key()
    connection.execute(
        schema.endpoint_key.insert().values(
            key_hash=hash_key(key), endpoint=endpoint, created_at=now, expires_at=expires_at, by_hand=by_hand
        )
    )
    return key


def add_secret(connection: sa.Connection, endpoint: str, secret: Secret, *, now: datetime, vault: Vault) -> None:
    """Keep a secret, encrypted."""
    connection.execute(
        schema.endpoint_secret.insert().values(
            id=secret.id,
            endpoint=endpoint,
            value=vault.encrypt(secret.value),
            created_at=now,
            not_before=secret.not_before,
            expires_at=secret.expires_at,
        )
    )


def new_secret_id() -> str:
    """Make the id of a secret."""
    return uuid.uuid4().hex[:12]


def opened(rows: Iterable[sa.Row[Any]], vault: Vault) -> Mapping[str, tuple[Secret, ...]]:
    """Return the secrets in some rows of their table, by endpoint."""
    found: dict[str, tuple[Secret, ...]] = {}
    for row in rows:
        secret = Secret(id=row.id, value=vault.decrypt(row.value), not_before=row.not_before, expires_at=row.expires_at)
        found[row.endpoint] = (*found.get(row.endpoint, ()), secret)
    return found


def expire_others(connection: sa.Connection, table: sa.Table, endpoint: str, *, at: datetime, but: str) -> None:
    """Let every key, or every secret, of an endpoint expire but one; those that expire sooner stay as they are.

    :param table: that of the keys or that of the secrets.
    :param but: the primary key of the one that stays.
    """
    (primary,) = table.primary_key
    later = sa.or_(table.c.expires_at.is_(None), table.c.expires_at > at)
    connection.execute(table.update().where(table.c.endpoint == endpoint, primary != but, later).values(expires_at=at))


def find(connection: sa.Connection, endpoint: str, id_: str) -> tuple[sa.Table, str]:
    """Return the table and the primary key of the key or secret of this id.

    :raises WebWorkLogError: if the endpoint has none.
    """
    keys, secrets = schema.endpoint_key, schema.endpoint_secret
    for key_hash in connection.scalars(sa.select(keys.c.key_hash).where(keys.c.endpoint == endpoint)):
        if key_id(key_hash) == id_:
            return keys, key_hash
    if connection.scalar(sa.select(secrets.c.id).where(secrets.c.endpoint == endpoint, secrets.c.id == id_)):
        return secrets, id_
    msg = f"Endpoint {endpoint!r} has no key or secret {id_!r}. See `airflow webwork endpoints show {endpoint}`."
    raise WebWorkLogError(msg)


def forget_pending_key(connection: sa.Connection, endpoint: str) -> None:
    """Forget the key of an endpoint in clear, because it is in use or will no longer be accepted."""
    table = schema.endpoint
    connection.execute(table.update().where(table.c.name == endpoint).values(pending_key=None))


def forget_if_pending(connection: sa.Connection, endpoint: str, key_hash: str, *, vault: Vault) -> None:
    """Forget the key of an endpoint in clear if it has this hash."""
    table = schema.endpoint
    pending = connection.scalar(sa.select(table.c.pending_key).where(table.c.name == endpoint))
    if pending is not None and hash_key(vault.decrypt(pending)) == key_hash:
        forget_pending_key(connection, endpoint)
