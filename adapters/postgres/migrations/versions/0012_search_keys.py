"""Orders have a key that they are found by, folded as the words of a search are.

``adapters.postgres.search_keys`` fills it in afterwards for the orders that there are.
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
