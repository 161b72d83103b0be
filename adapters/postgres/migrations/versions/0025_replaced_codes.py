"""Codes that were replaced when their tickets got another name, and until when buyers may change names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("shows", sa.Column("renames_until_hours", sa.Integer(), nullable=True))
    op.create_table(
        "replaced_codes",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("attendee_id", sa.Uuid(), sa.ForeignKey("ticket_attendees.id"), nullable=False),
        sa.Column("replaced_at", sa.TIMESTAMP(timezone=True), nullable=False),
    )
    op.create_index(op.f("replaced_codes_attendee_id_idx"), "replaced_codes", ["attendee_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("replaced_codes_attendee_id_idx"), table_name="replaced_codes")
    op.drop_table("replaced_codes")
    op.drop_column("shows", "renames_until_hours")
