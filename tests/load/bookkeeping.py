"""The producer's exports and report, and the audit, with very many orders.

``uv run python -m tests.load.bookkeeping --orders 100000`` stores that many paid orders of one show in a separate
database, exports them through ``piquetickets serve`` while it watches the server's memory, reads the reports, and runs
the audit. It prints one JSON object; ``--reports`` measures the reports alone. Not part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import aiohttp
import psutil

from adapters.postgres import schema
from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.access.audit_log import AuditLog
from application.catalog.producers import IssueToken
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from domain.access import Scope
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.load.house import WEBHOOK_SECRET
from tests.support import factories
from tests.support.database import connected
from tests.support.processes import run, running_command, until_ready
from tests.support.server import free_port

MIB = 1024 * 1024
SAMPLE_SECONDS = 0.05
#: A million orders on a busy machine; the command's own statements may take 600 s each.
AUDIT_SECONDS = 900

SEED = """
WITH made AS (
    INSERT INTO orders (id, show_id, show_title, customer_name, customer_email, currency, subtotal, promo_code_discount,
        platform_fees, payment_processing_fees, total, amount_paid, status, is_manual_order, created_at, completed_at,
        session_id, payment_intent_id, refunded_amount)
    SELECT gen_random_uuid(), %(show)s, 'Twelfth Night', 'Zoë Øst', 'zoe' || n || '@example.org', 'USD', 6001, 0,
        300, 213, 6514, 6514, CASE WHEN n %% 10 = 0 THEN 'refunded' ELSE 'completed' END, false,
        now() - n * interval '1 second', now() - n * interval '1 second', 'cs_' || n, 'pi_' || n,
        CASE WHEN n %% 10 = 0 THEN 6514 ELSE 0 END
    FROM generate_series(1, %(orders)s) n
    RETURNING id, status, refunded_amount
), refunded AS (
    INSERT INTO refunds (id, order_id, sequence, amount, refund_fees, reason, created_at, status, made_at_stripe)
    SELECT gen_random_uuid(), id, 1, refunded_amount, true, '', now(), 'succeeded', false
    FROM made WHERE refunded_amount > 0
), lines AS (
    INSERT INTO ticket_orders (order_id, line, ticket_id, name, is_vip, quantity, price_per_ticket, unit_discount,
        donation_amount)
    SELECT made.id, kinds.line, kinds.ticket, 'Stalls', false, 1, kinds.price, 0, 0
    FROM made CROSS JOIN (VALUES (0, %(first)s::uuid, 5000), (1, %(second)s::uuid, 1001)) kinds (line, ticket, price)
)
INSERT INTO ticket_attendees (id, order_id, line, name, code, status, restocked)
SELECT gen_random_uuid(), made.id, line, 'Zoë Øst', gen_random_uuid()::text,
    CASE WHEN made.status = 'refunded' THEN 'void' ELSE 'valid' END, made.status = 'refunded'
FROM made CROSS JOIN generate_series(0, 1) line
"""


async def seed(database_url: str, orders: int) -> tuple[UUID, str]:
    """The show, and a token for it."""
    seller = factories.producer()
    show = factories.show(by=seller)
    kinds = [factories.ticket(of=show, price=price, quantity=orders) for price in (5000, 1001)]
    engine = create_engine(database_url, pool_size=2)
    clock, ids = SystemClock(), SystemIds()
    async with PostgresDatabase(engine)() as uow:
        await uow.producers.add(seller)
        await uow.shows.add(show)
        for kind in kinds:
            await uow.tickets.add(kind)
        await uow.commit()
    issue_token = IssueToken(PostgresDatabase(engine), clock, ids, AuditLog(clock, ids))
    issued = await issue_token(producer_id=seller.id, name="load", scopes=[Scope.ORDERS])
    await engine.dispose()
    async with connected(database_url) as connection:
        await connection.execute(SEED, {"show": show.id, "orders": orders, "first": kinds[0].id, "second": kinds[1].id})
        await connection.execute("UPDATE tickets SET sold = %s", [orders - orders // 10])
        await connection.execute("ANALYZE")
    return show.id, issued.secret


class Memory:
    """Watches the resident memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self.start = self.peak = self._now()

    async def watch(self) -> None:
        while True:
            self.peak = max(self.peak, self._now())
            await asyncio.sleep(SAMPLE_SECONDS)

    def _now(self) -> float:
        return float(sum(p.memory_info().rss for p in [self._root, *self._root.children(recursive=True)])) / MIB


async def download(client: aiohttp.ClientSession, path: str, memory: Memory) -> dict[str, float]:
    """Read an answer to its end without keeping it."""
    before, started, size, lines = memory.peak, time.perf_counter(), 0, 0
    first_byte = 0.0
    async with client.get(path) as answer:
        assert answer.ok, await answer.text()
        async for chunk in answer.content.iter_any():
            first_byte = first_byte or time.perf_counter() - started
            size += len(chunk)
            lines += chunk.count(b"\n")
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "seconds_to_first_byte": round(first_byte, 3),
        "mib": round(size / MIB, 1),
        "lines": lines,
        "peak_grew_mib": round(memory.peak - before, 1),
    }


#: What is read of a show, and of its producer.
LISTS = ("orders.csv", "attendees.csv", "orders?limit=100", "orders?q=zoe77777")
REPORTS = ("report", "report.csv", "report.xlsx")


async def measure(orders: int, directory: Path, *, only_reports: bool = False) -> dict[str, object]:
    with EmbeddedPostgres(directory) as postgres, EmbeddedRedis(directory) as redis:
        schema.upgrade(postgres.url)
        show_id, token = await seed(postgres.url, orders)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        settings = Settings(
            database_url=postgres.url,
            redis_url=redis.url,
            public_url=url,
            stripe_api_key="sk_test_load",
            stripe_webhook_secret=WEBHOOK_SECRET,
            log_level="ERROR",
        )
        environment = environment_of(settings)
        found: dict[str, object] = {"orders": orders}
        async with (
            running_command("serve", "--port", str(port), "--workers", "1", environment=environment) as server,
            aiohttp.ClientSession(
                url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=aiohttp.ClientTimeout(total=None, sock_read=60),  # an export takes minutes; a pause does not
            ) as client,
        ):
            await until_ready(url)
            base = f"/api/v1/producer/shows/{show_id}"
            await download(client, f"{base}/orders", Memory(server.pid))
            memory = Memory(server.pid)
            watching = asyncio.create_task(memory.watch())
            found["server_rss_start_mib"] = round(memory.start, 1)
            for name in ("report", *(() if only_reports else LISTS)):
                found[f"show's {name}"] = await download(client, f"{base}/{name}", memory)
            for name in REPORTS:
                found[name] = await download(client, f"/api/v1/producer/{name}", memory)
            found["server_rss_peak_mib"] = round(memory.peak, 1)
            watching.cancel()
        if not only_reports:
            found["audit"] = await audit(environment)
    return found


async def audit(environment: Mapping[str, str]) -> dict[str, object]:
    """The command, from its start to its end."""
    started = time.perf_counter()
    finished = await run("audit", "--json", environment=environment, seconds=AUDIT_SECONDS)
    seconds = round(time.perf_counter() - started, 2)
    off = {check["name"]: check["findings"] for check in json.loads(finished.out)["checks"] if check["findings"]}
    return {"seconds": seconds, "exit_code": finished.code, "findings": off}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--reports", action="store_true", help="only the reports")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        measured = measure(asked.orders, Path(directory), only_reports=asked.reports)
        print(json.dumps(asyncio.run(measured), indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
