"""Locking tickets across processes before the database is asked (docs/domain-rules.md#how-a-hold-is-granted)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from application.errors import Busy
from application.ports.lock import Lease, Lock, LockTimeout, LockUnavailable

log = logging.getLogger(__name__)

_PREFIX = "ticket_lock_"


class TicketLocks:
    """The locks of ``tickets``, until they are released. Without a ``lease`` the lock service is away."""

    def __init__(self, tickets: frozenset[UUID], lock: Lock, lease: Lease | None, held_since: float) -> None:
        self.tickets = tickets
        self._lock = lock
        self._lease = lease
        self._held_since = held_since
        self._releasing: asyncio.Task[None] | None = None

    def let_go(self) -> None:
        """Begin to release the locks, before the holder has ended: the next one need not wait for its commit here,
        since the row locks make it wait in the database.
        """
        if self._releasing is None and self._lease is not None:
            self._releasing = asyncio.create_task(self._release(self._lease))

    async def released(self) -> None:
        """Release the locks, or wait until they are released."""
        self.let_go()
        if self._releasing is not None:
            await self._releasing

    async def _release(self, lease: Lease) -> None:
        names = list(lease.names)
        try:
            intact = await self._lock.release(lease)
        except LockUnavailable as error:
            log.warning("Lock not released for tickets %s, it will expire: %s", names, error)
        else:
            if not intact:
                held_seconds = time.perf_counter() - self._held_since
                log.warning("Lock expired for tickets %s while held, after %.2fs", names, held_seconds)


@asynccontextmanager
async def ticket_locks(
    lock: Lock, ticket_ids: Collection[UUID], also: Callable[[], Collection[UUID]] = frozenset
) -> AsyncIterator[TicketLocks]:
    """Hold ``ticket_lock_{id}`` of every ticket, all or nothing, and of those that ``also`` names when the locks are
    about to be acquired, as far as they are free. Yields the locks, which may be let go before the end.

    The locks keep other processes from queueing on the rows; only the row locks guarantee correctness. So if the lock
    service is away (P1-004: all count as locked) or a lock expires (P1-005), this is only logged. Raises Busy if the
    locks are not available in time.
    """
    names = [_name(ticket_id) for ticket_id in sorted(ticket_ids)]
    started = time.perf_counter()
    try:
        lease = await lock.acquire(names, lambda: [_name(ticket_id) for ticket_id in also()])
    except LockTimeout:
        log.warning("Lock not acquired for tickets %s in %.2fs", names, time.perf_counter() - started)
        raise Busy from None
    except LockUnavailable as error:
        log.warning("Lock service unavailable, going on with database locks alone: %s", error)
        yield TicketLocks(frozenset(ticket_ids).union(also()), lock, None, started)
        return
    log.info("Lock acquired for tickets %s in %.3fs", list(lease.names), time.perf_counter() - started)
    locks = TicketLocks(frozenset(UUID(name.removeprefix(_PREFIX)) for name in lease.names), lock, lease, started)
    try:
        yield locks
    finally:
        await locks.released()


def _name(ticket_id: UUID) -> str:
    return f"{_PREFIX}{ticket_id}"
