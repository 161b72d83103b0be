"""A CSV file has what its cells say one by one, however fast it is written."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from entrypoints.http.csv_stream import _plain, csv_chunks
from entrypoints.http.tables import Cell, Column, Kind, Table

_ZONE = ZoneInfo("America/St_Johns")
_NOON = datetime(2026, 11, 1, 12, 0, 0, 999_999, UTC)
#: Cells by the kind of their column; each kind also meets those of others.
_CELLS: dict[Kind, tuple[Cell, ...]] = {
    Kind.TEXT: ("=1", "+49 30", "+493012345678", "@x", "-", "\tx", "\n", "＝", "", "a,b", '"q"', "عبد", " x ", None),
    Kind.COUNT: (0, -1, 10**12, None),
    Kind.FLAG: (True, False, None),
    Kind.MONEY: (Decimal("0.00"), Decimal("-54.84"), Decimal(5484), Decimal("0.001"), None),
    Kind.MOMENT: (_NOON, _NOON.astimezone(_ZONE), _NOON - timedelta(days=200), None),
    Kind.DAY: (_NOON.date(), None),
}
_ALL = [cell for cells in _CELLS.values() for cell in cells]


async def _rows(rows: Sequence[Sequence[Cell]]) -> AsyncIterator[Sequence[Cell]]:
    for row in rows:
        yield row


def _expected(table: Table, rows: Sequence[Sequence[Cell]]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    moments = [index for index, column in enumerate(table.columns) if column.kind is Kind.MOMENT]
    writer.writerow([*(c.name for c in table.columns), *(f"{table.columns[index].name}_local" for index in moments)])
    for row in rows:
        local = [
            f"{cell.astimezone(_ZONE):%Y-%m-%d %H:%M:%S}" if isinstance(cell := row[index], datetime) else ""
            for index in moments
        ]
        writer.writerow([*map(_plain, row), *local])
    return file.getvalue().encode()


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1300])
async def test_a_file_has_its_cells_one_by_one(count: int) -> None:
    chance = random.Random(count)  # noqa: S311  # the same cells in every run
    kinds = [*Kind, *Kind]
    rows = [[chance.choice(_CELLS[kind] if chance.random() < 0.9 else _ALL) for kind in kinds] for _ in range(count)]
    table = Table(
        filename="f",
        title="t",
        columns=[Column(f"c{index}", kind) for index, kind in enumerate(kinds)],
        rows=_rows(rows),
        places=2,
        timezone=_ZONE,
    )
    assert b"".join([chunk async for chunk in csv_chunks(table)]) == _expected(table, rows)
