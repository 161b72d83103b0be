"""An order's page in the office, and what is done with the order there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_409_CONFLICT

from application.checkin.decide_scans import ScanRequest
from application.checkin.scan import CheckIn
from application.checkin.undo import UndoCheckIn
from application.links import Links
from application.orders.customer import ChangeCustomer, CustomerChanges
from application.orders.history import FindOrder, OrderHistory, ReadOrderHistory
from application.orders.notes import WriteNote
from application.orders.rename import RenameAttendee
from application.orders.resend_tickets import ResendTickets
from application.ports.order_lists import PaidBy
from application.ports.system import Clock
from domain.admission import ScanResult
from domain.audit_log import Action
from domain.customer import parse_email, parse_name, parse_phone
from domain.errors import Conflict, DomainError, NotFound
from domain.notes import MAX_NOTE_LENGTH
from domain.orders import PAID, Order, TicketAttendee, number_of
from domain.people import Member, Right
from domain.refunds import is_moved_on, left_to_refund
from domain.ticket_code import groups_of
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.order_words import MAILS, PROBLEMS, REFUNDS, STATES, WAYS, TimelineWords
from entrypoints.office.orders import PATH
from entrypoints.office.rendering import OfficePages
from entrypoints.web.page_format import PageFormat

#: Attendees on the page: an order of the counter may have hundreds.
PEOPLE: Final = 100
#: The fields of a customer, by the names that errors have for them.
_CUSTOMER_FIELDS: Final = {"customer.name": "name", "customer.email": "email", "customer.phone": "phone"}
#: The same again within this time is the same form sent twice.
_TWICE: Final = timedelta(minutes=1)
_REFUSED_AT_THE_DOOR: Final[Mapping[ScanResult, str]] = {
    ScanResult.ALREADY_ADMITTED: "This ticket is in already.",
    ScanResult.VOID: "This ticket is void: it lets no one in.",
}


def order_path(order_id: UUID) -> str:
    """The address of an order's page, by its id, which is never another order's."""
    return f"{PATH}/{order_id}"


def gone_to(order_id: UUID, done: str = "") -> Redirect:
    """The way back to an order's page after something was done."""
    return Redirect(order_path(order_id) + (f"?done={done}" if done else ""), status_code=HTTP_303_SEE_OTHER)


def order_context(history: OrderHistory, member: Member) -> dict[str, Any]:
    """What every page about one order needs."""
    order = history.order
    return {
        "order": order,
        "show": history.show,
        "history": history,
        "words": PageFormat(history.show, order.quote.currency),
        "sees_all": member.may(Right.ORDERS),
        "path": order_path(order.id),
    }


@get("/{reference:str}")
async def order_page(
    request: Request[Any, Any, Any],
    reference: FromPath[str],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    find_order: NamedDependency[FindOrder],
    read_order_history: NamedDependency[ReadOrderHistory],
    links: NamedDependency[Links],
    clock: NamedDependency[Clock],
) -> Response[str]:
    """The order with its amounts, attendees and life. Of several orders with one number, the person chooses."""
    ids = await find_order(member.actor, reference)
    histories = [await read_order_history(member.actor, order_id) for order_id in ids]
    if len(histories) > 1:
        context = {"histories": [order_context(each, member) for each in histories], "number": reference.upper()}
        return office_pages.page(request, member, "office/orders_of_number.html", context, active="orders")
    return _page(request, member, office_pages, histories[0], links, clock)


def _page(
    request: Request[Any, Any, Any],
    member: Member,
    office_pages: OfficePages,
    history: OrderHistory,
    links: Links,
    clock: Clock,
    form: Form | None = None,
) -> Response[str]:
    order, form = history.order, form or Form()
    context = {
        **order_context(history, member),
        "form": form,
        "people": PeopleShown.of(order, str(request.query_params.get("people", ""))),
        "state": STATES[order.status],
        "way": WAYS[_way_of(order)],
        "told": TimelineWords(
            history,
            PageFormat(history.show, order.quote.currency),
            clock.now(),
            sees_personal_data=member.may(Right.ORDERS),
        ).told(),
        "amounts": _amounts(history),
        "refunds": [(each, REFUNDS[each.status]) for each in history.facts.refunds if not is_moved_on(order, each)],
        "troubles": [(MAILS.get(each.kind, "a mail"), PROBLEMS[each.problem], each) for each in history.undelivered],
        "may": _may(history, member),
        "buyers_page": links.order_page(order),
        "pdf": f"/api/v1/orders/{order.id}/tickets.pdf?token={links.tokens.token(order.id)}",
        "exchanges": [(each.id, number_of(each.id), each.status in PAID) for each in history.exchanges],
        "earlier": (order.exchange.order_id, number_of(order.exchange.order_id)) if order.exchange else None,
        "groups_of": groups_of,
        "out_since": history.out_since,
        "max_note": MAX_NOTE_LENGTH,
    }
    return office_pages.page(request, member, "office/order.html", context, active="orders", status_code=form.status)


