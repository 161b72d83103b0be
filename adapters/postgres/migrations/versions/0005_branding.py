"""Producers have a colour, a logo and sites of their own; shows have an image."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pictures_pkey")),
    )
    op.add_column("producers", sa.Column("colour", sa.Text(), nullable=True))
    op.add_column("producers", sa.Column("logo", sa.Text(), nullable=True))
    op.add_column(
        "producers", sa.Column("widget_origins", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.create_index(op.f("producers_logo_idx"), "producers", ["logo"], unique=False)
    op.create_foreign_key(op.f("producers_logo_fkey"), "producers", "pictures", ["logo"], ["name"])
    op.add_column("shows", sa.Column("image", sa.Text(), nullable=True))
    op.create_index(op.f("shows_image_idx"), "shows", ["image"], unique=False)
    op.create_foreign_key(op.f("shows_image_fkey"), "shows", "pictures", ["image"], ["name"])


def downgrade() -> None:
    op.drop_constraint(op.f("shows_image_fkey"), "shows", type_="foreignkey")
    op.drop_index(op.f("shows_image_idx"), table_name="shows")
    op.drop_column("shows", "image")
    op.drop_constraint(op.f("producers_logo_fkey"), "producers", type_="foreignkey")
    op.drop_index(op.f("producers_logo_idx"), table_name="producers")
    op.drop_column("producers", "widget_origins")
    op.drop_column("producers", "logo")
    op.drop_column("producers", "colour")
    op.drop_table("pictures")
