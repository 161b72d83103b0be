"""Payments that are still on their way when the doors open: their buyers learn that they have no tickets yet."""

from __future__ import annotations

from typing import Final

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory

#: The most orders that one pass writes mails for.
LIMIT: Final = 500


class AnnouncePendingPayments:
    """Looks for such orders again and again, because shows move and payments settle until the last moment."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> int:
        """Write the mails, once for each order. Returns how many. Raises StorageUnavailable, StorageConflict."""
        async with self._unit_of_work() as uow:
            written = await uow.outbox.announce_pending_payments(now=self._clock.now(), limit=LIMIT)
            await uow.commit()
        return written
