"""How an installation is doing at this moment: what operators watch in the minute of an on-sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

#: The time that sales are counted over, up to now.
WINDOW: Final = timedelta(minutes=1)
#: How long before its completion an order may have been placed and still be counted: longer than a default hold.
PLACED_WITHIN: Final = timedelta(minutes=40)
#: Shows that are named, those that sell most first.
MAX_SHOWS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPulse:
    """One show within ``WINDOW``: orders that were placed, their tickets, orders that were completed (paid or free);
    and how many places are left now. ``starts_at`` is in the venue's time zone.
    """

    show_id: UUID
    title: str
    starts_at: datetime
    placed: int
    tickets: int
    completed: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Orders that hold tickets until they are paid, and the tickets. ``pages_missing`` of them have no payment page
    yet, the oldest since ``page_missing_for``. ``overdue`` should have been released by now.
    """

    orders: int = 0
    tickets: int = 0
    pages_missing: int = 0
    page_missing_for: timedelta = timedelta()
    overdue: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Connections to the database: all, those that work, those that wait for a lock, and the oldest transaction."""

    connections: int = 0
    working: int = 0
    waiting: int = 0
    longest: timedelta = timedelta()


class PulseReader(Protocol):
    """Waits for no lock and holds none. Each call is one statement. Raises StorageUnavailable."""

    async def sales(self, *, now: datetime) -> list[ShowPulse]:
        """The shows that sold something within ``WINDOW``, the busiest first, at most ``MAX_SHOWS``."""
        ...

    async def holds(self, *, now: datetime) -> Holds:
        """All holds of the installation."""
        ...

    async def failed_events(self) -> int:
        """How many events of the payment provider could not be handled."""
        ...

    async def sessions(self) -> Sessions:
        """The connections to the database as it sees them, ours among others'."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Workforce:
    """Workers that are alive, and how long the next call of Stripe for a payment page, and the next mail, would wait
    for its turn.
    """

    workers: int = 0
    stripe_wait_seconds: float = 0
    mail_wait_seconds: float = 0


class WorkforceReader(Protocol):
    async def __call__(self) -> Workforce | None:
        """The workforce; None while it cannot be known. Never raises."""
        ...
