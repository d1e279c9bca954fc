"""The first tables: events, their identities, endpoints with their keys, receivers, settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("workspace_id", sa.Text),
        sa.Column("user_id", sa.Text),
        sa.Column("endpoint", sa.Text),
        sa.Column("occurred_at", sa.BigInteger),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("identity_source", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("problem", sa.Text),
        sa.Column("synthetic", sa.Boolean, nullable=False),
        sa.Column("reparsed_from", sa.BigInteger),
    )
    op.create_index("ix_event_received_at", "event", ["received_at", "seq"])
    op.create_table(
        "dedupe",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "endpoint",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("conn_id", sa.Text),
        sa.Column("workspace_id", sa.Text),
        sa.Column("webhook_id", sa.Text),
        sa.Column("webhook_token", sa.Text),
        sa.Column("pending_key", sa.Text),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("deliveries", sa.BigInteger, nullable=False),
        sa.Column("last_delivery_at", sa.BigInteger),
        sa.Column("last_probe_at", sa.BigInteger),
    )
    op.create_table(
        "endpoint_key",
        sa.Column("key_hash", sa.Text, primary_key=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
    )
    op.create_index("ix_endpoint_key_endpoint", "endpoint_key", ["endpoint"])
    op.create_table(
        "receiver",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
