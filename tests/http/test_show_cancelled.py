"""A show is cancelled: sales stop, holds are released, buyers get mails, and all of them get their money back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import GIVEN_BACK, BoxOffice, Json
from tests.support.factories import producer, ticket
from tests.support.stripe_world import StripeWorld, stripe_world

pytestmark = pytest.mark.p1


async def cancel(office: BackOffice, show_id: object) -> Json:
    answer = await office.patch(f"/shows/{show_id}", cancelled=True)
    assert answer.status == 200, answer.content
    return answer.body


async def test_sales_stop_and_holds_are_released(box_office: BoxOffice, office: BackOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    placed = (await box_office.checkout(on_sale.cart(2))).created()

    assert (await cancel(office, on_sale.id))["cancelled"] is True

    (await box_office.checkout(on_sale.cart(1))).refused(400, "show_unavailable")
    assert (await box_office.get(f"/api/v1/shows/{on_sale.id}")).body["cancelled"] is True

    async def is_released() -> bool:
        return await box_office.counters(on_sale) == [(0, 0)]

    await box_office.until(is_released)
    assert (await box_office.order(placed)).body["status"] in GIVEN_BACK
    await box_office.pay(placed)
    assert (await box_office.order(placed)).body["success"] is False


async def test_cancelling_cannot_be_undone(box_office: BoxOffice, office: BackOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    before = await cancel(office, on_sale.id)

    for fields in ({"cancelled": False}, {"title": "Macbeth"}, {"published": False}):
        (await office.patch(f"/shows/{on_sale.id}", **fields)).refused(409, "conflict")

    assert await cancel(office, on_sale.id) == before
    (entry,) = await office.audit_log("&action=show.cancelled")
    assert (entry["before"], entry["after"]) == ({"cancelled": False}, {"cancelled": True})


async def test_show_that_is_not_cancelled_is_not_refunded(box_office: BoxOffice, office: BackOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    (await office.post(f"/shows/{on_sale.id}/refund-all", {})).refused(409, "conflict")
    (await office.get(f"/shows/{on_sale.id}/refund-all")).refused(404, "not_found")


@pytest.mark.parametrize("body", [{"refund_fees": "yes"}, {"reason": "x" * 501}, {"reason": 7}, {"restock": True}])
async def test_refund_that_makes_no_sense_is_refused(box_office: BoxOffice, office: BackOffice, body: Json) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    await cancel(office, on_sale.id)
    answer = await office.post(f"/shows/{on_sale.id}/refund-all", body)
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == next(iter(body))


async def test_everybody_is_refunded_by_one_request(box_office: BoxOffice, office: BackOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(), ticket(price=0), by=office.producer)
    paid = [await box_office.buy(on_sale.cart(1)) for _ in range(3)]
    free = await box_office.buy(on_sale.cart(0, 2))
    await cancel(office, on_sale.id)
    path = f"/shows/{on_sale.id}/refund-all"

    started = await office.post(path, {"reason": "The leading actor is ill"})

    assert started.status == 202
    assert (started.body["total"], started.body["failed"]) == (4, 0)

    async def is_done() -> bool:
        return bool((await office.get(path)).body["remaining"] == 0)

    await box_office.until(is_done)
    done = (await office.get(path)).body
    assert (done["total"], done["refunded"], done["failed"], done["failures"]) == (4, 4, 0, [])
    assert (done["refunded_amount"], done["currency"]) == ("82.71", "USD")
    for order in (*paid, free):
        stored = await box_office.stored_order(order)
        assert (stored.status, stored.success) == ("refunded", False)
        assert stored.refunded_amount == stored.amount_paid
    assert (await office.post(path, {"reason": "The leading actor is ill"})).body == done


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A service in which only the test does the work."""
    async with stripe_world(postgres, redis_url) as started:
        yield started


async def test_stripe_is_told_first_and_told_again_when_it_was_down(world: StripeWorld) -> None:
    office = await open_back_office(world.box_office, world.container, producer(account=f"acct_{uuid4().hex}"))
    on_sale = await world.box_office.put_on_sale(by=office.producer)
    placed = (await world.box_office.checkout(on_sale.cart(1))).created()
    await cancel(office, on_sale.id)
    assert await world.box_office.counters(on_sale) == [(1, 0)]  # not in the request

    release = world.container.release_cancelled()
    assert await release() == 1

    assert await world.box_office.counters(on_sale) == [(0, 0)]
    (session,) = await world.stripe.sessions(placed["order_id"])
    assert session.status == "expired"


async def test_many_workers_refund_everybody_once(world: StripeWorld) -> None:
    office = await open_back_office(world.box_office, world.container, producer(account=f"acct_{uuid4().hex}"))
    on_sale = await world.box_office.put_on_sale(by=office.producer)
    orders = [await world.box_office.buy(on_sale.cart(1)) for _ in range(5)]
    await cancel(office, on_sale.id)
    await office.post(f"/shows/{on_sale.id}/refund-all", {})

    refund = world.container.refund_cancelled()
    counts = await asyncio.gather(*(refund() for _ in range(4)))

    assert sum(counts) == 5
    for order in orders:
        await world.work_off(order["order_id"])
        (made,) = await world.stripe.refunds(order["order_id"])
        assert made.amount == (await world.box_office.stored_order(order)).amount_paid
    done = (await office.get(f"/shows/{on_sale.id}/refund-all")).body
    assert (done["refunded"], done["remaining"]) == (5, 0)
