"""Orders as their producer sees and handles them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.checkout.place_orders import CheckoutRequest
from application.links import Links
from application.orders.customer import CustomerChanges
from application.orders.personal_data import HeldRecord, PersonalDataRecord
from application.ports.order_lists import AttendeeSummary, DeliveryProblem, OrderSummary
from application.refunds.refund_order import RefundPreview
from domain.customer import Customer, parse_email, parse_name, parse_phone
from domain.disputes import Dispute, DisputeStatus
from domain.errors import InvalidRequest
from domain.money import Currency
from domain.notes import MAX_NOTE_LENGTH, OrderNote
from domain.orders import Idempotency, ManualPayment, Order
from domain.policy import CheckoutPolicy
from domain.refunds import MAX_REASON_LENGTH, Refund
from entrypoints.http.schemas import (
    MAX_LINES,
    Amount,
    AttendeeOut,
    CheckoutOut,
    CustomerOut,
    LineIn,
    OrderOut,
    PricedOut,
    QuoteIn,
    quote_fields,
)

#: No order has more tickets, whatever MAX_TICKETS_PER_ORDER is set to.
MAX_ATTENDEES = 1000


class _In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of all request bodies."""


class GuestIn(_In):
    """A customer at the counter: each of them may be left out. Without an address no mail is sent."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None

    def to_customer(self) -> Customer:
        """The customer. Raises InvalidName, InvalidEmail, InvalidPhone."""
        return Customer.parse_guest(name=self.name, email=self.email, phone=self.phone)


class ManualOrderIn(_In, kw_only=True):
    """As a checkout, plus how it is paid. ``show_id`` may be left out, as it is in the path, and ``customer``, for a
    person who gives no name. ``checked_in`` lets the people in at once, as a scan at the door. With an
    ``allocation_id`` the tickets that draw on its capacity come out of the allocation.
    """

    customer: GuestIn = msgspec.field(default_factory=GuestIn)
    tickets: Annotated[list[LineIn], Meta(max_length=MAX_LINES)]
    payment: ManualPayment
    promo_code: str | None = None
    expected_total: Decimal | None = None
    show_id: UUID | None = None
    # Left out of what is hashed for an Idempotency-Key where it is not given, as in the version before.
    checked_in: bool | UnsetType = UNSET
    allocation_id: UUID | UnsetType = UNSET

    def to_request(
        self, show_id: UUID, policy: CheckoutPolicy, idempotency: Idempotency | None = None
    ) -> CheckoutRequest:
        """The request for the show of the path. Raises InvalidRequest if the body names another, and what
        ``QuoteIn.to_cart`` and ``GuestIn.to_customer`` raise.
        """
        if self.show_id not in (None, show_id):
            raise InvalidRequest("show_id is not the show of the path", field="show_id")
        quoted = QuoteIn(show_id=show_id, tickets=self.tickets, promo_code=self.promo_code)
        cart = quoted.to_cart(policy.at_the_counter())
        return CheckoutRequest(
            cart=cart if self.allocation_id is UNSET else replace(cart, allocation_id=self.allocation_id),
            customer=self.customer.to_customer(),
            expected_total=self.expected_total,
            idempotency=idempotency,
            manual_payment=self.payment,
            checked_in=self.checked_in is True,
        )


class ManualOrderOut(CheckoutOut, kw_only=True):
    """A completed order: no fees, and no payment page; ``checkout_url`` is the order's own."""

    number: str
    is_manual_order: bool
    payment: ManualPayment | None
    attendees: list[AttendeeOut]

    @classmethod
    def of_manual(cls, order: Order, links: Links) -> ManualOrderOut:
        placed = CheckoutOut.of_order(order, links)
        return cls(
            **msgspec.structs.asdict(placed),
            number=order.number,
            is_manual_order=order.is_manual_order,
            payment=order.manual_payment,
            attendees=[AttendeeOut.of(attendee) for attendee in order.attendees],
        )


class UndeliveredMailOut(msgspec.Struct):
    """A mail that was not delivered: ``failed`` (given up), ``perhaps_sent``, or ``delayed`` (to be tried again)."""

    kind: str
    problem: DeliveryProblem
    reason: str


