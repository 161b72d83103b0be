"""A promo code may open an allocation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("ticket_promo_codes", sa.Column("allocation_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("ticket_promo_codes", "allocation_id")
