"""first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "payment_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("handled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_events_pkey")),
    )
    op.create_index(
        "payment_events_unhandled_idx",
        "payment_events",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "producers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("producers_pkey")),
    )
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN producer_id IS NULL THEN scopes = ARRAY['platform'] ELSE NOT 'platform' = ANY (scopes) END",
            name=op.f("access_tokens_owner_check"),
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("access_tokens_producer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("access_tokens_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("access_tokens_secret_hash_key")),
    )
    op.create_index(op.f("access_tokens_producer_id_idx"), "access_tokens", ["producer_id"], unique=False)
    op.create_table(
        "producer_financials",
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account_id", sa.Text(), nullable=True),
        sa.Column("charges_enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("producer_financials_producer_id_fkey")),
        sa.PrimaryKeyConstraint("producer_id", name=op.f("producer_financials_pkey")),
    )
    op.create_index(
        op.f("producer_financials_stripe_account_id_idx"), "producer_financials", ["stripe_account_id"], unique=False
    )
    op.create_table(
        "shows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("door_time", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("start_time", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("end_time", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("door_time <= start_time AND start_time <= end_time", name=op.f("shows_times_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("shows_producer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("shows_pkey")),
    )
    op.create_index(
        "shows_on_sale_idx",
        "shows",
        ["start_time", "id"],
        unique=False,
        postgresql_where=sa.text("published AND NOT cancelled"),
    )
    op.create_index(op.f("shows_producer_id_idx"), "shows", ["producer_id"], unique=False)
    op.create_table(
        "ticket_promo_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("discount", sa.Numeric(precision=5, scale=4), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("valid_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("code = upper(code)", name=op.f("ticket_promo_codes_code_check")),
        sa.CheckConstraint("discount BETWEEN 0 AND 1", name=op.f("ticket_promo_codes_discount_check")),
        sa.CheckConstraint("uses >= 0", name=op.f("ticket_promo_codes_uses_check")),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name=op.f("ticket_promo_codes_show_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("ticket_promo_codes_pkey")),
        sa.UniqueConstraint("show_id", "code", name=op.f("ticket_promo_codes_show_id_code_key")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("is_donation_based", sa.Boolean(), nullable=False),
        sa.Column("is_vip", sa.Boolean(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sold", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("held + sold <= quantity", name=op.f("tickets_remaining_check")),
        sa.CheckConstraint("held >= 0", name=op.f("tickets_held_check")),
        sa.CheckConstraint("price >= 0", name=op.f("tickets_price_check")),
        sa.CheckConstraint("sold >= 0", name=op.f("tickets_sold_check")),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name=op.f("tickets_show_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("tickets_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(op.f("tickets_show_id_idx"), "tickets", ["show_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.Column("show_title", sa.Text(), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("customer_email", sa.Text(), nullable=False),
        sa.Column("customer_phone", sa.Text(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("promo_code_id", sa.Uuid(), nullable=True),
        sa.Column("promo_code", sa.Text(), nullable=True),
        sa.Column("promo_code_discount", sa.BigInteger(), nullable=False),
        sa.Column("platform_fees", sa.BigInteger(), nullable=False),
        sa.Column("payment_processing_fees", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("amount_paid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("disputed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_manual_order", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("stripe_account_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("charge_id", sa.Text(), nullable=True),
        sa.Column("last_payment_error", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_fingerprint", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("status <> 'pending' OR expires_at IS NOT NULL", name=op.f("orders_hold_check")),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'expired', 'payment_failed', 'cancelled', "
            "'partially_refunded', 'refunded')",
            name=op.f("orders_status_check"),
        ),
        sa.CheckConstraint(
            "least(subtotal, promo_code_discount, platform_fees, payment_processing_fees, tax) >= 0",
            name=op.f("orders_amounts_check"),
        ),
        sa.CheckConstraint("refunded_amount BETWEEN 0 AND amount_paid", name=op.f("orders_refunded_amount_check")),
        sa.CheckConstraint(
            "total = subtotal + platform_fees + payment_processing_fees", name=op.f("orders_total_check")
        ),
        sa.ForeignKeyConstraint(["promo_code_id"], ["ticket_promo_codes.id"], name=op.f("orders_promo_code_id_fkey")),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name=op.f("orders_show_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("orders_pkey")),
        sa.UniqueConstraint("idempotency_key", name=op.f("orders_idempotency_key_key")),
        sa.UniqueConstraint("session_id", name=op.f("orders_session_id_key")),
    )
    op.create_index(
        "orders_holding_idx",
        "orders",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'processing')"),
    )
    op.create_index(
        "orders_payment_intent_id_idx",
        "orders",
        ["payment_intent_id"],
        unique=False,
        postgresql_where=sa.text("payment_intent_id IS NOT NULL"),
    )
    op.create_index("orders_show_id_created_at_id_idx", "orders", ["show_id", "created_at", "id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'done', 'dead')", name=op.f("outbox_state_check")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("outbox_order_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
    )
    op.create_index("outbox_due_idx", "outbox", ["due_at"], unique=False, postgresql_where=sa.text("state = 'pending'"))
    op.create_index(op.f("outbox_order_id_idx"), "outbox", ["order_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("refund_fees", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stripe_refund_id", sa.Text(), nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("made_at_stripe", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "status IN ('requested', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled')",
            name=op.f("refunds_status_check"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("refunds_amount_check")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("refunds_order_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("refunds_pkey")),
        sa.UniqueConstraint("order_id", "sequence", name=op.f("refunds_order_id_sequence_key")),
        sa.UniqueConstraint("stripe_refund_id", name=op.f("refunds_stripe_refund_id_key")),
    )
    op.create_table(
        "ticket_orders",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_vip", sa.Boolean(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_per_ticket", sa.BigInteger(), nullable=False),
        sa.Column("unit_discount", sa.BigInteger(), nullable=False),
        sa.Column("donation_amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ticket_orders_quantity_check")),
        sa.CheckConstraint(
            "unit_discount BETWEEN 0 AND price_per_ticket", name=op.f("ticket_orders_unit_discount_check")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("ticket_orders_order_id_fkey")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("ticket_orders_ticket_id_fkey")),
        sa.PrimaryKeyConstraint("order_id", "line", name=op.f("ticket_orders_pkey")),
    )
    op.create_index(op.f("ticket_orders_ticket_id_idx"), "ticket_orders", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_attendees",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("checked_in_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('valid', 'void')", name=op.f("ticket_attendees_status_check")),
        sa.ForeignKeyConstraint(
            ["order_id", "line"],
            ["ticket_orders.order_id", "ticket_orders.line"],
            name=op.f("ticket_attendees_order_id_line_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("ticket_attendees_pkey")),
        sa.UniqueConstraint("code", name=op.f("ticket_attendees_code_key")),
    )
    op.create_index("ticket_attendees_order_id_line_idx", "ticket_attendees", ["order_id", "line"], unique=False)


def downgrade() -> None:
    op.drop_index("ticket_attendees_order_id_line_idx", table_name="ticket_attendees")
    op.drop_table("ticket_attendees")
    op.drop_index(op.f("ticket_orders_ticket_id_idx"), table_name="ticket_orders")
    op.drop_table("ticket_orders")
    op.drop_table("refunds")
    op.drop_index(op.f("outbox_order_id_idx"), table_name="outbox")
    op.drop_index("outbox_due_idx", table_name="outbox", postgresql_where=sa.text("state = 'pending'"))
    op.drop_table("outbox")
    op.drop_index("orders_show_id_created_at_id_idx", table_name="orders")
    op.drop_index(
        "orders_payment_intent_id_idx", table_name="orders", postgresql_where=sa.text("payment_intent_id IS NOT NULL")
    )
    op.drop_index(
        "orders_holding_idx", table_name="orders", postgresql_where=sa.text("status IN ('pending', 'processing')")
    )
    op.drop_table("orders")
    op.drop_index(op.f("tickets_show_id_idx"), table_name="tickets")
    op.drop_table("tickets")
    op.drop_table("ticket_promo_codes")
    op.drop_index(op.f("shows_producer_id_idx"), table_name="shows")
    op.drop_index("shows_on_sale_idx", table_name="shows", postgresql_where=sa.text("published AND NOT cancelled"))
    op.drop_table("shows")
    op.drop_index(op.f("producer_financials_stripe_account_id_idx"), table_name="producer_financials")
    op.drop_table("producer_financials")
    op.drop_index(op.f("access_tokens_producer_id_idx"), table_name="access_tokens")
    op.drop_table("access_tokens")
    op.drop_table("producers")
    op.drop_index(
        "payment_events_unhandled_idx", table_name="payment_events", postgresql_where=sa.text("handled_at IS NULL")
    )
    op.drop_table("payment_events")
