"""Money and inventory with several server processes behind one address."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from uuid import uuid4

import aiohttp
import msgspec
import psutil
import pytest
from redis.asyncio import Redis

from adapters.redis.client import create_redis
from adapters.stripe.sandbox import StripeSandbox
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import ticket
from tests.support.metrics import Metrics
from tests.support.processes import running_command, until_ready
from tests.support.server import Service, free_port


@pytest.mark.parametrize("price", [0, 2500], ids=["free", "paid"])
async def test_300_buyers_at_once_for_100_tickets_get_exactly_100(
    service: Service, settings: Settings, sandbox: StripeSandbox, price: int
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # The same public address as the service whose worker looks after the same database.
    own = msgspec.structs.replace(settings, stripe_rate_per_second=1000, log_level="WARNING")
    async with (
        running_command("serve", "--port", str(port), "--workers", "3", environment=environment_of(own)),
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as client,
    ):
        await until_ready(url)
        box_office = BoxOffice(client, service.container.unit_of_work, sandbox)
        on_sale = await box_office.put_on_sale(ticket(price=price, quantity=100))

        answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1)) for _ in range(300)))

        assert Counter(answer.status for answer in answers) == {201: 100, 400: 200}
        for answer in answers:
            if answer.status != 201:
                answer.refused(400, "tickets_unavailable")
        assert await box_office.counters(on_sale) == [(100, 0) if price else (0, 100)]
        # Whichever of the processes is asked, it has the figures of all.
        counted = Metrics((await box_office.get("/metrics")).content)
        assert counted.value("checkouts_total", outcome="held" if price else "sold") == 100
        assert counted.value("checkouts_total", outcome="tickets_unavailable") == 200
        placed = [answer.body for answer in answers if answer.status == 201]
        assert len({order["order_id"] for order in placed}) == 100
        if price:
            assert len({order["session_id"] for order in placed}) == 100
            await asyncio.gather(*(self_service(box_office, order) for order in placed[:20]))
            assert await box_office.counters(on_sale) == [(80, 20)]


@pytest.mark.p1
async def test_processes_that_are_killed_with_the_locks_of_a_hot_show_do_not_stop_its_sale(
    service: Service, settings: Settings, redis_url: str
) -> None:
    """P1-005 lets a lock outlive its process by LOCK_TTL (120 s). Nobody waits so long: nobody is even refused."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    own = msgspec.structs.replace(settings, log_level="ERROR")
    async with (
        running_command("serve", "--port", str(port), "--workers", "2", environment=environment_of(own)) as serve,
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as client,
        create_redis(redis_url) as redis,
    ):
        await until_ready(url)
        box_office = BoxOffice(client, service.container.unit_of_work)
        on_sale = await box_office.put_on_sale(ticket(price=0, quantity=10_000))
        lock_name = f"ticket_lock_{on_sale.tickets[0].id}"
        killed = asyncio.Event()

        async def order_until_processes_were_killed() -> int:
            orders = 0
            while not killed.is_set() or not orders:
                await order(box_office, on_sale)
                orders += 1
            await order(box_office, on_sale)
            return orders + 1

        buyers = [asyncio.create_task(order_until_processes_were_killed()) for _ in range(30)]
        await kill_children_that_hold(lock_name, redis, psutil.Process(serve.pid))
        killed.set()
        orders = sum(await asyncio.gather(*buyers))

        assert await box_office.counters(on_sale) == [(0, orders)]


async def order(box_office: BoxOffice, on_sale: OnSale) -> None:
    """Ask for one ticket as often as the connection breaks, under the same key."""
    key = str(uuid4())
    while True:
        with suppress(aiohttp.ClientConnectionError):
            answer = await box_office.checkout(on_sale.cart(1), key=key)
            assert answer.status in {200, 201}, answer.content
            return
        await asyncio.sleep(0.05)


async def kill_children_that_hold(lock_name: str, redis: Redis, parent: psutil.Process) -> None:
    """Stop all of them at a moment when one has the lock; and kill them."""
    while True:
        children = parent.children()
        for child in children:
            child.suspend()
        if await redis.exists(lock_name):
            for child in children:
                child.kill()
            return
        for child in children:
            child.resume()
        await asyncio.sleep(0.01)


async def self_service(box_office: BoxOffice, placed: dict[str, object]) -> None:
    """Pay and come back, as a browser does."""
    await box_office.pay(placed)
    assert (await box_office.come_back(placed)).status == 303
