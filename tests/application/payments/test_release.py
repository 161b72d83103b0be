"""Holds are released only once they can no longer be paid."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from typing_extensions import override

from application.errors import PaymentNotPossible
from application.payments.release_sweep import CLAIM
from application.ports.payment import PaymentSession, PaymentUnavailable
from application.ports.unit_of_work import StorageUnavailable
from domain.catalog import Ticket
from domain.errors import Conflict, NotFound
from domain.orders import Order, OrderEvent, OrderStatus
from tests.application.world import HANGS_SECONDS, FlakyPayment, World
from tests.support.factories import order, ticket

pytestmark = pytest.mark.p1

HOLD = timedelta(minutes=30)
A_MOMENT = timedelta(microseconds=1)


async def ordered(world: World, stalls: Ticket) -> tuple[Order, str]:
    await world.sell(stalls)
    placed = await world.buy((stalls, 2))
    assert placed.session_id
    return placed, placed.session_id


async def ordered_without_session(world: World, stalls: Ticket) -> Order:
    """The provider was away when the order was placed."""
    await world.sell(stalls)
    world.payment.available = False
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 2))
    world.payment.available = True
    async with world.database() as uow:
        (order_id,) = await uow.order_watchlist.overdue(now=world.clock.now() + HOLD, limit=10)
    return await world.order(order_id)


async def test_a_cancelled_order_gives_its_hold_back(world: World) -> None:
    stalls = ticket()
    order, session_id = await ordered(world, stalls)
    cancelled = await world.cancel_order(order.id)
    assert cancelled.status is OrderStatus.CANCELLED
    assert await world.order(order.id) == cancelled
    assert await world.counters(stalls) == (0, 0)
    assert (await world.payment.session(session_id)).url is None


async def test_cancelling_twice_is_as_good_as_once(world: World) -> None:
    order, _ = await ordered(world, ticket())
    assert await world.cancel_order(order.id) == await world.cancel_order(order.id)


async def test_money_that_came_first_completes_the_order_instead(world: World) -> None:
    stalls = ticket()
    order, session_id = await ordered(world, stalls)
    world.payment.pay(session_id)
    with pytest.raises(Conflict, match="cannot be cancelled any more: it is completed"):
        await world.cancel_order(order.id)
    assert (await world.order(order.id)).success
    assert await world.counters(stalls) == (0, 2)


async def test_money_that_is_under_way_keeps_the_hold(world: World) -> None:
    stalls = ticket()
    order, session_id = await ordered(world, stalls)
    world.payment.pay_by_delayed_method(session_id)
    with pytest.raises(Conflict, match="it is processing"):
        await world.cancel_order(order.id)
    assert await world.counters(stalls) == (2, 0)


async def test_an_order_that_ended_otherwise_cannot_be_cancelled(world: World) -> None:
    order, _ = await ordered(world, ticket())
    world.clock.advance(HOLD)
    await world.release_order(order.id, OrderEvent.SESSION_EXPIRED)
    with pytest.raises(Conflict, match="it is expired"):
        await world.cancel_order(order.id)


class TalkativePayment(FlakyPayment):
    """The event about a closed session arrives before the answer."""

    world: World

    @override
    async def expire_session(self, session_id: str) -> PaymentSession:
        session = await super().expire_session(session_id)
        await self.world.complete_order(session_id)
        return session


async def test_news_of_the_session_that_was_closed_may_be_quicker_than_the_buyers_cancel() -> None:
    payment = TalkativePayment()
    world = payment.world = World(payment=payment)
    stalls = ticket()
    order, _ = await ordered(world, stalls)
    assert not (await world.cancel_order(order.id)).holds_tickets
    assert not (await world.cancel_order(order.id)).holds_tickets
    assert await world.counters(stalls) == (0, 0)
    await world.close()


async def test_an_unknown_order_cannot_be_cancelled(world: World) -> None:
    with pytest.raises(NotFound):
        await world.cancel_order(uuid4())


async def test_a_hold_stays_while_the_provider_cannot_be_asked(world: World) -> None:
    stalls = ticket()
    order, _ = await ordered(world, stalls)
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await world.cancel_order(order.id)
    assert await world.order(order.id) == order
    assert await world.counters(stalls) == (2, 0)


async def test_a_session_whose_answer_was_lost_is_found_and_closed(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.losing_answers = True
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 2))
    world.payment.losing_answers = False
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 1
    (session_id,) = set(world.payment.opened)
    assert (await world.payment.session(session_id)).status == "expired"
    assert await world.counters(stalls) == (0, 0)


@pytest.mark.p2
async def test_a_session_whose_answer_was_lost_is_not_forgotten_over_a_key_that_is_refused(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.losing_answers = True
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 2))
    world.payment.losing_answers = False
    world.payment.locked_out = True
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 0
    assert await world.counters(stalls) == (2, 0)
    world.payment.locked_out = False
    assert await world.release_overdue() == 1
    assert await world.counters(stalls) == (0, 0)


async def test_a_session_whose_answer_was_lost_may_have_been_paid(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.losing_answers = True
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 2))
    world.payment.losing_answers = False
    world.payment.pay(world.payment.opened[0])
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 1
    assert await world.counters(stalls) == (0, 2)


async def test_an_order_that_never_had_a_session_is_released(world: World) -> None:
    stalls = ticket()
    order = await ordered_without_session(world, stalls)
    released = await world.release_order(order.id, OrderEvent.SESSION_EXPIRED)
    assert released.status is OrderStatus.EXPIRED
    assert await world.counters(stalls) == (0, 0)


async def test_an_order_for_which_no_session_can_be_had_is_released(world: World) -> None:
    stalls = ticket()
    order = await ordered_without_session(world, stalls)
    world.payment.refusing = True
    released = await world.release_order(order.id, OrderEvent.CANCELLED)
    assert released.status is OrderStatus.CANCELLED
    assert await world.counters(stalls) == (0, 0)


async def test_an_order_that_holds_nothing_is_left_as_it_is(world: World) -> None:
    order, session_id = await ordered(world, ticket())
    world.payment.pay(session_id)
    paid = await world.complete_order(session_id)
    world.payment.available = False
    assert await world.release_order(order.id, OrderEvent.SESSION_EXPIRED) == paid


@pytest.mark.p2
async def test_the_sweeper_expires_holds_whose_time_is_up(world: World) -> None:
    stalls = ticket()
    order, _ = await ordered(world, stalls)
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 1
    assert (await world.order(order.id)).status is OrderStatus.EXPIRED
    assert await world.counters(stalls) == (0, 0)


@pytest.mark.p2
async def test_the_sweeper_leaves_holds_their_time(world: World) -> None:
    stalls = ticket()
    order, _ = await ordered(world, stalls)
    world.clock.advance(HOLD - A_MOMENT)
    assert await world.release_overdue() == 0
    assert await world.order(order.id) == order


@pytest.mark.p2
async def test_the_sweeper_completes_what_was_paid_meanwhile(world: World) -> None:
    order, session_id = await ordered(world, ticket())
    world.payment.pay(session_id)
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 1
    assert (await world.order(order.id)).success


@pytest.mark.p2
async def test_the_sweeper_leaves_what_awaits_a_delayed_payment(world: World) -> None:
    stalls = ticket()
    order, session_id = await ordered(world, stalls)
    world.payment.pay_by_delayed_method(session_id)
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 0
    assert (await world.order(order.id)).status is OrderStatus.PROCESSING
    assert await world.counters(stalls) == (2, 0)


@pytest.mark.p2
async def test_orders_that_await_a_delayed_payment_do_not_keep_the_sweeper_busy(world: World) -> None:
    _, session_id = await ordered(world, ticket())
    world.payment.pay_by_delayed_method(session_id)
    await world.complete_order(session_id)
    async with world.database() as uow:
        assert await uow.order_watchlist.overdue(now=world.clock.now() + HOLD, limit=10) == []


@pytest.mark.p2
async def test_what_cannot_be_asked_about_is_left_for_the_next_pass(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    stalls = ticket()
    order, _ = await ordered(world, stalls)
    world.clock.advance(HOLD)
    world.payment.available = False
    assert await world.release_overdue() == 0
    assert f"The hold of order {order.id} is left for the next pass" in caplog.text
    assert await world.counters(stalls) == (2, 0)
    world.payment.available = True
    assert await world.release_overdue() == 1
    assert await world.counters(stalls) == (0, 0)


@pytest.mark.p2
async def test_one_order_that_cannot_be_settled_does_not_stop_the_others(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    odd = await world.buy((stalls, 1))
    other = await world.buy((stalls, 1))
    assert odd.session_id
    world.payment.unreachable.add(odd.session_id)
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 1
    assert (await world.order(odd.id)).status is OrderStatus.PENDING
    assert (await world.order(other.id)).status is OrderStatus.EXPIRED


@pytest.mark.p2
async def test_an_order_whose_hold_was_lost_does_not_stop_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    stalls = ticket(quantity=10)
    await world.sell(stalls)
    odd = order((stalls, 9), created_at=world.clock.now(), expires_at=world.clock.now() + HOLD / 2)
    await world.add(odd)
    sound = await world.buy((stalls, 1))
    world.clock.advance(HOLD)
    assert await world.release_overdue() == 1
    assert f"The hold of order {odd.id} is left for the next pass" in caplog.text
    assert (await world.order(sound.id)).status is OrderStatus.EXPIRED
    assert await world.counters(stalls) == (0, 0)


@pytest.mark.p2
async def test_a_sweep_without_a_database_is_told(world: World) -> None:
    world.database.available = False
    with pytest.raises(StorageUnavailable):
        await world.release_overdue()


class SlowPayment(FlakyPayment):
    """Calls about ``stuck`` sessions end only when ``ends`` is set, and then without an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck: set[str] = set()
        self.ends = asyncio.Event()
        self.calls: list[str] = []

    @override
    async def expire_session(self, session_id: str) -> PaymentSession:
        self.calls.append(session_id)
        if session_id in self.stuck:
            await self.ends.wait()
            raise PaymentUnavailable("timed out")
        return await super().expire_session(session_id)


