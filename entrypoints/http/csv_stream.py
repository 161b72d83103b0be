"""Tables as CSV, written while they are read: however long they are, the memory for them stays the same."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

from litestar.response import Stream

Item = TypeVar("Item")
Cell = str | int | bool | None

#: Rows that go out at a time.
_ROWS: Final = 500
#: A cell that begins with one of these is a formula to spreadsheets, and a formula can send the sheet anywhere.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_stream(
    filename: str, columns: Sequence[str], items: AsyncIterator[Item], row: Callable[[Item], Sequence[Cell]]
) -> Stream:
    """An answer with a row for each item, in UTF-8, under a header line. What might be a formula gets a ' in front."""
    return Stream(
        _chunks(columns, items, row),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "private, no-store"},
    )


async def _chunks(
    columns: Sequence[str], items: AsyncIterator[Item], row: Callable[[Item], Sequence[Cell]]
) -> AsyncIterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    waiting = 1
    async for item in items:
        writer.writerow([_plain(cell) for cell in row(item)])
        waiting += 1
        if waiting == _ROWS:
            yield _taken(buffer)
            waiting = 0
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell
