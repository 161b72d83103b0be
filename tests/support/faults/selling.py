"""Selling: the calls to Stripe for a buyer, and their failures."""

from __future__ import annotations

from uuid import uuid4

import pytest

from application.ports.payment import PaymentUnavailable
from demo.stripe_sandbox.faults import FaultKind
from domain.tasks import TaskState
from tests.support.box_office import GIVEN_BACK
from tests.support.factories import venue_address
from tests.support.faults.outages import (
    Scenario,
    assert_sold_once,
    checked_out,
    event_refused_at_first,
    outage,
    paid,
    until_asked_with_another_key,
)
from tests.support.stripe_world import (
    CREATE_SESSION,
    CREATE_TAX_LOCATION,
    EXPIRE_SESSION,
    LIST_SESSIONS,
    LIST_TAX_LOCATIONS,
    RETRIEVE_INTENT,
    RETRIEVE_SESSION,
    UPDATE_TRANSFER,
    StripeWorld,
    tasks_of,
    webhooks_held_back,
)


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


def placing_a_venue(operation: str) -> Scenario:
    async def scenario(world: StripeWorld, fault: FaultKind) -> None:
        """The buyer's retry finds the order; the venue is stored at Stripe once."""
        address = venue_address(line1=f"{uuid4()} Street")
        on_sale = await world.box_office.put_on_sale(venue_address=address)
        key = uuid4().hex
        if operation == LIST_TAX_LOCATIONS:  # they are listed only to find out what Stripe did before it failed
            world.sandbox.control.inject_fault(CREATE_TAX_LOCATION, FaultKind.FAILED_AFTER)

        with outage(world.sandbox, operation, fault):
            answer = await world.box_office.checkout(on_sale.cart(2), key=key)
            assert (answer.status == 201) is (fault is FaultKind.RATE_LIMITED)
            assert await world.box_office.counters(on_sale) == [(2, 0)]
        await until_asked_with_another_key(fault)
        placed = (await world.box_office.checkout(on_sale.cart(2), key=key)).created()

        await world.box_office.pay(placed)
        await world.box_office.until_completed(placed)
        await assert_sold_once(world, on_sale, placed)
        listed = await world.stripe.client.v1.tax.locations.list_async(params={"type": "performance", "limit": 100})
        places = [place async for place in listed.auto_paging_iter() if place.address.line1 == address.line1]
        assert len(places) == 1

    return scenario


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


async def finding_a_session(world: StripeWorld, fault: FaultKind) -> None:
    """Stripe failed during the call, for good: before another session is made, that one is searched."""
    on_sale = await world.box_office.put_on_sale()
    key = uuid4().hex
    world.sandbox.control.inject_fault(CREATE_SESSION, FaultKind.FAILED_AFTER)

    with outage(world.sandbox, LIST_SESSIONS, fault):
        answer = await world.box_office.checkout(on_sale.cart(2), key=key)
        assert (answer.status == 201) is (fault is FaultKind.RATE_LIMITED)
        assert await world.box_office.counters(on_sale) == [(2, 0)]
    placed = (await world.box_office.checkout(on_sale.cart(2), key=key)).created()

    await world.box_office.pay(placed)
    await world.box_office.until_completed(placed)
    await assert_sold_once(world, on_sale, placed)


async def looking_for_lost_payments(world: StripeWorld, fault: FaultKind) -> None:
    """No event reported the payment, and the reconciler could not ask: its next pass finds it."""
    on_sale, placed = await checked_out(world)
    reconcile = world.container.reconcile()
    with webhooks_held_back(world.sandbox):
        await world.box_office.pay(placed)

        with outage(world.sandbox, LIST_SESSIONS, fault):
            with pytest.raises(PaymentUnavailable):
                await reconcile.look_for_lost_payments()
            assert await world.box_office.counters(on_sale) == [(2, 0)]
        await reconcile.look_for_lost_payments()

        assert (await world.box_office.order(placed)).body["status"] == "completed"
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


async def telling_of_a_decline(world: StripeWorld, fault: FaultKind) -> None:
    """The buyer reads why, as soon as Stripe can be asked; the tickets stay theirs."""
    on_sale, placed = await checked_out(world)

    async with event_refused_at_first(world, RETRIEVE_INTENT, fault):
        await world.box_office.pay(placed, "declined")
        assert (await world.box_office.stored_order(placed)).last_payment_error is None

    assert "declined" in ((await world.box_office.stored_order(placed)).last_payment_error or "")
    assert await world.box_office.counters(on_sale) == [(2, 0)]


async def completing(world: StripeWorld, fault: FaultKind) -> None:
    """The buyer still sees the order, and the next caller completes it."""
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


async def closing_refused(world: StripeWorld, fault: FaultKind) -> None:
    """A page that Stripe will not close stays payable, so the tickets stay held."""
    on_sale, placed = await checked_out(world)

    with outage(world.sandbox, EXPIRE_SESSION, fault):
        refused = await world.box_office.cancel(placed)
        refused.refused(503, "payment_unavailable")
        assert refused.headers["Retry-After"] == "5"
        assert await world.box_office.counters(on_sale) == [(2, 0)]

    assert (await world.box_office.cancel(placed)).body["status"] in GIVEN_BACK
    assert await world.box_office.counters(on_sale) == [(0, 0)]


def describing(operation: str) -> Scenario:
    async def scenario(world: StripeWorld, fault: FaultKind) -> None:
        """The mail goes out; the worker's next try describes the transfer."""
        on_sale, placed = await paid(world)

        with outage(world.sandbox, operation, fault):
            assert sorted(filter(None, await world.work_off(placed["order_id"]))) == [TaskState.DONE, TaskState.PENDING]
        assert await world.work_off(placed["order_id"]) == [TaskState.DONE]

        assert (await world.stripe.transfer(placed["order_id"])).metadata["order_id"] == placed["order_id"]
        await assert_sold_once(world, on_sale, placed)

    return scenario


async def refused_description(world: StripeWorld, fault: FaultKind) -> None:
    """The buyer still has the tickets; the task that was given up is visible, and may be tried again."""
    on_sale, placed = await paid(world)

    with outage(world.sandbox, UPDATE_TRANSFER, fault):
        assert sorted(filter(None, await world.work_off(placed["order_id"]))) == [TaskState.DEAD, TaskState.DONE]
    [task_id] = [
        task_id for task_id, _, state in await tasks_of(world.settings, placed["order_id"]) if state == TaskState.DEAD
    ]
    await world.container.retry_dead_tasks()([task_id])
    assert await world.work_off(placed["order_id"]) == [TaskState.DONE]

    assert (await world.stripe.transfer(placed["order_id"])).metadata["order_id"] == placed["order_id"]
    await assert_sold_once(world, on_sale, placed)
