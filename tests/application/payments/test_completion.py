"""The redirect and the webhook bring a session's id; the provider is asked for its state."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from typing_extensions import override

from application.errors import PaymentNotPossible
from application.payments.completion import CompleteOrder
from application.ports.orders import OrderRef
from application.ports.payment import PaymentEvent, PaymentEventKind, PaymentSession, PaymentUnavailable
from domain.errors import NotFound
from domain.orders import Order, OrderStatus
from tests.application.world import FlakyPayment, World
from tests.support.factories import order, ticket

pytestmark = pytest.mark.p0


class ForgetfulPayment(FlakyPayment):
    """Sessions without the order that they belong to."""

    @override
    async def session(self, session_id: str) -> PaymentSession:
        return replace(await super().session(session_id), order_id=None)


async def bought(world: World) -> tuple[Order, str]:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    return order, order.session_id


async def test_a_paid_session_completes_its_order(world: World) -> None:
    placed, session_id = await bought(world)
    world.payment.pay(session_id, tax=450)
    completed = await world.complete_order(session_id)
    assert completed.id == placed.id
    assert completed.success
    assert completed.tax == 450


@pytest.mark.p1
async def test_coming_back_twice_changes_nothing(world: World) -> None:
    _, session_id = await bought(world)
    world.payment.pay(session_id)
    first = await world.complete_order(session_id)
    tasks = await world.tasks()
    assert await world.complete_order(session_id) == first
    assert await world.tasks() == tasks


async def test_a_session_that_was_not_paid_completes_nothing(world: World) -> None:
    placed, session_id = await bought(world)
    assert await world.complete_order(session_id) == placed


async def test_a_delayed_payment_is_awaited(world: World) -> None:
    _, session_id = await bought(world)
    world.payment.pay_by_delayed_method(session_id)
    assert (await world.complete_order(session_id)).status is OrderStatus.PROCESSING
    world.payment.pay(session_id)
    assert (await world.complete_order(session_id)).success


async def test_a_session_that_does_not_say_whose_it_is_is_looked_up() -> None:
    world = World(payment=ForgetfulPayment())
    placed, session_id = await bought(world)
    world.payment.pay(session_id)
    assert (await world.complete_order(session_id)).id == placed.id
    await world.close()


async def test_a_session_of_no_order_is_not_found(world: World) -> None:
    payment = ForgetfulPayment()
    foreign = await payment.open_session(order(), success_url="", cancel_url="")
    complete = CompleteOrder(payment, payment, world.database, world.order_payments)
    with pytest.raises(NotFound):
        await complete(foreign.id)


async def test_a_session_of_an_order_that_is_not_ours_is_not_found(world: World) -> None:
    foreign = await world.payment.open_session(order(id=uuid4()), success_url="", cancel_url="")
    with pytest.raises(NotFound):
        await world.complete_order(foreign.id)


@pytest.mark.parametrize("session_id", ["cs_unknown", "FREE-", "", "pi_1", "../refunds"])
async def test_a_session_that_no_order_has_is_not_found_without_asking_the_provider(
    world: World, session_id: str
) -> None:
    with pytest.raises(NotFound):
        await world.complete_order(session_id)
    assert world.payment.asked == []


async def test_the_label_of_a_free_order_is_no_session(world: World) -> None:
    free = ticket(price=0)
    await world.sell(free)
    placed = await world.buy((free, 1))
    assert placed.session_id == f"FREE-{placed.id}"
    for look in (world.complete_order, world.complete_order.find):
        with pytest.raises(NotFound):
            await look(placed.session_id)
    assert world.payment.asked == []


async def test_all_who_come_back_with_a_session_at_once_make_one_call(world: World) -> None:
    placed, session_id = await bought(world)
    found = await asyncio.gather(*(world.complete_order(session_id) for _ in range(20)))
    assert found == [placed] * 20
    assert world.payment.asked == [session_id]


async def test_buyers_do_not_take_the_turns_of_events(world: World) -> None:
    placed, session_id = await bought(world)
    world.payment.pay(session_id)
    for_buyers = FlakyPayment()
    for_buyers.available = False
    complete = CompleteOrder(world.payment, for_buyers, world.database, world.order_payments)
    with pytest.raises(PaymentUnavailable):
        await complete(session_id)
    event = PaymentEvent(id="evt_1", type=PaymentEventKind.SESSION_CHANGED, object_id=session_id, livemode=False)
    await complete.complete_from_event(event, OrderRef(placed.id, placed.status))
    assert (await complete(session_id)).success


async def test_a_session_whose_id_was_lost_is_known_again_once_its_event_came(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.losing_answers = True
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 1))
    [session_id] = world.payment.opened
    world.payment.pay(session_id)
    with pytest.raises(NotFound):
        await world.complete_order(session_id)
    event = PaymentEvent(id="evt_1", type=PaymentEventKind.SESSION_CHANGED, object_id=session_id, livemode=False)
    await world.complete_order.complete_from_event(event, None)
    assert (await world.complete_order(session_id)).success


@pytest.mark.p1
async def test_a_provider_that_is_away_is_told_and_nothing_changes(world: World) -> None:
    placed, session_id = await bought(world)
    world.payment.pay(session_id)
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await world.complete_order(session_id)
    assert await world.order(placed.id) == placed


async def test_an_order_is_found_by_its_session_without_asking_the_provider(world: World) -> None:
    placed, session_id = await bought(world)
    world.payment.available = False
    assert await world.complete_order.find(session_id) == placed


async def test_no_order_is_found_by_an_unknown_session(world: World) -> None:
    with pytest.raises(NotFound):
        await world.complete_order.find("cs_unknown")
