"""The office's pages of tickets, codes, sales and work: by keyboard, without scripts, on a phone, in light and dark."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect

from domain.access import Actor
from domain.capacity import Allocation, Capacity
from domain.jobs import Job, JobFile, JobKind, JobResult, JobState
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.test_accessibility import _LOADED, AXE, KIB, LOOKS, rules_of, troubles
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import producer, promo_code, ticket
from tests.support.server import Service

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenschirm"
ARABIC = "مقاعد الشرفة العلوية"


@pytest.fixture
async def on_sale(box_office: BoxOffice) -> OnSale:
    """A house with two ticket types, one hidden, of a theatre with long and right-to-left names."""
    made = await box_office.put_on_sale(
        ticket(name=ARABIC, price=25_00, quantity=100),
        ticket(name=LONG, price=12_50, quantity=50, hidden=True, is_vip=True),
        by=producer(name="Lantern Theatre"),
        promo_codes=[promo_code(code="FRIENDS", max_uses=20), promo_code(code="X" * 50)],
        title=f"{LONG} {ARABIC}",
    )
    house = Capacity(id=uuid4(), show_id=made.id, name=f"House {LONG}", size=300, allocated=30)
    press = Allocation(id=uuid4(), capacity_id=house.id, name="Press", size=30)
    async with box_office.unit_of_work() as uow:
        await uow.capacities.add(house)
        await uow.allocations.add(press)
        await uow.commit()
    return made


async def tab_to(page: Page, name: str) -> None:
    """Go on by the tab key until the element with this label or text has the focus."""
    for _ in range(120):
        await page.keyboard.press("Tab")
        if await page.evaluate(
            """name => {
                const at = document.activeElement;
                return (at.labels?.[0]?.innerText ?? at.innerText ?? "").trim().startsWith(name);
            }""",
            name,
        ):
            return
    raise AssertionError(f"The tab key does not lead to {name}")


async def type_into(page: Page, name: str, text: str) -> None:
    await tab_to(page, name)
    await page.keyboard.type(text)


async def press(page: Page, name: str) -> None:
    await tab_to(page, name)
    await page.keyboard.press("Enter")


def at(on_sale: OnSale, page: str) -> str:
    return f"/office/shows/{on_sale.id}{page}"


async def test_ticket_type_is_added_by_keyboard(buyer: Buyer, service: Service, on_sale: OnSale) -> None:
    await sign_in(buyer, service, on_sale.producer, Role.OWNER)
    page = buyer.page
    await buyer.open(at(on_sale, "/tickets"))
    await press(page, "Add a ticket type")
    await expect(page.get_by_role("heading", name="New ticket type")).to_be_visible()
    await type_into(page, "Name", "Balcony")
    await type_into(page, "Price", "lots")
    await type_into(page, "How many", "40")
    await press(page, "Add the ticket type")
    await expect(page.locator("#problems")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # the link of the error leads to its field
    await page.locator("#price").fill("12.50")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("The ticket type is there.")
    await expect(page.get_by_role("row", name="Balcony")).to_contain_text("40 left")


async def test_code_without_scripts_on_a_phone(buyers: Buyers, service: Service, on_sale: OnSale) -> None:
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 640})
    await sign_in(buyer, service, on_sale.producer, Role.MANAGER)
    page = buyer.page
    await buyer.open(at(on_sale, "/codes/new"))
    await page.get_by_label("Code", exact=True).fill("opening")
    await page.get_by_label("Percent off").fill("15")
    await page.get_by_label("Uses at most").fill("10")
    await page.get_by_role("button", name="Add the code").click()
    await expect(page.get_by_role("row", name="OPENING")).to_contain_text("15 % off")


async def test_sale_without_scripts(buyers: Buyers, service: Service, on_sale: OnSale) -> None:
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 640})
    await sign_in(buyer, service, on_sale.producer, Role.BOX_OFFICE)
    page = buyer.page
    await buyer.open(at(on_sale, "/sell"))
    await page.get_by_label("How many").first.fill("2")
    await page.get_by_label("Complimentary").check()
    await page.get_by_label("Name", exact=False).last.fill("")
    await page.get_by_role("button", name="Place the order").click()
    await expect(page.get_by_role("status")).to_contain_text("2 tickets, $0.00 complimentary")


async def test_guest_list_is_checked_and_placed_while_the_page_looks(
    buyer: Buyer, service: Service, on_sale: OnSale
) -> None:
    await sign_in(buyer, service, on_sale.producer, Role.BOX_OFFICE)
    page = buyer.page
    await buyer.open(at(on_sale, "/guests"))
    content = "name,ticket,quantity\nAda Lovelace,,1\n".replace(",,", f",{ARABIC},")
    file = {"name": "guests.csv", "mimeType": "text/csv", "buffer": (content + "R2D2,x,1\n").encode()}
    await page.set_input_files("#guests", file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Check the list").click()
    await expect(page.get_by_text("1 of 2 orders can be placed, 1 cannot be placed")).to_be_visible()
    await page.get_by_role("button", name="Place 1 order").click()
    await expect(page.get_by_text("1 of 2 orders placed, 1 failed")).to_be_visible(timeout=30_000)
    await expect(page.locator(".work-state")).to_have_text("Done")


async def _staged(box_office: BoxOffice, on_sale: OnSale, service: Service) -> dict[str, UUID]:
    """Jobs in every state that people see."""
    now = service.container.clock().now()
    base = Job(
        id=uuid4(),
        producer_id=on_sale.producer.id,
        show_id=on_sale.id,
        kind=JobKind.MANUAL_ORDERS,
        actor=Actor(on_sale.producer.id, name=ARABIC),
        created_at=now,
        terms={"source": f"{LONG}.csv"},
        total=400,
    )
    export = replace(base, id=uuid4(), kind=JobKind.EXPORT, terms={"what": "orders", "format": "xlsx"})
    jobs = {
        "running": replace(base, id=uuid4(), done=120, failed=3),
        "draft": replace(base, state=JobState.DRAFT, done=397, failed=3),
        "file": replace(export, done=400, run=uuid4()).ended(JobState.DONE, now, file=JobFile("orders.xlsx", "x/y", 9)),
        "failed": replace(export, id=uuid4()).ended(JobState.FAILED, now, note="The list is kept no longer"),
    }
    results = [JobResult(line, False, f"Invalid email format {LONG}") for line in (7, 8, 9)]
    async with box_office.unit_of_work() as uow:
        for job in jobs.values():
            await uow.jobs.add(job)
        await uow.jobs.add_results(jobs["draft"].id, results, first=5)
        await uow.commit()
    return {name: job.id for name, job in jobs.items()}


async def test_every_page_is_light_and_open_to_everybody(
    buyers: Buyers, box_office: BoxOffice, service: Service, on_sale: OnSale
) -> None:
    buyer = await buyers(reduced_motion="reduce")
    await sign_in(buyer, service, on_sale.producer, Role.OWNER)
    await box_office.checkout(on_sale.cart(3))
    jobs = await _staged(box_office, on_sale, service)
    stalls = on_sale.tickets[0].id
    shows = [
        "/tickets",
        "/tickets/new",
        f"/tickets/{stalls}",
        f"/tickets/{stalls}/delete",
        "/capacities/new",
        "/allocations/new",
        "/codes",
        "/codes/new",
        "/sell",
        "/guests",
        "/exports",
        "/refund",
    ]
    pages = [*(at(on_sale, path) for path in shows), "/office/jobs", *(f"/office/jobs/{id_}" for id_ in jobs.values())]
    found: list[str] = []
    for path in pages:
        await buyer.open(path)
        weight = sum(each["weight"] for each in await buyer.page.evaluate(_LOADED))
        if not 0 < weight < 100 * KIB:
            found.append(f"{path} weighs {weight}")
        await buyer.page.evaluate(AXE)
        for look, rules in rules_of(LOOKS[1:3]):
            if seen := await troubles(buyer.page, look, rules):
                found += [f"{path} {look.scheme}: {each}" for each in seen]
    assert found == []
