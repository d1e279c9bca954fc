"""Looking at the event log: which one it is, its schema, and the key that its secrets are encrypted with."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

from airflow_provider_webwork.events import keyring, schema
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.lifecycle.doctor.case import Case
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, counted, good, warning


def event_log(case: Case) -> Iterator[Finding]:
    """Reach the event log, and see to it that every process can."""
    settings, store = case.installation.settings, case.installation.store
    store.revision()
    if settings.remote_executor and store.is_file:
        yield warning(
            f"The event log {store.name} is a file of one machine, and tasks of {settings.remote_executor} may run on "
            "others.",
            "If they do, set [webwork] event_store_url in every component to a PostgreSQL database; `airflow webwork "
            "db copy` takes the events along.",
        )
    else:
        yield good(f"The event log {store.name} can be reached.")


def migrations(case: Case) -> Iterator[Finding]:
    """Compare the schema of the log with that of this version, and write to it."""
    store, holder = case.installation.store, f"doctor {uuid.uuid4().hex}"
    leases = Leases(store, now=case.installation.now)
    leases.take("doctor", holder, length=timedelta(minutes=1))
    leases.release("doctor", holder)
    yield good(f"The log has schema revision {schema.REVISION}, which is that of this version, and can be written.")


def encryption_key(case: Case) -> Iterator[Finding]:
    """Read every secret of the endpoints with the keys at hand."""
    ours = case.installation.vault.fingerprint
    with case.installation.store.read() as connection:
        known = keyring.fingerprint(connection)
    endpoints = case.endpoints  # which opens their secrets, or says which key is missing
    if known not in {None, ours}:
        yield warning(
            f"Secrets in the log are encrypted with the key {known}, and the first of [webwork] secret_key is {ours}.",
            "Once every process has the new key: `airflow webwork endpoints reencrypt`.",
        )
    else:
        yield good(f"The secrets of {counted(len(endpoints), 'endpoint')} can be read; the key is {ours}.")
