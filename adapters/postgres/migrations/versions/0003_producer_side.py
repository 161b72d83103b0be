"""the producer's side: when tokens were used, and what they changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("access_tokens", sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.Uuid(), nullable=True),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("audit_log_producer_id_fkey")),
        sa.ForeignKeyConstraint(["token_id"], ["access_tokens.id"], name=op.f("audit_log_token_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_log_pkey")),
    )
    op.create_index("audit_log_producer_id_at_id_idx", "audit_log", ["producer_id", "at", "id"], unique=False)
    op.create_index("audit_log_subject_id_idx", "audit_log", ["subject_id"], unique=False)


def downgrade() -> None:
    op.drop_table("audit_log")
    op.drop_column("access_tokens", "last_used_at")
