"""The cart: lines of tickets that a buyer wants, checked as far as the request alone allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from domain.errors import InvalidPromoCode, InvalidQuantity, NoTickets, TooManyTickets
from domain.policy import CheckoutPolicy
from domain.promotions import MAX_CODE_LENGTH, normalize_code


@dataclass(frozen=True, slots=True)
class CartLine:
    """``quantity`` tickets of one type. ``donation_amount`` is per ticket, in the currency's main unit.

    ``position`` is the line's index in the request, for pointing an error at it.
    """

    position: int
    ticket_id: UUID
    quantity: int
    donation_amount: Decimal = Decimal(0)

    def field(self, name: str) -> str:
        """The path of ``name`` of this line in the request: "tickets[0].quantity"."""
        return f"tickets[{self.position}].{name}"


@dataclass(frozen=True, slots=True)
class Cart:
    """Lines with at least one ticket each, and in total at most as many tickets as an order may have."""

    show_id: UUID
    lines: tuple[CartLine, ...]
    promo_code: str | None = None

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

        Raises InvalidQuantity, NoTickets, TooManyTickets (P0-010), or InvalidPromoCode for a text that cannot be a
        code.
        """
        wanted = []
        for line in lines:
            if line.quantity < 0:
                raise InvalidQuantity("Quantity must be zero or more", field=line.field("quantity"))
            if line.quantity:
                wanted.append(line)
        if not wanted:
            raise NoTickets("Select at least one ticket", field="tickets")
        if sum(line.quantity for line in wanted) > policy.max_tickets_per_order:
            raise TooManyTickets(f"Maximum {policy.max_tickets_per_order} tickets per order", field="tickets")
        code = normalize_code(promo_code) if promo_code else None
        if code and not (len(code) <= MAX_CODE_LENGTH and code.isprintable()):
            raise InvalidPromoCode("Invalid promo code", field="promo_code")
        return cls(show_id=show_id, lines=tuple(wanted), promo_code=code or None)

    @property
    def ticket_ids(self) -> frozenset[UUID]:
        """The ids of the ticket types in the cart."""
        return frozenset(line.ticket_id for line in self.lines)

    def quantities(self) -> Counter[UUID]:
        """The number of tickets of each type, over all lines."""
        counts: Counter[UUID] = Counter()
        for line in self.lines:
            counts[line.ticket_id] += line.quantity
        return counts
