"""When a task was done, and when a refund's status changed: for the life of an order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("refunds", sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("refunds", "changed_at")
    op.drop_column("outbox", "done_at")
