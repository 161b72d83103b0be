"""At an on-sale payment pages come later than holds, and every buyer gets one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from typing_extensions import override

from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.payments.session import ATTACH_PAUSES, LEFT_BEHIND, PATIENCE_SECONDS, RETRY_SECONDS
from application.ports.payment import (
    PaymentBusy,
    PaymentQueued,
    PaymentRefused,
    PaymentSession,
    PaymentUnavailable,
)
from application.ports.unit_of_work import StorageUnavailable
from domain.catalog import Ticket
from domain.orders import Order, OrderStatus
from tests.application.world import HANGS_SECONDS, FlakyPayment, World
from tests.support.factories import order, ticket

pytestmark = pytest.mark.p0

HOLD = timedelta(minutes=30)
#: More calls than a test can make.
FOR_EVER = 10**9


async def placed(world: World, stalls: Ticket) -> Order:
    """An order without a session, which no process opens."""
    await world.sell(stalls)
    unpaid = order((stalls, 2))
    async with world.database() as uow:
        stock = await uow.inventory.lock_stock([unpaid])
        stock.hold(unpaid.lines, None)
        await uow.orders.add([unpaid])
        await uow.inventory.save(stock)
        await uow.commit()
    return unpaid


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(HANGS_SECONDS):
        while not await condition():
            await asyncio.sleep(0)


async def some_turns_later() -> None:
    """Let all tasks proceed that can do so without waiting."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_session_whose_turn_comes_in_time_is_there_at_once(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.payment.queue_seconds = PATIENCE_SECONDS
    opened = await world.open_session(unpaid)
    assert opened.checkout_url
    assert await world.order(unpaid.id) == opened


