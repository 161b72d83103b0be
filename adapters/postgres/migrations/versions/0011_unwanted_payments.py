"""Orders that were cancelled while their money was on its way are marked, and refuse it when it arrives."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("orders", sa.Column("unwanted", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("orders", "unwanted")
