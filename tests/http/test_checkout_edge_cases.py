"""P1: edge cases that could cause data integrity issues."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from domain.catalog import ProducerFinancial
from domain.policy import CheckoutPolicy
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice
from tests.support.factories import cart, customer, donation_ticket, issue, producer, promo_code, ticket
from tests.support.server import Service

pytestmark = pytest.mark.p1

NOW = datetime.now(UTC)


async def test_promo_code_usage_limits(box_office: BoxOffice) -> None:
    """P1-006: up to max_uses, also in many checkouts at once; a released hold gives its use back."""
    on_sale = await box_office.put_on_sale(ticket(), promo_codes=[promo_code(max_uses=3)])

    answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1), promo_code="TEST20") for _ in range(8)))

    placed = [answer.created() for answer in answers if answer.status == 201]
    refusals = {answer.refused(400, "promo_code_exhausted") for answer in answers if answer.status != 201}
    assert len(placed) == 3
    assert refusals == {"Promo code no longer valid"}
    assert await box_office.counters(on_sale) == [(3, 0)]

    await box_office.cancel(placed[0])
    (await box_office.checkout(on_sale.cart(1), promo_code="TEST20")).created()
    (await box_office.checkout(on_sale.cart(1), promo_code="TEST20")).refused(400, "promo_code_exhausted")


async def test_price_change_during_checkout(box_office: BoxOffice) -> None:
    """P1-007: the current price counts; a buyer who named the total seen is asked again."""
    on_sale = await box_office.put_on_sale(ticket(price=2500))
    seen = (await box_office.quote(on_sale.cart(1))).body
    await box_office.change_ticket(on_sale.tickets[0], price=3000)

    refused = await box_office.checkout(on_sale.cart(1), expected_total=seen["total"])
    refused.refused(409, "price_changed")
    assert refused.body["quote"]["tickets"][0]["price_per_ticket"] == "30.00"
    assert await box_office.counters(on_sale) == [(0, 0)]

    placed = (await box_office.checkout(on_sale.cart(1), expected_total=refused.body["quote"]["total"])).created()
    assert placed["tickets"][0]["price_per_ticket"] == "30.00"
    unnamed = (await box_office.checkout(on_sale.cart(1))).created()
    assert unnamed["tickets"][0]["price_per_ticket"] == "30.00"


async def test_show_unpublished_during_checkout(box_office: BoxOffice) -> None:
    """P1-008."""
    on_sale = await box_office.put_on_sale()
    assert (await box_office.get(f"/api/v1/shows/{on_sale.id}")).status == 200
    await box_office.change_show(on_sale, published=False)

    message = (await box_office.checkout(on_sale.cart(1))).refused(400, "show_unavailable")

    assert message == "This show is not currently available"
    assert await box_office.counters(on_sale) == [(0, 0)]


@pytest.mark.parametrize("ends", ["completed", "given up"])
async def test_ticket_deleted_during_checkout(
    box_office: BoxOffice, office: BackOffice, service: Service, ends: str
) -> None:
    """P1-009: deleting waits for the checkout that has the ticket's row, and is refused if that placed an order."""
    on_sale = await box_office.put_on_sale(ticket(quantity=5), ticket(name="Circle"), by=office.producer)
    stalls = on_sale.tickets[0]
    async with service.container.database()() as checkout:
        wanted = cart((stalls, 2))
        sale = await checkout.inventory.lock([wanted])
        deleting = asyncio.create_task(office.delete(f"/tickets/{stalls.id}"))
        await until_somebody_waits(box_office, service)
        assert not deleting.done()
        if ends == "completed":
            order = sale.offering(on_sale.id, CheckoutPolicy()).place(
                wanted, customer(), order_id=uuid4(), issue=issue, now=NOW
            )
            await checkout.orders.add([order])
            await checkout.inventory.save(sale.stock)
            await checkout.commit()

    deleted = await deleting

    if ends == "completed":
        deleted.refused(409, "conflict")
        assert await box_office.counters(on_sale) == [(2, 0), (0, 0)]
        assert (await box_office.checkout(on_sale.cart(3))).created()
    else:
        assert deleted.status == 204
        (await box_office.checkout(on_sale.cart(1))).refused(400, "ticket_not_found")
        assert [t["name"] for t in (await office.get(f"/shows/{on_sale.id}")).body["tickets"]] == ["Circle"]


async def test_ticket_deleted_while_everybody_checks_out(box_office: BoxOffice, office: BackOffice) -> None:
    """P1-009: either the ticket is deleted and no order has it, or an order has it and it stays."""
    for place in (0, 1, 4, 8):  # in the line of the checkouts
        on_sale = await box_office.put_on_sale(ticket(quantity=100), by=office.producer)
        path = f"/tickets/{on_sale.tickets[0].id}"
        calls = [box_office.checkout(on_sale.cart(1)) for _ in range(8)]
        calls.insert(place, office.delete(path))

        answers = await asyncio.gather(*calls)

        deleted = answers.pop(place)

        placed = [answer.created() for answer in answers if answer.status == 201]
        for answer in answers:
            if answer.status != 201:
                answer.refused(400, "ticket_not_found")
        assert (deleted.status, bool(placed)) in {(204, False), (409, True)}
        for order in placed:
            assert (await box_office.order(order)).body["tickets"][0]["quantity"] == 1