async def test_a_session_whose_turn_comes_later_is_opened_in_the_background(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.payment.queue_seconds = PATIENCE_SECONDS + 0.1
    assert await world.open_session(unpaid) == unpaid
    assert (await world.until_it_has_a_session(unpaid)).checkout_url


async def test_a_line_that_is_full_is_asked_again_only_when_its_next_turn_can_come_in_time(world: World) -> None:
    first, second, third = [await placed(world, ticket()) for _ in range(3)]
    world.payment.queue_seconds = PATIENCE_SECONDS + 10
    assert await world.open_session(first) == first
    world.payment.queue_seconds = 0

    world.clock.advance(timedelta(seconds=9.9))
    assert await world.open_session(second) == second
    world.clock.advance(timedelta(seconds=0.1))
    assert (await world.open_session(third)).checkout_url

    for waiting in (first, second):
        assert (await world.until_it_has_a_session(waiting)).checkout_url


async def test_who_has_no_patience_is_not_made_to_wait(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.payment.queue_seconds = 0.1
    assert (await world.open_session(unpaid, max_wait_seconds=0)).session_id is None
    await world.until_it_has_a_session(unpaid)


async def test_who_has_all_the_patience_waits_for_the_turn(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.payment.queue_seconds = 3600
    assert (await world.open_session(unpaid, max_wait_seconds=None)).session_id


async def test_a_provider_that_is_called_too_often_is_asked_again(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.payment.too_many_calls = 3
    assert await world.open_session(unpaid) == unpaid
    assert (await world.until_it_has_a_session(unpaid)).checkout_url
    assert world.payment.too_many_calls == 0


async def test_a_session_is_not_opened_twice_for_one_order(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.payment.queue_seconds = PATIENCE_SECONDS + 0.1
    await world.open_session(unpaid)
    await world.open_session(unpaid)
    world.open_session.in_background(unpaid)
    await world.until_it_has_a_session(unpaid)
    await some_turns_later()
    assert len(world.payment.opened) == 1


async def test_the_orders_of_an_onsale_get_their_sessions_side_by_side(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.queue_seconds = PATIENCE_SECONDS + 0.1
    orders = [await world.buy((stalls, 1)) for _ in range(5)]
    found = [await world.until_it_has_a_session(each) for each in orders]
    assert len({each.session_id for each in found}) == 5


async def test_a_refusal_releases_the_hold_and_is_told(world: World) -> None:
    stalls = ticket()
    unpaid = await placed(world, stalls)
    world.payment.refusing = True
    with pytest.raises(PaymentRefused):
        await world.open_session(unpaid)
    assert (await world.order(unpaid.id)).status is OrderStatus.PAYMENT_FAILED
    assert await world.counters(stalls) == (0, 0)


async def test_a_refusal_in_the_background_releases_the_hold(world: World, caplog: pytest.LogCaptureFixture) -> None:
    stalls = ticket()
    unpaid = await placed(world, stalls)
    world.payment.refusing = True
    world.open_session.in_background(unpaid)

    async def released() -> bool:
        return (await world.order(unpaid.id)).status is OrderStatus.PAYMENT_FAILED

    await until(released)
    assert await world.counters(stalls) == (0, 0)
    assert f"No payment session for order {unpaid.id}" in caplog.text


async def test_nothing_is_opened_for_an_order_that_does_not_exist(world: World) -> None:
    world.open_session.in_background(order())
    await some_turns_later()
    assert world.payment.opened == []


async def test_nothing_is_opened_for_an_order_that_another_process_opened_a_session_for(world: World) -> None:
    unpaid = await placed(world, ticket())
    async with world.database() as uow:
        await uow.orders.attach_session(unpaid.id, session_id="cs_1", checkout_url="https://pay.example/1")
        await uow.commit()
    world.open_session.in_background(unpaid)
    await some_turns_later()
    assert world.payment.opened == []


class Outage(FlakyPayment):
    """Calls fail with ``failure`` until it is None."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure: Exception | None = failure

    @override
    async def open_session(
        self, order: Order, *, success_url: str, cancel_url: str, max_wait_seconds: float | None = None
    ) -> PaymentSession:
        if self.failure:
            raise self.failure
        return await super().open_session(
            order, success_url=success_url, cancel_url=cancel_url, max_wait_seconds=max_wait_seconds
        )


@pytest.mark.p1
@pytest.mark.parametrize("failure", [PaymentUnavailable("time-out"), PaymentBusy("in use")])
async def test_what_may_succeed_later_is_told_to_who_waits(failure: Exception) -> None:
    world = World(payment=Outage(failure))
    unpaid = await placed(world, stalls := ticket())
    with pytest.raises(type(failure)):
        await world.open_session(unpaid)
    assert await world.order(unpaid.id) == unpaid
    assert await world.counters(stalls) == (2, 0)
    await world.close()


@pytest.mark.p1
async def test_what_may_succeed_later_is_tried_again_in_the_background(caplog: pytest.LogCaptureFixture) -> None:
    async def tried_again_after(failure: Exception | None) -> None:
        payment = Outage(failure or PaymentUnavailable("time-out"))
        world = World(payment=payment)
        unpaid = await placed(world, ticket())
        world.open_session.in_background(unpaid)
        if failure is None:
            payment.failure = None
            world.database.available = False
        await some_turns_later()
        payment.failure = None
        world.database.available = True
        assert (await world.until_it_has_a_session(unpaid, within_seconds=RETRY_SECONDS + HANGS_SECONDS)).checkout_url
        assert f"Session of order {unpaid.id} is tried again" in caplog.text
        await world.close()

    await asyncio.gather(
        tried_again_after(PaymentUnavailable("time-out")),
        tried_again_after(PaymentBusy("in use")),
        tried_again_after(None),
    )


async def test_nothing_is_opened_any_more_when_the_hold_is_over(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.payment.too_many_calls = FOR_EVER
    world.open_session.in_background(unpaid)
    await some_turns_later()
    world.clock.advance(HOLD)
    await some_turns_later()
    calls_left = world.payment.too_many_calls
    assert calls_left < FOR_EVER
    await some_turns_later()
    assert world.payment.too_many_calls == calls_left
    world.payment.too_many_calls = 0
    world.open_session.in_background(unpaid)
    await some_turns_later()
    assert world.payment.opened == []


async def test_an_order_without_a_hold_gets_no_session(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.open_session.in_background(replace(unpaid, expires_at=None))
    await some_turns_later()
    assert world.payment.opened == []


async def test_closing_gives_up_what_waits(world: World) -> None:
    orders = [await placed(world, ticket()) for _ in range(3)]
    world.payment.too_many_calls = FOR_EVER
    for each in orders:
        world.open_session.in_background(each)
    await some_turns_later()
    async with asyncio.timeout(HANGS_SECONDS):
        await world.open_session.close()
    world.payment.too_many_calls = 0
    await some_turns_later()
    assert world.payment.opened == []
    assert [await world.order(each.id) for each in orders] == orders


async def test_closing_when_nothing_waits_is_fine(world: World) -> None:
    await world.open_session.close()


async def test_who_waits_for_the_payment_page_has_it_opened(world: World) -> None:
    unpaid = await placed(world, ticket())
    assert await world.find_pay_page(unpaid) is None
    await some_turns_later()
    assert world.payment.opened == []  # the process that placed the order opens it

    world.clock.advance(LEFT_BEHIND + timedelta(seconds=1))  # unless it must have died
    assert await world.find_pay_page(unpaid) is None
    payable = await world.until_it_has_a_session(unpaid)
    assert payable.checkout_url
    assert await world.find_pay_page(payable) == payable.checkout_url


async def test_who_waits_and_asks_again_has_it_opened_once(world: World) -> None:
    unpaid = await placed(world, ticket())
    world.clock.advance(LEFT_BEHIND + timedelta(seconds=1))
    for _ in range(3):
        assert await world.find_pay_page(unpaid) is None
    await world.until_it_has_a_session(unpaid)
    assert len(world.payment.opened) == 1


async def test_what_holds_nothing_gets_no_payment_page(world: World) -> None:
    assert await world.find_pay_page(order(status=OrderStatus.EXPIRED)) is None
    await some_turns_later()
    assert world.payment.opened == []


def test_a_queue_tells_how_long_it_is() -> None:
    queued = PaymentQueued(1.26)
    assert isinstance(queued, PaymentUnavailable)
    assert (queued.retry_after_seconds, str(queued)) == (1.26, "queued for 1.3s")


class BusyDatabase(MemoryDatabase):
    """A database in which the next ``busy`` transactions get no connection."""

    busy = 0

    @override
    async def begin(self) -> Tables:
        if self.busy:
            self.busy -= 1
            raise StorageUnavailable("All database connections are in use")
        return await super().begin()


class CountingPayment(FlakyPayment):
    """Makes its ``database`` busy as soon as it has made a session."""

    database: BusyDatabase
    then_busy = 0

    @override
    async def open_session(
        self, order: Order, *, success_url: str, cancel_url: str, max_wait_seconds: float | None = None
    ) -> PaymentSession:
        session = await super().open_session(
            order, success_url=success_url, cancel_url=cancel_url, max_wait_seconds=max_wait_seconds
        )
        self.database.busy = self.then_busy
        return session


async def test_session_that_was_made_is_written_down_again_and_not_made_again() -> None:
    payment, database = CountingPayment(), BusyDatabase()
    payment.database, payment.then_busy = database, 2
    world = World(payment=payment, database=database)
    stalls = ticket()
    await world.sell(stalls)

    placed = await world.buy((stalls, 1))

    assert len(payment.opened) == 1
    assert (await world.order(placed.id)).session_id == payment.opened[0]
    await world.close()


async def test_database_that_stays_busy_is_told(caplog: pytest.LogCaptureFixture) -> None:
    payment, database = CountingPayment(), BusyDatabase()
    payment.database, payment.then_busy = database, len(ATTACH_PAUSES) + 1
    world = World(payment=payment, database=database)
    stalls = ticket()
    await world.sell(stalls)

    with pytest.raises(StorageUnavailable):
        await world.buy((stalls, 1))

    assert caplog.text.count("is not stored yet") == len(ATTACH_PAUSES)
    await world.close()
