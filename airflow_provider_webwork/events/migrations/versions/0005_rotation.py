"""Rotations of webhooks, and which keys and secrets take part in one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table and columns."""
    op.add_column("endpoint_key", sa.Column("rotating", sa.Text))
    op.add_column("endpoint_secret", sa.Column("rotating", sa.Text))
    op.create_table(
        "rotation",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("endpoint", sa.Text),
        sa.Column("strategy", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("old_webhook_id", sa.Text),
        sa.Column("webhook_id", sa.Text),
        sa.Column("key", sa.Text),
        sa.Column("known", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("overlap_until", sa.BigInteger),
    )
