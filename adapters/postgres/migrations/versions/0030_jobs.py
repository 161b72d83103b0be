"""Jobs: what a person starts and does not wait for, with its progress, results and file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"

_OF_JOB = ("job_contents", "job_results", "job_pieces")


def _job_id(table: str) -> list[sa.schema.SchemaItem]:
    fk = sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f(f"{table}_job_id_fkey"), ondelete="CASCADE")
    return [sa.Column("job_id", sa.Uuid(), nullable=False), fk]


def upgrade() -> None:
    time = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("ended_at", time, nullable=True),
        sa.Column("run", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("content_until", time, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'running', 'done', 'failed', 'stopped')", name=op.f("jobs_state_check")),
        sa.CheckConstraint("done >= 0 AND failed >= 0", name=op.f("jobs_counts_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("jobs_producer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
    )
    op.create_index(op.f("jobs_show_id_idx"), "jobs", ["show_id"], unique=False)
    op.create_index("jobs_producer_id_created_at_idx", "jobs", ["producer_id", "created_at", "id"], unique=False)
    op.create_index(
        "jobs_content_until_idx",
        "jobs",
        ["content_until"],
        unique=False,
        postgresql_where=sa.text("content_until IS NOT NULL"),
    )
    op.create_table(
        "job_contents",
        *_job_id("job_contents"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("job_contents_pkey")),
    )
    op.create_table(
        "job_results",
        *_job_id("job_results"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("is_ok", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("job_results_pkey")),
    )
    op.create_table(
        "job_pieces",
        *_job_id("job_pieces"),
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "run", "position", name=op.f("job_pieces_pkey")),
    )


def downgrade() -> None:
    for table in reversed(_OF_JOB):
        op.drop_table(table)
    op.drop_table("jobs")
