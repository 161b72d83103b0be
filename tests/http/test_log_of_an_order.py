"""What happened to an order is one grep of its id: in the log of servers and of workers, from the checkout on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from demo.embedded import EmbeddedPostgres
from domain.access import Actor
from domain.orders import number_of
from tests.support.stripe_world import CREATE_REFUND, CREATE_SESSION, EVERY_TRY, StripeWorld, stripe_world

#: Other lines of this process are the mail server's, and of libraries that log warnings alone.
_OURS = {"application", "adapters", "entrypoints"}


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url) as started:
        yield started


def seen(log: pytest.LogCaptureFixture, order_id: str) -> list[str]:
    """The lines that a grep finds, with other ids and times left out."""
    lines = [line for line in log.messages if order_id in line]
    return [re.sub(r"[0-9a-f-]{36}|cs_test_\w+|\d+\.\d\ds", "…", line.replace(order_id, "ORDER")) for line in lines]


async def test_the_life_of_a_paid_order_that_is_refunded(
    world: StripeWorld, shared_log: pytest.LogCaptureFixture
) -> None:
    shared_log.set_level("INFO")
    on_sale = await world.box_office.put_on_sale()
    placed = await world.box_office.buy(on_sale.cart(2))
    order_id = placed["order_id"]
    await world.work_off(order_id)
    await world.container.refund_order()(UUID(order_id), by=Actor(on_sale.producer.id, name="office"))
    await world.work_off(order_id)

    lines = seen(shared_log, order_id)
    number = number_of(UUID(order_id))
    for line in (
        f"Order ORDER created in …, number {number}",
        "Order ORDER has its payment page, session …",
        "Order ORDER went from pending to completed in …",
        "Task … (confirmation_mail, order ORDER) done",
        "Task … (describe_transfer, order ORDER) done",
        "Order ORDER is refunded: refund …",
        "Refund … of order ORDER is succeeded at Stripe",
        "Task … (submit_refunds, order ORDER) done",
        "Task … (refund_mail, order ORDER) done",
    ):
        assert line in lines, lines


async def test_the_life_of_an_order_that_is_never_paid(
    world: StripeWorld, shared_log: pytest.LogCaptureFixture
) -> None:
    shared_log.set_level("INFO")
    on_sale = await world.box_office.put_on_sale()
    placed = (await world.box_office.checkout(on_sale.cart(1))).created()
    order_id = placed["order_id"]
    await world.execute("UPDATE orders SET expires_at = now() - interval '1 hour' WHERE id = %s", UUID(order_id))
    await world.container.release_overdue()()

    assert "Order ORDER went from pending to expired in …" in seen(shared_log, order_id)


async def test_what_goes_wrong_names_its_order(world: StripeWorld, shared_log: pytest.LogCaptureFixture) -> None:
    shared_log.set_level("INFO")
    on_sale = await world.box_office.put_on_sale()
    paid = await world.box_office.buy(on_sale.cart(1))
    await world.work_off(paid["order_id"])
    world.sandbox.control.inject_fault(CREATE_REFUND, "connection_reset", times=EVERY_TRY)
    await world.container.refund_order()(UUID(paid["order_id"]), by=Actor(on_sale.producer.id, name="office"))
    await world.work_off(paid["order_id"])
    failed = [line for line in seen(shared_log, paid["order_id"]) if "failed at try 1" in line]
    assert any(line.startswith("Task … (submit_refunds, order ORDER) failed at try 1: ") for line in failed)

    world.sandbox.control.inject_fault(CREATE_SESSION, "connection_reset", times=EVERY_TRY)
    await world.box_office.checkout(on_sale.cart(1))
    assert any(re.match(r"No payment session for order \S+ yet, its hold stays", line) for line in shared_log.messages)


async def test_no_line_about_an_order_names_its_buyer(world: StripeWorld, shared_log: pytest.LogCaptureFixture) -> None:
    shared_log.set_level("INFO")
    on_sale = await world.box_office.put_on_sale()
    buyer = {"name": "Philippa Unmistakable", "email": "philippa@unmistakable.example"}
    placed = await world.box_office.buy(on_sale.cart(1), customer=buyer)
    await world.work_off(placed["order_id"])
    assert seen(shared_log, placed["order_id"])
    ours = [record.getMessage() for record in shared_log.records if record.name.split(".")[0] in _OURS]
    assert "nmistakable" not in " ".join(ours)
