"""The rows of CSV exports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from application.ports.order_lists import AttendeeSummary, OrderSummary
from entrypoints.http.csv_stream import Cell

ORDER_COLUMNS: Final = (
    "order_id",
    "number",
    "status",
    "payment",
    "created_at",
    "completed_at",
    "name",
    "email",
    "phone",
    "tickets",
    "valid_tickets",
    "checked_in",
    "currency",
    "subtotal",
    "promo_code",
    "promo_code_discount",
    "fees",
    "total",
    "tax",
    "amount_paid",
    "refunded_amount",
    "disputed",
)
ATTENDEE_COLUMNS: Final = (
    "attendee_id",
    "name",
    "ticket_name",
    "is_vip",
    "code",
    "status",
    "checked_in_at",
    "order_id",
    "order_number",
    "email",
)


def order_row(order: OrderSummary) -> Sequence[Cell]:
    """In the order of ORDER_COLUMNS."""
    money, customer = order.currency.format, order.customer
    return (
        str(order.id),
        order.number,
        order.status.value,
        order.manual_payment.value if order.manual_payment else "online",
        order.created_at.isoformat(),
        _moment(order.completed_at),
        customer.name,
        customer.email,
        customer.phone,
        order.tickets,
        order.valid_tickets,
        order.checked_in,
        order.currency.code,
        money(order.subtotal),
        order.promo_code,
        money(order.promo_code_discount),
        money(order.fees),
        money(order.total),
        money(order.tax),
        money(order.amount_paid),
        money(order.refunded_amount),
        order.disputed,
    )


def attendee_row(attendee: AttendeeSummary) -> Sequence[Cell]:
    """In the order of ATTENDEE_COLUMNS."""
    return (
        str(attendee.id),
        attendee.name,
        attendee.ticket_name,
        attendee.is_vip,
        attendee.code,
        attendee.status.value,
        _moment(attendee.checked_in_at),
        str(attendee.order_id),
        attendee.order_number,
        attendee.customer_email,
    )


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
