"""If the provider's events never came, the reconciler asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from typing_extensions import override

from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.errors import PaymentNotPossible
from application.payments.reconciliation import ABANDONED, QUIET
from application.ports.payment import PaymentSession, PaymentUnavailable, SessionStatus
from domain.orders import Order, OrderStatus
from tests.application.world import FlakyPayment, World
from tests.support.factories import order, ticket

pytestmark = pytest.mark.p1

A_MOMENT = timedelta(microseconds=1)


async def bought(world: World) -> tuple[Order, str]:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    return order, order.session_id


async def abandoned(world: World) -> Order:
    """An order whose session was never opened."""
    stalls = ticket()
    await world.sell(stalls)
    world.payment.available = False
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 2))
    world.payment.available = True
    async with world.database() as uow:
        (order_id,) = await uow.order_watchlist.without_session(created_before=world.clock.now() + A_MOMENT, limit=10)
    return await world.order(order_id)


async def test_an_order_that_was_left_without_a_session_gets_one(world: World) -> None:
    left = await abandoned(world)
    world.clock.advance(ABANDONED + A_MOMENT)
    assert await world.reconcile() == 1
    assert (await world.until_it_has_a_session(left)).checkout_url
    assert await world.reconcile() == 0


async def test_a_session_that_is_being_opened_is_left_its_time(world: World) -> None:
    await abandoned(world)
    world.clock.advance(ABANDONED)
    assert await world.reconcile() == 0
    assert world.payment.opened == []


async def test_a_payment_whose_news_never_came_completes_its_order(world: World) -> None:
    order, session_id = await bought(world)
    world.payment.pay(session_id)
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 1
    assert (await world.order(order.id)).success
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 0


async def test_an_order_that_is_not_paid_yet_stays_as_it_is(world: World) -> None:
    order, _ = await bought(world)
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 1
    assert await world.order(order.id) == order


async def test_news_are_waited_for_before_anybody_is_asked(world: World) -> None:
    order, session_id = await bought(world)
    world.payment.pay(session_id)
    world.clock.advance(QUIET)
    assert await world.reconcile() == 0
    assert await world.order(order.id) == order


async def test_about_one_order_the_provider_is_asked_once_in_five_minutes(world: World) -> None:
    await bought(world)
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 1
    world.clock.advance(QUIET)
    assert await world.reconcile() == 0
    world.clock.advance(A_MOMENT)
    assert await world.reconcile() == 1


async def test_a_delayed_payment_is_asked_about_until_it_comes(world: World) -> None:
    order, session_id = await bought(world)
    world.payment.pay_by_delayed_method(session_id)
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 1
    assert (await world.order(order.id)).status is OrderStatus.PROCESSING
    world.payment.pay(session_id)
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 1
    assert (await world.order(order.id)).success


async def test_one_order_that_cannot_be_asked_about_does_not_stop_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    odd, odd_session_id = await bought(world)
    other, other_session_id = await bought(world)
    for session_id in (odd_session_id, other_session_id):
        world.payment.pay(session_id)
    world.payment.unreachable.add(odd_session_id)
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 2
    assert await world.order(odd.id) == odd
    assert f"Order {odd.id} is not reconciled: connection reset" in caplog.text
    assert (await world.order(other.id)).success
    world.payment.unreachable.clear()
    world.clock.advance(QUIET + A_MOMENT)
    assert await world.reconcile() == 1
    assert (await world.order(odd.id)).success


class ForgettingDatabase(MemoryDatabase):
    """A database in which every order is gone after ``forgets_after`` reads, if any."""

    forgets_after = 0

    @override
    async def begin(self) -> Tables:
        tables = await super().begin()
        if self.forgets_after:
            self.forgets_after -= 1
            if not self.forgets_after:
                self._tables.orders.clear()
        return tables


@pytest.mark.parametrize("with_session", [True, False])
async def test_orders_that_were_erased_meanwhile_are_skipped(with_session: bool) -> None:
    database = ForgettingDatabase()
    world = World(database=database)
    if with_session:
        await bought(world)
    else:
        await abandoned(world)
    opened = list(world.payment.opened)
    world.clock.advance(QUIET + A_MOMENT)
    database.forgets_after = 2 if with_session else 1  # when it is known which orders to ask about
    assert await world.reconcile() == 1
    assert world.payment.opened == opened
    await world.close()


async def test_lost_payments_are_found(world: World) -> None:
    order, session_id = await bought(world)
    unpaid, _ = await bought(world)
    world.payment.pay(session_id)
    assert await world.reconcile.look_for_lost_payments() == 0
    assert (await world.order(order.id)).success
    assert await world.order(unpaid.id) == unpaid


async def test_a_payment_that_was_given_up_is_found_and_settled(world: World) -> None:
    order, session_id = await bought(world)
    await world.cancel_order(order.id)
    world.payment.pay(session_id)
    assert await world.reconcile.look_for_lost_payments() == 0
    assert (await world.order(order.id)).success


async def test_an_order_whose_hold_was_lost_does_not_stop_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    stalls = ticket()
    odd = order((stalls, 9))
    await world.sell(stalls)
    await world.add(odd)
    found, session_id = await bought(world)
    odd_session = await world.payment.open_session(odd, success_url="", cancel_url="")
    for each in (odd_session.id, session_id):
        world.payment.pay(each)
    assert await world.reconcile.look_for_lost_payments() == 0
    assert f"Order {odd.id} is not reconciled" in caplog.text
    assert (await world.order(found.id)).success


async def test_payments_of_orders_that_do_not_exist_are_counted_and_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    found, session_id = await bought(world)
    unknown = order()
    orphan = await world.payment.open_session(unknown, success_url="", cancel_url="")
    for each in (orphan.id, session_id):
        world.payment.pay(each)
    assert await world.reconcile.look_for_lost_payments() == 1
    assert f"Session {orphan.id} was paid for order {unknown.id}, which does not exist" in caplog.text
    assert (await world.order(found.id)).success


class SharedAccount(FlakyPayment):
    """A Stripe account that another seller shares; one of our delayed payments has failed."""

    ours: PaymentSession

    @override
    async def paid_sessions(self, *, since: datetime) -> list[PaymentSession]:
        theirs = replace(self.ours, id="cs_shop", order_id=None)
        return [theirs, replace(self.ours, status=SessionStatus.FAILED)]


async def test_what_is_not_ours_or_not_paid_is_left_alone() -> None:
    payment = SharedAccount()
    world = World(payment=payment)
    placed, session_id = await bought(world)
    payment.ours = await payment.session(session_id)
    assert await world.reconcile.look_for_lost_payments() == 0
    assert await world.order(placed.id) == placed
    await world.close()


async def test_without_the_provider_nothing_can_be_looked_for(world: World) -> None:
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await world.reconcile.look_for_lost_payments()
