"""Shows and ticket types go on sale, and off sale, at times of the venue's clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

#: In the order in which checkouts lock them: the other way round, a step and a checkout wait for each other.
_TABLES = ("tickets", "shows")
_TIMES = ("on_sale", "off_sale")


def upgrade() -> None:
    for table in _TABLES:
        for time in _TIMES:
            op.add_column(table, sa.Column(f"{time}_at", sa.TIMESTAMP(timezone=True), nullable=True))
            op.add_column(table, sa.Column(f"local_{time}_at", sa.TIMESTAMP(), nullable=True))
            op.add_column(table, sa.Column(f"{time}_fold", sa.SmallInteger(), nullable=True))
    # A constant default: no row is rewritten.
    op.add_column("shows", sa.Column("sells_until", sa.Text(), server_default="end", nullable=False))
    op.create_check_constraint(op.f("shows_sells_until_check"), "shows", "sells_until IN ('end', 'start', 'doors')")


def downgrade() -> None:
    op.drop_constraint(op.f("shows_sells_until_check"), "shows", type_="check")
    op.drop_column("shows", "sells_until")
    for table in _TABLES:
        for time in _TIMES:
            for column in (f"{time}_at", f"local_{time}_at", f"{time}_fold"):
                op.drop_column(table, column)
