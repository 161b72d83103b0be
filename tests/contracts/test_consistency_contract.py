"""The ports ReportReader and ConsistencyChecker: the domain's reports, and a finding for each violation."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.consistency import MemoryConsistencyChecker
from adapters.memory.report import MemoryReportReader
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.consistency import PostgresConsistencyChecker
from adapters.postgres.report import PostgresReportReader
from application.ports.consistency import ConsistencyChecker
from application.ports.report import ReportReader
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.admission import Scan, ScanResult
from domain.capacity import Allocation, Capacity
from domain.catalog import Ticket
from domain.consistency import EXAMPLES, Findings, Invariant
from domain.dispute_losses import booked
from domain.disputes import Dispute, DisputeStatus
from domain.duplicate_payments import DuplicatePayment
from domain.inventory import Inventory
from domain.orders import AttendeeStatus, Exchange, ManualPayment, Order, OrderStatus, ReplacedCode
from domain.production import Production
from domain.promotions import TicketPromoCode, UseCount
from domain.refunds import Refund, RefundStatus, refundable_amount
from domain.report import report_of
from domain.sale_period import SellsUntil
from domain.tasks import TaskKind, TaskState
from domain.timezones import changes, days
from domain.venue_clock import VenueClock, VenueTime
from tests.contracts.builders import (
    NOW,
    Theatre,
    a_producer,
    a_producers_task,
    a_promo_code,
    a_refund,
    a_show,
    a_task,
    a_ticket,
    an_order,
    issue,
    new_id,
    paid,
)
from tests.support.disputes import dispute_of
from tests.support.factories import by_older_rules

HOUR = timedelta(hours=1)


@pytest.fixture
def reports(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> ReportReader:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryReportReader(unit_of_work)
    return PostgresReportReader(contracts_engine)


@pytest.fixture
def checker(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> ConsistencyChecker:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryConsistencyChecker(unit_of_work)
    return PostgresConsistencyChecker(contracts_engine)


async def store(
    unit_of_work: UnitOfWorkFactory,
    theatre: Theatre,
    *orders: Order,
    refunds: tuple[Refund, ...] = (),
    disputes: tuple[Dispute, ...] = (),
    scans: tuple[Scan, ...] = (),
) -> None:
    """Store the orders, with the counters and promo code uses that they imply."""
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock(orders)
        for order in orders:
            if order.holds_tickets:
                stock.hold(order.lines, order.promo_code_id)
            elif order.completed_at:
                stock.sell(order.lines, order.promo_code_id)
                restocked = [attendee for attendee in order.attendees if attendee.restocked]
                for attendee in restocked:
                    stock.restock(order.lines[attendee.line], 1)
                with_code = sum(order.lines[attendee.line].uses_promo_code for attendee in restocked)
                is_last = len(restocked) == len(order.attendees)
                stock.give_back_uses(order.promo_code_id, with_code, is_last=is_last)
        await uow.orders.add(orders)
        await uow.inventory.save(stock)
        for refund in refunds:
            await uow.refunds.add(refund)
        for dispute in disputes:
            await uow.disputes.save(dispute)
        await uow.check_ins.add(scans)
        await uow.commit()


async def off(checker: ConsistencyChecker) -> Mapping[Invariant, Findings]:
    found = await checker.findings(now=NOW, overdue_since=NOW, behind_since=NOW)
    return {invariant: findings for invariant, findings in found.items() if findings.count}


def pair_code(theatre: Theatre) -> TicketPromoCode:
    """A code that makes two tickets of an order cheaper, and counts tickets."""
    return a_promo_code(theatre.show, "PAIR", discount="0", amount_off=3_33, max_per_order=2, counts=UseCount.TICKETS)


def some_order(
    theatre: Theatre, promo_codes: Sequence[TicketPromoCode], chance: random.Random
) -> tuple[Order, list[Refund]]:
    """An order of both tickets in a random stage of its life, with its refunds."""
    quantities = {theatre.stalls: chance.randint(1, 3), theatre.gallery: chance.randint(0, 3)}
    promo = chance.choice(promo_codes) if chance.random() < 0.6 else None
    order = an_order(
        theatre.producer,
        theatre.show,
        {kind: count for kind, count in quantities.items() if count},
        promo_code=promo,
    )
    if chance.random() < 0.2:
        return order, []
    order = replace(
        paid(order, tax=chance.choice([0, 1, 333])), completed_at=NOW + timedelta(hours=chance.randint(0, 99))
    )
    if chance.random() < 0.2:
        return replace(
            order, manual_payment=ManualPayment.CASH, payment_intent_id=None, amount_paid=order.quote.total, tax=0
        ), []
    refunds: list[Refund] = []
    for _ in range(chance.randint(0, 2)):
        valid = [a.id for a in order.attendees if a.status is AttendeeStatus.VALID]
        if not valid:
            break
        chosen = set(chance.sample(valid, chance.randint(1, len(valid))))
        fees = chance.random() < 0.6
        refund = replace(
            a_refund(order, sequence=len(refunds) + 1, amount=refundable_amount(order, chosen, refund_fees=fees)),
            refund_fees=fees,
            status=chance.choice([RefundStatus.SUCCEEDED, RefundStatus.PENDING]),
        )
        refunds.append(refund)
        order = replace(
            order,
            attendees=tuple(
                replace(a, status=AttendeeStatus.VOID, restocked=True) if a.id in chosen else a for a in order.attendees
            ),
            status=OrderStatus.REFUNDED if len(chosen) == len(valid) else OrderStatus.PARTIALLY_REFUNDED,
            refunded_amount=order.refunded_amount + refund.amount,
        )
    return order, refunds


def disputed_at_random(order: Order, refunds: list[Refund], chance: random.Random) -> tuple[Order, list[Dispute]]:
    """The order after a dispute over some of its money, or after none."""
    if order.payment_intent_id is None or chance.random() < 0.6:
        return order, []
    status = chance.choice([*DisputeStatus])
    dispute = booked(dispute_of(order, amount=chance.randint(1, order.amount_paid), status=status), order, refunds, [])
    return replace(order, disputed=dispute.is_contested or dispute.is_lost), [dispute]


@pytest.mark.parametrize("seed", range(12))
async def test_report_is_the_domains_and_nothing_is_off(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, reports: ReportReader, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same orders in every run
    pair = pair_code(theatre)
    async with unit_of_work() as uow:
        await uow.promo_codes.add(pair)
        await uow.commit()
    made = [some_order(theatre, [theatre.promo_code, pair], chance) for _ in range(15)]
    refunds = {order.id: refunded for order, refunded in made}
    disputed = [disputed_at_random(order, refunded, chance) for order, refunded in made]
    orders = [order for order, _ in disputed]
    disputes = {order.id: found for order, found in disputed}
    await store(
        unit_of_work,
        theatre,
        *orders,
        refunds=tuple(refund for _, refunded in made for refund in refunded),
        disputes=tuple(dispute for _, found in disputed for dispute in found),
    )

    report = await reports.report(theatre.show)

    async with unit_of_work() as uow:
        display = await uow.show_details.details(theatre.show.id)
    assert display
    timezone = ZoneInfo(theatre.show.timezone)
    currency = theatre.producer.currency
    assert report == report_of(
        display.tickets, orders, refunds, disputes=disputes, currency=currency, timezone=timezone
    )
    assert report.total.paid == sum(order.amount_paid for order in orders if order.completed_at)
    assert await off(checker) == {}


@pytest.mark.parametrize(
    "zone",
    [
        "America/New_York",
        "US/Eastern",  # a link, which servers may lack
        "CET",  # in PostgreSQL an abbreviation, without summer time
        "EET",
        "MET",
        "WET",
        "America/Coyhaique",  # younger than many servers' rules
        "America/Vancouver",  # newer rules than theirs
        "posix/Europe/Paris",  # from earlier versions
        "right/Europe/Paris",
        "Africa/Cairo",  # a midnight that is skipped, and an hour before midnight that occurs twice
        "America/Havana",  # midnight occurs twice
        "Pacific/Kiritimati",
    ],
)
async def test_days_of_a_report_are_those_of_the_venues_calendar(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, reports: ReportReader, zone: str
) -> None:
    moments = theatre.show.venue_clock.moments
    show = replace(theatre.show, timezone=zone, venue_clock=VenueClock.at(moments, zone))
    first, last = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    nights = {change.date() for change in changes(show.zone, first, last)} | {date(2027, 7, 1)}
    completed = [
        begin + offset
        for begin, day in days(show.zone, first, last)
        if {day - timedelta(days=1), day, day + timedelta(days=1)} & nights
        for offset in (-timedelta(microseconds=1), timedelta(), timedelta(minutes=59))
    ]
    orders = [replace(paid(theatre.order(1)), completed_at=moment) for moment in completed]
    async with unit_of_work() as uow:
        await uow.shows.save(show)
        await uow.commit()
    await store(unit_of_work, theatre, *orders)

    report = await reports.report(show)

    counted = Counter(moment.astimezone(show.zone).date() for moment in completed)
    assert {day: takings.orders for day, takings in report.by_day.items()} == dict(sorted(counted.items()))
    assert list(report.by_day) == sorted(counted)


async def test_money_that_came_too_late_is_in_no_figure(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, reports: ReportReader
) -> None:
    order = theatre.order()
    total = order.quote.total
    late = replace(order, status=OrderStatus.REFUNDED, amount_paid=total, refunded_amount=total)
    await store(unit_of_work, theatre, late, refunds=(a_refund(order, amount=total),))
    report = await reports.report(theatre.show)
    assert (report.total.paid, report.total.refunds, report.by_day) == (0, 0, {})
    assert await off(checker) == {}


def pending(theatre: Theatre) -> Order:
    return replace(theatre.order(), expires_at=NOW + HOUR)


async def found_after(
    unit_of_work: UnitOfWorkFactory,
    theatre: Theatre,
    checker: ConsistencyChecker,
    *orders: Order,
    refunds: tuple[Refund, ...] = (),
) -> set[Invariant]:
    await store(unit_of_work, theatre, *orders, refunds=refunds)
    return set(await off(checker))


async def test_held_that_no_order_holds(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add([pending(theatre)])
        await uow.commit()
    assert set(await off(checker)) == {Invariant.HELD}


def a_house(theatre: Theatre, *, held: int = 0, sold: int = 0, allocated: int = 0) -> tuple[Capacity, Ticket]:
    """A house of 50 places with these counters, and a ticket type that draws on it with 2 places a ticket."""
    counters = {"held": held, "sold": sold, "allocated": allocated}
    house = Capacity(id=new_id(), show_id=theatre.show.id, name="Saal", size=50, **counters)
    kind = replace(a_ticket(theatre.show), inventory=Inventory(None), capacity_id=house.id, places=2)
    return house, kind


async def with_house(
    unit_of_work: UnitOfWorkFactory,
    house: Capacity,
    kind: Ticket,
    *allocations: Allocation,
    orders: Sequence[Order] = (),
) -> None:
    async with unit_of_work() as uow:
        await uow.capacities.add(house)
        for allocation in allocations:
            await uow.allocations.add(allocation)
        await uow.tickets.add(kind)
        await uow.orders.add(orders)
        await uow.commit()


def of_kind(order: Order, kind: Ticket, allocation: Allocation | None = None) -> Order:
    """The order with tickets of this type, out of the allocation."""
    allocation_id = allocation.id if allocation else None
    lines = tuple(replace(line, ticket_id=kind.id, allocation_id=allocation_id) for line in order.lines)
    attendees = tuple(replace(attendee, ticket_id=kind.id) for attendee in order.attendees)
    return replace(order, quote=replace(order.quote, lines=lines), attendees=attendees)


async def test_a_house_whose_places_add_up(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    house, kind = a_house(theatre, held=4, sold=4, allocated=6)
    press = Allocation(id=new_id(), capacity_id=house.id, name="Presse", size=10, sold=4)
    gone = Allocation(id=new_id(), capacity_id=house.id, name="Gäste", size=3, released_at=NOW)
    orders = [of_kind(pending(theatre), kind), of_kind(paid(theatre.order()), kind, press)]
    selling = replace(kind, inventory=Inventory(None, held=2, sold=2))
    await with_house(unit_of_work, house, selling, press, gone, orders=orders)

    assert set(await off(checker)) == set()


@pytest.mark.parametrize("counters", [{"held": 1}, {"sold": 1}, {"allocated": 1}])
async def test_places_of_a_house_that_nothing_takes(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, counters: dict[str, int]
) -> None:
    await with_house(unit_of_work, *a_house(theatre, **counters))

    assert set(await off(checker)) == {Invariant.PLACES}


async def test_a_ticket_type_in_another_shows_house(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.commit()
    house, kind = a_house(theatre)
    await with_house(unit_of_work, house, replace(kind, show_id=other.show.id))

    assert set(await off(checker)) == {Invariant.PLACES}


async def test_places_of_an_allocation_that_no_order_has(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    house, kind = a_house(theatre, allocated=9)
    await with_house(
        unit_of_work, house, kind, Allocation(id=new_id(), capacity_id=house.id, name="P", size=10, sold=1)
    )

    assert set(await off(checker)) == {Invariant.ALLOCATIONS}


async def test_sold_that_nobody_has(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add([paid(theatre.order())])
        await uow.commit()
    assert set(await off(checker)) == {Invariant.SOLD}


async def test_promo_uses_that_were_not_counted(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order(with_promo_code=True))
    await store(unit_of_work, theatre, replace(order, promo_code_id=None))
    async with unit_of_work() as uow:
        await uow.orders.add([paid(theatre.order(with_promo_code=True))])
        await uow.commit()
    assert set(await off(checker)) == {Invariant.PROMO_USES, Invariant.SOLD}


async def test_uses_by_tickets_that_were_not_counted(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    pair = pair_code(theatre)
    held = an_order(theatre.producer, theatre.show, {theatre.stalls: 3}, promo_code=pair)
    bought = paid(an_order(theatre.producer, theatre.show, {theatre.stalls: 3}, promo_code=pair))
    first, *others = bought.attendees
    void = replace(first, status=AttendeeStatus.VOID, restocked=True)
    refunded = replace(bought, status=OrderStatus.PARTIALLY_REFUNDED, attendees=(void, *others))
    async with unit_of_work() as uow:
        await uow.promo_codes.add(pair)
        await uow.commit()
    await store(unit_of_work, theatre, replace(held, expires_at=NOW + HOUR), refunded)
    assert await off(checker) == {}
    async with unit_of_work() as uow:
        assert await uow.promo_codes.get(pair.id) == replace(pair, uses=3)
        await uow.orders.save([replace(refunded, attendees=(replace(void, restocked=False), *others))])
        await uow.commit()
    assert set(await off(checker)) == {Invariant.SOLD, Invariant.PROMO_USES}


async def test_ticket_without_attendee(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order(3))
    found = await found_after(unit_of_work, theatre, checker, replace(order, attendees=order.attendees[1:]))
    assert found == {Invariant.ATTENDEES, Invariant.SOLD}


async def test_payment_that_moved_with_an_exchange(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    old = paid(theatre.order(1))
    (gone,) = old.attendees
    new = paid(replace(theatre.order(1), exchange=Exchange(old.id, (gone.id,), old.amount_paid, 0, old.quote.fees)))
    new = replace(new, payment_intent_id=None)
    moved = replace(
        a_refund(old, amount=old.amount_paid), status=RefundStatus.SUCCEEDED, through=new.id, fees_moved=2_57
    )
    void = replace(gone, status=AttendeeStatus.VOID, restocked=True)
    old = replace(old, status=OrderStatus.REFUNDED, refunded_amount=old.amount_paid, attendees=(void,))
    await store(unit_of_work, theatre, old, new)
    async with unit_of_work() as uow:
        await uow.refunds.add(moved)
        await uow.commit()
    assert await off(checker) == {}

    async with unit_of_work() as uow:
        await uow.refunds.save(replace(moved, through=None))
        await uow.commit()
    assert {name: [each.subject_id for each in found.examples] for name, found in (await off(checker)).items()} == {
        Invariant.EXCHANGES: [new.id]
    }


async def test_ticket_with_a_code_that_was_replaced(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order(2))
    await store(unit_of_work, theatre, order)
    first = order.attendees[0]
    async with unit_of_work() as uow:
        await uow.orders.save_customer(order, replaced=[ReplacedCode(first.code, first.id, NOW)])
        await uow.commit()
    assert [finding.subject_id for finding in (await off(checker))[Invariant.CODES].examples] == [first.id]


async def test_attendees_of_an_order_that_was_never_completed(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = replace(theatre.order(), status=OrderStatus.EXPIRED).with_attendees(issue)
    assert await found_after(unit_of_work, theatre, checker, order) == {Invariant.ATTENDEES, Invariant.SOLD}


@pytest.mark.parametrize("by", [-1, 1])
async def test_lines_that_are_not_the_total(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, by: int
) -> None:
    order = theatre.order()
    quote = replace(order.quote, subtotal=order.quote.subtotal + by, total=order.quote.total + by)
    assert await found_after(unit_of_work, theatre, checker, paid(replace(order, quote=quote))) == {
        Invariant.ORDER_TOTALS
    }


async def test_an_order_whose_prices_include_the_fees(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = theatre.order()
    quote = replace(order.quote, fees_included=True, total=order.quote.subtotal)
    assert await found_after(unit_of_work, theatre, checker, paid(replace(order, quote=quote))) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_paid": 1},
        {"payment_intent_id": None},
        {"tax": 1},
        {"manual_payment": ManualPayment.CASH},
        {"manual_payment": ManualPayment.CASH, "payment_intent_id": None, "amount_paid": 0},
    ],
)
async def test_order_that_was_not_paid_once_and_in_full(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, wrong: dict[str, object]
) -> None:
    order = replace(paid(theatre.order()), **wrong)  # type: ignore[arg-type]
    assert await found_after(unit_of_work, theatre, checker, order) == {Invariant.PAID_ONCE}


async def test_one_payment_for_two_orders(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    orders = [replace(paid(theatre.order()), payment_intent_id="pi_1") for _ in range(2)]
    await store(unit_of_work, theatre, *orders)
    found = await off(checker)
    assert {name: findings.count for name, findings in found.items()} == {Invariant.PAID_ONCE: 2}
    assert {finding.subject_id for finding in found[Invariant.PAID_ONCE].examples} == {order.id for order in orders}


async def test_money_for_an_order_that_was_released(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = replace(theatre.order(), status=OrderStatus.EXPIRED, amount_paid=1)
    assert await found_after(unit_of_work, theatre, checker, order) == {Invariant.PAID_ONCE}


async def test_refunds_that_are_not_what_the_order_says(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order())
    found = await found_after(unit_of_work, theatre, checker, order, refunds=(a_refund(order),))
    assert found == {Invariant.REFUNDS}


async def test_refund_that_failed_until_another_takes_its_place(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = replace(paid(theatre.order()), refunded_amount=0)
    lost = replace(a_refund(order), status=RefundStatus.FAILED, failure_reason="closed account")
    found = await found_after(unit_of_work, theatre, checker, order, refunds=(lost,))
    assert found == {Invariant.LOST_REFUNDS}
    async with unit_of_work() as uow:
        await uow.refunds.add(a_refund(order, sequence=2))
        await uow.orders.save([replace(order, refunded_amount=a_refund(order).amount)])
        await uow.commit()
    assert await off(checker) == {}


async def test_second_payment_until_it_is_back(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order())
    again = DuplicatePayment(
        payment_intent_id="pi_again", order_id=order.id, amount=54_84, currency="USD", received_at=NOW
    )
    await store(unit_of_work, theatre, order)
    async with unit_of_work() as uow:
        await uow.duplicate_payments.add([again])
        await uow.commit()
    assert set(await off(checker)) == {Invariant.DUPLICATE_PAYMENTS}

    for amount, found in ((54_83, {Invariant.DUPLICATE_PAYMENTS}), (54_84, set())):
        async with unit_of_work() as uow:
            await uow.duplicate_payments.save(again.with_status([(RefundStatus.SUCCEEDED, amount, None)]))
            await uow.commit()
        assert set(await off(checker)) == found


async def test_refund_that_failed_while_that_of_another_ticket_succeeded(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order(2))
    void = tuple(replace(attendee, status=AttendeeStatus.VOID) for attendee in order.attendees)
    order = replace(order, status=OrderStatus.REFUNDED, attendees=void)
    one = a_refund(order, amount=order.amount_paid // 2)
    other = a_refund(order, sequence=2, amount=order.amount_paid - one.amount)
    order = replace(order, refunded_amount=other.amount)
    lost = replace(one, status=RefundStatus.FAILED)
    found = await found_after(unit_of_work, theatre, checker, order, refunds=(lost, other))
    assert found == {Invariant.LOST_REFUNDS}


@pytest.mark.parametrize(
    ("status", "void"),
    [
        (OrderStatus.COMPLETED, 1),
        (OrderStatus.PARTIALLY_REFUNDED, 0),
        (OrderStatus.PARTIALLY_REFUNDED, 2),
        (OrderStatus.REFUNDED, 1),
    ],
)
async def test_void_tickets_that_nobody_refunded(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, status: OrderStatus, void: int
) -> None:
    order = paid(theatre.order(2))
    attendees = [replace(a, status=AttendeeStatus.VOID) for a in order.attendees[:void]]
    order = replace(order, status=status, attendees=(*attendees, *order.attendees[void:]))
    assert await found_after(unit_of_work, theatre, checker, order) == {Invariant.VOID_TICKETS}


async def test_lost_dispute_makes_tickets_void_without_a_refund(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order())
    void = tuple(replace(attendee, status=AttendeeStatus.VOID) for attendee in order.attendees)
    assert await found_after(unit_of_work, theatre, checker, replace(order, disputed=True, attendees=void)) == set()


async def test_hold_that_is_over(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    just_over = replace(theatre.order(), expires_at=NOW - timedelta(microseconds=1))
    not_yet = replace(theatre.order(), expires_at=NOW)
    await store(unit_of_work, theatre, just_over, not_yet)
    found = await off(checker)
    assert {name: [f.subject_id for f in findings.examples] for name, findings in found.items()} == {
        Invariant.OVERDUE_HOLDS: [just_over.id]
    }


async def test_tasks_that_were_given_up_and_mails_that_were_perhaps_sent(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order())
    await store(unit_of_work, theatre, order)
    dead = replace(a_task(order), state=TaskState.DEAD, last_error="550 no such user")
    in_doubt = replace(a_task(order, due_at=NOW + HOUR), sending_since=NOW - HOUR)
    being_sent = replace(a_task(order), sending_since=NOW - HOUR)
    done = replace(a_task(order, due_at=NOW - HOUR), state=TaskState.DONE)
    about_producer = replace(a_producers_task(theatre.producer), state=TaskState.DEAD)
    async with unit_of_work() as uow:
        await uow.outbox.add([dead, in_doubt, being_sent, done, about_producer, a_task(order)])
        await uow.task_claims.claim(being_sent.id, now=NOW, until=NOW + timedelta(seconds=1))
        await uow.commit()
    found = await off(checker)
    assert {name: {f.subject_id for f in findings.examples} for name, findings in found.items()} == {
        Invariant.TASKS: {dead.id, in_doubt.id, about_producer.id}
    }


async def test_workers_that_are_behind_are_one_finding_a_kind(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order())
    await store(unit_of_work, theatre, order)
    older, newer = (a_task(order, due_at=NOW - HOUR * hours) for hours in (2, 1))
    reminder = replace(a_task(order, due_at=NOW - timedelta(microseconds=1)), kind=TaskKind.REMINDER_MAIL)
    just_in_time = replace(a_task(order), kind=TaskKind.REFUND_MAIL)
    at_work = replace(a_task(order, due_at=NOW - HOUR), kind=TaskKind.SUBMIT_REFUNDS)
    async with unit_of_work() as uow:
        await uow.outbox.add([newer, older, reminder, just_in_time, at_work])
        await uow.task_claims.claim(at_work.id, now=NOW, until=NOW + timedelta(seconds=1))
        await uow.task_queue.dispatched([older.id, newer.id], again_at=NOW + HOUR)
        await uow.commit()
    found = await off(checker)
    assert {name: {f.subject_id for f in findings.examples} for name, findings in found.items()} == {
        Invariant.BACKLOG: {older.id, reminder.id}
    }


def a_scan(theatre: Theatre, order: Order, **fields: object) -> Scan:
    attendee = order.attendees[0]
    scan = Scan(
        show_id=theatre.show.id,
        id=uuid4(),
        attendee_id=attendee.id,
        code=attendee.code,
        device_id="north",
        offline=False,
        scanned_at=NOW,
        received_at=NOW,
        result=ScanResult.ADMITTED,
    )
    return replace(scan, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("fields", [None, {"undone_at": NOW}, {"scanned_at": NOW - HOUR}])
async def test_check_in_without_its_scan(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, fields: dict[str, object] | None
) -> None:
    order = paid(theatre.order())
    order = order.checked_in(order.attendees[0].id, NOW)
    await store(unit_of_work, theatre, order, scans=() if fields is None else (a_scan(theatre, order, **fields),))
    assert set(await off(checker)) == {Invariant.ADMISSIONS}


async def test_check_in_with_its_scan(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, reports: ReportReader
) -> None:
    order = paid(theatre.order())
    order = order.checked_in(order.attendees[0].id, NOW)
    await store(unit_of_work, theatre, order, scans=(a_scan(theatre, order),))
    assert await off(checker) == {}
    report = await reports.report(theatre.show)
    assert [row.checked_in for row in report.tickets] == [0, 1]


async def test_fees_that_no_ticket_bears(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = theatre.order()
    free_lines = tuple(replace(line, price_per_ticket=0) for line in order.lines)
    quote = replace(order.quote, lines=free_lines, subtotal=0, total=order.quote.fees)
    assert await found_after(unit_of_work, theatre, checker, paid(replace(order, quote=quote))) == {Invariant.REPORT}


async def test_many_findings_are_counted_and_some_are_told(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    late = [replace(theatre.order(1), expires_at=NOW - HOUR) for _ in range(EXAMPLES + 1)]
    await store(unit_of_work, theatre, *late)
    found = (await off(checker))[Invariant.OVERDUE_HOLDS]
    assert (found.count, len(found.examples)) == (EXAMPLES + 1, EXAMPLES)


async def test_shows_at_moments_of_older_rules(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    over = by_older_rules(a_show(theatre.producer, starts_in=timedelta(days=-2)))
    async with unit_of_work() as uow:
        await uow.shows.save(by_older_rules(theatre.show))
        await uow.shows.add(over)
        await uow.commit()

    findings = await off(checker)

    assert set(findings) == {Invariant.SHOW_TIMES}
    (found,) = findings[Invariant.SHOW_TIMES].examples
    assert found.subject_id == theatre.show.id
    assert "by 2025b" in found.detail


async def test_show_in_a_production_of_another_producer(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    stranger = a_producer()
    own, other = (
        Production.planned(id=new_id(), producer_id=producer.id, title="Faust")
        for producer in (theatre.producer, stranger)
    )
    wrong = replace(a_show(theatre.producer), production_id=other.id)
    async with unit_of_work() as uow:
        await uow.producers.add(stranger)
        await uow.productions.add(own)
        await uow.productions.add(other)
        await uow.shows.add(replace(a_show(theatre.producer), production_id=own.id), wrong)
        await uow.commit()

    findings = await off(checker)

    assert set(findings) == {Invariant.PRODUCTIONS}
    assert [finding.subject_id for finding in findings[Invariant.PRODUCTIONS].examples] == [wrong.id]


async def test_what_can_never_be_bought(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    """A show was moved, and its sale or one of its ticket types' stayed behind."""
    after_all, before_all = (
        VenueTime.at(moment, theatre.show.timezone)
        for moment in (theatre.show.end_time, theatre.show.start_time - timedelta(days=9))
    )
    opens = VenueTime.at(theatre.show.start_time - timedelta(days=8), theatre.show.timezone)
    show = replace(theatre.show, on_sale_at=opens, sells_until=SellsUntil.START)
    late, early = replace(theatre.stalls, on_sale_at=after_all), replace(theatre.gallery, off_sale_at=before_all)
    never = replace(a_show(theatre.producer), on_sale_at=after_all)
    hidden, cancelled = replace(never, id=new_id(), published=False), replace(never, id=new_id(), cancelled=True)
    async with unit_of_work() as uow:
        await uow.shows.save(show)
        for ticket in (late, early):
            await uow.tickets.save(ticket)
        for other in (never, hidden, cancelled):
            await uow.shows.add(other)
        await uow.commit()

    findings = await off(checker)

    assert set(findings) == {Invariant.SALE_TIMES}
    found = {finding.subject_id: finding.detail for finding in findings[Invariant.SALE_TIMES].examples}
    assert set(found) == {late.id, early.id, never.id}
    assert found[late.id].startswith("Stalls of Twelfth Night would be on sale from ")
    assert findings[Invariant.SALE_TIMES].count == 3


