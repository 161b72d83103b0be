"""Orders and attendees of the office in a real browser: by keyboard, without scripts, on a phone, and with axe."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect

from domain.devices import DeviceKind
from domain.orders import AttendeeStatus
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.test_accessibility import KIB, LOOKS, Inspection
from tests.browser.views import View
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.devices import pair
from tests.support.factories import producer, ticket
from tests.support.server import Service

LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff Maximilian-Alexander"
FROM_THE_RIGHT = "محمد بن عبد الرحمن"


@dataclass(frozen=True, slots=True)
class House:
    """A theatre with two shows, and an order of three tickets at the first one."""

    office: BackOffice
    friday: OnSale
    saturday: OnSale
    order: Json

    @property
    def path(self) -> str:
        return f"/office/orders/{self.order['order_id']}"

    @property
    def people(self) -> list[str]:
        return [each["id"] for each in self.order["attendees"]]


@pytest.fixture
async def house(box_office: BoxOffice, service: Service) -> House:
    office = await open_back_office(box_office, service.container, producer(account=f"acct_{uuid4().hex}"))
    stalls = ticket(price=25_00, name="Stalls"), ticket(price=10_00, name="Gallery")
    friday = await box_office.put_on_sale(*stalls, by=office.producer, title="Twelfth Night")
    saturday = await box_office.put_on_sale(ticket(price=5_00, name="Child"), by=office.producer, title=LONG_NAME)
    ada = {"name": "Ada Lovelace", "email": "ada@countess.example", "phone": "+15551234567"}
    body = {**friday.cart(2, 1), "payment": "cash", "customer": ada}
    order = (await office.post(f"/shows/{friday.id}/orders", body)).created()
    return House(office, friday, saturday, order)


async def test_pages_of_orders_are_open_to_all(
    buyers: Buyers, box_office: BoxOffice, service: Service, house: House
) -> None:
    """No violation of axe, light on a desk and dark on a phone; each page weighs under 100 KiB."""
    for name in (LONG_NAME, FROM_THE_RIGHT):
        body = {
            **house.saturday.cart(2),
            "payment": "comp",
            "customer": {"name": name, "email": f"{'x' * 60}@y.example"},
        }
        (await house.office.post(f"/shows/{house.saturday.id}/orders", body)).created()
    await house.office.post(f"/orders/{house.order['order_id']}/notes", {"text": LONG_NAME * 3})
    await house.office.post(f"/orders/{house.order['order_id']}/refund", {"attendee_ids": house.people[:1]})
    (await box_office.checkout(house.friday.cart(1))).created()
    printer = await pair(service.container, house.office.producer, DeviceKind.PRINTER, name=LONG_NAME)
    jobs = f"/orders/{house.order['order_id']}/print-jobs"
    assert (await house.office.post(jobs, {"printer_id": str(printer.device.id)})).status == 201
    one = house.people[1]
    refund = urlencode({"chosen": "on", "a": one, "fees": "on"})
    child = house.saturday.tickets[0].id
    exchange = urlencode({"show": house.saturday.id, "chosen": "on", f"t-{one}": child})
    paths = {
        "orders": "/office/orders?q=ada&state=partially_refunded",
        "no orders": "/office/orders?q=quetzalcoatl",
        "order": house.path,
        "buyer's data": f"{house.path}/customer",
        "another name": f"{house.path}/attendees/{one}",
        "refund": f"{house.path}/refund?{refund}",
        "exchange": f"{house.path}/exchange?{exchange}",
        "personal data": f"{house.path}/buyer",
        "print": f"{house.path}/print",
        "holds": f"/office/holds/{house.friday.id}",
        "attendees": "/office/attendees?presence=not_in",
    }
    buyer = await buyers(reduced_motion="reduce")
    await sign_in(buyer, service, house.office.producer, Role.OWNER)
    inspection = Inspection()
    await inspection.walk(buyer, [View(name, buyer.url + path) for name, path in paths.items()], LOOKS[::2])
    # A box is ticked by its label, too, which makes it large enough for a finger.
    troubles = {
        where: [each for each in what if 'type="checkbox"' not in each] for where, what in inspection.troubles.items()
    }
    assert {where: what for where, what in troubles.items() if what} == {}
    assert {name: weight for name, weight in inspection.weights.items() if not 0 < weight < 100 * KIB} == {}
    assert inspection.strangers == set()


async def tab_to(page: Page, words: str) -> None:
    """Press the tabulator until the element with these words has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        found = await page.evaluate(
            "() => (document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
        )
        if str(found).startswith(words):
            return
    raise AssertionError(f"no way to {words!r} by keyboard")


