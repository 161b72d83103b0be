"""An order's life, from hold to admission (docs/domain-rules.md#order-life-cycle).

Every change of an order's status goes through the one table in this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.customer import Customer
from domain.errors import Conflict, IllegalTransition, InvalidRequest, NotFound, PaymentMismatch
from domain.pricing import Quote, TicketOrder
from domain.stock import Stock
from domain.tax import TaxMode, VenueAddress


class OrderStatus(StrEnum):
    """The status of an order."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    EXPIRED = "expired"
    PAYMENT_FAILED = "payment_failed"
    CANCELLED = "cancelled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class OrderEvent(StrEnum):
    """An event in an order's life."""

    CARD_DECLINED = "card declined"
    PAID_BY_DELAYED_METHOD = "paid by a delayed method"
    PAYMENT_CONFIRMED = "payment confirmed"
    SESSION_EXPIRED = "session expired"
    PAYMENT_FAILED = "payment failed"
    CANCELLED = "cancelled"
    LATE_PAYMENT_RETURNED = "late payment returned"
    SOME_REFUNDED = "some attendees refunded"
    ALL_REFUNDED = "all attendees refunded"
    DISPUTE_OPENED = "dispute opened"
    DISPUTE_WON = "dispute won"
    DISPUTE_LOST = "dispute lost"


#: Orders that have tickets on hold.
HOLDING: Final = frozenset({OrderStatus.PENDING, OrderStatus.PROCESSING})
#: Orders that gave up their hold; money may still arrive.
RELEASED: Final = frozenset({OrderStatus.EXPIRED, OrderStatus.PAYMENT_FAILED, OrderStatus.CANCELLED})
#: Orders whose tickets are sold, except those of void attendees.
SOLD: Final = frozenset({OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED})
#: Orders that were paid, even if the money has gone back since. The buyer's bank may reclaim it from all of them.
PAID: Final = SOLD | {OrderStatus.REFUNDED}

_RELEASING_EVENTS: Final = {
    OrderEvent.SESSION_EXPIRED: OrderStatus.EXPIRED,
    OrderEvent.PAYMENT_FAILED: OrderStatus.PAYMENT_FAILED,
    OrderEvent.CANCELLED: OrderStatus.CANCELLED,
}
_DISPUTES: Final = (OrderEvent.DISPUTE_OPENED, OrderEvent.DISPUTE_WON, OrderEvent.DISPUTE_LOST)

TRANSITIONS: Final = MappingProxyType(
    {
        (OrderStatus.PENDING, OrderEvent.CARD_DECLINED): OrderStatus.PENDING,
        (OrderStatus.PENDING, OrderEvent.PAID_BY_DELAYED_METHOD): OrderStatus.PROCESSING,
        **{(status, OrderEvent.PAYMENT_CONFIRMED): OrderStatus.COMPLETED for status in HOLDING | RELEASED},
        **{(status, event): end for status in HOLDING for event, end in _RELEASING_EVENTS.items()},
        **{(status, OrderEvent.LATE_PAYMENT_RETURNED): OrderStatus.REFUNDED for status in RELEASED},
        **{(status, OrderEvent.SOME_REFUNDED): OrderStatus.PARTIALLY_REFUNDED for status in SOLD},
        **{(status, OrderEvent.ALL_REFUNDED): OrderStatus.REFUNDED for status in SOLD},
        **{(status, event): status for status in PAID for event in _DISPUTES},
    }
)


class ManualPayment(StrEnum):
    """How a manual order is paid: directly to the producer, never through Stripe. A ``comp`` costs nothing."""

    CASH = "cash"
    COMP = "comp"
    OTHER = "other"


