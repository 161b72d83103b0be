"""Filling in the venue's clock of shows that an earlier version stored as moments only.

Only Python has the rules by which pages showed the times, so this is not SQL. It works in pieces, each in a separate
transaction, while sales and producers go on.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from adapters.postgres.rows import venue_clock_values
from adapters.postgres.tables import shows
from domain.venue_clock import VenueClock

_PIECE: Final = 1000
_WITHOUT: Final = (
    sa.select(shows.c.id, shows.c.door_time, shows.c.start_time, shows.c.end_time, shows.c.timezone)
    .where(shows.c.time_zone_rules.is_(None))
    .limit(_PIECE)
    .with_for_update(key_share=True)
)


def fill_venue_clocks(connection: sa.Connection) -> int:
    """Fill in the clock of every show that lacks it, by the rules in force here.

    Returns how many there were. Commits.
    """
    filled = 0
    while rows := connection.execute(_WITHOUT).all():
        for row in rows:
            clock = VenueClock.at((row.door_time, row.start_time, row.end_time), row.timezone)
            connection.execute(sa.update(shows).where(shows.c.id == row.id).values(venue_clock_values(clock)))
        connection.commit()
        filled += len(rows)
    return filled
