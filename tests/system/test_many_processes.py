"""Money and inventory with several server processes behind one address."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import aiohttp
import msgspec
import psutil
import pytest

from adapters.redis.client import create_redis
from demo.stripe_sandbox import StripeSandbox
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice, OnSale
from tests.support.database import row_locked, until_somebody_waits
from tests.support.factories import ticket
from tests.support.metrics import Metrics
from tests.support.processes import running_command, until_ready
from tests.support.server import Service, free_port


@pytest.mark.parametrize("price", [0, 2500], ids=["free", "paid"])
async def test_300_buyers_at_once_for_100_tickets_get_exactly_100(
    service: Service, settings: Settings, sandbox: StripeSandbox, price: int
) -> None:
    # The same public address as the service whose worker looks after the same database.
    own = msgspec.structs.replace(settings, stripe_rate_per_second=1000)
    async with other_processes(own, "--workers", "3") as (_, client):
        box_office = BoxOffice(client, service.container.database(), sandbox)
        on_sale = await box_office.put_on_sale(ticket(price=price, quantity=100))

        answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1)) for _ in range(300)))

        assert Counter(answer.status for answer in answers) == {201: 100, 400: 200}
        for answer in answers:
            if answer.status != 201:
                answer.refused(400, "tickets_unavailable")
        assert await box_office.counters(on_sale) == [(100, 0) if price else (0, 100)]
        # Each of the processes has the figures of all.
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
    """P1-005 lets a lock outlive its process by LOCK_TTL (120 s). No buyer waits that long, or is even refused."""
    async with (
        other_processes(settings, "--workers", "2") as (others, client),
        create_redis(redis_url) as redis,
    ):
        box_office = BoxOffice(client, service.container.database())
        on_sale = await box_office.put_on_sale(ticket(price=0, quantity=10_000))
        ended = asyncio.Event()
        buyers = [asyncio.create_task(order_until(ended, box_office, on_sale)) for _ in range(30)]

        async def lock_is_held() -> bool:
            return bool(await redis.exists(f"ticket_lock_{on_sale.tickets[0].id}"))

        servers = await stop_in_the_act(others, lock_is_held)
        for server in servers:
            server.kill()
        ended.set()

        orders = sum(await asyncio.gather(*buyers))
        assert await box_office.counters(on_sale) == [(0, orders)]


@pytest.mark.p1
async def test_a_process_that_freezes_in_a_transaction_of_a_hot_show_does_not_stop_its_sale(
    service: Service, settings: Settings, database_url: str
) -> None:
    """Its connections stay open. Its own buyer is asked to try again, and finds one order."""
    async with other_processes(settings) as (other, client):
        its_box_office = BoxOffice(client, service.container.database())
        on_sale = await its_box_office.put_on_sale(ticket(price=0, quantity=10_000))
        async with row_locked(database_url, on_sale.tickets[0].id):
            its_buyer = asyncio.create_task(order(its_box_office, on_sale, refused=frozenset({503})))
            await until_somebody_waits(database_url)
            frozen = [other, *other.children()]
            for process in frozen:
                process.suspend()

        await order(BoxOffice(service.client, service.container.database()), on_sale)
        for process in frozen:
            process.resume()
        await its_buyer
        assert await its_box_office.counters(on_sale) == [(0, 2)]


@asynccontextmanager
async def other_processes(
    settings: Settings, *options: str
) -> AsyncIterator[tuple[psutil.Process, aiohttp.ClientSession]]:
    """``piquetickets serve`` beside the service, on the same engines."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = environment_of(msgspec.structs.replace(settings, log_level="ERROR"))
    async with (
        running_command("serve", "--port", str(port), *options, environment=environment) as serve,
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as client,
    ):
        await until_ready(url)
        yield psutil.Process(serve.pid), client


async def stop_in_the_act(parent: psutil.Process, is_in_the_act: Callable[[], Awaitable[bool]]) -> list[psutil.Process]:
    """Stop the children (SIGSTOP) at a moment when the condition holds."""
    while True:
        children: list[psutil.Process] = parent.children()
        for child in children:
            child.suspend()
        if await is_in_the_act():
            return children
        for child in children:
            child.resume()
        await asyncio.sleep(0.01)


async def order_until(ended: asyncio.Event, box_office: BoxOffice, on_sale: OnSale) -> int:
    """Order one ticket after the other, the last one after ``ended``. Returns how many."""
    orders = 0
    while not ended.is_set():
        await order(box_office, on_sale)
        orders += 1
    await order(box_office, on_sale)
    return orders + 1


async def order(box_office: BoxOffice, on_sale: OnSale, *, refused: frozenset[int] = frozenset()) -> None:
    """Ask for one ticket with the same key, again after each broken connection or refusal."""
    key = str(uuid4())
    while True:
        with suppress(aiohttp.ClientConnectionError):
            answer = await box_office.checkout(on_sale.cart(1), key=key)
            if answer.status not in refused:
                answer.created()
                return
        await asyncio.sleep(0.05)


async def self_service(box_office: BoxOffice, placed: dict[str, object]) -> None:
    """Pay and come back, as a browser does."""
    await box_office.pay(placed)
    assert (await box_office.come_back(placed)).status == 303
