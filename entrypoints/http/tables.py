"""A table that a producer takes away, before it becomes CSV or XLSX."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from zoneinfo import ZoneInfo

Cell = str | int | bool | Decimal | datetime | None


class Kind(Enum):
    """What a column's cells are: ``MONEY`` in the currency's own unit, ``MOMENT`` an aware datetime."""

    TEXT = auto()
    COUNT = auto()
    FLAG = auto()
    MONEY = auto()
    MOMENT = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` is the number of characters that a person expects in it."""

    name: str
    kind: Kind = Kind.TEXT
    width: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``filename`` has no ending. ``title`` names the sheet, ``places`` are the decimal places of its amounts,
    ``timezone`` is the venue's.
    """

    filename: str
    title: str
    columns: Sequence[Column]
    rows: AsyncIterator[Sequence[Cell]]
    places: int
    timezone: ZoneInfo
