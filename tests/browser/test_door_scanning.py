"""The door's page with a network: every answer, every way to read, and what the server and the page tell each other."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from domain.access import Actor
from domain.catalog import Producer
from domain.orders import AttendeeStatus
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.door_page import Scanner, codes_of, new_scanner, show_tonight, sold
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, OnSale
from tests.support.devices import scanner_of
from tests.support.factories import producer
from tests.support.keyboards import typed_on
from tests.support.server import Service

_PHONE = {"width": 390, "height": 844}


@pytest.fixture
def house() -> Producer:
    return producer()


@pytest.fixture
async def office(box_office: BoxOffice, service: Service, house: Producer) -> BackOffice:
    return await open_back_office(box_office, service.container, house)


@pytest.fixture
async def tonight(box_office: BoxOffice, office: BackOffice) -> OnSale:
    return await show_tonight(box_office, office.producer, re_entry=True)


@pytest.fixture
async def scanner(buyers: Buyers, service: Service, tonight: OnSale) -> Scanner:
    """A phone at the only door."""
    buyer = await buyers(viewport=_PHONE)
    return await new_scanner(buyer.page, buyer.url, service.container, tonight.producer, name="North door")


async def test_every_answer_in_one_glance(
    scanner: Scanner, box_office: BoxOffice, service: Service, office: BackOffice, tonight: OnSale
) -> None:
    """In, already in (when, and at which door), VIP, void, another show's, unknown."""
    (ada, gone) = await sold(box_office, tonight, 1, 1)
    (patron,) = await sold(box_office, tonight, 1, is_vip=True)
    other = await show_tonight(
        box_office,
        office.producer,
        title="Lear",
        door_time=datetime.now(UTC) + timedelta(days=2),
        start_time=datetime.now(UTC) + timedelta(days=2, hours=1),
        end_time=datetime.now(UTC) + timedelta(days=2, hours=3),
    )
    (elsewhere,) = await sold(box_office, other, 1)
    void = replace(gone, attendees=tuple(replace(each, status=AttendeeStatus.VOID) for each in gone.attendees))
    async with box_office.unit_of_work() as uow:
        await uow.orders.save([void])
        await uow.commit()
    south = await scanner_of(office, name="South door")
    (early,) = await sold(box_office, tonight, 1)
    admitted = await south.post("/checkin", {"code": codes_of(early)[0], "show_id": str(tonight.id)})
    assert admitted.body["result"] == "admitted"

    await scanner.start()
    first = await scanner.reads(codes_of(ada)[0])
    assert (first.word, first.tone, first.by, first.label) == ("In", "go", "server", "Stalls · Ada Lovelace")
    again = await scanner.reads(codes_of(ada)[0])
    assert (again.word, again.tone) == ("Already in", "stop")
    assert "North door" in again.lines
    assert "South door" in (await scanner.reads(codes_of(early)[0])).lines
    vip = await scanner.reads(codes_of(patron)[0])
    assert (vip.word, vip.said) == ("In", "In. VIP. Patrons · Ada Lovelace")
    assert (await scanner.reads(codes_of(gone)[0])).word == "Void"
    assert (await scanner.reads(codes_of(elsewhere)[0])).word == "Other show"
    assert (await scanner.reads("NONSENSE" * 3)).word == "Unknown"
    # It stays until the next scan or a tap.
    await expect(scanner.page.locator("#answer")).to_be_visible()
    await scanner.page.locator("#answer-word").click()
    await expect(scanner.page.locator("#answer")).to_be_hidden()


async def test_a_whole_party_in_one_act_and_back_again(
    buyers: Buyers, service: Service, box_office: BoxOffice, tonight: OnSale
) -> None:
    (four,) = await sold(box_office, tonight, 4)
    codes = codes_of(four)
    buyer = await buyers(viewport=_PHONE)
    scanner = await new_scanner(buyer.page, buyer.url, service.container, tonight.producer)
    await scanner.is_ready(4)
    await scanner.start()
    first = await scanner.reads(codes[0])
    assert "3 more of this order are not in yet." in first.lines
    await scanner.page.get_by_role("button", name="Let all 4 in").click()
    await expect(scanner.page.locator("#answer-word")).to_have_text("All 4 in")
    assert [(await scanner.reads(code)).word for code in codes] == ["Already in"] * 4
    await scanner.next()
    await scanner.page.get_by_role("button", name="Last scans").click()
    undo = scanner.page.get_by_role("dialog").get_by_role("button", name="Undo")
    await expect(undo).to_have_count(4)
    await undo.first.click()
    await expect(undo).to_have_count(3)
    await scanner.page.get_by_role("button", name="Close").click()
    await expect(scanner.link).to_have_text("Online")
    assert sorted([(await scanner.reads(code)).word for code in codes]) == ["Already in"] * 3 + ["In"]


