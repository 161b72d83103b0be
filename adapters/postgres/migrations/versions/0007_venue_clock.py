"""Shows store what the clock at the venue shows.

``adapters.postgres.venue_clocks`` fills it in afterwards for existing shows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TIMES = ("local_door_time", "local_start_time", "local_end_time")
_FOLDS = ("door_fold", "start_fold", "end_fold")
_RULES = "time_zone_rules"


def upgrade() -> None:
    for name in _TIMES:
        op.add_column("shows", sa.Column(name, sa.TIMESTAMP(), nullable=True))
    for name in _FOLDS:
        op.add_column("shows", sa.Column(name, sa.SmallInteger(), nullable=True))
    op.add_column("shows", sa.Column(_RULES, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in (*_TIMES, *_FOLDS, _RULES):
        op.drop_column("shows", name)