class AttendeeStatus(StrEnum):
    """Whether a ticket still admits."""

    VALID = "valid"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAttendee:
    """One person, one admission. ``line`` is the index of the order's line; ``code`` is the text of the QR code.

    ``restocked``: the ticket is void, and its place is on sale again.
    """

    id: UUID
    line: int
    ticket_id: UUID
    name: str
    ticket_name: str
    is_vip: bool
    code: str
    status: AttendeeStatus = AttendeeStatus.VALID
    restocked: bool = False
    checked_in_at: datetime | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the ticket is not void."""
        return self.status is AttendeeStatus.VALID


@dataclass(frozen=True, slots=True)
class ReplacedCode:
    """A code that admits no one any more, because its ticket got another name, and with it another code."""

    code: str
    attendee_id: UUID
    replaced_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The payment that Stripe reports: minor units of ``currency`` (ISO code); ``tax`` is part of ``amount``."""

    amount: int
    tax: int
    currency: str
    payment_intent_id: str | None = None
    charge_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """The tickets of an earlier order that an order takes the place of, and what they paid of it, in minor units.

    ``credit`` is the part of the earlier payment that counts as paid here: with its ``tax``, and with the ``fees`` that
    were taken from it, whether they were on top of the prices or within them.
    """

    order_id: UUID
    attendee_ids: tuple[UUID, ...]
    credit: int = 0
    tax: int = 0
    fees: int = 0


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The Idempotency-Key of an order, and a hash of the whole request."""

    key: str
    fingerprint: bytes


#: Makes the id and the code of a new admission to the show with the given id.
IssueTicket = Callable[[UUID], tuple[UUID, str]]


def admissions(
    show_id: UUID, customer: Customer, quote: Quote, issue: IssueTicket, *, names: Sequence[str] = ()
) -> tuple[TicketAttendee, ...]:
    """One attendee for each ticket of the quote, by the name among ``names`` (``Cart.names``) or the customer's."""
    given = iter(names)

    def admission(index: int, line: TicketOrder) -> TicketAttendee:
        attendee_id, code = issue(show_id)
        return TicketAttendee(
            id=attendee_id,
            line=index,
            ticket_id=line.ticket_id,
            name=next(given, "") or customer.name,
            ticket_name=line.name,
            is_vip=line.is_vip,
            code=code,
        )

    return tuple(admission(index, line) for index, line in enumerate(quote.lines) for _ in range(line.quantity))


NUMBER_LENGTH: Final = 8


@lru_cache(maxsize=1024)  # a checkout asks for it when it draws the id, and when it has the order
def number_of(order_id: UUID) -> str:
    """The number of the order with this id: eight letters and digits of the id's random part."""
    return number_of_text(order_id.hex)


_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#: Two characters for each ten bits.
_PAIRS: Final = [first + second for first in _BASE32 for second in _BASE32]


def number_of_text(order_id: str) -> str:
    """``number_of`` an id in its text form: lists have very many."""
    bits = int(order_id[-10:], 16)
    return _PAIRS[bits >> 30] + _PAIRS[bits >> 20 & 1023] + _PAIRS[bits >> 10 & 1023] + _PAIRS[bits & 1023]


#: A spreadsheet may read digits, or digits with letters in one place, as a quantity: 22222E22 is a number with an
#: exponent, 2MAR2345 and SEPT2345 are dates, 222222KR is money.
_QUANTITY: Final = re.compile(r"[2-7]*[A-Z]{0,5}[2-7]*")


