"""The counter's pages in every state."""

from __future__ import annotations

from uuid import uuid4

from playwright.async_api import expect

from domain.capacity import Allocation, Capacity
from domain.catalog import Ticket
from tests.browser.buyer import Buyer
from tests.browser.views import View
from tests.support.box_office import BoxOffice, OnSale
from tests.support.counter import COUNTER, Till
from tests.support.factories import donation_ticket, ticket
from tests.support.staff import Staff

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenschirm"
ARABIC = "مقاعد الشرفة العلوية"


async def counter_views(box_office: BoxOffice, url: str, seller: Staff, on_sale: OnSale) -> list[View]:
    """The counter's pages for a member who has sold and undone, at a show with long and right-to-left names."""
    house = Capacity(id=uuid4(), show_id=on_sale.id, name="House", size=30, allocated=10)
    async with box_office.unit_of_work() as uow:
        await uow.capacities.add(house)
        await uow.allocations.add(Allocation(id=uuid4(), capacity_id=house.id, name=f"Press {LONG}", size=10))
        await uow.commit()
    till = Till(seller, on_sale)
    await till.open(seller=LONG, cash="100")
    closed_id = await till.shift_id()
    await till.sold({on_sale.tickets[0]: 2}, given="60")
    path = f"{url}{COUNTER}/shifts/{closed_id}"
    count = {"seller": ARABIC, "cash": "149", "note": LONG, "act": "count"}
    assert (await seller.post(f"{COUNTER}/shifts/{closed_id}/close", count)).status == 303
    no_shift = View("counter, no shift", f"{url}{till.path}")
    await till.open(seller=ARABIC, cash="100")
    open_id = await till.shift_id()
    sold, undone = [await till.sold({on_sale.tickets[1]: 1}, given="60") for _ in range(2)]
    await seller.post(f"{till.path}/undo/{undone}")
    await till.move("out", "60", LONG)
    await till.move("in", "5", ARABIC)
    moved = (await seller.get(f"{COUNTER}/shifts/{open_id}/cash")).html
    await seller.post(f"{COUNTER}/shifts/{open_id}/cash/{moved.partition('/cash/')[2][:36]}/back")
    here = f"{url}{till.path}"
    return [
        no_shift,
        View("counter, choose", f"{url}{COUNTER}?choose=yes"),
        View("counter", here),
        View("counter, chosen", here, _choose),
        View("counter, nothing chosen", here, _sell_nothing),
        View("counter, refused", here, _sell_too_many),
        View("counter, sold", f"{here}?sold={sold}"),
        View("counter, undone", f"{here}?undone={undone}"),
        View("counter, undo", f"{here}/undo/{sold}"),
        View("counter, tickets", f"{here}/tickets/{sold}"),
        View("counter, shifts", f"{url}{COUNTER}/shifts"),
        View("counter, report", path),
        View("counter, report of an open shift", f"{url}{COUNTER}/shifts/{open_id}"),
        View("counter, cash in and out", f"{url}{COUNTER}/shifts/{open_id}/cash"),
        View("counter, cash in and out, refused", f"{url}{COUNTER}/shifts/{open_id}/cash", _move_nothing),
        View("counter, cash of a closed shift", f"{path}/cash"),
        View("counter, close", f"{url}{COUNTER}/shifts/{open_id}/close"),
        View("counter, close, refused", f"{url}{COUNTER}/shifts/{open_id}/close", _count_nothing),
    ]


def counter_tickets() -> list[Ticket]:
    """The ticket types of the show."""
    return [
        ticket(name=LONG, price=25_00, quantity=60),
        ticket(name=ARABIC, price=12_50, quantity=4),
        donation_ticket(),
    ]


async def _choose(buyer: Buyer) -> None:
    page = buyer.page
    await page.locator("[data-add]").first.click()
    await page.locator("input[value=cash]").check()
    await page.locator("[data-quick]").last.click()
    await page.locator("summary").first.click()


async def _sell_nothing(buyer: Buyer) -> None:
    await buyer.page.locator("[data-sell]").click()
    await expect(buyer.page.locator("[data-state]")).to_be_visible()


async def _sell_too_many(buyer: Buyer) -> None:
    page = buyer.page
    await page.get_by_label(f"How many: {ARABIC}").fill("9")
    await page.locator("input[value=card]").check()
    await page.locator("[data-sell]").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def _move_nothing(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Amount").fill("0")
    await buyer.page.get_by_label("Reason").fill(LONG)
    await buyer.page.get_by_role("button", name="Write it down").click()
    await expect(buyer.page.get_by_role("alert")).to_be_visible()


async def _count_nothing(buyer: Buyer) -> None:
    await buyer.page.get_by_role("button", name="Close the shift").click()
    await expect(buyer.page.get_by_role("alert")).to_be_visible()
