"""Many rows in one statement, for ``Connection.write``.

They travel as one JSON array: that takes the fewest steps in Python, and one in SQL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

_encoder = msgspec.json.Encoder()


def rows_json(rows: Iterable[dict[str, Any]]) -> str:
    """Rows as the parameter of the statements below."""
    return _encoder.encode(list(rows)).decode()


def records(table: sa.Table, parameter: str) -> str:
    """The JSON array in ``parameter`` as rows of the table's type; missing columns are NULL."""
    return f"json_populate_recordset(NULL::{table.name}, %({parameter})s)"


def insert_of(table: sa.Table, parameter: str, *, later: Collection[str] = ()) -> str:
    """An INSERT of every row in the JSON array in ``parameter``, without the columns that are written ``later``."""
    columns = ", ".join(column.name for column in table.columns if column.name not in later)
    return f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {records(table, parameter)}"  # noqa: S608


def update_of(table: sa.Table, columns: Iterable[str], parameter: str, **computed: str) -> str:
    """An UPDATE of these columns of every row in the JSON array in ``parameter``, found by its id.

    ``computed`` columns are set to their expression, which may use the table's row and the ``new`` one.
    """
    assigned = {**{column: f"new.{column}" for column in columns}, **computed}
    changes = ", ".join(f"{column} = {value}" for column, value in assigned.items())
    return f"UPDATE {table.name} SET {changes} FROM {records(table, parameter)} AS new WHERE {table.name}.id = new.id"  # noqa: S608
