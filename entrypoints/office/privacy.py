"""A buyer's personal data in the office: all of it as a file, and its erasure."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from application.orders.history import OrderHistory, ReadOrderHistory
from application.orders.personal_data import EraseBuyer, ExportBuyer
from domain.errors import DomainError, NotFound
from domain.people import Member, Right
from entrypoints.http.producer.order_schemas import HeldOut
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.order import gone_to, order_context
from entrypoints.office.orders import PATH
from entrypoints.office.rendering import OfficePages
from entrypoints.web.security import PRIVATE

_INDENT: Final = 2


async def _history(read_order_history: ReadOrderHistory, member: Member, order_id: UUID) -> OrderHistory:
    """The order whose buyer it is. Raises NotFound also for one whose buyer has no address."""
    history = await read_order_history(member.actor, order_id)
    if not history.order.customer.has_address:
        raise NotFound("This order has no buyer with an address")
    return history


@get("/{order_id:uuid}/buyer")
async def buyer_page(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[str]:
    """What can be done with a buyer's data, and what it means."""
    history = await _history(read_order_history, member, order_id)
    return _page(request, member, office_pages, history, Form())


@post("/{order_id:uuid}/buyer/export", status_code=HTTP_200_OK)
async def export(
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    export_buyer: NamedDependency[ExportBuyer],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[bytes]:
    """Everything about the buyer as a file, as the API answers it."""
    history = await _history(read_order_history, member, order_id)
    email = history.order.customer.email
    held = HeldOut.of(email, await export_buyer(member.actor, email))
    content = msgspec.json.format(msgspec.json.encode(held), indent=_INDENT)
    name = f"buyer-{history.order.number}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **PRIVATE}
    return Response(content, media_type=MediaType.JSON, headers=headers)


@post("/{order_id:uuid}/buyer/erase")
async def erase(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    erase_buyer: NamedDependency[EraseBuyer],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[Any]:
    """Erases the buyer from all of their orders. A second time there is nothing left to erase."""
    form = await Form.read(request)
    if (await read_order_history(member.actor, order_id)).order.customer.is_erased:
        return gone_to(order_id, "erased")
    history = await _history(read_order_history, member, order_id)
    if not form.checked("sure"):
        form.wrong("sure", "Please tick this box: it cannot be undone.")
    if form.is_good:
        try:
            await erase_buyer(member.actor, history.order.customer.email, force=form.checked("force"))
        except DomainError as refusal:
            form.refuse(refusal)
    if form.is_good:
        return gone_to(order_id, "erased")
    return _page(request, member, office_pages, history, form)


def _page(
    request: Request[Any, Any, Any], member: Member, office_pages: OfficePages, history: OrderHistory, form: Form
) -> Response[str]:
    context = {**order_context(history, member), "form": form}
    return office_pages.page(
        request, member, "office/order_buyer.html", context, active="orders", status_code=form.status
    )


routers = (office_router(PATH, buyer_page, export, erase, right=Right.ORDERS),)
