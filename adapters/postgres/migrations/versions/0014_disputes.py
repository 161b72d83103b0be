"""Disputes are stored one by one; an order that gave back every place also gives back its promo code's use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

#: Orders that have no place left. The update is relative, so checkouts can go on during it.
_GIVEN_BACK = """
    UPDATE ticket_promo_codes p SET uses = p.uses {sign} r.orders
    FROM (
        SELECT o.promo_code_id, count(*) AS orders
        FROM orders o
        WHERE o.promo_code_id IS NOT NULL AND o.completed_at IS NOT NULL AND o.status = 'refunded'
          AND NOT EXISTS (SELECT FROM ticket_attendees a WHERE a.order_id = o.id AND NOT a.restocked)
        GROUP BY o.promo_code_id
    ) r
    WHERE p.id = r.promo_code_id
"""


def upgrade() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("evidence_due_by", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("recovered", sa.BigInteger(), nullable=False),
        sa.Column("fees_returned", sa.BigInteger(), nullable=False),
        sa.Column("reversal_id", sa.Text(), nullable=True),
        sa.CheckConstraint("least(amount, lost, recovered, fees_returned) >= 0", name=op.f("disputes_amounts_check")),
        sa.CheckConstraint(
            "status IN ('warning_needs_response', 'warning_under_review', 'warning_closed', 'needs_response', "
            "'under_review', 'prevented', 'won', 'lost', 'appeal_needs_response', 'appeal_under_review')",
            name=op.f("disputes_status_check"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("disputes_order_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("disputes_pkey")),
    )
    op.create_index(op.f("disputes_order_id_idx"), "disputes", ["order_id"], unique=False)
    op.execute(_GIVEN_BACK.format(sign="-"))


def downgrade() -> None:
    op.execute(_GIVEN_BACK.format(sign="+"))
    op.drop_index(op.f("disputes_order_id_idx"), table_name="disputes")
    op.drop_table("disputes")
