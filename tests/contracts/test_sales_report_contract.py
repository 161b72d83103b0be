"""The port SalesReader: the domain's report of many shows, and its rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.report import MemoryReportReader, MemorySalesReader
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.report import PostgresReportReader
from adapters.postgres.sales_report import PostgresSalesReader
from application.ports.report import ReportReader, SalesReader
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.catalog import Show
from domain.dispute_losses import booked
from domain.disputes import Dispute, DisputeStatus
from domain.orders import Exchange, Order
from domain.production import Production
from domain.refunds import Refund, RefundStatus
from domain.report import ShowReport, Takings
from domain.sales_report import (
    NO_CODE,
    Channel,
    SalesCell,
    SalesFilter,
    SalesRecords,
    SalesReport,
    SalesSums,
    sales_cells_of,
    sales_report_of,
)
from domain.venue_clock import VenueClock
from tests.contracts.builders import (
    NOW,
    Theatre,
    a_producer,
    a_promo_code,
    a_refund,
    a_show,
    a_ticket,
    an_order,
    new_id,
    paid,
)
from tests.contracts.test_consistency_contract import disputed_at_random, some_order, store
from tests.support.disputes import dispute_of

ALL = SalesFilter()


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


@dataclass(frozen=True, slots=True)
class Season:
    """Three shows of one producer, two of them a run, in two zones; and a show of another producer."""

    theatres: Sequence[Theatre]
    run: Production
    records: SalesRecords

    @property
    def theatre(self) -> Theatre:
        return self.theatres[0]


def _theatre(theatre: Theatre, zone: str, *, run: Production | None, days: int) -> Theatre:
    """A theatre of the same producer, with a show in this zone."""
    other = Theatre()
    other.producer = theatre.producer
    show = a_show(theatre.producer, starts_in=timedelta(days=days))
    other.show = replace(
        show,
        timezone=zone,
        venue_clock=VenueClock.at(show.venue_clock.moments, zone),
        production_id=run.id if run else None,
    )
    other.stalls = a_ticket(other.show, quantity=100)
    other.gallery = a_ticket(other.show, price=10_00, name="Gallery")
    other.promo_code = a_promo_code(other.show)
    return other


async def a_season(unit_of_work: UnitOfWorkFactory, theatre: Theatre, seed: int) -> Season:
    chance = random.Random(seed)  # noqa: S311  # the same orders in every run
    run = Production.planned(id=new_id(), producer_id=theatre.producer.id, title="Tempest", description="", venue="")
    stranger = Theatre()
    theatres = [
        theatre,
        _theatre(theatre, "Pacific/Auckland", run=run, days=20),
        _theatre(theatre, "Europe/Berlin", run=run, days=40),
        stranger,
    ]
    async with unit_of_work() as uow:
        await uow.productions.add(run)
        for each in theatres[1:-1]:
            await uow.shows.add(each.show)
            await uow.tickets.add(each.stalls)
            await uow.tickets.add(each.gallery)
            await uow.promo_codes.add(each.promo_code)
        await stranger.store(uow)
        await uow.commit()
    orders: list[Order] = []
    refunds: dict[object, list[Refund]] = {}
    disputes: dict[object, list[Dispute]] = {}
    for each in theatres:
        made = [some_order(each, [each.promo_code], chance) for _ in range(10)]
        disputed = [disputed_at_random(order, refunded, chance) for order, refunded in made]
        disputed = [(order, [_lost_at_random(each, chance) for each in found]) for order, found in disputed]
        made = [(order, [_dated_at_random(refund, chance) for refund in refunded]) for order, refunded in made]
        exchanged = [disputed[0][0], *(_perhaps_exchanged(order, disputed[0][0], chance) for order, _ in disputed[1:])]
        refunds |= {order.id: refunded for order, refunded in made}
        disputes |= {order.id: found for order, found in disputed}
        orders += exchanged
        await store(
            unit_of_work,
            each,
            *exchanged,
            refunds=tuple(refund for _, refunded in made for refund in refunded),
            disputes=tuple(dispute for _, found in disputed for dispute in found),
        )
    records = SalesRecords(
        shows=[each.show for each in theatres[:-1]],
        tickets=[ticket for each in theatres for ticket in (each.stalls, each.gallery)],
        orders=orders,
        refunds={order.id: refunds[order.id] for order in orders},
        disputes={order.id: disputes[order.id] for order in orders},
    )
    return Season(theatres, run, records)


def _dated_at_random(refund: Refund, chance: random.Random) -> Refund:
    """The refund, given on some day; some of them failed later."""
    given = replace(refund, created_at=NOW + timedelta(hours=chance.randint(0, 99)))
    if chance.random() < 0.7:
        return given
    changed_at = given.created_at + timedelta(hours=chance.randint(0, 60)) if chance.random() < 0.7 else None
    return replace(given, status=RefundStatus.FAILED, changed_at=changed_at)


def _lost_at_random(dispute: Dispute, chance: random.Random) -> Dispute:
    return replace(dispute, lost_at=chance.choice([None, NOW + timedelta(hours=chance.randint(0, 99))]))


def _perhaps_exchanged(order: Order, earlier: Order, chance: random.Random) -> Order:
    return replace(order, exchange=Exchange(earlier.id, (new_id(),))) if chance.random() < 0.2 else order


def added_up(figures: Sequence[Takings]) -> Takings:
    return sum(figures, Takings())


def assert_it_adds_up(report: SalesReport) -> None:
    for breakdown in (report.by_show, report.by_day, report.by_payment, report.by_channel, report.by_promo_code):
        assert added_up([*breakdown.values()]) == report.total
    assert added_up([*report.by_ticket.values()]) == replace(report.total, orders=0)


@pytest.mark.parametrize("seed", range(6))
async def test_report_of_many_shows_is_the_domains(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader, seed: int
) -> None:
    season = await a_season(unit_of_work, theatre, seed)
    day = NOW.date() + timedelta(days=1)
    for only in (
        ALL,
        SalesFilter(show_id=theatre.show.id),
        SalesFilter(production_id=season.run.id),
        SalesFilter(first=day, last=day),
        SalesFilter(first=day, production_id=season.run.id),
        SalesFilter(last=day),
        SalesFilter(production_id=new_id()),
    ):
        report = await sales.report(theatre.producer.id, only)
        expected = sales_report_of(season.records, only, currency=theatre.producer.currency)
        assert report == expected
        assert [*report.by_show] == [*expected.by_show]
        assert [*report.by_day] == sorted(report.by_day)
        assert_it_adds_up(report)
        cells = [pair async for pair in sales.cells(theatre.producer.id, only)]
        assert cells == sales_cells_of(season.records, only)
        assert sums_of(cells).report(report.currency) == report


MORNING = NOW.replace(hour=9)
DAY = timedelta(days=1)


def on(report: SalesReport | ShowReport, *days: date) -> list[Takings]:
    return [report.by_day.get(day, Takings()) for day in days]


async def test_a_refund_counts_on_the_day_on_which_it_was_given(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader, reports: ReportReader
) -> None:
    """So last night's money by payment is what moved last night, and what was reported of a day stays."""
    sold, refunded, failed = (MORNING + days * DAY for days in range(3))
    order = replace(paid(theatre.order(2)), completed_at=sold, refunded_amount=10_00)
    given = replace(a_refund(order, amount=10_00), created_at=refunded, refund_fees=False)
    came_back = replace(
        a_refund(order, sequence=2, amount=20_00),
        created_at=refunded,
        changed_at=failed,
        status=RefundStatus.FAILED,
        refund_fees=False,
    )
    await store(unit_of_work, theatre, order, refunds=(given, came_back))
    days = [each.astimezone(theatre.show.zone).date() for each in (sold, refunded, failed)]
    for report in (await sales.report(theatre.producer.id, ALL), await reports.report(theatre.show)):
        assert [(each.orders, each.tickets, each.paid, each.refunds) for each in on(report, *days)] == [
            (1, 2, order.amount_paid, 0),
            (0, 0, 0, 30_00),
            (0, 0, 0, -20_00),
        ]
        assert (report.total.refunds, report.by_payment["online"].refunds) == (10_00, 10_00)
    last_night = await sales.report(theatre.producer.id, SalesFilter(first=days[1], last=days[1]))
    assert {name: each.net for name, each in last_night.by_payment.items()} == {"online": -30_00}
    assert [show.id for show in last_night.by_show] == [theatre.show.id]


