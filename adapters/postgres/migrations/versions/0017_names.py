"""An order keeps the names on its tickets until its attendees have them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("orders", sa.Column("names", sa.ARRAY(sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "names")
