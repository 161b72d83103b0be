"""An order's pages, which Stripe's payment page, free checkouts and mails lead to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_400_BAD_REQUEST

from application.links import Links, OrderTokens
from application.orders.details import GetOrder, OrderDetails, exchanged_for
from application.orders.rename import RenameAttendee
from application.payments.release import CancelOrder
from application.payments.session import FindPayPage
from domain.errors import Conflict, InvalidName, NotFound
from domain.money_back import MoneyBack, MoneyBackStatus
from domain.orders import SOLD, OrderStatus
from domain.ticket_code import groups_of
from entrypoints.http.payment_return import has_just_paid
from entrypoints.http.rate_limit import limit_renames
from entrypoints.injection import SharedRouter
from entrypoints.web.csrf import csrf_token
from entrypoints.web.page_format import PageFormat, error_text
from entrypoints.web.qr import qr_code
from entrypoints.web.rendering import Pages

#: How often the pay page checks whether the payment page is there.
ASK_AGAIN_SECONDS: Final = 2


async def opened(
    show_id: FromPath[UUID],
    order_id: FromPath[UUID],
    get_order: NamedDependency[GetOrder],
    order_tokens: NamedDependency[OrderTokens],
    token: FromQuery[str] = "",
) -> OrderDetails:
    """The order, for clients with its token. For all others it does not exist."""
    if not order_tokens.matches(order_id, token):
        raise NotFound("No such order")
    found = await get_order(order_id)
    if found.order.show_id != show_id:
        raise NotFound("No such order")
    return found


@dataclass(frozen=True, slots=True)
class WrongName:
    """A name that was refused for a ticket: as it was typed, and why."""

    attendee_id: UUID
    typed: str
    error: str


async def _page(
    request: Request[Any, Any, Any],
    opened: OrderDetails,
    pages: Pages,
    links: Links,
    cancel_order: CancelOrder,
    wrong: WrongName | None = None,
) -> Response[str]:
    order, show = opened.order, opened.display.show
    return pages.page(
        "order.html",
        {
            **_context(opened),
            "state": _state(opened, pages.now(), came_from_paying=has_just_paid(request, order)),
            "may_rename": show.renames_until is not None and pages.now() < show.renames_until,
            "wrong_name": wrong,
            "may_exchange": may_exchange(opened, pages.now()),
            "is_exchanged": bool(exchanged_for(opened)),
            "may_be_given_up": await cancel_order.may_be_given_up(order),
            "token": links.tokens.token(order.id),
            "money_back": opened.money_back,
            "refund_heading": _refund_heading(opened.money_back),
            "pay_url": links.checkout_url(order) if order.holds_tickets else None,
            "csrf_token": csrf_token(request),
            "qr_code": qr_code,
            "groups_of": groups_of,
            "places": _places(opened),
        },
        status_code=HTTP_400_BAD_REQUEST if wrong else HTTP_200_OK,
    )


@get("/shows/{show_id:uuid}/orders/{order_id:uuid}", include_in_schema=False)
async def order_page(
    request: Request[Any, Any, Any],
    opened: NamedDependency[OrderDetails],
    pages: NamedDependency[Pages],
    links: NamedDependency[Links],
    cancel_order: NamedDependency[CancelOrder],
) -> Response[str]:
    """The order's state, and what its buyer can do."""
    return await _page(request, opened, pages, links, cancel_order)


@post(
    "/shows/{show_id:uuid}/orders/{order_id:uuid}/attendees/{attendee_id:uuid}",
    before_request=limit_renames,
    include_in_schema=False,
)
async def rename(
    request: Request[Any, Any, Any],
    attendee_id: FromPath[UUID],
    opened: NamedDependency[OrderDetails],
    rename_attendee: NamedDependency[RenameAttendee],
    pages: NamedDependency[Pages],
    links: NamedDependency[Links],
    cancel_order: NamedDependency[CancelOrder],
) -> Response[Any]:
    """Puts another name on a ticket. A name that is refused is shown with the reason."""
    typed = (await request.form()).get("name")
    name = typed if isinstance(typed, str) else ""
    try:
        order = await rename_attendee(opened.order.id, attendee_id, name)
    except (InvalidName, Conflict) as error:
        wrong = WrongName(attendee_id, name, error_text(error))
        return await _page(request, opened, pages, links, cancel_order, wrong)
    return Redirect(links.order_page(order), status_code=HTTP_303_SEE_OTHER)


