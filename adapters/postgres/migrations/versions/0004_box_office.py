"""the box office: how manual orders were paid, what went on sale again, scans at the door, notes on orders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("orders", sa.Column("manual_payment", sa.Text(), nullable=True))
    op.execute("UPDATE orders SET manual_payment = 'other' WHERE is_manual_order")
    op.create_check_constraint(
        op.f("orders_manual_payment_check"), "orders", "manual_payment IN ('cash', 'comp', 'other')"
    )
    op.create_check_constraint(
        op.f("orders_is_manual_order_check"), "orders", "is_manual_order = (manual_payment IS NOT NULL)"
    )
    op.add_column(
        "ticket_attendees", sa.Column("restocked", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    # Refunds restocked by default; earlier versions did not record which did not.
    op.execute(
        "UPDATE ticket_attendees SET restocked = true FROM orders WHERE orders.id = ticket_attendees.order_id "
        "AND ticket_attendees.status = 'void' AND orders.status IN ('refunded', 'partially_refunded')"
    )
    op.create_check_constraint(
        op.f("ticket_attendees_restocked_check"), "ticket_attendees", "NOT restocked OR status = 'void'"
    )
    _create_scans()
    op.create_table(
        "order_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("order_notes_order_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("order_notes_pkey")),
    )
    op.create_index(op.f("order_notes_order_id_idx"), "order_notes", ["order_id"], unique=False)


def _create_scans() -> None:
    op.create_table(
        "scans",
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("attendee_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("scanned_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "result IN ('admitted', 'already_admitted', 'void', 'wrong_show', 'unknown')",
            name=op.f("scans_result_check"),
        ),
        sa.ForeignKeyConstraint(["attendee_id"], ["ticket_attendees.id"], name=op.f("scans_attendee_id_fkey")),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name=op.f("scans_show_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("show_id", "id", name=op.f("scans_pkey")),
    )
    op.create_index("scans_attendee_id_idx", "scans", ["attendee_id"], unique=False)
    op.create_index(
        "scans_admission_key",
        "scans",
        ["attendee_id"],
        unique=True,
        postgresql_where=sa.text("result = 'admitted' AND undone_at IS NULL"),
    )
    op.create_index(
        "scans_conflict_idx",
        "scans",
        ["show_id", "received_at", "id"],
        unique=False,
        postgresql_where=sa.text("result <> 'admitted' AND undone_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("order_notes")
    op.drop_table("scans")
    op.drop_constraint(op.f("ticket_attendees_restocked_check"), "ticket_attendees")
    op.drop_column("ticket_attendees", "restocked")
    op.drop_constraint(op.f("orders_is_manual_order_check"), "orders")
    op.drop_constraint(op.f("orders_manual_payment_check"), "orders")
    op.drop_column("orders", "manual_payment")