async def test_one_of_three_is_refunded_by_keyboard_alone(
    buyer: Buyer, box_office: BoxOffice, service: Service, house: House
) -> None:
    await sign_in(buyer, service, house.office.producer, Role.BOX_OFFICE)
    page = buyer.page
    await buyer.open("/office/orders")
    await tab_to(page, "Name, mail, phone")
    await page.keyboard.type("lovelase")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("These are similar")).to_be_visible()
    await tab_to(page, house.order["number"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="The order's life")).to_be_visible()
    await tab_to(page, "Refund")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Who gets money back?")).to_be_visible()
    await tab_to(page, "Ada Lovelace")
    await page.keyboard.press("Space")
    await tab_to(page, "Reason")
    await page.keyboard.type("ill")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The buyer gets", exact=True)).to_be_visible()
    await tab_to(page, "Refund $")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("The tickets are void")
    after = await box_office.stored_order(house.order)
    assert [each.status for each in after.attendees].count(AttendeeStatus.VOID) == 1


async def test_an_order_is_handled_without_scripts_on_a_phone(
    buyers: Buyers, box_office: BoxOffice, service: Service, house: House
) -> None:
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 740})
    await sign_in(buyer, service, house.office.producer, Role.BOX_OFFICE)
    page = buyer.page
    await buyer.open("/office/orders")
    await page.get_by_role("searchbox").fill(house.order["attendees"][0]["code"][-4:])
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name=house.order["number"]).click()

    await page.get_by_role("link", name="Correct the buyer's data").click()
    await page.get_by_label("E-mail address").fill("ada@lovelace")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("not a complete e-mail address")
    await page.get_by_label("E-mail address").fill("ada@lovelace.example")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("corrected")
    await expect(page.get_by_text("ada@lovelace.example")).to_be_visible()

    await page.get_by_role("button", name="Check in").first.click()
    await expect(page.get_by_role("status")).to_contain_text("The person is in")
    await page.get_by_role("button", name="Undo check-in").click()
    await expect(page.get_by_role("status")).to_contain_text("undone")
    await page.get_by_role("link", name="Rename").first.click()
    await page.get_by_label("New name").fill("Mary Somerville")
    await page.get_by_role("button", name="Change the name").click()
    await expect(page.get_by_text("Another name on a ticket: Mary Somerville")).to_be_visible()
    await page.get_by_label("For colleagues").fill("Wheelchair")
    await page.get_by_role("button", name="Write").click()
    await expect(page.locator(".life")).to_contain_text("Wheelchair")

    await page.get_by_role("link", name="Exchange").click()
    await page.get_by_label("Show", exact=True).select_option(str(house.saturday.id))
    await page.get_by_role("button", name="Take this show").click()
    await page.get_by_label("Mary Somerville").select_option(str(house.saturday.tickets[0].id))
    await page.get_by_role("button", name="See what this does").click()
    await expect(page.get_by_text("Goes back to the buyer")).to_be_visible()
    await page.get_by_role("button", name="Exchange", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("exchanged")
    new = UUID(page.url.partition("/orders/")[2][:36])
    assert (await box_office.stored_order({"order_id": str(new)})).attendees[0].name == "Mary Somerville"


async def test_attendees_are_chosen_and_taken_away(buyer: Buyer, service: Service, house: House) -> None:
    await sign_in(buyer, service, house.office.producer, Role.MANAGER)
    page = buyer.page
    await buyer.open("/office/attendees")
    await page.get_by_text("Filters").click()
    await page.get_by_label("Ticket", exact=True).select_option("Gallery")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    assert (await download.value).suggested_filename == "attendees.csv"


async def test_sums_and_refunds_stay_in_view_on_a_phone(buyers: Buyers, service: Service, house: House) -> None:
    await house.office.post(f"/orders/{house.order['order_id']}/refund", {"attendee_ids": house.people[:1]})
    buyer = await buyers(viewport={"width": 360, "height": 740})
    await sign_in(buyer, service, house.office.producer, Role.BOX_OFFICE)
    await buyer.open(house.path)
    hidden = "tables => tables.filter(table => table.scrollWidth > table.clientWidth).map(table => table.ariaLabel)"
    assert await buyer.page.locator(".table").evaluate_all(hidden) == []
    await expect(buyer.page.locator(".sums .on-phone").first).to_be_visible()


async def test_tickets_go_to_a_printer_by_keyboard_on_a_phone(buyers: Buyers, service: Service, house: House) -> None:
    await pair(service.container, house.office.producer, DeviceKind.PRINTER, name="Counter left")
    buyer = await buyers(viewport={"width": 360, "height": 740})
    await sign_in(buyer, service, house.office.producer, Role.BOX_OFFICE)
    page = buyer.page
    await buyer.open(house.path)
    await tab_to(page, "Print tickets")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="On a paired printer")).to_be_visible()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 360
    await tab_to(page, "Ada Lovelace, Stalls")
    await page.keyboard.press("Space")
    await tab_to(page, "Print")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The printer gets the tickets.")).to_be_visible()
    [job] = (await house.office.get(f"/orders/{house.order['order_id']}/print-jobs")).body["items"]
    assert sorted(job["attendee_ids"]) == sorted(house.people[1:])
