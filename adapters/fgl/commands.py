"""Pictures for BOCA's ticket printers, in FGL.

A ticket is sent as graphics (``<G#>``), which printers of every generation print: eight rows at a time, from left to
right, a byte for each column, the highest bit on top. Stretches of white are left out. We use neither the printer's
own letters, which are those of one code page, nor its ``<QR#>``, which older firmware prints as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PIL import Image

from application.ports.printing import SlipPicture

_ROWS_OF_A_STRIP: Final = 8
#: The most columns of one command.
_MAX_COLUMNS: Final = 100
#: White columns within a stretch that cost less than a command for the next stretch.
_WORTH_A_COMMAND: Final = 16


class FglCommands:
    """A ``SlipCommands``."""

    def commands(self, picture: SlipPicture) -> bytes:
        """Clear the buffer, set all that is black, print and cut."""
        ink = Image.frombytes("1", (picture.width, picture.height), picture.rows)
        parts = [b"<CB><NR>"]
        for row in range(0, picture.height, _ROWS_OF_A_STRIP):
            strip = _columns(ink, row)
            parts += [b"<RC%d,%d><G%d>" % (row, start, len(columns)) + columns for start, columns in _stretches(strip)]
        return b"".join([*parts, b"<p>"])


def _columns(ink: Image.Image, row: int) -> bytes:
    """A byte for each column of the eight rows from ``row`` on."""
    strip = ink.crop((0, row, ink.width, row + _ROWS_OF_A_STRIP))
    return strip.transpose(Image.Transpose.TRANSPOSE).tobytes()


def _stretches(columns: bytes) -> Iterator[tuple[int, bytes]]:
    """The parts of a strip that have something black in them, with the column where each begins."""
    white = bytes(_WORTH_A_COMMAND)
    start = 0
    while start < len(columns):
        if columns[start] == 0:
            start += 1
            continue
        end = columns.find(white, start)
        end = len(columns) if end < 0 else end
        stretch = columns[start : min(end, start + _MAX_COLUMNS)]
        yield start, stretch
        start += len(stretch)
