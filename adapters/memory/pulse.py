"""PulseReader and WorkforceReader in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.pulse import MAX_SHOWS, PLACED_WITHIN, WINDOW, Holds, Sessions, ShowPulse, Workforce
from domain.catalog import Show
from domain.orders import Order, OrderStatus
from domain.timezones import zone_of


class MemoryPulse:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def sales(self, *, now: datetime) -> list[ShowPulse]:
        tables = self._database.snapshot()
        found = [_pulse_of(show, tables, now) for show in tables.shows.values() if show.end_time > now]
        busy = [each for each in found if each.placed or each.completed]
        return sorted(busy, key=lambda each: (-each.placed, -each.completed, each.show_id))[:MAX_SHOWS]

    async def holds(self, *, now: datetime) -> Holds:
        holding = [order for order in self._database.snapshot().orders.values() if order.holds_tickets]
        pending = [order for order in holding if order.status is OrderStatus.PENDING]
        without_page = [order.created_at for order in pending if order.session_id is None]
        return Holds(
            orders=len(holding),
            tickets=sum(map(_tickets_of, holding)),
            pages_missing=len(without_page),
            page_missing_for=max(now - min(without_page, default=now), timedelta()),
            overdue=sum(order.expires_at is not None and order.expires_at <= now for order in pending),
        )

    async def failed_events(self) -> int:
        return sum(received.has_failed for received in self._database.snapshot().inbox.values())

    async def sessions(self) -> Sessions:
        return Sessions()


class MemoryWorkforce:
    """The workforce that a test says; None is a Redis that is away."""

    def __init__(self, workforce: Workforce | None) -> None:
        self.workforce = workforce

    async def __call__(self) -> Workforce | None:
        return self.workforce


def _pulse_of(show: Show, tables: Tables, now: datetime) -> ShowPulse:
    orders = [o for o in tables.orders.values() if o.show_id == show.id and o.created_at > now - PLACED_WITHIN]
    placed = [order for order in orders if now - WINDOW < order.created_at <= now]
    own = [t.inventory for t in tables.tickets.values() if t.show_id == show.id and t.capacity_id is None]
    house = [c for c in tables.capacities.values() if c.show_id == show.id]
    return ShowPulse(
        show_id=show.id,
        title=show.title,
        starts_at=show.start_time.astimezone(zone_of(show.timezone)),
        placed=len(placed),
        tickets=sum(map(_tickets_of, placed)),
        completed=sum(o.completed_at is not None and now - WINDOW < o.completed_at <= now for o in orders),
        left=sum((each.quantity or 0) - each.held - each.sold for each in own)
        + sum(each.size - each.held - each.sold for each in house),
    )


def _tickets_of(order: Order) -> int:
    return sum(line.quantity for line in order.lines)
