"""Orders as rows: values to store, and orders from what was read."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.postgres.connection import Row
from adapters.postgres.rows import Values, _address_of, _address_values
from domain.customer import Customer
from domain.money import currency
from domain.order_search import search_key
from domain.orders import AttendeeStatus, Exchange, Idempotency, ManualPayment, Order, OrderStatus, TicketAttendee
from domain.pricing import Quote, TicketOrder
from domain.tax import TaxMode


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
            fees_included=row["fees_included"],
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
        names=tuple(row["names"] or ()),
        exchange=_exchange_of(row) if row["exchanged_from"] else None,
        attendees=tuple(_attendee_of(attendee, ticket_orders) for attendee in attendees),
    )


def _exchange_of(row: Row) -> Exchange:
    return Exchange(
        order_id=row["exchanged_from"],
        attendee_ids=tuple(row["exchanged_attendees"]),
        credit=row["credit"],
        tax=row["credit_tax"],
        fees=row["credit_fees"],
    )


def _exchange_values(exchange: Exchange | None) -> Values:
    if exchange is None:
        return {"credit": 0, "credit_tax": 0, "credit_fees": 0}
    return {
        "exchanged_from": exchange.order_id,
        "exchanged_attendees": exchange.attendee_ids,
        "credit": exchange.credit,
        "credit_tax": exchange.tax,
        "credit_fees": exchange.fees,
    }


def customer_values(order: Order) -> Values:
    """The columns of an order with its customer and its search key."""
    customer = order.customer
    return {
        "customer_name": customer.name,
        "customer_email": customer.email,
        "customer_phone": customer.phone,
        "search_key": search_key(customer, order.other_names),
    }


def new_order_values(order: Order) -> Values:
    """The whole row of an order."""
    quote = order.quote
    return {
        "id": order.id,
        "show_id": order.show_id,
        "show_title": order.show_title,
        **customer_values(order),
        "currency": quote.currency.code,
        "subtotal": quote.subtotal,
        "promo_code_id": order.promo_code_id,
        "promo_code": quote.promo_code,
        "promo_code_discount": quote.promo_code_discount,
        "platform_fees": quote.platform_fees,
        "payment_processing_fees": quote.payment_processing_fees,
        "total": quote.total,
        "fees_included": quote.fees_included,
        "tax_mode": order.tax_mode,
        "venue_address": _address_values(order.venue_address),
        "is_manual_order": order.is_manual_order,
        "manual_payment": order.manual_payment,
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "doors_at": order.doors_at,
        "stripe_account_id": order.stripe_account_id,
        "checkout_url": order.checkout_url,
        # In bytea's text form, which works in JSON, too.
        "request_fingerprint": f"\\x{order.idempotency.fingerprint.hex()}" if order.idempotency else None,
        **_exchange_values(order.exchange),
        **order_state_values(order),
    }


def order_state_values(order: Order) -> Values:
    """The columns that change in an order's life. Until the order is paid its session is attached separately, without a
    lock; another session may be the one that paid.
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
        "names": order.names or None,
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
        uses_promo_code=row["uses_promo_code"],
        allocation_id=row["allocation_id"],
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
            "uses_promo_code": line.uses_promo_code,
            "allocation_id": line.allocation_id,
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
