"""The producer reads in their own account what each transfer was for (P1-019)."""

from __future__ import annotations

from typing import Never
from uuid import uuid4

import pytest
from typing_extensions import override

from application.ports.payment import PaymentRefused, PaymentUnavailable
from application.tasks.run import PermanentTaskError
from domain.orders import Order
from domain.tasks import OutboxTask, TaskKind
from tests.application.world import FlakyPayment, World
from tests.support.factories import NOW, order, ticket

pytestmark = pytest.mark.p1


class RefusingPayment(FlakyPayment):
    @override
    async def describe_transfer(self, order: Order) -> Never:
        raise PaymentRefused("the charge has no transfer")


def description_of(sold: Order) -> OutboxTask:
    return OutboxTask(id=uuid4(), kind=TaskKind.DESCRIBE_TRANSFER, order_id=sold.id, due_at=NOW)


async def sold(world: World, *, price: int = 25_00) -> Order:
    stalls = ticket(price=price)
    await world.sell(stalls)
    return await world.buy_and_pay((stalls, 2)) if price else await world.buy((stalls, 2))


async def test_a_sale_is_described_from_end_to_end(world: World) -> None:
    order = await sold(world)
    await world.run_tasks()
    assert world.payment.described == {order.id}
    assert await world.tasks() == []


async def test_a_free_order_has_no_transfer(world: World) -> None:
    order = await sold(world, price=0)
    world.payment.available = False
    await world.describe_transfer(description_of(order))


async def test_an_order_that_does_not_exist_has_no_transfer(world: World) -> None:
    await world.describe_transfer(description_of(order()))
    assert world.payment.described == set()


async def test_a_provider_that_is_away_is_tried_again(world: World) -> None:
    order = await sold(world)
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await world.describe_transfer(description_of(order))


async def test_what_the_provider_refuses_is_hopeless() -> None:
    world = World(payment=RefusingPayment())
    order = await sold(world)
    with pytest.raises(PermanentTaskError, match="no transfer"):
        await world.describe_transfer(description_of(order))
    await world.close()
