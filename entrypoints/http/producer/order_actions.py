"""A producer's actions on one order: refund it, send its tickets again, write a note."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from application.checkout.exchange import ExchangeTickets
from application.links import Links
from application.orders.customer import ChangeCustomer
from application.orders.details import GetOrder
from application.orders.lists import ListRefunds
from application.orders.notes import ReadNotes, WriteNote
from application.orders.rename import RenameAttendee
from application.orders.resend_tickets import ResendTickets
from application.refunds.disputes import ListDisputes
from application.refunds.refund_order import PreviewRefund, RefundOrder
from domain.access import Actor, Scope
from entrypoints.http.access import guarded_router
from entrypoints.http.exchange_schemas import REFUSALS, ExchangedOut, ExchangeIn, ExchangePreviewOut
from entrypoints.http.openapi import answers
from entrypoints.http.producer.order_schemas import (
    DisputeListOut,
    DisputeOut,
    NoteIn,
    NoteListOut,
    NoteOut,
    OrderChangesIn,
    RefundedOut,
    RefundIn,
    RefundListOut,
    RefundOut,
    RefundPreviewOut,
    ResentOut,
)
from entrypoints.http.schemas import AttendeeChangesIn, OrderOut
from entrypoints.http.strict_json import StrictJson


@post(
    "/refund",
    status_code=HTTP_200_OK,
    dto=StrictJson[RefundIn],
    return_dto=None,
    summary="Refund an order or some of its attendees",
    operation_id="refund_order",
    responses=answers("conflict"),
)
async def refund(
    order_id: FromPath[UUID],
    data: JSONBody[RefundIn],
    actor: NamedDependency[Actor],
    refund_order: NamedDependency[RefundOrder],
    get_order: NamedDependency[GetOrder],
    links: NamedDependency[Links],
) -> RefundedOut:
    """The tickets are void at once, and on sale again with ``restock``; Stripe gives the money back afterwards. A free
    order is cancelled in this way. Money that was paid at the counter is given back there: its refund is a record. The
    same refund is refused the second time, as the tickets are void; but if it has ``failed`` or was ``canceled``,
    repeating the request starts another refund of the part that has not gone back.

    Without ``attendee_ids`` all that is left goes back (except fees that stay), even after refunds by hand in Stripe's
    dashboard. Named attendees get the price of their tickets, and are refused if less is left. The amount that a lost
    dispute returned counts as given back for those who are named next. While a dispute is open, and the bank has the
    money, everything is refused; an inquiry may be answered with a refund.
    """
    order, made = await refund_order(
        order_id,
        by=actor,
        attendee_ids=data.attendee_ids,
        restock=data.restock,
        refund_fees=data.refund_fees,
        reason=data.reason,
    )
    found = await get_order(order_id)
    return RefundedOut(
        OrderOut.of_order(replace(found, order=order), checkout_url=links.checkout_url(order)),
        RefundOut.of(made, order.quote.currency) if made else None,
    )


@post(
    "/refund/preview",
    status_code=HTTP_200_OK,
    dto=StrictJson[RefundIn],
    return_dto=None,
    summary="Preview a refund",
    operation_id="preview_refund",
    responses=answers("conflict"),
)
async def preview(
    order_id: FromPath[UUID],
    data: JSONBody[RefundIn],
    actor: NamedDependency[Actor],
    preview_refund: NamedDependency[PreviewRefund],
) -> RefundPreviewOut:
    """What the buyer would get back and who would bear it.

    Nothing is changed. A refund that would be refused is refused here, too.
    """
    previewed = await preview_refund(actor, order_id, attendee_ids=data.attendee_ids, refund_fees=data.refund_fees)
    return RefundPreviewOut.of(previewed, restock=data.restock)


@get("/refunds", summary="List an order's refunds", operation_id="list_refunds")
async def refunds(
    order_id: FromPath[UUID], actor: NamedDependency[Actor], list_refunds: NamedDependency[ListRefunds]
) -> RefundListOut:
    """All refunds with their status, including failed ones and those made in Stripe's dashboard."""
    order, made = await list_refunds(actor, order_id)
    return RefundListOut([RefundOut.of(each, order.quote.currency) for each in made])


@get("/disputes", summary="List an order's disputes", operation_id="list_disputes")
async def disputes(
    order_id: FromPath[UUID], actor: NamedDependency[Actor], list_disputes: NamedDependency[ListDisputes]
) -> DisputeListOut:
    """The buyer's bank's claims, and their outcome."""
    order, found = await list_disputes(actor, order_id)
    return DisputeListOut([DisputeOut.of(each, order.quote.currency) for each in found])


@post(
    "/resend",
    status_code=HTTP_202_ACCEPTED,
    summary="Send an order's tickets again",
    operation_id="resend_tickets",
    responses=answers("conflict"),
)
async def resend(
    order_id: FromPath[UUID], actor: NamedDependency[Actor], resend_tickets: NamedDependency[ResendTickets]
) -> ResentOut:
    """Sends the confirmation mail again, with the tickets that still admit."""
    order = await resend_tickets(actor, order_id)
    return ResentOut(order.id, order.customer.email)


