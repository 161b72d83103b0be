"""A task is about an order or about a producer."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    # In one clause, so that PostgreSQL knows that no row refers to a producer yet, and looks at none.
    op.execute(
        "ALTER TABLE outbox ADD COLUMN producer_id uuid CONSTRAINT outbox_producer_id_fkey REFERENCES producers (id)"
    )
    op.alter_column("outbox", "order_id", nullable=True)
    op.execute(
        "ALTER TABLE outbox ADD CONSTRAINT outbox_subject_check "
        "CHECK ((order_id IS NULL) <> (producer_id IS NULL)) NOT VALID"
    )


def downgrade() -> None:
    """The version before knows no task about a producer: their mails are not sent."""
    op.execute("DELETE FROM outbox WHERE producer_id IS NOT NULL")
    # Sales go on while this looks at every row. Once it is known that each has an order, SET NOT NULL looks at none.
    op.execute("""
        DO $$ BEGIN
            ALTER TABLE outbox VALIDATE CONSTRAINT outbox_order_id_check;
        EXCEPTION WHEN undefined_object THEN NULL;  -- who never came further than this step has no such constraint
        END $$
    """)
    op.execute("ALTER TABLE outbox DROP CONSTRAINT outbox_subject_check, DROP COLUMN producer_id")
    op.alter_column("outbox", "order_id", nullable=False)
    op.execute("ALTER TABLE outbox DROP CONSTRAINT IF EXISTS outbox_order_id_check")
