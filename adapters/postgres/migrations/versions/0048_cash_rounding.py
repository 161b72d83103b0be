"""Cash is rounded where the smallest coins are gone: a producer's step, a shift's, and what it changed of a sale."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_table(
        "cash_roundings",
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("step >= 0", name=op.f("cash_roundings_step_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("cash_roundings_producer_id_fkey")),
        sa.PrimaryKeyConstraint("producer_id", name=op.f("cash_roundings_pkey")),
    )
    op.add_column("shifts", sa.Column("cash_rounding", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("counter_sales", sa.Column("rounding", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("counter_sales", sa.Column("back_rounding", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("counter_sales", "back_rounding")
    op.drop_column("counter_sales", "rounding")
    op.drop_column("shifts", "cash_rounding")
    op.drop_table("cash_roundings")
