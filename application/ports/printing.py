"""Slips for receipt and ticket printers: their design, their picture, and the printer's commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.printing import PrintArea, PrintJob


class Side(StrEnum):
    """Where a line stands. ``start`` is the left, and the right for a script that is written from there."""

    START = "start"
    CENTER = "center"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """A text in points, from ``size`` down to ``min_size`` until it fits into ``max_height`` dots.

    ``gap`` is the number of dots above it. ``is_badge``: white on black.
    """

    text: str
    size: int
    min_size: int
    max_height: int
    is_bold: bool = False
    side: Side = Side.START
    gap: int = 0
    is_badge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """A QR code in the middle, at most ``max_width`` dots wide with its quiet zone.

    It has the most correction that its size has room for, and whole dots for each module: at least four, so a phone
    reads it.
    """

    content: str
    max_width: int
    gap: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBlock:
    """A line across the column, ``gap`` dots below what is above it."""

    gap: int = 0
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceBlock:
    """A number of dots that stay white."""

    height: int


Block = TextBlock | CodeBlock | RuleBlock | SpaceBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Blocks one below the other, from ``x`` on, ``width`` dots wide."""

    x: int
    width: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """The design of one slip: columns beside each other. ``title`` names it for people who do not see it."""

    title: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class SlipPicture:
    """A picture in black and white: rows from the top, eight dots a byte, the left one first; 1 is black."""

    width: int
    height: int
    rows: bytes

    @property
    def row_bytes(self) -> int:
        """The number of bytes of a row; the dots behind ``width`` are white."""
        return -(-self.width // 8)


class SlipPictures(Protocol):
    async def draw(self, slips: Sequence[Slip], area: PrintArea) -> list[SlipPicture]:
        """A picture of each slip, as wide as the area, and as high, or as high as needed.

        The event loop stays free while they are drawn.
        """
        ...


class SlipCommands(Protocol):
    def commands(self, picture: SlipPicture) -> bytes:
        """What a printer is sent to print the picture on one slip, and to cut it off."""
        ...


class PrintJobRepo(Protocol):
    async def add(self, job: PrintJob) -> None:
        """Store a job. Raises StorageConflict if one with its id is stored."""
        ...

    async def get(self, job_id: UUID) -> PrintJob | None: ...

    async def lock(self, job_id: UUID) -> PrintJob | None:
        """The job, locked until the transaction ends."""
        ...

    async def lock_open(self, printer_id: UUID) -> list[PrintJob]:
        """The printer's jobs that are not over, oldest first, locked until the transaction ends."""
        ...

    async def has_open(self, printer_id: UUID) -> bool:
        """Whether a job of the printer is not over. A printer asks each second."""
        ...

    async def save(self, job: PrintJob) -> None:
        """Write everything of the job that can change."""
        ...

    async def of_order(self, order_id: UUID) -> list[PrintJob]:
        """The order's jobs, newest first."""
        ...

    async def of_printer(self, printer_id: UUID, *, limit: int) -> list[PrintJob]:
        """The printer's jobs, newest first."""
        ...
