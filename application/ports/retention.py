"""What a house need not keep for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Disposable(StrEnum):
    """What is deleted once it is old enough. Whatever moved money, or let somebody in, is in none of these.

    TASKS are done. EVENTS were handled without a failure. UNPAID_ORDERS never held money, have no refund, no payment
    and no note, and no task that is still to be done; their lines and Idempotency-Keys go with them. SCANS let nobody
    in, or were undone.
    """

    TASKS = "tasks"
    EVENTS = "events"
    UNPAID_ORDERS = "unpaid_orders"
    SCANS = "scans"
    AUDIT_LOG = "audit_log"


class Retention(Protocol):
    """Each raises StorageUnavailable."""

    async def count(self, what: Disposable, *, before: datetime) -> int:
        """How many there are from before then."""
        ...

    def delete(self, what: Disposable, *, before: datetime) -> AsyncIterator[int]:
        """Delete them in small pieces: how many each piece had. What somebody works on meanwhile stays until later.

        Every piece is a transaction of its own, and waits for nobody's lock.
        """
        ...
