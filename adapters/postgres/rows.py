"""Rows to domain objects and back. The domain knows nothing of tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from adapters.postgres.connection import Row
from application.ports.payment import PaymentEvent
from application.ports.show_refunds import ShowRefund
from application.ports.storage import ReceivedEvent
from domain.access import AccessToken, Scope
from domain.audit_log import AuditEntry
from domain.branding import Branding, Picture
from domain.catalog import Producer, ProducerFinancial, Show, Ticket
from domain.customer import Customer
from domain.disputes import Dispute, DisputeStatus
from domain.duplicate_payments import DuplicatePayment
from domain.inventory import Inventory
from domain.money import currency
from domain.order_search import search_key
from domain.orders import AttendeeStatus, Idempotency, ManualPayment, Order, OrderStatus, TicketAttendee
from domain.pricing import Quote, TicketOrder
from domain.promotions import TicketPromoCode
from domain.refunds import Refund, RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from domain.tax import TaxMode, VenueAddress
from domain.venue_clock import VenueClock

Values = dict[str, Any]


def producer_of(row: Row) -> Producer:
    return Producer(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        currency=currency(row["currency"]),
        financial=ProducerFinancial(row["stripe_account_id"], charges_enabled=row["charges_enabled"]),
        branding=Branding(
            colour=row["colour"],
            logo=_picture_of(row["logo"]),
            widget_origins=tuple(row["widget_origins"]),
        ),
        tax=TaxMode(row["tax"]),
    )


def _address_of(stored: dict[str, str] | None) -> VenueAddress | None:
    return VenueAddress(**stored) if stored else None


def _address_values(address: VenueAddress | None) -> dict[str, str] | None:
    return asdict(address) if address else None


def _picture_of(name: str | None) -> Picture | None:
    return Picture(name) if name else None


def producer_values(producer: Producer) -> Values:
    return {
        "id": producer.id,
        "name": producer.name,
        "email": producer.email,
        "currency": producer.currency.code,
        "colour": producer.branding.colour,
        "logo": producer.branding.logo.name if producer.branding.logo else None,
        "widget_origins": list(producer.branding.widget_origins),
        "tax": producer.tax,
    }


def financial_values(producer: Producer) -> Values:
    return {
        "producer_id": producer.id,
        "stripe_account_id": producer.financial.stripe_account_id,
        "charges_enabled": producer.financial.charges_enabled,
    }


def show_of(row: Row) -> Show:
    return Show(
        id=row["id"],
        producer_id=row["producer_id"],
        title=row["title"],
        description=row["description"],
        venue=row["venue"],
        venue_address=_address_of(row["venue_address"]),
        door_time=row["door_time"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        timezone=row["timezone"],
        venue_clock=_venue_clock_of(row),
        locale=row["locale"],
        terms=row["terms"],
        published=row["published"],
        cancelled=row["cancelled"],
        image=_picture_of(row["image"]),
    )


def _venue_clock_of(row: Row) -> VenueClock:
    moments = (row["door_time"], row["start_time"], row["end_time"])
    if row["time_zone_rules"] is None:  # written by an earlier version, whose pages went by the moments
        return VenueClock.at(moments, row["timezone"])
    return VenueClock(
        times=(
            row["local_door_time"].replace(fold=row["door_fold"]),
            row["local_start_time"].replace(fold=row["start_fold"]),
            row["local_end_time"].replace(fold=row["end_fold"]),
        ),
        rules=row["time_zone_rules"],
        moments=moments,
        timezone=row["timezone"],
    )


def venue_clock_values(clock: VenueClock) -> Values:
    door, start, end = clock.times
    return {
        "local_door_time": door.replace(fold=0),
        "local_start_time": start.replace(fold=0),
        "local_end_time": end.replace(fold=0),
        "door_fold": door.fold,
        "start_fold": start.fold,
        "end_fold": end.fold,
        "time_zone_rules": clock.rules,
    }


def show_values(show: Show) -> Values:
    return {
        "id": show.id,
        "producer_id": show.producer_id,
        "title": show.title,
        "description": show.description,
        "venue": show.venue,
        "venue_address": _address_values(show.venue_address),
        "door_time": show.door_time,
        "start_time": show.start_time,
        "end_time": show.end_time,
        "timezone": show.timezone,
        "locale": show.locale,
        "terms": show.terms,
        "published": show.published,
        "cancelled": show.cancelled,
        "image": show.image.name if show.image else None,
        **venue_clock_values(show.venue_clock),
    }


def ticket_of(row: Row) -> Ticket:
    return Ticket(
        id=row["id"],
        show_id=row["show_id"],
        name=row["name"],
        description=row["description"],
        price=row["price"],
        is_donation_based=row["is_donation_based"],
        is_vip=row["is_vip"],
        inventory=Inventory(row["quantity"], row["held"], row["sold"]),
    )


def ticket_values(ticket: Ticket) -> Values:
    """Everything but the counters held and sold."""
    return {
        "id": ticket.id,
        "show_id": ticket.show_id,
        "name": ticket.name,
        "description": ticket.description,
        "price": ticket.price,
        "is_donation_based": ticket.is_donation_based,
        "is_vip": ticket.is_vip,
        "quantity": ticket.inventory.quantity,
    }


def promo_code_of(row: Row) -> TicketPromoCode:
    return TicketPromoCode(
        id=row["id"],
        show_id=row["show_id"],
        code=row["code"],
        discount=row["discount"],
        max_uses=row["max_uses"],
        uses=row["uses"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
    )


def promo_code_values(promo_code: TicketPromoCode) -> Values:
    """Everything but the count of uses."""
    return {
        "id": promo_code.id,
        "show_id": promo_code.show_id,
        "code": promo_code.code,
        "discount": promo_code.discount,
        "max_uses": promo_code.max_uses,
        "valid_from": promo_code.valid_from,
        "valid_until": promo_code.valid_until,
    }


def order_of(row: Row, lines: Iterable[Row], attendees: Iterable[Row]) -> Order:
    """An order from its row, its lines in their order, and its attendees."""
    ticket_orders = tuple(_line_of(line) for line in lines)
    idempotency = None
    if row["idempotency_key"] is not None:
        idempotency = Idempotency(row["idempotency_key"], row["request_fingerprint"])
    return Order(
        id=row["id"],
        show_id=row["show_id"],
        show_title=row["show_title"],
        customer=Customer(row["customer_name"], row["customer_email"], row["customer_phone"]),
        quote=Quote(
            currency=currency(row["currency"]),
            lines=ticket_orders,
            subtotal=row["subtotal"],
            promo_code=row["promo_code"],
            promo_code_discount=row["promo_code_discount"],
            platform_fees=row["platform_fees"],
            payment_processing_fees=row["payment_processing_fees"],
            total=row["total"],
        ),
        status=OrderStatus(row["status"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        doors_at=row["doors_at"],
        completed_at=row["completed_at"],
        promo_code_id=row["promo_code_id"],
        manual_payment=ManualPayment(row["manual_payment"]) if row["manual_payment"] else None,
        stripe_account_id=row["stripe_account_id"],
        session_id=row["session_id"],
        checkout_url=row["checkout_url"],
        payment_intent_id=row["payment_intent_id"],
        charge_id=row["charge_id"],
        last_payment_error=row["last_payment_error"],
        amount_paid=row["amount_paid"],
        tax=row["tax"],
        tax_mode=TaxMode(row["tax_mode"]),
        venue_address=_address_of(row["venue_address"]),
        refunded_amount=row["refunded_amount"],
        disputed=row["disputed"],
        unwanted=row["unwanted"],
        idempotency=idempotency,
        attendees=tuple(_attendee_of(attendee, ticket_orders) for attendee in attendees),
    )


def customer_values(customer: Customer) -> Values:
    """The columns of an order that say who ordered, and what the order is found by."""
    return {
        "customer_name": customer.name,
        "customer_email": customer.email,
        "customer_phone": customer.phone,
        "search_key": search_key(customer),
    }


def new_order_values(order: Order) -> Values:
    """The whole row of an order."""
    quote = order.quote
    return {
        "id": order.id,
        "show_id": order.show_id,
        "show_title": order.show_title,
        **customer_values(order.customer),
        "currency": quote.currency.code,
        "subtotal": quote.subtotal,
        "promo_code_id": order.promo_code_id,
        "promo_code": quote.promo_code,
        "promo_code_discount": quote.promo_code_discount,
        "platform_fees": quote.platform_fees,
        "payment_processing_fees": quote.payment_processing_fees,
        "total": quote.total,
        "tax_mode": order.tax_mode,
        "venue_address": _address_values(order.venue_address),
        "is_manual_order": order.is_manual_order,
        "manual_payment": order.manual_payment,
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "doors_at": order.doors_at,
        "stripe_account_id": order.stripe_account_id,
        "checkout_url": order.checkout_url,
        # As bytea reads it, also out of JSON.
        "request_fingerprint": f"\\x{order.idempotency.fingerprint.hex()}" if order.idempotency else None,
        **order_state_values(order),
    }


#: The columns of ``order_state_values``.
ORDER_STATE = (
    "status",
    "completed_at",
    "payment_intent_id",
    "charge_id",
    "last_payment_error",
    "amount_paid",
    "tax",
    "refunded_amount",
    "disputed",
    "unwanted",
    "idempotency_key",
)


def order_state_values(order: Order) -> Values:
    """What changes in an order's life. Its session is attached apart, which needs no lock, until it is paid: what paid
    it may be another session.
    """
    return {
        "status": order.status,
        "completed_at": order.completed_at,
        "payment_intent_id": order.payment_intent_id,
        "charge_id": order.charge_id,
        "last_payment_error": order.last_payment_error,
        "amount_paid": order.amount_paid,
        "tax": order.tax,
        "refunded_amount": order.refunded_amount,
        "disputed": order.disputed,
        "unwanted": order.unwanted,
        "idempotency_key": order.idempotency.key if order.idempotency else None,
        "session_id": order.session_id,
    }


def _line_of(row: Row) -> TicketOrder:
    return TicketOrder(
        ticket_id=row["ticket_id"],
        name=row["name"],
        is_vip=row["is_vip"],
        quantity=row["quantity"],
        price_per_ticket=row["price_per_ticket"],
        unit_discount=row["unit_discount"],
        donation_amount=row["donation_amount"],
    )


def line_values(order: Order) -> list[Values]:
    """The rows of an order's lines."""
    return [
        {
            "order_id": order.id,
            "line": index,
            "ticket_id": line.ticket_id,
            "name": line.name,
            "is_vip": line.is_vip,
            "quantity": line.quantity,
            "price_per_ticket": line.price_per_ticket,
            "unit_discount": line.unit_discount,
            "donation_amount": line.donation_amount,
        }
        for index, line in enumerate(order.lines)
    ]


