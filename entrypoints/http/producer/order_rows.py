"""The tables of a producer's exports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from application.ports.order_lists import AttendeeSummary, OrderSummary
from entrypoints.http.tables import Cell, Column, Kind

_ID: Final = 38
_MOMENT: Final = 20

ORDER_COLUMNS: Final = (
    Column("order_id", width=_ID),
    Column("number"),
    Column("status"),
    Column("payment"),
    Column("created_at", Kind.MOMENT, _MOMENT),
    Column("completed_at", Kind.MOMENT, _MOMENT),
    Column("name", width=28),
    Column("email", width=30),
    Column("phone", width=18),
    Column("tickets", Kind.COUNT),
    Column("valid_tickets", Kind.COUNT),
    Column("checked_in", Kind.COUNT),
    Column("currency"),
    Column("subtotal", Kind.MONEY),
    Column("promo_code"),
    Column("promo_code_discount", Kind.MONEY),
    Column("fees", Kind.MONEY),
    Column("total", Kind.MONEY),
    Column("tax", Kind.MONEY),
    Column("amount_paid", Kind.MONEY),
    Column("refunded_amount", Kind.MONEY),
    Column("disputed", Kind.FLAG),
    Column("fees_included", Kind.FLAG),
)
ATTENDEE_COLUMNS: Final = (
    Column("attendee_id", width=_ID),
    Column("name", width=28),
    Column("ticket_name", width=24),
    Column("is_vip", Kind.FLAG),
    Column("code", width=30),
    Column("status"),
    Column("checked_in_at", Kind.MOMENT, _MOMENT),
    Column("order_id", width=_ID),
    Column("order_number"),
    Column("email", width=30),
)


def order_row(order: OrderSummary) -> Sequence[Cell]:
    """The cells in the order of ORDER_COLUMNS."""
    money, customer = order.currency.to_decimal, order.customer
    return (
        str(order.id),
        order.number,
        order.status.value,
        order.manual_payment.value if order.manual_payment else "online",
        order.created_at,
        order.completed_at,
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
        order.fees_included,
    )


def attendee_row(attendee: AttendeeSummary) -> Sequence[Cell]:
    """The cells in the order of ATTENDEE_COLUMNS."""
    return (
        str(attendee.id),
        attendee.name,
        attendee.ticket_name,
        attendee.is_vip,
        attendee.code,
        attendee.status.value,
        attendee.checked_in_at,
        str(attendee.order_id),
        attendee.order_number,
        attendee.customer_email,
    )
