"""Check that every task is about one order or one producer."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE outbox VALIDATE CONSTRAINT outbox_subject_check")


def downgrade() -> None:
    # For new rows only; the downgrade of 0015 validates it.
    op.execute("ALTER TABLE outbox ADD CONSTRAINT outbox_order_id_check CHECK (order_id IS NOT NULL) NOT VALID")