async def test_cancelled_show_that_still_owes_its_buyers_money(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    async with unit_of_work() as uow:
        await uow.shows.save(replace(theatre.show, cancelled=True))
        await uow.commit()
    owed, contested, lost = (replace(paid(theatre.order()), refunded_amount=1) for _ in range(3))
    on_its_way = paid(theatre.order())
    on_its_way = replace(on_its_way, refunded_amount=on_its_way.amount_paid)
    contested, lost = replace(contested, disputed=True), replace(lost, disputed=True)
    await store(
        unit_of_work,
        theatre,
        owed,
        contested,
        lost,
        on_its_way,
        refunds=(
            *(a_refund(order, amount=1) for order in (owed, contested, lost)),
            a_refund(on_its_way, amount=on_its_way.amount_paid),
        ),
        disputes=(
            dispute_of(contested, amount=contested.amount_paid),
            dispute_of(lost, amount=lost.amount_paid, status=DisputeStatus.LOST),
        ),
    )
    found = await off(checker)
    assert {name: [f.subject_id for f in findings.examples] for name, findings in found.items()} == {
        Invariant.CANCELLED_SHOWS: [owed.id]
    }


@pytest.mark.parametrize("flagged", [True, False])
@pytest.mark.parametrize("status", [*DisputeStatus])
async def test_orders_are_flagged_as_their_disputes_stand(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker, flagged: bool, status: DisputeStatus
) -> None:
    order = replace(paid(theatre.order()), disputed=flagged)
    dispute = dispute_of(order, status=status)
    await store(unit_of_work, theatre, order, disputes=(dispute,))
    is_right = flagged is (dispute.is_contested or dispute.is_lost)
    assert set(await off(checker)) == (set() if is_right else {Invariant.DISPUTES})


async def test_dispute_that_was_won_after_its_money_was_taken_from_the_producer(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order())
    won = dispute_of(order, amount=10_00, status=DisputeStatus.WON, recovered=10_00, reversal_id="trr_1")
    await store(unit_of_work, theatre, order, disputes=(won,))
    assert set(await off(checker)) == {Invariant.DISPUTES}


async def test_refund_that_was_lost_is_not_owed_once_a_bank_has_taken_the_money(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(theatre.order())
    void = tuple(replace(attendee, status=AttendeeStatus.VOID) for attendee in order.attendees)
    order = replace(order, status=OrderStatus.REFUNDED, attendees=void, disputed=True)
    lost = replace(a_refund(order, amount=order.amount_paid), status=RefundStatus.FAILED)
    taken = dispute_of(order, amount=order.amount_paid, status=DisputeStatus.LOST)
    await store(unit_of_work, theatre, order, refunds=(lost,), disputes=(taken,))
    assert await off(checker) == {}
    async with unit_of_work() as uow:
        await uow.disputes.save(replace(taken, status=DisputeStatus.WON, lost=0))
        await uow.orders.save([replace(order, disputed=False)])
        await uow.commit()
    assert set(await off(checker)) == {Invariant.LOST_REFUNDS}


async def test_use_of_a_promo_code_comes_back_with_the_last_place(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, checker: ConsistencyChecker
) -> None:
    order = paid(an_order(theatre.producer, theatre.show, {theatre.stalls: 2}, promo_code=theatre.promo_code))
    one, other = (replace(attendee, status=AttendeeStatus.VOID, restocked=True) for attendee in order.attendees)
    back = replace(order, status=OrderStatus.REFUNDED, attendees=(one, other), refunded_amount=order.amount_paid)
    kept = replace(other, restocked=False)
    await store(unit_of_work, theatre, back, refunds=(a_refund(back, amount=back.amount_paid),))
    assert await off(checker) == {}
    async with unit_of_work() as uow:
        await uow.orders.save([replace(back, attendees=(one, kept))])
        await uow.commit()
    assert set(await off(checker)) == {Invariant.SOLD, Invariant.PROMO_USES}
