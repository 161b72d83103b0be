"""What a show sells: ticket types, beside the places that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.catalog.tickets import AddTicket, ChangeTicket, DeleteTicket
from domain.capacity import Allocation, Capacity
from domain.catalog import MAX_PLACES, MAX_QUANTITY, Ticket, TicketFields, TicketLimits
from domain.errors import Conflict, DomainError, NotFound
from domain.people import Member, Right
from domain.sale_period import SaleState
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.show_desk import ShowDesk, ShowDesks, refuse

#: The fields of a refusal, by what the form calls them where that differs.
FIELDS: Final[Mapping[str, str]] = MappingProxyType({"on_sale_at": "on_sale_clock", "off_sale_at": "off_sale_clock"})
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "Name",
        "description": "Description",
        "price": "Price",
        "quantity": "How many",
        "capacity_id": "Places of",
        "places": "Places of each ticket",
        "on_sale_day": "On sale from",
        "on_sale_clock": "On sale from",
        "off_sale_day": "On sale until",
        "off_sale_clock": "On sale until",
    }
)
_SALE: Final = {SaleState.UPCOMING: "not on sale yet", SaleState.OPEN: "on sale", SaleState.OVER: "off sale"}


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket type with what is left of it."""

    ticket: Ticket
    left: int
    capacity: Capacity | None
    window: str

    @property
    def size(self) -> int:
        """What a bar is of: the type's own quantity, or as many as its capacity has room for."""
        own = self.ticket.inventory.quantity
        return own if own is not None else self.ticket.inventory.sold + self.ticket.inventory.held + self.left

    @property
    def words(self) -> str:
        """Sold, held and left, in words."""
        return counted(self.ticket.inventory.sold, self.ticket.inventory.held, self.left)


def counted(sold: int, held: int, left: int, *, kept: int = 0) -> str:
    """What is sold, held, kept and left: "120 sold, 4 held, 364 left"."""
    parts = [f"{sold:,} sold"]
    parts += [f"{count:,} {what}" for count, what in ((held, "held"), (kept, "kept")) if count]
    return ", ".join([*parts, f"{left:,} left" if left else "none left"])


@get("/{show_id:uuid}/tickets")
async def tickets_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """Ticket types, capacities and allocations, with a bar of each."""
    desk = await show_desks(request, member, show_id, "tickets")
    allocations = await desk.allocations()
    capacities = await desk.capacities()
    names = {capacity.id: capacity.name for capacity in capacities}
    context = {
        "rows": [_row(desk, ticket) for ticket in desk.details.tickets],
        "capacities": [
            (capacity, counted(capacity.sold, capacity.held, capacity.remaining, kept=capacity.allocated))
            for capacity in capacities
        ],
        "allocations": [
            (allocation, names.get(allocation.capacity_id, ""), _standing(desk, allocation))
            for allocation in allocations
        ],
    }
    return desk.render("office/tickets.html", context)


def _row(desk: ShowDesk, ticket: Ticket) -> TicketRow:
    capacity = next((each for each in desk.details.capacities if each.id == ticket.capacity_id), None)
    return TicketRow(ticket, desk.details.remaining(ticket), capacity, _window(desk, ticket))


def _window(desk: ShowDesk, ticket: Ticket) -> str:
    """When it is sold, where that is not simply while its show is."""
    if not ticket.has_sale_times:
        return ""
    begins = f"from {desk.when(ticket.on_sale_at.moment)}" if ticket.on_sale_at else ""
    ends = f"until {desk.when(ticket.off_sale_at.moment)}" if ticket.off_sale_at else ""
    state = _SALE[desk.show.sale_of(ticket).state(desk.now)]
    return f"{begins} {ends}".strip() + f" ({state})"


def _standing(desk: ShowDesk, allocation: Allocation) -> str:
    """When an allocation goes on public sale, or went."""
    if allocation.released_at:
        return f"released {desk.when(allocation.released_at)}"
    return f"goes on sale {desk.when(allocation.release_at)}" if allocation.release_at else "until released by hand"


@get("/{show_id:uuid}/tickets/new")
async def new_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """The form of a new ticket type."""
    desk = await show_desks(request, member, show_id, "tickets")
    capacities = await desk.capacities()
    first = capacities[0].id if capacities else ""
    return await _form_page(desk, Form.filled({"places": 1, "capacity_id": first}))


@post("/{show_id:uuid}/tickets/new")
async def add(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    add_ticket: NamedDependency[AddTicket],
) -> Response[Any]:
    """Add a ticket type. A form that is sent twice adds one."""
    desk = await show_desks(request, member, show_id, "tickets")
    form = await Form.read(request)
    price, limits, fields = _read(form, desk)
    try:
        if form.is_good and price is not None:
            await add_ticket(
                member.actor, show_id, price=price, limits=limits, fields=fields, ticket_id=id_in(form["key"])
            )
            return done(desk.path("/tickets"), "ticket-added")
    except DomainError as error:
        refuse(form, error, FIELDS)
    return await _form_page(desk, form)


