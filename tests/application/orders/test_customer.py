"""Correcting an order's address: who is warned, who is not, and what a slow mail server changes about that."""

from __future__ import annotations

import pytest

from application.orders.customer import CustomerChanges
from application.ports.emails import AddressChangedFacts
from domain.access import Actor
from domain.orders import Order
from domain.tasks import TaskState
from tests.application.world import World
from tests.support.factories import producer, ticket

pytestmark = pytest.mark.p1

RIGHT = "grace@bücher.example"


@pytest.fixture
async def order(world: World) -> Order:
    seller, free = producer(), ticket(price=0)
    await world.sell(free, by=seller)
    order = await world.buy((free, 2))
    await world.run_tasks()
    world.mailer.sent.clear()
    return order


async def correct(world: World, order: Order, email: str) -> Order:
    async with world.database() as uow:
        show = await uow.shows.get(order.show_id)
    assert show
    return await world.change_customer(Actor(show.producer_id), order.id, CustomerChanges(email=email))


def warned(world: World) -> list[str]:
    return [mail.to_address for mail in world.mailer.sent if mail.content.subject.startswith("AddressChanged")]


async def test_old_address_is_warned_under_the_old_name_and_sees_a_part_of_the_new_one(
    world: World, order: Order
) -> None:
    await correct(world, order, RIGHT)
    await world.run_tasks()
    (facts,) = [each for each in world.email_templates.written if isinstance(each, AddressChangedFacts)]
    assert warned(world) == [order.customer.email]
    assert (facts.customer_name, facts.new_address) == (order.customer.name, "g…@bücher.example")


async def test_address_that_is_corrected_twice_warns_both_that_were_given_up(world: World, order: Order) -> None:
    await correct(world, order, "graec@example.org")
    await correct(world, order, RIGHT)
    await world.run_tasks()
    assert sorted(warned(world)) == sorted([order.customer.email, "graec@example.org"])


async def test_address_that_the_order_has_again_is_not_warned(world: World, order: Order) -> None:
    await correct(world, order, RIGHT)
    await correct(world, order, order.customer.email)
    await world.run_tasks()
    assert warned(world) == [RIGHT]


async def test_other_form_of_the_same_domain_is_no_other_address(world: World, order: Order) -> None:
    await correct(world, order, RIGHT)
    await world.run_tasks()
    world.mailer.sent.clear()
    await correct(world, order, "Grace@xn--bcher-kva.example")
    await world.run_tasks()
    assert warned(world) == []


async def test_old_address_that_takes_no_mail_is_no_failed_task(world: World, order: Order) -> None:
    world.mailer.refused_addresses.add(order.customer.email)
    await correct(world, order, RIGHT)
    await world.run_tasks()
    async with world.database() as uow:
        assert await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=10) == []
    assert [mail.to_address for mail in world.mailer.sent] == [RIGHT]


async def test_warning_waits_for_a_mail_server_that_is_away(world: World, order: Order) -> None:
    world.mailer.available = False
    await correct(world, order, RIGHT)
    await world.run_tasks()
    assert warned(world) == []
    async with world.database() as uow:
        pending = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=10)
    world.mailer.available = True
    world.clock.set(max(task.due_at for task in pending if task.attempts))
    await world.run_tasks()
    assert warned(world) == [order.customer.email]
