"""Moving the secrets in the event log on to another key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.events import audit, keyring, schema
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import Vault

ENCRYPTED = (
    schema.endpoint.c.webhook_token,
    schema.endpoint.c.pending_key,
    schema.endpoint_secret.c.value,
    schema.rotation.c.key,
    schema.credential.c.value,
)
"""Every column of the log that holds secrets."""


def reencrypt(store: Store, vault: Vault, *, now: Callable[[], datetime], actor: str) -> int:
    """Encrypt every secret in the log with the first key of the vault, all of them or none; return how many there are.

    From then on nobody needs the other keys. Processes that have only those are refused.

    :param now: tells the time in UTC.
    :param actor: who does it, for the audit.
    :raises WebWorkSecretError: if one was encrypted with a key that is not at hand.
    """
    done = 0
    with store.write(lock="endpoints") as connection:
        keyring.check_vault(connection, vault, log_name=store.name)
        for column in ENCRYPTED:
            done += _reencrypt(connection, column, vault)
        if done:
            keyring.claim_log(connection, vault)
        details: dict[str, JSON] = {"secrets": done, "key": vault.fingerprint}
        entry = audit.Entry(at=now(), actor=actor, action="reencrypt", subject="secrets", details=details)
        audit.record(connection, entry)
    return done


def _reencrypt(connection: sa.Connection, column: sa.Column[str], vault: Vault) -> int:
    (primary,) = column.table.primary_key
    rows = connection.execute(sa.select(primary, column).where(column.is_not(None))).all()
    for row_id, sealed in rows:
        _replace(connection, column, primary == row_id, sealed, vault)
    return len(rows)


def _replace(
    connection: sa.Connection, column: sa.Column[str], row: sa.ColumnElement[bool], sealed: str | None, vault: Vault
) -> None:
    while sealed is not None:
        anew = vault.encrypt(vault.decrypt(sealed))
        update = sa.update(column.table).where(row, column == sealed).values({column.name: anew})
        if connection.execute(update).rowcount:
            return
        # A client has put a new token in its place at this moment: it must not become the old one again.
        sealed = connection.scalar(sa.select(column).where(row))
