"""All of Stripe's events at once, out of order and repeated, while the buyers come back, at many processes."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import psycopg

from demo.embedded import EmbeddedPostgres
from domain.tasks import TaskState
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice, Json
from tests.support.database import connected
from tests.support.factories import ticket
from tests.support.stripe_world import many_processes, minor, order_of, webhooks_held_back

ORDERS = 50
COPIES = 3
#: How long the worker may take for all its mails before the test gives up.
PATIENCE_SECONDS = 120
#: What the buyers of successive orders do at the payment page.
WAYS_TO_PAY = (("paid",), ("declined", "paid"), ("delayed", "delayed_paid"), ("declined", "declined", "paid"))


def quantity(number: int) -> int:
    return number % 3 + 1


async def pay(box_office: BoxOffice, placed: Json, number: int) -> None:
    for outcome in WAYS_TO_PAY[number % len(WAYS_TO_PAY)]:
        await box_office.pay(placed, outcome)


async def unfinished_tasks(settings: Settings) -> int:
    assert settings.database_url
    async with connected(settings.database_url) as connection:
        # Reminders of a distant show stay.
        found = await connection.execute(
            "SELECT count(*) FROM outbox WHERE state <> %s AND due_at <= now()", [TaskState.DONE]
        )
        [count] = await found.fetchone() or [0]
        return int(count)


async def admissions(connection: psycopg.AsyncConnection) -> Counter[UUID]:
    """How many attendees each order has."""
    found = await connection.execute("SELECT order_id FROM ticket_attendees WHERE status = 'valid'")
    return Counter(order_id for (order_id,) in await found.fetchall())


async def test_storm_of_events_completes_every_order_once(postgres: EmbeddedPostgres, redis_url: str) -> None:
    async with many_processes(postgres, redis_url, servers=3, with_worker=True) as service:
        box_office, webhooks = service.box_office, service.sandbox.control.webhooks
        on_sale = await box_office.put_on_sale(ticket(quantity=200))
        emails = [f"buyer-{number}@example.org" for number in range(ORDERS)]
        answers = await asyncio.gather(
            *(
                box_office.checkout(on_sale.cart(quantity(number)), customer={"name": "Ada Lovelace", "email": email})
                for number, email in enumerate(emails)
            )
        )
        placed = [answer.created() for answer in answers]
        webhooks.shuffled, webhooks.copies = True, COPIES
        with webhooks_held_back(service.sandbox):
            await asyncio.gather(*(pay(box_office, order, number) for number, order in enumerate(placed)))
            assert webhooks.waiting > ORDERS * COPIES

        returned = await asyncio.gather(*(box_office.come_back(order) for order in placed * 2))
        await webhooks.idle()

        assert {answer.status for answer in returned} == {303}
        for order in placed:
            assert (await box_office.order(order)).body["status"] == "completed"
        wanted = {UUID(order["order_id"]): quantity(number) for number, order in enumerate(placed)}
        assert await box_office.counters(on_sale) == [(0, sum(wanted.values()))]
        async with connected(service.settings.database_url or "") as connection:
            assert await admissions(connection) == wanted
        charges = await service.stripe.all_charges()
        assert {order_of(charge): charge.amount for charge in charges} == {
            order["order_id"]: minor(order["total"]) for order in placed
        }
        assert len(charges) == ORDERS

        async with asyncio.timeout(PATIENCE_SECONDS):
            while await unfinished_tasks(service.settings):
                await asyncio.sleep(0.1)
        assert Counter(mail.envelope_to for mail in service.mailbox.mails) == {(email,): 1 for email in emails}