@patch(
    "/",
    dto=StrictJson[OrderChangesIn],
    return_dto=None,
    summary="Correct an order's customer",
    operation_id="change_order",
    responses=answers("conflict", "invalid_name", "invalid_email", "invalid_phone"),
)
async def change(
    order_id: FromPath[UUID],
    data: JSONBody[OrderChangesIn],
    actor: NamedDependency[Actor],
    change_customer: NamedDependency[ChangeCustomer],
    get_order: NamedDependency[GetOrder],
    links: NamedDependency[Links],
) -> OrderOut:
    """Name, e-mail address and phone number of an order that has valid tickets, or whose bank still works on the
    payment. Other orders are refused, and so is one whose buyer was erased. Attendees with the customer's old name get
    the new one; ticket codes stay.

    With another name or address the tickets are mailed again, to the present address. A replaced address also gets a
    mail, which shows a part of the new one. The same values again change nothing and mail nothing.
    """
    order = await change_customer(actor, order_id, data.to_changes())
    found = await get_order(order_id)
    return OrderOut.of_order(replace(found, order=order), checkout_url=links.checkout_url(order))


@patch(
    "/attendees/{attendee_id:uuid}",
    dto=StrictJson[AttendeeChangesIn],
    return_dto=None,
    summary="Put another name on a ticket",
    operation_id="change_attendee",
    responses=answers("conflict", "invalid_name"),
)
async def rename(
    order_id: FromPath[UUID],
    attendee_id: FromPath[UUID],
    data: JSONBody[AttendeeChangesIn],
    actor: NamedDependency[Actor],
    rename_attendee: NamedDependency[RenameAttendee],
    get_order: NamedDependency[GetOrder],
    links: NamedDependency[Links],
) -> OrderOut:
    """For a ticket that is valid and not checked in. It gets a new code, the one before admits no one any more, and
    the tickets are mailed again. The same name again changes nothing.
    """
    order = await rename_attendee(order_id, attendee_id, data.name, by=actor)
    found = await get_order(order_id)
    return OrderOut.of_order(replace(found, order=order), checkout_url=links.checkout_url(order))


@post(
    "/exchange",
    status_code=HTTP_200_OK,
    dto=StrictJson[ExchangeIn],
    return_dto=None,
    summary="Exchange tickets for others",
    operation_id="exchange_tickets",
    responses=answers(*REFUSALS),
)
async def exchange(
    order_id: FromPath[UUID],
    data: JSONBody[ExchangeIn],
    actor: NamedDependency[Actor],
    exchange_tickets: NamedDependency[ExchangeTickets],
    get_order: NamedDependency[GetOrder],
    links: NamedDependency[Links],
) -> ExchangedOut:
    """An order, or some of its attendees, gets tickets to another performance of the producer, or of another type: a
    new order, which says what it was ``exchanged_from``. What the old tickets paid counts as paid in it, with their
    fees and tax. The old tickets are void at once, and their places on sale again; the new ones are mailed. Cheaper
    tickets give the difference back, without fees. Dearer ones cost the difference and the fees on it: the new order
    is ``pending`` and holds its tickets, and the old tickets stay valid until it is paid. At the counter the difference
    changes hands there.
    """
    done = await exchange_tickets(order_id, data.to_request(), by=actor)
    return ExchangedOut.of(replace(await get_order(done.order.id), order=done.order), done, links)


@post(
    "/exchange/preview",
    status_code=HTTP_200_OK,
    dto=StrictJson[ExchangeIn],
    return_dto=None,
    summary="Preview an exchange",
    operation_id="preview_exchange",
    responses=answers(*REFUSALS),
)
async def exchange_preview(
    order_id: FromPath[UUID],
    data: JSONBody[ExchangeIn],
    actor: NamedDependency[Actor],
    exchange_tickets: NamedDependency[ExchangeTickets],
) -> ExchangePreviewOut:
    """What the new tickets cost, and what is due or goes back. Nothing is changed."""
    return ExchangePreviewOut.of(await exchange_tickets.preview(order_id, data.to_request(), by=actor))


@post("/notes", dto=StrictJson[NoteIn], return_dto=None, summary="Write a note on an order", operation_id="add_note")
async def write(
    order_id: FromPath[UUID],
    data: JSONBody[NoteIn],
    actor: NamedDependency[Actor],
    write_note: NamedDependency[WriteNote],
) -> NoteOut:
    """For colleagues; the buyer never sees it."""
    return NoteOut.of(await write_note(actor, order_id, data.text, for_door=data.for_door))


@get("/notes", summary="Read the notes on an order", operation_id="list_notes")
async def read(
    order_id: FromPath[UUID], actor: NamedDependency[Actor], read_notes: NamedDependency[ReadNotes]
) -> NoteListOut:
    """Oldest first."""
    return NoteListOut([NoteOut.of(note) for note in await read_notes(actor, order_id)])


router = guarded_router(
    "/orders/{order_id:uuid}",
    refund,
    preview,
    refunds,
    disputes,
    resend,
    change,
    rename,
    exchange,
    exchange_preview,
    write,
    read,
    scopes=[Scope.ORDERS],
    tags=["Producer: orders"],
)
