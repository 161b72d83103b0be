"""Jobs of paired printers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "print_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("printer_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("attendee_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("with_order_slip", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'printing', 'printed', 'expired')", name=op.f("print_jobs_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("print_jobs_pkey")),
    )
    op.create_index(op.f("print_jobs_order_id_idx"), "print_jobs", ["order_id"], unique=False)
    op.create_index("print_jobs_printer_id_asked_at_idx", "print_jobs", ["printer_id", "asked_at", "id"], unique=False)
    op.create_index(
        "print_jobs_open_idx",
        "print_jobs",
        ["printer_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'printing')"),
    )


def downgrade() -> None:
    op.drop_table("print_jobs")
