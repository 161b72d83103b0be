"""Printing over the API: files, jobs, and a paired printer that fetches, loses answers, and reports."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import pytest

from domain.access import Actor, Scope
from domain.devices import DeviceKind
from domain.printing import Medium, PrinterLanguage
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.devices import pair
from tests.support.factories import ticket
from tests.support.printed_paper import codes_on, escpos_slips, fgl_slips
from tests.support.server import Service


@dataclass(frozen=True, slots=True)
class Sold:
    """Two tickets that were sold at the counter, for cash."""

    order: Json

    @property
    def id(self) -> str:
        return str(self.order["order_id"])

    @property
    def codes(self) -> list[str]:
        return [attendee["code"] for attendee in self.order["attendees"]]

    @property
    def attendees(self) -> list[str]:
        return [attendee["id"] for attendee in self.order["attendees"]]


@pytest.fixture
async def on_sale(box_office: BoxOffice, office: BackOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(), by=office.producer)


@pytest.fixture
async def sold(on_sale: OnSale, office: BackOffice) -> Sold:
    return await sell(office, on_sale)


async def sell(office: BackOffice, on_sale: OnSale, *, payment: str = "cash") -> Sold:
    wanted = [{"ticket_id": str(on_sale.tickets[0].id), "quantity": 2}]
    answer = await office.post(f"/shows/{on_sale.id}/orders", {"tickets": wanted, "payment": payment})
    assert answer.status == 201, answer.content
    return Sold(answer.body)


@dataclass(frozen=True, slots=True)
class Printer:
    """A printer that has paired, and how its program talks to us."""

    id: str
    api: BackOffice

    async def next(self) -> Json | None:
        answer = await self.api.post("/print-jobs/next")
        assert answer.status == 200, answer.content
        found: Json | None = answer.body["job"]
        return found

    async def slip(self, job: Json, name: str, medium: str = "receipt_80") -> bytes:
        answer = await self.api.get(f"/print-jobs/{job['id']}/slips/{name}?medium={medium}")
        assert answer.status == 200, answer.content
        return answer.content

    async def printed(self, job: Json) -> Json:
        answer = await self.api.post(f"/print-jobs/{job['id']}/printed")
        assert answer.status == 200, answer.content
        return dict(answer.body)


@pytest.fixture
async def printer(service: Service, office: BackOffice) -> Printer:
    return await a_printer(service, office)


async def a_printer(service: Service, office: BackOffice) -> Printer:
    paired = await pair(service.container, office.producer, DeviceKind.PRINTER)
    return Printer(str(paired.device.id), office.with_secret(paired.secret))


async def ask(office: BackOffice, sold: Sold, printer: Printer, **more: object) -> Json:
    answer = await office.post(f"/orders/{sold.id}/print-jobs", {"printer_id": printer.id, **more})
    assert answer.status == 201, answer.content
    return dict(answer.body)


class TestFile:
    @pytest.mark.parametrize("medium", Medium)
    async def test_file_has_a_slip_for_each_ticket(self, office: BackOffice, sold: Sold, medium: Medium) -> None:
        answer = await office.get(f"/orders/{sold.id}/slips?medium={medium}")
        assert answer.status == 200
        area = medium.area
        if area.language is PrinterLanguage.FGL:
            slips = fgl_slips(answer.content, dots_per_inch=area.dots_per_inch)
        else:
            slips = escpos_slips(answer.content, width=area.width)
        assert [codes_on(slip) for slip in slips] == [[code] for code in sold.codes]
        name = f'tickets-{sold.order["number"]}.{area.language}"'
        assert answer.headers["Content-Disposition"].endswith(name)
        assert answer.headers["Cache-Control"] == "private, no-store"

    async def test_slip_about_the_order_comes_first(self, office: BackOffice, sold: Sold) -> None:
        answer = await office.get(f"/orders/{sold.id}/slips?medium=receipt_58&with_order_slip=true")
        slips = escpos_slips(answer.content, width=384)
        assert [codes_on(slip) for slip in slips] == [[], *([code] for code in sold.codes)]

    async def test_order_that_admits_no_one_is_not_printed(self, office: BackOffice, sold: Sold) -> None:
        assert (await office.post(f"/orders/{sold.id}/refund", {})).status == 200
        (await office.get(f"/orders/{sold.id}/slips?medium=receipt_80")).refused(409, "conflict")

    async def test_order_of_another_producer_does_not_exist(self, other_office: BackOffice, sold: Sold) -> None:
        (await other_office.get(f"/orders/{sold.id}/slips?medium=receipt_80")).refused(404, "not_found")

    async def test_unknown_medium_is_refused(self, office: BackOffice, sold: Sold) -> None:
        (await office.get(f"/orders/{sold.id}/slips?medium=papyrus")).refused(400, "invalid_request")


class TestJobs:
    async def test_printer_fetches_its_job_and_reports(self, office: BackOffice, sold: Sold, printer: Printer) -> None:
        asked = await ask(office, sold, printer, with_order_slip=True)
        assert asked["state"] == "waiting"

        job = await printer.next()
        assert job
        assert (job["id"], job["slips"]) == (asked["id"], ["order", *sold.attendees])
        slips = [slip for name in job["slips"] for slip in escpos_slips(await printer.slip(job, name))]
        assert [codes_on(slip) for slip in slips] == [[], *([code] for code in sold.codes)]
        assert (await printer.printed(job))["state"] == "printed"
        assert await printer.next() is None

        [listed] = (await office.get(f"/orders/{sold.id}/print-jobs")).body["items"]
        assert (listed["state"], listed["tries"]) == ("printed", 1)
        assert listed["ended_at"]

    async def test_lost_answers_lose_no_job_and_print_none_twice(
        self, office: BackOffice, sold: Sold, printer: Printer
    ) -> None:
        await ask(office, sold, printer)
        job = await printer.next()
        assert job
        assert await printer.next() == job, "the first answer was lost"
        assert [await printer.printed(job) for _ in range(2)][1]["state"] == "printed"
        assert await printer.next() is None

    async def test_jobs_come_in_the_order_in_which_they_were_asked_for(
        self, office: BackOffice, on_sale: OnSale, sold: Sold, printer: Printer
    ) -> None:
        asked = [await ask(office, each, printer) for each in (sold, await sell(office, on_sale, payment="comp"))]
        for one in asked:
            job = await printer.next()
            assert job
            assert job["id"] == one["id"]
            await printer.printed(job)

    async def test_job_that_cannot_be_printed_now_waits_and_says_why(
        self, office: BackOffice, sold: Sold, printer: Printer
    ) -> None:
        await ask(office, sold, printer)
        job = await printer.next()
        assert job
        failed = await printer.api.post(f"/print-jobs/{job['id']}/failed", {"problem": "Out of  paper\n"})
        assert (failed.body["state"], failed.body["problem"]) == ("waiting", "Out of paper")
        assert await printer.next() == job
        assert (await printer.printed(job))["problem"] == ""

    async def test_ticket_that_became_void_is_not_printed(
        self, office: BackOffice, sold: Sold, printer: Printer
    ) -> None:
        await ask(office, sold, printer)
        job = await printer.next()
        assert job
        gone, left = sold.attendees
        assert (await office.post(f"/orders/{sold.id}/refund", {"attendee_ids": [gone]})).status == 200
        (await printer.api.get(f"/print-jobs/{job['id']}/slips/{gone}?medium=receipt_80")).refused(404, "not_found")
        assert escpos_slips(await printer.slip(job, left))
        again = await printer.next()
        assert again
        assert again["slips"] == [left]

    async def test_job_of_which_nothing_is_valid_any_more_is_over(
        self, office: BackOffice, sold: Sold, printer: Printer
    ) -> None:
        await ask(office, sold, printer)
        assert (await office.post(f"/orders/{sold.id}/refund", {})).status == 200
        assert await printer.next() is None
        [listed] = (await office.get(f"/orders/{sold.id}/print-jobs")).body["items"]
        assert (listed["state"], listed["problem"]) == ("expired", "No ticket of it is valid any more")

    async def test_some_attendees_can_be_printed_alone(self, office: BackOffice, sold: Sold, printer: Printer) -> None:
        await ask(office, sold, printer, attendee_ids=sold.attendees[1:])
        job = await printer.next()
        assert job
        assert job["slips"] == sold.attendees[1:]
        body = {"printer_id": printer.id, "attendee_ids": [str(uuid4())]}
        (await office.post(f"/orders/{sold.id}/print-jobs", body)).refused(404, "not_found")

    async def test_reprint_is_another_job(self, office: BackOffice, sold: Sold, printer: Printer) -> None:
        for _ in range(2):
            await ask(office, sold, printer)
            job = await printer.next()
            assert job
            await printer.printed(job)
        assert len((await office.get(f"/orders/{sold.id}/print-jobs")).body["items"]) == 2

    async def test_slip_of_a_job_that_is_over_is_refused(
        self, office: BackOffice, sold: Sold, printer: Printer
    ) -> None:
        await ask(office, sold, printer)
        job = await printer.next()
        assert job
        await printer.printed(job)
        path = f"/print-jobs/{job['id']}/slips/{sold.attendees[0]}?medium=receipt_80"
        (await printer.api.get(path)).refused(409, "conflict")


class TestWhoMay:
    async def test_printer_reads_nothing_but_its_jobs(
        self, office: BackOffice, sold: Sold, printer: Printer, on_sale: OnSale
    ) -> None:
        for path in (f"/shows/{on_sale.id}/orders", f"/orders/{sold.id}/print-jobs", f"/shows/{on_sale.id}"):
            (await printer.api.get(path)).refused(403, "forbidden")

    async def test_another_printers_job_does_not_exist(
        self, service: Service, office: BackOffice, sold: Sold, printer: Printer
    ) -> None:
        other = await a_printer(service, office)
        asked = await ask(office, sold, printer)
        assert await other.next() is None
        (await other.api.post(f"/print-jobs/{asked['id']}/printed")).refused(404, "not_found")
        path = f"/print-jobs/{asked['id']}/slips/{sold.attendees[0]}?medium=receipt_80"
        (await other.api.get(path)).refused(404, "not_found")

    async def test_printer_of_another_producer_does_not_exist(
        self, service: Service, office: BackOffice, other_office: BackOffice, sold: Sold
    ) -> None:
        theirs = await a_printer(service, other_office)
        (await office.post(f"/orders/{sold.id}/print-jobs", {"printer_id": theirs.id})).refused(404, "not_found")

    async def test_scanner_prints_nothing(self, service: Service, office: BackOffice, sold: Sold) -> None:
        scanner = await pair(service.container, office.producer)
        body = {"printer_id": str(scanner.device.id)}
        (await office.post(f"/orders/{sold.id}/print-jobs", body)).refused(404, "not_found")
        (await office.with_secret(scanner.secret).post("/print-jobs/next")).refused(403, "forbidden")

    async def test_token_of_a_program_is_no_printer(self, office: BackOffice) -> None:
        (await office.post("/print-jobs/next")).refused(403, "forbidden")
        printing = await office.with_scopes(Scope.PRINT)
        (await printing.post("/print-jobs/next")).refused(404, "not_found")

    async def test_revoked_printer_is_told_so_and_gets_no_more_jobs(
        self, service: Service, office: BackOffice, sold: Sold, printer: Printer
    ) -> None:
        await ask(office, sold, printer)
        [device] = [
            each for each in await service.container.list_devices()(_actor(office)) if str(each.id) == printer.id
        ]
        await service.container.revoke_device()(_actor(office), device.id)
        (await printer.api.post("/print-jobs/next")).refused(401, "device_revoked")
        (await office.post(f"/orders/{sold.id}/print-jobs", {"printer_id": printer.id})).refused(409, "conflict")


async def test_test_page_prints_a_code_that_admits_no_one(
    office: BackOffice, printer: Printer, on_sale: OnSale
) -> None:
    answer = await printer.api.get("/print-jobs/test-slip?medium=stock_200")
    [slip] = fgl_slips(answer.content)
    [code] = codes_on(slip)
    assert (await office.post("/checkin", {"code": code, "show_id": str(on_sale.id)})).body["result"] == "unknown"


def _actor(office: BackOffice) -> Actor:
    return Actor(office.producer.id)
