"""piquetickets print: the program beside a printer."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path

import click

from domain.printing import Medium
from entrypoints.print_agent.agent import PrintAgent
from entrypoints.print_agent.printers import Printer, PrinterTrouble, printer_at
from entrypoints.print_agent.server import PrintServer, Refused, ServerAway, checked_url
from entrypoints.print_agent.state import AlreadyRunning, State, StateFile


@click.command("print")
@click.option("--server", metavar="URL", help="The installation's address; needed with --code.")
@click.option("--code", metavar="CODE", help="The code of the office's page Devices: pairs this printer, once.")
@click.option(
    "--printer",
    "address",
    metavar="ADDRESS",
    help="tcp://HOST[:9100], file:/dev/usb/lp0, or cups:NAME for CUPS.",
)
@click.option(
    "--medium",
    type=click.Choice([medium.value for medium in Medium]),
    default=Medium.RECEIPT_80.value,
    show_default=True,
    help="Receipt paper by its width in mm, or ticket stock (5.5 by 2 inches) by dots per inch.",
)
@click.option("--test-page", is_flag=True, help="Print one page that admits no one, and stop.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    default=lambda: Path(click.get_app_dir("piquetickets")) / "printer.json",
    show_default="in the user's configuration",
    help="The file with this printer's secret, and with how far it is. One for each printer.",
)
def print_jobs(
    server: str | None, code: str | None, address: str | None, medium: str, test_page: bool, state: Path
) -> None:
    """Print tickets on a printer beside this computer: what the office and the counter send to it."""
    file = StateFile(state)
    try:
        with file.held():
            paired = _paired(file, server, code)
            if address is None:
                click.echo("Say where the printer is with --printer, such as --printer tcp://192.168.1.20:9100.")
                return
            kind = Medium(medium)
            printer = printer_at(address, kind.area.language)
            api = PrintServer(paired.server, paired.token)
            if test_page:
                _print_test_page(api, printer, kind)
            else:
                _run(PrintAgent(api, printer, kind, file, click.echo), paired, address)
    except (AlreadyRunning, PrinterTrouble, ServerAway, ValueError) as error:
        raise click.ClickException(_sentence(str(error))) from error
    except Refused as refused:
        raise click.ClickException(_sentence(str(refused))) from refused


def _paired(file: StateFile, server: str | None, code: str | None) -> State:
    known = file.read()
    url = checked_url(server) if server else known.server
    if code is not None:
        if not url:
            raise click.UsageError("Say with --server where PiqueTickets is, such as https://tickets.example.org.")
        token, name = PrintServer(url).pair(code)
        known = State(server=url, token=token, name=name)
        file.write(known)
        click.echo(f"Paired as {name}.")
    elif not known.token:
        raise click.UsageError("This printer has not paired: add it in the office, page Devices, and say its --code.")
    elif url != known.server:
        known = replace(known, server=url)
        file.write(known)
    return known


def _print_test_page(api: PrintServer, printer: Printer, medium: Medium) -> None:
    printer.check()
    printer.send(api.test_slip(medium))
    click.echo("The test page was sent. If a phone reads its code, all is well.")


def _run(agent: PrintAgent, paired: State, address: str) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"{paired.name or 'This printer'} prints on {address}. Ctrl-C stops it.")
    agent.run(stop)
    click.echo("Stopped.")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."
