"""Impossible answers from Stripe decide nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from application.ports.payment import PaymentUnavailable
from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox.faults import FaultKind
from domain.orders import OrderEvent
from domain.tasks import TaskState
from tests.support.box_office import GIVEN_BACK
from tests.support.faults.outages import ALL_TRIES, assert_sold_once, checked_out, paid
from tests.support.stripe_world import (
    CREATE_REFUND,
    EXPIRE_SESSION,
    LIST_REFUNDS,
    RETRIEVE_CHARGE,
    RETRIEVE_SESSION,
    StripeWorld,
    stripe_world,
    webhooks_held_back,
)

pytestmark = pytest.mark.p1


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url) as started:
        yield started


@pytest.fixture(autouse=True)
def no_faults_left(world: StripeWorld) -> None:
    world.sandbox.control.faults.clear()


async def test_paid_session_that_is_read_as_unknown_when_its_hold_ends_keeps_the_hold(world: StripeWorld) -> None:
    on_sale, placed = await checked_out(world)
    order_id = UUID(placed["order_id"])
    release = world.container.release_order()
    with webhooks_held_back(world.sandbox):
        await world.box_office.pay(placed)
        world.sandbox.control.inject_fault(RETRIEVE_SESSION, FaultKind.NOT_FOUND)

        with pytest.raises(PaymentUnavailable):
            await release(order_id, OrderEvent.SESSION_EXPIRED)
        assert await world.box_office.counters(on_sale) == [(2, 0)]

        assert (await release(order_id, OrderEvent.SESSION_EXPIRED)).success
        await assert_sold_once(world, on_sale, placed)


async def test_session_that_stripe_cannot_find_to_expire_releases_its_hold(world: StripeWorld) -> None:
    on_sale, placed = await checked_out(world)
    world.sandbox.control.inject_fault(EXPIRE_SESSION, FaultKind.NOT_FOUND)

    assert (await world.box_office.cancel(placed)).body["status"] == "cancelled"

    assert await world.box_office.counters(on_sale) == [(0, 0)]


async def test_cancel_of_an_order_whose_page_stripe_leaves_open_may_be_tried_again(world: StripeWorld) -> None:
    on_sale, placed = await checked_out(world)
    world.sandbox.control.inject_fault(EXPIRE_SESSION, FaultKind.CARD_DECLINED)

    refused = await world.box_office.cancel(placed)

    refused.refused(503, "payment_unavailable")
    assert refused.headers["Retry-After"] == "5"
    assert await world.box_office.counters(on_sale) == [(2, 0)]
    assert (await world.box_office.cancel(placed)).body["status"] in GIVEN_BACK


async def test_refund_of_a_payment_that_stripe_does_not_find_at_once_is_tried_again(world: StripeWorld) -> None:
    _, placed = await paid(world)
    await world.work_off(placed["order_id"])
    await world.container.refund_order()(UUID(placed["order_id"]))
    world.sandbox.control.inject_fault(LIST_REFUNDS, FaultKind.NOT_FOUND, times=ALL_TRIES)
    assert TaskState.DEAD not in await world.work_off(placed["order_id"])
    world.sandbox.control.faults.clear()
    world.sandbox.control.inject_fault(CREATE_REFUND, FaultKind.NOT_FOUND)

    assert TaskState.DEAD not in await world.work_off(placed["order_id"])

    [refund] = await world.stripe.refunds(placed["order_id"])
    assert refund.status == "succeeded"


async def test_transfer_of_a_charge_that_stripe_does_not_find_at_once_is_described_later(world: StripeWorld) -> None:
    _, placed = await paid(world)
    world.sandbox.control.inject_fault(RETRIEVE_CHARGE, FaultKind.NOT_FOUND)

    assert TaskState.DEAD not in await world.work_off(placed["order_id"])
    assert await world.work_off(placed["order_id"]) == [TaskState.DONE]

    assert (await world.stripe.transfer(placed["order_id"])).metadata["order_id"] == placed["order_id"]
