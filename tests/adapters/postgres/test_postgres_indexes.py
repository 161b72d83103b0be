"""Queries that run every few seconds must not read a table of a million orders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import create_engine
from adapters.postgres.lookups import ORDERS_OF
from adapters.postgres.orders import OVERDUE, UNCONFIRMED, WITHOUT_SESSION
from adapters.postgres.task_admin import BACKLOG
from adapters.postgres.task_queue import DUE, UNDER_WAY
from adapters.postgres.today import EVENINGS, LOST_TASKS
from adapters.postgres.unit_of_work import PostgresDatabase
from demo.embedded import EmbeddedPostgres
from tests.contracts.builders import Theatre
from tests.load.history import write_history
from tests.load.house import OnSale
from tests.support.database import new_database

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ORDERS = 5000


@pytest.fixture(scope="module")
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    """A separate database that has sold many tickets, with statistics: the plans depend on them."""
    database_url = new_database(postgres, "indexes")
    engine = create_engine(database_url, pool_size=1)
    theatre = Theatre(quantity=ORDERS)
    async with PostgresDatabase(engine)() as uow:
        await theatre.store(uow)
        await uow.commit()
    write_history(database_url, OnSale(theatre.show, theatre.producer, theatre.stalls), begin=0, end=ORDERS)
    yield engine
    await engine.dispose()


@pytest.mark.parametrize(
    ("query", "parameters"),
    [(OVERDUE, {"now": NOW}), (WITHOUT_SESSION, {"created_before": NOW}), (UNCONFIRMED, {"checked_before": NOW})],
    ids=["overdue", "without session", "unconfirmed"],
)
async def test_orders_that_hold_tickets_are_found_by_their_index(
    engine: AsyncEngine, query: sa.Select[Any], parameters: dict[str, Any]
) -> None:
    statement = query.params(**parameters, count=10).compile(dialect=engine.dialect)
    async with engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", statement.params)
        assert "orders_holding_idx" in "\n".join(plan.scalars())


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
    parameters = {"now": NOW, "until": NOW, "kinds": ["reminder_mail"], "count": 10, "emails": ["ada@example.org"]}
    statement = query.compile(dialect=engine.dialect)
    wanted = {name: parameters[name] for name in statement.params if name in parameters}
    async with engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", {**statement.params, **wanted})
        lines = "\n".join(plan.scalars())
        assert index in lines
        assert "Index Cond" in lines


@pytest.mark.parametrize(
    ("query", "indexes", "tables"),
    [
        (EVENINGS, ["orders_returned_idx"], ["orders", "ticket_attendees"]),
        (LOST_TASKS, ["outbox_dead_idx"], ["outbox", "orders"]),
    ],
    ids=["tonight", "lost tasks"],
)
async def test_open_offices_read_no_whole_table(
    engine: AsyncEngine, query: str, indexes: list[str], tables: list[str]
) -> None:
    parameters = {"producer_id": uuid4(), "begins": NOW, "ends": NOW, "now": NOW, "missed_since": NOW}
    async with engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN {query}", parameters)
        lines = "\n".join(plan.scalars())
    assert [index for index in indexes if index not in lines] == []
    assert [table for table in tables if f"Seq Scan on {table} " in lines] == []