async def overdue_orders(world: World, stalls: Ticket, count: int) -> list[Order]:
    await world.sell(stalls)
    orders = [await world.buy((stalls, 1)) for _ in range(count)]
    world.clock.advance(HOLD)
    return orders


@pytest.mark.p2
async def test_holds_that_take_long_keep_no_other_waiting() -> None:
    payment = SlowPayment()
    world = World(payment=payment)
    stalls = ticket(quantity=100)
    *stuck, healthy = await overdue_orders(world, stalls, 7)
    payment.stuck = {str(order.session_id) for order in stuck}

    sweeping = asyncio.create_task(world.release_overdue())
    async with asyncio.timeout(HANGS_SECONDS):
        while (await world.order(healthy.id)).holds_tickets:
            await asyncio.sleep(0.001)

    assert not sweeping.done()
    payment.ends.set()
    assert await sweeping == 1
    await world.close()


@pytest.mark.p2
async def test_workers_who_sweep_at_once_ask_about_each_hold_once() -> None:
    payment = SlowPayment()
    world = World(payment=payment)
    orders = await overdue_orders(world, ticket(quantity=100), 45)

    released = await asyncio.gather(*(world.release_overdue() for _ in range(3)))

    assert sum(released) == 45
    assert sorted(payment.calls) == sorted(str(order.session_id) for order in orders)
    await world.close()


