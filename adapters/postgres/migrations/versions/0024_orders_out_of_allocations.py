"""An order's line knows the allocation that its tickets came out of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("ticket_orders", sa.Column("allocation_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("ticket_orders", "allocation_id")
