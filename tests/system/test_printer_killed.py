"""The program beside a printer is killed in the middle of a job."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from domain.devices import DeviceKind
from entrypoints.print_agent.state import State, StateFile
from tests.support.back_office import open_back_office
from tests.support.box_office import BoxOffice
from tests.support.devices import pair
from tests.support.factories import producer, ticket
from tests.support.network_printer import NetworkReceiptPrinter, network_printer
from tests.support.printed_paper import codes_on, escpos_slips
from tests.support.processes import START_SECONDS, clean_environment, start
from tests.support.server import Service

pytestmark = pytest.mark.p1


async def test_job_goes_on_where_it_was(service: Service, box_office: BoxOffice, tmp_path: Path) -> None:
    office = await open_back_office(box_office, service.container, producer())
    on_sale = await box_office.put_on_sale(ticket(), by=office.producer)
    wanted = [{"ticket_id": str(on_sale.tickets[0].id), "quantity": 3}]
    sold = (await office.post(f"/shows/{on_sale.id}/orders", {"tickets": wanted, "payment": "cash"})).body
    paired = await pair(service.container, office.producer, DeviceKind.PRINTER)
    state = tmp_path / "printer.json"
    StateFile(state).write(State(server=service.url, token=paired.secret, name="Counter"))
    jobs = f"/orders/{sold['order_id']}/print-jobs"
    assert (await office.post(jobs, {"printer_id": str(paired.device.id)})).status == 201

    async with network_printer(NetworkReceiptPrinter(stalls_after=1)) as printer:
        arguments = ("print", "--printer", printer.address, "--state", str(state))
        killed = await start(*arguments, environment=clean_environment(), stdout=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(START_SECONDS):
                await printer.stalled.wait()  # one slip is on paper, the second is on its way
        finally:
            killed.kill()
            await killed.wait()
        [job] = (await office.get(jobs)).body["items"]
        assert job["state"] == "printing"

        printer.stalls_after = None
        again = await start(*arguments, environment=clean_environment(), stdout=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(START_SECONDS):
                while (await office.get(jobs)).body["items"][0]["state"] != "printed":  # nothing else to wait for
                    await asyncio.sleep(0.05)
        finally:
            again.send_signal(signal.SIGTERM)
            assert await again.wait() == 0
    slips = [slip for sent in printer.printed for slip in escpos_slips(sent)]
    codes = [attendee["code"] for attendee in sold["attendees"]]
    assert [codes_on(slip) for slip in slips] == [[code] for code in codes], "each once, as the second was cut short"
