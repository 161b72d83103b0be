"""What runs every few seconds must not read a table of a million orders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.lookups import ORDERS_OF
from adapters.postgres.orders import OVERDUE, UNCONFIRMED, WITHOUT_SESSION
from adapters.postgres.outbox import BACKLOG, DUE, UNDER_WAY

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


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (DUE, "outbox_relay_idx"),
        (UNDER_WAY, "outbox_relay_idx"),
        (BACKLOG, "outbox_relay_idx"),
        (ORDERS_OF, "orders_customer_email_idx"),
    ],
    ids=["due", "under way", "backlog", "orders of an address"],
)
async def test_what_the_relay_and_a_lookup_want_is_found_by_its_index(
    engine: AsyncEngine, query: sa.Select[Any], index: str
) -> None:
    parameters = {"now": NOW, "until": NOW, "kinds": ["reminder_mail"], "count": 10, "email": "ada@example.org"}
    statement = query.compile(dialect=engine.dialect)
    wanted = {name: parameters[name] for name in statement.params if name in parameters}
    async with engine.connect() as connection:
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", {**statement.params, **wanted})
        lines = "\n".join(plan.scalars())
        assert index in lines
        assert "Index Cond" in lines
