"""Use cases: jobs for paired printers. A person asks for a job, and the printer's program fetches it
(docs/domain-rules.md#printing).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from application.access.ownership import owned_order, producer_of
from application.concurrency.retry import retry_on_conflict
from application.ports.emails import Occasion
from application.ports.mail import PrintableTicket
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.printing.layout import ticket_slip
from application.printing.slips import DrawSlips, OrderToPrint, order_to_print
from domain.access import Actor
from domain.devices import Device, DeviceKind
from domain.errors import Conflict, NotFound
from domain.printing import Medium, PrintJob

#: The name of the slip about the whole order; a ticket's slip has the id of its attendee.
ORDER_SLIP: Final = "order"
#: The code of a test page, which no show's key has signed.
TEST_CODE: Final = "TESTPAGETESTPAGETESTPAGE"
#: The most jobs that wait for one printer.
MAX_WAITING: Final = 200


class ListPrinters:
    """The printers that a person can choose from."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, *, show_id: UUID | None = None) -> list[Device]:
        """The producer's paired printers, oldest first: all, or those that print tickets of this show."""
        async with self._unit_of_work(read_only=True) as uow:
            devices = await uow.devices.of_producer(actor.producer_id)
        return [
            device
            for device in devices
            if device.kind is DeviceKind.PRINTER
            and not device.is_revoked
            and (show_id is None or device.actor.reaches(show_id))
        ]


class QueuePrint:
    """Puts a job into a printer's queue."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(
        self,
        actor: Actor,
        order_id: UUID,
        *,
        printer_id: UUID,
        attendee_ids: Collection[UUID] = (),
        with_order_slip: bool = False,
        job_id: UUID | None = None,
    ) -> PrintJob:
        """The job: the order's valid tickets, or those of these attendees.

        A request that may come twice names the ``job_id``: the second gets the first one's job. Raises NotFound (order,
        attendee, printer), and Conflict if there is no ticket to print, or if the printer has too many jobs.
        """
        job = PrintJob(
            id=job_id or self._ids.new(),
            producer_id=actor.producer_id,
            printer_id=printer_id,
            order_id=order_id,
            attendee_ids=tuple(dict.fromkeys(attendee_ids)),
            with_order_slip=with_order_slip,
            asked_by=actor.name,
            asked_at=self._clock.now(),
        )
        return await retry_on_conflict(lambda: self._queue(actor, job))

    async def _queue(self, actor: Actor, job: PrintJob) -> PrintJob:
        async with self._unit_of_work() as uow:
            found = await order_to_print(uow, actor, job.order_id, job.attendee_ids)
            await ensure_printer(uow, actor, job.printer_id, found.order.show_id)
            waiting = await uow.print_jobs.lock_open(job.printer_id)
            known = await uow.print_jobs.get(job.id)
            if known is not None:
                return _same(known, job.order_id)
            if len(waiting) >= MAX_WAITING:
                raise Conflict(f"{MAX_WAITING} jobs wait for this printer: is it on?")
            await uow.print_jobs.add(job)
            await uow.commit()
        return job


async def ensure_printer(uow: UnitOfWork, actor: Actor, printer_id: UUID, show_id: UUID) -> None:
    """Raises NotFound if there is no such printer, Conflict if it prints no tickets of the show."""
    device = await uow.devices.get(printer_id)
    if device is None or device.producer_id != actor.producer_id or device.kind is not DeviceKind.PRINTER:
        raise NotFound("No such printer")
    if device.is_revoked:
        raise Conflict(f"The printer {device.name} was revoked")
    if not device.actor.reaches(show_id):
        raise Conflict(f"The printer {device.name} prints no tickets of this show")


def _same(known: PrintJob, order_id: UUID) -> PrintJob:
    if known.order_id != order_id:
        raise Conflict("There is another job with this id")
    return known


class ListPrintJobs:
    """What became of an order's jobs."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, actor: Actor, order_id: UUID) -> list[PrintJob]:
        """The order's jobs as they stand now, newest first. Raises NotFound."""
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            await owned_order(uow, actor, order_id)
            return [job.seen(now) for job in await uow.print_jobs.of_order(order_id)]


@dataclass(frozen=True, slots=True)
class TakenJob:
    """A job in the printer's hands, with the names of its slips in the order in which they are printed."""

    job: PrintJob
    order_number: str
    slips: tuple[str, ...]


