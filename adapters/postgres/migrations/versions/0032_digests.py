"""People ask for a daily digest. Lost refunds and open disputes, which are few, are found by indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "digests",
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("digests_hour_check")),
        sa.ForeignKeyConstraint(
            ["producer_id", "person_id"],
            ["memberships.producer_id", "memberships.person_id"],
            name=op.f("digests_producer_id_person_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("producer_id", "person_id", name=op.f("digests_pkey")),
    )
    op.create_index(op.f("digests_due_at_idx"), "digests", ["due_at"], unique=False)
    op.create_index(
        "refunds_lost_idx",
        "refunds",
        ["order_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("status IN ('failed', 'canceled')"),
    )
    op.create_index(
        "disputes_open_idx",
        "disputes",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text(
            "status IN ('warning_needs_response', 'warning_under_review', 'needs_response', 'under_review', "
            "'appeal_needs_response', 'appeal_under_review')"
        ),
    )


def downgrade() -> None:
    op.drop_index("disputes_open_idx", table_name="disputes")
    op.drop_index("refunds_lost_idx", table_name="refunds")
    op.drop_table("digests")
