"""Use cases: chosen tickets of any orders, as one PDF, as one file for a printer, or on a paired printer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from application.concurrency.retry import retry_on_conflict
from application.ports.mail import PrintableTicket, TicketRenderer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.printing.layout import ticket_slip
from application.printing.queue import MAX_WAITING, ensure_printer
from application.printing.slips import DrawSlips, OrderToPrint, PrintedFile
from domain.access import Actor
from domain.errors import Conflict, InvalidRequest, NotFound
from domain.printing import Medium, PrintJob

#: The most tickets that are printed at a time: a roll has about 400.
MAX_SELECTED: Final = 200
_FIELD: Final = "attendee_ids"


async def selected_tickets(uow: UnitOfWork, actor: Actor, attendee_ids: Collection[UUID]) -> list[OrderToPrint]:
    """The orders of these attendees with their valid tickets, in the order in which they were chosen. What became void
    is left out.

    Raises InvalidRequest for none and for more than MAX_SELECTED, NotFound for one that is not the actor's, Conflict
    if none is valid.
    """
    chosen = list(dict.fromkeys(attendee_ids))
    if not 1 <= len(chosen) <= MAX_SELECTED:
        raise InvalidRequest(f"Please choose 1 to {MAX_SELECTED} tickets", field=_FIELD)
    found = await uow.check_ins.tickets_of(chosen)
    reached = [found[each] for each in chosen if each in found]
    is_own = all(each.producer_id == actor.producer_id and actor.reaches(each.show_id) for each in reached)
    if len(reached) < len(chosen) or not is_own:
        raise NotFound("No such attendee")
    of_order: dict[UUID, list[UUID]] = defaultdict(list)
    for each in reached:
        of_order[each.order_id].append(each.attendee_id)
    orders = await uow.orders.get_all(of_order)
    displays = await uow.show_details.details_of({order.show_id for order in orders.values()})
    wanted = [
        OrderToPrint(orders[order_id], displays[orders[order_id].show_id], frozenset(those))
        for order_id, those in of_order.items()
    ]
    printable = [each for each in wanted if each.order.success and each.tickets]
    if not printable:
        raise Conflict("None of these tickets is valid any more", field=_FIELD)
    return printable


def _tickets(orders: Sequence[OrderToPrint]) -> list[PrintableTicket]:
    return [ticket for order in orders for _, ticket in order.tickets]


class PrintSelected:
    """Chosen tickets as a file."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, renderer: TicketRenderer, draw: DrawSlips) -> None:
        self._unit_of_work = unit_of_work
        self._renderer = renderer
        self._draw = draw

    async def as_pdf(self, actor: Actor, attendee_ids: Collection[UUID]) -> PrintedFile:
        """A page for each ticket. Raises as ``selected_tickets`` does."""
        async with self._unit_of_work(read_only=True) as uow:
            tickets = _tickets(await selected_tickets(uow, actor, attendee_ids))
        return PrintedFile(_name(len(tickets), "pdf"), await self._renderer.render(tickets))

    async def as_slips(self, actor: Actor, attendee_ids: Collection[UUID], medium: Medium) -> PrintedFile:
        """A slip for each ticket, cut apart. Raises as ``selected_tickets`` does."""
        async with self._unit_of_work(read_only=True) as uow:
            tickets = _tickets(await selected_tickets(uow, actor, attendee_ids))
        area = medium.area
        content = b"".join(await self._draw([ticket_slip(ticket, area) for ticket in tickets], area))
        return PrintedFile(_name(len(tickets), area.language), content)


def _name(tickets: int, kind: str) -> str:
    return f"tickets-{tickets}.{kind}" if tickets > 1 else f"ticket.{kind}"


@dataclass(frozen=True, slots=True)
class QueuedTickets:
    """The jobs of one request, and how many tickets they have together."""

    jobs: tuple[PrintJob, ...]
    tickets: int


class QueueSelected:
    """Chosen tickets into a printer's queue: a job for each order, all of them or none."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(
        self, actor: Actor, attendee_ids: Collection[UUID], *, printer_id: UUID, request_id: UUID | None = None
    ) -> QueuedTickets:
        """The jobs, as the tickets were chosen.

        A request that may come twice names the ``request_id``: the second prints nothing more. Raises as
        ``selected_tickets`` does, NotFound (printer), and Conflict if the printer has too many jobs, or prints no
        tickets of one of the shows.
        """
        namespace = request_id or self._ids.new()
        return await retry_on_conflict(lambda: self._queue(actor, attendee_ids, printer_id, namespace))

    async def _queue(
        self, actor: Actor, attendee_ids: Collection[UUID], printer_id: UUID, namespace: UUID
    ) -> QueuedTickets:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            orders = await selected_tickets(uow, actor, attendee_ids)
            for show_id in {each.order.show_id for each in orders}:
                await ensure_printer(uow, actor, printer_id, show_id)
            waiting = await uow.print_jobs.lock_open(printer_id)
            jobs = []
            for each in orders:
                job = PrintJob(
                    id=uuid5(namespace, each.order.id.hex),
                    producer_id=actor.producer_id,
                    printer_id=printer_id,
                    order_id=each.order.id,
                    attendee_ids=tuple(attendee_id for attendee_id, _ in each.tickets),
                    asked_by=actor.name,
                    asked_at=now,
                )
                known = await uow.print_jobs.get(job.id)
                if known is None:
                    await uow.print_jobs.add(job)
                jobs.append((known or job, known is None))
            if len(waiting) + sum(is_new for _, is_new in jobs) > MAX_WAITING:
                raise Conflict(f"{len(waiting)} jobs wait for this printer, and it keeps {MAX_WAITING}: is it on?")
            await uow.commit()
        return QueuedTickets(tuple(job for job, _ in jobs), sum(len(each.tickets) for each in orders))