class TakePrintJob:
    """The printer's program asks for the next job, about each second."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, printer: Actor) -> TakenJob | None:
        """The oldest job of the printer that is not over; None if there is none.

        The printer keeps it for LEASE. One that asks again while it has a job gets that job again: its program was
        ended, or the answer was lost. Jobs of which no ticket is valid any more, and old ones, are over.
        """
        printer_id, now = printer_of(printer), self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            if not await uow.print_jobs.has_open(printer_id):
                return None
        async with self._unit_of_work() as uow:
            taken = None
            for job in await uow.print_jobs.lock_open(printer_id):
                seen = job.seen(now)
                found = None if seen.is_over else await _what_is_left(uow, printer, seen)
                if found is None:
                    await uow.print_jobs.save(seen if seen.is_over else seen.dropped(now))
                    continue
                job = seen.taken(now)  # noqa: PLW2901
                await uow.print_jobs.save(job)
                taken = TakenJob(job, found.order.number, slip_names(job, found))
                break
            await uow.commit()
        return taken


class PrintJobSlip:
    """The printer's program fetches a slip of its job."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, draw: DrawSlips) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._draw = draw

    async def __call__(self, printer: Actor, job_id: UUID, name: str, medium: Medium) -> bytes:
        """The commands that print the slip. The printer has the job for another LEASE.

        Raises NotFound, also for a ticket that is not valid any more, and Conflict if the job is over.
        """
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            job = await _own_job(uow, printer, job_id)
            if job.is_over:
                raise Conflict(f"This job is over: it is {job.state}")
            found = await _what_is_left(uow, printer, job)
            if found is None or name not in slip_names(job, found):
                raise NotFound("No such slip")
            await uow.print_jobs.save(job.renewed(now))
            await uow.commit()
        area = medium.area
        tickets = {str(attendee_id): ticket for attendee_id, ticket in found.tickets}
        slip = found.order_slip(area) if name == ORDER_SLIP else ticket_slip(tickets[name], area)
        [commands] = await self._draw([slip], area)
        return commands


class PrintTestSlip:
    """A page to see whether a printer prints."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, draw: DrawSlips) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._draw = draw

    async def __call__(self, actor: Actor, medium: Medium) -> bytes:
        """The commands that print a ticket that admits no one. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            producer = await producer_of(uow, actor.producer_id)
        now = self._clock.now()
        occasion = Occasion(
            venue="Ä Ö Ü ß · é ø ł ő · Ω · Ж · א · ع · 漢字 · ไทย",
            door_time=now,
            start_time=now,
            end_time=now,
            timezone=ZoneInfo("UTC"),
            locale="en-GB",
        )
        ticket = PrintableTicket(
            show_title="Test page",
            producer_name=producer.name,
            occasion=occasion,
            attendee_name=actor.name,
            ticket_name="This ticket admits no one",
            is_vip=False,
            price="If a phone reads the code, all is well.",
            order_number=TEST_CODE[:8],
            code=TEST_CODE,
        )
        [commands] = await self._draw([ticket_slip(ticket, medium.area)], medium.area)
        return commands


class ReportPrintJob:
    """The printer's program says what became of a job. Each report may come twice."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def printed(self, printer: Actor, job_id: UUID) -> PrintJob:
        """All its slips are on paper, however late that is said. Raises NotFound."""
        async with self._unit_of_work() as uow:
            job = (await _own_job(uow, printer, job_id)).printed(self._clock.now())
            await uow.print_jobs.save(job)
            await uow.commit()
        return job

    async def failed(self, printer: Actor, job_id: UUID, problem: str) -> PrintJob:
        """The printer cannot print it now: it waits again, and the office sees why. Raises NotFound."""
        async with self._unit_of_work() as uow:
            job = (await _own_job(uow, printer, job_id)).seen(self._clock.now()).given_back(problem)
            await uow.print_jobs.save(job)
            await uow.commit()
        return job


def printer_of(actor: Actor) -> UUID:
    """The id of the printer that asks. Raises NotFound for an actor that is no device."""
    if actor.device_id is None:
        raise NotFound("Only a paired printer has print jobs")
    return actor.device_id


async def _own_job(uow: UnitOfWork, printer: Actor, job_id: UUID) -> PrintJob:
    job = await uow.print_jobs.lock(job_id)
    if job is None or job.printer_id != printer_of(printer):
        raise NotFound("No such job")
    return job


async def _what_is_left(uow: UnitOfWork, printer: Actor, job: PrintJob) -> OrderToPrint | None:
    """The job's order, with the tickets that can still be printed; None if there is none."""
    try:
        return await order_to_print(uow, printer, job.order_id, job.attendee_ids)
    except (Conflict, NotFound):
        return None


def slip_names(job: PrintJob, found: OrderToPrint) -> tuple[str, ...]:
    """The slips of the job, in the order in which they are printed."""
    tickets = [str(attendee_id) for attendee_id, _ in found.tickets]
    return tuple([ORDER_SLIP, *tickets] if job.with_order_slip else tickets)
