"""Locking tickets across processes before the database is asked (design.md §4.3)."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from application.errors import Busy
from application.ports.lock import Lock, LockTimeout, LockUnavailable

log = logging.getLogger(__name__)


@asynccontextmanager
async def ticket_locks(lock: Lock, ticket_ids: Collection[UUID]) -> AsyncIterator[None]:
    """Hold ``ticket_lock_{id}`` of every ticket, all or nothing.

    The locks keep other processes from queueing on the rows; what is right is guarded by the row locks alone. So a
    lock service that is away (P1-004) or a lock that expires meanwhile (P1-005) is told in the log, no more.
    Raises Busy when the locks are not to be had in time.
    """
    names = [f"ticket_lock_{ticket_id}" for ticket_id in sorted(ticket_ids)]
    started = time.perf_counter()
    try:
        lease = await lock.acquire(names)
    except LockTimeout:
        log.warning("Lock not acquired for tickets %s in %.2fs", names, time.perf_counter() - started)
        raise Busy from None
    except LockUnavailable as error:
        log.warning("Lock service unavailable, going on with database locks alone: %s", error)
        yield
        return
    log.info("Lock acquired for tickets %s in %.3fs", names, time.perf_counter() - started)
    try:
        yield
    finally:
        try:
            intact = await lock.release(lease)
        except LockUnavailable as error:
            log.warning("Lock not released for tickets %s, it will expire: %s", names, error)
        else:
            if not intact:
                held_seconds = time.perf_counter() - started
                log.warning("Lock expired for tickets %s while held, after %.2fs", names, held_seconds)
