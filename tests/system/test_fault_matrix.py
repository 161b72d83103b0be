"""Every call that we make to Stripe, times everything that can go wrong with it.

Each time the order ends in a right state, no money moves twice, no hold is lost or leaked, and a retry succeeds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession, web

from adapters.embedded import EmbeddedPostgres
from adapters.stripe.repetition import SECOND_KEY_SECONDS
from adapters.stripe.sandbox import StripeSandbox
from adapters.stripe.sandbox.faults import FaultKind
from application.outbox import TaskState
from domain.orders import AttendeeStatus, OrderStatus
from domain.refunds import RefundStatus
from tests.support.box_office import Json, OnSale
from tests.support.stripe_world import (
    CREATE_REFUND,
    CREATE_SESSION,
    EXPIRE_SESSION,
    RETRIEVE_CHARGE,
    RETRIEVE_SESSION,
    UPDATE_TRANSFER,
    StripeWorld,
    minor,
    stripe_world,
    webhooks_held_back,
)

OUTAGES: Final = (
    FaultKind.TIMEOUT_BEFORE,
    FaultKind.ANSWER_LOST,
    FaultKind.SERVER_ERROR,
    FaultKind.FAILED_WITHIN,
    FaultKind.RATE_LIMITED,
    FaultKind.CONNECTION_RESET,
)
#: More calls than the SDK and its HTTP client make of one.
ALL_TRIES: Final = 10


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url, stripe_timeout_seconds=0.6) as started:
        yield started


@pytest.fixture(scope="module")
async def fleeting(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """Holds last for a second."""
    async with stripe_world(postgres, redis_url, stripe_timeout_seconds=0.6, hold_minutes=0.02) as started:
        yield started


@contextmanager
def outage(sandbox: StripeSandbox, operation: str, fault: FaultKind) -> Iterator[None]:
    """Until the end of the block every call of ``operation`` goes wrong; one whose answer is lost, goes through."""
    control = sandbox.control
    if fault is FaultKind.ANSWER_LOST:
        control.inject_fault(operation, fault)
        control.inject_fault(operation, FaultKind.CONNECTION_RESET, times=ALL_TRIES)
    else:
        control.inject_fault(operation, fault, times=ALL_TRIES, delay_seconds=30 * (fault is FaultKind.TIMEOUT_BEFORE))
    before = len(control.faults.waiting()[operation])
    yield
    left = len(control.faults.waiting().get(operation, ()))
    assert 0 < left < before
    control.faults.clear()


class BreakingProxy:
    """Stands before Stripe. While ``breaks`` is set, calls go through, but their answers end in the middle.

    ``hangs``: or rather never end.
    """

    def __init__(self, *, hangs: bool) -> None:
        self.breaks = False
        self.target = ""
        self._hangs = hangs

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The address to call instead of Stripe's."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        async with (
            ClientSession() as client,
            client.request(
                request.method, self.target + request.path_qs, headers=request.headers, data=await request.read()
            ) as answer,
        ):
            body = await answer.read()
            if not self.breaks:
                return web.Response(status=answer.status, body=body, content_type="application/json")
        broken = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await broken.prepare(request)
        await broken.write(body[: len(body) // 2])
        if self._hangs:
            await asyncio.Event().wait()
        assert request.transport
        request.transport.close()
        return broken


async def until_asked_with_another_key(fault: FaultKind) -> None:
    """What Stripe remembers of its own failures is never asked for under the same key again, for a while it is."""
    window = int(time.time()) // SECOND_KEY_SECONDS
    while fault is FaultKind.FAILED_WITHIN and int(time.time()) // SECOND_KEY_SECONDS == window:
        await asyncio.sleep(0.05)


async def checked_out(world: StripeWorld) -> tuple[OnSale, Json]:
    on_sale = await world.box_office.put_on_sale()
    return on_sale, (await world.box_office.checkout(on_sale.cart(2))).created()


async def paid(world: StripeWorld) -> tuple[OnSale, Json]:
    """A completed order for which a worker has done nothing yet."""
    on_sale, placed = await checked_out(world)
    await world.box_office.pay(placed)
    await world.box_office.until_completed(placed)
    return on_sale, placed


async def assert_sold_once(world: StripeWorld, on_sale: OnSale, placed: Json) -> None:
    assert len(await world.stripe.sessions(placed["order_id"])) == 1
    assert (await world.stripe.charge(placed["order_id"])).amount == minor(placed["total"])
    assert len((await world.box_office.order(placed)).body["attendees"]) == 2
    assert await world.box_office.counters(on_sale) == [(0, 2)]


async def opening_a_session(world: StripeWorld, fault: FaultKind) -> None:
    """The buyer's retry finds the order and its one session. Too many calls are no failure at all."""
    on_sale = await world.box_office.put_on_sale()
    key = uuid4().hex

    with outage(world.sandbox, CREATE_SESSION, fault):
        answer = await world.box_office.checkout(on_sale.cart(2), key=key)
        if fault is FaultKind.RATE_LIMITED:
            assert answer.created()["checkout_url"].startswith(world.settings.public_url)
        else:
            answer.refused(503, "payment_unavailable")
        assert await world.box_office.counters(on_sale) == [(2, 0)]
    async with world.box_office.unit_of_work() as uow:
        order = (await uow.orders.with_idempotency_keys([key]))[key]
    await until_asked_with_another_key(fault)
    placed = (await world.box_office.checkout(on_sale.cart(2), key=key)).created()

    assert placed["order_id"] == str(order.id)
    await world.box_office.pay(placed)
    await world.box_office.until_completed(placed)
    await assert_sold_once(world, on_sale, placed)