def _attendee_of(row: Row, lines: tuple[TicketOrder, ...]) -> TicketAttendee:
    line = lines[row["line"]]
    return TicketAttendee(
        id=row["id"],
        line=row["line"],
        ticket_id=line.ticket_id,
        name=row["name"],
        ticket_name=line.name,
        is_vip=line.is_vip,
        code=row["code"],
        status=AttendeeStatus(row["status"]),
        restocked=row["restocked"],
        checked_in_at=row["checked_in_at"],
    )


def attendee_values(order: Order) -> list[Values]:
    """The rows of an order's attendees."""
    return [
        {
            "id": attendee.id,
            "order_id": order.id,
            "line": attendee.line,
            "name": attendee.name,
            "code": attendee.code,
            "status": attendee.status,
            "restocked": attendee.restocked,
            "checked_in_at": attendee.checked_in_at,
        }
        for attendee in order.attendees
    ]


def refund_of(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        order_id=row["order_id"],
        sequence=row["sequence"],
        amount=row["amount"],
        refund_fees=row["refund_fees"],
        reason=row["reason"],
        created_at=row["created_at"],
        status=RefundStatus(row["status"]),
        stripe_refund_id=row["stripe_refund_id"],
        failure_reason=row["failure_reason"],
        made_at_stripe=row["made_at_stripe"],
    )


def refund_values(refund: Refund) -> Values:
    return {
        "id": refund.id,
        "order_id": refund.order_id,
        "sequence": refund.sequence,
        "amount": refund.amount,
        "refund_fees": refund.refund_fees,
        "reason": refund.reason,
        "created_at": refund.created_at,
        "status": refund.status,
        "stripe_refund_id": refund.stripe_refund_id,
        "failure_reason": refund.failure_reason,
        "made_at_stripe": refund.made_at_stripe,
    }


def duplicate_payment_of(row: Row) -> DuplicatePayment:
    return DuplicatePayment(
        payment_intent_id=row["payment_intent_id"],
        order_id=row["order_id"],
        amount=row["amount"],
        currency=row["currency"],
        received_at=row["received_at"],
        status=RefundStatus(row["status"]),
        returned=row["returned"],
        returns_lost=row["returns_lost"],
        refusals=row["refusals"],
        failure_reason=row["failure_reason"],
        charged_back=row["charged_back"],
    )


def duplicate_payment_values(payment: DuplicatePayment) -> Values:
    return {
        "payment_intent_id": payment.payment_intent_id,
        "order_id": payment.order_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "received_at": payment.received_at,
        "status": payment.status,
        "returned": payment.returned,
        "returns_lost": payment.returns_lost,
        "refusals": payment.refusals,
        "failure_reason": payment.failure_reason,
        "charged_back": payment.charged_back,
    }


