"""Productions, whose performances are shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "productions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("venue_address", JSONB(none_as_null=True), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("doors_minutes", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("tickets", JSONB(), nullable=False),
        sa.Column("image", sa.Text(), nullable=True),
        sa.CheckConstraint("least(doors_minutes, duration_minutes) >= 0", name=op.f("productions_minutes_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("productions_producer_id_fkey")),
        sa.ForeignKeyConstraint(["image"], ["pictures.name"], name=op.f("productions_image_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("productions_pkey")),
    )
    op.create_index("productions_producer_id_id_idx", "productions", ["producer_id", "id"], unique=False)
    op.create_index(op.f("productions_image_idx"), "productions", ["image"], unique=False)
    op.add_column("shows", sa.Column("production_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("shows_production_id_fkey"), "shows", "productions", ["production_id"], ["id"])
    op.create_index(
        "shows_production_id_start_time_id_idx",
        "shows",
        ["production_id", "start_time", "id"],
        unique=False,
        postgresql_where=sa.text("production_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("shows_production_id_start_time_id_idx", table_name="shows")
    op.drop_constraint(op.f("shows_production_id_fkey"), "shows", type_="foreignkey")
    op.drop_column("shows", "production_id")
    op.drop_table("productions")
