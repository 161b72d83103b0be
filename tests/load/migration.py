"""The migration of a database that has sold many tickets, while it goes on selling.

``uv run python -m tests.load.migration --orders 100000 --from 0016`` makes a database by an earlier revision of the
schema, with that many orders, and brings it to the newest one, step by step. During that time a buyer takes a ticket as
the version before did, again and again. It prints one JSON object: the seconds of each step, the longest that the buyer
waited, whether what buyers have is what they had, and what the audit found. Not part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic.script import ScriptDirectory
from typing_extensions import override

from adapters.postgres import schema
from adapters.postgres.engine import create_sync_engine
from adapters.postgres.search_keys import fill_search_keys
from demo.embedded import EmbeddedPostgres
from tests.load.bookkeeping import SEED, audit
from tests.support.processes import clean_environment

_CATALOG: Final = """
WITH producer AS (
    INSERT INTO producers (id, name, email, currency)
    VALUES (gen_random_uuid(), 'Globe', 'office@globe.example', 'USD') RETURNING id
), financial AS (
    INSERT INTO producer_financials (producer_id, stripe_account_id, charges_enabled)
    SELECT id, 'acct_globe', true FROM producer
), show AS (
    INSERT INTO shows (id, producer_id, title, description, venue, door_time, start_time, end_time, timezone, locale,
        terms, published, cancelled)
    SELECT gen_random_uuid(), id, 'Twelfth Night', '', '', '2050-06-01 18:30Z', '2050-06-01 19:00Z',
        '2050-06-01 22:00Z', 'Europe/Berlin', 'en-US', '', true, false FROM producer RETURNING id
)
INSERT INTO tickets (id, show_id, name, description, price, is_donation_based, is_vip, quantity)
SELECT gen_random_uuid(), id, name, '', price, false, false, %(orders)s
FROM show, (VALUES ('Stalls', 5000), ('Gallery', 1001)) kinds (name, price)
RETURNING id, show_id, price
"""
#: What buyers have, as every revision since the first knows it.
_BUYERS: Final = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT concat_ws('|', o.id, o.status, o.total, o.amount_paid, o.refunded_amount, o.customer_name, o.customer_email,
        o.session_id, l.line, l.ticket_id, l.name, l.quantity, l.price_per_ticket, a.id, a.name, a.code, a.status,
        a.checked_in_at) AS line
    FROM orders o JOIN ticket_orders l ON l.order_id = o.id
    JOIN ticket_attendees a ON a.order_id = l.order_id AND a.line = l.line
) lines
"""
#: A hold that is given back: all that a checkout of the version before locks and changes, and nothing in the end.
_SALE: Final = (
    "SELECT * FROM tickets WHERE id = %(ticket)s FOR UPDATE",
    "UPDATE tickets SET held = held + 1 WHERE id = %(ticket)s",
    "SELECT * FROM orders WHERE show_id = %(show)s ORDER BY created_at DESC LIMIT 10",
    "UPDATE tickets SET held = held - 1 WHERE id = %(ticket)s",
)


class Buyer(threading.Thread):
    """Buys until it is stopped; ``waits`` are the seconds of each purchase."""

    def __init__(self, database_url: str, ids: dict[str, Any]) -> None:
        super().__init__()
        self._database_url, self._ids = database_url, ids
        self.stopped = threading.Event()
        self.waits: list[float] = []
        self.deadlocks = 0

    @override
    def run(self) -> None:
        with psycopg.connect(self._database_url) as connection:
            while not self.stopped.is_set():
                started = time.perf_counter()
                while not self._buys(connection):
                    self.deadlocks += 1
                self.waits.append(time.perf_counter() - started)
                time.sleep(0.002)

    def _buys(self, connection: psycopg.Connection) -> bool:
        """A purchase. False if it got into a deadlock, after which the software tries again."""
        try:
            for statement in _SALE:
                connection.execute(statement, self._ids, prepare=False)
            connection.commit()
        except psycopg.errors.DeadlockDetected:
            connection.rollback()
            return False
        return True


def seed(database_url: str, orders: int) -> dict[str, Any]:
    """Store the orders. Returns the ids of the show and of a ticket."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        kinds = {price: (id_, show) for id_, show, price in connection.execute(_CATALOG, {"orders": orders})}
        (first, show), (second, _) = kinds[5000], kinds[1001]
        connection.execute(SEED, {"show": show, "orders": orders, "first": first, "second": second})
        connection.execute("UPDATE tickets SET sold = %s", [orders - orders // 10])
        connection.execute("VACUUM ANALYZE")
    return {"show": show, "ticket": first}


def what_buyers_have(database_url: str) -> str:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(_BUYERS).fetchone()
    assert row
    return str(row[0])


def steps_after(revision: str) -> list[str]:
    script = ScriptDirectory.from_config(schema._config())
    newer = [each.revision for each in script.walk_revisions(revision, "head")][::-1]
    return newer[1:]


def measure(orders: int, revision: str, directory: Path) -> dict[str, object]:
    with EmbeddedPostgres(directory) as postgres:
        schema.upgrade(postgres.url, revision)
        ids = seed(postgres.url, orders)
        with create_sync_engine(postgres.url).connect() as connection:
            fill_search_keys(connection)  # as the version before did with each order
        before = what_buyers_have(postgres.url)
        buyer = Buyer(postgres.url, ids)
        buyer.start()
        seconds: dict[str, float] = {}
        try:
            for step in [*steps_after(revision), "head"]:  # the last one fills in what the steps left empty
                started = time.perf_counter()
                schema.upgrade(postgres.url, step)
                seconds[step] = round(time.perf_counter() - started, 2)
        finally:
            buyer.stopped.set()
            buyer.join()
        # The seed has no dispute, no task and no scan: what an audit finds would be the migration's.
        audited = asyncio.run(audit(clean_environment(DATABASE_URL=postgres.url)))
        return {
            "orders": orders,
            "seconds": round(sum(seconds.values()), 2),
            "seconds_by_step": seconds,
            "purchases_during_it": len(buyer.waits),
            "longest_purchase_seconds": round(max(buyer.waits), 3),
            "deadlocks": buyer.deadlocks,
            "buyers_have_what_they_had": what_buyers_have(postgres.url) == before,
            "audit": audited,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--from", dest="revision", default="0016")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = measure(arguments.orders, arguments.revision, Path(directory))
        print(json.dumps(found, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
