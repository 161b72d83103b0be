"""The preview of a cancellation, and that what follows is what it said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from application.refunds.cancellation import Cancellation, GoesBack
from domain.access import Actor
from domain.catalog import Producer, ShowFields, Ticket
from domain.errors import Conflict, NotFound
from domain.fees import FeeBearer
from domain.orders import ManualPayment, Order, OrderStatus
from tests.application.world import World
from tests.support.disputes import dispute_state
from tests.support.factories import order, producer, ticket

GLOBE: Producer = producer()
ACTOR = Actor(GLOBE.id, None, "office")


@pytest.fixture
async def stalls(world: World) -> Ticket:
    stalls = ticket(quantity=200)
    await world.sell(stalls, by=GLOBE)
    return stalls


async def preview(world: World, stalls: Ticket) -> Cancellation:
    return await world.preview_cancellation(ACTOR, [stalls.show_id])


async def refunded(world: World, stalls: Ticket, *, refund_fees: bool) -> int:
    """Cancel the show, refund all, and count what Stripe gave back."""
    await world.change_show(ACTOR, stalls.show_id, ShowFields(cancelled=True))
    before = sum(made.amount for made in world.payment.refunds.values())
    await world.refund_show(ACTOR, stalls.show_id, refund_fees=refund_fees, reason="")
    await world.refund_cancelled()
    await world.run_tasks()
    return sum(made.amount for made in world.payment.refunds.values()) - before


async def various(world: World, stalls: Ticket) -> list[Order]:
    """Orders in all states that a preview has to look at one by one."""
    orders = [await world.buy_and_pay((stalls, count), tax=tax) for count, tax in ((1, 0), (2, 117), (3, 0), (4, 501))]
    _, some, lost, contested = orders
    await world.refund_order(some.id, attendee_ids=[some.attendees[0].id])
    await world.refund_order(lost.id, attendee_ids=[lost.attendees[0].id], refund_fees=False)
    world.payment.refusing = True
    await world.run_tasks()
    world.payment.refusing = False
    await world.sync_dispute(contested.id, dispute_state(contested.payment_intent_id))
    return orders


async def test_nobody_has_bought_anything(world: World, stalls: Ticket) -> None:
    found = await preview(world, stalls)
    assert (found.all, found.mails, found.holds) == (GoesBack(), 0, 0)
    assert [show.id for show in found.shows] == [stalls.show_id]
    assert found.currency == GLOBE.currency


async def test_people_and_money_are_counted_by_payment(world: World, stalls: Ticket) -> None:
    await world.buy_and_pay((stalls, 2))
    await world.buy((stalls, 3))
    free = ticket(price=0, show_id=stalls.show_id)
    async with world.database() as uow:
        await uow.tickets.add(free)
        await uow.commit()
    await world.buy((free, 1))
    paid = order((stalls, 4), by=GLOBE)
    by_hand = replace(paid.with_attendees(lambda _: (world.ids.new(), "")), manual_payment=ManualPayment.CASH)
    await world.add(
        replace(
            by_hand, status=OrderStatus.COMPLETED, amount_paid=100_00, completed_at=world.clock.now(), quote=paid.quote
        )
    )

    found = await preview(world, stalls)

    assert found.online == GoesBack(orders=1, people=2, with_fees=54_84, without_fees=50_00, fees=4_84)
    assert found.at_the_counter["cash"].with_fees == 100_00
    assert found.without_money == GoesBack(orders=1, people=1)
    assert (found.all.orders, found.all.people) == (3, 7)
    assert (found.holds, found.held_tickets) == (1, 3)
    assert found.mails == 4


@pytest.mark.parametrize("refund_fees", [True, False])
async def test_what_goes_back_is_what_the_preview_said(world: World, stalls: Ticket, refund_fees: bool) -> None:
    await various(world, stalls)

    found = await preview(world, stalls)

    assert found.contested.orders == 1
    assert found.online.orders == 3
    said = found.online.with_fees if refund_fees else found.online.without_fees
    assert said > 0
    assert await refunded(world, stalls, refund_fees=refund_fees) == said


@pytest.mark.parametrize("refund_fees", [True, False])
async def test_fees_within_the_prices_go_back_either_way(world: World, refund_fees: bool) -> None:
    bearing = replace(GLOBE, fees=FeeBearer.PRODUCER)
    stalls = ticket()
    await world.sell(stalls, by=bearing)
    await world.buy_and_pay((stalls, 2))

    found = await preview(world, stalls)

    assert (found.online.with_fees, found.online.without_fees) == (50_00, 50_00)
    assert await refunded(world, stalls, refund_fees=refund_fees) == 50_00


async def test_only_ones_own_shows_that_were_not_cancelled(world: World, stalls: Ticket) -> None:
    with pytest.raises(NotFound):
        await world.preview_cancellation(Actor(producer().id), [stalls.show_id])
    await world.change_show(ACTOR, stalls.show_id, ShowFields(cancelled=True))
    with pytest.raises(Conflict):
        await preview(world, stalls)
