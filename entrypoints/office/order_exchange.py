"""The page of the office where tickets are exchanged: first the show, then who gets which ticket, then what it costs.

The choice is in the address, so every step can be reloaded and gone back from. Only the last button changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_409_CONFLICT

from application.catalog.shows import GetOwnShow
from application.checkout.exchange import Exchanged, ExchangeRequest, ExchangeTickets
from application.errors import ApplicationError
from application.orders.history import OrderHistory, ReadOrderHistory
from application.orders.lists import ShowChoices
from application.ports.catalog import ShowDetails
from application.ports.payment import PaymentError
from domain.catalog import Show
from domain.errors import DomainError, NotFound
from domain.orders import TicketAttendee
from domain.people import Member, Right
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.order import gone_to, order_context
from entrypoints.office.order_filters import query_form
from entrypoints.office.orders import PATH
from entrypoints.office.rendering import OfficePages
from entrypoints.web.page_format import PageFormat

#: The field of an attendee's new ticket type begins so; the attendee's id follows.
TICKET_OF: Final = "t-"
_TRY_AGAIN: Final = "That did not go through, and nothing has changed. Please try again in a moment."


def exchangeable(history: OrderHistory) -> list[TicketAttendee]:
    """The attendees whose tickets are valid and not used."""
    return [each for each in history.order.attendees if each.is_valid and each.checked_in_at is None]


def _request(form: Form, history: OrderHistory) -> ExchangeRequest | None:
    """The exchange that the form names; None if no one gets another ticket."""
    show_id = id_in(form["show"])
    wanted: dict[UUID, list[UUID]] = {}
    for attendee in exchangeable(history):
        if ticket_id := id_in(form[f"{TICKET_OF}{attendee.id}"]):
            wanted.setdefault(ticket_id, []).append(attendee.id)
    return ExchangeRequest(show_id, list(wanted.items())) if show_id and wanted else None


@get("/{order_id:uuid}/exchange")
async def exchange_page(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    exchange_tickets: NamedDependency[ExchangeTickets],
    read_order_history: NamedDependency[ReadOrderHistory],
    get_own_show: NamedDependency[GetOwnShow],
    show_choices: NamedDependency[ShowChoices],
) -> Response[str]:
    """The choice, and what it would cost."""
    history = await read_order_history(member.actor, order_id)
    form, seen = query_form(request), None
    wanted = _request(form, history)
    if wanted:
        try:
            seen = await exchange_tickets.preview(order_id, wanted, by=member.actor)
        except DomainError as refusal:
            form.refuse(refusal)
    elif form["chosen"]:
        form.wrong("", "Please choose another ticket for at least one person.")
    shows = await show_choices(member.actor, only_to_come=True)
    display = await _display(get_own_show, member, form)
    return _page(request, member, office_pages, history, form, shows, display, seen)


@post("/{order_id:uuid}/exchange")
async def exchange(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    exchange_tickets: NamedDependency[ExchangeTickets],
    read_order_history: NamedDependency[ReadOrderHistory],
    get_own_show: NamedDependency[GetOwnShow],
    show_choices: NamedDependency[ShowChoices],
) -> Response[Any]:
    """Exchanges, and leads to the new order. The same form a second time finds the exchange done, and leads there."""
    form = await Form.read(request)
    history = await read_order_history(member.actor, order_id)
    wanted = _request(form, history)
    if wanted is None and _is_done(form, history):
        return gone_to(history.exchanges[-1].id, "exchanged")
    try:
        if wanted is None:
            raise NotFound("Please choose another ticket for at least one person", field="show")
        done = await exchange_tickets(order_id, wanted, by=member.actor)
        return gone_to(done.order.id, "exchange-waits" if done.order.holds_tickets else "exchanged")
    except DomainError as refusal:
        form.refuse(refusal)
    except (ApplicationError, PaymentError):
        form.wrong("", _TRY_AGAIN)
    form.status = HTTP_409_CONFLICT
    shows = await show_choices(member.actor, only_to_come=True)
    display = await _display(get_own_show, member, form)
    return _page(request, member, office_pages, history, form, shows, display, None)


def _is_done(form: Form, history: OrderHistory) -> bool:
    """Whether the tickets that the form names were exchanged already."""
    named = [name.removeprefix(TICKET_OF) for name in form.names() if name.startswith(TICKET_OF)]
    void = {str(attendee.id) for attendee in history.order.attendees if not attendee.is_valid}
    return bool(history.exchanges) and bool(named) and set(named) <= void


async def _display(get_own_show: GetOwnShow, member: Member, form: Form) -> ShowDetails | None:
    show_id = id_in(form["show"])
    return await get_own_show(member.actor, show_id) if show_id else None


def _page(
    request: Request[Any, Any, Any],
    member: Member,
    office_pages: OfficePages,
    history: OrderHistory,
    form: Form,
    shows: Sequence[Show],
    display: ShowDetails | None,
    seen: Exchanged | None,
) -> Response[str]:
    currency = history.order.quote.currency
    context = {
        **order_context(history, member),
        "form": form,
        "shows": [(each, PageFormat(each, currency)) for each in shows],
        "display": display,
        "display_words": PageFormat(display.show, currency) if display else None,
        "people": [(each, f"{TICKET_OF}{each.id}") for each in exchangeable(history)],
        "options": _options(display, PageFormat(display.show, currency)) if display else [],
        "preset": _preset(history, display),
        "seen": seen,
    }
    return office_pages.page(
        request, member, "office/order_exchange.html", context, active="orders", status_code=form.status
    )


def _options(display: ShowDetails, words: PageFormat) -> list[tuple[str, str]]:
    """The ticket types that can be got. One whose price the buyer names cannot."""
    return [
        (str(ticket.id), f"{ticket.name}, {words.price(ticket.price) if ticket.price else 'free'}")
        for ticket in display.tickets
        if not ticket.is_donation_based
    ]


def _preset(history: OrderHistory, display: ShowDetails | None) -> Mapping[UUID, str]:
    """The ticket type of the same name at another show, for each attendee."""
    if display is None or display.show.id == history.show.id:
        return {}
    by_name = {ticket.name: str(ticket.id) for ticket in display.tickets if not ticket.is_donation_based}
    return {each.id: by_name[each.ticket_name] for each in exchangeable(history) if each.ticket_name in by_name}


routers = (office_router(PATH, exchange_page, exchange, right=Right.ORDERS),)
