"""The sums of reports hear of refunds and of disputes."""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"

# A refund through another order changes that one's figures, too.
_REFUNDED = """
    CREATE FUNCTION takings_note_refund() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO takings_changes (changed) VALUES (array_remove(ARRAY[NEW.order_id, NEW.through_order_id], NULL));
        RETURN NULL;
    END $$
"""
_DISPUTED = """
    CREATE FUNCTION takings_note_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO takings_changes (changed) VALUES (ARRAY[NEW.order_id]);
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.execute(_REFUNDED)
    op.execute(_DISPUTED)
    op.execute(
        "CREATE TRIGGER takings_refunded AFTER INSERT OR UPDATE ON refunds FOR EACH ROW "
        "EXECUTE FUNCTION takings_note_refund()"
    )
    op.execute(
        "CREATE TRIGGER takings_disputed AFTER INSERT OR UPDATE ON disputes FOR EACH ROW "
        "EXECUTE FUNCTION takings_note_dispute()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER takings_disputed ON disputes")
    op.execute("DROP TRIGGER takings_refunded ON refunds")
    op.execute("DROP FUNCTION takings_note_dispute")
    op.execute("DROP FUNCTION takings_note_refund")