async def refused_session(world: StripeWorld, fault: FaultKind) -> None:
    """The tickets are back on sale at once, and the same key may be used for another try."""
    on_sale = await world.box_office.put_on_sale()
    key = uuid4().hex

    with outage(world.sandbox, CREATE_SESSION, fault):
        (await world.box_office.checkout(on_sale.cart(2), key=key)).refused(503, "payment_unavailable")
        assert await world.box_office.counters(on_sale) == [(0, 0)]
    placed = (await world.box_office.checkout(on_sale.cart(2), key=key)).created()

    await world.box_office.pay(placed)
    await world.box_office.until_completed(placed)
    await assert_sold_once(world, on_sale, placed)


async def declined_card(world: StripeWorld, fault: FaultKind) -> None:
    on_sale, placed = await checked_out(world)

    with outage(world.sandbox, "POST /c/pay/{session}", fault):
        assert (await world.box_office.pay(placed)).status == 200
        assert await world.stripe.charges(placed["order_id"]) == []
        assert await world.box_office.counters(on_sale) == [(2, 0)]
    await world.box_office.pay(placed)

    await world.box_office.until_completed(placed)
    await assert_sold_once(world, on_sale, placed)


async def completing(world: StripeWorld, fault: FaultKind) -> None:
    """The buyer sees the order all the same, and the next to ask completes it."""
    on_sale, placed = await checked_out(world)
    with webhooks_held_back(world.sandbox):
        await world.box_office.pay(placed)

        with outage(world.sandbox, RETRIEVE_SESSION, fault):
            assert (await world.box_office.come_back(placed)).status == 303
            assert (await world.box_office.order(placed)).body["status"] == "pending"
            assert await world.box_office.counters(on_sale) == [(2, 0)]
        assert (await world.box_office.come_back(placed)).status == 303

        assert (await world.box_office.order(placed)).body["status"] == "completed"
        await assert_sold_once(world, on_sale, placed)


async def cancelling(world: StripeWorld, fault: FaultKind) -> None:
    """Tickets stay held for as long as the payment page may be open."""
    on_sale, placed = await checked_out(world)
    with webhooks_held_back(world.sandbox):
        with outage(world.sandbox, EXPIRE_SESSION, fault):
            (await world.box_office.cancel(placed)).refused(503, "payment_unavailable")
            assert await world.box_office.counters(on_sale) == [(2, 0)]
        assert (await world.box_office.cancel(placed)).body["status"] == "cancelled"

    assert await world.box_office.counters(on_sale) == [(0, 0)]
    assert (await world.box_office.pay(placed)).status == 410
    assert await world.stripe.charges(placed["order_id"]) == []


async def refunding(world: StripeWorld, fault: FaultKind) -> None:
    """The worker's retry gives back what the first try did not, and nothing twice."""
    on_sale, placed = await paid(world)
    await world.work_off(placed["order_id"])
    await world.container.refund_order()(UUID(placed["order_id"]))

    with outage(world.sandbox, CREATE_REFUND, fault):
        assert await world.work_off(placed["order_id"]) == [TaskState.PENDING]
    await until_asked_with_another_key(fault)
    assert await world.work_off(placed["order_id"]) == [TaskState.DONE]

    assert [refund.amount for refund in await world.stripe.refunds(placed["order_id"])] == [minor(placed["total"])]
    order = (await world.box_office.order(placed)).body
    assert (order["status"], order["refunded_amount"]) == ("refunded", placed["total"])
    async with world.box_office.unit_of_work() as uow:
        [refund] = await uow.refunds.of_order(UUID(placed["order_id"]))
    assert refund.status is RefundStatus.SUCCEEDED
    assert await world.box_office.counters(on_sale) == [(0, 0)]