class OrderSummaryOut(msgspec.Struct, kw_only=True):
    """An order in a list. ``amount_paid`` includes the tax; ``success`` is true exactly while attendees may enter.
    ``fees_included``: the fees are within ``total`` and borne by the producer, not on top.

    ``undelivered_mails`` are those about the order that were not delivered, except mails that were sent again and
    arrived.
    """

    order_id: UUID
    number: str
    status: str
    success: bool
    is_manual_order: bool
    payment: ManualPayment | None
    customer: CustomerOut
    tickets: int
    valid_tickets: int
    checked_in: int
    currency: str
    subtotal: Amount
    promo_code: str | None
    promo_code_discount: Amount
    fees: Amount
    fees_included: bool
    total: Amount
    tax: Amount
    amount_paid: Amount
    refunded_amount: Amount
    disputed: bool
    created_at: datetime
    completed_at: datetime | None
    undelivered_mails: list[UndeliveredMailOut]

    @classmethod
    def of(cls, order: OrderSummary) -> OrderSummaryOut:
        money, customer = order.currency.format, order.customer
        return cls(
            order_id=order.id,
            number=order.number,
            status=order.status.value,
            success=order.valid_tickets > 0,
            is_manual_order=order.manual_payment is not None,
            payment=order.manual_payment,
            customer=CustomerOut(customer.name, customer.email, customer.phone),
            tickets=order.tickets,
            valid_tickets=order.valid_tickets,
            checked_in=order.checked_in,
            currency=order.currency.code,
            subtotal=money(order.subtotal),
            promo_code=order.promo_code,
            promo_code_discount=money(order.promo_code_discount),
            fees=money(order.fees),
            fees_included=order.fees_included,
            total=money(order.total),
            tax=money(order.tax),
            amount_paid=money(order.amount_paid),
            refunded_amount=money(order.refunded_amount),
            disputed=order.disputed,
            created_at=order.created_at,
            completed_at=order.completed_at,
            undelivered_mails=[
                UndeliveredMailOut(mail.kind.value, mail.problem, mail.reason) for mail in order.undelivered
            ],
        )


class OrderListOut(msgspec.Struct):
    items: list[OrderSummaryOut]
    next_cursor: str | None


class ListedAttendeeOut(msgspec.Struct, kw_only=True):
    """One person, with the order they belong to."""

    id: UUID
    name: str
    ticket_name: str
    is_vip: bool
    code: str
    status: str
    checked_in_at: datetime | None
    out_since: datetime | None
    order_id: UUID
    order_number: str
    customer_email: str

    @classmethod
    def of(cls, attendee: AttendeeSummary) -> ListedAttendeeOut:
        return cls(
            id=attendee.id,
            name=attendee.name,
            ticket_name=attendee.ticket_name,
            is_vip=attendee.is_vip,
            code=attendee.code,
            status=attendee.status.value,
            checked_in_at=attendee.checked_in_at,
            out_since=attendee.out_since,
            order_id=attendee.order_id,
            order_number=attendee.order_number,
            customer_email=attendee.customer_email,
        )


class AttendeeListOut(msgspec.Struct):
    items: list[ListedAttendeeOut]
    next_cursor: str | None


class RefundIn(_In):
    """``attendee_ids`` left out means all attendees who still have a ticket, and all whose refund was lost.

    ``refund_fees``: the platform gives its fees back, too: to the buyer who paid them on top, or to the producer where
    the prices included them. The buyer then gets the whole price back either way.
    """

    attendee_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_ATTENDEES)] | None = None
    restock: bool = True
    refund_fees: bool = True
    reason: Annotated[str, Meta(max_length=MAX_REASON_LENGTH)] = ""


