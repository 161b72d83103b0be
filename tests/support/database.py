"""Making a database slow, or losing it, at a chosen moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg

PATIENCE_SECONDS = 60


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection beside the application's, which commits every statement."""
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def row_locked(database_url: str, ticket_id: UUID) -> AsyncIterator[None]:
    """Whoever wants the ticket's row waits for the end of the block, in the middle of a transaction."""
    async with connected(database_url) as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM tickets WHERE id = %s FOR UPDATE", [ticket_id])
        yield


@asynccontextmanager
async def table_locked(database_url: str, table: str) -> AsyncIterator[None]:
    """Whoever writes to the table waits for the end of the block."""
    async with connected(database_url) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
        yield


async def backends_waiting(database_url: str) -> list[int]:
    """The process ids of the application's connections that wait for somebody's lock."""
    async with connected(database_url) as connection:
        cursor = await connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'piquetickets' AND wait_event_type = 'Lock'"
        )
        return [pid for (pid,) in await cursor.fetchall()]


async def until_somebody_waits(database_url: str) -> list[int]:
    """Wait until a connection of the application waits for a lock; which ones do."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (waiting := await backends_waiting(database_url)):
            await asyncio.sleep(0.01)
        return waiting


async def cut(database_url: str, pids: list[int]) -> None:
    """End these connections as a crash of the server would."""
    async with connected(database_url) as connection:
        for pid in pids:
            await connection.execute("SELECT pg_terminate_backend(%s)", [pid])
