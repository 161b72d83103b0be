"""The sums of reports hear of attendees who are let in, and of tickets that become void."""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"

_NOTED = """
    CREATE FUNCTION takings_note_attendee() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO takings_changes (came, undone) VALUES (
            CASE WHEN NEW.checked_in_at IS NOT NULL THEN ARRAY[NEW.id] END,
            CASE WHEN NEW.checked_in_at IS NULL THEN ARRAY[NEW.id] END
        );
        RETURN NULL;
    END $$
"""
# The shares of refunds go by the tickets that are void.
_VOIDED = """
    CREATE FUNCTION takings_note_order_of_attendee() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO takings_changes (changed) VALUES (ARRAY[NEW.order_id]);
        RETURN NULL;
    END $$
"""
_TRIGGERS = (
    (
        "CREATE TRIGGER takings_came AFTER INSERT ON ticket_attendees FOR EACH ROW "
        "WHEN (NEW.checked_in_at IS NOT NULL) EXECUTE FUNCTION takings_note_attendee()"
    ),
    (
        "CREATE TRIGGER takings_checked_in AFTER UPDATE OF checked_in_at ON ticket_attendees FOR EACH ROW "
        "WHEN ((OLD.checked_in_at IS NULL) <> (NEW.checked_in_at IS NULL)) EXECUTE FUNCTION takings_note_attendee()"
    ),
    (
        "CREATE TRIGGER takings_voided AFTER UPDATE OF status ON ticket_attendees FOR EACH ROW "
        "WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION takings_note_order_of_attendee()"
    ),
)


def upgrade() -> None:
    for statement in (_NOTED, _VOIDED, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for trigger in ("takings_voided", "takings_checked_in", "takings_came"):
        op.execute(f"DROP TRIGGER {trigger} ON ticket_attendees")
    op.execute("DROP FUNCTION takings_note_order_of_attendee")
    op.execute("DROP FUNCTION takings_note_attendee")