def dispute_of(row: Row) -> Dispute:
    return Dispute(
        id=row["id"],
        order_id=row["order_id"],
        amount=row["amount"],
        status=DisputeStatus(row["status"]),
        reason=row["reason"],
        opened_at=row["opened_at"],
        evidence_due_by=row["evidence_due_by"],
        lost=row["lost"],
        recovered=row["recovered"],
        fees_returned=row["fees_returned"],
        reversal_id=row["reversal_id"],
    )


def dispute_values(dispute: Dispute) -> Values:
    return {
        "id": dispute.id,
        "order_id": dispute.order_id,
        "amount": dispute.amount,
        "status": dispute.status,
        "reason": dispute.reason,
        "opened_at": dispute.opened_at,
        "evidence_due_by": dispute.evidence_due_by,
        "lost": dispute.lost,
        "recovered": dispute.recovered,
        "fees_returned": dispute.fees_returned,
        "reversal_id": dispute.reversal_id,
    }


def event_of(row: Row) -> ReceivedEvent:
    event = PaymentEvent(id=row["id"], type=row["type"], object_id=row["object_id"], livemode=row["livemode"])
    return ReceivedEvent(event, row["received_at"], row["handled_at"], row["last_error"])


def event_values(received: ReceivedEvent) -> Values:
    event = received.event
    return {
        "id": event.id,
        "type": event.type,
        "object_id": event.object_id,
        "livemode": event.livemode,
        "received_at": received.received_at,
        "handled_at": received.handled_at,
        "last_error": received.last_error,
    }


def task_of(row: Row) -> OutboxTask:
    return OutboxTask(
        id=row["id"],
        kind=TaskKind(row["kind"]),
        order_id=row["order_id"],
        due_at=row["due_at"],
        details=row["details"],
        state=TaskState(row["state"]),
        attempts=row["attempts"],
        last_error=row["last_error"],
        sending_since=row["sending_since"],
    )


def task_values(task: OutboxTask) -> Values:
    return {
        "id": task.id,
        "kind": task.kind,
        "order_id": task.order_id,
        "due_at": task.due_at,
        "relay_at": task.due_at,
        "details": dict(task.details),
        "state": task.state,
        "attempts": task.attempts,
        "last_error": task.last_error,
        "sending_since": task.sending_since,
    }


def token_of(row: Row) -> AccessToken:
    return AccessToken(
        id=row["id"],
        producer_id=row["producer_id"],
        name=row["name"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        secret_hash=row["secret_hash"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )


def token_values(token: AccessToken) -> Values:
    return {
        "id": token.id,
        "producer_id": token.producer_id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "secret_hash": token.secret_hash,
        "created_at": token.created_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    }


def audit_entry_of(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=row["at"],
        producer_id=row["producer_id"],
        token_id=row["token_id"],
        actor=row["actor"],
        action=row["action"],
        subject_id=row["subject_id"],
        show_id=row["show_id"],
        before=row["before"],
        after=row["after"],
    )


def audit_entry_values(entry: AuditEntry) -> Values:
    return {
        "id": entry.id,
        "at": entry.at,
        "producer_id": entry.producer_id,
        "token_id": entry.token_id,
        "actor": entry.actor,
        "action": entry.action,
        "subject_id": entry.subject_id,
        "show_id": entry.show_id,
        "before": dict(entry.before),
        "after": dict(entry.after),
    }


def show_refund_of(row: Row) -> ShowRefund:
    return ShowRefund(
        show_id=row["show_id"],
        refund_fees=row["refund_fees"],
        reason=row["reason"],
        requested_at=row["requested_at"],
    )
