"""The tries of tasks that were told that nothing waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "empty_claim",
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("run_key", sa.Text, primary_key=True),
        sa.Column("try_number", sa.BigInteger, nullable=False),
    )
