"""Orders have a search key, folded like the words of a search.

``adapters.postgres.search_keys`` fills it in afterwards for existing orders.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("orders", sa.Column("search_key", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "search_key")
