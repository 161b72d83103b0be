"""An order's life, from hold to admission (design.md §3, order life cycle).

Every change of an order's status goes through the one table in this module.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.customer import Customer
from domain.errors import Conflict, IllegalTransition, PaymentMismatch
from domain.pricing import Quote, TicketOrder
from domain.stock import Stock
from domain.tax import TaxMode, VenueAddress


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    EXPIRED = "expired"
    PAYMENT_FAILED = "payment_failed"
    CANCELLED = "cancelled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class OrderEvent(StrEnum):
    """What can happen to an order."""

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


#: Orders that have tickets put aside.
HOLDING: Final = frozenset({OrderStatus.PENDING, OrderStatus.PROCESSING})
#: Orders that gave their hold up; money may still arrive.
RELEASED: Final = frozenset({OrderStatus.EXPIRED, OrderStatus.PAYMENT_FAILED, OrderStatus.CANCELLED})
#: Orders whose tickets are sold, as far as their attendees are not void.
SOLD: Final = frozenset({OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED})
#: Orders whose money came, whether or not it went back since. The buyer's bank may ask for it in all of them.
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
    """How a manual order is paid: by the producer's own hand, never by Stripe. A ``comp`` costs nothing."""

    CASH = "cash"
    COMP = "comp"
    OTHER = "other"


class AttendeeStatus(StrEnum):
    """Whether a ticket still admits."""

    VALID = "valid"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAttendee:
    """One person, one admission. ``line`` is the index of the order's line; ``code`` is what the QR code says.

    ``restocked``: void, and the place was put on sale again.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What Stripe says was paid: minor units of ``currency`` (ISO code), ``tax`` part of ``amount``."""

    amount: int
    tax: int
    currency: str
    payment_intent_id: str | None = None
    charge_id: str | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Under which Idempotency-Key an order was asked for, and a hash of everything that was asked."""

    key: str
    fingerprint: bytes


#: Makes the id and the code of a new admission to the show with the given id.
IssueTicket = Callable[[UUID], tuple[UUID, str]]


def admissions(show_id: UUID, customer: Customer, quote: Quote, issue: IssueTicket) -> tuple[TicketAttendee, ...]:
    """One attendee for each ticket of the quote, named after the customer."""

    def admission(index: int, line: TicketOrder) -> TicketAttendee:
        attendee_id, code = issue(show_id)
        return TicketAttendee(
            id=attendee_id,
            line=index,
            ticket_id=line.ticket_id,
            name=customer.name,
            ticket_name=line.name,
            is_vip=line.is_vip,
            code=code,
        )

    return tuple(admission(index, line) for index, line in enumerate(quote.lines) for _ in range(line.quantity))


NUMBER_LENGTH: Final = 8


def number_of(order_id: UUID) -> str:
    """The number of the order with this id: eight letters and digits of the id's random part."""
    return base64.b32encode(order_id.bytes[-5:]).decode()


#: A spreadsheet may take digits, or digits with letters in one place, for a quantity: 22222E22 is a number with an
#: exponent, 2MAR2345 and SEPT2345 are dates, 222222KR is money.
_QUANTITY: Final = re.compile(r"[2-7]*[A-Z]{0,5}[2-7]*")


