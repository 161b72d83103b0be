"""Exchanges: void and sell in one decision, and money that is right to the cent in the books of both orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from application.checkin.decide_scans import ScanRequest
from application.checkout.exchange import Exchanged, ExchangeRequest
from application.ports.emails import ConfirmationFacts
from domain.access import Actor
from domain.catalog import Producer, Show, Ticket
from domain.errors import Conflict, InvalidRequest, NotFound, OrderTotalTooSmall, TicketsUnavailable
from domain.orders import ManualPayment, Order, OrderStatus
from domain.refunds import RefundStatus
from tests.application.world import World, request
from tests.support.factories import donation_ticket, producer, show, ticket

SELLER: Producer = producer()
ACTOR = Actor(SELLER.id)
FRIDAY: Show = show(by=SELLER, title="Friday")
SATURDAY: Show = show(by=SELLER, title="Saturday", exchanges_until_hours=24)
STALLS = ticket(of=FRIDAY, price=30_00, quantity=10, name="Stalls")
CHILD = ticket(of=FRIDAY, price=20_00, quantity=10, name="Child")
STALLS_2 = ticket(of=SATURDAY, price=30_00, quantity=3, name="Stalls")
BALCONY_2 = ticket(of=SATURDAY, price=20_01, quantity=3, name="Balcony")
BOX_2 = ticket(of=SATURDAY, price=45_00, quantity=3, name="Box")
FREE_2 = ticket(of=SATURDAY, price=0, quantity=3, name="Free")
DONATION_2 = donation_ticket(of=SATURDAY)


@pytest.fixture
async def evenings(world: World) -> World:
    await world.add_producer(SELLER)
    async with world.database() as uow:
        for evening in (FRIDAY, SATURDAY):
            await uow.shows.add(evening)
        for each in (STALLS, CHILD, STALLS_2, BALCONY_2, BOX_2, FREE_2, DONATION_2):
            await uow.tickets.add(each)
        await uow.commit()
    return world


async def exchange(
    world: World, order: Order, to: Ticket, ids: Sequence[UUID] | None = None, *, by: Actor | None = ACTOR
) -> Exchanged:
    return await world.exchange_tickets(order.id, ExchangeRequest(to.show_id, [(to.id, ids)]), by=by)


async def ensure_right(world: World) -> None:
    off = {name: found for name, found in (await world.check_consistency()).items() if found.count}
    assert not off
    totals = [(await world.reports.report(each)).total for each in (FRIDAY, SATURDAY)]
    async with world.database() as uow:
        listed = [await uow.orders.get(id_) for id_ in world.order_ids]
    orders = [order for order in listed if order and order.completed_at]
    assert sum(total.paid for total in totals) == sum(order.amount_paid for order in orders)
    came = sum(order.own_payment for order in orders)
    assert sum(total.paid - total.refunds for total in totals) == came - await money_back(world, orders)


async def money_back(world: World, orders: Sequence[Order]) -> int:
    """What Stripe and the counter were really asked to give back."""
    refunds = [refund for order in orders for refund in await world.refunds(order)]
    return sum(refund.amount for refund in refunds if refund.is_effective and not refund.through)


async def bought(world: World, *wanted: tuple[Ticket, int], tax: int = 0) -> Order:
    order = await world.buy_and_pay(*wanted, tax=tax)
    world.order_ids = [order.id]
    return order


async def test_same_price_moves_the_payment_and_nothing_else(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 2), tax=4_11)
    first = order.attendees[0]

    done = await exchange(evenings, order, STALLS_2, [first.id])
    evenings.order_ids.append(done.order.id)

    new, old = done.order, await evenings.order(order.id)
    assert (new.status, new.show_title, new.customer) == (OrderStatus.COMPLETED, "Saturday", order.customer)
    assert (old.status, done.back) == (OrderStatus.PARTIALLY_REFUNDED, 0)
    assert new.attendees[0].code != first.code
    assert (await evenings.counters(STALLS), await evenings.counters(STALLS_2)) == ((0, 1), (0, 1))
    assert new.amount_paid == old.refunded_amount == 30_00 + 2_05 + order.quote.fees // 2
    assert [(refund.through, refund.status) for refund in await evenings.refunds(order)] == [
        (new.id, RefundStatus.SUCCEEDED)
    ]
    await ensure_right(evenings)
    await evenings.run_tasks()
    assert not evenings.payment.refunds


@pytest.mark.parametrize("tax", [0, 4_11])
async def test_cheaper_tickets_give_the_difference_back(evenings: World, tax: int) -> None:
    order = await bought(evenings, (STALLS, 1), tax=tax)

    done = await exchange(evenings, order, BALCONY_2)
    evenings.order_ids.append(done.order.id)

    assert done.back == 9_99 + tax * 9_99 // 30_00
    assert (done.order.quote.fees, done.order.quote.subtotal) == (order.quote.fees, 20_01)
    assert done.order.amount_paid + done.back == order.amount_paid
    await ensure_right(evenings)
    await evenings.run_tasks()
    assert [refund.amount for refund in evenings.payment.refunds.values()] == [done.back]


async def test_free_tickets_give_everything_but_the_fees_back(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 1), tax=2_00)
    done = await exchange(evenings, order, FREE_2)
    evenings.order_ids.append(done.order.id)
    assert (done.back, done.order.amount_paid, done.order.quote.fees) == (32_00, 0, 0)
    await ensure_right(evenings)


async def test_dearer_tickets_wait_for_the_difference(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 1))

    done = await exchange(evenings, order, BOX_2)
    evenings.order_ids.append(done.order.id)

    new = done.order
    assert (new.status, new.due) == (OrderStatus.PENDING, 15_00 + 74)
    assert new.session_id
    assert (await evenings.order(order.id)).success
    assert (await evenings.counters(STALLS), await evenings.counters(BOX_2)) == ((0, 1), (1, 0))
    await ensure_right(evenings)
    with pytest.raises(Conflict, match="waits for its payment"):
        await exchange(evenings, order, STALLS_2)

    evenings.payment.pay(new.session_id, tax=1_23)
    paid = await evenings.complete_order(new.session_id)

    assert (paid.status, paid.amount_paid, paid.tax) == (OrderStatus.COMPLETED, order.amount_paid + 16_97, 1_23)
    old = await evenings.order(order.id)
    assert (old.status, old.success, old.refunded_amount) == (OrderStatus.REFUNDED, False, order.amount_paid)
    assert (await evenings.counters(STALLS), await evenings.counters(BOX_2)) == ((0, 0), (0, 1))
    await ensure_right(evenings)


async def test_difference_that_is_never_paid_leaves_the_old_tickets(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 1))
    done = await exchange(evenings, order, BOX_2)
    await evenings.cancel_order(done.order.id)
    assert await evenings.counters(BOX_2) == (0, 0)
    assert (await evenings.order(order.id)).success
    again = await exchange(evenings, order, STALLS_2)
    assert again.order.success


async def test_payment_for_a_ticket_that_was_used_since_goes_back(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 1))
    done = await exchange(evenings, order, BOX_2)
    evenings.order_ids.append(done.order.id)
    assert done.order.session_id
    await evenings.check_in(ScanRequest(by=ACTOR, code=order.attendees[0].code, show_id=FRIDAY.id))

    evenings.payment.pay(done.order.session_id)
    returned = await evenings.complete_order(done.order.session_id)

    assert (returned.status, returned.refunded_amount) == (OrderStatus.REFUNDED, done.order.due)
    assert (await evenings.order(order.id)).success
    assert (await evenings.counters(STALLS), await evenings.counters(BOX_2)) == ((0, 1), (0, 0))
    await ensure_right(evenings)


async def test_late_payment_exchanges_what_is_still_there_and_goes_back_otherwise(evenings: World) -> None:
    orders = [await evenings.buy_and_pay((STALLS, 1)) for _ in range(2)]
    evenings.order_ids = [order.id for order in orders]
    pending = []
    for order in orders:
        done = await exchange(evenings, order, BOX_2)
        pending.append(done.order)
        evenings.order_ids.append(done.order.id)
    evenings.clock.advance(evenings.container.policy().hold * 2)
    await evenings.release_overdue()
    released = [await evenings.order(each.id) for each in pending]
    assert {each.status for each in released} == {OrderStatus.EXPIRED}
    await evenings.buy((BOX_2, 2))

    results = []
    for each in pending:
        assert each.session_id
        evenings.payment.pay(each.session_id)
        results.append((await evenings.complete_order(each.session_id)).status)

    assert sorted(results) == [OrderStatus.COMPLETED, OrderStatus.REFUNDED]
    assert [(await evenings.order(order.id)).success for order in orders] == [False, True]
    await evenings.run_tasks()
    await ensure_right(evenings)


async def test_refund_of_the_new_order_gives_both_payments_back(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 1), tax=3_00)
    done = await exchange(evenings, order, BOX_2)
    evenings.order_ids.append(done.order.id)
    assert done.order.session_id
    evenings.payment.pay(done.order.session_id, tax=1_50)
    paid = await evenings.complete_order(done.order.session_id)
    back = await exchange(evenings, paid, STALLS)
    evenings.order_ids.append(back.order.id)
    await ensure_right(evenings)
    assert back.back == 15_00 + paid.tax * 15_00 // 45_00

    await evenings.refund_order(back.order.id, by=ACTOR)
    await evenings.run_tasks()

    await ensure_right(evenings)
    returned = sum(refund.amount for refund in evenings.payment.refunds.values())
    assert returned == order.amount_paid + done.order.due + 1_50
    assert [(await evenings.order(id_)).success for id_ in evenings.order_ids] == [False] * 3


@pytest.mark.parametrize("tax", [0, 3_00])
async def test_difference_comes_out_of_all_payments_of_an_order_that_was_exchanged_before(
    evenings: World, tax: int
) -> None:
    order = await bought(evenings, (STALLS, 1), tax=tax)
    dearer = await exchange(evenings, order, BOX_2)
    assert dearer.order.session_id
    evenings.payment.pay(dearer.order.session_id)
    paid = await evenings.complete_order(dearer.order.session_id)
    cheaper = await exchange(evenings, paid, CHILD)
    evenings.order_ids += [paid.id, cheaper.order.id]
    assert cheaper.back > paid.due  # more than the last payment alone
    await evenings.run_tasks()
    await ensure_right(evenings)
    assert sum(refund.amount for refund in evenings.payment.refunds.values()) == cheaper.back

    await evenings.refund_order(cheaper.order.id, by=ACTOR)
    await evenings.run_tasks()

    await ensure_right(evenings)
    returned = sum(refund.amount for refund in evenings.payment.refunds.values())
    assert returned == order.amount_paid + paid.due


@pytest.mark.parametrize("fees", [True, False])
async def test_part_of_an_exchanged_order_is_refunded(evenings: World, fees: bool) -> None:
    order = await bought(evenings, (STALLS, 3), tax=1_00)
    done = await exchange(evenings, order, STALLS_2)
    evenings.order_ids.append(done.order.id)
    for attendee in done.order.attendees:
        await evenings.refund_order(done.order.id, by=ACTOR, attendee_ids=[attendee.id], refund_fees=fees)
        await ensure_right(evenings)
    await evenings.run_tasks()
    returned = sum(refund.amount for refund in evenings.payment.refunds.values())
    assert returned == order.amount_paid - (0 if fees else order.quote.fees)


async def test_manual_order_settles_the_difference_at_the_counter(evenings: World) -> None:
    order = await evenings.sell_at_counter(ACTOR, request((STALLS, 1)), ManualPayment.CASH)
    evenings.order_ids = [order.id]
    dearer = await exchange(evenings, order, BOX_2)
    evenings.order_ids.append(dearer.order.id)
    assert (dearer.order.status, dearer.order.amount_paid, dearer.order.quote.fees) == ("completed", 45_00, 0)
    cheaper = await exchange(evenings, dearer.order, CHILD)
    evenings.order_ids.append(cheaper.order.id)
    assert (cheaper.back, cheaper.order.amount_paid) == (25_00, 20_00)
    await ensure_right(evenings)
    await evenings.refund_order(cheaper.order.id, by=ACTOR)
    await ensure_right(evenings)


async def test_free_ticket_becomes_a_paid_one(evenings: World) -> None:
    order = await evenings.buy((FREE_2, 1))
    evenings.order_ids = [order.id]
    done = await exchange(evenings, order, STALLS_2)
    evenings.order_ids.append(done.order.id)
    assert done.order.due == 30_00 + 1_50 + 1_21
    assert done.order.session_id
    evenings.payment.pay(done.order.session_id)
    assert (await evenings.complete_order(done.order.session_id)).success
    await ensure_right(evenings)


async def test_mail_has_the_new_tickets_and_takes_the_old_show_off_the_calendar(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 2))
    await evenings.run_tasks()
    first, second = order.attendees
    files = []
    for attendee in (first, second):
        evenings.mailer.sent.clear()
        done = await exchange(evenings, order, STALLS_2, [attendee.id])
        await evenings.run_tasks()
        (mail,) = evenings.mailer.sent
        files.append([attachment.filename for attachment in mail.attachments])
        facts = evenings.email_templates.written[-1]
        assert isinstance(facts, ConfirmationFacts)
        assert (facts.replaces, facts.order_number) == (order.number, done.order.number)
    assert [names[1:] for names in files] == [["show.ics"], ["show.ics", "earlier-show.ics"]]


async def test_names_stay_with_the_people(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 2))
    named = await evenings.rename_attendee(order.id, order.attendees[1].id, "Grace Hopper", by=ACTOR)
    done = await exchange(evenings, named, STALLS_2)
    assert [attendee.name for attendee in done.order.attendees] == [attendee.name for attendee in named.attendees]


async def test_two_exchanges_at_once_are_one(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 2))
    outcomes = await asyncio.gather(*(exchange(evenings, order, STALLS_2) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(outcome, Exchanged) for outcome in outcomes) == 1
    assert await evenings.counters(STALLS_2) == (0, 2)


async def test_what_cannot_be_exchanged_is_refused(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 4))
    first, second, *_ = order.attendees
    with pytest.raises(TicketsUnavailable):
        await exchange(evenings, order, STALLS_2)
    with pytest.raises(Conflict, match="already"):
        await exchange(evenings, order, STALLS)
    await evenings.check_in(ScanRequest(by=ACTOR, code=first.code, show_id=FRIDAY.id))
    with pytest.raises(Conflict, match="checked in"):
        await exchange(evenings, order, STALLS_2, [first.id])
    with pytest.raises(Conflict, match="once"):
        await exchange(evenings, order, STALLS_2, [second.id, second.id])
    with pytest.raises(Conflict, match="this order"):
        await exchange(evenings, order, STALLS_2, [uuid4()])
    await evenings.refund_order(order.id, by=ACTOR, attendee_ids=[second.id])
    with pytest.raises(Conflict, match="not valid"):
        await exchange(evenings, order, STALLS_2, [second.id])
    with pytest.raises(NotFound):
        await exchange(evenings, order, STALLS_2, [order.attendees[2].id], by=Actor(uuid4()))
    with pytest.raises(InvalidRequest, match="buyer names"):
        await exchange(evenings, order, DONATION_2, [order.attendees[2].id])
    tiny = ticket(of=SATURDAY, price=30_10)
    async with evenings.database() as uow:
        await uow.tickets.add(tiny)
        await uow.commit()
    with pytest.raises(OrderTotalTooSmall):
        await exchange(evenings, order, tiny, [order.attendees[2].id])
    assert await evenings.counters(tiny) == (0, 0)


async def test_show_of_another_producer_is_none(evenings: World) -> None:
    other = ticket()
    await evenings.sell(other, by=producer())
    order = await bought(evenings, (STALLS, 1))
    with pytest.raises(NotFound):
        await exchange(evenings, order, other)


async def test_buyers_exchange_where_the_show_allows_it_and_not_later(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 1))
    with pytest.raises(Conflict, match="cannot be exchanged"):
        await exchange(evenings, order, STALLS_2, by=None)
    saturday = await exchange(evenings, order, STALLS_2)
    evenings.order_ids.append(saturday.order.id)
    friday = await exchange(evenings, saturday.order, CHILD, by=None)
    evenings.order_ids.append(friday.order.id)
    await ensure_right(evenings)
    evenings.clock.advance(SATURDAY.door_time - evenings.clock.now())
    again = await bought(evenings, (STALLS_2, 1))
    with pytest.raises(Conflict, match="too late"):
        await exchange(evenings, again, BALCONY_2, by=None)


async def test_preview_changes_nothing(evenings: World) -> None:
    order = await bought(evenings, (STALLS, 1))
    asked = ExchangeRequest(SATURDAY.id, [(BALCONY_2.id, None)])
    seen = await evenings.exchange_tickets.preview(order.id, asked, by=ACTOR)
    assert (seen.back, seen.order.quote.subtotal) == (9_99, 20_01)
    assert (await evenings.order(order.id)) == order
    assert await evenings.counters(BALCONY_2) == (0, 0)