@post("/shows/{show_id:uuid}/orders/{order_id:uuid}/cancel", include_in_schema=False)
async def cancel(
    opened: NamedDependency[OrderDetails], cancel_order: NamedDependency[CancelOrder], links: NamedDependency[Links]
) -> Redirect:
    """Releases the hold. An order that can no longer be cancelled is shown in its present state."""
    try:
        order = await cancel_order(opened.order.id)
    except Conflict:
        order = opened.order
    return Redirect(links.order_page(order), status_code=HTTP_303_SEE_OTHER)


@get("/shows/{show_id:uuid}/orders/{order_id:uuid}/pay", include_in_schema=False)
async def pay_page(
    opened: NamedDependency[OrderDetails],
    find_pay_page: NamedDependency[FindPayPage],
    links: NamedDependency[Links],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Forwards the buyer to Stripe's page as soon as it is there; until then the page reloads every few seconds."""
    order = opened.order
    if not order.holds_tickets:
        return Redirect(links.order_page(order), status_code=HTTP_303_SEE_OTHER)
    if url := await find_pay_page(order):
        return Redirect(url, status_code=HTTP_303_SEE_OTHER)
    context = {**_context(opened), "order_url": links.order_page(order)}
    return pages.page("pay.html", context, headers={"Refresh": str(ASK_AGAIN_SECONDS)})


def _state(found: OrderDetails, now: datetime, *, came_from_paying: bool) -> str:
    """The state that the order page shows."""
    order, show = found.order, found.display.show
    if order.success:
        return "success"
    if order.status is OrderStatus.PROCESSING and show.door_time <= now:
        return "unconfirmed"
    if order.status is OrderStatus.PENDING and came_from_paying:
        return "confirming"
    if order.status is OrderStatus.PENDING and order.expires_at is not None and order.expires_at <= now:
        return "expired"
    if order.status in SOLD:
        return "void"
    return order.status.value


def may_exchange(found: OrderDetails, now: datetime) -> bool:
    """Whether the buyer may exchange tickets of the order now."""
    until = found.display.show.exchanges_until
    may = until is not None and now < until and not found.order.is_manual_order
    return may and found.order.success and any(a.is_valid and not a.checked_in_at for a in found.order.attendees)


def _places(found: OrderDetails) -> dict[UUID, int]:
    """How many places each attendee's ticket is good for."""
    order, display = found.order, found.display
    return {each.id: display.places_of(order.lines[each.line].ticket_id) for each in order.attendees}


def _refund_heading(money: MoneyBack | None) -> str:
    """The heading of a refunded order; free tickets have no money that goes back."""
    if money is None:
        return "Your tickets were taken back"
    return {
        MoneyBackStatus.DISPUTED: "Your bank decides about the payment",
        MoneyBackStatus.FAILED: "Your refund did not arrive",
        MoneyBackStatus.PENDING: "Your refund is on its way",
        MoneyBackStatus.SUCCEEDED: "Refunded",
    }[money.status]


def _context(found: OrderDetails) -> dict[str, Any]:
    return {
        "order": found.order,
        "show": found.display.show,
        "image": found.display.image,
        "producer": found.display.producer,
        "words": PageFormat(found.display.show, found.order.quote.currency),
    }


router = SharedRouter(
    "/", route_handlers=[order_page, rename, cancel, pay_page], dependencies={"opened": Provide(opened)}
)
