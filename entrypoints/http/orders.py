"""A buyer's order, opened by its token, or by a bearer token of its producer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from application.checkout.exchange import ExchangeTickets
from application.links import Links, OrderTokens
from application.notifications.calendar_file import WriteCalendar
from application.notifications.ticket_pdf import PrintTickets
from application.orders.details import GetOrder, OrderDetails
from application.orders.rename import RenameAttendee
from application.payments.release import CancelOrder
from domain.access import AccessToken, Scope
from domain.devices import Device
from domain.errors import Conflict, NotFound
from entrypoints.http.access import BEARER, ensure_scope
from entrypoints.http.exchange_schemas import REFUSALS, ExchangedOut, ExchangeIn, ExchangePreviewOut
from entrypoints.http.openapi import answers
from entrypoints.http.rate_limit import limit_documents, limit_quotes, limit_renames
from entrypoints.http.schemas import AttendeeChangesIn, OrderOut
from entrypoints.http.strict_json import StrictJson
from entrypoints.injection import SharedRouter


async def opened_order(
    order_id: FromPath[UUID],
    get_order: NamedDependency[GetOrder],
    order_tokens: NamedDependency[OrderTokens],
    request: Request[Any, AccessToken | Device | None, Any],
    token: FromQuery[str | None] = None,
) -> OrderDetails:
    """The order, for clients who may see it. For all others it does not exist."""
    if token is not None:
        if not order_tokens.matches(order_id, token):
            raise NotFound("No such order")
        return await get_order(order_id)
    access = ensure_scope(request.auth, Scope.ORDERS)
    found = await get_order(order_id)
    if found.display.producer.id != access.producer_id:
        raise NotFound("No such order")
    return found


@get("/", summary="Get an order", operation_id="get_order")
async def get_one(opened_order: NamedDependency[OrderDetails], links: NamedDependency[Links]) -> OrderOut:
    """Status, price and attendees of an order."""
    return OrderOut.of_order(opened_order, checkout_url=links.checkout_url(opened_order.order))


@post(
    "/cancel",
    status_code=HTTP_200_OK,
    summary="Cancel an unpaid order",
    operation_id="cancel_order",
    responses=answers("conflict", "payment_unavailable"),
)
async def cancel(
    opened_order: NamedDependency[OrderDetails],
    cancel_order: NamedDependency[CancelOrder],
    links: NamedDependency[Links],
) -> OrderOut:
    """Releases the hold.

    An order that has been paid in the meantime is completed instead, and the answer is a conflict.
    """
    order = await cancel_order(opened_order.order.id)
    return OrderOut.of_order(replace(opened_order, order=order), checkout_url=links.checkout_url(order))


@patch(
    "/attendees/{attendee_id:uuid}",
    dto=StrictJson[AttendeeChangesIn],
    return_dto=None,
    before_request=limit_renames,
    summary="Put another name on a ticket",
    operation_id="rename_attendee",
    responses=answers("invalid_name", "conflict", "rate_limited"),
)
async def rename(
    attendee_id: FromPath[UUID],
    data: JSONBody[AttendeeChangesIn],
    opened_order: NamedDependency[OrderDetails],
    rename_attendee: NamedDependency[RenameAttendee],
    links: NamedDependency[Links],
) -> OrderOut:
    """Before ``renames_until``, for a ticket that is valid and not checked in. It gets a new code, the one before
    admits no one any more, and the tickets are mailed again.
    """
    order = await rename_attendee(opened_order.order.id, attendee_id, data.name)
    return OrderOut.of_order(replace(opened_order, order=order), checkout_url=links.checkout_url(order))


@post(
    "/exchange",
    status_code=HTTP_200_OK,
    dto=StrictJson[ExchangeIn],
    return_dto=None,
    before_request=limit_renames,
    summary="Exchange tickets for others",
    operation_id="exchange_own_tickets",
    responses=answers(*REFUSALS, "rate_limited"),
)
async def exchange(
    data: JSONBody[ExchangeIn],
    opened_order: NamedDependency[OrderDetails],
    exchange_tickets: NamedDependency[ExchangeTickets],
    get_order: NamedDependency[GetOrder],
    links: NamedDependency[Links],
) -> ExchangedOut:
    """Before ``exchanges_until``, for tickets that are on sale. As the producer's exchange otherwise."""
    done = await exchange_tickets(opened_order.order.id, data.to_request())
    return ExchangedOut.of(replace(await get_order(done.order.id), order=done.order), done, links)


@post(
    "/exchange/preview",
    status_code=HTTP_200_OK,
    dto=StrictJson[ExchangeIn],
    return_dto=None,
    before_request=limit_quotes,
    summary="Preview an exchange",
    operation_id="preview_own_exchange",
    responses=answers(*REFUSALS, "rate_limited"),
)
async def exchange_preview(
    data: JSONBody[ExchangeIn],
    opened_order: NamedDependency[OrderDetails],
    exchange_tickets: NamedDependency[ExchangeTickets],
) -> ExchangePreviewOut:
    """What the new tickets cost, and what is due or goes back. Nothing is changed."""
    return ExchangePreviewOut.of(await exchange_tickets.preview(opened_order.order.id, data.to_request()))


@get(
    "/tickets.pdf",
    media_type="application/pdf",
    before_request=limit_documents,
    summary="Print the tickets",
    operation_id="get_tickets_pdf",
    responses=answers("conflict", "rate_limited"),
)
async def tickets_pdf(
    opened_order: NamedDependency[OrderDetails], print_tickets: NamedDependency[PrintTickets]
) -> Response[bytes]:
    """A page for each attendee who may enter."""
    order = opened_order.order
    if not order.success:
        raise Conflict(f"Order {order.number} has no tickets: it is {order.status}")
    return Response(
        await print_tickets(order, opened_order.display),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="tickets-{order.number}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )


@get(
    "/calendar.ics",
    media_type="text/calendar",
    summary="Put the show into a calendar",
    operation_id="get_calendar",
    responses=answers("conflict"),
)
async def calendar_ics(
    opened_order: NamedDependency[OrderDetails], write_calendar: NamedDependency[WriteCalendar]
) -> Response[bytes]:
    """An iCalendar file, with the rules of the venue's time zone.

    The file of a cancelled show removes it from the calendar.
    """
    order = opened_order.order
    if not order.success:
        raise Conflict(f"Order {order.number} has no tickets: it is {order.status}")
    return Response(
        write_calendar(order, opened_order.display),
        media_type="text/calendar",
        headers={
            "Content-Disposition": f'attachment; filename="show-{order.number}.ics"',
            "Cache-Control": "private, no-store",
        },
    )


router = SharedRouter(
    "/orders/{order_id:uuid}",
    route_handlers=[get_one, cancel, rename, exchange, exchange_preview, tickets_pdf, calendar_ics],
    dependencies={"opened_order": Provide(opened_order)},
    security=[{}, {BEARER: [Scope.ORDERS]}],
    tags=["Orders"],
)
