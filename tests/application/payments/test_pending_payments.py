"""A payment that is still on its way when the doors open: the buyer gets one mail, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.ports.emails import LatePaymentFacts, PendingPaymentFacts
from domain.orders import Order, OrderStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import World
from tests.support.factories import DOORS, ticket

pytestmark = pytest.mark.p1

A_MOMENT = timedelta(microseconds=1)


async def paid_by_a_delayed_method(world: World) -> Order:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    world.payment.pay_by_delayed_method(order.session_id)
    return await world.complete_order(order.session_id)


async def move_doors(world: World, order: Order, doors: datetime, **fields: object) -> None:
    async with world.database() as uow:
        show = await uow.shows.get(order.show_id)
        assert show
        start, end = doors + timedelta(minutes=30), doors + timedelta(hours=3)
        moved = replace(show, door_time=doors, start_time=start, end_time=end, **fields)  # type: ignore[arg-type]
        await uow.shows.save(moved)
        await uow.commit()


async def mails(world: World) -> list[OutboxTask]:
    async with world.database() as uow:
        pending = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100)
    return [task for task in pending if task.kind is TaskKind.PENDING_PAYMENT_MAIL]


def told(world: World) -> list[PendingPaymentFacts]:
    return [facts for facts in world.email_templates.written if isinstance(facts, PendingPaymentFacts)]


async def test_buyer_is_told_when_the_doors_open_and_once(world: World) -> None:
    order = await paid_by_a_delayed_method(world)
    world.clock.set(DOORS - A_MOMENT)
    assert await world.announce_pending_payments() == 0
    world.clock.set(DOORS)

    assert await world.announce_pending_payments() == 1
    assert await world.announce_pending_payments() == 0
    await world.run_tasks()
    assert await world.announce_pending_payments() == 0

    [facts] = told(world)
    assert (facts.order_number, facts.amount) == (order.number, "$54.84")


async def test_show_that_moved_earlier_opens_its_doors_then(world: World) -> None:
    order = await paid_by_a_delayed_method(world)
    await move_doors(world, order, world.clock.now())

    assert await world.announce_pending_payments() == 1


async def test_show_that_moved_later_keeps_its_buyers_waiting(world: World) -> None:
    order = await paid_by_a_delayed_method(world)
    world.clock.set(DOORS)
    await move_doors(world, order, DOORS + timedelta(days=1))

    assert await world.announce_pending_payments() == 0


async def test_show_that_is_off_or_over_has_no_doors(world: World) -> None:
    order = await paid_by_a_delayed_method(world)
    await move_doors(world, order, DOORS, cancelled=True)
    world.clock.set(DOORS)
    assert await world.announce_pending_payments() == 0
    await move_doors(world, order, DOORS, cancelled=False)
    world.clock.set(DOORS + timedelta(hours=3))
    assert await world.announce_pending_payments() == 0


async def test_order_that_is_only_held_or_paid_is_not_told(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.buy((stalls, 1))
    await world.buy_and_pay((stalls, 1))
    world.clock.set(DOORS)

    assert await world.announce_pending_payments() == 0


async def test_money_that_came_meanwhile_needs_no_mail(world: World) -> None:
    order = await paid_by_a_delayed_method(world)
    world.clock.set(DOORS)
    await world.announce_pending_payments()
    assert order.session_id
    world.payment.pay(order.session_id)
    assert (await world.complete_order(order.session_id)).success
    await world.run_tasks()

    assert await mails(world) == []
    assert told(world) == []


async def test_money_that_comes_after_the_end_goes_back_with_an_apology(world: World) -> None:
    order = await paid_by_a_delayed_method(world)
    world.clock.set(DOORS + timedelta(hours=3))
    assert order.session_id
    world.payment.pay(order.session_id)

    returned = await world.complete_order(order.session_id)
    await world.run_tasks()

    assert returned.status is OrderStatus.REFUNDED
    assert [refund.amount for refund in world.payment.refunds.values()] == [order.quote.total]
    assert [type(facts) for facts in world.email_templates.written] == [LatePaymentFacts]