@get("/{show_id:uuid}/tickets/{ticket_id:uuid}")
async def edit_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """A ticket type, to change it."""
    desk = await show_desks(request, member, show_id, "tickets")
    ticket = ticket_of(desk, ticket_id)
    return await _form_page(desk, _filled(desk, ticket), ticket)


@post("/{show_id:uuid}/tickets/{ticket_id:uuid}")
async def edit(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    change_ticket: NamedDependency[ChangeTicket],
) -> Response[Any]:
    """Change a ticket type; orders keep their prices."""
    desk = await show_desks(request, member, show_id, "tickets")
    ticket = ticket_of(desk, ticket_id)
    form = await Form.read(request)
    form.refuse_if_changed(_filled(desk, ticket), {str(each.id): each.name for each in await desk.capacities()})
    price, limits, fields = _read(form, desk, ticket)
    try:
        if form.is_good:
            await change_ticket(member.actor, ticket_id, price=price, limits=limits, fields=fields)
            return done(desk.path("/tickets"), "ticket-changed")
    except DomainError as error:
        refuse(form, error, FIELDS)
    return await _form_page(desk, form, ticket)


@get("/{show_id:uuid}/tickets/{ticket_id:uuid}/delete")
async def delete_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """Ask before a ticket type is deleted."""
    desk = await show_desks(request, member, show_id, "tickets")
    return _deletion(desk, ticket_of(desk, ticket_id), Form())


@post("/{show_id:uuid}/tickets/{ticket_id:uuid}/delete")
async def delete(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    delete_ticket: NamedDependency[DeleteTicket],
) -> Response[Any]:
    """Delete a ticket type without orders."""
    desk = await show_desks(request, member, show_id, "tickets")
    ticket, form = ticket_of(desk, ticket_id), Form()
    try:
        await delete_ticket(member.actor, ticket_id)
    except Conflict as error:
        form.refuse(error)
        return _deletion(desk, ticket, form)
    return done(desk.path("/tickets"), "ticket-deleted")


def ticket_of(desk: ShowDesk, ticket_id: UUID) -> Ticket:
    """The show's ticket type. Raises NotFound."""
    for ticket in desk.details.tickets:
        if ticket.id == ticket_id:
            return ticket
    raise NotFound("No such ticket")


def _deletion(desk: ShowDesk, ticket: Ticket, form: Form) -> Response[str]:
    context = {
        "title": "Delete this ticket type?",
        "name": ticket.name,
        "words": "It is taken off the show's page at once. A ticket type that has orders stays: end its sale instead.",
        "submit": "Delete the ticket type",
        "back": desk.path("/tickets"),
    }
    return desk.render("office/ask.html", context, form=form)


async def _form_page(desk: ShowDesk, form: Form, ticket: Ticket | None = None) -> Response[str]:
    capacities = [(str(each.id), f"{each.name} ({each.size:,} places)") for each in await desk.capacities()]
    context = {
        "ticket": ticket,
        "labels": LABELS,
        "capacities": [("", "None: it has a number of its own"), *capacities] if capacities else [],
    }
    return desk.render("office/ticket_form.html", context, form=form)


def _filled(desk: ShowDesk, ticket: Ticket) -> Form:
    return Form.filled(
        {
            "name": ticket.name,
            "description": ticket.description,
            "price": desk.words.numbers.write(ticket.price),
            "is_donation_based": ticket.is_donation_based,
            "is_vip": ticket.is_vip,
            "hidden": ticket.hidden,
            "quantity": ticket.inventory.quantity,
            "capacity_id": ticket.capacity_id or "",
            "places": ticket.places,
            **desk.local("on_sale", ticket.on_sale_at.moment if ticket.on_sale_at else None),
            **desk.local("off_sale", ticket.off_sale_at.moment if ticket.off_sale_at else None),
        }
    )


def _read(form: Form, desk: ShowDesk, was: Ticket | None = None) -> tuple[Decimal | None, TicketLimits, TicketFields]:
    """What was typed; what is wrong is noted in the form."""
    capacity_id = id_in(form["capacity_id"])
    quantity = form.whole("quantity", required=capacity_id is None, most=MAX_QUANTITY)
    places = form.whole("places", least=1, most=MAX_PLACES)
    price = form.money("price", desk.words.numbers, required=True)
    fields: dict[str, Any] = {
        "name": form.text("name", required=True),
        "description": form.text("description"),
        "is_donation_based": form.checked("is_donation_based"),
        "is_vip": form.checked("is_vip"),
        "hidden": form.checked("hidden"),
    }
    for name in ("on_sale", "off_sale"):
        typed = form.local_time(f"{name}_day", f"{name}_clock")
        before = getattr(was, f"{name}_at") if was else None
        # A time that stays is not read again: the clock may show it twice.
        is_same = before is not None and typed == before.local.replace(fold=0, second=0, microsecond=0)
        if not is_same:
            fields[f"{name}_at"] = typed
    limits = TicketLimits(quantity=quantity, capacity_id=capacity_id, places=places or 1)
    return None if price is None else desk.words.currency.to_decimal(price), limits, cast("TicketFields", fields)


router = office_router(
    "/office/shows",
    tickets_page,
    new_page,
    add,
    edit_page,
    edit,
    delete_page,
    delete,
    right=Right.CATALOG,
)
