"""The refunds of a day are found by an index: reports count them on the day on which they were given."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # An earlier try that was broken off left one that is not valid.
        op.drop_index("refunds_created_at_idx", table_name="refunds", postgresql_concurrently=True, if_exists=True)
        op.create_index("refunds_created_at_idx", "refunds", ["created_at"], unique=False, postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index("refunds_created_at_idx", table_name="refunds")