class RefundPreviewOut(msgspec.Struct, kw_only=True):
    """The effect of a refund. ``buyer_gets`` = ``producer_bears`` + ``platform_bears``.

    The producer bears what is taken back out of the transfer, the platform what it gives back of its fees.
    ``stripe_keeps`` is the part of Stripe's processing fee that Stripe does not return: an estimate by the
    installation's processing rate, in neither share, as it was already paid. The producer alone bears what was paid at
    the counter.
    """

    order_id: UUID
    currency: str
    attendee_ids: list[UUID]
    status_after: str
    restocked: int
    buyer_gets: Amount
    producer_bears: Amount
    platform_bears: Amount
    stripe_keeps: Amount
    refunded_amount_after: Amount

    @classmethod
    def of(cls, preview: RefundPreview, *, restock: bool) -> RefundPreviewOut:
        order, shares, chosen = preview.after, preview.shares, preview.attendee_ids
        money = order.quote.currency.format
        return cls(
            order_id=order.id,
            currency=order.quote.currency.code,
            attendee_ids=sorted(chosen),
            status_after=order.status.value,
            restocked=len(chosen) if restock else 0,
            buyer_gets=money(shares.buyer_gets),
            producer_bears=money(shares.producer_bears),
            platform_bears=money(shares.platform_bears),
            stripe_keeps=money(shares.stripe_keeps),
            refunded_amount_after=money(order.refunded_amount),
        )


class RefundOut(msgspec.Struct, kw_only=True):
    """A refund. ``requested``: on its way to Stripe; the other states are Stripe's own. The refund of a manual order
    has ``succeeded`` at once, as it is given back by hand. ``made_at_stripe``: it was made in Stripe's dashboard.
    """

    id: UUID
    sequence: int
    amount: Amount
    refund_fees: bool
    reason: str
    status: str
    failure_reason: str | None
    made_at_stripe: bool
    created_at: datetime

    @classmethod
    def of(cls, refund: Refund, currency: Currency) -> RefundOut:
        return cls(
            id=refund.id,
            sequence=refund.sequence,
            amount=currency.format(refund.amount),
            refund_fees=refund.refund_fees,
            reason=refund.reason,
            status=refund.status.value,
            failure_reason=refund.failure_reason,
            made_at_stripe=refund.made_by_provider,
            created_at=refund.created_at,
        )


class RefundedOut(msgspec.Struct):
    """The order with its void tickets, and the refund; null if nothing was paid."""

    order: OrderOut
    refund: RefundOut | None


class RefundListOut(msgspec.Struct):
    """All of them: ``next_cursor`` is always null."""

    items: list[RefundOut]
    next_cursor: str | None = None


class DisputeOut(msgspec.Struct, kw_only=True):
    """A dispute; ``id`` and ``status`` are Stripe's. ``amount`` is what the buyer's bank asks for.

    ``warning_needs_response`` and ``warning_under_review`` are inquiries: no money has moved, and a refund may settle
    them. While it is ``needs_response`` or ``under_review`` the bank has the money and nothing can be refunded. If it
    is ``lost``, ``lost`` is what the bank keeps, ``recovered`` the part that comes out of the producer's transfer, and
    ``fees_returned`` what the platform gives back of its fees for it. If nothing of the payment is left, all tickets
    are void; otherwise none is, until the producer refunds the attendees whose tickets are to be void.
    """

    id: str
    amount: Amount
    status: DisputeStatus
    reason: str
    opened_at: datetime
    evidence_due_by: datetime | None
    lost: Amount
    recovered: Amount
    fees_returned: Amount

    @classmethod
    def of(cls, dispute: Dispute, currency: Currency) -> DisputeOut:
        return cls(
            id=dispute.id,
            amount=currency.format(dispute.amount),
            status=dispute.status,
            reason=dispute.reason,
            opened_at=dispute.opened_at,
            evidence_due_by=dispute.evidence_due_by,
            lost=currency.format(dispute.lost),
            recovered=currency.format(dispute.recovered),
            fees_returned=currency.format(dispute.fees_returned),
        )


class DisputeListOut(msgspec.Struct):
    """All of them, oldest first: ``next_cursor`` is always null."""

    items: list[DisputeOut]
    next_cursor: str | None = None


class ResentOut(msgspec.Struct):
    """The mail is on its way to this address."""

    order_id: UUID
    email: str
    status: Literal["accepted"] = "accepted"


class CustomerChangesIn(_In):
    """At least one of them, each as in a checkout. Null removes the ``phone``; in a manual order also the ``name`` and
    the ``email``.
    """

    name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET


