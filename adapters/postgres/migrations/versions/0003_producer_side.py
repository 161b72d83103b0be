"""the producer's side: uses of tokens, what they changed, and refunds of whole shows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("access_tokens", sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.Uuid(), nullable=True),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("audit_log_producer_id_fkey")),
        sa.ForeignKeyConstraint(["token_id"], ["access_tokens.id"], name=op.f("audit_log_token_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_log_pkey")),
    )
    op.create_index("audit_log_producer_id_at_id_idx", "audit_log", ["producer_id", "at", "id"], unique=False)
    op.create_index("audit_log_subject_id_idx", "audit_log", ["subject_id"], unique=False)
    op.create_table(
        "show_refunds",
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.Column("refund_fees", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name=op.f("show_refunds_show_id_fkey")),
        sa.PrimaryKeyConstraint("show_id", name=op.f("show_refunds_pkey")),
    )
    op.create_index(op.f("show_refunds_claimed_until_idx"), "show_refunds", ["claimed_until"], unique=False)
    op.create_table(
        "show_refund_refusals",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("show_refund_refusals_order_id_fkey")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("show_refund_refusals_pkey")),
    )
    op.create_index("shows_producer_id_start_time_id_idx", "shows", ["producer_id", "start_time", "id"], unique=False)
    op.drop_index(op.f("shows_producer_id_idx"), table_name="shows")
    op.create_index(
        "orders_promo_code_id_idx",
        "orders",
        ["promo_code_id"],
        unique=False,
        postgresql_where=sa.text("promo_code_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("orders_promo_code_id_idx", table_name="orders")
    op.create_index(op.f("shows_producer_id_idx"), "shows", ["producer_id"], unique=False)
    op.drop_index("shows_producer_id_start_time_id_idx", table_name="shows")
    op.drop_table("show_refund_refusals")
    op.drop_table("show_refunds")
    op.drop_table("audit_log")
    op.drop_column("access_tokens", "last_used_at")
