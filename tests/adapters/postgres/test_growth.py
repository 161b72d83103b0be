"""Every table has a stated answer to three questions: what it grows with, how long it is kept, and what ends it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from adapters.postgres.retention import TABLES, WITH_ORDERS
from adapters.postgres.tables import metadata
from entrypoints.settings import Settings

DOCUMENT: Final = (Path(__file__).parents[3] / "docs/years.md").read_text(encoding="utf-8")
ROWS: Final = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", DOCUMENT, re.MULTILINE)
ENDS: Final = {table: end for table, _, _, end in ROWS}
#: What people do by hand ends it, a request, a worker's pass, or nothing does.
WITHOUT_RETENTION: Final = {"kept", "people", "worker", "request", "with their last membership"}


def test_every_table_is_answered_for_once() -> None:
    assert sorted(table for table, *_ in ROWS) == sorted(metadata.tables)


def test_retention_ends_exactly_the_tables_of_which_it_is_said() -> None:
    assert {table for table, end in ENDS.items() if end == "retention"} == set(TABLES.values())


@pytest.mark.parametrize(("table", "end"), ENDS.items())
def test_what_ends_a_table_exists(table: str, end: str) -> None:
    if found := re.fullmatch(r"with `(\w+)`", end):
        assert goes_with(table, found[1])
    else:
        assert end in WITHOUT_RETENTION | {"retention"}


def goes_with(table: str, owner: str) -> bool:
    """Whether the table's rows go with those of ``owner``: by the database, or by retention."""
    keys = metadata.tables[table].foreign_keys
    cascades = any(key.column.table.name == owner and key.ondelete == "CASCADE" for key in keys)
    return cascades or (owner == "orders" and table in {*WITH_ORDERS, "order_notes"})


@pytest.mark.parametrize(("table", "kept"), [(table, kept) for table, _, kept, end in ROWS if end == "kept"])
def test_what_is_kept_for_ever_has_a_reason(table: str, kept: str) -> None:
    assert kept.startswith(("for ever: ", "as its ")), table


def test_every_setting_that_is_named_exists_and_all_are_named() -> None:
    named = set(re.findall(r"KEEP_\w+_DAYS", "".join(kept for _, _, kept, _ in ROWS)))
    assert named == {name for name in Settings.__struct_encode_fields__ if name.startswith("KEEP_")}
