"""A task is about an order or about a producer."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    # In one clause: PostgreSQL then knows that no row has a producer yet, and does not check the rows.
    op.execute(
        "ALTER TABLE outbox ADD COLUMN producer_id uuid CONSTRAINT outbox_producer_id_fkey REFERENCES producers (id)"
    )
    op.alter_column("outbox", "order_id", nullable=True)
    op.execute(
        "ALTER TABLE outbox ADD CONSTRAINT outbox_subject_check "
        "CHECK ((order_id IS NULL) <> (producer_id IS NULL)) NOT VALID"
    )


def downgrade() -> None:
    """The version before knows no task about a producer, so their pending mails are lost."""
    op.execute("DELETE FROM outbox WHERE producer_id IS NOT NULL")
    # This checks every row while sales go on. SET NOT NULL then relies on it and checks none.
    op.execute("""
        DO $$ BEGIN
            ALTER TABLE outbox VALIDATE CONSTRAINT outbox_order_id_check;
        EXCEPTION WHEN undefined_object THEN NULL;  -- only the downgrade of 0016 makes it
        END $$
    """)
    op.execute("ALTER TABLE outbox DROP CONSTRAINT outbox_subject_check, DROP COLUMN producer_id")
    op.alter_column("outbox", "order_id", nullable=False)
    op.execute("ALTER TABLE outbox DROP CONSTRAINT IF EXISTS outbox_order_id_check")
