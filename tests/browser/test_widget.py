"""The widget on a producer's own site: two origins, as in reality (localhost and 127.0.0.1 are different origins)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from playwright.async_api import expect

from domain.branding import Branding
from tests.browser.buyer import CHECKOUT_PAGE, STRIPE_PAGE
from tests.browser.conftest import Buyers
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import producer, ticket
from tests.support.server import Service, free_port

Embed = Callable[[OnSale], str]


@pytest.fixture
async def site(service: Service) -> AsyncIterator[tuple[str, Embed]]:
    """A producer's site: its origin, and the address of a page with a show's tickets on it."""
    port = free_port()

    async def page(request: web.Request) -> web.Response:
        script = f'<script src="{service.url}/widget.js" data-show="{request.match_info["show"]}" async></script>'
        html = f"<!DOCTYPE html><html lang=en><title>My theatre</title><h1>My theatre</h1><p>Buy here:</p>{script}"
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{show}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    origin = f"http://localhost:{port}"
    yield origin, lambda on_sale: f"/{on_sale.id}"
    await runner.cleanup()


async def test_tickets_are_chosen_in_the_frame_and_bought_in_the_whole_window(
    buyers: Buyers, box_office: BoxOffice, site: tuple[str, Embed]
) -> None:
    origin, page_of = site
    seller = replace(producer(), branding=Branding(widget_origins=("https://other.example", origin)))
    tickets = [ticket(name="Stalls"), *(ticket(name=f"Row {row}") for row in range(8))]
    on_sale = await box_office.put_on_sale(*tickets, by=seller)
    buyer = await buyers(url=origin)
    await buyer.open(page_of(on_sale))
    frame = buyer.page.frame_locator("iframe[title=Tickets]")

    await frame.get_by_role("button", name="One more: Stalls").click()
    await frame.get_by_role("button", name="One more: Stalls").click()
    await expect(frame.locator("#total .sum td")).to_have_text("$54.84")
    # As high as its content: it never scrolls inside.
    element = buyer.page.locator("iframe")
    inside = await frame.locator("html").evaluate("e => e.scrollHeight")

    async def fits() -> bool:
        box = await element.bounding_box()
        return box is not None and abs(box["height"] - inside) <= 1

    await box_office.until(fits)
    assert inside > 600
    assert await buyer.page.context.cookies() == []

    await frame.get_by_role("button", name="Continue").click()
    await buyer.page.wait_for_url(CHECKOUT_PAGE)
    await buyer.sees_total("$54.84")
    await buyer.fill_in()
    await buyer.pay_button.click()
    await buyer.page.wait_for_url(STRIPE_PAGE)
    await buyer.press("paid")
    await buyer.is_in()


async def test_other_sites_cannot_show_it(buyers: Buyers, box_office: BoxOffice, site: tuple[str, Embed]) -> None:
    _, page_of = site
    seller = replace(producer(), branding=Branding(widget_origins=("https://other.example",)))
    on_sale = await box_office.put_on_sale(by=seller)
    buyer = await buyers(url=site[0])
    refused: list[str] = []
    buyer.page.on("console", lambda message: refused.append(message.text))
    await buyer.open(page_of(on_sale))

    async def is_refused() -> bool:
        return any("frame-ancestors" in text for text in refused)

    await box_office.until(is_refused)
    assert await buyer.page.frames[1].locator("form").count() == 0
    buyers.troubles.clear()


async def test_no_page_but_the_widget_can_be_framed(box_office: BoxOffice) -> None:
    seller = replace(producer(), branding=Branding(widget_origins=("https://theatre.example",)))
    on_sale = await box_office.put_on_sale(by=seller)

    async def ancestors(path: str) -> str:
        policy = (await box_office.get(path, headers={"Accept": "text/html"})).headers["Content-Security-Policy"]
        return policy.partition("frame-ancestors ")[2]

    assert await ancestors(f"/shows/{on_sale.id}/widget") == "https://theatre.example"
    ticket_id = on_sale.tickets[0].id
    for path in ("/", f"/shows/{on_sale.id}", f"/shows/{on_sale.id}/checkout?q-{ticket_id}=1", "/orders", "/nothing"):
        assert await ancestors(path) == "'none'"
    assert await ancestors(f"/shows/{(await box_office.put_on_sale()).id}/widget") == "'none'"
