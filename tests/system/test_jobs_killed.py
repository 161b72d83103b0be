"""Workers that place a list of manual orders are killed, and many work at once."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from application.checkout.place_orders import CheckoutRequest
from application.jobs.manual_orders import ListedOrder, ListTerms
from demo.embedded import EmbeddedPostgres
from domain.access import Actor
from domain.cart import Cart, CartLine
from domain.customer import Customer
from domain.jobs import JobState
from domain.orders import ManualPayment
from entrypoints.cli.engines import environment_of
from tests.support.back_office import open_back_office
from tests.support.factories import producer, ticket
from tests.support.processes import START_SECONDS, running_command, start
from tests.support.stripe_world import stripe_world

pytestmark = pytest.mark.p1

#: Enough batches for the kill to come in the middle.
GUESTS = 1000


def guest(place: int, show_id: UUID, ticket_id: UUID) -> ListedOrder:
    wanted = Cart(show_id, (CartLine(0, ticket_id, 1),))
    request = CheckoutRequest(
        cart=wanted, customer=Customer(f"Guest {place}", "", None), manual_payment=ManualPayment.COMP
    )
    return ListedOrder(place + 2, request)


async def test_every_order_is_placed_once(postgres: EmbeddedPostgres, redis_url: str) -> None:
    async with stripe_world(postgres, redis_url, log_level="ERROR") as world:
        office = await open_back_office(world.box_office, world.container, producer())
        on_sale = await world.box_office.put_on_sale(ticket(price=0, quantity=GUESTS), by=office.producer)
        actor, show_id = Actor(office.producer.id, None, "Ada"), on_sale.id
        listed = [guest(place, show_id, on_sale.tickets[0].id) for place in range(GUESTS)]
        drafts, jobs = world.container.draft_manual_orders(), world.container.get_job()
        job = await drafts(actor, show_id, listed, ListTerms(source="guests.csv"))
        assert (job.done, job.failed) == (GUESTS, 0)
        assert await world.box_office.counters(on_sale) == [(0, 0)]

        environment = environment_of(world.settings)
        process = await start("worker", environment=environment, stdout=asyncio.subprocess.DEVNULL)
        try:
            await drafts.start(actor, job.id)
            async with asyncio.timeout(START_SECONDS):
                while not (await jobs(actor, job.id)).done:  # there is nothing else to wait for
                    await asyncio.sleep(0.02)
        finally:
            process.kill()
            await process.wait()
        half = await jobs(actor, job.id)
        assert half.is_running
        assert half.remaining

        # The dead worker's claim would run out; the test does not wait for it.
        await world.execute("UPDATE outbox SET claimed_until = NULL, relay_at = due_at WHERE kind = 'job'")
        async with (
            running_command("worker", environment=environment),
            running_command("worker", environment=environment),
            asyncio.timeout(START_SECONDS),
        ):
            while (await jobs(actor, job.id)).is_running:
                await asyncio.sleep(0.05)

        done = await jobs(actor, job.id)
        assert (done.state, done.done, done.failed) == (JobState.DONE, GUESTS, 0)
        assert await world.box_office.counters(on_sale) == [(0, GUESTS)]
        results, _ = await jobs.results(actor, job.id, limit=GUESTS + 1)
        assert len({result.order_id for result in results}) == GUESTS
