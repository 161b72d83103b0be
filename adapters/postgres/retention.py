"""Retention in PostgreSQL.

It goes through a table by the physical places of its rows, some pages at a time. So each piece takes the same short
time in a table of any size, and sales need not maintain an index for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.errors import translated
from adapters.postgres.personal_data import erasures
from application.ports.retention import Disposable
from domain.customer import ERASED_EMAIL, ERASED_NAME
from domain.disputes import UNDECIDED
from domain.tasks import TaskKind

#: Pages of 8 KiB in one piece: some hundred orders. With 100,000 unpaid orders with their lines and tasks, a piece
#: takes a tenth of a second on two busy processors.
PAGES: Final = 16

TABLES: Final[Mapping[Disposable, str]] = {
    Disposable.TASKS: "outbox",
    Disposable.EVENTS: "payment_events",
    Disposable.UNPAID_ORDERS: "orders",
    Disposable.SCANS: "scans",
    Disposable.AUDIT_LOG: "audit_log",
    Disposable.JOBS: "jobs",
    Disposable.PRINT_JOBS: "print_jobs",
    Disposable.OFFICE_SESSIONS: "office_sessions",
    Disposable.SIGN_IN_LINKS: "sign_in_links",
    Disposable.PASSKEY_CHALLENGES: "passkey_challenges",
    Disposable.INVITATIONS: "invitations",
    Disposable.PAIRINGS: "pairings",
    Disposable.DEVICES: "devices",
    Disposable.PERSONAL_DATA: "orders",
}
_UNDECIDED: Final = ", ".join(f"'{each}'" for each in sorted(UNDECIDED))
_ARE_OLD: Final[Mapping[Disposable, str]] = {
    Disposable.TASKS: "state = 'done' AND due_at < :before",
    Disposable.EVENTS: "handled_at < :before AND last_error IS NULL",
    Disposable.UNPAID_ORDERS: """
        status IN ('expired', 'payment_failed', 'cancelled') AND completed_at IS NULL AND created_at < :before
        AND coalesce(expires_at < :before, true)
        AND amount_paid = 0 AND refunded_amount = 0 AND charge_id IS NULL AND NOT disputed
        AND NOT EXISTS (SELECT FROM outbox WHERE order_id = orders.id AND state <> 'done')
        AND NOT EXISTS (SELECT FROM refunds WHERE order_id = orders.id)
        AND NOT EXISTS (SELECT FROM duplicate_payments WHERE order_id = orders.id)
        AND NOT EXISTS (SELECT FROM order_notes WHERE order_id = orders.id)
        AND NOT EXISTS (SELECT FROM show_refund_refusals WHERE order_id = orders.id)
        AND NOT EXISTS (SELECT FROM ticket_attendees WHERE order_id = orders.id)
    """,
    Disposable.SCANS: "(result <> 'admitted' OR undone_at IS NOT NULL) AND received_at < :before",
    Disposable.AUDIT_LOG: "at < :before",
    Disposable.JOBS: "created_at < :before",
    Disposable.PRINT_JOBS: "asked_at < :before",
    Disposable.OFFICE_SESSIONS: "last_seen_at < :before",
    Disposable.SIGN_IN_LINKS: "expires_at < :before",
    Disposable.PASSKEY_CHALLENGES: "expires_at < :before",
    Disposable.INVITATIONS: "sent_at < :before",
    Disposable.PAIRINGS: "created_at < :before",
    Disposable.DEVICES: "revoked_at < :before",
    Disposable.PERSONAL_DATA: f"""
        (customer_email <> '{ERASED_EMAIL}' OR customer_name <> '{ERASED_NAME}')
        AND status NOT IN ('pending', 'processing')
        AND show_id IN (SELECT id FROM shows WHERE end_time < :before)
        AND NOT EXISTS (SELECT FROM outbox WHERE order_id = orders.id AND state <> 'done')
        AND NOT EXISTS (
            SELECT FROM refunds WHERE order_id = orders.id AND status IN ('requested', 'pending', 'requires_action')
        )
        AND NOT EXISTS (
            SELECT FROM disputes WHERE order_id = orders.id AND status IN ({_UNDECIDED})
        )
    """,  # noqa: S608  # nothing in it comes from outside
}
#: Tables whose rows are deleted with the order that they belong to.
WITH_ORDERS: Final = ("outbox", "ticket_orders")
# The transfer at Stripe names the customer, too. A house's first anonymous year may be 100,000 orders: over a day, they
# are one call a second, which delays no refund.
_DESCRIBE_TRANSFERS: Final = f"""
    INSERT INTO outbox (id, kind, order_id, due_at, relay_at, details, state, attempts)
    SELECT gen_random_uuid(), '{TaskKind.DESCRIBE_TRANSFER}', id, moment, moment, '{{}}', 'pending', 0
    FROM (
        SELECT id, now() + random() * interval '1 day' AS moment
        FROM orders WHERE id = ANY (:ids) AND charge_id IS NOT NULL
    ) charged
"""  # noqa: S608
_BLOCK_SIZE: Final = sa.text("SELECT pg_relation_size(CAST(:name AS regclass)) / current_setting('block_size')::int")


class PostgresRetention:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def count(self, what: Disposable, *, before: datetime) -> int:
        query = f"SELECT count(*) FROM {TABLES[what]} WHERE {_ARE_OLD[what]}"  # noqa: S608
        async with self._transaction() as connection:
            await connection.execute(sa.text("SET LOCAL statement_timeout = '600s'"))
            return int(await connection.scalar(sa.text(query), {"before": before}) or 0)

    async def delete(self, what: Disposable, *, before: datetime) -> AsyncIterator[int]:
        async with self._transaction() as connection:
            pages = int(await connection.scalar(_BLOCK_SIZE, {"name": TABLES[what]}) or 0)
        for first in range(0, pages, PAGES):
            async with self._transaction() as connection:
                deleted = await _delete_piece(connection, what, first, before)
            yield deleted

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from error


async def _delete_piece(connection: AsyncConnection, what: Disposable, first_page: int, before: datetime) -> int:
    table = TABLES[what]
    old = f"""
        SELECT ctid FROM {table}
        WHERE ctid >= CAST(:first AS tid) AND ctid < CAST(:end AS tid) AND {_ARE_OLD[what]}
        FOR UPDATE SKIP LOCKED
    """  # noqa: S608  # nothing in it comes from outside
    places = {"first": f"({first_page},0)", "end": f"({first_page + PAGES},0)", "before": before}
    if table != "orders":
        delete = f"DELETE FROM {table} WHERE ctid = ANY (ARRAY({old}))"  # noqa: S608
        return (await connection.execute(sa.text(delete), places)).rowcount
    ids = f"SELECT id FROM orders WHERE ctid = ANY (ARRAY({old}))"  # noqa: S608
    found = list((await connection.scalars(sa.text(ids), places)).all())
    await (_erase(connection, found) if what is Disposable.PERSONAL_DATA else _delete_orders(connection, found))
    return len(found)


async def _delete_orders(connection: AsyncConnection, order_ids: list[UUID]) -> None:
    for table, key in (*((each, "order_id") for each in WITH_ORDERS), ("orders", "id")):
        await connection.execute(sa.text(f"DELETE FROM {table} WHERE {key} = ANY (:ids)"), {"ids": order_ids})  # noqa: S608


async def _erase(connection: AsyncConnection, order_ids: list[UUID]) -> None:
    if order_ids:
        for statement in erasures(order_ids):
            await connection.execute(statement)
        await connection.execute(sa.text(_DESCRIBE_TRANSFERS), {"ids": order_ids})
