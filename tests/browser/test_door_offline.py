"""The door's page without a network: what was scanned survives everything, and is sent once."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from playwright.async_api import BrowserContext, Playwright, async_playwright, expect

from domain.admission import ScanResult
from domain.catalog import Producer
from domain.orders import Order, TicketAttendee
from entrypoints.settings import Settings
from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE_MS, Buyers
from tests.browser.door_page import Scanner, codes_of, new_scanner, show_tonight, sold
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, OnSale
from tests.support.devices import scanner_of
from tests.support.factories import producer
from tests.support.server import Service, free_port, running

_PHONE = {"width": 390, "height": 844}
#: A storage that gets full: each transaction that adds to it ends. (No real quota is to be had here: Chromium 156 takes
#: DevTools' order to make it small, and goes on storing.)
_FULL = """for (const name of ["add", "put"]) {
    const real = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function (...record) {
        const request = real.apply(this, record);
        if (window.isFull) this.transaction.abort();
        return request;
    };
}"""
#: A clock that is a day late, as the page has it.
_A_DAY_LATE = "{ const now = Date.now.bind(Date); Date.now = () => now() - 24 * 3600 * 1000; }"


@pytest.fixture
def house() -> Producer:
    return producer()


@pytest.fixture
async def office(box_office: BoxOffice, service: Service, house: Producer) -> BackOffice:
    return await open_back_office(box_office, service.container, house)


@pytest.fixture
async def tonight(box_office: BoxOffice, office: BackOffice) -> OnSale:
    return await show_tonight(box_office, office.producer)


Open = Callable[[int], Awaitable[Scanner]]


@pytest.fixture
def ready_scanner(buyers: Buyers, service: Service, tonight: OnSale) -> Open:
    """A phone at the door: ``await ready_scanner(2)`` has a list of two tickets, and is scanning."""

    async def opened(tickets: int) -> Scanner:
        buyer = await buyers(viewport=_PHONE)
        scanner = await new_scanner(buyer.page, buyer.url, service.container, tonight.producer, name="North door")
        await scanner.is_ready(tickets)
        await scanner.start()
        return scanner

    return opened


class Phone:
    """A browser with a memory, which can be killed and started again."""

    def __init__(self, playwright: Playwright, profile: Path) -> None:
        self._playwright = playwright
        self._profile = profile
        self.context: BrowserContext | None = None

    async def on(self) -> BrowserContext:
        """Switch it on."""
        (self._profile / "DevToolsActivePort").unlink(missing_ok=True)
        self.context = await self._playwright.chromium.launch_persistent_context(
            self._profile, executable_path=CHROMIUM, args=FLAGS, viewport={"width": 390, "height": 844}
        )
        self.context.set_default_timeout(PATIENCE_MS)
        return self.context

    async def dies(self) -> None:
        """Kill all of the browser's processes, as a system does that is short of memory."""
        assert self.context is not None
        ours = [each for each in psutil.process_iter(["cmdline"]) if self._is_ours(each)]
        for process in ours:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(ours, timeout=20)
        with suppress(Exception):
            await self.context.close()
        self.context = None

    def _is_ours(self, process: psutil.Process) -> bool:
        return f"--user-data-dir={self._profile}" in (process.info["cmdline"] or ())

    async def off(self) -> None:
        if self.context:
            await self.context.close()


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    async with async_playwright() as playwright:
        phone = Phone(playwright, tmp_path / "profile")
        yield phone
        await phone.off()


@asynccontextmanager
async def serving(settings: Settings, port: int) -> AsyncIterator[Service]:
    """A server of the test's own, to be stopped and started."""
    async with running(settings, port=port) as started:
        yield started


