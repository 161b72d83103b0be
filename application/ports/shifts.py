"""Shifts at the counter as they are stored, with their sales."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.shift import CashMovement, CounterSale, Shift


@dataclass(frozen=True, slots=True)
class ShiftCursor:
    """The last shift of a page: shifts are listed newest first."""

    opened_at: datetime
    shift_id: UUID


class ShiftRepo(Protocol):
    """Shifts are locked after everything else that a sale locks."""

    async def add(self, shift: Shift) -> None:
        """Store a shift. Raises StorageConflict where its till has an open one."""
        ...

    async def get(self, shift_id: UUID) -> Shift | None: ...

    async def open_at(self, producer_id: UUID, till_id: UUID) -> Shift | None:
        """The open shift of a till."""
        ...

    async def lock(self, shift_id: UUID, *, shared: bool = False) -> Shift | None:
        """The shift, locked until the transaction ends. Sales lock it ``shared``: they wait for its end, and its end
        for them, but not for one another.
        """
        ...

    async def save(self, shift: Shift) -> None:
        """Write everything of the shift that can change."""
        ...

    async def page(
        self, producer_id: UUID, *, till_id: UUID | None = None, after: ShiftCursor | None, limit: int
    ) -> list[Shift]:
        """A page of the producer's shifts, or of one till's, newest first."""
        ...

    async def cash_rounding(self, producer_id: UUID) -> int:
        """The step to which the producer's new shifts round cash, in minor units; 0 for none."""
        ...

    async def save_cash_rounding(self, producer_id: UUID, step: int) -> None: ...

    async def add_sale(self, sale: CounterSale) -> bool:
        """Store the sale of an order that is stored in the same transaction, and lock its shift as ``lock`` with
        ``shared`` does. False, and nothing is stored, if the shift is not open.
        """
        ...

    async def save_sale(self, sale: CounterSale) -> None:
        """Write that the sale was undone."""
        ...

    async def sale(self, order_id: UUID) -> CounterSale | None:
        """The sale of an order, if a till sold it."""
        ...

    async def sales(self, shift_id: UUID, *, latest: int | None = None) -> list[CounterSale]:
        """The sales of a shift, newest first: all of them, or the latest ones."""
        ...

    async def add_movement(self, movement: CashMovement) -> None:
        """Store cash that was put in or taken out. The shift is locked."""
        ...

    async def movements(self, shift_id: UUID) -> list[CashMovement]:
        """The cash movements of a shift, oldest first."""
        ...

    async def given_back_elsewhere(self, shift_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """What orders of these shifts gave back without being undone at the till, in minor units by shift."""
        ...
