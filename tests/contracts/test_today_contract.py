"""The TodayReader port: tonight's head lines, recent sales, shows to come, and what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from application.ports.today import MISSED_FOR, NOWHERE, Place
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.admission import Scan, ScanResult
from domain.alerts import LostTask, OrderTrouble, PlannedShow, UnpaidShow
from domain.capacity import Allocation, Capacity
from domain.disputes import DisputeStatus
from domain.duplicate_payments import DuplicatePayment
from domain.evening import HeadLine
from domain.inventory import Inventory
from domain.money import currency
from domain.orders import AttendeeStatus, Order, OrderEvent, OrderStatus
from domain.refunds import RefundStatus
from domain.sales_figures import Sales, Slice
from domain.tasks import TaskKind, TaskState
from tests.contracts.builders import (
    NOW,
    Theatre,
    a_producer,
    a_refund,
    a_show,
    a_task,
    a_ticket,
    an_order,
    new_id,
    paid,
)
from tests.support.disputes import dispute_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def store(unit_of_work: UnitOfWorkFactory, *orders: Order) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add(orders)
        await uow.commit()


async def read(unit_of_work: UnitOfWorkFactory, method: str, *arguments: Any, **options: Any) -> Any:
    async with unit_of_work(read_only=True) as uow:
        return await getattr(uow.today, method)(*arguments, **options)


async def tonight(unit_of_work: UnitOfWorkFactory, theatre: Theatre, now: datetime) -> HeadLine:
    [evening] = await read(
        unit_of_work, "evenings", theatre.producer.id, begins=now - 12 * HOUR, ends=now + 12 * HOUR, now=now
    )
    assert evening.show == theatre.show
    line: HeadLine = evening.head_line
    return line


def voided(order: Order, *places: int, restocked: bool, status: OrderStatus) -> Order:
    return replace(
        order,
        status=status,
        attendees=tuple(
            replace(a, status=AttendeeStatus.VOID, restocked=restocked) if place in places else a
            for place, a in enumerate(order.attendees)
        ),
    )


async def let_in(uow: UnitOfWork, order: Order, *places: int, undone: bool = False) -> Order:
    """Let these attendees in, and, where it says so, out again."""
    for place in places:
        attendee = order.attendees[place]
        scan = Scan(
            id=new_id(),
            show_id=order.show_id,
            attendee_id=attendee.id,
            code=attendee.code,
            device_id="door",
            offline=False,
            scanned_at=NOW,
            received_at=NOW,
            result=ScanResult.ADMITTED,
            undone_at=NOW if undone else None,
        )
        await uow.check_ins.add([scan])
        order = order if undone else order.checked_in(attendee.id, NOW)
    await uow.orders.save([order])
    return order


async def sell(unit_of_work: UnitOfWorkFactory, theatre: Theatre, orders: Sequence[Order]) -> None:
    """Store orders, and count what they have sold."""
    sold = sum(not attendee.restocked for order in orders for attendee in order.attendees)
    async with unit_of_work() as uow:
        await uow.tickets.delete(theatre.stalls.id)
        await uow.tickets.add(replace(theatre.stalls, inventory=Inventory(100, 3, sold)))
        await uow.orders.add(orders)
        await uow.commit()


async def test_the_head_line_of_an_evening_counts_what_is_sold_and_who_is_inside(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    full, some, none = paid(theatre.order(4)), paid(theatre.order(4)), paid(theatre.order(2))
    given_back = replace(voided(some, 0, 1, restocked=False, status=OrderStatus.PARTIALLY_REFUNDED), refunded_amount=1)
    gone = replace(voided(none, 0, 1, restocked=True, status=OrderStatus.REFUNDED), refunded_amount=1)
    await sell(unit_of_work, theatre, [full, given_back, gone])
    now = theatre.show.door_time
    assert await tonight(unit_of_work, theatre, now) == HeadLine(
        capacity=200, sold=8, held=3, kept=0, checked_in=0, coming=6
    )
    async with unit_of_work() as uow:
        inside = await let_in(uow, full, 0, 1)
        await let_in(uow, inside, 2, undone=True)
        await uow.commit()
    line = await tonight(unit_of_work, theatre, now)
    assert (line.checked_in, line.coming, line.expected, line.left) == (2, 4, 6, 189)


async def test_people_whose_ticket_became_void_after_they_came_are_still_inside(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    kept, restocked, lost = paid(theatre.order(2)), paid(theatre.order(2)), paid(theatre.order(2))
    await sell(unit_of_work, theatre, [kept, voided(restocked, 0, restocked=True, status=OrderStatus.COMPLETED), lost])
    async with unit_of_work() as uow:
        await uow.orders.lock([kept.id, restocked.id, lost.id])
        inside = await let_in(uow, kept, 0)
        await uow.orders.save([voided(inside, 0, restocked=False, status=OrderStatus.PARTIALLY_REFUNDED)])
        inside = await let_in(uow, voided(restocked, 0, restocked=True, status=OrderStatus.PARTIALLY_REFUNDED), 0)
        await uow.orders.save([inside])
        await uow.orders.save([lost.dispute(OrderEvent.DISPUTE_LOST)])
        await uow.commit()
    line = await tonight(unit_of_work, theatre, theatre.show.door_time)
    assert (line.checked_in, line.coming) == (2, 2)


async def test_places_of_a_house_are_counted_instead_of_the_tickets_that_share_them(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    house = Capacity(id=new_id(), show_id=theatre.show.id, name="House", size=50, held=4, sold=8, allocated=10)
    family = replace(
        a_ticket(theatre.show), inventory=Inventory(None, 1, 2), capacity_id=house.id, places=4, name="Family"
    )
    async with unit_of_work() as uow:
        await uow.capacities.add(house)
        await uow.tickets.add(family)
        await uow.commit()
    line = await tonight(unit_of_work, theatre, theatre.show.start_time)
    assert (line.capacity, line.sold, line.held, line.kept, line.left) == (250, 8, 4, 10, 228)


async def test_the_evening_has_its_shows_and_those_that_still_go_on(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    begins, ends = NOW, NOW + DAY
    festival = replace(a_show(theatre.producer, starts_in=-DAY), end_time=NOW + DAY)
    first, last = a_show(theatre.producer, starts_in=timedelta()), a_show(theatre.producer, starts_in=23 * HOUR)
    cancelled = replace(a_show(theatre.producer, starts_in=2 * HOUR), cancelled=True)
    elsewhere = a_producer()
    others = [
        a_show(theatre.producer, starts_in=DAY),
        a_show(theatre.producer, starts_in=-5 * HOUR),
        a_show(elsewhere, starts_in=HOUR),
    ]
    async with unit_of_work() as uow:
        await uow.producers.add(elsewhere)
        await uow.shows.add(festival, last, first, cancelled, *others)
        await uow.commit()
    found = await read(unit_of_work, "evenings", theatre.producer.id, begins=begins, ends=ends, now=NOW)
    assert [evening.show for evening in found] == [festival, first, cancelled, last]


async def test_sales_are_summed_up_between_marks_and_by_currency(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    marks = [NOW - 2 * DAY, NOW - DAY, NOW - HOUR]
    on = {
        "before": replace(paid(theatre.order(1)), completed_at=marks[0] - timedelta(microseconds=1)),
        "first": replace(paid(theatre.order(2)), completed_at=marks[0]),
        "same": replace(paid(theatre.order(3)), completed_at=marks[1] - HOUR),
        "now": replace(paid(theatre.order(1)), completed_at=NOW),
        "later": replace(paid(theatre.order(1)), completed_at=NOW + HOUR),
    }
    early = {name: replace(order, created_at=NOW - 3 * DAY) for name, order in on.items()}
    euros = replace(early["now"], id=new_id(), session_id=None, payment_intent_id="pi_euros")
    euros = replace(
        euros,
        quote=replace(euros.quote, currency=currency("EUR")),
        attendees=tuple(replace(a, id=new_id(), code=f"eur{i}") for i, a in enumerate(euros.attendees)),
    )
    await store(unit_of_work, *early.values(), theatre.order(4), euros)
    found = await read(unit_of_work, "sales", theatre.producer.id, marks=marks, now=NOW)
    dollars = theatre.producer.currency
    two, three, one = (early[name].amount_paid for name in ("first", "same", "now"))
    assert found == [
        Slice(marks[0], dollars, Sales(orders=2, tickets=5, paid=two + three)),
        Slice(marks[2], currency("EUR"), Sales(orders=1, tickets=1, paid=one)),
        Slice(marks[2], dollars, Sales(orders=1, tickets=1, paid=one)),
    ]
    assert await read(unit_of_work, "sales", a_producer().id, marks=marks, now=NOW) == []


async def test_money_that_went_back_counts_when_it_went_back(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    """A refund that failed is taken back when it failed. What an exchange moved has not gone back."""
    marks = [NOW - 2 * DAY, NOW - DAY, NOW - HOUR]
    order = replace(paid(theatre.order(4)), completed_at=marks[0] - HOUR, created_at=marks[0] - HOUR)
    failed = replace(
        a_refund(order, sequence=2, amount=7_00), status=RefundStatus.FAILED, created_at=marks[0], changed_at=marks[1]
    )
    later = replace(paid(theatre.order(1)), completed_at=NOW)
    moved = replace(a_refund(order, sequence=3, amount=5_00), created_at=NOW, through=later.id)
    await store(unit_of_work, order, later)
    async with unit_of_work() as uow:
        for refund in (replace(a_refund(order, sequence=1, amount=10_00), created_at=marks[1]), failed, moved):
            await uow.refunds.add(refund)
        await uow.commit()
    found = await read(unit_of_work, "sales", theatre.producer.id, marks=marks, now=NOW)
    dollars = theatre.producer.currency
    assert found == [
        Slice(marks[0], dollars, Sales(refunded=7_00)),
        Slice(marks[1], dollars, Sales(refunded=10_00 - 7_00)),
        Slice(marks[2], dollars, Sales(orders=1, tickets=1, paid=later.amount_paid)),
    ]


async def test_an_order_of_several_lines_is_one_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = paid(an_order(theatre.producer, theatre.show, {theatre.stalls: 2, theatre.gallery: 3}))
    await store(unit_of_work, order)
    [found] = await read(unit_of_work, "sales", theatre.producer.id, marks=[NOW - DAY], now=NOW)
    assert found.sales == Sales(orders=1, tickets=5, paid=order.amount_paid)


async def test_shows_to_come_have_all_that_they_sell(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    bare = replace(a_show(theatre.producer, starts_in=DAY), published=False)
    over, cancelled = a_show(theatre.producer, starts_in=-DAY), replace(a_show(theatre.producer), cancelled=True)
    house = Capacity(id=new_id(), show_id=theatre.show.id, name="House", size=50, allocated=10)
    press = Allocation(id=new_id(), capacity_id=house.id, name="Press", size=10, release_at=NOW + DAY)
    async with unit_of_work() as uow:
        await uow.shows.add(bare, over, cancelled)
        await uow.capacities.add(house)
        await uow.allocations.add(press)
        await uow.commit()
    assert await read(unit_of_work, "planned", theatre.producer.id, now=NOW) == [
        PlannedShow(show=bare),
        PlannedShow(
            show=theatre.show, tickets=(theatre.gallery, theatre.stalls), capacities=(house,), allocations=(press,)
        ),
    ]
    assert await read(unit_of_work, "planned", a_producer().id, now=NOW) == []


async def test_a_tidy_producer_has_no_troubles(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = paid(theatre.order())
    await store(unit_of_work, order)
    found = await read(unit_of_work, "troubles", theatre.producer.id, now=NOW)
    assert found == type(found)()


async def test_troubles_are_the_producers_own(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order, other = paid(theatre.order()), theatre.order()
    refunded = replace(voided(order, 0, 1, restocked=False, status=OrderStatus.REFUNDED), refunded_amount=0)
    lost = replace(a_refund(order), status=RefundStatus.FAILED, failure_reason="account_closed", amount=50_00)
    dispute = dispute_of(other, status=DisputeStatus.NEEDS_RESPONSE, evidence_due_by=NOW + DAY)
    second = DuplicatePayment(
        payment_intent_id="pi_second",
        order_id=other.id,
        amount=54_84,
        currency="USD",
        received_at=NOW,
        status=RefundStatus.FAILED,
        failure_reason="declined",
    )
    async with unit_of_work() as uow:
        await uow.orders.add([refunded, other])
        await uow.refunds.add(lost)
        await uow.disputes.save(dispute)
        await uow.disputes.save(dispute_of(other, id="dp_over", status=DisputeStatus.WON))
        await uow.duplicate_payments.add([second])
        await uow.commit()
    facts: Any = {"show_title": order.show_title, "starts_at": theatre.show.start_time}
    found = await read(unit_of_work, "troubles", theatre.producer.id, now=NOW)
    assert found.refunds == (OrderTrouble(order_id=order.id, reason="account_closed", **facts),)
    assert found.duplicates == (OrderTrouble(order_id=other.id, reason="declined", **facts),)
    [open_one] = found.disputes
    assert (open_one.dispute_id, open_one.status, open_one.order_id) == (dispute.id, dispute.status, other.id)
    assert (open_one.amount, open_one.currency, open_one.evidence_due_by) == (
        dispute.amount,
        theatre.producer.currency,
        NOW + DAY,
    )
    empty = await read(unit_of_work, "troubles", a_producer().id, now=NOW)
    assert empty == type(empty)()


async def test_work_that_was_given_up_is_named_unless_it_was_done_later(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = theatre.order()
    dead = replace(a_task(order), state=TaskState.DEAD, last_error="MailRefused: no such user")
    reminder = replace(a_task(order), kind=TaskKind.REMINDER_MAIL, state=TaskState.DEAD, last_error="MailRefused: no")
    again = replace(a_task(order, due_at=NOW + HOUR), kind=TaskKind.REMINDER_MAIL, state=TaskState.DONE)
    long_ago = replace(a_task(order, due_at=NOW - MISSED_FOR), kind=TaskKind.REFUND_MAIL, state=TaskState.DEAD)
    money = replace(long_ago, id=new_id(), kind=TaskKind.SUBMIT_REFUNDS, last_error="PaymentRefused: no")
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.outbox.add([dead, reminder, again, a_task(order), long_ago, money])
        await uow.commit()
    found = await read(unit_of_work, "troubles", theatre.producer.id, now=NOW)
    facts: Any = {"order_id": order.id, "show_title": order.show_title, "starts_at": theatre.show.start_time}
    assert found.tasks == (
        LostTask(**facts, kind=TaskKind.CONFIRMATION_MAIL, reason="MailRefused: no such user"),
        LostTask(**facts, kind=TaskKind.SUBMIT_REFUNDS, reason="PaymentRefused: no"),
    )


async def test_a_cancelled_show_owes_its_buyers_their_money(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    owed, also, back = paid(theatre.order()), paid(theatre.order()), paid(theatre.order())
    back = replace(voided(back, 0, 1, restocked=False, status=OrderStatus.REFUNDED), refunded_amount=back.amount_paid)
    async with unit_of_work() as uow:
        await uow.orders.add([owed, also, back, theatre.order()])
        await uow.shows.save(replace(theatre.show, cancelled=True))
        await uow.commit()
    found = await read(unit_of_work, "troubles", theatre.producer.id, now=NOW)
    assert found.unpaid_shows == (UnpaidShow(show_id=theatre.show.id, show_title=theatre.show.title, orders=2),)


async def test_a_producer_is_where_it_plays_next_or_played_last(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    producer = a_producer()
    tours = [
        replace(a_show(producer, starts_in=days * DAY), timezone=zone, locale=locale)
        for days, zone, locale in (
            (-9, "Asia/Tokyo", "ja-JP"),
            (-2, "Europe/London", "en-GB"),
            (3, "America/New_York", "en-US"),
            (8, "Asia/Seoul", "ko-KR"),
        )
    ]
    assert await read(unit_of_work, "place", producer.id, now=NOW) == NOWHERE
    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        await uow.shows.add(*tours)
        await uow.commit()
    assert await read(unit_of_work, "place", producer.id, now=NOW) == Place("America/New_York", "en-US")
    much_later = datetime(2030, 1, 1, tzinfo=UTC)
    assert await read(unit_of_work, "place", producer.id, now=much_later) == Place("Asia/Seoul", "ko-KR")
