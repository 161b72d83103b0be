"""Capacities that the new shows of a production get."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("productions", sa.Column("capacities", JSONB(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("productions", "capacities")
