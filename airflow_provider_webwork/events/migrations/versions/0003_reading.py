"""How endpoints are read, our own deliveries to them, and which problems were parsed again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("endpoint", sa.Column("last_marked_at", sa.BigInteger))
    op.add_column("endpoint", sa.Column("reading", sa.Text))
    op.create_table(
        "reparsed",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