@dataclass(frozen=True, slots=True)
class PeopleShown:
    """A part of an order's attendees, and where the parts before and after begin (None: there is none)."""

    items: Sequence[TicketAttendee]
    before: int | None
    after: int | None

    @classmethod
    def of(cls, order: Order, text: str) -> PeopleShown:
        """The part that begins at the place that an address names."""
        count = len(order.attendees)
        start = int(text) if text.isdecimal() and len(text) <= len(str(count)) and int(text) < count else 0
        end = start + PEOPLE
        before = max(start - PEOPLE, 0) if start else None
        return cls(order.attendees[start:end], before, end if end < count else None)


def _way_of(order: Order) -> PaidBy:
    if order.manual_payment:
        return PaidBy(order.manual_payment)
    return PaidBy.ONLINE if order.quote.total else PaidBy.FREE


def _amounts(history: OrderHistory) -> Mapping[str, int]:
    """What was paid, what went back, and what is left of it, in minor units."""
    order, money = history.order, history.money_back
    return {
        "paid": order.amount_paid,
        "credit": order.exchange.credit if order.exchange and order.completed_at else 0,
        "tax": order.tax,
        "refunded": order.refunded_amount,
        "owed": money.owed if money else 0,
        "left": left_to_refund(order, history.facts.disputes) if order.completed_at else 0,
        "fees_on_top": order.quote.fees_on_top,
        "fees": order.quote.fees,
    }


def _may(history: OrderHistory, member: Member) -> Mapping[str, bool]:
    """What the order allows now, to this person."""
    order = history.order
    changes = member.may(Right.ORDERS) and not order.customer.is_erased
    has_valid = order.success
    unused = any(each.is_valid and each.checked_in_at is None for each in order.attendees)
    owes = history.money_back is not None and history.money_back.owed > 0
    return {
        "resend": changes and has_valid and order.customer.has_address,
        "customer": changes and (has_valid or order.holds_tickets),
        "rename": changes and has_valid,
        "refund": member.may(Right.ORDERS) and order.status in PAID and (has_valid or owes),
        "exchange": changes and has_valid and unused,
        "note": member.may(Right.ORDERS),
        "check_in": member.may(Right.CHECKIN) and has_valid and not history.show.cancelled,
        "erase": changes and bool(order.customer.email),
        "holds": member.may(Right.ORDERS) and order.holds_tickets,
    }


