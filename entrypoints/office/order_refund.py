"""The page of the office where an order is refunded: first who, then what it does, then the button that does it.

The choice is in the address, so every step can be reloaded and gone back from. Only the last button changes anything.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_409_CONFLICT

from application.orders.history import OrderHistory, ReadOrderHistory
from application.refunds.refund_order import PreviewRefund, RefundOrder, RefundPreview
from domain.errors import Conflict, DomainError
from domain.orders import Order
from domain.people import Member, Right
from domain.refunds import MAX_REASON_LENGTH
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, ids_in
from entrypoints.office.order import gone_to, order_context
from entrypoints.office.order_filters import query_form
from entrypoints.office.order_words import STATES
from entrypoints.office.orders import PATH
from entrypoints.office.rendering import OfficePages

#: The field that says that a choice was made: boxes that are not ticked are not sent.
CHOSEN: Final = "chosen"

#: The button that chooses every ticket.
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class RefundChoice:
    """Who gets money back, and on which terms. ``attendee_ids`` None: all that is left of the order."""

    attendee_ids: Collection[UUID] | None
    restock: bool
    refund_fees: bool
    reason: str

    @classmethod
    def of(cls, form: Form, order: Order) -> RefundChoice:
        """What the form says. All who have a valid ticket are the whole order. A choice of no one is noted as wrong,
        unless there is no one left: then only money can be owed.
        """
        valid = {attendee.id for attendee in order.attendees if attendee.is_valid}
        chosen = [id_ for id_ in ids_in(form.all("a")) if id_ in valid]
        if valid and not chosen:
            form.wrong("a", "Please choose whose tickets are refunded.")
        return cls(
            attendee_ids=None if set(chosen) == valid else chosen,
            restock=form.checked("restock"),
            refund_fees=form.checked("fees"),
            reason=form.text("reason", most=MAX_REASON_LENGTH),
        )


@get("/{order_id:uuid}/refund")
async def refund_page(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    preview_refund: NamedDependency[PreviewRefund],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[Any]:
    """The choice, and who would bear what."""
    history = await read_order_history(member.actor, order_id)
    form = query_form(request)
    everyone = [str(each.id) for each in history.order.attendees if each.is_valid]
    if not form[CHOSEN]:
        # Of several no one is chosen before: who ticks the one that is meant would take that one out.
        chosen = everyone if len(everyone) == 1 else []
        return _page(request, member, office_pages, history, Form({"restock": ["on"], "fees": ["on"], "a": chosen}))
    if form[ALL]:
        form.typed = {**form.typed, "a": everyone}
    if _is_done(form, history.order):
        # The way back of a browser, after the refund.
        return gone_to(order_id, "refunded-before")
    choice, preview = RefundChoice.of(form, history.order), None
    if form.is_good:
        try:
            preview = await preview_refund(
                member.actor, order_id, attendee_ids=choice.attendee_ids, refund_fees=choice.refund_fees
            )
        except DomainError as refusal:
            form.refuse(refusal)
    return _page(request, member, office_pages, history, form, preview)


@post("/{order_id:uuid}/refund")
async def refund(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    refund_order: NamedDependency[RefundOrder],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[Any]:
    """Refunds. The same form a second time finds the tickets void, and changes nothing."""
    form = await Form.read(request)
    history = await read_order_history(member.actor, order_id)
    if _is_done(form, history.order):
        return gone_to(order_id, "refunded")
    choice = RefundChoice.of(form, history.order)
    if form.is_good:
        try:
            await refund_order(
                order_id,
                by=member.actor,
                attendee_ids=choice.attendee_ids,
                restock=choice.restock,
                refund_fees=choice.refund_fees,
                reason=choice.reason,
            )
        except DomainError as refusal:
            form.refuse(refusal)
            form.status = HTTP_409_CONFLICT if isinstance(refusal, Conflict) else form.status
    if form.is_good:
        return gone_to(order_id, "refunded")
    return _page(request, member, office_pages, history, form)


def _is_done(form: Form, order: Order) -> bool:
    """Whether the tickets that the form names are void already."""
    named = set(ids_in(form.all("a")))
    void = {attendee.id for attendee in order.attendees if not attendee.is_valid}
    return bool(named) and named <= void


def _page(
    request: Request[Any, Any, Any],
    member: Member,
    office_pages: OfficePages,
    history: OrderHistory,
    form: Form,
    preview: RefundPreview | None = None,
) -> Response[str]:
    order = history.order
    context = {
        **order_context(history, member),
        "form": form,
        "preview": preview,
        "voided": [each for each in order.attendees if preview and each.id in preview.attendee_ids],
        "state_after": STATES[preview.after.status] if preview else "",
        "choosable": [attendee for attendee in order.attendees if attendee.is_valid],
        "owed": history.money_back.owed if history.money_back else 0,
    }
    return office_pages.page(
        request, member, "office/order_refund.html", context, active="orders", status_code=form.status
    )


routers = (office_router(PATH, refund_page, refund, right=Right.ORDERS),)
