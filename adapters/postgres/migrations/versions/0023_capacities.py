"""Ticket types may share the places of a capacity, and allocations take places of it off public sale.

The version before knows of no capacity, and cannot sell a ticket type without a quantity: make capacities once the
update is complete.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "capacities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sold", sa.Integer(), server_default="0", nullable=False),
        sa.Column("allocated", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("least(held, sold, allocated) >= 0", name=op.f("capacities_counters_check")),
        sa.CheckConstraint("held + sold + allocated <= size", name=op.f("capacities_remaining_check")),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name=op.f("capacities_show_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("capacities_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(op.f("capacities_show_id_idx"), "capacities", ["show_id"], unique=False)
    op.create_table(
        "allocations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("capacity_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sold", sa.Integer(), server_default="0", nullable=False),
        sa.Column("release_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("released_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("least(size, held, sold) >= 0", name=op.f("allocations_counters_check")),
        sa.CheckConstraint("released_at IS NOT NULL OR held + sold <= size", name=op.f("allocations_remaining_check")),
        sa.ForeignKeyConstraint(["capacity_id"], ["capacities.id"], name=op.f("allocations_capacity_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("allocations_pkey")),
    )
    op.create_index(op.f("allocations_capacity_id_idx"), "allocations", ["capacity_id"], unique=False)
    op.create_index(
        "allocations_release_at_idx",
        "allocations",
        ["release_at"],
        unique=False,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.execute(
        "ALTER TABLE tickets ADD COLUMN capacity_id uuid CONSTRAINT tickets_capacity_id_fkey REFERENCES capacities (id)"
    )
    op.add_column("tickets", sa.Column("places", sa.SmallInteger(), server_default="1", nullable=False))
    op.alter_column("tickets", "quantity", nullable=True)
    op.create_check_constraint(
        op.f("tickets_quantity_check"), "tickets", "quantity IS NOT NULL OR capacity_id IS NOT NULL"
    )
    op.create_check_constraint(op.f("tickets_places_check"), "tickets", "places > 0")
    op.create_index(op.f("tickets_capacity_id_idx"), "tickets", ["capacity_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("tickets_capacity_id_idx"), table_name="tickets")
    op.drop_constraint(op.f("tickets_places_check"), "tickets")
    op.drop_constraint(op.f("tickets_quantity_check"), "tickets")
    # Nothing more of these types is on sale: the version before knows of no capacity.
    op.execute("UPDATE tickets SET quantity = held + sold WHERE capacity_id IS NOT NULL")
    op.alter_column("tickets", "quantity", nullable=False)
    op.drop_column("tickets", "places")
    op.drop_column("tickets", "capacity_id")
    op.drop_table("allocations")
    op.drop_table("capacities")
