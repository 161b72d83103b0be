"""Shifts at the counter, and the orders that were sold in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "shifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("till_id", sa.Uuid(), nullable=False),
        sa.Column("till", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opening_cash", sa.BigInteger(), nullable=False),
        sa.Column("sellers", postgresql.JSONB(), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("expected", postgresql.JSONB(), nullable=True),
        sa.Column("counted", postgresql.JSONB(), nullable=True),
        sa.Column("pieces", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("(closed_at IS NULL) = (expected IS NULL)", name=op.f("shifts_expected_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("shifts_producer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("shifts_pkey")),
    )
    op.create_index(
        "shifts_open_idx",
        "shifts",
        ["producer_id", "till_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("shifts_newest_idx", "shifts", ["producer_id", "opened_at", "id"], unique=False)
    op.create_table(
        "counter_sales",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.Column("given_back", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("payment IN ('cash', 'card', 'other', 'comp')", name=op.f("counter_sales_payment_check")),
        sa.CheckConstraint("given_back BETWEEN 0 AND amount", name=op.f("counter_sales_given_back_check")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("counter_sales_order_id_fkey")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("counter_sales_shift_id_fkey")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("counter_sales_pkey")),
    )
    op.create_index("counter_sales_newest_idx", "counter_sales", ["shift_id", "at", "order_id"], unique=False)


def downgrade() -> None:
    op.drop_table("counter_sales")
    op.drop_table("shifts")