async def test_out_and_in_again_but_not_within_a_minute(
    scanner: Scanner, box_office: BoxOffice, tonight: OnSale
) -> None:
    (one, never) = await sold(box_office, tonight, 1, 1)
    await scanner.start()
    assert (await scanner.reads(codes_of(one)[0])).word == "In"
    await scanner.next()
    await scanner.page.get_by_role("radio", name="Out").check(force=True)
    assert (await scanner.reads(codes_of(one)[0])).word == "Out"
    assert (await scanner.reads(codes_of(never)[0])).word == "Was not in"
    await scanner.next()
    await scanner.page.get_by_role("radio", name="In", exact=True).check(force=True)
    assert (await scanner.reads(codes_of(one)[0])).word == "Just left"


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        (lambda code: typed_on("de", code), "Enter"),
        (lambda code: typed_on("fr", code, shift=False), "Tab"),
        (lambda code: f"]Q1{code}", "Enter"),
        (lambda code: code.lower(), ""),
    ],
    ids=["German", "French with Tab", "AIM prefix", "no suffix"],
)
async def test_a_hand_scanner_on_any_keyboard(
    scanner: Scanner, box_office: BoxOffice, tonight: OnSale, typed: object, end: str
) -> None:
    """Also where the focus is in a field, which stays as it was."""
    assert callable(typed)
    (one,) = await sold(box_office, tonight, 1)
    await scanner.start()
    await scanner.page.get_by_role("button", name="Name or code").click()
    await scanner.page.locator("#find-text").fill("Ada")
    assert (await scanner.reads(typed(codes_of(one)[0]), end=end)).word == "In"
    assert await scanner.page.locator("#find-text").input_value() == "Ada"


async def press_all(page: Page, keys: list[dict[str, str]], *, seconds_each: float) -> None:
    """Press keys at a pace. They have the times of that pace, however fast the machine is."""
    session = await page.context.new_cdp_session(page)
    began = time.time() - seconds_each * len(keys)
    events = [
        {"type": kind, **key, "timestamp": began + number * seconds_each}
        for number, key in enumerate(keys)
        for kind in ("keyDown", "keyUp")
    ]
    # All at once: a page takes a scanner for done that is silent for 0.3 seconds.
    await asyncio.gather(*(session.send("Input.dispatchKeyEvent", event) for event in events))
    await session.detach()


async def test_real_keys_of_a_scanner_that_is_set_to_another_layout(
    scanner: Scanner, box_office: BoxOffice, tonight: OnSale
) -> None:
    """Trusted events of a keyboard whose dead keys leave no characters: the keys' places say what was meant. The
    scanner's Enter presses no button.
    """
    (one,) = await sold(box_office, tonight, 1)
    await scanner.start()
    await scanner.page.get_by_role("button", name="More").focus()
    keys = []
    for character in codes_of(one)[0]:
        place = f"Digit{character}" if character.isdigit() else f"Key{character}"
        keys.append({"key": "Dead" if character in "567" else character.lower(), "code": place})
    await press_all(scanner.page, [*keys, {"key": "Enter", "code": "Enter", "text": "\r"}], seconds_each=0.01)
    await expect(scanner.page.locator("#answer-word")).to_have_text("In")
    await expect(scanner.page.locator("#more")).to_be_hidden()


async def test_people_are_found_by_name_and_by_order_number(
    scanner: Scanner, box_office: BoxOffice, tonight: OnSale
) -> None:
    """And by the code that is typed by hand."""
    (two, one) = await sold(box_office, tonight, 2, 1, name="Zoë Müller")
    await scanner.start()
    await scanner.page.get_by_role("button", name="Name or code").click()
    field = scanner.page.get_by_label("A name, an order number, or the code on a ticket")
    await field.fill("muller")
    found = scanner.page.locator("#find-list > li")
    await expect(found).to_have_count(2)
    await field.fill(two.number)
    await expect(found).to_have_count(1)
    await found.get_by_role("button", name="Let all 2 in").click()
    await expect(scanner.page.locator("#answer-word")).to_have_text("All 2 in")
    await scanner.next()
    await scanner.page.get_by_role("button", name="Name or code").click()
    code = codes_of(one)[0]
    by_hand = " ".join(code[start : start + 4] for start in range(0, 24, 4)).lower()
    await field.fill("")
    await press_all(scanner.page, [{"key": each, "text": each} for each in by_hand], seconds_each=0.07)
    await expect(field).to_have_value(by_hand)
    await field.press("Enter")
    await expect(scanner.page.locator("#answer-word")).to_have_text("In")