def reads_as_quantity(number: str) -> bool:
    """Whether a spreadsheet may take an order's number for a number, a date or money, and so write another one."""
    return not number.isalpha() and _QUANTITY.fullmatch(number) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One purchase: customer, priced lines, payment and attendees.

    ``expires_at`` is when the hold runs out, ``doors_at`` when the doors were to open as the order was placed (None for
    orders that never had a hold), ``stripe_account_id`` the producer's account that the money goes to, fixed when the
    order is placed, ``manual_payment`` how a manual order was paid (None for one that a buyer placed). ``amount_paid``
    (tax included), ``tax`` and ``refunded_amount`` (what is on its way back counts) are in minor units.
    ``tax_mode`` and ``venue_address`` are those of when the order was placed; the address is kept where tax is computed
    by it.
    ``unwanted``: cancelled while the money was on its way, which goes back when it comes.
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
    attendees: tuple[TicketAttendee, ...] = ()

    @property
    def lines(self) -> tuple[TicketOrder, ...]:
        return self.quote.lines

    @property
    def tax_added(self) -> int:
        """What of the tax was paid on top of the quote's total, in minor units."""
        return 0 if self.tax_mode is TaxMode.INCLUSIVE else self.tax

    @property
    def is_manual_order(self) -> bool:
        """Whether the producer placed it: at the box office, or as a gift."""
        return self.manual_payment is not None

    @property
    def number(self) -> str:
        """What people read out on the phone."""
        return number_of(self.id)

    @property
    def success(self) -> bool:
        """True exactly while attendees may enter."""
        return self.status in SOLD and any(a.status is AttendeeStatus.VALID for a in self.attendees)

    @property
    def holds_tickets(self) -> bool:
        return self.status in HOLDING

    def status_after(self, event: OrderEvent) -> OrderStatus:
        """Raises IllegalTransition where the life cycle has no such step."""
        try:
            return TRANSITIONS[self.status, event]
        except KeyError:
            raise IllegalTransition(f"Order {self.number} is {self.status}: {event} is not possible") from None

    def with_session(self, session_id: str, checkout_url: str | None) -> Order:
        """The order knows where it can be paid."""
        return replace(self, session_id=session_id, checkout_url=checkout_url)

    def declined(self, reason: str) -> Order:
        """The card was refused; the buyer may try again (P1-001)."""
        return replace(self, status=self.status_after(OrderEvent.CARD_DECLINED), last_payment_error=reason)

    def awaiting_delayed_payment(self) -> Order:
        """The buyer has done their part; the bank has not yet."""
        return replace(self, status=self.status_after(OrderEvent.PAID_BY_DELAYED_METHOD))

    def completed(self, receipt: Receipt, stock: Stock, *, issue: IssueTicket, now: datetime) -> Order:
        """Paid: the hold becomes a sale and everybody gets a ticket.

        An order whose hold was released takes its tickets anew; the caller asks ``stock.has`` first and returns the
        money otherwise. Raises PaymentMismatch, IllegalTransition, Conflict.
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
            attendees=admissions(self.show_id, self.customer, self.quote, issue),
            **_facts_of(receipt),
        )

    def released(self, event: OrderEvent, stock: Stock) -> Order:
        """The hold is given back: SESSION_EXPIRED, PAYMENT_FAILED or CANCELLED."""
        status = self.status_after(event)
        stock.release(self.lines, self.promo_code_id)
        return replace(self, status=status)

    def given_up(self, stock: Stock) -> Order:
        """Cancelled by its buyer while the bank still works on the payment. Raises IllegalTransition."""
        return replace(self.released(OrderEvent.CANCELLED, stock), unwanted=True)

    def refunded(self, attendee_ids: Collection[UUID] | None, stock: Stock, *, restock: bool) -> Order:
        """Void the named attendees (None: all that are left) and put their tickets on sale again if ``restock``.

        The use of a promo code belongs to the whole order: it comes back when every place of the order is on sale
        again. Raises Conflict when one of them is void already or not of this order, IllegalTransition.
        """
        valid = {a.id for a in self.attendees if a.status is AttendeeStatus.VALID}
        chosen = valid if attendee_ids is None else set(attendee_ids)
        if not chosen or not chosen <= valid:
            raise Conflict("Only attendees of this order who still have a ticket can be refunded")
        event = OrderEvent.ALL_REFUNDED if chosen == valid else OrderEvent.SOME_REFUNDED
        status = self.status_after(event)
        refunded = replace(self, status=status, attendees=self._voided(chosen, restocked=restock))
        if restock:
            for attendee in self.attendees:
                if attendee.id in chosen:
                    stock.restock(attendee.ticket_id, 1)
            if all(attendee.restocked for attendee in refunded.attendees):
                stock.give_back_use(self.promo_code_id)
        return refunded

    def late_payment_returned(self, receipt: Receipt) -> Order:
        """The money came when the tickets were gone, and goes back in full."""
        status = self.status_after(OrderEvent.LATE_PAYMENT_RETURNED)
        return replace(self, status=status, refunded_amount=receipt.amount).with_receipt(receipt)

    def with_receipt(self, receipt: Receipt) -> Order:
        """What was paid, and how, is written down."""
        return replace(self, **_facts_of(receipt))

    def dispute(self, event: OrderEvent, *, voids: bool = True) -> Order:
        """The buyer's bank asks for the money back: flagged while open; a lost dispute ``voids`` all attendees, or
        none.
        """
        status = self.status_after(event)
        lost = event is OrderEvent.DISPUTE_LOST and voids
        attendees = self._voided({a.id for a in self.attendees}) if lost else self.attendees
        return replace(self, status=status, disputed=event is not OrderEvent.DISPUTE_WON, attendees=attendees)

    def checked_in(self, attendee_id: UUID, at: datetime | None) -> Order:
        """The attendee went in at that moment, or (None) did not after all."""
        return replace(
            self,
            attendees=tuple(replace(a, checked_in_at=at) if a.id == attendee_id else a for a in self.attendees),
        )

    def with_customer(self, customer: Customer) -> Order:
        """The order is corrected to be this customer's, and so are attendees who have the old customer's name.

        Raises Conflict where the buyer was erased, and where the order neither admits anybody nor waits for its bank:
        one that is being paid has its customer's address at Stripe.
        """
        if self.customer.is_erased:
            raise Conflict(f"Order {self.number} stays as it is: its buyer was erased")
        if not self.success and self.status is not OrderStatus.PROCESSING:
            raise Conflict(
                f"Order {self.number} is {self.status} and has no valid tickets: its customer stays as it is"
            )
        renamed = tuple(replace(a, name=customer.name) if a.name == self.customer.name else a for a in self.attendees)
        return replace(self, customer=customer, attendees=renamed)

    def with_attendees(self, issue: IssueTicket) -> Order:
        """One attendee a ticket, named after the customer."""
        return replace(self, attendees=admissions(self.show_id, self.customer, self.quote, issue))

    def _voided(self, attendee_ids: Collection[UUID], *, restocked: bool = False) -> tuple[TicketAttendee, ...]:
        return tuple(
            replace(a, status=AttendeeStatus.VOID, restocked=a.restocked or restocked) if a.id in attendee_ids else a
            for a in self.attendees
        )

    def _check_receipt(self, receipt: Receipt) -> None:
        expected, code = self.quote.total, self.quote.currency.code
        added = 0 if self.tax_mode is TaxMode.INCLUSIVE else receipt.tax
        if receipt.currency.upper() != code or receipt.amount - added != expected:
            raise PaymentMismatch(
                f"Order {self.id} costs {expected} {code} in minor units, "
                f"paid were {receipt.amount} {receipt.currency} with {receipt.tax} tax ({self.tax_mode})"
            )


def _facts_of(receipt: Receipt) -> dict[str, Any]:
    """The fields of an order that a receipt fills."""
    return {
        "payment_intent_id": receipt.payment_intent_id,
        "charge_id": receipt.charge_id,
        "amount_paid": receipt.amount,
        "tax": receipt.tax,
    }
