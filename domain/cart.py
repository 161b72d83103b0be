"""The cart: lines of tickets that a buyer wants, checked as far as the request alone allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from domain.errors import InvalidName, InvalidPromoCode, InvalidQuantity, InvalidRequest, NoTickets, TooManyTickets
from domain.person_name import parse_name
from domain.policy import CheckoutPolicy
from domain.promotions import is_possible, normalize_code


@dataclass(frozen=True, slots=True)
class CartLine:
    """``quantity`` tickets of one type. ``donation_amount`` is per ticket, in the currency's main unit.

    ``position`` is the line's index in the request, for pointing an error at it. ``names`` are those of the people who
    come, at most one for each ticket; a ticket without one, or with "", is in the customer's name.
    """

    position: int
    ticket_id: UUID
    quantity: int
    donation_amount: Decimal = Decimal(0)
    names: tuple[str, ...] = ()

    def named(self, typed: Sequence[str]) -> CartLine:
        """The line with the names as they were typed. Raises InvalidName."""
        return replace(self, names=tuple(self._name(place, text) for place, text in enumerate(typed)))

    def _name(self, place: int, text: str) -> str:
        if not text.strip():
            return ""
        try:
            return parse_name(text)
        except InvalidName as error:
            raise InvalidName(str(error), field=self.field(f"names[{place}]")) from None

    def field(self, name: str) -> str:
        """The path of ``name`` of this line in the request: "tickets[0].quantity"."""
        return f"tickets[{self.position}].{name}"


@dataclass(frozen=True, slots=True)
class Cart:
    """Lines with at least one ticket each, and in total at most as many tickets as an order may have.

    ``allocation_id`` names the allocation that a box office sells them out of.
    """

    show_id: UUID
    lines: tuple[CartLine, ...]
    promo_code: str | None = None
    allocation_id: UUID | None = None

    @classmethod
    def of(
        cls,
        show_id: UUID,
        lines: Iterable[CartLine],
        *,
        promo_code: str | None = None,
        policy: CheckoutPolicy,
    ) -> Cart:
        """The cart without its empty lines (P0-009).

        Raises InvalidQuantity, NoTickets, TooManyTickets (P0-010), InvalidRequest for more names than tickets, or
        InvalidPromoCode for a text that cannot be a code.
        """
        wanted = []
        for line in lines:
            if line.quantity < 0:
                raise InvalidQuantity("Quantity must be zero or more", field=line.field("quantity"))
            if len(line.names) > line.quantity:
                raise InvalidRequest("There are more names than tickets", field=line.field("names"))
            if line.quantity:
                wanted.append(line)
        if not wanted:
            raise NoTickets("Select at least one ticket", field="tickets")
        if sum(line.quantity for line in wanted) > policy.max_tickets_per_order:
            raise TooManyTickets(f"Maximum {policy.max_tickets_per_order} tickets per order", field="tickets")
        code = normalize_code(promo_code) if promo_code else None
        if code and not is_possible(code):
            raise InvalidPromoCode("Invalid promo code", field="promo_code")
        return cls(show_id=show_id, lines=tuple(wanted), promo_code=code or None)

    @property
    def ticket_ids(self) -> frozenset[UUID]:
        """The ids of the ticket types in the cart."""
        return frozenset(line.ticket_id for line in self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each ticket, in the order of the lines, "" for the customer's; empty if no ticket has another."""
        if not any(name for line in self.lines for name in line.names):
            return ()
        return tuple(name for line in self.lines for name in (*line.names, *[""] * (line.quantity - len(line.names))))

    def quantities(self) -> Counter[UUID]:
        """The number of tickets of each type, over all lines."""
        counts: Counter[UUID] = Counter()
        for line in self.lines:
            counts[line.ticket_id] += line.quantity
        return counts