async def test_counts_of_all_doors_together(
    scanner: Scanner, box_office: BoxOffice, office: BackOffice, tonight: OnSale
) -> None:
    orders = await sold(box_office, tonight, *[1] * 5)
    south = await scanner_of(office, name="South door")
    await scanner.start()
    await scanner.reads(codes_of(*orders)[0])
    await south.post("/checkin", {"code": codes_of(*orders)[1], "show_id": str(tonight.id)})
    figures = scanner.page.locator("#figures")
    await expect(figures.locator("div", has_text="to come").locator("dd")).to_have_text("3")
    await expect(figures.locator("div", has_text="from here").locator("dd")).to_have_text("1")


async def test_one_tab_of_a_browser_is_the_door(scanner: Scanner, box_office: BoxOffice, tonight: OnSale) -> None:
    (one,) = await sold(box_office, tonight, 1)
    await scanner.start()
    other = replace(scanner, page=await scanner.page.context.new_page())
    await other.open()
    await expect(other.page.get_by_role("heading", name="The door is open in another tab")).to_be_visible()
    await other.page.get_by_role("button", name="Go on here").click()
    await other.start()
    await expect(scanner.page.get_by_text("This one has stopped.")).to_be_visible()
    assert (await other.reads(codes_of(one)[0])).word == "In"


async def test_the_device_may_serve_one_of_several_shows(
    buyers: Buyers, service: Service, box_office: BoxOffice, office: BackOffice, tonight: OnSale
) -> None:
    lear = await show_tonight(box_office, office.producer, title="Lear")
    (one,) = await sold(box_office, lear, 1)
    buyer = await buyers(viewport=_PHONE)
    scanner = await new_scanner(buyer.page, buyer.url, service.container, office.producer)
    await scanner.page.get_by_role("button", name="Hamlet").click()
    await scanner.start()
    assert (await scanner.reads(codes_of(one)[0])).word == "Other show"
    await scanner.next()
    await scanner.page.get_by_role("button", name="More").click()
    await scanner.page.get_by_role("button", name="Another show").click()
    await scanner.page.get_by_role("button", name="Lear").click()
    await scanner.start()
    assert (await scanner.reads(codes_of(one)[0])).word == "In"


async def test_a_code_that_pairs_nothing_is_told(buyer: Buyer, service: Service, office: BackOffice) -> None:
    await buyer.open("/door")
    await buyer.page.get_by_label("The code of ten letters and digits").fill("AAAAA-AAAAA")
    await buyer.page.get_by_role("button", name="Make it a scanner").click()
    await expect(buyer.page.locator("#pair-error")).not_to_be_empty()


async def test_a_device_that_is_taken_out_of_service_stops_within_a_second_and_sends_what_it_has(
    buyers: Buyers, service: Service, box_office: BoxOffice, office: BackOffice, tonight: OnSale
) -> None:
    (one,) = await sold(box_office, tonight, 1)
    buyer = await buyers(viewport=_PHONE)
    scanner = await new_scanner(buyer.page, buyer.url, service.container, office.producer, name="Lost phone")
    await scanner.is_ready(1)
    await scanner.start()
    await scanner.page.context.set_offline(True)
    await expect(scanner.link).to_contain_text("Offline")
    assert (await scanner.reads(codes_of(one)[0])).by == "list"
    devices = await service.container.list_devices()(Actor(office.producer.id, name="Kim Park"))
    (device,) = (each for each in devices if each.name == "Lost phone")
    await service.container.revoke_device()(Actor(office.producer.id, name="Kim Park"), device.id)
    await scanner.page.context.set_offline(False)
    await expect(scanner.page.get_by_role("heading", name="This device was taken out of service")).to_be_visible()
    await expect(scanner.page.get_by_text("All of its scans have been sent")).to_be_visible()
    await box_office.until(lambda: _has_nothing(scanner, "lists", "device"))
    async with box_office.unit_of_work() as uow:
        (scan,) = await uow.check_ins.scans_of([one.attendees[0].id])
    assert (scan.device_id, scan.after_revocation) == ("Lost phone", True)


async def _has_nothing(scanner: Scanner, *stores: str) -> bool:
    return not any([await scanner.stored(store) for store in stores])
