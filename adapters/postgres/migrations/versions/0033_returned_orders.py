"""The few orders of a show that gave tickets back are found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # An earlier try that was broken off left one that is not valid.
        op.drop_index("orders_returned_idx", table_name="orders", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "orders_returned_idx",
            "orders",
            ["show_id"],
            unique=False,
            postgresql_where=sa.text("status IN ('partially_refunded', 'refunded') OR disputed"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("orders_returned_idx", table_name="orders")
