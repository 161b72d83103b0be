"""Payments that came a second time for an order are remembered until they are given back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "duplicate_payments",
        sa.Column("payment_intent_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("returns_lost", sa.SmallInteger(), nullable=False),
        sa.Column("refusals", sa.SmallInteger(), nullable=False),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("charged_back", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("duplicate_payments_amount_check")),
        sa.CheckConstraint("returned BETWEEN 0 AND amount", name=op.f("duplicate_payments_returned_check")),
        sa.CheckConstraint(
            "status IN ('requested', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled')",
            name=op.f("duplicate_payments_status_check"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("duplicate_payments_order_id_fkey")),
        sa.PrimaryKeyConstraint("payment_intent_id", name=op.f("duplicate_payments_pkey")),
    )
    op.create_index(op.f("duplicate_payments_order_id_idx"), "duplicate_payments", ["order_id"], unique=False)


def downgrade() -> None:
    op.drop_table("duplicate_payments")
