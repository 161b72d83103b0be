"""SMTP_RATE_PER_SECOND holds for all workers together, and a mail that has to wait blocks no other work."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.embedded import EmbeddedPostgres
from tests.support.database import connected
from tests.support.factories import ticket
from tests.support.fulfilment_world import FulfilmentWorld, fulfilment_world

#: Processes are started and killed here, which takes time on a busy machine.
pytestmark = [pytest.mark.p2, pytest.mark.timeout(240)]

ORDERS = 5
#: One mail in a thousand seconds: no test lasts until the second.
RATE = 0.001


async def put_off(world: FulfilmentWorld) -> int:
    """How many mails wait for a slot that is minutes away, without a try."""
    soon = datetime.now(UTC) + timedelta(seconds=500)
    async with connected(world.settings.database_url or "") as connection:
        found = await connection.execute(
            "SELECT count(*) FROM outbox WHERE kind = 'confirmation_mail' AND state = 'pending'"
            " AND due_at > %s AND attempts = 0 AND claimed_until IS NULL",
            [soon],
        )
        (row,) = await found.fetchall()
    return int(row[0])


async def test_the_mails_of_all_workers_take_turns(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async with fulfilment_world(postgres, tmp_path, smtp_rate_per_second=RATE) as world:
        on_sale = await world.box_office.put_on_sale(ticket(price=0))
        for number in range(ORDERS):
            await world.buy(on_sale, f"buyer-{number}@example.org")
        await asyncio.gather(world.start_worker(), world.start_worker())

        async with asyncio.timeout(40):
            while await put_off(world) < ORDERS - 1:
                await asyncio.sleep(0.05)
        assert len(await world.mailbox.wait_for(1)) == 1
