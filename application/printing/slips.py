"""Use case: the slips of an order, as the commands of a printer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from application.access.ownership import owned_order
from application.formatting import price_tag
from application.notifications.order_facts import occasion_of
from application.notifications.ticket_pdf import printable_tickets
from application.ports.catalog import ShowDetails
from application.ports.mail import PrintableTicket
from application.ports.printing import Slip, SlipCommands, SlipPicture, SlipPictures
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.printing.layout import OrderLine, PrintableOrder, order_slip, ticket_slip
from domain.access import Actor
from domain.errors import Conflict, NotFound
from domain.orders import ManualPayment, Order
from domain.printing import Medium, PrintArea, PrinterLanguage
from domain.shift import CounterSale

#: The most tickets of one order that are printed at a time: a roll has about 400.
MAX_TICKETS: Final = 300
#: What is printed in place of a price for tickets that were given away.
GIVEN_AWAY: Final = "Complimentary"


@dataclass(frozen=True, slots=True)
class OrderToPrint:
    """An order with its show, and its sale if a till sold it. ``attendee_ids`` are those whose tickets are printed;
    empty: all that are valid.
    """

    order: Order
    display: ShowDetails
    attendee_ids: Collection[UUID] = ()
    sale: CounterSale | None = None

    @property
    def tickets(self) -> list[tuple[UUID, PrintableTicket]]:
        """The tickets that are printed, with the ids of their attendees, in the order's order."""
        return [
            (attendee.id, replace(ticket, price=GIVEN_AWAY) if self._is_given_away else ticket)
            for attendee, ticket in printable_tickets(self.order, self.display)
            if not self.attendee_ids or attendee.id in self.attendee_ids
        ]

    @property
    def _is_given_away(self) -> bool:
        return self.order.manual_payment is ManualPayment.COMP

    def ensure_printable(self) -> None:
        """Raises Conflict if no ticket of it can be printed, or too many are asked for."""
        number = self.order.number
        tickets = self.tickets if self.order.success else []
        if not tickets:
            raise Conflict(f"Order {number} has no valid ticket to print")
        if len(tickets) > MAX_TICKETS:
            raise Conflict(f"Order {number} has {len(tickets)} tickets: please print at most {MAX_TICKETS} at a time")

    def order_slip(self, area: PrintArea) -> Slip:
        """The slip about the whole order."""
        order, show = self.order, self.display.show
        paid = [self._price(line.total_price) for line in order.lines]
        lines = [
            OrderLine(name=line.name, quantity=line.quantity, price=price)
            for line, price in zip(order.lines, paid, strict=True)
        ]
        return order_slip(
            PrintableOrder(
                show_title=show.title,
                producer_name=self.display.producer.name,
                occasion=occasion_of(show),
                customer_name=order.customer.name,
                order_number=order.number,
                lines=lines,
                total=self._price(order.quote.total + order.tax_added),
                in_cash=self._price(self.sale.taken) if self.sale and self.sale.rounding else "",
                printed=len(self.tickets),
            ),
            area,
        )

    def _price(self, minor: int) -> str:
        if self._is_given_away:
            return GIVEN_AWAY
        return price_tag(self.order.quote.currency, minor, self.display.show.locale)


async def order_to_print(uow: UnitOfWork, actor: Actor, order_id: UUID, attendee_ids: Collection[UUID]) -> OrderToPrint:
    """The actor's order, with those to print. Raises NotFound, also for an attendee of another order, and Conflict."""
    order = await owned_order(uow, actor, order_id)
    display = await uow.show_details.details(order.show_id)
    if display is None:
        raise NotFound("No such order")
    if not {attendee.id for attendee in order.attendees}.issuperset(attendee_ids):
        raise NotFound("No such attendee")
    sale = await uow.shifts.sale(order_id) if order.manual_payment is ManualPayment.CASH else None
    found = OrderToPrint(order, display, frozenset(attendee_ids), sale)
    found.ensure_printable()
    return found


@dataclass(frozen=True, slots=True)
class PrinterTools:
    """The adapters that draw slips and write the commands of printers."""

    pictures: SlipPictures
    languages: Mapping[PrinterLanguage, SlipCommands]


class DrawSlips:
    """Slips as the commands of a printer. Its tools are loaded, in a thread, when the first slip is drawn."""

    def __init__(self, load_tools: Callable[[], PrinterTools]) -> None:
        self._load_tools = load_tools
        self._tools: PrinterTools | None = None

    async def __call__(self, slips: Sequence[Slip], area: PrintArea) -> list[bytes]:
        """The commands for each slip."""
        if self._tools is None:
            self._tools = await asyncio.to_thread(self._load_tools)
        tools = self._tools
        pictures = await tools.pictures.draw(slips, area)
        return await asyncio.to_thread(_commands, tools.languages[area.language], pictures)


def _commands(language: SlipCommands, pictures: Sequence[SlipPicture]) -> list[bytes]:
    return [language.commands(picture) for picture in pictures]


@dataclass(frozen=True, slots=True)
class PrintedFile:
    """A file to send to a printer as it is."""

    name: str
    content: bytes


class PrintSlips:
    """An order's slips as a file."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, draw: DrawSlips) -> None:
        self._unit_of_work = unit_of_work
        self._draw = draw

    async def __call__(
        self,
        actor: Actor,
        order_id: UUID,
        medium: Medium,
        *,
        attendee_ids: Collection[UUID] = (),
        with_order_slip: bool = False,
    ) -> PrintedFile:
        """The valid tickets of the order, or of these attendees: a slip each, cut apart.

        Raises NotFound, and Conflict if there is none to print.
        """
        async with self._unit_of_work(read_only=True) as uow:
            found = await order_to_print(uow, actor, order_id, attendee_ids)
        area = medium.area
        slips = [ticket_slip(ticket, area) for _, ticket in found.tickets]
        if with_order_slip:
            slips.insert(0, found.order_slip(area))
        content = b"".join(await self._draw(slips, area))
        return PrintedFile(f"tickets-{found.order.number}.{area.language}", content)


class ListPrintable:
    """An order's tickets as they are printed by a browser."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, order_id: UUID, *, attendee_ids: Collection[UUID] = ()
    ) -> list[PrintableTicket]:
        """What is printed on each. Raises NotFound, and Conflict if there is none to print."""
        async with self._unit_of_work(read_only=True) as uow:
            found = await order_to_print(uow, actor, order_id, attendee_ids)
        return [ticket for _, ticket in found.tickets]