class OrderChangesIn(_In):
    customer: CustomerChangesIn

    def to_changes(self) -> CustomerChanges:
        """The changes. Raises InvalidRequest, InvalidName, InvalidEmail, InvalidPhone."""
        typed, changes = self.customer, CustomerChanges()
        if typed.name is not UNSET:
            changes["name"] = "" if typed.name is None else parse_name(typed.name)
        if typed.email is not UNSET:
            changes["email"] = "" if typed.email is None else parse_email(typed.email)
        if typed.phone is not UNSET:
            changes["phone"] = parse_phone(typed.phone)
        if not changes:
            raise InvalidRequest("Name, email or phone is needed", field="customer")
        return changes


class NoteIn(_In):
    """``for_door``: scanners show the note when one of the order's tickets comes in, and have it without a network."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_NOTE_LENGTH)]
    for_door: bool = False


class NoteOut(msgspec.Struct, kw_only=True):
    """``author`` is the name of the token that it was written with."""

    id: UUID
    order_id: UUID
    text: str
    for_door: bool
    author: str
    written_at: datetime

    @classmethod
    def of(cls, note: OrderNote) -> NoteOut:
        return cls(
            id=note.id,
            order_id=note.order_id,
            text=note.text,
            for_door=note.for_door,
            author=note.author,
            written_at=note.written_at,
        )


class NoteListOut(msgspec.Struct):
    """All of them, oldest first: ``next_cursor`` is always null."""

    items: list[NoteOut]
    next_cursor: str | None = None


class BuyerIn(_In):
    email: Annotated[str, Meta(max_length=254)]


class EraseIn(BuyerIn):
    """``force`` also erases buyers of upcoming shows: they can get no mail any more."""

    force: bool = False


class HeldOrderOut(PricedOut, kw_only=True):
    """All data that is stored about one order of a person. ``names`` are those on its tickets, the customer's apart."""

    order_id: UUID
    number: str
    show_id: UUID
    show_title: str
    status: str
    payment: ManualPayment | None
    customer: CustomerOut
    attendees: list[AttendeeOut]
    amount_paid: Amount
    tax: Amount
    refunded_amount: Amount
    last_payment_error: str | None
    stripe_session_id: str | None
    stripe_payment_intent_id: str | None
    names: list[str]
    created_at: datetime
    completed_at: datetime | None
    refunds: list[RefundOut]
    notes: list[NoteOut]

    @classmethod
    def of_held(cls, held: PersonalDataRecord) -> HeldOrderOut:
        order, customer = held.order, held.order.customer
        money = order.quote.currency.format
        return cls(
            **quote_fields(order.quote),
            order_id=order.id,
            number=order.number,
            show_id=order.show_id,
            show_title=order.show_title,
            status=order.status.value,
            payment=order.manual_payment,
            customer=CustomerOut(customer.name, customer.email, customer.phone),
            attendees=[AttendeeOut.of(attendee) for attendee in order.attendees],
            amount_paid=money(order.amount_paid),
            tax=money(order.tax),
            refunded_amount=money(order.refunded_amount),
            last_payment_error=order.last_payment_error,
            stripe_session_id=order.session_id,
            stripe_payment_intent_id=order.payment_intent_id,
            names=list(order.other_names),
            created_at=order.created_at,
            completed_at=order.completed_at,
            refunds=[RefundOut.of(refund, order.quote.currency) for refund in held.refunds],
            notes=[NoteOut.of(note) for note in held.notes],
        )


class HeldOut(msgspec.Struct):
    """``emails`` are the forms of the address that were searched: an international domain has two. ``scanners`` are the
    names of the scanners that read the buyer's tickets.
    """

    email: str
    emails: list[str]
    orders: list[HeldOrderOut]
    scanners: list[str]

    @classmethod
    def of(cls, email: str, held: HeldRecord) -> HeldOut:
        orders = [HeldOrderOut.of_held(order) for order in held.orders]
        return cls(email=email, emails=list(held.emails), orders=orders, scanners=list(held.scanners))


class ErasedOut(msgspec.Struct):
    """The orders that were erased, and the forms of the address that were searched. The data that the buyer's bank and
    Stripe have about the payments is theirs to erase. Scans of the tickets stay, and with them the names of the
    ``scanners``: of devices and doors, not of the buyer.
    """

    order_ids: list[UUID]
    emails: list[str]
    scanners: list[str]
