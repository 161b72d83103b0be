"""The database's time, which all processes of a house share."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.errors import translated
from application.ports.system import Clock

_CLOCK: Final = sa.select(sa.func.extract("epoch", sa.func.clock_timestamp()))


def steady_seconds() -> float:
    """Seconds that pass at the same pace whatever becomes of the machine's clock; where that can be had, also while
    the machine sleeps.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class DatabaseClock:
    """A Clock that follows the database's: what one process writes down, another one reads by the same clock.

    ``own`` is the machine's clock. It is used until the database was first asked.
    """

    def __init__(self, engine: AsyncEngine, own: Clock) -> None:
        self._engine = engine
        self._own = own
        self._shift: float | None = None  # of the database's clock against the steady one

    def now(self) -> datetime:
        if self._shift is None:
            return self._own.now()
        return datetime.fromtimestamp(steady_seconds() + self._shift, UTC)

    async def follow(self) -> timedelta:
        """Ask the database once. How far this machine's clock is ahead of the database's; less than zero: behind.

        The answer is exact to half of its way. Raises StorageUnavailable.
        """
        try:
            async with self._engine.connect() as connection:
                asked = steady_seconds()
                theirs = float(await connection.scalar(_CLOCK) or 0)
                answered = steady_seconds()
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from error
        shift = theirs - (asked + answered) / 2
        # A better guess is none within what this one may be wrong: time should not jump about for nothing.
        if self._shift is None or abs(shift - self._shift) > answered - asked:
            self._shift = shift
        return self._own.now() - self.now()