@post("/{order_id:uuid}/resend")
async def resend(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    resend_tickets: NamedDependency[ResendTickets],
    read_order_history: NamedDependency[ReadOrderHistory],
    links: NamedDependency[Links],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """Mails the tickets again; once for a form that is sent twice."""
    history = await read_order_history(member.actor, order_id)
    asked = [entry.at for entry in history.facts.audit if entry.action == Action.ORDER_RESENT]
    if any(clock.now() - at < _TWICE for at in asked):
        return gone_to(order_id, "resent")
    try:
        await resend_tickets(member.actor, order_id)
    except Conflict as refusal:
        return _page(request, member, office_pages, history, links, clock, _refused(refusal))
    return gone_to(order_id, "resent")


@post("/{order_id:uuid}/notes")
async def note(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    write_note: NamedDependency[WriteNote],
    read_order_history: NamedDependency[ReadOrderHistory],
    links: NamedDependency[Links],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """Writes a note for colleagues."""
    form = await Form.read(request)
    text = form.text("text", required=True, most=MAX_NOTE_LENGTH)
    history = await read_order_history(member.actor, order_id)
    is_again = any(
        (each.author, each.text) == (member.actor.name, text) and clock.now() - each.written_at < _TWICE
        for each in history.facts.notes
    )
    if form.is_good and not is_again:
        try:
            await write_note(member.actor, order_id, text, for_door=form.checked("for_door"))
        except DomainError as refusal:
            form.refuse(refusal)
    if not form.is_good:
        return _page(request, member, office_pages, history, links, clock, form)
    return gone_to(order_id, "noted")


@get("/{order_id:uuid}/customer")
async def customer_page(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[str]:
    """The buyer's name, address and phone number, to be corrected."""
    history = await read_order_history(member.actor, order_id)
    return _customer(request, member, office_pages, history, _filled_customer(history.order))


def _filled_customer(order: Order) -> Form:
    customer = order.customer
    return Form.filled({"name": customer.name, "email": customer.email, "phone": customer.phone})


def _customer(
    request: Request[Any, Any, Any], member: Member, office_pages: OfficePages, history: OrderHistory, form: Form
) -> Response[str]:
    context = {**order_context(history, member), "form": form}
    return office_pages.page(
        request, member, "office/order_customer.html", context, active="orders", status_code=form.status
    )


@post("/{order_id:uuid}/customer")
async def correct_customer(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    change_customer: NamedDependency[ChangeCustomer],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[Any]:
    """Corrects the buyer's data; with another name or address the tickets are mailed again."""
    form = await Form.read(request)
    history = await read_order_history(member.actor, order_id)
    form.refuse_if_changed(_filled_customer(history.order))
    try:
        if form.is_good:
            await change_customer(member.actor, order_id, _changes(form, history.order))
            return gone_to(order_id, "customer-corrected")
    except DomainError as refusal:
        form.refuse(refusal, _CUSTOMER_FIELDS)
    return _customer(request, member, office_pages, history, form)


def _changes(form: Form, order: Order) -> CustomerChanges:
    """What was typed, as the use case takes it: a part that was not changed is not read again."""
    before, changes = order.customer, CustomerChanges()
    name, email, phone = form.text("name"), form.text("email"), form.text("phone")
    if name != before.name:
        changes["name"] = parse_name(name) if name else ""
    if email != before.email:
        changes["email"] = parse_email(email) if email else ""
    if phone != (before.phone or ""):
        changes["phone"] = parse_phone(phone)
    return changes


@get("/{order_id:uuid}/attendees/{attendee_id:uuid}")
async def attendee_page(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    attendee_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[str]:
    """The name on a ticket, to be changed."""
    history = await read_order_history(member.actor, order_id)
    attendee = _attendee(history.order, attendee_id)
    return _attendee_page(request, member, office_pages, history, attendee, Form.filled({"name": attendee.name}))


def _attendee_page(
    request: Request[Any, Any, Any],
    member: Member,
    office_pages: OfficePages,
    history: OrderHistory,
    attendee: TicketAttendee,
    form: Form,
) -> Response[str]:
    context = {**order_context(history, member), "attendee": attendee, "form": form}
    return office_pages.page(
        request, member, "office/order_attendee.html", context, active="orders", status_code=form.status
    )


@post("/{order_id:uuid}/attendees/{attendee_id:uuid}")
async def rename(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    attendee_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    rename_attendee: NamedDependency[RenameAttendee],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[Any]:
    """Puts another name on a ticket, which gets a new code and is mailed again."""
    form = await Form.read(request)
    history = await read_order_history(member.actor, order_id)
    attendee = _attendee(history.order, attendee_id)
    form.refuse_if_changed(Form.filled({"name": attendee.name}))
    try:
        if form.is_good:
            await rename_attendee(order_id, attendee_id, form["name"], by=member.actor)
            return gone_to(order_id, "renamed")
    except DomainError as refusal:
        form.refuse(refusal)
    return _attendee_page(request, member, office_pages, history, attendee, form)


@post("/{order_id:uuid}/attendees/{attendee_id:uuid}/let-in")
async def let_in(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    attendee_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    check_in: NamedDependency[CheckIn],
    read_order_history: NamedDependency[ReadOrderHistory],
    links: NamedDependency[Links],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """Checks a person in, as a scan at the door does."""
    history = await read_order_history(member.actor, order_id)
    code = _attendee(history.order, attendee_id).code
    scan = ScanRequest(by=member.actor, code=code, show_id=history.show.id, device_id=_device(member))
    result = await check_in(scan)
    if refusal := _REFUSED_AT_THE_DOOR.get(result.result):
        form = _refused(Conflict(refusal))
        return _page(
            request, member, office_pages, await read_order_history(member.actor, order_id), links, clock, form
        )
    return gone_to(order_id, "let-in")


@post("/{order_id:uuid}/attendees/{attendee_id:uuid}/let-out")
async def let_out(
    order_id: FromPath[UUID],
    attendee_id: FromPath[UUID],
    member: NamedDependency[Member],
    undo_check_in: NamedDependency[UndoCheckIn],
    read_order_history: NamedDependency[ReadOrderHistory],
) -> Response[Any]:
    """Undoes a check-in: the code admits again."""
    history = await read_order_history(member.actor, order_id)
    await undo_check_in(member.actor, _attendee(history.order, attendee_id).code, show_id=history.show.id)
    return gone_to(order_id, "let-out")


def _device(member: Member) -> str:
    """The name of the scanner in a check-in of the office: the person."""
    printable = "".join(character for character in member.actor.name if character.isprintable())
    return f"Office: {printable}"[:100].strip()


def _attendee(order: Order, attendee_id: UUID) -> TicketAttendee:
    attendee = next((each for each in order.attendees if each.id == attendee_id), None)
    if attendee is None:
        raise NotFound("No such ticket")
    return attendee


def _refused(refusal: Conflict) -> Form:
    form = Form()
    form.refuse(refusal)
    form.status = HTTP_409_CONFLICT
    return form


routers = (
    office_router(PATH, order_page, right=Right.VIEW),
    office_router(PATH, resend, note, customer_page, correct_customer, attendee_page, rename, right=Right.ORDERS),
    office_router(PATH, let_in, let_out, right=Right.CHECKIN),
)
