"""Use cases: cash is put into a till or taken out of it beside its sales, a wrong movement is taken back, and the
producer says to which coins cash is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_producer, producer_of
from application.counter.shifts import own_shift
from application.counter.till import Till
from application.errors import IdempotencyKeyReused
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.cash import cash_steps, parse_cash_rounding
from domain.errors import NotFound
from domain.money import Currency
from domain.shift import CashMovement, Shift, parse_reason, parse_seller


@dataclass(frozen=True, slots=True, kw_only=True)
class CashAsked:
    """What is asked for. ``movement_id`` is the form's: the same form moves cash once. ``amount`` is in minor units,
    less than zero for cash that goes out.
    """

    movement_id: UUID
    amount: int
    reason: str
    by: str


class MoveCash:
    """Cash comes into the till of a shift, or goes out of it. What is stored never changes."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(self, till: Till, shift_id: UUID, asked: CashAsked) -> CashMovement:
        """The movement, stored now or by an earlier press. It waits for the shift's sales, and they for it.

        Raises NotFound for another producer's or till's shift, Conflict if it is closed, InvalidRequest,
        IdempotencyKeyReused if the form moved something else before.
        """
        movement = CashMovement(
            id=asked.movement_id,
            shift_id=shift_id,
            at=self._clock.now(),
            by=parse_seller(asked.by),
            amount=asked.amount,
            reason=parse_reason(asked.reason),
        )
        async with self._unit_of_work() as uow:
            shift = await _locked(uow, till, shift_id)
            movements = await uow.shifts.movements(shift_id)
            known = next((each for each in movements if each.id == movement.id), None)
            if known is not None:
                if (known.amount, known.reason) != (movement.amount, movement.reason):
                    raise IdempotencyKeyReused
                return known
            shift.ensure_moves(movement, await uow.shifts.sales(shift_id), movements)
            await self._store(uow, till, shift, movement)
        return movement

    async def take_back(
        self, till: Till, shift_id: UUID, movement_id: UUID, *, opposite_id: UUID, by: str
    ) -> CashMovement:
        """The opposite of a movement, stored now or before. Raises NotFound, Conflict, InvalidRequest."""
        seller = parse_seller(by)
        async with self._unit_of_work() as uow:
            shift = await _locked(uow, till, shift_id)
            movements = await uow.shifts.movements(shift_id)
            wrong = next((each for each in movements if each.id == movement_id), None)
            if wrong is None:
                raise NotFound("No such cash movement")
            known = next((each for each in movements if each.takes_back == movement_id), None)
            if known is not None:
                return known
            opposite = wrong.opposite(opposite_id, by=seller, at=self._clock.now())
            shift.ensure_moves(opposite, (), movements)
            await self._store(uow, till, shift, opposite)
        return opposite

    async def _store(self, uow: UnitOfWork, till: Till, shift: Shift, movement: CashMovement) -> None:
        await uow.shifts.add_movement(movement)
        direction = "cash_out" if movement.is_out else "cash_in"
        facts = {"till": shift.till, direction: abs(movement.amount), "reason": movement.reason, "by": movement.by}
        taken = {} if movement.takes_back is None else {"takes_back": movement.takes_back}
        await self._audit.record(uow, till.actor, Action.SHIFT_CASH_MOVED, shift.id, after={**facts, **taken})
        await uow.commit()


@dataclass(frozen=True, slots=True)
class CashRounding:
    """To which step a producer's new shifts round cash, 0 for none, and the ``steps`` that the currency has. All are in
    minor units of ``currency``.
    """

    currency: Currency
    step: int

    @property
    def steps(self) -> tuple[int, ...]:
        return cash_steps(self.currency)


class ReadCashRounding:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor) -> CashRounding:
        """The producer's setting."""
        async with self._unit_of_work(read_only=True) as uow:
            producer = await producer_of(uow, actor.producer_id)
            return CashRounding(producer.currency, await uow.shifts.cash_rounding(producer.id))


class ChangeCashRounding:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, step: int | None) -> CashRounding:
        """Round to another step, or (0, None) not at all, from the next shift on. Raises InvalidRequest."""
        async with self._unit_of_work() as uow:
            producer = await locked_producer(uow, actor.producer_id)
            after = parse_cash_rounding(step, producer.currency)
            before = await uow.shifts.cash_rounding(producer.id)
            if after != before:
                await uow.shifts.save_cash_rounding(producer.id, after)
                old, new = {"cash_rounding": before}, {"cash_rounding": after}
                await self._audit.record(uow, actor, Action.ACCOUNT_CHANGED, producer.id, before=old, after=new)
                await uow.commit()
        return CashRounding(producer.currency, after)


async def _locked(uow: UnitOfWork, till: Till, shift_id: UUID) -> Shift:
    """The till's shift, locked: of two movements the second sees the first. Raises NotFound."""
    await own_shift(uow, till, shift_id)
    shift = await uow.shifts.lock(shift_id)
    if shift is None:
        raise NotFound("No such shift")
    return shift
