"""The worker that refunds a whole show is killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from demo.embedded import EmbeddedPostgres
from entrypoints.cli.engines import environment_of
from tests.support.back_office import open_back_office
from tests.support.database import connected
from tests.support.factories import producer, ticket
from tests.support.processes import START_SECONDS, running_command, start
from tests.support.stripe_world import StripeWorld, stripe_world

pytestmark = pytest.mark.p1

#: Enough for the kill to come in the middle.
FREE, PAID = 150, 3


@asynccontextmanager
async def doomed_worker(world: StripeWorld) -> AsyncIterator[None]:
    """A worker that is killed at the end of the block: without a signal that it could handle, or time to finish."""
    process = await start("worker", environment=environment_of(world.settings), stdout=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def test_killed_worker_is_succeeded_and_everybody_is_refunded_once(
    postgres: EmbeddedPostgres, redis_url: str
) -> None:
    async with stripe_world(postgres, redis_url, log_level="ERROR") as world:
        office = await open_back_office(world.box_office, world.container, producer())
        on_sale = await world.box_office.put_on_sale(
            ticket(price=0, quantity=FREE), ticket(quantity=PAID), by=office.producer
        )
        paid = [await world.box_office.buy(on_sale.cart(0, 1)) for _ in range(PAID)]
        await asyncio.gather(*(world.box_office.buy(on_sale.cart(1)) for _ in range(FREE)))
        await office.patch(f"/shows/{on_sale.id}", cancelled=True)
        # Hundreds of mails with PDFs would keep the worker busy; this test is not about them.
        await world.execute("UPDATE outbox SET state = 'done' WHERE kind LIKE '%%_mail'")
        path = f"/shows/{on_sale.id}/refund-all"
        assert (await office.post(path, {})).body["remaining"] == FREE + PAID

        async with doomed_worker(world), asyncio.timeout(START_SECONDS):
            while not (await office.get(path)).body["refunded"]:  # there is nothing else to wait for
                await asyncio.sleep(0.02)
        left = (await office.get(path)).body["remaining"]
        assert 0 < left < FREE + PAID

        # The dead worker's claim would run out; the test does not wait for it.
        await world.execute("UPDATE show_refunds SET claimed_until = now() - interval '1 minute'")
        await world.execute(
            "UPDATE outbox SET claimed_until = NULL, relay_at = due_at"
            " WHERE state = 'pending' AND kind = 'submit_refunds' AND due_at <= now()"
        )
        async with (
            running_command("worker", environment=environment_of(world.settings)),
            asyncio.timeout(START_SECONDS),
        ):
            while (await office.get(path)).body["remaining"]:
                await asyncio.sleep(0.05)

        done = (await office.get(path)).body
        assert (done["total"], done["refunded"], done["failed"]) == (FREE + PAID, FREE + PAID, 0)
        assert await world.box_office.counters(on_sale) == [(0, 0), (0, 0)]
        for order in paid:
            (made,) = await world.stripe.refunds(order["order_id"])
            assert made.amount == (await world.box_office.stored_order(order)).amount_paid
        assert await admitting(world) == 0


async def admitting(world: StripeWorld) -> int:
    """How many attendees may still enter."""
    assert world.settings.database_url
    async with connected(world.settings.database_url) as connection:
        found = await connection.execute("SELECT count(*) FROM ticket_attendees WHERE status = 'valid'")
        row = await found.fetchone()
        assert row is not None
        return int(row[0])
