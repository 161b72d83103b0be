"""OrderListRepo in PostgreSQL."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import RowMapping

from adapters.postgres.connection import Connection
from adapters.postgres.tables import orders, outbox, ticket_attendees, ticket_claims, ticket_orders
from application.ports.order_lists import (
    AttendeeCursor,
    AttendeeSummary,
    Hold,
    OrderCursor,
    OrderFilter,
    OrderSummary,
    UndeliveredMail,
)
from domain.customer import Customer
from domain.email_address import both_forms
from domain.money import currency
from domain.order_search import SearchTerm, search_terms
from domain.orders import AttendeeStatus, ManualPayment, OrderStatus, number_of
from domain.tasks import ORDER_MAILS, TaskState

_Time = orders.c.created_at.type
#: The text in which an order is searched. Until the migration has filled it in: name and address as they stand.
_KEY = sa.func.coalesce(orders.c.search_key, sa.func.lower(orders.c.customer_name + " " + orders.c.customer_email))
_TICKETS = (
    sa.select(sa.func.sum(ticket_orders.c.quantity).label("tickets"))
    .where(ticket_orders.c.order_id == orders.c.id)
    .correlate(orders)
    .lateral("lines")
)
_ATTENDEES = (
    sa.select(
        sa.func.count().filter(ticket_attendees.c.status == AttendeeStatus.VALID).label("valid_tickets"),
        sa.func.count(ticket_attendees.c.checked_in_at).label("checked_in"),
    )
    .where(ticket_attendees.c.order_id == orders.c.id)
    .correlate(orders)
    .lateral("attendees")
)
_later = outbox.alias("later")
# A mail that was sent again later, and arrived, no longer counts as undelivered.
_UNDELIVERED = (
    sa.select(
        sa.func.jsonb_agg(
            sa.func.jsonb_build_array(
                outbox.c.kind, outbox.c.state, outbox.c.sending_since.is_not(None), outbox.c.last_error
            )
        ).label("undelivered")
    )
    .where(
        outbox.c.order_id == orders.c.id,
        outbox.c.kind.in_(sorted(ORDER_MAILS)),
        outbox.c.state != TaskState.DONE,
        outbox.c.last_error.is_not(None),
        ~sa.exists().where(
            _later.c.order_id == outbox.c.order_id,
            _later.c.kind == outbox.c.kind,
            _later.c.state == TaskState.DONE,
            _later.c.due_at > outbox.c.due_at,
        ),
    )
    .correlate(orders)
    .lateral("mails")
)
_ORDERS = (
    sa.select(
        orders,
        _TICKETS.c.tickets,
        _ATTENDEES.c.valid_tickets,
        _ATTENDEES.c.checked_in,
        _UNDELIVERED.c.undelivered,
    )
    .select_from(orders.join(_TICKETS, sa.true()).join(_ATTENDEES, sa.true()).join(_UNDELIVERED, sa.true()))
    .order_by(orders.c.created_at.desc(), orders.c.id.desc())
)
_ATTENDEE_LIST = (
    sa.select(
        ticket_attendees.c.id,
        ticket_attendees.c.name,
        ticket_orders.c.name.label("ticket_name"),
        ticket_orders.c.is_vip,
        ticket_attendees.c.code,
        ticket_attendees.c.status,
        ticket_attendees.c.checked_in_at,
        orders.c.id.label("order_id"),
        orders.c.customer_email,
        orders.c.created_at,
    )
    .join(ticket_attendees, ticket_attendees.c.order_id == orders.c.id)
    .join(
        ticket_orders,
        sa.and_(ticket_orders.c.order_id == orders.c.id, ticket_orders.c.line == ticket_attendees.c.line),
    )
    .order_by(orders.c.created_at, orders.c.id, ticket_attendees.c.id)
)
# The status is written as in the partial index of the few orders that hold tickets.
_HOLDS = (
    sa.select(
        orders.c.id,
        orders.c.status,
        orders.c.customer_email,
        ticket_claims.c.key,
        _TICKETS.c.tickets,
        orders.c.created_at,
        orders.c.expires_at,
    )
    .select_from(
        orders.join(_TICKETS, sa.true()).outerjoin(
            ticket_claims, sa.and_(ticket_claims.c.order_id == orders.c.id, ticket_claims.c.is_network)
        )
    )
    .where(sa.text("status IN ('pending', 'processing')"), orders.c.expires_at.is_not(None))
    .order_by(orders.c.expires_at, orders.c.id)
)


class PostgresOrderListRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def orders(
        self, show_id: UUID, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[OrderSummary]:
        query = _ORDERS.where(orders.c.show_id == show_id).limit(limit)
        if only.status is not None:
            query = query.where(orders.c.status == only.status)
        if only.email is not None:
            query = query.where(sa.func.lower(orders.c.customer_email).in_(both_forms(only.email)))
        if only.text is not None:
            query = query.where(*map(_has, search_terms(only.text)))
        if only.undelivered:
            query = query.where(_UNDELIVERED.c.undelivered.is_not(None))
        if after is not None:
            last = sa.tuple_(sa.literal(after.created_at, _Time), sa.literal(after.order_id))
            query = query.where(sa.tuple_(orders.c.created_at, orders.c.id) < last)
        return [_order_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def attendees(
        self, show_id: UUID, *, text: str | None = None, after: AttendeeCursor | None, limit: int
    ) -> list[AttendeeSummary]:
        query = _ATTENDEE_LIST.where(orders.c.show_id == show_id).limit(limit)
        if text is not None:
            query = query.where(*map(_has, search_terms(text)))
        if after is not None:
            key = sa.tuple_(orders.c.created_at, orders.c.id)
            moment, order_id = sa.literal(after.created_at, _Time), sa.literal(after.order_id)
            whole_key = sa.tuple_(orders.c.created_at, orders.c.id, ticket_attendees.c.id)
            query = query.where(
                key >= sa.tuple_(moment, order_id),  # lets the index of orders be used
                whole_key > sa.tuple_(moment, order_id, sa.literal(after.attendee_id)),
            )
        return [_attendee_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def holds(self, show_id: UUID, *, limit: int) -> list[Hold]:
        rows = await self._connection.execute(_HOLDS.where(orders.c.show_id == show_id).limit(limit))
        return [
            Hold(
                order_id=row.id,
                status=OrderStatus(row.status),
                email=row.customer_email,
                network=row.key,
                tickets=row.tickets,
                created_at=row.created_at,
                expires_at=row.expires_at,
            )
            for row in rows
        ]


def _has(term: SearchTerm) -> sa.ColumnElement[bool]:
    conditions: list[sa.ColumnElement[bool]] = [
        *(_KEY.contains(spelling, autoescape=True) for spelling in term.spellings),
        *(orders.c.customer_phone.contains(digits, autoescape=True) for digits in term.phones),
    ]
    if term.number_tail is not None:
        conditions.append(sa.func.substring(sa.func.uuid_send(orders.c.id), 12) == term.number_tail)
    return sa.or_(*conditions)


def _order_of(row: RowMapping) -> OrderSummary:
    return OrderSummary(
        id=row["id"],
        number=number_of(row["id"]),
        status=OrderStatus(row["status"]),
        customer=Customer(row["customer_name"], row["customer_email"], row["customer_phone"]),
        currency=currency(row["currency"]),
        fees=row["platform_fees"] + row["payment_processing_fees"],
        fees_included=row["fees_included"],
        manual_payment=ManualPayment(row["manual_payment"]) if row["manual_payment"] else None,
        undelivered=tuple(
            UndeliveredMail.of(kind, state, in_doubt=in_doubt, error=error)
            for kind, state, in_doubt, error in sorted(row["undelivered"] or ())
        ),
        **{name: row[name] for name in _SAME_IN_BOTH},
    )


_SAME_IN_BOTH = (
    "subtotal",
    "promo_code",
    "promo_code_discount",
    "total",
    "tax",
    "amount_paid",
    "refunded_amount",
    "disputed",
    "tickets",
    "valid_tickets",
    "checked_in",
    "created_at",
    "completed_at",
)


def _attendee_of(row: RowMapping) -> AttendeeSummary:
    facts: dict[str, Any] = {**row, "status": AttendeeStatus(row["status"])}
    return AttendeeSummary(order_number=number_of(row["order_id"]), **facts)
