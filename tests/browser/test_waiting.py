"""Changes while a buyer looks at a page, explained in plain words."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from playwright.async_api import expect

from demo.stripe_sandbox import StripeSandbox
from domain.venue_clock import VenueTime
from entrypoints.settings import Settings
from tests.browser.buyer import ORDER_PAGE, STRIPE_PAGE, Buyer
from tests.browser.conftest import Buyers
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.server import Service, free_port, running
from tests.support.stripe_world import RETRIEVE_SESSION, webhooks_held_back


async def test_sold_out_while_choosing(buyer: Buyer, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(name="Stalls", quantity=3))
    await buyer.open_show(on_sale)
    await expect(buyer.page.get_by_text("Only 3 left")).to_be_visible()
    await buyer.choose("Stalls", 2)
    await buyer.go_on("$54.84")
    await buyer.fill_in()
    (await box_office.checkout(on_sale.cart(2))).created()

    await buyer.pay_button.click()

    await expect(buyer.page.get_by_role("alert")).to_contain_text("2 × Stalls not available: only 1 left")
    number = buyer.number("Stalls")
    await expect(number).to_have_attribute("aria-invalid", "true")
    await expect(buyer.page.get_by_label("E-mail")).to_have_value("ada@example.org")
    await buyer.page.get_by_role("button", name="One less: Stalls").click()
    await buyer.sees_total("$27.57")
    await buyer.pay_button.click()
    await buyer.page.wait_for_url(STRIPE_PAGE)


async def test_open_page_learns_that_tickets_are_gone(buyers: Buyers, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(name="Stalls", quantity=2), ticket(name="Circle"))
    buyer = await buyers()
    await buyer.page.clock.install()
    await buyer.open_show(on_sale)
    await buyer.choose("Stalls", 1)
    await box_office.buy(on_sale.cart(2))

    async def is_told() -> bool:
        await buyer.page.clock.run_for(20_000)
        return await buyer.page.locator("[data-announce]").inner_text() == "Stalls: Sold out."

    await box_office.until(is_told)
    await expect(buyer.number("Stalls")).to_have_value("0")


async def test_pages_change_when_a_sale_begins(buyers: Buyers, box_office: BoxOffice, service: Service) -> None:
    """One page waits for its sale, another sells a price step: both change by the server's time, not the buyer's."""
    clock = service.container.clock()
    moment = VenueTime.at(clock.now() + timedelta(seconds=1.5), "UTC")
    opening = await box_office.put_on_sale(ticket(name="Stalls"), on_sale_at=moment)
    steps = await box_office.put_on_sale(
        ticket(name="Early bird", price=2000, off_sale_at=moment), ticket(name="Regular", price=3000, on_sale_at=moment)
    )
    waiting, choosing = await buyers(), await buyers()
    for buyer, on_sale in ((waiting, opening), (choosing, steps)):
        await buyer.page.add_init_script("const now = Date.now; Date.now = () => now() - 3_600_000;")
        await buyer.open_show(on_sale)
    saw_both = await choosing.page.get_by_text(", then $32.71").is_visible()  # not on a very busy machine
    if saw_both:
        assert await waiting.page.get_by_text("Continue").count() == 0
        assert await waiting.page.get_by_role("timer").inner_text() in ("00:00", "00:01", "00:02")

    await waiting.choose("Stalls", 1)
    assert clock.now() >= moment.moment
    await waiting.go_on("$27.57")
    if saw_both:
        await expect(choosing.page.locator("[data-announce]")).to_have_text("Early bird: No longer on sale.")
    await choosing.choose("Regular", 1)
    await choosing.go_on("$32.71")


async def test_price_changed_meanwhile(buyer: Buyer, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(name="Stalls"))
    await buyer.open_show(on_sale)
    await buyer.choose("Stalls", 2)
    await buyer.go_on("$54.84")
    await buyer.fill_in()
    await box_office.change_ticket(on_sale.tickets[0], price=3000)
    await buyer.pay_button.click()
    await expect(buyer.page.get_by_role("alert")).to_contain_text("The price has changed: the total is now $65.13")
    await buyer.page.get_by_role("button", name="Pay $65.13").click()
    await buyer.page.wait_for_url(STRIPE_PAGE)


async def test_hold_runs_out(buyer: Buyer, box_office: BoxOffice, service: Service) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    order = await box_office.stored_order(placed)
    async with service.container.engine().begin() as connection:
        soon = "UPDATE orders SET expires_at = now() + interval '3 seconds' WHERE id = %s"
        await connection.exec_driver_sql(soon, (order.id,))
    await buyer.page.goto(service.container.links().order_page(order))
    await expect(buyer.page.get_by_role("timer")).to_contain_text("0:0")
    # The page reloads itself when the time is up.
    await buyer.sees("This order has ended")
    await expect(buyer.page.get_by_text("It was not paid in time")).to_be_visible()
    # The worker's own sweeper may be at it already.
    await service.container.release_overdue()()
    await box_office.until_counters(on_sale, [(0, 0)])


async def test_payment_that_is_not_confirmed_yet(buyer: Buyer, box_office: BoxOffice, sandbox: StripeSandbox) -> None:
    """Stripe does not answer when the buyer comes back; the page changes automatically when the webhook is there."""
    on_sale = await box_office.put_on_sale()
    await buyer.order(on_sale)
    with webhooks_held_back(sandbox):
        sandbox.control.inject_fault(RETRIEVE_SESSION, "connection_reset", times=50)
        await buyer.press("paid")
        await buyer.page.wait_for_url(ORDER_PAGE)
        await buyer.sees("Your payment is being confirmed")
        await expect(buyer.page.get_by_role("link", name="Go on paying")).to_have_count(0)
        sandbox.control.faults.clear()
    await buyer.sees("You are in")


async def test_delayed_payment(buyer: Buyer, box_office: BoxOffice) -> None:
    await buyer.order(await box_office.put_on_sale())
    await buyer.press("delayed")
    await buyer.page.wait_for_url(ORDER_PAGE)
    await buyer.sees("Your payment is being confirmed")
    await expect(buyer.page.get_by_text("Your bank takes a little longer")).to_be_visible()


async def test_queue_before_stripe(buyers: Buyers, settings: Settings, redis_url: str, sandbox: StripeSandbox) -> None:
    """Sessions open one after the other: the buyer waits on a page of ours, and is forwarded from there."""
    # A separate database of Redis: the slots of other tests are not affected.
    port, turns = free_port(), f"{redis_url[:-1]}8"
    slow = msgspec.structs.replace(
        settings, stripe_rate_per_second=0.8, redis_url=turns, public_url=f"http://127.0.0.1:{port}"
    )
    async with running(slow, port=port) as service:
        box_office = BoxOffice(service.client, service.container.database(), sandbox)
        buyer = await buyers(url=service.url)
        on_sale = await box_office.put_on_sale()
        await buyer.open_show(on_sale)
        await buyer.choose(on_sale.tickets[0].name, 1)
        await buyer.go_on()
        await buyer.fill_in()
        for _ in range(2):
            (await box_office.checkout(on_sale.cart(1))).created()
        await buyer.pay_button.click()
        await buyer.sees("Your tickets are held. One moment, please.")
        await buyer.page.wait_for_url(STRIPE_PAGE)


@pytest.mark.parametrize("fault", ["server_error"])
async def test_stripe_away(buyer: Buyer, box_office: BoxOffice, sandbox: StripeSandbox, fault: str) -> None:
    on_sale = await box_office.put_on_sale()
    await buyer.open_show(on_sale)
    await buyer.choose(on_sale.tickets[0].name, 1)
    await buyer.go_on()
    await buyer.fill_in()
    sandbox.control.inject_fault("POST /v1/checkout/sessions", fault, times=50)
    await buyer.pay_button.click()
    await expect(buyer.page.get_by_role("alert")).to_contain_text("Your tickets are held for you")
    sandbox.control.faults.clear()
    await buyer.pay_button.click()
    await buyer.page.wait_for_url(STRIPE_PAGE)
    assert await box_office.counters(on_sale) == [(1, 0)]
