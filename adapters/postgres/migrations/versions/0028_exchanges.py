"""Orders say which tickets of an earlier order they replace, and what those paid of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("shows", sa.Column("exchanges_until_hours", sa.Integer(), nullable=True))
    op.add_column("orders", sa.Column("exchanged_from", sa.Uuid(), nullable=True))
    op.add_column("orders", sa.Column("exchanged_attendees", sa.ARRAY(sa.Uuid()), nullable=True))
    for name in ("credit", "credit_tax", "credit_fees"):
        op.add_column("orders", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "order_exchanges",
        sa.Column("order_id", sa.Uuid(), sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("exchanged_from", sa.Uuid(), sa.ForeignKey("orders.id"), nullable=False),
    )
    op.create_index(op.f("order_exchanges_exchanged_from_idx"), "order_exchanges", ["exchanged_from"], unique=False)
    op.add_column("refunds", sa.Column("through_order_id", sa.Uuid(), nullable=True))
    op.add_column("refunds", sa.Column("fees_moved", sa.BigInteger(), server_default="0", nullable=False))
    op.create_foreign_key(op.f("refunds_through_order_id_fkey"), "refunds", "orders", ["through_order_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("refunds_through_order_id_fkey"), "refunds", type_="foreignkey")
    op.drop_column("refunds", "fees_moved")
    op.drop_column("refunds", "through_order_id")
    op.drop_index(op.f("order_exchanges_exchanged_from_idx"), table_name="order_exchanges")
    op.drop_table("order_exchanges")
    for name in ("credit_fees", "credit_tax", "credit", "exchanged_attendees", "exchanged_from"):
        op.drop_column("orders", name)
    op.drop_column("shows", "exchanges_until_hours")
