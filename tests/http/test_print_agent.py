"""The program beside a printer, against a running server: what it prints, what it says, and where it goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from domain.access import Actor
from domain.devices import DeviceKind, written_code
from domain.printing import Medium
from entrypoints.cli.printing import print_jobs
from entrypoints.print_agent.agent import PrintAgent
from entrypoints.print_agent.printers import FilePrinter, Printer, PrinterTrouble, printer_at
from entrypoints.print_agent.server import PrintServer, Refused
from entrypoints.print_agent.state import AlreadyRunning, State, StateFile
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json
from tests.support.devices import offer, pair
from tests.support.factories import ticket
from tests.support.network_printer import NetworkReceiptPrinter, network_printer
from tests.support.printed_paper import codes_on, escpos_slips
from tests.support.server import Service, free_port

MEDIUM = Medium.RECEIPT_80


@dataclass(slots=True)
class Corner:
    """A printer's corner of the box office: an order, and a paired printer's program beside it."""

    office: BackOffice
    order: Json
    device_id: str
    server: PrintServer
    file: StateFile
    said: list[str] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        return [attendee["code"] for attendee in self.order["attendees"]]

    async def ask(self) -> str:
        """A job for the printer. Returns its id."""
        body = {"printer_id": self.device_id}
        answer = await self.office.post(f"/orders/{self.order['order_id']}/print-jobs", body)
        return str(answer.body["id"])

    async def job(self) -> Json:
        return dict((await self.office.get(f"/orders/{self.order['order_id']}/print-jobs")).body["items"][0])

    def agent(self, printer: Printer) -> PrintAgent:
        return PrintAgent(self.server, printer, MEDIUM, self.file, self.said.append, retry_seconds=0.05)

    @asynccontextmanager
    async def running(self, printer: Printer) -> AsyncIterator[None]:
        """The program, until the block ends."""
        stop = threading.Event()
        running = asyncio.create_task(asyncio.to_thread(self.agent(printer).run, stop))
        try:
            yield
        finally:
            stop.set()
            await running

    async def until(self, is_so: Callable[[Json], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_so(await self.job()):  # there is nothing else to wait for
                await asyncio.sleep(0.02)

    async def until_printed(self) -> None:
        await self.until(lambda job: job["state"] == "printed")


@pytest.fixture
async def corner(service: Service, office: BackOffice, box_office: BoxOffice, tmp_path: Path) -> Corner:
    on_sale = await box_office.put_on_sale(ticket(), by=office.producer)
    wanted = [{"ticket_id": str(on_sale.tickets[0].id), "quantity": 3}]
    sold = await office.post(f"/shows/{on_sale.id}/orders", {"tickets": wanted, "payment": "cash"})
    paired = await pair(service.container, office.producer, DeviceKind.PRINTER)
    file = StateFile(tmp_path / "printer.json")
    file.write(State(server=service.url, token=paired.secret, name="Counter"))
    return Corner(office, sold.body, str(paired.device.id), PrintServer(service.url, paired.secret), file)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return tmp_path / "paper"


def codes_of(sent: bytes) -> list[str]:
    return [code for slip in escpos_slips(sent) for code in codes_on(slip)]


def codes_on_paper(paper: Path) -> list[str]:
    return codes_of(paper.read_bytes()) if paper.exists() else []


def mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777


async def test_job_is_printed_and_reported(corner: Corner, paper: Path) -> None:
    await corner.ask()
    async with corner.running(FilePrinter(paper)):
        await corner.until_printed()
    assert codes_on_paper(paper) == corner.codes
    assert corner.said == [f"Order {corner.order['number']}: 3 printed."]
    assert corner.file.read().job_id == ""


async def test_job_goes_on_after_the_last_slip_that_was_noted(corner: Corner, paper: Path) -> None:
    job_id = await corner.ask()
    first = corner.order["attendees"][0]["id"]
    corner.file.write(State(**{**_fields(corner.file.read()), "job_id": job_id, "sent": (first,)}))
    async with corner.running(FilePrinter(paper)):
        await corner.until_printed()
    assert codes_on_paper(paper) == corner.codes[1:]


async def test_job_that_is_on_paper_is_only_reported(corner: Corner, paper: Path) -> None:
    job_id = await corner.ask()
    await asyncio.to_thread(corner.server.next_job)
    sent = tuple(attendee["id"] for attendee in corner.order["attendees"])
    known = _fields(corner.file.read())
    corner.file.write(State(**{**known, "job_id": job_id, "sent": sent, "is_complete": True}))
    async with corner.running(FilePrinter(paper)):
        await corner.until_printed()
    assert codes_on_paper(paper) == []


async def test_printer_that_is_off_is_told_of_and_prints_when_it_is_on(corner: Corner) -> None:
    port = free_port()
    printer = NetworkReceiptPrinter(port=port)
    await corner.ask()
    async with corner.running(printer_at(f"tcp://127.0.0.1:{port}", MEDIUM.area.language)):
        await corner.until(lambda job: bool(job["problem"]))
        assert (await corner.job())["problem"].startswith(f"no printer answers at 127.0.0.1, port {port}: is it on?")
        async with network_printer(printer):
            await corner.until_printed()
    assert codes_of(b"".join(printer.printed)) == corner.codes
    assert len([words for words in corner.said if "waits" in words]) == 1, "each trouble is said once"


@pytest.mark.parametrize(
    ("trouble", "words"), [("has_paper", "the printer is out of paper"), ("cover_open", "the printer's cover is open")]
)
async def test_printer_that_says_what_is_wrong_is_understood(corner: Corner, trouble: str, words: str) -> None:
    async with network_printer(NetworkReceiptPrinter()) as printer:
        setattr(printer, trouble, trouble != "has_paper")
        await corner.ask()
        async with corner.running(printer_at(printer.address, MEDIUM.area.language)):
            await corner.until(lambda job: bool(job["problem"]))
            assert (await corner.job())["problem"] == words
            setattr(printer, trouble, trouble == "has_paper")
            await corner.until_printed()
    assert codes_of(b"".join(printer.printed)) == corner.codes


async def test_server_that_is_away_is_waited_for(corner: Corner, paper: Path) -> None:
    away = PrintServer(f"http://127.0.0.1:{free_port()}", "pqd_secret")
    said = threading.Event()
    words: list[str] = []

    def say(text: str) -> None:
        words.append(text)
        said.set()

    stop = threading.Event()
    agent = PrintAgent(away, FilePrinter(paper), MEDIUM, corner.file, say, retry_seconds=0.01)
    running = asyncio.create_task(asyncio.to_thread(agent.run, stop))
    assert await asyncio.to_thread(said.wait, 30)
    stop.set()
    await running
    assert words == [f"{away.url} cannot be reached: Connection refused. Trying again."]


async def test_revoked_printer_ends(corner: Corner, service: Service, paper: Path) -> None:
    actor = Actor(corner.office.producer.id)
    [device] = await service.container.list_devices()(actor)
    await service.container.revoke_device()(actor, device.id)
    with pytest.raises(Refused, match="This device was revoked") as refused:
        await asyncio.to_thread(corner.agent(FilePrinter(paper)).run, threading.Event())
    assert refused.value.code == "device_revoked"


async def test_first_start_pairs_and_prints_a_test_page(service: Service, office: BackOffice, tmp_path: Path) -> None:
    offered = await offer(service.container, office.producer, DeviceKind.PRINTER, name="Counter left")
    state, paper = tmp_path / "kept" / "printer.json", tmp_path / "paper"
    more = ["--printer", f"file:{paper}", "--state", str(state), "--test-page"]
    first = await _command("--server", service.url + "/", "--code", written_code(offered.code), *more)
    assert first.exit_code == 0, first.output
    assert "Paired as Counter left." in first.output
    assert mode_of(state) == 0o600
    assert "pqd_" not in first.output

    again = await _command(*more)
    assert again.exit_code == 0, again.output
    assert codes_on_paper(paper) == ["TESTPAGETESTPAGETESTPAGE"] * 2

    used = await _command("--code", written_code(offered.code), *more)
    assert used.exit_code == 1
    assert "This code was used already" in used.output


async def test_what_is_missing_or_wrong_is_said(service: Service, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "printer.json"))
    cases = {
        (): "This printer has not paired",
        ("--code", "7K3M9-QX2VB"): "Say with --server where PiqueTickets is",
        ("--server", "tickets.example.org", "--code", "7K3M9-QX2VB"): "is not an address such as",
        ("--server", service.url, "--code", "7K3M9-QX2VB"): "There is no such code",
        ("--server", f"http://127.0.0.1:{free_port()}", "--code", "7K3M9-QX2VB"): "cannot be reached",
    }
    for arguments, words in cases.items():
        done = await _command(*arguments, *state)
        assert done.exit_code, arguments
        assert words in done.output, arguments


def test_two_programs_do_not_share_a_printer(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "printer.json")
    with file.held(), pytest.raises(AlreadyRunning), StateFile(tmp_path / "printer.json").held():
        pass


def test_file_that_is_not_ours_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "printer.json").write_text("[]")
    with pytest.raises(ValueError, match="not a file of this program"):
        StateFile(tmp_path / "printer.json").read()


@pytest.mark.parametrize("address", ["", "tcp:", "tcp://", "tcp://host/queue", "usb", "file:", "cups:", "http://host"])
def test_address_of_no_printer_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not tcp://HOST:PORT"):
        printer_at(address, MEDIUM.area.language)


def test_printer_that_is_no_file_is_off(tmp_path: Path) -> None:
    with pytest.raises(PrinterTrouble, match="is it on"):
        FilePrinter(tmp_path / "no" / "lp0").check()
    with pytest.raises(PrinterTrouble, match="takes nothing"):
        FilePrinter(tmp_path).send(b"")


async def _command(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, print_jobs, arguments)


def _fields(state: State) -> dict[str, Any]:
    return {name: getattr(state, name) for name in State.__slots__}
