"""Synthetic events that await their deliveries, and up to when workspaces were reconciled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "awaited",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("earliest", sa.BigInteger, nullable=False),
        sa.Column("latest", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_awaited_latest", "awaited", ["latest"])
    op.create_index("ix_awaited_user", "awaited", ["user_id", "latest"])
    op.create_table(
        "reconciliation",
        sa.Column("workspace_id", sa.Text, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
