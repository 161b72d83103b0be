"""Tickets are printed from an order's page: on a paired printer, from a file, or by the browser."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from domain.access import Actor
from domain.devices import DeviceKind
from domain.people import Role
from domain.printing import PrintJob, PrintJobState
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json
from tests.support.devices import pair
from tests.support.factories import ticket
from tests.support.printed_paper import codes_on, escpos_slips
from tests.support.server import Service
from tests.support.staff import Staff, Visitor

pytestmark = pytest.mark.p2


@dataclass(frozen=True, slots=True)
class Desk:
    """An order of three, a paired printer, and who looks after them."""

    office: BackOffice
    clerk: Staff
    order: Json
    printer: str

    @property
    def page(self) -> str:
        return f"/office/orders/{self.order['order_id']}"

    @property
    def people(self) -> list[str]:
        return [attendee["id"] for attendee in self.order["attendees"]]

    async def jobs(self) -> list[Json]:
        return list((await self.office.get(f"/orders/{self.order['order_id']}/print-jobs")).body["items"])


@pytest.fixture
async def desk(service: Service, office: BackOffice, box_office: BoxOffice, hire: Hire) -> Desk:
    on_sale = await box_office.put_on_sale(ticket(name="Stalls"), by=office.producer)
    wanted = [{"ticket_id": str(on_sale.tickets[0].id), "quantity": 3}]
    body = {"tickets": wanted, "payment": "cash", "customer": {"name": "Ada Lovelace"}}
    sold = (await office.post(f"/shows/{on_sale.id}/orders", body)).created()
    printer = await pair(service.container, office.producer, DeviceKind.PRINTER, name="Counter left")
    return Desk(office, await hire(Role.BOX_OFFICE), sold, str(printer.device.id))


async def test_chosen_tickets_go_to_a_printer_once(desk: Desk) -> None:
    page = await desk.clerk.get(f"{desk.page}/print")
    assert page.status == 200
    assert "Counter left" in page.text
    form = {"printer": desk.printer, "a": desk.people[:2], "with_order_slip": "on", "key": uuid4().hex}
    for _ in range(2):
        answer = await desk.clerk.post(f"{desk.page}/print", form)
        assert answer.headers["Location"] == f"{desk.page}?done=printing"
    [job] = await desk.jobs()
    assert (job["attendee_ids"], job["with_order_slip"], job["state"]) == (desk.people[:2], True, "waiting")
    assert "Waits for the printer" in (await desk.clerk.get(f"{desk.page}/print")).text


async def test_what_the_printer_said_is_shown(desk: Desk, service: Service) -> None:
    await desk.clerk.post(f"{desk.page}/print", {"printer": desk.printer, "a": desk.people, "key": uuid4().hex})
    async with service.container.database()() as uow:
        [job] = [await uow.print_jobs.lock(_id(each)) for each in await desk.jobs()]
        assert isinstance(job, PrintJob)
        await uow.print_jobs.save(job.given_back("the printer is out of paper"))
        await uow.commit()
    assert "the printer is out of paper" in (await desk.clerk.get(f"{desk.page}/print")).text
    assert PrintJobState((await desk.jobs())[0]["state"]) is PrintJobState.WAITING


async def test_file_is_what_a_printer_is_sent(desk: Desk) -> None:
    answer = await desk.clerk.get(f"{desk.page}/slips/receipt_80")
    assert answer.status == 200
    codes = [code for slip in escpos_slips(answer.content) for code in codes_on(slip)]
    assert codes == [attendee["code"] for attendee in desk.order["attendees"]]
    assert (await desk.clerk.get(f"{desk.page}/slips/papyrus")).status == 404


async def test_browser_prints_the_page(desk: Desk) -> None:
    text = (await desk.clerk.get(f"{desk.page}/print")).html
    assert text.count('class="slip"') == 3
    assert f"{desk.page}/print" in (await desk.clerk.get(desk.page)).html


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"a": "", "printer": "PRINTER"}, "choose whose tickets"),
        ({"printer": ""}, "choose a printer"),
        ({"printer": str(uuid4())}, "No such printer"),
    ],
)
async def test_what_is_missing_is_said(desk: Desk, fields: dict[str, str], words: str) -> None:
    sent = {"a": desk.people[0], "key": uuid4().hex, **fields}
    sent["printer"] = sent["printer"].replace("PRINTER", desk.printer)
    answer = await desk.clerk.post(f"{desk.page}/print", sent)
    assert answer.status in {400, 404}
    assert words in answer.text
    assert await desk.jobs() == []


async def test_revoked_printer_is_not_offered(desk: Desk, service: Service) -> None:
    actor = Actor(desk.office.producer.id)
    [device] = await service.container.list_devices()(actor)
    await service.container.revoke_device()(actor, device.id)
    assert "No printer has paired yet" in (await desk.clerk.get(f"{desk.page}/print")).text
    answer = await desk.clerk.post(f"{desk.page}/print", {"printer": desk.printer, "a": desk.people[0]})
    assert answer.status == 409


async def test_others_print_nothing(desk: Desk, hire: Hire, stranger: Staff, visitor: Visitor) -> None:
    form = {"printer": desk.printer, "a": desk.people[0], "key": uuid4().hex}
    for page in (f"{desk.page}/print", f"{desk.page}/slips/receipt_80"):
        assert (await (await hire(Role.VIEWER)).get(page)).status == 403
        assert (await (await hire(Role.DOOR)).get(page)).status == 403
        assert (await stranger.get(page)).status == 404
        assert (await visitor.get(page)).status == 303
    assert (await (await hire(Role.VIEWER)).post(f"{desk.page}/print", form)).status == 403
    assert (await stranger.post(f"{desk.page}/print", form)).status == 404
    assert await desk.jobs() == []


async def test_forged_form_prints_nothing(desk: Desk) -> None:
    form = {"printer": desk.printer, "a": desk.people[0], "_csrf_token": "forged"}
    assert (await desk.clerk.request("POST", f"{desk.page}/print", data=form)).status == 403
    assert await desk.jobs() == []


def _id(job: Json) -> UUID:
    return UUID(job["id"])
