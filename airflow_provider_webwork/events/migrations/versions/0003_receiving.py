"""How the deliveries of an endpoint are proven and read, what was seen of it, and which problems were parsed again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables and columns."""
    op.add_column("endpoint", sa.Column("required_proof", sa.Text))
    op.add_column("endpoint", sa.Column("last_marked_at", sa.BigInteger))
    op.add_column("endpoint", sa.Column("reading", sa.Text))
    op.add_column("endpoint", sa.Column("expect_every", sa.BigInteger))
    op.add_column("endpoint_key", sa.Column("by_hand", sa.Boolean))
    op.create_table(
        "endpoint_secret",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("expires_at", sa.BigInteger),
    )
    op.create_index("ix_endpoint_secret_endpoint", "endpoint_secret", ["endpoint"])
    op.create_table(
        "observed_proof",
        sa.Column("endpoint", sa.Text, primary_key=True),
        sa.Column("proof", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, primary_key=True),
        sa.Column("secret", sa.Text, primary_key=True),
        sa.Column("deliveries", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "reparsed",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    )
