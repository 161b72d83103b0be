"""ShiftRepo in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.shifts import ShiftCursor
from application.ports.unit_of_work import StorageConflict
from domain.orders import Order
from domain.shift import CashMovement, CounterSale, Shift, SoldLine


class MemoryShiftRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, shift: Shift) -> None:
        if shift.is_open and await self.open_at(shift.producer_id, shift.till_id):
            raise StorageConflict("the till has an open shift")
        self._tables.shifts[shift.id] = shift

    async def get(self, shift_id: UUID) -> Shift | None:
        return self._tables.shifts.get(shift_id)

    async def open_at(self, producer_id: UUID, till_id: UUID) -> Shift | None:
        found = (each for each in self._tables.shifts.values() if each.is_open)
        return next((each for each in found if (each.producer_id, each.till_id) == (producer_id, till_id)), None)

    async def lock(self, shift_id: UUID, *, shared: bool = False) -> Shift | None:  # noqa: ARG002
        return self._tables.shifts.get(shift_id)

    async def save(self, shift: Shift) -> None:
        self._tables.shifts[shift.id] = shift

    async def page(
        self, producer_id: UUID, *, till_id: UUID | None = None, after: ShiftCursor | None, limit: int
    ) -> list[Shift]:
        found = [
            shift
            for shift in self._tables.shifts.values()
            if shift.producer_id == producer_id
            and till_id in (None, shift.till_id)
            and (after is None or _place(shift) < (after.opened_at, after.shift_id))
        ]
        return sorted(found, key=_place, reverse=True)[:limit]

    async def cash_rounding(self, producer_id: UUID) -> int:
        return self._tables.cash_roundings.get(producer_id, 0)

    async def save_cash_rounding(self, producer_id: UUID, step: int) -> None:
        self._tables.cash_roundings[producer_id] = step

    async def add_sale(self, sale: CounterSale) -> bool:
        if not self._tables.shifts[sale.shift_id].is_open:
            return False
        self._tables.counter_sales[sale.order_id] = replace(sale, lines=())
        return True

    async def save_sale(self, sale: CounterSale) -> None:
        self._tables.counter_sales[sale.order_id] = replace(sale, lines=())

    async def sale(self, order_id: UUID) -> CounterSale | None:
        sale = self._tables.counter_sales.get(order_id)
        return self._with_lines(sale) if sale else None

    async def sales(self, shift_id: UUID, *, latest: int | None = None) -> list[CounterSale]:
        found = [sale for sale in self._tables.counter_sales.values() if sale.shift_id == shift_id]
        found.sort(key=lambda sale: (sale.at, sale.order_id), reverse=True)
        return [self._with_lines(sale) for sale in found[:latest]]

    async def add_movement(self, movement: CashMovement) -> None:
        for known in self._tables.cash_movements.values():
            if movement.takes_back is not None and known.takes_back == movement.takes_back:
                raise StorageConflict("the movement was taken back before")
        if movement.id in self._tables.cash_movements:
            raise StorageConflict("the movement is stored already")
        self._tables.cash_movements[movement.id] = movement

    async def movements(self, shift_id: UUID) -> list[CashMovement]:
        found = [each for each in self._tables.cash_movements.values() if each.shift_id == shift_id]
        return sorted(found, key=lambda each: (each.at, each.id))

    async def given_back_elsewhere(self, shift_ids: Collection[UUID]) -> Mapping[UUID, int]:
        found: Counter[UUID] = Counter()
        for sale in self._tables.counter_sales.values():
            back = self._tables.orders[sale.order_id].refunded_amount - sale.given_back
            if sale.shift_id in shift_ids and back:
                found[sale.shift_id] += back
        return found

    def _with_lines(self, sale: CounterSale) -> CounterSale:
        return replace(sale, lines=sold_lines(self._tables.orders[sale.order_id]))


def sold_lines(order: Order) -> tuple[SoldLine, ...]:
    """The lines of a sale's order."""
    return tuple(SoldLine(line.name, line.quantity, line.total_price) for line in order.lines)


def _place(shift: Shift) -> tuple[datetime, UUID]:
    return shift.opened_at, shift.id
