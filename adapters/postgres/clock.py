"""The database's time, which all processes of an installation share."""

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
    """Seconds of a clock that setting the machine's clock does not affect.

    Where the system offers it, it also runs while the machine sleeps.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class DatabaseClock:
    """A Clock that follows the database's clock, so all processes read and write times by the same clock.

    ``own`` is the machine's clock. It is used until ``follow`` has asked the database.
    """

    def __init__(self, engine: AsyncEngine, own: Clock) -> None:
        self._engine = engine
        self._own = own
        self._shift: float | None = None  # the database's clock minus the steady one

    @property
    def is_known(self) -> bool:
        """Whether the database has told its time, so that this is it."""
        return self._shift is not None

    def now(self) -> datetime:
        if self._shift is None:
            return self._own.now()
        return datetime.fromtimestamp(steady_seconds() + self._shift, UTC)

    async def follow(self) -> timedelta:
        """Ask the database once. Returns how far this machine's clock is ahead of the database's (less than zero:
        behind).

        The answer is exact to half of the round trip. Raises StorageUnavailable.
        """
        try:
            async with self._engine.connect() as connection:
                asked = steady_seconds()
                theirs = float(await connection.scalar(_CLOCK) or 0)
                answered = steady_seconds()
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from error
        shift = theirs - (asked + answered) / 2
        # Keep the old shift if the new one differs by less than its own error: time should not jump without need.
        if self._shift is None or abs(shift - self._shift) > answered - asked:
            self._shift = shift
        return self._own.now() - self.now()