async def test_a_lost_dispute_counts_on_the_day_on_which_it_was_lost(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader
) -> None:
    order = replace(paid(theatre.order(2)), completed_at=MORNING)
    lost = dispute_of(order, amount=order.amount_paid, status=DisputeStatus.LOST, lost_at=MORNING + DAY)
    await store(unit_of_work, theatre, order, disputes=(booked(lost, order, (), ()),))
    days = [each.astimezone(theatre.show.zone).date() for each in (MORNING, MORNING + DAY)]
    report = await sales.report(theatre.producer.id, ALL)
    assert [(each.paid, each.disputes, each.fees_returned) for each in on(report, *days)] == [
        (order.amount_paid, 0, 0),
        (0, order.amount_paid, order.quote.fees),
    ]


async def test_the_refund_of_an_exchanged_order_leaves_the_day_of_the_exchange_as_it_was(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader
) -> None:
    """The exchange moves no money: paid in the later order, refunded in the earlier one. The refund gives it back."""
    sold, exchanged, refunded = (MORNING + days * DAY for days in range(3))
    old = replace(paid(theatre.order(2)), completed_at=sold)
    new = paid(theatre.order(2))
    new = replace(
        new,
        completed_at=exchanged,
        exchange=Exchange(old.id, tuple(a.id for a in old.attendees), old.amount_paid, 0, old.quote.fees),
    )
    back = replace(
        a_refund(new, amount=old.amount_paid),
        created_at=refunded,
        through=old.id,
        status=RefundStatus.SUCCEEDED,
        fees_moved=old.quote.fees,
    )
    given = replace(a_refund(old, amount=old.amount_paid), created_at=refunded)
    await store(unit_of_work, theatre, old, new, refunds=(back, given))
    days = [each.astimezone(theatre.show.zone).date() for each in (sold, exchanged, refunded)]
    report = await sales.report(theatre.producer.id, ALL)
    amount, fees = old.amount_paid, old.quote.fees
    assert [(each.paid - each.refunds, each.fees - each.fees_returned) for each in on(report, *days)] == [
        (amount, fees),
        (0, 0),
        (-amount, -fees),
    ]


