"""The tables of a producer's exports."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Final

from application.ports.order_lists import ExportedAttendee, ExportedOrder
from domain.money import Currency, currency
from domain.orders import number_of_text
from entrypoints.http.tables import Cell, Column, Kind

_ID: Final = 38
_MOMENT: Final = 20
#: What is kept of amounts as decimals, for each currency: less than a megabyte.
_MOST_AMOUNTS: Final = 5000

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
    Column("out_since", Kind.MOMENT, _MOMENT),
)


class _Amounts(dict[int, Decimal]):
    """Amounts of a currency by their minor units. Most orders of a show have the same few."""

    def __init__(self, of: Currency) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, minor: int) -> Decimal:
        if len(self) >= _MOST_AMOUNTS:
            self.clear()
        self[minor] = amount = self._of.to_decimal(minor)
        return amount


@cache  # there are so many currencies
def _amounts_of(code: str) -> _Amounts:
    return _Amounts(currency(code))


def order_row(order: ExportedOrder) -> Sequence[Cell]:
    """The cells in the order of ORDER_COLUMNS."""
    money = _amounts_of(order.currency)
    return (
        order.id,
        number_of_text(order.id),
        order.status,
        order.manual_payment or "online",
        order.created_at,
        order.completed_at,
        order.name,
        order.email,
        order.phone,
        order.tickets,
        order.valid_tickets,
        order.checked_in,
        order.currency,
        money[order.subtotal],
        order.promo_code,
        money[order.promo_code_discount],
        money[order.fees],
        money[order.total],
        money[order.tax],
        money[order.amount_paid],
        money[order.refunded_amount],
        order.disputed,
        order.fees_included,
    )


def attendee_row(attendee: ExportedAttendee) -> Sequence[Cell]:
    """The cells in the order of ATTENDEE_COLUMNS."""
    return (
        attendee.id,
        attendee.name,
        attendee.ticket_name,
        attendee.is_vip,
        attendee.code,
        attendee.status,
        attendee.checked_in_at,
        attendee.order_id,
        number_of_text(attendee.order_id),
        attendee.email,
        attendee.out_since,
    )
