"""ShiftRepo, and the invariant of its sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.consistency import MemoryConsistencyChecker
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.consistency import PostgresConsistencyChecker
from application.ports.consistency import ConsistencyChecker
from application.ports.shifts import ShiftCursor
from application.ports.unit_of_work import StorageConflict, UnitOfWorkFactory
from domain.consistency import Finding, Invariant
from domain.orders import ManualPayment, Order, OrderStatus
from domain.shift import CashMovement, CounterPayment, CounterSale, Shift, SoldLine, TillCount
from tests.contracts.builders import NOW, Theatre, an_order, new_id, paid

CASH, CARD, OTHER, COMP = CounterPayment
MINUTE = timedelta(minutes=1)


def a_shift(theatre: Theatre, *, minute: int = 0, **fields: Any) -> Shift:
    every = {
        "id": new_id(),
        "producer_id": theatre.producer.id,
        "till_id": uuid4(),
        "till": "Foyer",
        "currency": theatre.producer.currency,
        "opened_at": NOW + minute * MINUTE,
        "opened_by": "Ada",
        "opening_cash": 100_00,
        "sellers": ("Ada", "Ben"),
    }
    return Shift(**{**every, **fields})


def sold(
    theatre: Theatre, shift: Shift, payment: CounterPayment = CASH, *, minute: int = 0
) -> tuple[Order, CounterSale]:
    """An order of two in the stalls and one in the gallery, and its sale."""
    placed = paid(an_order(theatre.producer, theatre.show, {theatre.stalls: 2, theatre.gallery: 1}))
    order = replace(placed, manual_payment=payment.of_order, payment_intent_id=None)
    sale = CounterSale(
        order_id=order.id,
        shift_id=shift.id,
        show_id=theatre.show.id,
        at=NOW + minute * MINUTE,
        payment=payment,
        seller="Ada",
        amount=order.amount_paid,
        given=order.amount_paid + 5_00 if payment is CASH else None,
        lines=(SoldLine("Stalls", 2, 50_00), SoldLine("Gallery", 1, 10_00)),
    )
    return order, sale


async def store(unit_of_work: UnitOfWorkFactory, shift: Shift, sales: Sequence[tuple[Order, CounterSale]] = ()) -> None:
    async with unit_of_work() as uow:
        await uow.shifts.add(shift)
        await uow.orders.add([order for order, _ in sales])
        for _, sale in sales:
            assert await uow.shifts.add_sale(sale)
        await uow.commit()


class TestShifts:
    async def test_shift_is_found_as_it_was_stored(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        shift = a_shift(theatre)
        await store(unit_of_work, shift)
        async with unit_of_work() as uow:
            assert await uow.shifts.get(shift.id) == shift
            assert await uow.shifts.open_at(shift.producer_id, shift.till_id) == shift
            assert await uow.shifts.lock(shift.id, shared=True) == shift
            assert await uow.shifts.open_at(shift.producer_id, uuid4()) is None
            assert await uow.shifts.get(uuid4()) is None
            count = TillCount.by_pieces({50_00: 2, 25: 3}, {CARD: 12_00})
            closed = shift.closed([], count, by="Ben", at=NOW + MINUTE, note="Rain")
            await uow.shifts.save(closed)
            await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.shifts.lock(shift.id) == closed
            assert await uow.shifts.open_at(shift.producer_id, shift.till_id) is None

    async def test_till_has_one_open_shift(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        shift = a_shift(theatre)
        await store(unit_of_work, shift)
        with pytest.raises(StorageConflict):
            await store(unit_of_work, a_shift(theatre, till_id=shift.till_id))
        await store(unit_of_work, a_shift(theatre))
        async with unit_of_work() as uow:
            await uow.shifts.save(shift.closed([], None, by="Ada", at=NOW))
            await uow.shifts.add(a_shift(theatre, till_id=shift.till_id))
            await uow.commit()

    async def test_newest_come_first_page_by_page(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        shifts = [a_shift(theatre, minute=minute) for minute in (0, 1, 1, 2)]
        for shift in shifts:
            await store(unit_of_work, shift)
        newest = sorted(shifts, key=lambda each: (each.opened_at, each.id), reverse=True)
        async with unit_of_work(read_only=True) as uow:
            first = await uow.shifts.page(theatre.producer.id, after=None, limit=2)
            cursor = ShiftCursor(first[-1].opened_at, first[-1].id)
            rest = await uow.shifts.page(theatre.producer.id, after=cursor, limit=9)
            mine = await uow.shifts.page(theatre.producer.id, till_id=shifts[0].till_id, after=None, limit=9)
            assert await uow.shifts.page(uuid4(), after=None, limit=9) == []
        assert [*first, *rest] == newest
        assert mine == [shifts[0]]


class TestSales:
    async def test_sales_are_found_with_their_lines_newest_first(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre
    ) -> None:
        shift = a_shift(theatre)
        sales = [sold(theatre, shift, payment, minute=minute) for minute, payment in enumerate((CASH, CARD, OTHER))]
        await store(unit_of_work, shift, sales)
        newest = [sale for _, sale in reversed(sales)]
        async with unit_of_work(read_only=True) as uow:
            assert await uow.shifts.sales(shift.id) == newest
            assert await uow.shifts.sales(shift.id, latest=2) == newest[:2]
            assert await uow.shifts.sale(newest[0].order_id) == newest[0]
            assert await uow.shifts.sale(uuid4()) is None
            assert await uow.shifts.sales(uuid4()) == []

    async def test_closed_shift_takes_no_sale(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        shift = a_shift(theatre)
        order, sale = sold(theatre, shift)
        await store(unit_of_work, shift.closed([], None, by="Ada", at=NOW))
        async with unit_of_work() as uow:
            await uow.orders.add([order])
            assert not await uow.shifts.add_sale(sale)
            assert await uow.shifts.sale(order.id) is None

    async def test_undone_sale_says_by_whom_and_how_much(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre
    ) -> None:
        shift = a_shift(theatre)
        order, sale = sold(theatre, shift)
        await store(unit_of_work, shift, [(order, sale)])
        undone = sale.undone(by="Ben", at=NOW + MINUTE, given_back=sale.amount)
        async with unit_of_work() as uow:
            await uow.shifts.save_sale(undone)
            await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.shifts.sale(order.id) == undone

    async def test_money_that_went_back_elsewhere_is_told_by_shift(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre
    ) -> None:
        shift = a_shift(theatre)
        (order, sale), (undone_order, undone_sale) = sold(theatre, shift), sold(theatre, shift)
        await store(unit_of_work, shift, [(order, sale), (undone_order, undone_sale)])
        async with unit_of_work() as uow:
            await uow.orders.save([replace(order, refunded_amount=7_00), _refunded(undone_order)])
            await uow.shifts.save_sale(undone_sale.undone(by="Ben", at=NOW, given_back=undone_order.amount_paid))
            await uow.commit()
        async with unit_of_work(read_only=True) as uow:
            assert await uow.shifts.given_back_elsewhere([shift.id, uuid4()]) == {shift.id: 7_00}


def moved(shift: Shift, amount: int, *, minute: int = 0, **fields: Any) -> CashMovement:
    every = {
        "id": new_id(),
        "shift_id": shift.id,
        "at": NOW + minute * MINUTE,
        "by": "Ada",
        "amount": amount,
        "reason": "To the bank",
    }
    return CashMovement(**{**every, **fields})


async def move(unit_of_work: UnitOfWorkFactory, *movements: CashMovement) -> None:
    async with unit_of_work() as uow:
        for each in movements:
            await uow.shifts.add_movement(each)
        await uow.commit()


class TestCashMovements:
    async def test_are_found_as_they_were_stored_oldest_first(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre
    ) -> None:
        shift, other = a_shift(theatre), a_shift(theatre)
        later, first = moved(shift, -20_00, minute=5), moved(shift, 50_00, reason="Change")
        back = later.opposite(new_id(), by="Ben", at=NOW + 9 * MINUTE)
        await store(unit_of_work, shift)
        await store(unit_of_work, other)
        await move(unit_of_work, later, back, first, moved(other, 1))
        async with unit_of_work(read_only=True) as uow:
            assert await uow.shifts.movements(shift.id) == [first, later, back]
            assert await uow.shifts.movements(uuid4()) == []

    async def test_each_is_stored_and_taken_back_once(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        shift = a_shift(theatre)
        await store(unit_of_work, shift)
        first = moved(shift, 50_00)
        await move(unit_of_work, first, first.opposite(new_id(), by="Ada", at=NOW))
        for again in (first, first.opposite(new_id(), by="Ada", at=NOW)):
            with pytest.raises(StorageConflict):
                await move(unit_of_work, again)


class TestRounding:
    async def test_step_is_stored_for_each_producer(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        async with unit_of_work() as uow:
            assert await uow.shifts.cash_rounding(theatre.producer.id) == 0
            for step in (5, 10):
                await uow.shifts.save_cash_rounding(theatre.producer.id, step)
            await uow.commit()
        async with unit_of_work(read_only=True) as uow:
            assert await uow.shifts.cash_rounding(theatre.producer.id) == 10
            assert await uow.shifts.cash_rounding(uuid4()) == 0

    async def test_shift_and_sale_keep_what_was_rounded(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre
    ) -> None:
        shift = a_shift(theatre, cash_rounding=7)
        order, plain = sold(theatre, shift)
        sale = plain.rounded(7)
        assert sale.rounding
        await store(unit_of_work, shift, [(order, sale)])
        undone = sale.undone(by="Ben", at=NOW + MINUTE, given_back=order.amount_paid, step=7)
        async with unit_of_work() as uow:
            assert await uow.shifts.get(shift.id) == shift
            assert await uow.shifts.sale(order.id) == sale
            await uow.shifts.save_sale(undone)
            await uow.commit()
        async with unit_of_work(read_only=True) as uow:
            assert await uow.shifts.sale(order.id) == undone


class TestInvariant:
    @pytest.fixture
    def checker(self, unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> ConsistencyChecker:
        if isinstance(unit_of_work, MemoryDatabase):
            return MemoryConsistencyChecker(unit_of_work)
        return PostgresConsistencyChecker(contracts_engine)

    async def test_nothing_is_off_while_sales_and_orders_agree(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
    ) -> None:
        shift = a_shift(theatre)
        every = [sold(theatre, shift, payment) for payment in (CASH, CARD, OTHER, CASH)]
        await store(unit_of_work, shift, every)
        order, sale = every[-1]
        async with unit_of_work() as uow:
            await uow.orders.save([_refunded(order)])
            await uow.shifts.save_sale(sale.undone(by="Ben", at=NOW, given_back=sale.amount))
            await uow.shifts.add_movement(moved(shift, -70_00))
            sales, movements = await uow.shifts.sales(shift.id), await uow.shifts.movements(shift.id)
            await uow.shifts.save(shift.closed(sales, None, by="Ada", at=NOW, movements=movements))
            await uow.commit()
        assert await off(checker) == set()

    async def test_sale_that_is_not_its_orders(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
    ) -> None:
        shift = a_shift(theatre)
        too_much, other_payment, undone, given_back = (sold(theatre, shift) for _ in range(4))
        wrong = [
            (too_much[0], replace(too_much[1], amount=1)),
            (replace(other_payment[0], manual_payment=ManualPayment.OTHER), other_payment[1]),
            (undone[0], undone[1].undone(by="Ben", at=NOW, given_back=1)),
            (given_back[0], replace(given_back[1], given_back=1)),
        ]
        await store(unit_of_work, shift, wrong)
        assert await off(checker) == {sale.order_id for _, sale in wrong}

    async def test_shift_that_expects_another_sum(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
    ) -> None:
        shift = a_shift(theatre)
        await store(unit_of_work, shift, [sold(theatre, shift)])
        async with unit_of_work() as uow:
            await uow.shifts.save(shift.closed([], None, by="Ada", at=NOW))
            await uow.commit()
        assert await off(checker) == {shift.id}

    async def test_rounded_sales_add_up_and_those_that_are_not_rounded_so_do_not(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
    ) -> None:
        shift = a_shift(theatre, cash_rounding=7)
        first, back, wrong, by_card = (sold(theatre, shift, each) for each in (CASH, CASH, CASH, CARD))
        await store(unit_of_work, shift, [(order, sale.rounded(7)) for order, sale in (first, back, by_card)])
        async with unit_of_work() as uow:
            await uow.orders.save([_refunded(back[0])])
            undone = back[1].rounded(7).undone(by="Ben", at=NOW, given_back=back[1].amount, step=7)
            await uow.shifts.save_sale(undone)
            await uow.shifts.save(shift.closed(await uow.shifts.sales(shift.id), None, by="Ada", at=NOW))
            await uow.commit()
        assert await off(checker) == set()
        other = a_shift(theatre, cash_rounding=7)
        await store(unit_of_work, other, [(wrong[0], replace(wrong[1], shift_id=other.id))])
        assert await off(checker) == {wrong[0].id}

    async def test_shift_that_forgot_its_cash_movements(
        self, unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
    ) -> None:
        shift = a_shift(theatre)
        await store(unit_of_work, shift)
        async with unit_of_work() as uow:
            await uow.shifts.add_movement(moved(shift, 1))
            await uow.shifts.save(shift.closed([], None, by="Ada", at=NOW))
            await uow.commit()
        assert await off(checker) == {shift.id}


def _refunded(order: Order) -> Order:
    return replace(order, status=OrderStatus.REFUNDED, refunded_amount=order.amount_paid)


async def off(checker: ConsistencyChecker) -> set[UUID]:
    found = await checker.findings(now=NOW, overdue_since=NOW, behind_since=NOW)
    examples: Sequence[Finding] = found[Invariant.SHIFTS].examples if Invariant.SHIFTS in found else ()
    return {finding.subject_id for finding in examples}
