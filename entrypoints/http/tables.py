"""A table for export, before it becomes CSV or XLSX."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from zoneinfo import ZoneInfo

Cell = str | int | bool | Decimal | date | datetime | None


class Kind(Enum):
    """The kind of a column's cells: ``MONEY`` in the currency's main unit, ``MOMENT`` an aware datetime, ``DAY`` a
    date.
    """

    TEXT = auto()
    COUNT = auto()
    FLAG = auto()
    MONEY = auto()
    MOMENT = auto()
    DAY = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` is the number of characters that a person expects in it."""

    name: str
    kind: Kind = Kind.TEXT
    width: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``filename`` has no extension.

    ``title`` names the sheet, ``places`` are the decimal places of its amounts, ``timezone`` is the venue's.
    """

    filename: str
    title: str
    columns: Sequence[Column]
    rows: AsyncIterator[Sequence[Cell]]
    places: int
    timezone: ZoneInfo
