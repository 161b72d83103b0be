"""Tables as CSV, written while they are read: memory stays the same for any length.

CSV is for programs: UTF-8 without a byte order mark, amounts with a decimal point, moments in UTC. For a spreadsheet,
people take XLSX, whose cells have types.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from litestar.response import Stream

from entrypoints.http.tables import Cell, Kind, Table

#: Rows that are sent at a time.
_ROWS: Final = 500
_CHUNK_BYTES: Final = 64 * 1024
#: A spreadsheet reads a cell that begins with one of these as a formula, and a formula can send the sheet anywhere.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A phone number in E.164 is harmless, even if a program reads it as a formula.
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")


def csv_stream(table: Table, *, is_one_read: bool = False) -> Stream:
    """An answer with a row for each item, in UTF-8, under a header line. A possible formula gets a ' in front.

    Each moment has a second column at the end, ``…_local``: the venue's date and time as spreadsheets read them.
    ``is_one_read``: the rows come out of one transaction, which must not last as long as a slow client reads. So they
    are all read first, onto disk.
    """
    return Stream(
        _from_disk(csv_chunks(table)) if is_one_read else csv_chunks(table),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{table.filename}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


async def _from_disk(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    with tempfile.TemporaryFile() as file:
        async for chunk in chunks:
            file.write(chunk)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


async def csv_chunks(table: Table) -> AsyncIterator[bytes]:
    """The bytes of the file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    moments = [index for index, column in enumerate(table.columns) if column.kind is Kind.MOMENT]
    writer.writerow(
        [*(column.name for column in table.columns), *(f"{table.columns[index].name}_local" for index in moments)]
    )
    waiting = 1
    async for row in table.rows:
        writer.writerow([*map(_plain, row), *_local(row, moments, table.timezone)])
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


def _plain(cell: Cell) -> str | int | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return str(cell)
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _PHONE.match(cell):
        return f"'{cell}"
    return cell


def _local(row: Sequence[Cell], moments: Sequence[int], timezone: ZoneInfo) -> Iterator[str]:
    for index in moments:
        moment = row[index]
        yield f"{moment.astimezone(timezone):%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else ""
