"""The audit: who moved, gave up or removed what in the event log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.json_types import JSON


def record(
    connection: sa.Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, JSON],
    at: datetime,
) -> None:
    """Write a line of the audit in the transaction of what it tells.

    :param actor: who did it: a user of the command line, or a run key.
    :param subject: what it was done to.
    :param details: what one needs to know to undo it; no secrets, no payloads.
    """
    connection.execute(
        schema.audit.insert().values(
            id=uuid.uuid4().hex,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            details=json.dumps(details, sort_keys=True),
        )
    )
