"""Tables that are longer than a sheet."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from zoneinfo import ZoneInfo

import pytest
from anyio import CancelScope
from openpyxl import load_workbook

from entrypoints.http.tables import Cell, Column, Kind, Table
from entrypoints.http.xlsx_file import xlsx_chunks


async def rows(count: int) -> AsyncIterator[Sequence[Cell]]:
    for number in range(count):
        yield (number, f"text {number}")


async def book_of(count: int, max_rows: int) -> list[list[list[object]]]:
    table = Table(
        filename="numbers",
        title="Numbers",
        columns=(Column("number", Kind.COUNT), Column("text")),
        rows=rows(count),
        places=2,
        timezone=ZoneInfo("UTC"),
    )
    content = b"".join([chunk async for chunk in xlsx_chunks(table, max_rows=max_rows)])
    book = load_workbook(io.BytesIO(content))
    return [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets]


@pytest.mark.parametrize(("count", "lengths"), [(0, [0]), (1, [1]), (9, [9]), (10, [9, 1]), (19, [9, 9, 1])])
async def test_what_a_sheet_cannot_hold_goes_on_in_another(count: int, lengths: list[int]) -> None:
    sheets = await book_of(count, max_rows=10)
    assert [len(sheet) - 1 for sheet in sheets] == lengths
    assert all(sheet[0] == ["number", "text"] for sheet in sheets)
    assert [row[0] for sheet in sheets for row in sheet[1:]] == list(range(count))


async def test_rows_of_several_batches_are_all_there() -> None:
    [sheet] = await book_of(1234, max_rows=10_000)
    assert len(sheet) == 1235


async def test_a_reader_who_goes_away_leaves_no_file_behind() -> None:
    table = Table(
        filename="numbers",
        title="Numbers",
        columns=(Column("number", Kind.COUNT), Column("text")),
        rows=rows(5000),
        places=2,
        timezone=ZoneInfo("UTC"),
    )
    chunks = xlsx_chunks(table)
    await anext(chunks)
    await chunks.aclose()


@pytest.mark.parametrize("batches", range(4))
async def test_a_reader_who_goes_away_while_it_is_made_leaves_no_file_behind(batches: int) -> None:
    """As the server ends an answer: by a scope that cancels every wait, also those that clean up."""
    with CancelScope() as scope:

        async def until_cancelled() -> AsyncIterator[Sequence[Cell]]:
            async for row in rows(500 * batches + 1):
                yield row
            scope.cancel()
            await asyncio.sleep(0)

        table = Table(
            filename="numbers",
            title="Numbers",
            columns=(Column("number", Kind.COUNT), Column("text")),
            rows=until_cancelled(),
            places=2,
            timezone=ZoneInfo("UTC"),
        )
        async for _ in xlsx_chunks(table):
            pytest.fail("a file for no one")
    assert scope.cancelled_caught
