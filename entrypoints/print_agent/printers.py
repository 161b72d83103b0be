"""Printers, and what they say when they cannot print."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol
from urllib.parse import urlsplit

from domain.printing import PrinterLanguage

#: The port of nearly all printers in a network.
RAW_PORT: Final = 9100
_CONNECT_SECONDS: Final = 5
_SEND_SECONDS: Final = 30
#: How long a printer may take to say that it is ready, and that a slip is on paper.
_STATUS_SECONDS: Final = 1.0
_PRINTED_SECONDS: Final = 10.0

# Epson's ESC/POS command reference: real-time status of the cover and the roll, and the sensor after all that was sent.
_OFFLINE_CAUSE: Final = b"\x10\x04\x02"
_PAPER: Final = b"\x10\x04\x04"
_WHEN_PRINTED: Final = b"\x1dr\x01"
_COVER_OPEN: Final = 0x04
_PAPER_END: Final = 0x20
_ROLL_END: Final = 0x60
_IS_A_STATUS: Final = 0x12

#: A BOCA printer says one byte after each ticket: 6 when it is printed, or what is wrong.
_FGL_TROUBLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        2: "the reject bin is full",
        3: "paper is jammed",
        4: "paper is jammed",
        10: "the printer is out of paper",
        11: "the printer is out of paper",
        14: "paper is jammed",
        16: "the printer is out of paper",
        21: "the printer does not know a command: is it set to FGL?",
        23: "the ribbon is used up",
        24: "paper is jammed",
        25: "the printer does not know a command: is it set to FGL?",
        29: "the cutter is jammed",
        30: "a ticket is stuck",
        31: "the cutter is jammed",
    }
)


class PrinterTrouble(Exception):
    """The printer cannot print. ``str(error)`` is for people."""


class Printer(Protocol):
    def check(self) -> None:
        """Raises PrinterTrouble if the printer is off, open, or out of paper, as far as it says so."""
        ...

    def send(self, commands: bytes) -> None:
        """Print a slip. Raises PrinterTrouble; a part may be on paper then."""
        ...


@dataclass(slots=True)
class NetworkPrinter:
    """A printer with an address in the network, over a raw TCP connection."""

    host: str
    port: int
    language: PrinterLanguage
    answers: bool = True
    """Whether it has answered questions until now: many printers never do, and are not waited for."""

    def check(self) -> None:
        with self._connected() as connection:
            if self.language is PrinterLanguage.ESCPOS:
                self._check_receipt_printer(connection)

    def _check_receipt_printer(self, connection: socket.socket) -> None:
        cause = self._ask(connection, _OFFLINE_CAUSE, _STATUS_SECONDS) if self.answers else None
        paper = self._ask(connection, _PAPER, _STATUS_SECONDS) if cause is not None else None
        self.answers = cause is not None
        if cause is not None and cause & _COVER_OPEN:
            raise PrinterTrouble("the printer's cover is open")
        if (cause is not None and cause & _PAPER_END) or (paper is not None and paper & _ROLL_END == _ROLL_END):
            raise PrinterTrouble("the printer is out of paper")

    def send(self, commands: bytes) -> None:
        with self._connected() as connection:
            try:
                connection.settimeout(_SEND_SECONDS)
                connection.sendall(commands)
                self._wait_until_printed(connection)
            except OSError as error:
                raise PrinterTrouble(f"the printer at {self.host} broke off: {_reason(error)}") from error

    def _wait_until_printed(self, connection: socket.socket) -> None:
        if not self.answers:
            return
        if self.language is PrinterLanguage.ESCPOS:
            if self._ask(connection, _WHEN_PRINTED, _PRINTED_SECONDS) is None:
                self._check_receipt_printer(connection)
            return
        said = self._read(connection, _PRINTED_SECONDS)
        self.answers = said is not None
        trouble = None if said is None else _FGL_TROUBLES.get(said)
        if trouble:
            raise PrinterTrouble(trouble)

    def _ask(self, connection: socket.socket, question: bytes, seconds: float) -> int | None:
        try:
            connection.sendall(question)
        except OSError:
            return None
        said = self._read(connection, seconds)
        is_status = said is not None and (question == _WHEN_PRINTED or said & _IS_A_STATUS == _IS_A_STATUS)
        return said if is_status else None

    def _read(self, connection: socket.socket, seconds: float) -> int | None:
        connection.settimeout(seconds)
        try:
            said = connection.recv(1)
        except OSError:
            return None
        return said[0] if said else None

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection((self.host, self.port), timeout=_CONNECT_SECONDS)
        except OSError as error:
            raise PrinterTrouble(
                f"no printer answers at {self.host}, port {self.port}: is it on? ({_reason(error)})"
            ) from error


@dataclass(frozen=True, slots=True)
class FilePrinter:
    """A printer that is a file of the system, such as /dev/usb/lp0, or a plain file that gets everything."""

    path: Path

    def check(self) -> None:
        if self.path.is_dir() or not (self.path.exists() or self.path.parent.is_dir()):
            raise PrinterTrouble(f"there is no printer at {self.path}: is it on?")

    def send(self, commands: bytes) -> None:
        try:
            with self.path.open("ab", buffering=0) as printer:
                left = memoryview(commands)
                while left:
                    left = left[printer.write(left) or 0 :]
                if self.path.is_file():
                    os.fsync(printer.fileno())
        except OSError as error:
            raise PrinterTrouble(f"the printer at {self.path} takes nothing: {_reason(error)}") from error


@dataclass(frozen=True, slots=True)
class CupsPrinter:
    """A queue of CUPS, which gets the commands as they are."""

    name: str

    def check(self) -> None:
        if shutil.which("lp") is None:
            raise PrinterTrouble("the command lp of CUPS is not installed")

    def send(self, commands: bytes) -> None:
        done = subprocess.run(  # noqa: S603
            ["lp", "-d", self.name, "-o", "raw", "-t", "Tickets", "-"],  # noqa: S607
            input=commands,
            capture_output=True,
            check=False,
            timeout=_SEND_SECONDS,
        )
        if done.returncode:
            words = " ".join(done.stderr.decode(errors="replace").split())
            raise PrinterTrouble(f"CUPS takes nothing for {self.name}: {words}")


def printer_at(address: str, language: PrinterLanguage) -> Printer:
    """The printer at an address: tcp://HOST[:PORT], file:PATH or cups:NAME. Raises ValueError."""
    scheme, _, rest = address.partition(":")
    if scheme == "tcp" and rest.startswith("//"):
        parts = urlsplit(address)
        if parts.hostname and not parts.path.strip("/"):
            return NetworkPrinter(parts.hostname, parts.port or RAW_PORT, language)
    elif scheme == "file" and rest:
        return FilePrinter(Path(rest.removeprefix("//")))
    elif scheme == "cups" and rest:
        return CupsPrinter(rest)
    raise ValueError(f"{address} is not tcp://HOST:PORT, file:PATH or cups:NAME")


def _reason(error: OSError) -> str:
    return str(error.strerror or error)
