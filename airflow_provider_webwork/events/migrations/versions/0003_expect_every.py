"""How often an endpoint is expected to hear something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column, in seconds."""
    op.add_column("endpoint", sa.Column("expect_every", sa.BigInteger))
