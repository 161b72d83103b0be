"""Add what promo codes can do besides a share: amounts, some ticket types, hidden ticket types, uses by tickets.

The version before takes a code without a share for one of 0 %: make such codes once the update is complete.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    # In the order in which checkouts lock the tables.
    op.execute("ALTER TABLE tickets ADD COLUMN hidden boolean NOT NULL DEFAULT false")
    op.execute(
        """
        ALTER TABLE ticket_promo_codes
            ADD COLUMN amount_off bigint,
            ADD COLUMN fixed_price bigint,
            ADD COLUMN ticket_ids uuid[],
            ADD COLUMN opens_ticket_ids uuid[] NOT NULL DEFAULT '{}',
            ADD COLUMN counts text NOT NULL DEFAULT 'orders',
            ADD COLUMN max_per_order integer,
            ADD CONSTRAINT ticket_promo_codes_reduction_check
                CHECK (num_nonnulls(nullif(discount, 0), amount_off, fixed_price) <= 1),
            ADD CONSTRAINT ticket_promo_codes_amounts_check CHECK (least(amount_off, fixed_price) >= 0),
            ADD CONSTRAINT ticket_promo_codes_max_per_order_check CHECK (max_per_order > 0),
            ADD CONSTRAINT ticket_promo_codes_counts_check CHECK (counts IN ('orders', 'tickets'))
        """
    )
    op.execute("ALTER TABLE ticket_orders ADD COLUMN uses_promo_code boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE ticket_orders DROP COLUMN uses_promo_code")
    op.execute(
        """
        ALTER TABLE ticket_promo_codes
            DROP COLUMN amount_off,
            DROP COLUMN fixed_price,
            DROP COLUMN ticket_ids,
            DROP COLUMN opens_ticket_ids,
            DROP COLUMN counts,
            DROP COLUMN max_per_order
        """
    )
    op.execute("ALTER TABLE tickets DROP COLUMN hidden")
