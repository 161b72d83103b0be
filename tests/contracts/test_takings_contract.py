"""The port TakingsKeeper: reports say the same with kept sums and without, at every moment of an order's life."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.consistency import MemoryConsistencyChecker
from adapters.memory.report import MemoryReportReader, MemorySalesReader, MemoryTakingsKeeper
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.consistency import PostgresConsistencyChecker
from adapters.postgres.report import PostgresReportReader
from adapters.postgres.sales_report import PostgresSalesReader
from adapters.postgres.takings import quarter
from adapters.postgres.takings_keeper import PostgresTakingsKeeper
from application.operations.takings import KeepTakings, RecountTakings
from application.ports.consistency import ConsistencyChecker
from application.ports.report import ReportReader, SalesReader, TakingsKeeper
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.consistency import Invariant
from domain.dispute_losses import booked
from domain.disputes import Dispute, DisputeStatus
from domain.orders import AttendeeStatus, Exchange, ManualPayment, Order, OrderStatus
from domain.refunds import Refund, RefundStatus
from domain.report import report_of
from domain.sales_report import SalesFilter, SalesRecords, sales_cells_of, sales_report_of
from domain.timezones import days
from tests.contracts.builders import NOW, Theatre, a_refund, a_show, an_order, paid
from tests.support.disputes import dispute_of

ALL = SalesFilter()
STEPS = 20


@pytest.fixture
def keeper(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> TakingsKeeper:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryTakingsKeeper(unit_of_work)
    return PostgresTakingsKeeper(contracts_engine)


@pytest.fixture
def checker(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> ConsistencyChecker:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryConsistencyChecker(unit_of_work)
    return PostgresConsistencyChecker(contracts_engine)


@pytest.fixture
def sales(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> SalesReader:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemorySalesReader(unit_of_work)
    return PostgresSalesReader(contracts_engine)


@pytest.fixture
def reports(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> ReportReader:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryReportReader(unit_of_work)
    return PostgresReportReader(contracts_engine)


class House:
    """A theatre whose orders live on at random; all that is stored is kept here, too, for the domain's report."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre, chance: random.Random) -> None:
        self.unit_of_work, self.theatre, self.chance = unit_of_work, theatre, chance
        self.now = NOW
        self.orders: dict[UUID, Order] = {}
        self.refunds: dict[UUID, list[Refund]] = {}
        self.disputes: dict[UUID, list[Dispute]] = {}
        self.steps: Sequence[Callable[[], Awaitable[None]]] = (
            self.sells,
            self.sells,
            self.completes,
            self.refunds_some,
            self.hears_of_a_refund,
            self.exchanges,
            self.hears_of_a_dispute,
            self.checks_in,
            self.erases_a_name,
        )

    def _moment(self) -> datetime:
        """Some time later than all before."""
        self.now += timedelta(minutes=self.chance.randint(0, 120))
        return self.now

    def _an_order(self) -> Order:
        kinds = {self.theatre.stalls: self.chance.randint(0, 3), self.theatre.gallery: self.chance.randint(0, 3)}
        return an_order(
            self.theatre.producer,
            self.theatre.show,
            {kind: count for kind, count in kinds.items() if count} or {self.theatre.stalls: 1},
            promo_code=self.chance.choice([None, self.theatre.promo_code]),
        )

    def _some_completed(self) -> Order | None:
        sold = [order for order in self.orders.values() if order.completed_at and not order.disputed]
        return self.chance.choice(sold) if sold else None

    async def _save(self, order: Order, *refunds: Refund) -> None:
        async with self.unit_of_work() as uow:
            await uow.orders.save([order])
            for refund in refunds:
                await uow.refunds.add(refund)
            await uow.commit()
        self.orders[order.id] = order
        self.refunds.setdefault(order.id, []).extend(refunds)

    async def _add(self, *orders: Order) -> None:
        async with self.unit_of_work() as uow:
            await uow.orders.add(orders)
            await uow.commit()
        self.orders |= {order.id: order for order in orders}

    async def sells(self) -> None:
        sold = [
            replace(paid(self._an_order(), tax=self.chance.choice([0, 1, 333])), completed_at=self._moment())
            for _ in range(2)
        ]
        at_the_counter = replace(paid(self._an_order()), manual_payment=ManualPayment.CASH, payment_intent_id=None)
        await self._add(*sold, at_the_counter, self._an_order())

    async def completes(self) -> None:
        pending = [order for order in self.orders.values() if order.status is OrderStatus.PENDING]
        if pending:
            await self._save(replace(paid(self.chance.choice(pending)), completed_at=self._moment()))

    async def refunds_some(self) -> None:
        order = self._some_completed()
        if order is None or order.refunded_amount == order.amount_paid:
            return
        valid = [a.id for a in order.attendees if a.status is AttendeeStatus.VALID]
        chosen = set(self.chance.sample(valid, self.chance.randint(0, len(valid))))
        refund = replace(
            a_refund(
                order,
                sequence=len(self.refunds.get(order.id, [])) + 1,
                amount=self.chance.randint(1, order.amount_paid - order.refunded_amount),
            ),
            created_at=self._moment(),
            refund_fees=self.chance.random() < 0.5,
        )
        attendees = tuple(replace(a, status=AttendeeStatus.VOID) if a.id in chosen else a for a in order.attendees)
        changed = replace(
            order,
            attendees=attendees,
            status=OrderStatus.PARTIALLY_REFUNDED,
            refunded_amount=order.refunded_amount + refund.amount,
        )
        await self._save(changed, refund)

    async def hears_of_a_refund(self) -> None:
        asked = [refund for each in self.refunds.values() for refund in each if refund.is_effective]
        if not asked:
            return
        refund = self.chance.choice(asked)
        order = self.orders[refund.order_id]
        heard = replace(
            refund,
            status=self.chance.choice([RefundStatus.SUCCEEDED, RefundStatus.FAILED]),
            changed_at=self._moment(),
        )
        async with self.unit_of_work() as uow:
            await uow.refunds.save(heard)
            await uow.commit()
        theirs = self.refunds[order.id]
        theirs[theirs.index(refund)] = heard

    async def exchanges(self) -> None:
        earlier = self._some_completed()
        if earlier is None or earlier.exchange is not None:
            return
        credit = self.chance.randint(0, earlier.amount_paid)
        exchange = Exchange(earlier.id, (earlier.attendees[0].id,), credit, 0, credit // 10)
        later = replace(paid(self._an_order()), completed_at=self._moment(), exchange=exchange)
        if self.chance.random() < 0.5:
            await self._add(later)
        else:
            await self._add(replace(later, completed_at=None, status=OrderStatus.PENDING, attendees=(), amount_paid=0))
            await self._save(later)
        if credit and self.chance.random() < 0.5:
            back = replace(
                a_refund(later, amount=credit), created_at=self._moment(), through=earlier.id, fees_moved=credit // 10
            )
            await self._save(later, back)

    async def hears_of_a_dispute(self) -> None:
        order = self._some_completed()
        if order is None or order.payment_intent_id is None or self.disputes.get(order.id):
            return
        for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
            dispute = dispute_of(order, amount=order.amount_paid, status=status, lost_at=self._moment())
            dispute = booked(dispute, order, self.refunds.get(order.id, []), [])
            async with self.unit_of_work() as uow:
                await uow.disputes.save(dispute)
                await uow.commit()
            self.disputes[order.id] = [dispute]

    async def checks_in(self) -> None:
        order = self._some_completed()
        if order is not None:
            moments = [self.chance.choice([None, NOW]) for _ in order.attendees]
            attendees = zip(order.attendees, moments, strict=True)
            await self._save(replace(order, attendees=tuple(replace(a, checked_in_at=at) for a, at in attendees)))

    async def erases_a_name(self) -> None:
        order = self._some_completed()
        if order is not None:
            async with self.unit_of_work() as uow:
                await uow.orders.save_customer(order)
                await uow.commit()

    def records(self) -> SalesRecords:
        return SalesRecords(
            shows=[self.theatre.show],
            tickets=[self.theatre.stalls, self.theatre.gallery],
            orders=list(self.orders.values()),
            refunds={order_id: self.refunds.get(order_id, []) for order_id in self.orders},
            disputes={order_id: self.disputes.get(order_id, []) for order_id in self.orders},
        )

    async def assert_reported(self, reports: ReportReader, sales: SalesReader) -> None:
        """Reports and the rows of an export are what the domain makes of the orders."""
        records, currency = self.records(), self.theatre.producer.currency
        show = await reports.report(self.theatre.show)
        expected = report_of(
            [self.theatre.gallery, self.theatre.stalls],
            records.orders,
            records.refunds,
            disputes=records.disputes,
            currency=currency,
            timezone=ZoneInfo(self.theatre.show.timezone),
        )
        # What is nothing to the cent is a day of the domain's report only if something moved on it.
        assert (show.total, show.by_payment, show.tickets) == (expected.total, expected.by_payment, expected.tickets)
        day = NOW.date() + timedelta(days=1)
        for only in (ALL, SalesFilter(first=day), SalesFilter(last=day)):
            assert await sales.report(self.theatre.producer.id, only) == sales_report_of(
                records, only, currency=currency
            )
            assert [pair async for pair in sales.cells(self.theatre.producer.id, only)] == sales_cells_of(records, only)


@pytest.mark.parametrize("seed", range(5))
async def test_a_report_is_what_the_orders_say_whenever_the_sums_are_brought_up_to_date(
    unit_of_work: UnitOfWorkFactory,
    theatre: Theatre,
    keeper: TakingsKeeper,
    checker: ConsistencyChecker,
    reports: ReportReader,
    sales: SalesReader,
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same life in every run
    house = House(unit_of_work, theatre, chance)
    keep = KeepTakings(keeper)
    if seed % 2:  # before there are orders; otherwise at some time
        await keep()
    for _ in range(STEPS):
        await chance.choice(house.steps)()
        if chance.random() < 0.2:
            await keep()
        if chance.random() < 0.1:
            assert [show_id async for show_id in RecountTakings(keeper)()] == ([theatre.show.id] * bool(house.orders))
        if chance.random() < 0.2:
            await house.assert_reported(reports, sales)
    assert await off(checker) == []
    await keep()
    await house.assert_reported(reports, sales)
    assert await off(checker) == []
    assert (await keeper.add_changes(), await keeper.shows_to_count(limit=9)) == (0, [])


async def off(checker: ConsistencyChecker) -> list[str]:
    found = (await checker.findings(now=NOW, overdue_since=NOW, behind_since=NOW)).get(Invariant.TAKINGS)
    return [finding.detail for finding in found.examples] if found else []


#: The reports in memory keep none.
KEEPS_SUMS = pytest.mark.parametrize("unit_of_work", ["postgres"], indirect=True)
TAMPERINGS = {
    "UPDATE takings SET gross = gross + 1": "its sums of",
    "DELETE FROM takings": "its sums of",
    "UPDATE orders SET tax = tax + 1": "its sums of",
    "UPDATE takings_returned SET refunds = refunds - 1": "what its sums have of the refunds of order",
    "DELETE FROM takings_returned": "what its sums have of the refunds of order",
    "UPDATE takings_admitted SET admitted = 9": "9 are counted as checked in, 2 are",
}


@KEEPS_SUMS
@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_sums_that_are_off_are_found_and_made_afresh(
    contracts_engine: AsyncEngine, unit_of_work: UnitOfWorkFactory, theatre: Theatre, tampering: str
) -> None:
    keeper, checker = PostgresTakingsKeeper(contracts_engine), PostgresConsistencyChecker(contracts_engine)
    house = House(unit_of_work, theatre, random.Random(1))  # noqa: S311
    order = paid(theatre.order(2))
    came = replace(order, attendees=tuple(replace(each, checked_in_at=NOW) for each in order.attendees))
    await house._add(came)
    await house._save(came, a_refund(came))
    await KeepTakings(keeper)()
    async with contracts_engine.begin() as connection:
        await connection.execute(sa.text(tampering))
    assert TAMPERINGS[tampering] in " ".join(await off(checker))

    assert await keeper.count(theatre.show.id)

    assert await off(checker) == []


async def test_a_show_that_has_no_sums_yet_is_counted_and_others_are_left_alone(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, keeper: TakingsKeeper, reports: ReportReader
) -> None:
    await KeepTakings(keeper)()
    newcomer = a_show(theatre.producer)
    async with unit_of_work() as uow:
        await uow.shows.add(newcomer)
        await uow.commit()
    assert await keeper.shows_to_count(limit=5) in ([newcomer.id], [])
    assert (await reports.report(newcomer)).by_day == {}

    await KeepTakings(keeper)()

    assert await keeper.shows_to_count(limit=5) == []
    assert (await reports.report(newcomer)).by_day == {}
    assert [show_id async for show_id in RecountTakings(keeper)()] == []


async def test_a_show_may_be_deleted_whose_sums_are_kept(
    unit_of_work: UnitOfWorkFactory, keeper: TakingsKeeper, theatre: Theatre
) -> None:
    newcomer = a_show(theatre.producer)
    async with unit_of_work() as uow:
        await uow.shows.add(newcomer)
        await uow.commit()
    await KeepTakings(keeper)()
    async with unit_of_work() as uow:
        await uow.shows.delete(newcomer.id)
        await uow.commit()
    assert await keeper.shows_to_count(limit=5) == []


@KEEPS_SUMS
async def test_one_process_at_a_time_changes_the_sums(
    contracts_engine: AsyncEngine, unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    keeper = PostgresTakingsKeeper(contracts_engine)
    async with keeper._alone() as connection:
        assert connection is not None
        assert not await keeper.count(theatre.show.id)
        assert await keeper.add_changes() == 0
    assert await keeper.count(theatre.show.id)


async def test_the_days_of_every_zone_begin_at_a_quarter_of_an_hour(contracts_engine: AsyncEngine) -> None:
    """So sums by quarters serve all calendars."""
    months = [datetime(2013 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(12 * 27)]
    for name in available_timezones():
        offsets = {month.astimezone(ZoneInfo(name)).utcoffset() or timedelta() for month in months}
        assert {offset % timedelta(minutes=15) for offset in offsets} == {timedelta()}, name
    for name in ("America/Havana", "Asia/Beirut", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe"):
        begins = [begin for begin, _ in days(ZoneInfo(name), NOW, NOW + timedelta(days=400))]
        assert [begin for begin in begins if begin.timestamp() % 900] == [], name
    async with contracts_engine.connect() as connection:
        moment = NOW.replace(minute=44, second=59)
        found = await connection.scalar(sa.text(f"SELECT {quarter('CAST(:at AS timestamptz)')}"), {"at": moment})
    assert found == moment.replace(minute=30, second=0, microsecond=0)