@pytest.mark.p2
async def test_hold_that_cannot_be_released_waits_longer_the_longer_it_is_overdue() -> None:
    payment = SlowPayment()
    world = World(payment=payment)
    [stuck] = await overdue_orders(world, ticket(quantity=100), 1)
    payment.stuck = {str(stuck.session_id)}
    payment.ends.set()

    for overdue_by, pause in ((100, 10), (3600, 60)):
        world.clock.set(stuck.created_at + HOLD + timedelta(seconds=overdue_by))
        payment.calls.clear()
        assert await world.release_overdue() == 0
        world.clock.advance(timedelta(seconds=pause) - A_MOMENT)
        assert await world.release_overdue() == 0
        assert len(payment.calls) == 1
        world.clock.advance(A_MOMENT)
        assert await world.release_overdue() == 0
        assert len(payment.calls) == 2
    await world.close()


@pytest.mark.p2
async def test_holds_that_a_dead_worker_had_taken_are_released_a_minute_later(world: World) -> None:
    [order] = await overdue_orders(world, ticket(quantity=100), 1)
    async with world.database() as uow:
        await uow.order_watchlist.release_after([order.id], moment=world.clock.now() + CLAIM)
        await uow.commit()
    assert await world.release_overdue() == 0
    world.clock.advance(CLAIM)

    assert await world.release_overdue() == 1
