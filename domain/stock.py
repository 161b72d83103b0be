"""The counters that one transaction has locked, and the changes that orders and producers make to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.capacity import Allocation, Capacity, Move, remaining_of
from domain.cart import CartLine
from domain.catalog import Ticket
from domain.errors import Conflict, TicketsUnavailable
from domain.inventory import Inventory
from domain.pricing import TicketOrder
from domain.promotions import TicketPromoCode


class Stock:
    """Tickets, capacities, allocations and promo codes, changed in place; the ``changed_…`` are to be written.

    A ticket's capacity must be among the capacities, an order's allocation among the allocations. Several orders are
    decided on one Stock, one after the other: each sees what the earlier ones took.
    """

    def __init__(
        self,
        tickets: Iterable[Ticket] = (),
        promo_codes: Iterable[TicketPromoCode] = (),
        capacities: Iterable[Capacity] = (),
        allocations: Iterable[Allocation] = (),
    ) -> None:
        self._tickets: Final = {ticket.id: ticket for ticket in tickets}
        self._promo_codes: Final = {promo.id: promo for promo in promo_codes}
        self._capacities: Final = {capacity.id: capacity for capacity in capacities}
        self._allocations: Final = {allocation.id: allocation for allocation in allocations}
        self._original_tickets: Final = dict(self._tickets)
        self._original_promo_codes: Final = dict(self._promo_codes)
        self._original_capacities: Final = dict(self._capacities)
        self._original_allocations: Final = dict(self._allocations)

    @property
    def tickets(self) -> Mapping[UUID, Ticket]:
        """The ticket types by id, as they are now."""
        return self._tickets

    @property
    def promo_codes(self) -> Mapping[UUID, TicketPromoCode]:
        """The promo codes by id, as they are now."""
        return self._promo_codes

    @property
    def capacities(self) -> Mapping[UUID, Capacity]:
        """The capacities by id, as they are now."""
        return self._capacities

    @property
    def allocations(self) -> Mapping[UUID, Allocation]:
        """The allocations by id, as they are now."""
        return self._allocations

    def promo_code(self, show_id: UUID, code: str) -> TicketPromoCode | None:
        """The show's promo code written ``code`` (upper-case), if it has one."""
        for promo in self._promo_codes.values():
            if promo.show_id == show_id and promo.code == code:
                return promo
        return None

    @property
    def changed_tickets(self) -> list[Ticket]:
        """The ticket types whose counters have changed since the start."""
        return [t for t in self._tickets.values() if t.inventory != self._original_tickets[t.id].inventory]

    @property
    def changed_promo_codes(self) -> list[TicketPromoCode]:
        """The promo codes whose use count has changed since the start."""
        return [p for p in self._promo_codes.values() if p.uses != self._original_promo_codes[p.id].uses]

    @property
    def changed_capacities(self) -> list[Capacity]:
        """The capacities that have changed since the start."""
        return [c for c in self._capacities.values() if c != self._original_capacities[c.id]]

    @property
    def changed_allocations(self) -> list[Allocation]:
        """The allocations that have changed since the start."""
        return [a for a in self._allocations.values() if a != self._original_allocations[a.id]]

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Undo the changes made inside if an exception is raised: one order's failure must not affect the others."""
        tickets, promo_codes = dict(self._tickets), dict(self._promo_codes)
        capacities, allocations = dict(self._capacities), dict(self._allocations)
        try:
            yield
        except BaseException:
            self._tickets.update(tickets)
            self._promo_codes.update(promo_codes)
            self._capacities.update(capacities)
            self._allocations.update(allocations)
            raise

    def remaining(self, ticket_id: UUID, allocation_id: UUID | None = None) -> int:
        """How many tickets of this type can be bought now: by the public, or out of an allocation."""
        return self._left(self._tickets[ticket_id], allocation_id, {})

    def draws_on(self, ticket_id: UUID, allocation_id: UUID) -> bool:
        """Whether tickets of this type can come out of the allocation: both are of one capacity."""
        capacity_id, allocation = self._tickets[ticket_id].capacity_id, self._allocations.get(allocation_id)
        return allocation is not None and capacity_id == allocation.capacity_id

    def ensure_available(self, lines: Iterable[CartLine], allocation_id: UUID | None = None) -> None:
        """Raises TicketsUnavailable (P0-004, P0-005) with the first ticket that runs out, and how many are left.

        Lines whose tickets draw on the capacity of the allocation come out of it.
        """
        taken: dict[UUID, int] = {}
        for line in lines:
            ticket = self._tickets[line.ticket_id]
            source = allocation_id if allocation_id and self.draws_on(ticket.id, allocation_id) else None
            so_far = taken.get(ticket.id, 0)
            remaining = self._left(ticket, source, taken) + so_far
            wanted = so_far + line.quantity
            if wanted > remaining:
                raise _unavailable(ticket, wanted, remaining, line)
            self._take(taken, ticket, line.quantity, source)

    def ensure_has(self, lines: Sequence[TicketOrder], cart_lines: Iterable[CartLine]) -> None:
        """The same for lines of which each names its source. Raises TicketsUnavailable about the cart's line."""
        taken: dict[UUID, int] = {}
        for line in lines:
            ticket = self._tickets[line.ticket_id]
            left = self._left(ticket, line.allocation_id, taken)
            if line.quantity > left:
                wanted = sum(each.quantity for each in lines if each.ticket_id == ticket.id)
                asked = next(each for each in cart_lines if each.ticket_id == ticket.id)
                raise _unavailable(ticket, wanted, taken.get(ticket.id, 0) + left, asked)
            self._take(taken, ticket, line.quantity, line.allocation_id)

    def has(self, lines: Iterable[TicketOrder]) -> bool:
        """Whether enough tickets remain for every line."""
        taken: dict[UUID, int] = {}
        for line in lines:
            ticket = self._tickets[line.ticket_id]
            if line.quantity > self._left(ticket, line.allocation_id, taken):
                return False
            self._take(taken, ticket, line.quantity, line.allocation_id)
        return True

    def hold(self, lines: Collection[TicketOrder], promo_code_id: UUID | None) -> None:
        """Hold tickets for the checkout of a paid order."""
        self._move(lines, Inventory.hold)
        self._count_uses(promo_code_id, lines, TicketPromoCode.use)

    def sell(self, lines: Collection[TicketOrder], promo_code_id: UUID | None) -> None:
        """Sell tickets to a free or manual order, or to one paid after its hold was released."""
        self._move(lines, Inventory.sell)
        self._count_uses(promo_code_id, lines, TicketPromoCode.use)

    def sell_held(self, lines: Iterable[TicketOrder]) -> None:
        """Sell the held tickets of an order that was paid."""
        self._move(lines, Inventory.sell_held)

    def release(self, lines: Collection[TicketOrder], promo_code_id: UUID | None) -> None:
        """Release the hold of an order."""
        self._move(lines, Inventory.release)
        self._count_uses(promo_code_id, lines, TicketPromoCode.give_back)

    def restock(self, line: TicketOrder, count: int) -> None:
        """Put ``count`` refunded tickets of an order's line on sale again."""
        self._change(line.ticket_id, count, Inventory.restock, line.allocation_id)

    def give_back_uses(self, promo_code_id: UUID | None, tickets: int, *, is_last: bool) -> None:
        """Give back the promo code's uses of an order (None: it had no code) of which ``tickets`` with the code are on
        sale again; ``is_last``: the order has no other place left.
        """
        if promo_code_id is not None:
            promo_code = self._promo_codes[promo_code_id]
            self._promo_codes[promo_code_id] = promo_code.give_back_places(tickets, is_last=is_last)

    def change_ticket(self, ticket: Ticket) -> None:
        """Put the changed ticket type in place of the one with its id: with another quantity, capacity or places.

        What it has held and sold moves out of its old capacity and into the new one. Raises Conflict if it does not
        fit there, or if ``places`` differ while the old capacity counts its tickets by them.
        """
        before = self._tickets[ticket.id]
        counters = before.inventory
        if before.capacity_id and ticket.places != before.places and counters.held + counters.sold:
            raise Conflict("places cannot change while tickets of this type are held or sold", field="places")
        if ticket.capacity_id != before.capacity_id:
            self._count(before, -1)
            self._count(ticket, 1)
        self._tickets[ticket.id] = ticket

    def resize_capacity(self, capacity_id: UUID, size: int) -> None:
        """Change the size of a capacity. Raises InvalidRequest, Conflict."""
        self._capacities[capacity_id] = self._capacities[capacity_id].resized(size)

    def allocate(self, allocation: Allocation) -> None:
        """Take the places of a new allocation off public sale. Raises Conflict if fewer remain."""
        capacity = self._capacities[allocation.capacity_id]
        self._capacities[capacity.id] = capacity.keeping(allocation.remaining)

    def resize_allocation(self, allocation_id: UUID, size: int) -> None:
        """Change the size of an allocation. Raises InvalidRequest, Conflict."""
        self._change_allocation(self._allocations[allocation_id].resized(size))

    def release_allocation(self, allocation_id: UUID, now: datetime) -> None:
        """Put the places that the allocation keeps on public sale. Raises Conflict if that was done before."""
        self._change_allocation(self._allocations[allocation_id].released(now))

    def dissolve_allocation(self, allocation_id: UUID) -> None:
        """Put the places of an allocation that is about to be deleted on public sale."""
        allocation = self._allocations[allocation_id]
        capacity = self._capacities[allocation.capacity_id]
        self._capacities[capacity.id] = capacity.keeping(-allocation.remaining)

    def _change_allocation(self, after: Allocation) -> None:
        before = self._allocations[after.id]
        capacity = self._capacities[before.capacity_id]
        self._capacities[capacity.id] = capacity.keeping(after.remaining - before.remaining)
        self._allocations[after.id] = after

    def _count(self, ticket: Ticket, sign: int) -> None:
        """Count what the ticket type has held and sold in (1), or not any more in (-1), its capacity."""
        if ticket.capacity_id is None:
            return
        capacity, counters = self._capacities[ticket.capacity_id], ticket.inventory
        held, sold = sign * counters.held * ticket.places, sign * counters.sold * ticket.places
        if held + sold > capacity.remaining:
            raise Conflict(
                f"{held} held and {sold} sold places of this ticket type do not fit into {capacity.name}, which has "
                f"{capacity.remaining} left",
                field="capacity_id",
            )
        self._capacities[capacity.id] = replace(capacity, held=capacity.held + held, sold=capacity.sold + sold)

    def _left(self, ticket: Ticket, allocation_id: UUID | None, taken: Mapping[UUID, int]) -> int:
        """How many tickets are left beside what is ``taken``: tickets by their type, places by their source."""
        places = None
        if ticket.capacity_id is not None:
            source = self._source(ticket.capacity_id, allocation_id)
            places = source.remaining - taken.get(source.id, 0)
        left, own = remaining_of(ticket, places), ticket.inventory.remaining
        return left if own is None or not taken else min(left, own - taken.get(ticket.id, 0))

    def _take(self, taken: dict[UUID, int], ticket: Ticket, count: int, allocation_id: UUID | None) -> None:
        taken[ticket.id] = taken.get(ticket.id, 0) + count
        if ticket.capacity_id is not None:
            source = self._source(ticket.capacity_id, allocation_id)
            taken[source.id] = taken.get(source.id, 0) + count * ticket.places

    def _source(self, capacity_id: UUID, allocation_id: UUID | None) -> Capacity | Allocation:
        """The allocation, or what the public buys from: also in place of an allocation that was released."""
        allocation = self._allocations[allocation_id] if allocation_id else None
        return self._capacities[capacity_id] if allocation is None or allocation.is_released else allocation

    def _move(self, lines: Iterable[TicketOrder], move: Move) -> None:
        for line in lines:
            self._change(line.ticket_id, line.quantity, move, line.allocation_id)

    def _change(self, ticket_id: UUID, count: int, move: Move, allocation_id: UUID | None) -> None:
        ticket = self._tickets[ticket_id]
        self._tickets[ticket_id] = replace(ticket, inventory=move(ticket.inventory, count))
        if ticket.capacity_id is not None:
            self._move_places(ticket.capacity_id, count * ticket.places, move, allocation_id)

    def _move_places(self, capacity_id: UUID, places: int, move: Move, allocation_id: UUID | None) -> None:
        allocated = 0
        if allocation_id is not None:
            before = self._allocations[allocation_id]
            self._allocations[allocation_id] = after = before.moved(move, places)
            allocated = after.remaining - before.remaining
        self._capacities[capacity_id] = self._capacities[capacity_id].moved(move, places, allocated=allocated)

    def _count_uses(
        self,
        promo_code_id: UUID | None,
        lines: Iterable[TicketOrder],
        count: Callable[[TicketPromoCode, int], TicketPromoCode],
    ) -> None:
        if promo_code_id is not None:
            tickets = sum(line.quantity for line in lines if line.uses_promo_code)
            self._promo_codes[promo_code_id] = count(self._promo_codes[promo_code_id], tickets)


def _unavailable(ticket: Ticket, wanted: int, remaining: int, line: CartLine) -> TicketsUnavailable:
    left = f"only {remaining} left" if remaining else "sold out, 0 left"
    return TicketsUnavailable(f"{wanted} × {ticket.name} not available: {left}", field=line.field("quantity"))
