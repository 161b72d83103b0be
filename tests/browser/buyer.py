"""A buyer's actions in a browser window, in a buyer's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from playwright.async_api import Locator, Page, expect

from tests.support.box_office import OnSale

ORDER_PAGE = re.compile(r"/shows/[0-9a-f-]{36}/orders/[0-9a-f-]{36}\?token=")
CHECKOUT_PAGE = re.compile(r"/shows/[0-9a-f-]{36}/checkout")
STRIPE_PAGE = re.compile(r"/c/pay/cs_")


@dataclass(frozen=True, slots=True)
class Buyer:
    page: Page
    url: str

    async def open(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def open_show(self, on_sale: OnSale) -> None:
        await self.open(f"/shows/{on_sale.id}")

    async def choose(self, ticket: str, quantity: int) -> None:
        """Choose a quantity with the buttons beside the number."""
        for _ in range(quantity):
            await self.page.get_by_role("button", name=f"One more: {ticket}").click()

    def number(self, ticket: str) -> Locator:
        """The field beside a ticket."""
        return self.page.get_by_label(f"How many: {ticket}")

    async def go_on(self, total: str | None = None) -> None:
        """Continue to the form; ``total`` is what the page must have shown before."""
        if total:
            await self.sees_total(total)
        await self.page.get_by_role("button", name="Continue").click()
        await self.page.wait_for_url(CHECKOUT_PAGE)

    async def sees_total(self, total: str) -> None:
        await expect(self.page.locator("#total .sum td")).to_have_text(total)

    async def fill_in(self, name: str = "Ada Lovelace", email: str = "ada@example.org") -> None:
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("E-mail").fill(email)

    @property
    def pay_button(self) -> Locator:
        return self.page.locator("[data-pay-button]")

    async def order(self, on_sale: OnSale, quantity: int = 1, **details: str) -> None:
        """Go from the show to Stripe's page, with the first ticket."""
        await self.open_show(on_sale)
        await self.choose(on_sale.tickets[0].name, quantity)
        await self.go_on()
        await self.fill_in(**details)
        await self.pay_button.click()
        await self.page.wait_for_url(STRIPE_PAGE)

    async def press(self, outcome: str) -> None:
        """Press a button of Stripe's page: paid, declined, cancelled, delayed."""
        await self.page.locator(f"button[value={outcome}]").click()

    async def sees(self, heading: str) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    async def is_in(self) -> None:
        await self.page.wait_for_url(ORDER_PAGE)
        await self.sees("You are in")

    @property
    def order_id(self) -> UUID:
        """The id of the order whose page is open."""
        return UUID(self.page.url.partition("/orders/")[2][:36])
