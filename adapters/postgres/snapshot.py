"""Read-only transactions with one snapshot (REPEATABLE READ)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.errors import translated


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Raises StorageUnavailable."""
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise translated(error) from error


@asynccontextmanager
async def same_snapshot(engine: AsyncEngine, count: int) -> AsyncIterator[list[AsyncConnection]]:
    """Several transactions that all see what the first one sees. Raises StorageUnavailable."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(snapshot(engine))
        name = await first.scalar(sa.text("SELECT pg_export_snapshot()"))
        others = [await stack.enter_async_context(snapshot(engine)) for _ in range(count - 1)]
        for other in others:
            await other.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{name}'")
        yield [first, *others]
