"""A show that changes while its buyer has not paid, or waits for the bank: they are informed, and may cancel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from application.notifications.show_change_tasks import announce_show_change
from application.ports.emails import (
    HeldShowChangedFacts,
    LatePaymentFacts,
    ShowCancelledFacts,
    ShowMovedFacts,
    TooLate,
)
from domain.errors import Conflict
from domain.orders import Order, OrderStatus
from tests.application.world import World
from tests.support.factories import DOORS, ticket

pytestmark = pytest.mark.p1

A_DAY = timedelta(days=1)
END = DOORS + timedelta(hours=3)
CHANGES: Mapping[str, Mapping[str, object]] = {
    "moved": {"door_time": DOORS - A_DAY, "start_time": DOORS - A_DAY, "end_time": END - A_DAY},
    "elsewhere": {"venue": "Elsewhere"},
    "renamed": {"title": "Macbeth"},
    "ends earlier": {"end_time": END - timedelta(hours=1)},
}
each_change = pytest.mark.parametrize("fields", CHANGES.values(), ids=CHANGES)
each_status = pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.PROCESSING])


async def ordered(world: World, status: OrderStatus) -> Order:
    stalls = ticket()
    await world.sell(stalls, title="Hamlet")
    order = await world.buy((stalls, 2))
    assert order.session_id
    if status is OrderStatus.PROCESSING:
        world.payment.pay_by_delayed_method(order.session_id)
        order = await world.complete_order(order.session_id)
    assert order.status is status
    return order


async def change(world: World, order: Order, **fields: object) -> int:
    async with world.database() as uow:
        before = await uow.shows.get(order.show_id)
        assert before
        after = replace(before, **fields)  # type: ignore[arg-type]
        await uow.shows.save(after)
        told = await announce_show_change(uow, before, after, now=world.clock.now())
        await uow.commit()
    return told


@each_status
@each_change
async def test_buyer_is_told_and_may_cancel(world: World, status: OrderStatus, fields: Mapping[str, object]) -> None:
    order = await ordered(world, status)

    assert await change(world, order, **fields) == 1
    await world.run_tasks()

    [facts] = world.email_templates.written
    assert isinstance(facts, HeldShowChangedFacts)
    assert facts.title_before == "Hamlet"
    assert facts.is_being_paid is (status is OrderStatus.PROCESSING)
    assert world.mailer.sent[0].attachments == ()
    assert (await world.cancel_order(order.id)).status is OrderStatus.CANCELLED


@each_status
async def test_what_is_nobodys_business_is_not_told(world: World, status: OrderStatus) -> None:
    order = await ordered(world, status)

    assert await change(world, order, description="New") == 0


@each_status
async def test_show_that_changed_back_before_the_mail_went_out_is_not_told(world: World, status: OrderStatus) -> None:
    order = await ordered(world, status)
    await change(world, order, title="Macbeth")
    await change(world, order, title="Hamlet")
    await world.run_tasks()

    assert world.email_templates.written == []


@each_status
async def test_buyer_of_a_cancelled_show_is_told(world: World, status: OrderStatus) -> None:
    order = await ordered(world, status)

    assert await change(world, order, cancelled=True) == 1
    await world.release_cancelled()
    await world.run_tasks()

    [facts] = world.email_templates.written
    assert isinstance(facts, ShowCancelledFacts)
    assert (facts.paid, facts.is_being_paid) == ("", status is OrderStatus.PROCESSING)
    assert world.mailer.sent[0].attachments == ()


async def test_order_that_was_given_up_meanwhile_is_not_told_of_a_move(world: World) -> None:
    order = await ordered(world, OrderStatus.PENDING)
    await change(world, order, title="Macbeth")
    await world.cancel_order(order.id)
    await world.run_tasks()

    assert world.email_templates.written == []


async def test_order_that_was_paid_meanwhile_is_told_as_one_that_has_tickets(world: World) -> None:
    order = await ordered(world, OrderStatus.PENDING)
    await change(world, order, venue="Elsewhere")
    assert order.session_id
    world.payment.pay(order.session_id)
    await world.complete_order(order.session_id)
    await world.run_tasks()

    assert [facts for facts in world.email_templates.written if isinstance(facts, ShowMovedFacts)]


async def test_money_that_is_under_way_for_the_show_as_it_was_ordered_keeps_the_hold(world: World) -> None:
    order = await ordered(world, OrderStatus.PROCESSING)

    with pytest.raises(Conflict, match="it is processing"):
        await world.cancel_order(order.id)


async def test_money_of_an_order_that_was_given_up_goes_back_though_there_are_tickets(world: World) -> None:
    order = await ordered(world, OrderStatus.PROCESSING)
    await change(world, order, venue="Elsewhere")
    await world.cancel_order(order.id)
    assert order.session_id
    world.payment.pay(order.session_id)

    returned = await world.complete_order(order.session_id)
    await world.run_tasks()

    assert returned.status is OrderStatus.REFUNDED
    assert [refund.amount for refund in world.payment.refunds.values()] == [order.quote.total]
    [apology] = [facts for facts in world.email_templates.written if isinstance(facts, LatePaymentFacts)]
    assert apology.why is TooLate.ORDER_CANCELLED


async def test_money_of_an_order_that_was_given_up_may_not_come_at_all(world: World) -> None:
    order = await ordered(world, OrderStatus.PROCESSING)
    await change(world, order, venue="Elsewhere")
    await world.cancel_order(order.id)
    assert order.session_id
    world.payment.fail_delayed_payment(order.session_id)

    assert (await world.complete_order(order.session_id)).status is OrderStatus.CANCELLED