def reads_as_quantity(number: str) -> bool:
    """Whether a spreadsheet may read an order's number as a number, a date or money, and so change it."""
    return not number.isalpha() and _QUANTITY.fullmatch(number) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One purchase: customer, priced lines, payment and attendees.

    ``expires_at`` is the end of the hold, ``doors_at`` the opening of the doors as planned when the order was placed
    (None for orders that never had a hold). ``stripe_account_id`` is the producer's account that receives the money,
    fixed when the order is placed. ``manual_payment`` is how a manual order was paid (None for a buyer's order).
    ``amount_paid`` (tax included), ``tax`` and ``refunded_amount`` (money on its way back included) are in minor units.
    ``tax_mode`` and ``venue_address`` are those at the time the order was placed; the address is kept if tax is
    computed from it. ``unwanted`` marks an order that was cancelled while the money was on its way; the money goes back
    when it arrives. ``names`` are those that the cart asked for (``Cart.names``), until the attendees have them.
    ``exchange`` says which tickets of an earlier order this one replaces (None: it was bought).
    """

    id: UUID
    show_id: UUID
    show_title: str
    customer: Customer
    quote: Quote
    status: OrderStatus
    created_at: datetime
    expires_at: datetime | None = None
    doors_at: datetime | None = None
    completed_at: datetime | None = None
    promo_code_id: UUID | None = None
    manual_payment: ManualPayment | None = None
    stripe_account_id: str | None = None
    session_id: str | None = None
    checkout_url: str | None = None
    payment_intent_id: str | None = None
    charge_id: str | None = None
    last_payment_error: str | None = None
    amount_paid: int = 0
    tax: int = 0
    tax_mode: TaxMode = TaxMode.EXCLUSIVE
    venue_address: VenueAddress | None = None
    refunded_amount: int = 0
    disputed: bool = False
    unwanted: bool = False
    idempotency: Idempotency | None = None
    names: tuple[str, ...] = ()
    exchange: Exchange | None = None
    attendees: tuple[TicketAttendee, ...] = ()

    @property
    def due(self) -> int:
        """What is to be paid before the tax that the payment adds, in minor units: not what an earlier order paid."""
        if self.exchange is None:
            return self.quote.total
        return self.quote.total + self._with_tax(self.exchange.tax) - self.exchange.credit

    @property
    def own_payment(self) -> int:
        """The part of ``amount_paid`` that was paid for this order, not for an earlier one."""
        if self.exchange is None or self.completed_at is None:
            return self.amount_paid
        return self.amount_paid - self.exchange.credit

    @property
    def own_fees(self) -> int:
        """The fees that are taken from the order's own payment."""
        return self.quote.fees - (self.exchange.fees if self.exchange else 0)

    @property
    def lines(self) -> tuple[TicketOrder, ...]:
        return self.quote.lines

    @property
    def tax_is_added(self) -> bool:
        """Whether tax comes on top of the quote's total, and is not within it."""
        return self.tax_mode is not TaxMode.INCLUSIVE

    @property
    def tax_added(self) -> int:
        """The tax that was paid on top of the quote's total, in minor units."""
        return self._with_tax(self.tax)

    @property
    def is_manual_order(self) -> bool:
        """Whether the producer placed it: sold at the counter, or complimentary."""
        return self.manual_payment is not None

    @property
    def number(self) -> str:
        """The order's number, which people read out on the phone."""
        return number_of(self.id)

    @property
    def other_names(self) -> tuple[str, ...]:
        """The names on the tickets, each once, without the customer's: the order is searched by them, too."""
        on_tickets = [*self.names, *(attendee.name for attendee in self.attendees)]
        return tuple(dict.fromkeys(name for name in on_tickets if name and name != self.customer.name))

    @property
    def success(self) -> bool:
        """Whether the order's attendees may enter."""
        return self.status in SOLD and any(a.status is AttendeeStatus.VALID for a in self.attendees)

    @property
    def holds_tickets(self) -> bool:
        return self.status in HOLDING

    def status_after(self, event: OrderEvent) -> OrderStatus:
        """The status after ``event``. Raises IllegalTransition if the life cycle has no such step."""
        try:
            return TRANSITIONS[self.status, event]
        except KeyError:
            raise IllegalTransition(f"Order {self.number} is {self.status}: {event} is not possible") from None

    def with_session(self, session_id: str, checkout_url: str | None) -> Order:
        """The order with the session in which it can be paid."""
        return replace(self, session_id=session_id, checkout_url=checkout_url)

    def declined(self, reason: str) -> Order:
        """The order after the card was refused; the buyer may try again (P1-001)."""
        return replace(self, status=self.status_after(OrderEvent.CARD_DECLINED), last_payment_error=reason)

    def awaiting_delayed_payment(self) -> Order:
        """The order while the bank still works on a payment that the buyer has made."""
        return replace(self, status=self.status_after(OrderEvent.PAID_BY_DELAYED_METHOD))

    def completed(self, receipt: Receipt, stock: Stock, *, issue: IssueTicket, now: datetime) -> Order:
        """The paid order: its hold becomes a sale, and each ticket gets an attendee.

        An order whose hold was released takes its tickets from the stock again. The caller first asks ``stock.has``,
        and returns the money if they are gone. Raises PaymentMismatch, IllegalTransition, Conflict.
        """
        status = self.status_after(OrderEvent.PAYMENT_CONFIRMED)
        self._check_receipt(receipt)
        if self.status in HOLDING:
            stock.sell_held(self.lines)
        else:
            stock.sell(self.lines, self.promo_code_id)
        return replace(
            self,
            status=status,
            completed_at=now,
            last_payment_error=None,
            names=(),
            attendees=admissions(self.show_id, self.customer, self.quote, issue, names=self.names),
            **self._paid_by(receipt),
        )

    def released(self, event: OrderEvent, stock: Stock) -> Order:
        """The order without its hold, after SESSION_EXPIRED, PAYMENT_FAILED or CANCELLED."""
        status = self.status_after(event)
        stock.release(self.lines, self.promo_code_id)
        return replace(self, status=status)

    def given_up(self, stock: Stock) -> Order:
        """The order, cancelled by its buyer while the bank still works on the payment. Raises IllegalTransition."""
        return replace(self.released(OrderEvent.CANCELLED, stock), unwanted=True)

    def refunded(self, attendee_ids: Collection[UUID] | None, stock: Stock, *, restock: bool) -> Order:
        """Void the given attendees (None: all that are left) and put their tickets on sale again if ``restock``.

        A promo code's uses come back with the places, one by one where it counts tickets. Where it counts orders, the
        use belongs to the whole order, and comes back when every place of it is on sale again.
        Raises IllegalTransition, and Conflict if one of the attendees is already void or not of this order.
        """
        valid = {a.id for a in self.attendees if a.status is AttendeeStatus.VALID}
        chosen = valid if attendee_ids is None else set(attendee_ids)
        if not chosen or not chosen <= valid:
            raise Conflict("Only attendees of this order who still have a ticket can be refunded")
        event = OrderEvent.ALL_REFUNDED if chosen == valid else OrderEvent.SOME_REFUNDED
        status = self.status_after(event)
        refunded = replace(self, status=status, attendees=self._voided(chosen, restocked=restock))
        if restock:
            with_code = 0
            for attendee in self.attendees:
                if attendee.id in chosen:
                    stock.restock(self.lines[attendee.line], 1)
                    with_code += self.lines[attendee.line].uses_promo_code
            is_last = all(attendee.restocked for attendee in refunded.attendees)
            stock.give_back_uses(self.promo_code_id, with_code, is_last=is_last)
        return refunded

    def late_payment_returned(self, receipt: Receipt) -> Order:
        """The order whose money came after its tickets were gone, and goes back in full."""
        status = self.status_after(OrderEvent.LATE_PAYMENT_RETURNED)
        return replace(self, status=status, refunded_amount=receipt.amount).with_receipt(receipt)

    def with_receipt(self, receipt: Receipt) -> Order:
        """The order with the amount and the ids of its payment."""
        return replace(self, **_facts_of(receipt))

    def dispute(self, event: OrderEvent, *, voids: bool = True) -> Order:
        """The order after a dispute's event.

        It is flagged until the dispute is won; a lost dispute voids all attendees if ``voids``.
        """
        status = self.status_after(event)
        lost = event is OrderEvent.DISPUTE_LOST and voids
        attendees = self._voided({a.id for a in self.attendees}) if lost else self.attendees
        return replace(self, status=status, disputed=event is not OrderEvent.DISPUTE_WON, attendees=attendees)

    def checked_in(self, attendee_id: UUID, at: datetime | None) -> Order:
        """The order with the attendee checked in at that moment, or (None) not checked in any more."""
        return replace(
            self,
            attendees=tuple(replace(a, checked_in_at=at) if a.id == attendee_id else a for a in self.attendees),
        )

    def with_customer(self, customer: Customer) -> Order:
        """The order with this customer; attendees with the old customer's name get the new one.

        Raises InvalidRequest if an order that the producer did not place is left without a name or an address, and
        Conflict if the buyer was erased, or if the order neither admits anyone nor waits for its bank: while an order
        is being paid, Stripe has its customer's address.
        """
        if self.customer.is_erased:
            raise Conflict(f"Order {self.number} cannot be changed: its buyer was erased")
        if not self.success and self.status is not OrderStatus.PROCESSING:
            raise Conflict(
                f"Order {self.number} is {self.status} and has no valid tickets: its customer cannot be changed"
            )
        if not (customer.name and customer.email) and not self.is_manual_order:
            missing = "email" if customer.name else "name"
            raise InvalidRequest("A buyer's order needs a name and an e-mail address", field=f"customer.{missing}")
        renamed = tuple(replace(a, name=customer.name) if a.name == self.customer.name else a for a in self.attendees)
        return replace(self, customer=customer, attendees=renamed)

    def renamed(self, attendee_id: UUID, name: str, issue: IssueTicket) -> Order:
        """The order with another name, and another code, on one ticket; the same name changes nothing.

        Raises NotFound if the ticket is not of this order, and Conflict if it is void or checked in, or if the buyer
        was erased.
        """
        attendee = next((each for each in self.attendees if each.id == attendee_id), None)
        if attendee is None:
            raise NotFound("This order has no such attendee")
        if attendee.status is AttendeeStatus.VOID or not self.success:
            raise Conflict("This ticket is not valid any more: its name cannot be changed")
        if attendee.checked_in_at is not None:
            raise Conflict("This ticket is checked in: its name cannot be changed")
        if self.customer.is_erased:
            raise Conflict(f"Order {self.number} cannot be changed: its buyer was erased")
        if attendee.name == name:
            return self
        renamed = replace(attendee, name=name, code=issue(self.show_id)[1])
        return replace(self, attendees=tuple(renamed if each is attendee else each for each in self.attendees))

    def with_attendees(self, issue: IssueTicket) -> Order:
        """The order with one attendee for each ticket."""
        attendees = admissions(self.show_id, self.customer, self.quote, issue, names=self.names)
        return replace(self, names=(), attendees=attendees)

    def _voided(self, attendee_ids: Collection[UUID], *, restocked: bool = False) -> tuple[TicketAttendee, ...]:
        return tuple(
            replace(a, status=AttendeeStatus.VOID, restocked=a.restocked or restocked) if a.id in attendee_ids else a
            for a in self.attendees
        )

    def _with_tax(self, tax: int) -> int:
        return tax if self.tax_is_added else 0

    def _paid_by(self, receipt: Receipt) -> dict[str, Any]:
        facts = _facts_of(receipt)
        if self.exchange is None:
            return facts
        paid, tax = receipt.amount + self.exchange.credit, receipt.tax + self.exchange.tax
        return {**facts, "amount_paid": paid, "tax": tax}

    def _check_receipt(self, receipt: Receipt) -> None:
        expected, code = self.due, self.quote.currency.code
        added = self._with_tax(receipt.tax)
        if receipt.currency.upper() != code or receipt.amount - added != expected:
            raise PaymentMismatch(
                f"Order {self.id} costs {expected} {code} in minor units, "
                f"but {receipt.amount} {receipt.currency} with {receipt.tax} tax were paid ({self.tax_mode})"
            )


def _facts_of(receipt: Receipt) -> dict[str, Any]:
    """The fields of an order that a receipt fills."""
    return {
        "payment_intent_id": receipt.payment_intent_id,
        "charge_id": receipt.charge_id,
        "amount_paid": receipt.amount,
        "tax": receipt.tax,
    }
