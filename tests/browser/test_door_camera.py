"""The camera of the door sees tickets, printed by the real renderer, as hands hold them, and lets their guests in."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Browser, ViewportSize

from tests.browser.buyer import Buyer
from tests.browser.camera import browser_with, needs_decoder
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.devices import offer
from tests.support.factories import ticket
from tests.support.server import Service
from tests.support.ticket_pictures import (
    around_the_code,
    beside,
    blurred,
    changed,
    creased,
    darker,
    held,
    inverted,
    mirrored,
    moved,
    noisy,
    printed,
    shaded,
    shining,
    tilted,
    turned,
    write_video,
)

pytestmark = needs_decoder
MINUTE = timedelta(minutes=1)
PHONE = ViewportSize(width=360, height=740)
_LOG = logging.getLogger(__name__)
_TOOK = "() => doorTimings.map(({ took }) => Math.round(took))"


@dataclass(frozen=True, slots=True)
class Evening:
    """A show of tonight, and what was sold: the answers to checkouts, the order pages, and the printed tickets."""

    on_sale: OnSale
    placed: list[Json]
    links: list[str]
    pages: list[Image.Image]

    async def let_in(self, box_office: BoxOffice) -> list[bool]:
        """Of each ticket, whether it was let in."""
        orders = [await box_office.stored_order(placed) for placed in self.placed]
        return [attendee.checked_in_at is not None for order in orders for attendee in order.attendees]


async def an_evening(box_office: BoxOffice, *quantities: int) -> Evening:
    now = datetime.now(UTC).replace(microsecond=0)
    on_sale = await box_office.put_on_sale(
        ticket(name="Seat", price=0),
        door_time=now - 10 * MINUTE,
        start_time=now + 20 * MINUTE,
        end_time=now + 140 * MINUTE,
    )
    evening = Evening(on_sale, [], [], [])
    for quantity in quantities:
        placed = (await box_office.checkout(on_sale.cart(quantity))).created()
        order, token = placed["order_id"], f"token={placed['order_token']}"
        pdf = await box_office.get(f"/api/v1/orders/{order}/tickets.pdf?{token}")
        evening.placed.append(placed)
        evening.links.append(f"/shows/{on_sale.id}/orders/{order}?{token}")
        evening.pages.extend(printed(pdf.content))
    return evening


async def on_a_phone(buyer: Buyer, link: str) -> Image.Image:
    """The first ticket of an order, as a guest's phone shows it."""
    await buyer.page.set_viewport_size(PHONE)
    await buyer.open(link)
    await buyer.page.locator("summary").first.click()
    await buyer.page.locator(".qr").first.scroll_into_view_if_needed()
    return Image.open(io.BytesIO(await buyer.page.screenshot())).convert("RGB")


def in_hands(pages: Sequence[Image.Image], phone: Image.Image) -> Mapping[str, Image.Image]:
    """A picture of each ticket but the last one, whose page is ``phone`` for the first."""
    behind = around_the_code(pages[-1])
    left = iter(pages[1:])

    def close(height: int = 300, **fields: Any) -> Image.Image:
        return held(around_the_code(next(left)), height=height, **fields)

    return {
        "on a phone": held(phone, height=470, ground=(20, 20, 22)),
        "whole page": held(next(left), height=470),
        "turned": changed(close(), turned(33)),
        "upside down": changed(close(), turned(180)),
        "tilted": changed(close(), tilted(55)),
        "creased": changed(close(), creased()),
        "dark": changed(close(), darker(0.07)),
        "dark, and noisy": changed(close(), darker(0.25), noisy(8)),
        "moved": changed(close(), moved(9)),
        "out of focus": changed(close(), blurred(3)),
        "under a lamp": changed(close(), shining(25)),
        "half in a shadow": changed(close(), shaded(0.3)),
        "in a mirror": mirrored(close()),
        "white on black": inverted(close()),
        "in a wallet": close(90, at=(0.3, 0.6)),
        "before another one": beside(close(260, size=(400, 480)), held(behind, height=80, size=(240, 480))),
    }


@pytest.fixture
def box_office(service: Service) -> BoxOffice:
    return BoxOffice(service.client, service.container.database())


async def test_guests_are_let_in_by_their_tickets_in_front_of_the_camera(
    browser: Browser,
    buyer: Buyer,
    service: Service,
    box_office: BoxOffice,
    tmp_path: Path,
) -> None:
    evening = await an_evening(box_office, 10, 9)
    scenes = in_hands(evening.pages, await on_a_phone(buyer, evening.links[0]))
    *_, one, other, _ = evening.pages
    two = beside(*(held(around_the_code(each), height=220, size=(320, 480)) for each in (one, other)))
    write_video(tmp_path / "tickets.y4m", [*scenes.values(), two], pictures_each=3)
    offered = await offer(service.container, evening.on_sale.producer, shows=[evening.on_sale.id])

    async with browser_with(browser, tmp_path / "tickets.y4m") as at_the_door:
        page = await at_the_door.new_page(permissions=["camera"], viewport=PHONE)
        await page.goto(f"{service.url}/door")
        await page.get_by_label("The code of ten letters and digits").fill(offered.code)
        await page.get_by_role("button", name="Make it a scanner").click()
        await page.get_by_role("button", name="Start scanning").click()
        await page.wait_for_function("() => !document.getElementById('several').hidden")
        await box_office.until(lambda: all_are_in(box_office, evening, len(scenes)))
        _LOG.info("ms from the decoded picture to the answer: %s", await page.evaluate(_TOOK))

    assert await evening.let_in(box_office) == [index < len(scenes) for index in range(len(evening.pages))]


async def all_are_in(box_office: BoxOffice, evening: Evening, count: int) -> bool:
    """Whether the first tickets have been let in."""
    return all((await evening.let_in(box_office))[:count])
