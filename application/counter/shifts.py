"""Use cases: a shift is opened, its people change, it is closed with a count, and its report is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import producer_of
from application.concurrency.retry import retry_on_conflict
from application.counter.till import NoShift, Till
from application.pages import page_of
from application.ports.shifts import ShiftCursor
from application.ports.system import Clock, Ids
from application.ports.today import Place
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.audit_log import Action
from domain.errors import NotFound
from domain.shift import Amounts, CashMovement, CounterSale, Moved, Shift, ShiftFigures, TillCount, parse_seller
from domain.timezones import zone_of


class OpenShift:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, till: Till, *, by: str, opening_cash: int) -> Shift:
        """The till's open shift: a new one, or the one that is open already. One that was forgotten is closed without
        a count before. Raises InvalidRequest.
        """
        seller = parse_seller(by)
        return await retry_on_conflict(lambda: self._open(till, seller, opening_cash))

    async def _open(self, till: Till, seller: str, opening_cash: int) -> Shift:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            producer = await producer_of(uow, till.producer_id)
            known = await uow.shifts.open_at(till.producer_id, till.id)
            if known is not None:
                place = await uow.today.place(till.producer_id, now=now)
                if not known.is_forgotten(now, zone_of(place.timezone)):
                    return known
                await close_shift(uow, known.id, None, till=till, by=seller, clock=self._clock, audit=self._audit)
            shift = Shift(
                id=self._ids.new(),
                producer_id=till.producer_id,
                till_id=till.id,
                till=till.name,
                currency=producer.currency,
                opened_at=now,
                opened_by=seller,
                opening_cash=opening_cash,
                cash_rounding=await uow.shifts.cash_rounding(producer.id),
                sellers=(seller,),
            )
            await uow.shifts.add(shift)
            facts = {"till": shift.till, "opening_cash": opening_cash, "by": seller}
            await self._audit.record(uow, till.actor, Action.SHIFT_OPENED, shift.id, after=facts)
            await uow.commit()
        return shift


class NameSeller:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, till: Till, name: str) -> str:
        """The name of the person who sells from now on, as the till's open shift has it.

        Raises InvalidRequest, and NoShift.
        """
        seller = parse_seller(name)
        async with self._unit_of_work() as uow:
            known = await uow.shifts.open_at(till.producer_id, till.id)
            shift = await uow.shifts.lock(known.id) if known else None
            if shift is None:
                raise NoShift("Open a shift first")
            if (changed := shift.with_seller(seller)) is not shift:
                await uow.shifts.save(changed)
                await uow.commit()
        return seller


class CloseShift:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(self, till: Till, shift_id: UUID, count: TillCount | None, *, by: str, note: str = "") -> Shift:
        """The shift after its end, with the difference. Closing waits for the sales that are being written.

        Raises NotFound for another producer's or till's, Conflict if it was counted before, InvalidRequest.
        """
        seller = parse_seller(by)
        async with self._unit_of_work() as uow:
            await own_shift(uow, till, shift_id)
            closed = await close_shift(
                uow, shift_id, count, till=till, by=seller, clock=self._clock, audit=self._audit, note=note
            )
            await uow.commit()
        return closed


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """A shift with its sales, newest first, and their sums. ``given_back_elsewhere`` went back in the office, and out
    of no till, in minor units. ``movements`` are of cash beside the sales, oldest first.
    """

    shift: Shift
    sales: Sequence[CounterSale]
    figures: ShiftFigures
    given_back_elsewhere: int
    movements: Sequence[CashMovement] = ()

    @property
    def moved(self) -> Moved:
        return Moved.of(self.movements)


class ReadShifts:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, till: Till, shift_id: UUID) -> ShiftReport:
        """The report of a shift. Raises NotFound for another producer's; a device sees its own ones alone."""
        async with self._unit_of_work(read_only=True) as uow:
            shift = await own_shift(uow, till, shift_id)
            sales = await uow.shifts.sales(shift_id)
            elsewhere = await uow.shifts.given_back_elsewhere([shift_id])
            movements = await uow.shifts.movements(shift_id)
        return ShiftReport(shift, sales, ShiftFigures.of(sales), elsewhere.get(shift_id, 0), movements)

    async def page(
        self, till: Till, *, after: ShiftCursor | None, limit: int
    ) -> tuple[list[Shift], ShiftCursor | None]:
        """A page of the producer's shifts, newest first, and where the next page begins, if there is one."""
        only = None if till.seller else till.id
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.shifts.page(till.producer_id, till_id=only, after=after, limit=limit + 1)
        return page_of(found, limit, lambda last: ShiftCursor(last.opened_at, last.id))

    async def place(self, till: Till, *, now: datetime) -> Place:
        """Where the producer plays next: shifts are written as it is usual there."""
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.today.place(till.producer_id, now=now)

    async def open_at(self, till: Till) -> Shift | None:
        """The till's open shift."""
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.shifts.open_at(till.producer_id, till.id)


async def own_shift(uow: UnitOfWork, till: Till, shift_id: UUID) -> Shift:
    """A shift of this till; of the producer's people each reads every shift, and may close one that a device left open.

    Raises NotFound.
    """
    shift = await uow.shifts.get(shift_id)
    if shift is None or shift.producer_id != till.producer_id or not (till.seller or shift.till_id == till.id):
        raise NotFound("No such shift")
    return shift


async def close_shift(
    uow: UnitOfWork,
    shift_id: UUID,
    count: TillCount | None,
    *,
    till: Till,
    by: str,
    clock: Clock,
    audit: AuditLog,
    note: str = "",
) -> Shift:
    """Close the shift in this transaction: its sales wait, and it for those that are being written."""
    shift = await uow.shifts.lock(shift_id)
    if shift is None:
        raise NotFound("No such shift")
    sales, movements = await uow.shifts.sales(shift_id), await uow.shifts.movements(shift_id)
    closed = shift.closed(sales, count, by=by, at=clock.now(), note=note, movements=movements)
    await uow.shifts.save(closed)
    facts = {"till": closed.till, "by": by, **_named("expected", closed.expected)}
    counted = _named("counted", count.amounts) if count else {}
    await audit.record(uow, till.actor, Action.SHIFT_CLOSED, closed.id, after={**facts, **counted})
    return closed


def _named(what: str, amounts: Amounts | None) -> dict[str, int]:
    return {f"{what}_{payment}": amount for payment, amount in (amounts or {}).items()}
