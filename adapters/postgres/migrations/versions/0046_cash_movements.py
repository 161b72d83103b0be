"""Cash that is put into a till or taken out of it beside its sales."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.create_table(
        "cash_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("takes_back", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("cash_movements_amount_check")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("cash_movements_shift_id_fkey")),
        sa.ForeignKeyConstraint(["takes_back"], ["cash_movements.id"], name=op.f("cash_movements_takes_back_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("cash_movements_pkey")),
        sa.UniqueConstraint("takes_back", name=op.f("cash_movements_takes_back_key")),
    )
    op.create_index("cash_movements_oldest_idx", "cash_movements", ["shift_id", "at", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("cash_movements")
