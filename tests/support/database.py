"""New databases; and making one slow, or losing it, at a chosen moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID, uuid4

import psycopg

from adapters.postgres import schema
from demo.embedded import EmbeddedPostgres

PATIENCE_SECONDS = 60
_TEMPLATE = "newest_schema"

#: The servers that have the template.
_prepared: set[str] = set()


def new_database(postgres: EmbeddedPostgres, what: str) -> str:
    """The URL of an empty database with the newest schema. Copying one takes a tenth of the time of migrating it."""
    if postgres.url not in _prepared:
        schema.upgrade(postgres.create_database(_TEMPLATE))
        _prepared.add(postgres.url)
    return postgres.create_database(f"{what}_{uuid4().hex}", template=_TEMPLATE)


@contextmanager
def own_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A new database, which is dropped at the end of the block."""
    url = new_database(postgres, "world")
    try:
        yield url
    finally:
        postgres.drop_database(url.rpartition("/")[2])


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
    """Lock the ticket's row until the end of the block: every other transaction that needs it waits."""
    async with connected(database_url) as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM tickets WHERE id = %s FOR UPDATE", [ticket_id])
        yield


@asynccontextmanager
async def table_locked(database_url: str, table: str) -> AsyncIterator[None]:
    """Lock the table against writes until the end of the block."""
    async with connected(database_url) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
        yield


async def backends_waiting(database_url: str) -> list[int]:
    """The process ids of the application's connections that wait for a lock."""
    async with connected(database_url) as connection:
        cursor = await connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'piquetickets' AND wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        return [pid for (pid,) in await cursor.fetchall()]


async def until_somebody_waits(database_url: str) -> list[int]:
    """Wait until a connection of the application waits for a lock. Returns which ones do."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (waiting := await backends_waiting(database_url)):
            await asyncio.sleep(0.01)
        return waiting


async def holds_never_released(database_url: str) -> list[UUID]:
    """Orders whose hold ended minutes ago, and that still hold tickets."""
    async with connected(database_url) as connection:
        cursor = await connection.execute(
            "SELECT id FROM orders WHERE status = 'pending' AND expires_at < now() - interval '3 minutes'"
        )
        return [order_id for (order_id,) in await cursor.fetchall()]


async def cut(database_url: str, pids: list[int]) -> None:
    """End these connections as a crash of the server would."""
    async with connected(database_url) as connection:
        for pid in pids:
            await connection.execute("SELECT pg_terminate_backend(%s)", [pid])
