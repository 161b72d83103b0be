"""The counters that one transaction has locked, and the changes that orders make to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID

from domain.cart import CartLine
from domain.catalog import Ticket
from domain.errors import TicketsUnavailable
from domain.inventory import Inventory
from domain.pricing import TicketOrder
from domain.promotions import TicketPromoCode


class Stock:
    """Tickets and promo codes, changed in place; ``changed_tickets`` and ``changed_promo_codes`` are to be written.

    Several orders are decided on one Stock, one after the other: each sees what the earlier ones took.
    """

    def __init__(self, tickets: Iterable[Ticket] = (), promo_codes: Iterable[TicketPromoCode] = ()) -> None:
        self._tickets: Final = {ticket.id: ticket for ticket in tickets}
        self._promo_codes: Final = {promo.id: promo for promo in promo_codes}
        self._original_tickets: Final = dict(self._tickets)
        self._original_promo_codes: Final = dict(self._promo_codes)

    @property
    def tickets(self) -> Mapping[UUID, Ticket]:
        """The ticket types by id, as they are now."""
        return self._tickets

    @property
    def promo_codes(self) -> Mapping[UUID, TicketPromoCode]:
        """The promo codes by id, as they are now."""
        return self._promo_codes

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

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Undo the changes made inside if an exception is raised: one order's failure must not affect the others."""
        tickets, promo_codes = dict(self._tickets), dict(self._promo_codes)
        try:
            yield
        except BaseException:
            self._tickets.update(tickets)
            self._promo_codes.update(promo_codes)
            raise

    def ensure_available(self, lines: Iterable[CartLine]) -> None:
        """Raises TicketsUnavailable (P0-004, P0-005) with the first ticket that runs out, and how many are left."""
        wanted: dict[UUID, int] = {}
        for line in lines:
            ticket = self._tickets[line.ticket_id]
            wanted[ticket.id] = wanted.get(ticket.id, 0) + line.quantity
            remaining = ticket.inventory.remaining
            if wanted[ticket.id] > remaining:
                left = f"only {remaining} left" if remaining else "sold out, 0 left"
                raise TicketsUnavailable(
                    f"{wanted[ticket.id]} × {ticket.name} not available: {left}", field=line.field("quantity")
                )

    def has(self, lines: Iterable[TicketOrder]) -> bool:
        """Whether enough tickets remain for every line."""
        wanted: dict[UUID, int] = {}
        for line in lines:
            wanted[line.ticket_id] = wanted.get(line.ticket_id, 0) + line.quantity
        return all(self._tickets[id_].inventory.remaining >= count for id_, count in wanted.items())

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

    def restock(self, ticket_id: UUID, count: int) -> None:
        """Put ``count`` refunded tickets on sale again."""
        self._change(ticket_id, count, Inventory.restock)

    def give_back_uses(self, promo_code_id: UUID | None, tickets: int, *, is_last: bool) -> None:
        """Give back the promo code's uses of an order (None: it had no code) of which ``tickets`` with the code are on
        sale again; ``is_last``: the order has no other place left.
        """
        if promo_code_id is not None:
            promo_code = self._promo_codes[promo_code_id]
            self._promo_codes[promo_code_id] = promo_code.give_back_places(tickets, is_last=is_last)

    def _move(self, lines: Iterable[TicketOrder], move: Callable[[Inventory, int], Inventory]) -> None:
        for line in lines:
            self._change(line.ticket_id, line.quantity, move)

    def _change(self, ticket_id: UUID, count: int, move: Callable[[Inventory, int], Inventory]) -> None:
        ticket = self._tickets[ticket_id]
        self._tickets[ticket_id] = replace(ticket, inventory=move(ticket.inventory, count))

    def _count_uses(
        self,
        promo_code_id: UUID | None,
        lines: Iterable[TicketOrder],
        count: Callable[[TicketPromoCode, int], TicketPromoCode],
    ) -> None:
        if promo_code_id is not None:
            tickets = sum(line.quantity for line in lines if line.uses_promo_code)
            self._promo_codes[promo_code_id] = count(self._promo_codes[promo_code_id], tickets)
