"""What printers put on paper: interpreters of the commands that we send, which refuse all others.

They follow the makers' manuals: Epson's ESC/POS command reference and BOCA's FGL programming guide.
"""

from __future__ import annotations

import re

import zxingcpp
from PIL import Image, ImageChops

WHITE, BLACK = 255, 0
#: Paper that an ESC/POS printer feeds from the head to the cutter.
_TO_THE_CUTTER = 96


class UnknownCommand(Exception):
    """The printer would print this as text, or do something unexpected."""


def escpos_slips(sent: bytes, *, width: int = 576) -> list[Image.Image]:
    """The slips that a receipt printer with a head of ``width`` dots prints and cuts off."""
    paper = _Roll(width)
    position = 0
    while position < len(sent):
        position = paper.obey(sent, position)
    if paper.rows:
        raise UnknownCommand("something is printed that was not cut off")
    return paper.slips


class _Roll:
    def __init__(self, width: int) -> None:
        self._width = width
        self.rows: list[Image.Image] = []
        self.slips: list[Image.Image] = []

    def obey(self, sent: bytes, at: int) -> int:
        """Obey the command at ``at``. Returns where the next one begins."""
        if sent.startswith(b"\x1b@", at):  # initialise
            return at + 2
        if sent.startswith(b"\x1dv0\x00", at):  # raster bit image, a dot for each bit
            return self._raster(sent, at + 4)
        if sent.startswith(b"\x1dVB\x00", at):  # feed to the cutter, and cut
            self._cut()
            return at + 4
        raise UnknownCommand(f"{sent[at : at + 8]!r} at {at}")

    def _raster(self, sent: bytes, at: int) -> int:
        width, height = int.from_bytes(sent[at : at + 2], "little"), int.from_bytes(sent[at + 2 : at + 4], "little")
        if not 1 <= height <= 2047:
            raise UnknownCommand(f"a picture of {height} rows")
        if width * 8 > self._width:
            raise UnknownCommand(f"a picture of {width * 8} dots, wider than the paper")
        start, end = at + 4, at + 4 + width * height
        if end > len(sent):
            raise UnknownCommand("a picture that breaks off")
        ink = Image.frombytes("1", (width * 8, height), sent[start:end])
        row = Image.new("L", (self._width, height), WHITE)
        row.paste(ImageChops.invert(ink.convert("L")))
        self.rows.append(row)
        return end

    def _cut(self) -> None:
        slip = Image.new("L", (self._width, sum(row.height for row in self.rows) + _TO_THE_CUTTER), WHITE)
        y = 0
        for row in self.rows:
            slip.paste(row, (0, y))
            y += row.height
        self.slips.append(slip)
        self.rows = []


_FGL = re.compile(rb"<(?P<name>CB|NR|RC|G|p)(?P<numbers>\d*(?:,\d+)?)>")
#: BOCA's stock of 5.5 by 2 inches: the rows and columns that can be printed on.
FGL_AREAS = {200: (384, 1050), 300: (576, 1575)}


def fgl_slips(sent: bytes, *, dots_per_inch: int = 200) -> list[Image.Image]:
    """The tickets that a BOCA printer prints and cuts off."""
    rows, columns = FGL_AREAS[dots_per_inch]
    tickets: list[Image.Image] = []
    ticket, row, column, at = _blank(columns, rows), 0, 0, 0
    while at < len(sent):
        command = _FGL.match(sent, at)
        if command is None:
            raise UnknownCommand(f"{sent[at : at + 12]!r} at {at}")
        at, numbers = command.end(), [int(each) for each in command["numbers"].split(b",") if each]
        match command["name"], numbers:
            case b"CB", []:
                ticket = _blank(columns, rows)
            case b"NR", []:
                pass  # not rotated
            case b"RC", [row, column]:
                pass
            case b"G", [length] if at + length <= len(sent):
                _set_columns(ticket, sent[at : at + length], row, column)
                at += length
                column += length
            case b"p", []:
                tickets.append(ticket)
                ticket = _blank(columns, rows)
            case _:
                raise UnknownCommand(command[0].decode())
    if ticket.getextrema() != (WHITE, WHITE):
        raise UnknownCommand("something is set that was not printed")
    return tickets


def _blank(width: int, height: int) -> Image.Image:
    return Image.new("L", (width, height), WHITE)


def _set_columns(ticket: Image.Image, columns: bytes, row: int, column: int) -> None:
    if row + 8 > ticket.height or column + len(columns) > ticket.width:
        raise UnknownCommand(f"graphics off the ticket, at {row},{column}")
    for x, bits in enumerate(columns, start=column):
        for y in range(8):
            if bits & 0x80 >> y:
                ticket.putpixel((x, row + y), BLACK)


def codes_on(slip: Image.Image) -> list[str]:
    """The QR codes that a phone reads on a slip."""
    edge = 20
    on_a_table = Image.new("L", (slip.width + 2 * edge, slip.height + 2 * edge), 90)
    on_a_table.paste(slip, (edge, edge))
    found = zxingcpp.read_barcodes(on_a_table, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return [code.text for code in found]


def without_margins(picture: Image.Image) -> Image.Image:
    """What is black, without the white around it."""
    box = ImageChops.invert(picture.convert("L")).getbbox()
    return picture.crop(box) if box else picture.crop((0, 0, 0, 0))