async def until_somebody_waits(box_office: BoxOffice, service: Service) -> None:
    """Wait until a transaction waits for a ticket's row."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query LIKE '%tickets%FOR UPDATE%'"
    )

    async def is_waiting() -> bool:
        async with service.container.engine().connect() as connection:
            return bool(await connection.scalar(waiting))

    await box_office.until(is_waiting)


async def test_max_order_amount_limit(box_office: BoxOffice) -> None:
    """P1-011: the total with fees counts, on both sides of the limit."""
    # 4857.29 + 1.50 + 141.20 = 4999.99, 4857.30 + 1.50 + 141.21 = 5000.01.
    on_sale = await box_office.put_on_sale(ticket(price=485_729), ticket(price=485_730))

    message = (await box_office.checkout(on_sale.cart(0, 1))).refused(400, "order_total_exceeded")

    assert message == "Order total exceeds maximum amount of $5000"
    assert await box_office.counters(on_sale) == [(0, 0), (0, 0)]
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    assert placed["total"] == "4999.99"


async def test_donation_amount_limits(box_office: BoxOffice) -> None:
    """P1-012."""
    on_sale = await box_office.put_on_sale(donation_ticket(price=1000))

    def donating(amount: str) -> dict[str, object]:
        cart = on_sale.cart(1)
        cart["tickets"][0]["donation_amount"] = amount
        return cart

    message = (await box_office.checkout(donating("1001"))).refused(400, "donation_too_large")
    assert message == "Maximum donation per ticket is $1000"
    (await box_office.checkout(donating("1000.01"))).refused(400, "donation_too_large")
    assert await box_office.counters(on_sale) == [(0, 0)]

    placed = (await box_office.checkout(donating("1000.00"))).created()
    assert placed["tickets"][0]["price_per_ticket"] == "1000.00"
    assert placed["tickets"][0]["donation_amount"] == "1000.00"


async def test_donation_below_minimum_rejected(box_office: BoxOffice) -> None:
    """P1-013."""
    on_sale = await box_office.put_on_sale(donation_ticket(price=1000))
    cart = on_sale.cart(1)

    message = (await box_office.checkout(cart)).refused(400, "donation_too_small")
    assert message == "Donation amount must be at least $10"
    cart["tickets"][0]["donation_amount"] = "5"
    (await box_office.checkout(cart)).refused(400, "donation_too_small")
    cart["tickets"][0]["donation_amount"] = "10"
    (await box_office.checkout(cart)).created()


async def test_regular_ticket_no_donation_accepted(box_office: BoxOffice) -> None:
    """P1-014."""
    on_sale = await box_office.put_on_sale()
    cart = on_sale.cart(1)
    cart["tickets"][0]["donation_amount"] = "5.00"

    message = (await box_office.checkout(cart)).refused(400, "donation_not_allowed")

    assert message == "Additional donations not allowed for non-donation ticket"
    cart["tickets"][0]["donation_amount"] = "0"
    (await box_office.checkout(cart)).created()


async def test_past_show_checkout_rejection(box_office: BoxOffice) -> None:
    """P1-015."""
    day = timedelta(days=1)
    on_sale = await box_office.put_on_sale(door_time=NOW - day, start_time=NOW - day, end_time=NOW)

    message = (await box_office.checkout(on_sale.cart(1))).refused(400, "show_ended")

    assert message == "This show has already occurred"
    assert await box_office.counters(on_sale) == [(0, 0)]


async def test_a_show_that_runs_is_still_sold(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(
        door_time=NOW - timedelta(hours=2), start_time=NOW - timedelta(hours=1), end_time=NOW + timedelta(hours=1)
    )
    (await box_office.checkout(on_sale.cart(1))).created()


async def test_unpublished_show_checkout_rejection(box_office: BoxOffice) -> None:
    """P1-016."""
    on_sale = await box_office.put_on_sale(published=False)

    message = (await box_office.checkout(on_sale.cart(1))).refused(400, "show_unavailable")

    assert message == "This show is not currently available"
    (await box_office.get(f"/api/v1/shows/{on_sale.id}")).refused(404, "not_found")


@pytest.mark.parametrize("financial", [ProducerFinancial(), ProducerFinancial("acct_new", charges_enabled=False)])
async def test_producer_no_stripe_account_rejection(box_office: BoxOffice, financial: ProducerFinancial) -> None:
    """P1-017."""
    on_sale = await box_office.put_on_sale(
        ticket(price=2500), ticket(price=0), by=replace(producer(), financial=financial)
    )

    message = (await box_office.checkout(on_sale.cart(1))).refused(400, "producer_payment_missing")

    assert message == "Producer payment details not configured"
    assert await box_office.counters(on_sale) == [(0, 0), (0, 0)]
    assert (await box_office.checkout(on_sale.cart(0, 1))).created()["success"] is True


async def test_partial_order_rollback_on_error(box_office: BoxOffice) -> None:
    """P1-018."""
    on_sale = await box_office.put_on_sale(ticket(name="Stalls", quantity=10), ticket(name="Circle", quantity=1))

    message = (await box_office.checkout(on_sale.cart(2, 2))).refused(400, "tickets_unavailable")

    assert "Circle" in message
    assert await box_office.counters(on_sale) == [(0, 0), (0, 0)]


async def test_names_are_on_the_tickets_of_a_paid_order(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(), ticket())
    cart = on_sale.cart(2, 1)
    cart["tickets"][0]["names"] = ["", "Grace Hopper"]
    cart["tickets"][1]["names"] = ["Zoë Øst"]

    order = await box_office.buy(cart)

    assert {(a["ticket_name"], a["name"]) for a in order["attendees"]} == {
        ("Stalls", "Ada Lovelace"),
        ("Stalls", "Grace Hopper"),
        ("Stalls", "Zoë Øst"),
    }
    wrong = on_sale.cart(1)
    wrong["tickets"][0]["names"] = ["4711"]
    answer = await box_office.checkout(wrong)
    answer.refused(400, "invalid_name")
    assert answer.body["field"] == "tickets[0].names[0]"
