"""Tables as XLSX: cells with types, which any spreadsheet in any language can sum and sort."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from anyio import CancelScope
from litestar.response import Stream
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from entrypoints.http.tables import Cell, Kind, Table

#: The media type.
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Rows that a sheet can have (ECMA-376), including the header. More rows go into another sheet.
MAX_ROWS: Final = 1_048_576
#: Rows that are written at a time, in a thread.
_BATCH: Final = 500
_CHUNK_BYTES: Final = 64 * 1024


def xlsx_stream(table: Table, *, sums: Sequence[Table] = ()) -> Stream:
    """An answer with the table as XLSX, behind those of ``sums``.

    Moments are the venue's local time. Names, codes and phone numbers are text, which no spreadsheet computes.
    """
    return Stream(
        xlsx_chunks(table, sums=sums),
        media_type=XLSX,
        headers={
            "Content-Disposition": f'attachment; filename="{table.filename}.xlsx"',
            "Cache-Control": "private, no-store",
        },
    )


async def xlsx_chunks(
    table: Table, *, sums: Sequence[Table] = (), max_rows: int = MAX_ROWS
) -> AsyncGenerator[bytes, None]:
    """The bytes of the file: one sheet, and more if a sheet is full. The sheets of ``sums`` stand before it, and are
    read after it: they can have what it adds up to.

    The file is made on disk, so its memory stays small; the disk space is always freed: after the file is closed,
    also if its reader goes away in the middle.
    """
    with tempfile.TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True, "strings_to_urls": False})
        try:
            added_up = [_Sheets(book, each, max_rows) for each in sums]
            for sheets in (_Sheets(book, table, max_rows), *added_up):
                await sheets.fill()
        finally:
            await _in_thread(book.close)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


async def _in_thread(work: Callable[..., object], *arguments: object) -> None:
    """Do it in a thread, and wait for its end also if the reader goes away: two threads must not share a file."""
    with CancelScope(shield=True):
        await asyncio.to_thread(work, *arguments)


class _Sheets:
    """The sheets of one table."""

    def __init__(self, book: Workbook, table: Table, max_rows: int) -> None:
        self._table = table
        self._max_rows = max_rows
        self._book = book
        self._header = self._book.add_format({"bold": True, "bottom": 1})
        decimals = f".{'0' * table.places}" if table.places else ""
        self._formats: dict[Kind, Format] = {
            Kind.MONEY: self._book.add_format({"num_format": f"#,##0{decimals}"}),
            Kind.MOMENT: self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            Kind.DAY: self._book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        self._sheets = 0
        self._row = 0
        self._sheet = self._next_sheet()

    async def fill(self) -> None:
        """Write the table's rows. The sheet is finished also if they end with an error."""
        try:
            waiting: list[Sequence[Cell]] = []
            async for row in self._table.rows:
                waiting.append(row)
                if len(waiting) == _BATCH:
                    await _in_thread(self._write, waiting)
                    waiting = []
            await _in_thread(self._write, waiting)
        finally:
            self._finish_sheet()

    def _write(self, rows: Sequence[Sequence[Cell]]) -> None:
        for row in rows:
            if self._row == self._max_rows:
                self._finish_sheet()
                self._sheet = self._next_sheet()
            for column, cell in enumerate(row):
                self._write_cell(column, cell)
            self._row += 1

    def _next_sheet(self) -> Worksheet:
        self._sheets += 1
        sheet = self._book.add_worksheet(
            self._table.title if self._sheets == 1 else f"{self._table.title} {self._sheets}"
        )
        sheet.freeze_panes(1, 0)
        for index, column in enumerate(self._table.columns):
            sheet.set_column(index, index, column.width)
            sheet.write_string(0, index, column.name, self._header)
        self._row = 1
        return sheet

    def _finish_sheet(self) -> None:
        self._sheet.autofilter(0, 0, self._row - 1, len(self._table.columns) - 1)

    def _write_cell(self, column: int, cell: Cell) -> None:
        look = self._formats.get(self._table.columns[column].kind)
        if isinstance(cell, bool):
            self._sheet.write_boolean(self._row, column, cell)
        elif isinstance(cell, datetime):
            local = cell.astimezone(self._table.timezone).replace(tzinfo=None, microsecond=0)
            self._sheet.write_datetime(self._row, column, local, look)
        elif isinstance(cell, date):
            self._sheet.write_datetime(self._row, column, datetime.combine(cell, time()), look)
        elif isinstance(cell, Decimal | int):
            self._sheet.write_number(self._row, column, cell, look)
        elif cell:
            self._sheet.write_string(self._row, column, cell)