async def refused_refund(world: StripeWorld, fault: FaultKind) -> None:
    """No money went back, and everybody can see it."""
    _, placed = await paid(world)
    await world.work_off(placed["order_id"])
    await world.container.refund_order()(UUID(placed["order_id"]))

    with outage(world.sandbox, CREATE_REFUND, fault):
        assert await world.work_off(placed["order_id"]) == [TaskState.DEAD]

    assert await world.stripe.refunds(placed["order_id"]) == []
    order = await world.box_office.stored_order(placed)
    assert order.refunded_amount == 0
    assert {attendee.status for attendee in order.attendees} == {AttendeeStatus.VOID}
    async with world.box_office.unit_of_work() as uow:
        [refund] = await uow.refunds.of_order(order.id)
    assert refund.status is RefundStatus.FAILED
    assert refund.failure_reason


def describing(operation: str) -> Callable[[StripeWorld, FaultKind], Awaitable[None]]:
    async def scenario(world: StripeWorld, fault: FaultKind) -> None:
        """The mail goes out; the producer's notes come with the worker's next try."""
        on_sale, placed = await paid(world)

        with outage(world.sandbox, operation, fault):
            assert sorted(filter(None, await world.work_off(placed["order_id"]))) == [TaskState.DONE, TaskState.PENDING]
        assert await world.work_off(placed["order_id"]) == [TaskState.DONE]

        assert (await world.stripe.transfer(placed["order_id"])).metadata["order_id"] == placed["order_id"]
        await assert_sold_once(world, on_sale, placed)

    return scenario


OUTAGE_SCENARIOS: Final = {
    "create session": opening_a_session,
    "retrieve session": completing,
    "expire session": cancelling,
    "create refund": refunding,
    "retrieve charge": describing(RETRIEVE_CHARGE),
    "update transfer": describing(UPDATE_TRANSFER),
}
REFUSAL_SCENARIOS: Final = {
    "create session": refused_session,
    "pay": declined_card,
    "create refund": refused_refund,
}
MATRIX: Final = [
    *((call, fault, scenario) for call, scenario in OUTAGE_SCENARIOS.items() for fault in OUTAGES),
    *((call, FaultKind.CARD_DECLINED, scenario) for call, scenario in REFUSAL_SCENARIOS.items()),
]


@pytest.mark.parametrize(
    ("fault", "scenario"),
    [pytest.param(fault, scenario, id=f"{call}-{fault}") for call, fault, scenario in MATRIX],
)
async def test_what_goes_wrong_at_stripe_is_made_good(
    world: StripeWorld, fault: FaultKind, scenario: Callable[[StripeWorld, FaultKind], Awaitable[None]]
) -> None:
    await scenario(world, fault)


@pytest.mark.parametrize("fault", [fault for fault in OUTAGES if fault is not FaultKind.RATE_LIMITED])
async def test_buyer_who_gives_up_leaves_no_hold_and_no_open_payment_page(
    fleeting: StripeWorld, fault: FaultKind
) -> None:
    """Whether or not the call that failed had made a session, which nobody knows."""
    on_sale = await fleeting.box_office.put_on_sale()
    key = uuid4().hex
    with outage(fleeting.sandbox, CREATE_SESSION, fault):
        (await fleeting.box_office.checkout(on_sale.cart(2), key=key)).refused(503, "payment_unavailable")
    async with fleeting.box_office.unit_of_work() as uow:
        order = (await uow.orders.with_idempotency_keys([key]))[key]
    assert order.status is OrderStatus.PENDING

    async def is_released() -> bool:
        await fleeting.container.release_overdue()()
        return await fleeting.box_office.counters(on_sale) == [(0, 0)]

    await fleeting.box_office.until(is_released)
    assert {session.status for session in await fleeting.stripe.sessions(str(order.id))} == {"expired"}
    assert await fleeting.stripe.charges(str(order.id)) == []


@pytest.mark.parametrize("hangs", [False, True], ids=["ends", "hangs"])
async def test_answer_that_stops_in_its_middle_is_an_answer_lost(
    postgres: EmbeddedPostgres, redis_url: str, hangs: bool
) -> None:
    proxy = BreakingProxy(hangs=hangs)
    async with (
        proxy.serving() as address,
        stripe_world(postgres, redis_url, stripe_timeout_seconds=0.6, stripe_api_base=address) as world,
    ):
        proxy.target = world.sandbox.url
        on_sale = await world.box_office.put_on_sale()
        key = uuid4().hex

        proxy.breaks = True
        (await world.box_office.checkout(on_sale.cart(2), key=key)).refused(503, "payment_unavailable")
        assert await world.box_office.counters(on_sale) == [(2, 0)]
        proxy.breaks = False
        placed = (await world.box_office.checkout(on_sale.cart(2), key=key)).created()

        await world.box_office.pay(placed)
        await world.box_office.until_completed(placed)
        await assert_sold_once(world, on_sale, placed)
