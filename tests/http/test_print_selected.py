"""Tickets of chosen attendees of several orders: as a PDF, as a file for a printer, and on a paired printer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import pytest
import zxingcpp

from application.printing.selected import MAX_SELECTED
from domain.devices import DeviceKind
from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.devices import pair
from tests.support.factories import ticket
from tests.support.printed_paper import codes_on, escpos_slips
from tests.support.server import Service
from tests.support.staff import Page, Staff
from tests.support.ticket_pictures import printed

pytestmark = pytest.mark.p2

PRINT = "/office/attendees/print"


@dataclass(frozen=True, slots=True)
class House:
    """Two orders of two shows, and who prints."""

    office: BackOffice
    clerk: Staff
    orders: list[Json]
    shows: list[OnSale]

    @property
    def people(self) -> list[Json]:
        return [attendee for order in self.orders for attendee in order["attendees"]]

    async def print(self, output: str, *people: Json, **fields: str) -> Page:
        form: dict[str, str | list[str]] = {
            "a": [each["id"] for each in people],
            "output": output,
            "act": "chosen",
            "key": uuid4().hex,
            **fields,
        }
        return await self.clerk.post(PRINT, form)

    async def jobs(self) -> list[Json]:
        """The jobs of all orders."""
        pages = [(await self.office.get(f"/orders/{each['order_id']}/print-jobs")).body for each in self.orders]
        return [job for page in pages for job in page["items"]]


@pytest.fixture
async def house(office: BackOffice, box_office: BoxOffice, hire: Hire) -> House:
    orders, shows = [], []
    for name, count in (("Ada Lovelace", 2), ("Grace Hopper", 1)):
        on_sale = await box_office.put_on_sale(ticket(name="Stalls", price=10_00), by=office.producer)
        shows.append(on_sale)
        body = {**on_sale.cart(count), "payment": "cash", "customer": {"name": name}}
        orders.append((await office.post(f"/shows/{on_sale.id}/orders", body)).created())
    return House(office, await hire(Role.BOX_OFFICE), orders, shows)


async def printer_of(service: Service, office: BackOffice, **fields: object) -> str:
    paired = await pair(service.container, office.producer, DeviceKind.PRINTER, **fields)  # type: ignore[arg-type]
    return str(paired.device.id)


async def test_list_offers_each_valid_ticket(house: House, service: Service) -> None:
    await printer_of(service, house.office, name="Counter left")
    page = await house.clerk.get("/office/attendees")
    assert all(f'name="a" value="{each["id"]}"' in page.html for each in house.people)
    assert ("Printer Counter left" in page.text, "Print the ticked ones" in page.text) == (True, True)


async def test_pdf_has_a_page_for_each_that_was_ticked(house: House) -> None:
    first, _, third = house.people
    answer = await house.print("pdf", third, first)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tickets-2.pdf"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    read = [[found.text for found in zxingcpp.read_barcodes(page)] for page in printed(answer.content)]
    assert read == [[third["code"]], [first["code"]]]


async def test_file_for_a_printer_has_all_of_the_page(house: House) -> None:
    form = {"page": " ".join(each["id"] for each in house.people), "output": "receipt_80", "act": "page"}
    answer = await house.clerk.post(PRINT, form)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tickets-3.escpos"'
    slips = escpos_slips(answer.content, width=576)
    assert [codes_on(slip) for slip in slips] == [[each["code"]] for each in house.people]


async def test_paired_printer_gets_a_job_for_each_order_once(house: House, service: Service) -> None:
    printer = await printer_of(service, house.office, name="Counter left")
    key, (first, _, third) = uuid4().hex, house.people
    fields = {"key": key, "next": "/office/attendees?q=a"}
    for page in await asyncio.gather(*(house.print(f"printer-{printer}", first, third, **fields) for _ in range(3))):
        assert (page.status, "2 tickets wait for Printer Counter left" in page.text) == (200, True)
        assert 'href="/office/attendees?q=a"' in page.html
    jobs = await house.jobs()
    assert [(job["attendee_ids"], job["printer_id"]) for job in jobs] == [
        ([first["id"]], printer),
        ([third["id"]], printer),
    ]


async def test_void_tickets_are_left_out(house: House) -> None:
    first, second, _ = house.people
    await house.office.post(f"/orders/{house.orders[0]['order_id']}/refund", {"attendee_ids": [first["id"]]})
    answer = await house.print("receipt_80", first, second)
    assert [codes_on(slip) for slip in escpos_slips(answer.content, width=576)] == [[second["code"]]]
    refused = await house.print("pdf", first)
    assert (refused.status, "None of these tickets is valid any more" in refused.text) == (409, True)


async def test_what_cannot_be_printed_is_refused(house: House, service: Service, other_office: BackOffice) -> None:
    first, *_ = house.people
    elsewhere = await printer_of(service, other_office)
    limited = await printer_of(service, house.office, shows=[house.shows[1].id])
    for output, people, status, words in (
        ("pdf", [], 400, "Please tick whose tickets are printed"),
        ("", [first], 400, "Please choose what they are printed on"),
        ("paper", [first], 400, "Please choose what they are printed on"),
        (f"printer-{elsewhere}", [first], 400, "Please choose what they are printed on"),
        (f"printer-{limited}", [first], 409, "prints no tickets of this show"),
        ("pdf", [first, {"id": str(uuid4())}], 404, "does not exist any more"),
        ("pdf", [{"id": str(uuid4())} for _ in range(MAX_SELECTED + 1)], 400, "Please choose 1 to 200 tickets"),
    ):
        page = await house.print(output, *people)
        assert (page.status, words in page.text) == (status, True), (output, page.text)
    assert await house.jobs() == []


async def test_only_who_looks_after_orders_prints(house: House, hire: Hire, stranger: Staff) -> None:
    form = {"a": [house.people[0]["id"]], "output": "pdf", "act": "chosen"}
    for role in (Role.VIEWER, Role.DOOR):
        assert (await (await hire(role)).post(PRINT, form)).status == 403
    assert (await stranger.post(PRINT, form)).status == 404
    assert (await house.clerk.request("POST", PRINT, data=form)).status == 403
    viewers = (await (await hire(Role.VIEWER)).get("/office/attendees")).html
    assert ("Ada Lovelace" in viewers, 'name="a"' in viewers) == (True, False)


class TestApi:
    async def test_queues_once(self, house: House, service: Service) -> None:
        printer = await printer_of(service, house.office)
        ids = [each["id"] for each in house.people]
        asked = {"printer_id": printer, "attendee_ids": ids, "request_id": str(uuid4())}
        answers = [await house.office.post("/print-jobs", asked) for _ in range(2)]
        assert [answer.status for answer in answers] == [201, 201]
        assert answers[0].body == answers[1].body
        assert [job["attendee_ids"] for job in answers[0].body["items"]] == [ids[:2], ids[2:]]
        assert len(await house.jobs()) == 2

    async def test_refuses_others(self, house: House, service: Service, other_office: BackOffice) -> None:
        printer, elsewhere = await printer_of(service, house.office), await printer_of(service, other_office)
        ids = [house.people[0]["id"]]
        for office in (house.office, other_office):
            answer = await office.post("/print-jobs", {"printer_id": elsewhere, "attendee_ids": ids})
            answer.refused(404, "not_found")
        for wrong in ([], [str(uuid4())] * (MAX_SELECTED + 1)):
            answer = await house.office.post("/print-jobs", {"printer_id": printer, "attendee_ids": wrong})
            answer.refused(400, "invalid_request")
