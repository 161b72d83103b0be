"""tasks with details, a relay that remembers, and order lookups"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "outbox",
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("outbox", sa.Column("sending_since", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("relay_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.execute("UPDATE outbox SET relay_at = greatest(due_at, claimed_until)")
    op.alter_column("outbox", "relay_at", nullable=False)
    op.drop_index("outbox_due_idx", table_name="outbox", postgresql_where=sa.text("state = 'pending'"))
    op.create_index(
        "outbox_relay_idx", "outbox", ["relay_at"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index("outbox_dead_idx", "outbox", ["id"], unique=False, postgresql_where=sa.text("state = 'dead'"))
    op.create_table(
        "order_lookups",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("order_lookups_pkey")),
    )
    op.create_index(op.f("order_lookups_asked_at_idx"), "order_lookups", ["asked_at"], unique=False)
    op.create_index("orders_customer_email_idx", "orders", [sa.literal_column("lower(customer_email)")], unique=False)


def downgrade() -> None:
    op.drop_index("orders_customer_email_idx", table_name="orders")
    op.drop_index(op.f("order_lookups_asked_at_idx"), table_name="order_lookups")
    op.drop_table("order_lookups")
    op.drop_index("outbox_dead_idx", table_name="outbox", postgresql_where=sa.text("state = 'dead'"))
    op.drop_index("outbox_relay_idx", table_name="outbox", postgresql_where=sa.text("state = 'pending'"))
    op.create_index("outbox_due_idx", "outbox", ["due_at"], unique=False, postgresql_where=sa.text("state = 'pending'"))
    op.drop_column("outbox", "relay_at")
    op.drop_column("outbox", "sending_since")
    op.drop_column("outbox", "details")
