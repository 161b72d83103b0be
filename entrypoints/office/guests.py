"""Guest lists and complimentary tickets by the hundred: a CSV file, typed lines, or a number of orders.

What comes is checked first, and placed by a job when a person starts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from application.errors import Busy
from application.jobs.manual_orders import MAX_ORDERS, DraftManualOrders, ListedOrder, ListTerms
from domain.errors import DomainError, InvalidRequest
from domain.orders import ManualPayment
from domain.people import Member, Right
from domain.policy import MAX_TICKETS_AT_THE_COUNTER, CheckoutPolicy
from entrypoints.http.producer.guest_list import COLUMNS, GuestLine, GuestList, read_lines
from entrypoints.http.producer.many_orders import MAX_BYTES
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.sell import PAYMENTS, allocation_choices
from entrypoints.office.show_desk import ShowDesk, ShowDesks, refuse

#: The three ways in which a list comes.
FILE: Final = "file"
TYPED: Final = "typed"
COUNT: Final = "count"
SOURCES: Final = (
    (FILE, "A CSV file", ""),
    (TYPED, "Names, typed or pasted", ""),
    (COUNT, "A number of orders without names", ""),
)
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source": "Where the guests come from",
        "guests": "File",
        "lines": "Guests",
        "orders": "Orders",
        "ticket_id": "Ticket type",
        "quantity": "Tickets of each",
        "payment": "Paid",
        "allocation_id": "Places",
        "all_or_nothing": "All or none",
    }
)
FIELDS: Final[Mapping[str, str]] = MappingProxyType({"list": "source"})


@get("/{show_id:uuid}/guests")
async def guests_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """The form for a list."""
    desk = await show_desks(request, member, show_id, "guests")
    form = Form.filled({"source": FILE, "payment": ManualPayment.COMP, "quantity": 1})
    return await _page(desk, form)


@post("/{show_id:uuid}/guests", request_max_body_size=2 * MAX_BYTES)
async def check(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    draft_manual_orders: NamedDependency[DraftManualOrders],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[Any]:
    """Keep the list as a draft with its report, and lead there."""
    desk = await show_desks(request, member, show_id, "guests")
    form = await Form.read(request)
    try:
        lines, name = await _lines(form)
        terms = _terms(form, name)
        if form.is_good:
            guests = _guests(form, desk, policy, terms)
            listed = [ListedOrder(line.number, guests.request(line, None)) for line in lines]
            draft = await draft_manual_orders(member.actor, show_id, listed, terms)
            return Redirect(f"/office/jobs/{draft.id}", status_code=HTTP_303_SEE_OTHER)
    except DomainError as error:
        refuse(form, error, FIELDS)
    except Busy as error:
        form.wrong("", f"{error}.")
    return await _page(desk, form)


async def _page(desk: ShowDesk, form: Form) -> Response[str]:
    allocations = await desk.allocations()
    context = {
        "labels": LABELS,
        "sources": SOURCES,
        "payments": PAYMENTS,
        "tickets": [
            (str(ticket.id), f"{ticket.name} ({desk.details.remaining(ticket):,} left)")
            for ticket in desk.details.tickets
        ],
        "allocations": allocation_choices(allocations),
        "columns": COLUMNS,
        "most": MAX_ORDERS,
    }
    return desk.render("office/guests.html", context, form=form)


async def _lines(form: Form) -> tuple[Sequence[GuestLine], str]:
    """The lines of the list, and its name. Raises InvalidRequest for a file that cannot be read."""
    source = form.one_of("source", [value for value, *_ in SOURCES])
    if source == FILE:
        return await _lines_of_file(form)
    ticket, quantity = form.text("ticket_id"), form.whole("quantity", least=1, most=MAX_TICKETS_AT_THE_COUNTER) or 1
    common = {"ticket": ticket, "quantity": str(quantity)}
    if source == COUNT:
        orders = form.whole("orders", required=True, least=1, most=MAX_ORDERS) or 0
        return [GuestLine(number, common) for number in range(1, orders + 1)], f"{orders:,} orders"
    typed = form.text("lines", required=source == TYPED, most=MAX_BYTES).splitlines()
    found = [GuestLine(number, {**common, **_typed(line)}) for number, line in enumerate(typed, 1) if line.strip()]
    return found, "typed names"


async def _lines_of_file(form: Form) -> tuple[Sequence[GuestLine], str]:
    file = form.files.get("guests")
    content = await file.read() if file else b""
    if file is None or not content:
        form.wrong("guests", "Please choose a file.")
        return [], ""
    if len(content) > MAX_BYTES:
        form.wrong("guests", "The file is larger than 1 MB.")
        return [], ""
    try:
        return read_lines(content), file.filename[-100:]
    except InvalidRequest as error:
        form.wrong("guests", f"{error}.")
        return [], ""


def _typed(line: str) -> dict[str, str]:
    """A typed guest: the name, and after a comma, a semicolon or a tab the e-mail address."""
    for mark in (";", "\t", ","):
        name, found, email = line.partition(mark)
        if found:
            return {"name": name.strip(), "email": email.strip()}
    return {"name": line.strip()}


def _terms(form: Form, name: str) -> ListTerms:
    return ListTerms(
        source=name,
        allocation_id=id_in(form["allocation_id"]),
        checked_in=form.checked("checked_in"),
        all_or_nothing=form.checked("all_or_nothing"),
    )


def _guests(form: Form, desk: ShowDesk, policy: CheckoutPolicy, terms: ListTerms) -> GuestList:
    payment = ManualPayment(form.one_of("payment", [*ManualPayment]) or ManualPayment.COMP)
    return GuestList(
        desk.show.id,
        desk.details.tickets,
        payment,
        policy,
        checked_in=terms.checked_in,
        allocation_id=terms.allocation_id,
    )


router = office_router("/office/shows", guests_page, check, right=Right.ORDERS)
