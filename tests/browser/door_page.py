"""The door's page in a browser window, in the words of the person who stands there.

scanner = await new_scanner(buyer.page, buyer.url, box_office.container, producer)
await scanner.start()
assert (await scanner.reads(code)).word == "In"
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Locator, Page, expect

from domain.catalog import Producer
from domain.orders import Order, OrderStatus
from entrypoints.container import Container
from tests.support.box_office import BoxOffice, OnSale
from tests.support.devices import offer
from tests.support.factories import order, ticket

#: The server may answer as late as a busy machine does: the page's time limits are 30 times as long. Otherwise the list
#: would answer for a server that takes 0.8 seconds.
_PATIENT = """{
    const wait = AbortSignal.timeout, now = performance.now.bind(performance);
    AbortSignal.timeout = milliseconds => wait.call(AbortSignal, 30 * milliseconds);
    performance.now = () => now() / 30;
}"""
#: A hand scanner: keys in quick succession, wherever the focus is. Answers once the page has painted its answer.
#: The keys have the times of a scanner, since a busy machine may pause between two of them.
_TYPE = """async ([texts, end]) => {
    const seen = [];
    for (const text of texts) {
        const count = doorTimings.length;
        let time = new Event("now").timeStamp;
        const press = key => {
            const event = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
            Object.defineProperty(event, "timeStamp", {value: time += 5});
            document.activeElement.dispatchEvent(event);
        };
        for (const key of text) press(key);
        if (end) press(end);
        while (doorTimings.length === count) await new Promise(requestAnimationFrame);
        const answer = document.getElementById("answer");
        const read = id => document.getElementById(id).textContent;
        seen.push({
            result: answer.dataset.result, tone: answer.dataset.tone, word: read("answer-word"),
            label: read("answer-label"), lines: read("answer-lines"), note: read("answer-note"), said: read("say"),
            ...doorTimings.at(-1)});
    }
    return seen;
}"""


@dataclass(frozen=True, slots=True)
class Modules:
    """The modules of the page, without the page: ``await modules.call("readings.js", "(m, text) => …", text)``."""

    page: Page

    async def call(self, module: str, work: str, argument: Any = None) -> Any:
        """What ``work`` makes of the module and the argument. Both go through JSON."""
        script = """async ([name, argument]) => {
            const folder = document.querySelector("script[src*='/door/files/']").src.replace(/[^/]*$/, "");
            return await (WORK)(await import(folder + name), argument);
        }"""
        return await self.page.evaluate(script.replace("WORK", work), [module, argument])


async def modules_of(page: Page, url: str) -> Modules:
    """The page's modules, in a window that is no scanner."""
    await page.goto(f"{url}/door")
    return Modules(page)


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as it stood on the screen. ``took`` are the milliseconds from the last key to the painted answer."""

    result: str
    tone: str
    word: str
    label: str
    lines: str
    note: str
    said: str
    by: str
    took: float


@dataclass(frozen=True, slots=True)
class Scanner:
    """A browser that is a scanner."""

    page: Page
    url: str
    name: str

    async def open(self) -> None:
        """Open the app, or load it again."""
        await self.page.goto(f"{self.url}/door")

    async def start(self) -> None:
        """Press the button, once the app is ready."""
        await self.page.get_by_role("button", name="Start scanning").click()
        await expect(self.page.locator("#scan")).to_be_visible()

    async def reads(self, text: str, *, end: str = "Enter") -> Seen:
        """The answer to a code that a hand scanner types."""
        return (await self.reads_all([text], end=end))[0]

    async def reads_all(self, texts: list[str], *, end: str = "Enter") -> list[Seen]:
        """The answers to codes, one after the other."""
        return [Seen(**each) for each in await self.page.evaluate(_TYPE, [texts, end])]

    async def has_list(self, tickets: int) -> None:
        """Wait until the scanner has its list: it knows who belongs together only from then on."""
        await expect(self.page.locator("#more-facts")).to_contain_text(f"List of {tickets} tickets")

    async def next(self) -> None:
        """Put the answer away."""
        await self.page.get_by_role("button", name="Next").click()

    async def is_ready(self, tickets: int) -> None:
        """Wait until the app can do without a network: it is kept, and has a list of this number of tickets."""
        await expect(self.page.locator("#start-facts")).to_contain_text("Opens and scans")
        await expect(self.page.locator("#start-facts")).to_contain_text(f"List of {tickets} tickets, up to date")

    @property
    def link(self) -> Locator:
        return self.page.locator("#link")

    async def stored(self, store: str) -> list[dict[str, Any]]:
        """What the browser keeps."""
        script = """async store => {
            const asked = indexedDB.open("piquetickets-door");
            const database = await new Promise(resolve => asked.onsuccess = () => resolve(asked.result));
            const all = database.transaction(store).objectStore(store).getAll();
            const found = await new Promise(resolve => all.onsuccess = () => resolve(all.result));
            database.close();
            return found;
        }"""
        return list(await self.page.evaluate(script, store))


async def new_scanner(
    page: Page,
    url: str,
    container: Container,
    producer: Producer,
    *,
    name: str = "",
    shows: tuple[OnSale, ...] = (),
    is_patient: bool = True,
) -> Scanner:
    """Pair the window by a code that is typed into the app. Unless it is patient, the window answers by its list where
    the server takes longer than people at a door wait.
    """
    if is_patient:
        await page.context.add_init_script(_PATIENT)
    offered = await offer(container, producer, name=name, shows=[show.id for show in shows])
    await page.goto(f"{url}/door")
    await page.get_by_label("The code of ten letters and digits").fill(offered.code)
    await page.get_by_role("button", name="Make it a scanner").click()
    await expect(page.locator("#start, #choose").filter(visible=True)).to_have_count(1)
    return Scanner(page, url, offered.pairing.name)


async def show_tonight(box_office: BoxOffice, producer: Producer, **fields: Any) -> OnSale:
    """A show whose doors are open."""
    now = datetime.now(UTC).replace(microsecond=0)
    times = {
        "door_time": now - timedelta(minutes=30),
        "start_time": now + timedelta(minutes=30),
        "end_time": now + timedelta(hours=3),
    }
    stalls = ticket(name="Stalls", price=0, quantity=1000)
    patrons = ticket(name="Patrons", price=0, quantity=1000, is_vip=True)
    return await box_office.put_on_sale(stalls, patrons, by=producer, **{**times, "title": "Hamlet", **fields})


async def sold(
    box_office: BoxOffice, on_sale: OnSale, *quantities: int, name: str = "Ada Lovelace", is_vip: bool = False
) -> list[Order]:
    """Orders of these sizes, bought yesterday."""
    kind = on_sale.tickets[int(is_vip)]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    orders = [
        _named(order((kind, quantity), by=on_sale.producer, status=OrderStatus.COMPLETED), name)
        for quantity in quantities
    ]
    bought = [replace(each, created_at=yesterday, completed_at=yesterday) for each in orders]
    await box_office.store(*bought)
    return bought


def _named(bought: Order, name: str) -> Order:
    attendees = tuple(replace(attendee, name=name) for attendee in bought.attendees)
    return replace(bought, customer=replace(bought.customer, name=name), attendees=attendees)


def codes_of(*orders: Order) -> list[str]:
    """The codes of all tickets, order by order."""
    return [attendee.code for each in orders for attendee in each.attendees]
