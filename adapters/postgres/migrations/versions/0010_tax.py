"""Producers choose how tax is charged, shows have an address, orders keep both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # Constant defaults: no row is rewritten, however many orders there are.
    exclusive = sa.Column("tax", sa.Text(), server_default="exclusive", nullable=False)
    op.add_column("producers", exclusive)
    op.create_check_constraint(op.f("producers_tax_check"), "producers", "tax IN ('exclusive', 'inclusive', 'off')")
    op.add_column("shows", sa.Column("venue_address", JSONB(), nullable=True))
    op.add_column("orders", sa.Column("tax_mode", sa.Text(), server_default="exclusive", nullable=False))
    op.add_column("orders", sa.Column("venue_address", JSONB(), nullable=True))
    op.create_table(
        "tax_locations",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("tax_locations_pkey")),
    )


def downgrade() -> None:
    op.drop_table("tax_locations")
    op.drop_column("orders", "venue_address")
    op.drop_column("orders", "tax_mode")
    op.drop_column("shows", "venue_address")
    op.drop_constraint(op.f("producers_tax_check"), "producers", type_="check")
    op.drop_column("producers", "tax")
