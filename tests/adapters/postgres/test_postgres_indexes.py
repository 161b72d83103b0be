"""What runs every few seconds must not read a table of a million orders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.orders import OVERDUE, UNCONFIRMED, WITHOUT_SESSION

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "parameters", "index"),
    [
        (OVERDUE, {"now": NOW}, "orders_holding_idx"),
        (WITHOUT_SESSION, {"created_before": NOW}, "Index Cond: (session_id IS NULL)"),
        (UNCONFIRMED, {"checked_before": NOW}, "orders_holding_idx"),
    ],
    ids=["overdue", "without session", "unconfirmed"],
)
async def test_orders_that_hold_tickets_are_found_by_their_index(
    engine: AsyncEngine, query: sa.Select[Any], parameters: dict[str, Any], index: str
) -> None:
    statement = query.params(**parameters, count=10).compile(dialect=engine.dialect)
    async with engine.connect() as connection:
        # The tests' table is so small that reading all of it would be quicker.
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", statement.params)
        assert index in "\n".join(plan.scalars())