async def test_two_hundred_scans_without_a_network_are_all_there_once(
    phone: Phone, settings: Settings, box_office: BoxOffice, office: BackOffice, tonight: OnSale
) -> None:
    """Offline by the browser's own switch, a reload in the middle, the browser killed and started again while the
    server is away, and another door that let some of the same tickets in.
    """
    orders = await sold(box_office, tonight, *[10] * 20)
    codes = codes_of(*orders)
    south, port = await scanner_of(office, name="South door"), free_port()
    async with serving(settings, port) as server:
        context = await phone.on()
        scanner = await new_scanner(
            context.pages[0], server.url, server.container, tonight.producer, name="North door", is_patient=False
        )
        await scanner.is_ready(200)
        await scanner.start()
        await context.set_offline(True)
        await expect(scanner.link).to_contain_text("Offline")
        for code in codes[150:153]:  # let in by the other door, of which this one hears nothing
            answer = await south.post("/checkin", {"code": code, "show_id": str(tonight.id)})
            assert answer.body["result"] == "admitted"
        seen = await scanner.reads_all(codes[:80])
        await scanner.page.reload()
        await scanner.start()
        assert (await scanner.reads(codes[0])).word == "Already in"
        seen += await scanner.reads_all(codes[80:130])
    await phone.dies()

    context = await phone.on()
    await context.set_offline(True)
    scanner = Scanner(context.pages[0], scanner.url, scanner.name)
    await scanner.open()
    await scanner.start()
    assert {(await scanner.reads(code)).word for code in (codes[0], codes[129])} == {"Already in"}
    seen += await scanner.reads_all(codes[130:])
    assert {(each.word, each.by) for each in seen} == {("In", "list")}
    assert len(seen) == 200
    await expect(scanner.link).to_have_text("Offline · 200 to send")

    async with serving(settings, port):
        await context.set_offline(False)
        await expect(scanner.link).to_have_text("Online", timeout=60_000)
        await scanner.next()
        await expect(scanner.page.locator("#notices")).to_contain_text("3 people are in who should not be")
        await scanner.page.get_by_role("button", name="Look").click()
        await expect(scanner.page.locator("#conflicts h3")).to_have_count(3)
        await expect(scanner.page.locator("#conflicts")).to_contain_text("at South door at")
        await phone.off()
    times = sorted(each.took for each in seen)
    print(f"\nanswer on the screen, without a network: median {times[100]:.0f} ms, p99 {times[197]:.0f} ms")  # noqa: T201
    await assert_all_in_once(box_office, orders)


async def attendees(box_office: BoxOffice, orders: list[Order]) -> list[TicketAttendee]:
    """The attendees as they are in the database."""
    async with box_office.unit_of_work() as uow:
        stored = [await uow.orders.get(each.id) for each in orders]
    return [attendee for each in stored if each for attendee in each.attendees]


async def assert_all_in_once(box_office: BoxOffice, orders: list[Order]) -> None:
    codes = codes_of(*orders)
    people = await attendees(box_office, orders)
    async with box_office.unit_of_work() as uow:
        scans = await uow.check_ins.scans_of([each.id for each in people])
    assert all(each.checked_in_at for each in people)
    north = [scan for scan in scans if scan.device_id == "North door"]
    assert sorted(scan.code for scan in north) == sorted(codes)
    wrong = {scan.code for scan in north if scan.result is ScanResult.ALREADY_ADMITTED}
    assert wrong == set(codes[150:153])


async def test_a_full_storage_admits_no_one(
    buyers: Buyers, service: Service, box_office: BoxOffice, tonight: OnSale
) -> None:
    """One glance is enough to see it, and scanning goes on once there is space."""
    codes = codes_of(*await sold(box_office, tonight, 2))
    buyer = await buyers(viewport=_PHONE)
    await buyer.page.add_init_script(_FULL)
    scanner = await new_scanner(buyer.page, buyer.url, service.container, tonight.producer, name="Full phone")
    await scanner.is_ready(2)
    await scanner.start()
    await scanner.page.context.set_offline(True)
    await expect(scanner.link).to_contain_text("Offline")
    await scanner.page.evaluate("window.isFull = true")
    full = await scanner.reads(codes[0])
    assert (full.word, full.tone) == ("Not kept", "stop")
    assert "cannot store any more" in full.said
    await scanner.next()
    await expect(scanner.page.locator("#notices")).to_contain_text("cannot store any more")
    assert await scanner.stored("scans") == []
    await scanner.page.evaluate("window.isFull = false")
    assert (await scanner.reads(codes[0])).word == "In"
    await scanner.page.evaluate("window.isFull = true")
    await scanner.page.context.set_offline(False)
    await expect(scanner.link).to_have_text("Online")
    assert (await scanner.reads(codes[1])).word == "In"  # the server keeps it


