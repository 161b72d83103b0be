"""A browser does the work that a hot show requires, and its buyer does not notice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
from playwright.async_api import expect

from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.browser.conftest import Buyers
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.server import Service, free_port, running


@pytest.fixture
async def asking(settings: Settings) -> AsyncIterator[Service]:
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    every_show = msgspec.structs.replace(settings, proof_of_work="on", proof_of_work_cost=2000, public_url=public_url)
    async with running(every_show, port=port) as service:
        yield service


async def test_the_form_goes_when_the_work_is_done(asking: Service, buyers: Buyers, sandbox: StripeSandbox) -> None:
    box_office = BoxOffice(asking.client, asking.container.database(), sandbox)
    on_sale = await box_office.put_on_sale(ticket(name="Seat", price=0))
    buyer = await buyers(url=asking.url)
    await buyer.open_show(on_sale)
    await buyer.choose("Seat", 1)
    await buyer.go_on("$0.00")
    await buyer.fill_in()
    await buyer.page.get_by_role("button", name="Get tickets").click()
    await buyer.is_in()
    assert await box_office.counters(on_sale) == [(0, 1)]


async def test_who_allows_no_scripts_is_told(asking: Service, buyers: Buyers, sandbox: StripeSandbox) -> None:
    box_office = BoxOffice(asking.client, asking.container.database(), sandbox)
    on_sale = await box_office.put_on_sale(ticket(name="Seat", price=0))
    buyer = await buyers(url=asking.url, java_script_enabled=False)
    await buyer.open(f"/shows/{on_sale.id}/checkout?q-{on_sale.tickets[0].id}=1")
    await expect(buyer.page.get_by_text("scripts must be allowed")).to_be_visible()
    assert await box_office.counters(on_sale) == [(0, 0)]
