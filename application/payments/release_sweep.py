"""Releasing many holds: some at a time, shared by all workers, those that fail last.

Releasing a hold calls the payment provider, which may take as long as its time-out. So a few broken ones must not delay
the others, and no two workers ask about the same one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.payments.release import ReleaseOrder
from application.ports.payment import PaymentError
from application.ports.system import Clock
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWork, UnitOfWorkFactory
from domain.errors import DomainError
from domain.orders import OrderEvent

log = logging.getLogger(__name__)

#: Holds that one worker releases at a time.
AT_A_TIME: Final = 20
#: Holds that one pass looks at.
SWEEP_LIMIT: Final = 500
#: How long a worker keeps the holds that it claimed. One call and its repetition take less.
CLAIM: Final = timedelta(seconds=60)
#: A hold that could not be released waits a tenth of the time since it ended, but no longer than this.
LONGEST_PAUSE: Final = timedelta(seconds=60)
_PART: Final = 10

#: Finds holds to release that no worker has, those that were never tried first; locked until the transaction ends.
Find = Callable[[UnitOfWork, datetime, int], Awaitable[list[UUID]]]


class ReleaseSweep:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, release: ReleaseOrder) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._release = release

    async def __call__(self, find: Find, event: OrderEvent) -> int:
        """Release the holds, each once in a pass. Returns how many orders stopped holding tickets. Raises
        StorageUnavailable, StorageConflict.
        """
        tried: set[UUID] = set()
        released = 0
        while len(tried) < SWEEP_LIMIT:
            claimed = await self._claim(find)
            mine = [order_id for order_id in claimed if order_id not in tried]
            if again := tried.intersection(claimed):  # they failed in this pass, and are due again already
                await self._put_off(again, self._clock.now())
            if not mine:
                break
            tried.update(mine)
            released += sum(await asyncio.gather(*(self._try(order_id, event) for order_id in mine)))
        return released

    async def _claim(self, find: Find) -> list[UUID]:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            found = await find(uow, now, AT_A_TIME)
            await uow.order_watchlist.release_after(found, moment=now + CLAIM)
            await uow.commit()
        return found

    async def _try(self, order_id: UUID, event: OrderEvent) -> bool:
        try:
            order = await self._release(order_id, event)
        except (PaymentError, DomainError, StorageUnavailable, StorageConflict) as error:
            log.warning("The hold of order %s is left for the next pass: %s", order_id, error)
            await self._pause(order_id)
            return False
        return not order.holds_tickets

    async def _pause(self, order_id: UUID) -> None:
        """Put the hold off. If this fails, too, the claim runs out."""
        now = self._clock.now()
        try:
            async with self._unit_of_work(read_only=True) as uow:
                order = await uow.orders.get(order_id)
            if order is not None:
                late_by = now - min(now, order.expires_at or order.created_at)
                await self._put_off({order_id}, now + min(late_by / _PART, LONGEST_PAUSE))
        except (StorageUnavailable, StorageConflict) as error:
            log.warning("The hold of order %s stays claimed for a minute: %s", order_id, error)

    async def _put_off(self, order_ids: Collection[UUID], moment: datetime) -> None:
        async with self._unit_of_work() as uow:
            await uow.order_watchlist.release_after(order_ids, moment=moment)
            await uow.commit()


class ReleaseOverdue:
    """The sweeper: holds whose time is up go back on sale (P2-014)."""

    def __init__(self, sweep: ReleaseSweep) -> None:
        self._sweep = sweep

    async def __call__(self) -> int:
        """Release overdue holds.

        Returns how many orders stopped holding tickets. A later pass repeats those that failed.
        """
        return await self._sweep(_overdue, OrderEvent.SESSION_EXPIRED)


class ReleaseCancelled:
    """Releases holds of cancelled shows, unless they can still be paid."""

    def __init__(self, sweep: ReleaseSweep) -> None:
        self._sweep = sweep

    async def __call__(self) -> int:
        """Release the holds.

        Returns how many orders stopped holding tickets. A later pass repeats those that failed.
        """
        return await self._sweep(_of_cancelled_shows, OrderEvent.CANCELLED)


async def _overdue(uow: UnitOfWork, now: datetime, limit: int) -> list[UUID]:
    return await uow.order_watchlist.overdue(now=now, limit=limit)


async def _of_cancelled_shows(uow: UnitOfWork, now: datetime, limit: int) -> list[UUID]:
    return await uow.show_refunds.holding(now=now, limit=limit)
