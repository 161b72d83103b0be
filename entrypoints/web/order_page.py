"""An order's page: where Stripe's payment page, free checkouts and mails lead to."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_303_SEE_OTHER

from application.links import Links, OrderTokens
from application.session_opening import FindPayPage
from application.showing import GetOrder
from domain.errors import NotFound

#: How often the pay page looks whether the payment page is there.
ASK_AGAIN_SECONDS = 2
_PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}


@get("/shows/{show_id:uuid}/orders/{order_id:uuid}", include_in_schema=False)
async def order_page(
    show_id: FromPath[UUID],
    order_id: FromPath[UUID],
    get_order: NamedDependency[GetOrder],
    order_tokens: NamedDependency[OrderTokens],
    token: FromQuery[str] = "",
) -> Template:
    """How the order stands, and what its buyer can do about it."""
    if not order_tokens.matches(order_id, token):
        raise NotFound("No such order")
    found = await get_order(order_id)
    if found.order.show_id != show_id:
        raise NotFound("No such order")
    show = found.display.show
    return Template(
        "order.html",
        context={
            "order": found.order,
            "show": show,
            "producer": found.display.producer,
            "doors": show.local(show.door_time),
            "starts": show.local(show.start_time),
            "money": found.order.quote.currency.price,
            "token": token,
        },
        headers=_PRIVATE,
    )


@get("/shows/{show_id:uuid}/orders/{order_id:uuid}/pay", include_in_schema=False)
async def pay_page(
    show_id: FromPath[UUID],
    order_id: FromPath[UUID],
    get_order: NamedDependency[GetOrder],
    find_pay_page: NamedDependency[FindPayPage],
    order_tokens: NamedDependency[OrderTokens],
    links: NamedDependency[Links],
    token: FromQuery[str] = "",
) -> Template | Redirect:
    """Sends the buyer on to Stripe's page as soon as it is there; asks again every few seconds until then."""
    if not order_tokens.matches(order_id, token):
        raise NotFound("No such order")
    found = await get_order(order_id)
    if found.order.show_id != show_id:
        raise NotFound("No such order")
    if not found.order.holds_tickets:
        return Redirect(links.order_page(found.order), status_code=HTTP_303_SEE_OTHER)
    if url := await find_pay_page(found.order):
        return Redirect(url, status_code=HTTP_303_SEE_OTHER)
    return Template(
        "pay.html",
        context={"order": found.order, "show": found.display.show, "producer": found.display.producer},
        headers={**_PRIVATE, "Refresh": str(ASK_AGAIN_SECONDS)},
    )


router = Router("/", route_handlers=[order_page, pay_page])
