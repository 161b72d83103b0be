"""``piquetickets audit`` on a correct database and on a corrupt one; one code at many doors."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp
import pytest

from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.access.audit_log import AuditLog
from application.catalog.producers import IssueToken
from demo.embedded import EmbeddedPostgres
from domain.access import Scope
from entrypoints.cli.engines import environment_of
from tests.support.box_office import BoxOffice, Json
from tests.support.database import connected
from tests.support.factories import ticket
from tests.support.processes import run
from tests.support.stripe_world import ManyProcesses, execute, many_processes

SCANNERS = 50


@pytest.fixture(scope="module")
async def processes(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[ManyProcesses]:
    async with many_processes(postgres, redis_url, servers=3) as started:
        yield started


async def free_order(box_office: BoxOffice) -> tuple[UUID, Json]:
    """The producer's id, and an order of two tickets."""
    on_sale = await box_office.put_on_sale(ticket(price=0))
    placed = (await box_office.checkout(on_sale.cart(2))).created()
    return on_sale.producer.id, (await box_office.order(placed)).body


async def scanners_token(processes: ManyProcesses, producer_id: UUID) -> str:
    clock, ids = SystemClock(), SystemIds()
    issue_token = IssueToken(processes.box_office.unit_of_work, clock, ids, AuditLog(clock, ids))
    return (await issue_token(producer_id=producer_id, name="doors", scopes=[Scope.CHECKIN])).secret


async def test_fifty_scanners_at_several_processes_admit_one(processes: ManyProcesses) -> None:
    producer_id, order = await free_order(processes.box_office)
    headers = {"Authorization": f"Bearer {await scanners_token(processes, producer_id)}"}
    code = order["attendees"][0]["code"]

    async def scan(number: int) -> str:
        # A connection each, so the kernel spreads the scanners over the processes.
        async with aiohttp.ClientSession(processes.settings.public_url, headers=headers) as scanner:
            body = {"code": code, "show_id": order["show"]["id"], "device_id": f"door {number}"}
            async with scanner.post("/api/v1/producer/checkin", json=body) as answer:
                return str((await answer.json())["result"])

    results = Counter(await asyncio.gather(*(scan(number) for number in range(SCANNERS))))

    assert results == {"admitted": 1, "already_admitted": SCANNERS - 1}


async def test_audit_finds_nothing_and_then_what_was_broken(processes: ManyProcesses) -> None:
    _, order = await free_order(processes.box_office)
    environment = environment_of(processes.settings)

    clean = await run("audit", environment=environment)
    assert clean.code == 0, clean.out + clean.err
    assert "Everything adds up." in clean.out

    await execute(processes.settings, "ALTER TABLE tickets DROP CONSTRAINT tickets_remaining_check")
    await execute(
        processes.settings,
        "UPDATE tickets SET sold = quantity + 1 WHERE id = (SELECT ticket_id FROM ticket_orders WHERE order_id = %s)",
        UUID(order["order_id"]),
    )

    found = await run("audit", environment=environment)
    assert found.code == 1
    assert "2 findings." in found.out
    as_json = await run("audit", "--json", environment=environment)
    report = json.loads(as_json.out)
    assert (as_json.code, report["ok"]) == (1, False)
    off = {check["name"]: check["findings"] for check in report["checks"] if check["findings"]}
    assert off == {"sold": 1, "capacity": 1}
    assert "sold is 101" in next(c for c in report["checks"] if c["name"] == "sold")["examples"][0]["detail"]


async def test_recount_makes_the_sums_of_reports_afresh(processes: ManyProcesses) -> None:
    _, order = await free_order(processes.box_office)
    environment, show_id = environment_of(processes.settings), order["show"]["id"]
    database_url = processes.settings.database_url
    assert database_url

    async def sums() -> object:
        async with connected(database_url) as connection:
            found = await connection.execute("SELECT orders, tickets, gross FROM takings WHERE show_id = %s", [show_id])
            return await found.fetchall()

    first = await run("recount", show_id, environment=environment)
    assert first.out == "The sums of 1 show were counted.\n", first.err
    assert await sums() == [(1, 2, 0)]
    await execute(processes.settings, "UPDATE takings SET orders = 9, gross = 9 WHERE show_id = %s", UUID(show_id))

    again = await run("recount", "--json", environment=environment)

    assert json.loads(again.out)["shows"] >= 1
    assert await sums() == [(1, 2, 0)]


async def test_audit_says_in_one_line_when_there_is_no_database() -> None:
    environment = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    failed = await run("audit", environment=environment)
    assert failed.code == 2
    assert failed.err.strip().count("\n") == 0
