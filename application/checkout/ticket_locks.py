"""Locking tickets across processes before the database is asked (docs/domain-rules.md#how-a-hold-is-granted)."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from application.errors import Busy
from application.ports.lock import Lock, LockTimeout, LockUnavailable

log = logging.getLogger(__name__)

_PREFIX = "ticket_lock_"


@asynccontextmanager
async def ticket_locks(
    lock: Lock, ticket_ids: Collection[UUID], also: Callable[[], Collection[UUID]] = frozenset
) -> AsyncIterator[frozenset[UUID]]:
    """Hold ``ticket_lock_{id}`` of every ticket, all or nothing, and of those that ``also`` names when the locks are
    about to be acquired, as far as they are free. Yields the tickets that are locked.

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
        yield frozenset(ticket_ids).union(also())
        return
    names = list(lease.names)
    log.info("Lock acquired for tickets %s in %.3fs", names, time.perf_counter() - started)
    try:
        yield frozenset(UUID(name.removeprefix(_PREFIX)) for name in names)
    finally:
        try:
            intact = await lock.release(lease)
        except LockUnavailable as error:
            log.warning("Lock not released for tickets %s, it will expire: %s", names, error)
        else:
            if not intact:
                held_seconds = time.perf_counter() - started
                log.warning("Lock expired for tickets %s while held, after %.2fs", names, held_seconds)


def _name(ticket_id: UUID) -> str:
    return f"{_PREFIX}{ticket_id}"
