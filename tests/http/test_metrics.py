"""The metrics for Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from demo.embedded import EmbeddedPostgres
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.metrics import Metrics
from tests.support.stripe_world import CREATE_SESSION, StripeWorld, stripe_world

CHECKOUT = {"method": "POST", "route": "/api/v1/checkout"}


@pytest.fixture
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A world in which nothing has been counted yet."""
    async with stripe_world(postgres, redis_url) as started:
        yield started


async def scraped(box_office: BoxOffice) -> Metrics:
    answer = await box_office.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return Metrics(answer.content)


async def test_orders_are_counted_by_what_became_of_them(world: StripeWorld) -> None:
    box_office = world.box_office
    on_sale = await box_office.put_on_sale(ticket(quantity=4), ticket(price=0))
    placed = (await box_office.checkout(on_sale.cart(2), key="once")).created()
    await box_office.checkout(on_sale.cart(2), key="once")
    await box_office.checkout(on_sale.cart(0, 1))
    (await box_office.checkout(on_sale.cart(3))).refused(400, "tickets_unavailable")
    await box_office.pay(placed)
    await box_office.until_completed(placed)
    given_up = (await box_office.checkout(on_sale.cart(1))).created()
    await box_office.cancel(given_up)

    metrics = await scraped(box_office)

    counted = {outcome: metrics.value("checkouts_total", outcome=outcome) for outcome in ("held", "sold", "repeated")}
    assert counted == {"held": 2, "sold": 1, "repeated": 1}
    assert metrics.value("checkouts_total", outcome="tickets_unavailable") == 1
    assert metrics.value("orders_settled_total", status="completed") == 1
    assert metrics.total("orders_settled_total") == 2
    assert metrics.value("checkout_batch_size_sum") == metrics.value("checkout_batch_size_count") == 5
    assert metrics.value("checkout_decision_seconds_count") == 5
    assert metrics.value("lock_wait_seconds_count", outcome="acquired") == 5
    assert metrics.value("database_transaction_seconds_count", end="commit") >= 5


async def test_requests_are_counted_by_route_and_status(world: StripeWorld) -> None:
    on_sale = await world.box_office.put_on_sale()
    placed = (await world.box_office.checkout(on_sale.cart(1))).created()
    await world.box_office.post("/api/v1/checkout", json={})
    await world.box_office.order(placed)
    await world.box_office.get("/wp-login.php")
    await world.box_office.get("/no/such/thing")

    metrics = await scraped(world.box_office)

    assert metrics.value("http_requests_total", **CHECKOUT, status="201") == 1
    assert metrics.value("http_requests_total", **CHECKOUT, status="400") == 1
    assert metrics.value("http_request_seconds_count", **CHECKOUT) == 2
    order_route = "/api/v1/orders/{order_id}"
    assert metrics.value("http_requests_total", method="GET", route=order_route, status="200") == 1
    assert metrics.value("http_requests_total", method="GET", route="none", status="404") == 2
    assert not metrics.total("http_request_seconds_count", route="none")


async def test_calls_to_stripe_are_counted_by_what_came_of_them(world: StripeWorld) -> None:
    on_sale = await world.box_office.put_on_sale()
    world.sandbox.control.inject_fault(CREATE_SESSION, "connection_reset")
    placed = (await world.box_office.checkout(on_sale.cart(1))).created()
    await world.box_office.cancel(placed)

    metrics = await scraped(world.box_office)

    assert metrics.value("stripe_call_seconds_count", operation="POST /v1/checkout/sessions", outcome="200") == 1
    assert metrics.value("stripe_call_seconds_count", operation="POST /v1/checkout/sessions", outcome="no_answer") == 1
    expire = "POST /v1/checkout/sessions/{id}/expire"
    assert metrics.value("stripe_call_seconds_count", operation=expire, outcome="200") == 1


async def test_the_outbox_is_as_it_is_now(world: StripeWorld) -> None:
    on_sale = await world.box_office.put_on_sale()
    order = await world.box_office.buy(on_sale.cart(1))
    await world.execute("UPDATE outbox SET due_at = now() - interval '1 hour' WHERE kind = 'confirmation_mail'")
    await world.execute("UPDATE outbox SET state = 'dead' WHERE kind = 'describe_transfer'")
    metrics = await scraped(world.box_office)
    assert (metrics.value("outbox_pending"), metrics.value("outbox_dead")) == (1, 1)
    assert metrics.value("outbox_overdue_seconds") >= 3600

    await world.work_off(order["order_id"])

    metrics = await scraped(world.box_office)
    assert (metrics.value("outbox_pending"), metrics.value("outbox_overdue_seconds")) == (0, 0)


async def test_without_a_database_the_rest_is_told(world: StripeWorld, postgres: EmbeddedPostgres) -> None:
    assert (await scraped(world.box_office)).value("database_up") == 1
    await world.container.engine().dispose()
    database = (world.settings.database_url or "").rpartition("/")[2].partition("?")[0]
    postgres.drop_database(database)
    try:
        metrics = await scraped(world.box_office)
        assert metrics.value("database_up") == 0
        assert metrics.value("http_requests_total", method="GET", route="/metrics", status="200") == 1
    finally:
        postgres.create_database(database)