def sums_of(cells: Sequence[tuple[SalesCell, Takings]]) -> SalesSums:
    sums = SalesSums()
    for cell, takings in cells:
        sums.add(cell, takings)
    return sums


async def test_reports_of_shows_add_up_to_the_report_of_all(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader, reports: ReportReader
) -> None:
    season = await a_season(unit_of_work, theatre, seed=7)
    shows: list[Show] = [each.show for each in season.theatres[:-1]]
    of_all = await sales.report(theatre.producer.id, ALL)
    of_each = [await reports.report(show) for show in shows]
    assert added_up([report.total for report in of_each]) == of_all.total
    assert {show.id: takings for show, takings in of_all.by_show.items()} == {
        show.id: report.total for show, report in zip(shows, of_each, strict=True) if report.total.orders
    }
    for day, takings in of_all.by_day.items():
        assert added_up([report.by_day.get(day, Takings()) for report in of_each]) == takings
        assert (await sales.report(theatre.producer.id, SalesFilter(first=day, last=day))).total == takings
    for payment, takings in of_all.by_payment.items():
        assert added_up([report.by_payment.get(payment, Takings()) for report in of_each]) == takings


async def test_a_day_of_a_report_is_one_of_the_venues_calendar(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader
) -> None:
    """Clocks go back at midnight in Havana, so one day begins twice there."""
    zone = ZoneInfo("America/Havana")
    show = replace(
        theatre.show, timezone=zone.key, venue_clock=VenueClock.at(theatre.show.venue_clock.moments, zone.key)
    )
    first = date(2026, 10, 31)
    from_midnight = [timedelta(minutes=30 * step) for step in range(-50, 50)]
    middle = NOW.replace(year=2026, month=11, day=1, hour=5, minute=0)
    orders = [replace(paid(theatre.order(1)), completed_at=middle + offset) for offset in from_midnight]
    async with unit_of_work() as uow:
        await uow.shows.save(show)
        await uow.commit()
    await store(unit_of_work, theatre, *orders)
    for day in (first, first + timedelta(days=1), first + timedelta(days=2)):
        report = await sales.report(theatre.producer.id, SalesFilter(first=day, last=day))
        expected = sum(order.completed_at.astimezone(zone).date() == day for order in orders if order.completed_at)
        assert (report.total.orders, list(report.by_day)) == (expected, [day])


async def test_ticket_types_of_one_name_are_one(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader
) -> None:
    tomorrow = _theatre(theatre, "Europe/Berlin", run=None, days=31)
    async with unit_of_work() as uow:
        await uow.shows.add(tomorrow.show)
        await uow.tickets.add(tomorrow.stalls)
        await uow.commit()
    await store(unit_of_work, theatre, paid(theatre.order(2)))
    await store(unit_of_work, tomorrow, paid(tomorrow.order(3)))
    report = await sales.report(theatre.producer.id, ALL)
    assert {name: takings.tickets for name, takings in report.by_ticket.items()} == {"Stalls": 5}
    assert [show.id for show in report.by_show] == [theatre.show.id, tomorrow.show.id]
    assert report.by_channel.keys() == {Channel.WEB}
    assert report.by_promo_code.keys() == {NO_CODE}


async def test_a_producer_without_orders_has_a_report_of_nothing(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader
) -> None:
    newcomer = a_producer()
    async with unit_of_work() as uow:
        await uow.producers.add(newcomer)
        await uow.commit()
    for producer in (newcomer, theatre.producer):
        report = await sales.report(producer.id, ALL)
        assert (report.total, report.by_day, report.by_show) == (Takings(), {}, {})
        assert [pair async for pair in sales.cells(producer.id, ALL)] == []


@pytest.mark.parametrize("only", [SalesFilter(first=date.min), SalesFilter(last=date.max)])
async def test_a_period_may_be_as_long_as_the_calendar(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, sales: SalesReader, only: SalesFilter
) -> None:
    await store(
        unit_of_work, theatre, paid(theatre.order()), an_order(theatre.producer, theatre.show, {theatre.stalls: 1})
    )
    assert (await sales.report(theatre.producer.id, only)).total.orders == 1
