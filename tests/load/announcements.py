"""The time to write, in one transaction, the mails to all buyers of a large show.

``uv run python -m tests.load.announcements --orders 100000``. Not part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from adapters.postgres import schema
from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from application.notifications.show_change_tasks import announce_show_change
from demo.embedded import EmbeddedPostgres
from tests.support import factories

_ORDERS = """
INSERT INTO orders (id, show_id, show_title, customer_name, customer_email, currency, subtotal, promo_code_discount,
                    platform_fees, payment_processing_fees, total, status, is_manual_order, created_at, completed_at)
SELECT gen_random_uuid(), :show_id, 'Hamlet', 'Ada Lovelace', 'buyer-' || n || '@example.org', 'USD', 0, 0, 0, 0, 0,
       'completed', false, now(), now()
FROM generate_series(1, :count) AS n
"""
_LINES = """
INSERT INTO ticket_orders (order_id, line, ticket_id, name, is_vip, quantity, price_per_ticket, unit_discount,
                           donation_amount)
SELECT id, 0, :ticket_id, 'Stalls', false, 1, 0, 0, 0 FROM orders
"""
_ATTENDEES = """
INSERT INTO ticket_attendees (id, order_id, line, name, code, status)
SELECT gen_random_uuid(), id, 0, 'Ada Lovelace', id::text, 'valid' FROM orders
"""
_REMINDERS = """
INSERT INTO outbox (id, kind, order_id, due_at, relay_at, state, attempts)
SELECT gen_random_uuid(), 'reminder_mail', id, '2049-01-01', '2049-01-01', 'pending', 0 FROM orders
"""


async def measure(database_url: str, count: int) -> dict[str, float]:
    engine = create_engine(database_url, pool_size=5)
    stalls, seller, now = factories.ticket(quantity=count), factories.producer(), datetime.now(UTC)
    show = factories.show(by=seller, id=stalls.show_id)
    async with PostgresDatabase(engine)() as uow:
        await uow.producers.add(seller)
        await uow.shows.add(show)
        await uow.tickets.add(stalls)
        await uow.commit()
    async with engine.begin() as connection:
        parameters = {"show_id": show.id, "ticket_id": stalls.id, "count": count}
        for statement in (_ORDERS, _LINES, _ATTENDEES, _REMINDERS, "ANALYZE"):
            await connection.execute(sa.text(statement), parameters)
    later = timedelta(days=1)
    moved = replace(
        show, door_time=show.door_time + later, start_time=show.start_time + later, end_time=show.end_time + later
    )
    seconds = {}
    for name, before, after in (("moved", show, moved), ("cancelled", moved, replace(moved, cancelled=True))):
        begun = time.perf_counter()
        async with PostgresDatabase(engine)() as uow:
            told = await announce_show_change(uow, before, after, now=now)
            await uow.commit()
        assert told == count
        seconds[f"{name}_seconds"] = round(time.perf_counter() - begun, 2)
    await engine.dispose()
    return {"orders": count, **seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        schema.upgrade(postgres.url)
        result = asyncio.run(measure(postgres.url, asked.orders))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
