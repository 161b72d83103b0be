"""Holds and free tickets count for the buyers who took them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "ticket_claims",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("is_free", sa.Boolean(), nullable=False),
        sa.Column("is_network", sa.Boolean(), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ticket_claims_key_idx"), "ticket_claims", ["key"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ticket_claims_key_idx"), table_name="ticket_claims")
    op.drop_table("ticket_claims")