async def test_a_clock_that_is_a_day_late_is_corrected(
    buyers: Buyers, service: Service, box_office: BoxOffice, tonight: OnSale
) -> None:
    orders = await sold(box_office, tonight, 1)
    codes = codes_of(*orders)
    buyer = await buyers(viewport=_PHONE)
    await buyer.page.add_init_script(_A_DAY_LATE)
    scanner = await new_scanner(buyer.page, buyer.url, service.container, tonight.producer, name="Old tablet")
    await scanner.is_ready(1)
    await scanner.start()
    await expect(scanner.page.locator("#notices")).to_contain_text("clock is 24 hours slow")
    await scanner.page.context.set_offline(True)
    await expect(scanner.link).to_contain_text("Offline")
    await scanner.page.reload()
    await scanner.start()
    assert (await scanner.reads(codes[0])).word == "In"
    await scanner.page.context.set_offline(False)
    await expect(scanner.link).to_have_text("Online")
    (person,) = await attendees(box_office, orders)
    async with box_office.unit_of_work() as uow:
        (scan,) = await uow.check_ins.scans_of([person.id])
    assert abs(scan.scanned_at - datetime.now(UTC)) < timedelta(minutes=2)


async def test_what_was_undone_before_it_was_sent_counts_for_nothing(
    ready_scanner: Open, box_office: BoxOffice, tonight: OnSale
) -> None:
    orders = await sold(box_office, tonight, 2)
    codes = codes_of(*orders)
    scanner = await ready_scanner(2)
    await scanner.page.context.set_offline(True)
    await expect(scanner.link).to_contain_text("Offline")
    await scanner.reads(codes[0])
    await scanner.page.get_by_role("button", name="Undo").click()
    await expect(scanner.page.locator("#answer")).to_be_hidden()
    assert (await scanner.reads(codes[1])).word == "In"
    await scanner.page.context.set_offline(False)
    await expect(scanner.link).to_have_text("Online")
    inside = {each.code: bool(each.checked_in_at) for each in await attendees(box_office, orders)}
    assert [inside[code] for code in codes] == [False, True]


async def test_a_ticket_to_another_show_of_tonight_is_told_without_a_network(
    buyers: Buyers, service: Service, box_office: BoxOffice, office: BackOffice, tonight: OnSale
) -> None:
    lear = await show_tonight(box_office, office.producer, title="Lear")
    (there,) = await sold(box_office, lear, 1)
    buyer = await buyers(viewport=_PHONE)
    scanner = await new_scanner(buyer.page, buyer.url, service.container, office.producer)
    await scanner.page.get_by_role("button", name="Hamlet").click()
    await scanner.start()
    await box_office.until(lambda: _has_lists(scanner, 2))
    await scanner.page.context.set_offline(True)
    await expect(scanner.link).to_contain_text("Offline")
    seen = await scanner.reads(codes_of(there)[0])
    assert (seen.word, seen.by) == ("Other show", "list")
    assert "It is for Lear, " in seen.lines


async def _has_lists(scanner: Scanner, count: int) -> bool:
    return len(await scanner.stored("lists")) == count


async def test_names_are_found_without_a_network_where_the_device_keeps_them(
    ready_scanner: Open, box_office: BoxOffice, tonight: OnSale
) -> None:
    await sold(box_office, tonight, 2, name="Zoë Müller")
    scanner = await ready_scanner(2)
    assert "Zoë" not in str(await scanner.stored("lists"))
    await scanner.page.get_by_role("button", name="More").click()
    await scanner.page.get_by_label("Keep names on this device").check()
    await box_office.until(lambda: _has_names(scanner))
    await scanner.page.get_by_role("button", name="Close").click()
    await scanner.page.context.set_offline(True)
    await expect(scanner.link).to_contain_text("Offline")
    await scanner.page.get_by_role("button", name="Name or code").click()
    await scanner.page.locator("#find-text").fill("zoe muller")
    await scanner.page.get_by_role("button", name="Let all 2 in").click()
    await expect(scanner.page.locator("#answer-word")).to_have_text("All 2 in")


async def _has_names(scanner: Scanner) -> bool:
    return "Zoë" in str(await scanner.stored("lists"))
