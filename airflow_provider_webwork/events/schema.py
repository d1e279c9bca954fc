"""The tables of the event log.

Times are whole microseconds since 1970 in UTC and JSON is text, so that SQLite and PostgreSQL hold the same.
A change here needs a migration in ``migrations/versions`` and its name in ``REVISIONS``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""The migrations, the newest last. They stand here so that opening an up-to-date log need not load Alembic."""

REVISION = REVISIONS[-1]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return what the tables hold of a moment, which has a time zone."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """Return the moment in UTC of which the tables hold so much."""
    return _EPOCH + microseconds * _MICROSECOND


class Moment(sa.types.TypeDecorator[datetime]):
    """A point in time, stored as microseconds since 1970 in UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        """Turn a time zone aware datetime into microseconds."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Turn microseconds into a datetime in UTC."""
        return None if value is None else moment(value)


metadata = sa.MetaData()

event = sa.Table(
    "event",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("workspace_id", sa.Text),
    sa.Column("user_id", sa.Text),
    sa.Column("endpoint", sa.Text),
    sa.Column("occurred_at", Moment),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("identity_source", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("problem", sa.Text),
    sa.Column("synthetic", sa.Boolean, nullable=False),
    sa.Column("reparsed_from", sa.BigInteger),
    sa.Index("ix_event_received_at", "received_at", "seq"),
)

reparsed = sa.Table(
    "reparsed",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
)

dedupe = sa.Table(
    "dedupe",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("first_seen", Moment, nullable=False, index=True),
    # Keys are spread like hashes, so that each one costs a page of every tree that it is in.
    sqlite_with_rowid=False,
)

awaited = sa.Table(
    "awaited",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("earliest", Moment, nullable=False),
    sa.Column("latest", Moment, nullable=False, index=True),
    sa.Index("ix_awaited_user", "user_id", "latest"),
)

reconciliation = sa.Table(
    "reconciliation",
    metadata,
    sa.Column("workspace_id", sa.Text, primary_key=True),
    sa.Column("until", Moment, nullable=False),
)

consumer = sa.Table(
    "consumer",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("filter", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("claims", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("claimed_at", Moment),
    sa.Column("seen_at", Moment),
)

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("run_key", sa.Text, primary_key=True),
    sa.Column("start_seq", sa.BigInteger, nullable=False),
    sa.Column("end_seq", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("filter", sa.Text, nullable=False),
    sa.Column("claimed_at", Moment, nullable=False),
    sa.Column("released_at", Moment),
)

empty_claim = sa.Table(
    "empty_claim",
    metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("run_key", sa.Text, primary_key=True),
    sa.Column("try_number", sa.BigInteger, nullable=False),
)

released = sa.Table(
    "released",
    metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("run_key", sa.Text, primary_key=True),
    sa.Column("start_seq", sa.BigInteger, nullable=False),
    sa.Column("end_seq", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("filter", sa.Text, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", Moment, nullable=False),
)

endpoint = sa.Table(
    "endpoint",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("conn_id", sa.Text),
    sa.Column("workspace_id", sa.Text),
    sa.Column("webhook_id", sa.Text),
    sa.Column("webhook_token", sa.Text),
    sa.Column("pending_key", sa.Text),
    sa.Column("events", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("deliveries", sa.BigInteger, nullable=False),
    sa.Column("last_delivery_at", Moment),
    sa.Column("last_probe_at", Moment),
    sa.Column("expect_every", sa.BigInteger),
    sa.Column("last_marked_at", Moment),
    sa.Column("reading", sa.Text),
    sa.Column("required_proof", sa.Text),
)

endpoint_key = sa.Table(
    "endpoint_key",
    metadata,
    sa.Column("key_hash", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("by_hand", sa.Boolean),
    sa.Column("rotating", sa.Text),
)

endpoint_secret = sa.Table(
    "endpoint_secret",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, nullable=False, index=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("not_before", Moment),
    sa.Column("expires_at", Moment),
    sa.Column("rotating", sa.Text),
)

rotation = sa.Table(
    "rotation",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text),
    sa.Column("strategy", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("old_webhook_id", sa.Text),
    sa.Column("webhook_id", sa.Text),
    sa.Column("key", sa.Text),
    sa.Column("known", sa.Text, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("overlap_until", Moment),
)

observed_proof = sa.Table(
    "observed_proof",
    metadata,
    sa.Column("endpoint", sa.Text, primary_key=True),
    sa.Column("proof", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("secret", sa.Text, primary_key=True),
    sa.Column("deliveries", sa.BigInteger, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
)

receiver = sa.Table(
    "receiver",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
)

setting = sa.Table(
    "setting",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

budget = sa.Table(
    "budget",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_budget_account", "account", "at"),
)

credential = sa.Table(
    "credential",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("holder", sa.Text),
    sa.Column("held_until", Moment),
)
