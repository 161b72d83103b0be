"""A show's orders and attendees: sold at the counter, listed, and exported."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from application.checkout.box_office import SellAtCounter
from application.links import Links
from application.orders.lists import ListAttendees, ListOrders
from application.ports.order_lists import AttendeeCursor, OrderCursor, OrderFilter
from domain.access import Actor, Scope
from domain.errors import InvalidRequest
from domain.orders import OrderStatus
from domain.policy import CheckoutPolicy
from entrypoints.http.access import guarded_router
from entrypoints.http.idempotency import IdempotencyKey, idempotency_of
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor
from entrypoints.http.producer.order_schemas import (
    AttendeeListOut,
    ListedAttendeeOut,
    ManualOrderIn,
    ManualOrderOut,
    OrderListOut,
    OrderSummaryOut,
)
from entrypoints.http.strict_json import StrictJson

WithStatus = Annotated[OrderStatus | None, QueryParameter(description="Only orders in this status.")]
WithEmail = Annotated[str | None, QueryParameter(max_length=254, description="The buyer's whole address, in any case.")]
WithUndelivered = Annotated[
    bool, QueryParameter(description="Only orders with a mail that was not, or perhaps not, delivered.")
]
WithText = Annotated[
    str | None,
    QueryParameter(
        name="q",
        max_length=100,
        description=(
            "Words that are each part of the buyer's name or address (accents and apostrophes do not matter), of the "
            "phone number as it is written, or the order's number."
        ),
    ),
]


#: Why an order at the counter may be refused.
REFUSALS_AT_THE_COUNTER: Final = (
    "invalid_email",
    "invalid_name",
    "invalid_phone",
    "invalid_quantity",
    "no_tickets",
    "too_many_tickets",
    "order_total_exceeded",
    "donation_too_large",
    "donation_too_small",
    "donation_not_allowed",
    "show_ended",
    "show_unavailable",
    "ticket_not_found",
    "tickets_unavailable",
    "invalid_promo_code",
    "promo_code_exhausted",
)


@post(
    "/orders",
    dto=StrictJson[ManualOrderIn],
    return_dto=None,
    summary="Sell at the counter, or give tickets away",
    operation_id="add_manual_order",
    responses=answers(
        *REFUSALS_AT_THE_COUNTER,
        "checkout_in_progress",
        "price_changed",
        "conflict",
        "idempotency_key_reused",
        "busy",
        "unavailable",
    ),
)
async def add(
    show_id: FromPath[UUID],
    data: JSONBody[ManualOrderIn],
    actor: NamedDependency[Actor],
    sell_at_counter: NamedDependency[SellAtCounter],
    policy: NamedDependency[CheckoutPolicy],
    links: NamedDependency[Links],
    idempotency_key: IdempotencyKey = None,
) -> ManualOrderOut:
    """Completed at once, with attendees and the confirmation mail. The show need not be published, but must be neither
    over nor cancelled. ``cash`` and ``other`` cost the tickets' price without fees, as no payment is processed;
    ``comp`` costs nothing, and takes neither promo code nor donation. The limits of a buyer's order do not apply, only
    what is left, and 250 tickets at once. Without ``customer``, or without an address, no mail is sent:
    ``checkout_url`` leads to the tickets.
    """
    request = data.to_request(show_id, policy, idempotency_of(idempotency_key, data, show_id=show_id))
    order = await sell_at_counter(actor, request, data.payment)
    return ManualOrderOut.of_manual(order, links)


@get("/orders", summary="List a show's orders", operation_id="list_orders")
async def list_all(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_orders: NamedDependency[ListOrders],
    status: WithStatus = None,
    email: WithEmail = None,
    text: WithText = None,
    undelivered: WithUndelivered = False,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> OrderListOut:
    """Newest first. New orders move nothing on the pages that follow."""
    only = replace(filter_of(status, email, text), undelivered=undelivered)
    after = OrderCursor(*decode_cursor(cursor)) if cursor else None
    orders, more = await list_orders(actor, show_id, only=only, after=after, limit=limit)
    return OrderListOut(
        [OrderSummaryOut.of(order) for order in orders],
        encode_cursor(more.created_at, more.order_id) if more else None,
    )


@get("/attendees", summary="List a show's attendees", operation_id="list_attendees")
async def list_attending(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_attendees: NamedDependency[ListAttendees],
    text: WithText = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> AttendeeListOut:
    """All attendees who have or had a ticket, in the order in which they got it.

    ``q`` finds them by their orders, as in the list of orders.
    """
    after = _decode_attendee(cursor) if cursor else None
    only = filter_of(None, None, text)
    attendees, more = await list_attendees(actor, show_id, text=only.text, after=after, limit=limit)
    return AttendeeListOut(
        [ListedAttendeeOut.of(attendee) for attendee in attendees], _encode_attendee(more) if more else None
    )


def filter_of(status: OrderStatus | None, email: str | None, text: str | None) -> OrderFilter:
    for name, value in (("email", email), ("q", text)):
        if value and "\x00" in value:
            raise InvalidRequest(f"{name} must be text", field=name)
    return OrderFilter(status=status, email=(email or "").strip() or None, text=(text or "").strip() or None)


def _encode_attendee(cursor: AttendeeCursor) -> str:
    return f"{encode_cursor(cursor.created_at, cursor.order_id)}.{cursor.attendee_id.hex}"


def _decode_attendee(text: str) -> AttendeeCursor:
    order, _, attendee = text.rpartition(".")
    try:
        attendee_id = UUID(hex=attendee)
    except ValueError:
        raise InvalidRequest("cursor is not one that this list has given", field="cursor") from None
    return AttendeeCursor(*decode_cursor(order), attendee_id)


router = guarded_router(
    "/shows/{show_id:uuid}",
    add,
    list_all,
    list_attending,
    scopes=[Scope.ORDERS],
    tags=["Producer: orders"],
)
