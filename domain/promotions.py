"""Promo codes: what they take off a show's regular tickets, never off fees, and which hidden ticket types they open
(docs/domain-rules.md#promo-codes).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from domain.errors import Conflict, InvalidRequest, PromoCodeExhausted
from domain.money import AMOUNT_LIMIT, round_half_up

MAX_CODE_LENGTH = 50
#: The highest ``max_uses``: a limit above any show's capacity has no effect.
MAX_USES = 1_000_000
#: The most ticket types that a code may name: as many as a show may have.
MAX_NAMED_TICKETS = 100


class UseCount(StrEnum):
    """The unit of a promo code's uses: orders, or the tickets in them that the code applies to."""

    ORDERS = "orders"
    TICKETS = "tickets"


def normalize_code(text: str) -> str:
    """A promo code as it is stored and matched: trimmed, upper-case."""
    return text.strip().upper()


def is_possible(code: str) -> bool:
    """Whether a normalised text can be a promo code."""
    return 1 <= len(code) <= MAX_CODE_LENGTH and code.isprintable()


class PromoCodeFields(TypedDict, total=False):
    """The fields of a promo code that a producer writes, all or some. None removes a limit, or an amount.

    ``amount_off`` and ``fixed_price`` are in the currency's main unit.
    """

    code: str
    discount: Decimal | None
    amount_off: Decimal | None
    fixed_price: Decimal | None
    ticket_ids: frozenset[UUID] | None
    opens_ticket_ids: frozenset[UUID]
    allocation_id: UUID | None
    counts: UseCount
    max_uses: int | None
    max_per_order: int | None
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPromoCode:
    """A show's promo code.

    At most one of three things makes a ticket cheaper: ``discount``, a share from 0.00 to 1.00, ``amount_off`` or
    ``fixed_price``, in minor units. It applies to the ticket types ``ticket_ids`` (None: to all), and to
    ``max_per_order`` tickets of an order (None: to all), the dearest first. ``opens_ticket_ids`` are hidden ticket
    types that can be bought with the code alone. ``allocation_id`` is an allocation whose places are on sale with the
    code: an order takes them first, and the public's for the rest. ``uses`` counts what is held and sold, in orders or
    in tickets (``counts``).
    """

    id: UUID
    show_id: UUID
    code: str
    discount: Decimal = Decimal(0)
    amount_off: int | None = None
    fixed_price: int | None = None
    ticket_ids: frozenset[UUID] | None = None
    opens_ticket_ids: frozenset[UUID] = frozenset()
    allocation_id: UUID | None = None
    counts: UseCount = UseCount.ORDERS
    max_uses: int | None = None
    max_per_order: int | None = None
    uses: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        if not is_possible(self.code) or self.code != normalize_code(self.code):
            raise InvalidRequest(f"A promo code has 1 to {MAX_CODE_LENGTH} upper-case characters", field="code")
        self._check_reduction()
        self._check_tickets()
        self._check_limits()

    def _check_reduction(self) -> None:
        if not self.discount.is_finite() or not 0 <= self.discount <= 1:
            raise InvalidRequest("Discount must be between 0.00 and 1.00", field="discount")
        if self.discount.normalize().as_tuple().exponent < -4:  # type: ignore[operator]  # finite: checked above
            raise InvalidRequest("Discount must have at most 4 decimal places", field="discount")
        amounts = {"amount_off": self.amount_off, "fixed_price": self.fixed_price}
        given = [name for name, amount in amounts.items() if amount is not None]
        if len(given) + (self.discount > 0) > 1:
            raise InvalidRequest(
                "A promo code has one of discount, amount_off and fixed_price; set the others to null", field=given[0]
            )
        for name in given:
            if not 0 <= (amounts[name] or 0) < AMOUNT_LIMIT:
                raise InvalidRequest(f"{name} must be zero or more, and below {AMOUNT_LIMIT} minor units", field=name)

    def _check_tickets(self) -> None:
        if self.ticket_ids is not None and not self.ticket_ids:
            raise InvalidRequest("ticket_ids names at least one ticket type; null means all", field="ticket_ids")
        for name in ("ticket_ids", "opens_ticket_ids"):
            if len(getattr(self, name) or ()) > MAX_NAMED_TICKETS:
                raise InvalidRequest(f"{name} names at most {MAX_NAMED_TICKETS} ticket types", field=name)

    def _check_limits(self) -> None:
        for name in ("valid_from", "valid_until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise InvalidRequest(f"{name} must have a UTC offset", field=name)
        if self.max_uses is not None and not 0 <= self.max_uses <= MAX_USES:
            raise InvalidRequest(f"max_uses must be 0 to {MAX_USES}", field="max_uses")
        if self.max_per_order is not None and not 1 <= self.max_per_order <= MAX_USES:
            raise InvalidRequest(f"max_per_order must be 1 to {MAX_USES}", field="max_per_order")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise InvalidRequest("valid_until lies before valid_from", field="valid_until")

    def ensure_usable(self, now: datetime) -> None:
        """Raises PromoCodeExhausted if the code is used up, not valid yet or no longer valid."""
        used_up = self.max_uses is not None and self.uses >= self.max_uses
        too_early = self.valid_from is not None and now < self.valid_from
        too_late = self.valid_until is not None and now >= self.valid_until
        if used_up or too_early or too_late:
            raise PromoCodeExhausted("Promo code no longer valid", field="promo_code")

    @property
    def most_tickets(self) -> int | None:
        """The number of tickets that the code can apply to in the next order; None without a limit."""
        limits = [] if self.max_per_order is None else [self.max_per_order]
        if self.counts is UseCount.TICKETS and self.max_uses is not None:
            limits.append(max(self.max_uses - self.uses, 0))
        return min(limits, default=None)

    def discount_on(self, unit_price: int, step: int = 1) -> int:
        """The discount on one ticket of ``unit_price`` minor units.

        A share is rounded half up to a multiple of ``step``. No ticket becomes dearer, or costs less than nothing.
        """
        if self.amount_off is not None:
            return min(self.amount_off, unit_price)
        if self.fixed_price is not None:
            return max(unit_price - self.fixed_price, 0)
        return round_half_up(unit_price * self.discount / step) * step

    def reduces(self, ticket_id: UUID) -> bool:
        """Whether tickets of this type may become cheaper."""
        return self.ticket_ids is None or ticket_id in self.ticket_ids

    def opens(self, ticket_id: UUID) -> bool:
        """Whether the code opens this hidden ticket type."""
        return ticket_id in self.opens_ticket_ids

    def use(self, tickets: int = 1) -> TicketPromoCode:
        """The promo code after an order holds it for this many tickets."""
        return replace(self, uses=self.uses + self._units(tickets))

    def give_back(self, tickets: int = 1) -> TicketPromoCode:
        """The promo code after such an order was released. Raises Conflict if less is in use."""
        units = self._units(tickets)
        if self.uses < units:
            raise Conflict(f"Promo code {self.code} has no use to give back")
        return replace(self, uses=self.uses - units)

    def give_back_places(self, tickets: int, *, is_last: bool) -> TicketPromoCode:
        """The promo code after ``tickets`` of an order are on sale again; ``is_last``: no other place is left of it.

        A use that counts the order belongs to the whole of it. Raises Conflict if less is in use.
        """
        if self.counts is UseCount.ORDERS and not is_last:
            return self
        return self.give_back(tickets)

    def changed(self, **fields: object) -> TicketPromoCode:
        """The promo code with these fields. Raises InvalidRequest, and Conflict if uses would count something else."""
        after: TicketPromoCode = replace(self, **fields)  # type: ignore[arg-type]
        if after.counts is not self.counts and self.uses:
            raise Conflict(
                f"Promo code {self.code} is in use, and its uses count {self.counts}; add another code instead",
                field="counts",
            )
        return after

    def _units(self, tickets: int) -> int:
        return 1 if self.counts is UseCount.ORDERS else tickets
