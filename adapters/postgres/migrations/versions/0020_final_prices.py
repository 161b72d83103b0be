"""Producers choose who bears the fees, and orders keep whether their prices included them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_ON_TOP = "total = subtotal + platform_fees + payment_processing_fees"
_EITHER = (
    "CASE WHEN fees_included THEN total = subtotal AND platform_fees + payment_processing_fees <= total "
    f"ELSE {_ON_TOP} END"
)


def upgrade() -> None:
    # Constant defaults: no row is rewritten. The version before adds fees to every order, which the defaults say.
    op.add_column("producers", sa.Column("fees", sa.Text(), server_default="buyer", nullable=False))
    op.create_check_constraint(op.f("producers_fees_check"), "producers", "fees IN ('buyer', 'producer')")
    op.add_column("orders", sa.Column("fees_included", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_constraint(op.f("orders_total_check"), "orders", type_="check")
    op.execute(f"ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK ({_EITHER}) NOT VALID")


def downgrade() -> None:
    # For new rows only: orders whose prices included the fees stay as they are.
    op.drop_constraint(op.f("orders_total_check"), "orders", type_="check")
    op.execute(f"ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK ({_ON_TOP}) NOT VALID")
    op.drop_column("orders", "fees_included")
    op.drop_constraint(op.f("producers_fees_check"), "producers", type_="check")
    op.drop_column("producers", "fees")
