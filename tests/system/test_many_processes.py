"""Money and inventory with several server processes behind one address.

Their database is the test's own, and has no worker: some tests place thousands of orders, and the worker of the shared
service would write their mails for minutes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import aiohttp
import msgspec
import psutil
import pytest

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.redis.client import create_redis
from application.ports.unit_of_work import UnitOfWorkFactory
from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice, OnSale
from tests.support.database import own_database, row_locked, until_somebody_waits
from tests.support.factories import ticket
from tests.support.metrics import Metrics
from tests.support.processes import running_command, until_ready
from tests.support.server import free_port, running
from tests.support.stripe_world import own_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A database that only this test sells from."""

    settings: Settings
    unit_of_work: UnitOfWorkFactory
    sandbox: StripeSandbox

    @property
    def database_url(self) -> str:
        return self.settings.database_url or ""

    @asynccontextmanager
    async def serve(self, *options: str) -> AsyncIterator[tuple[psutil.Process, BoxOffice]]:
        """``piquetickets serve`` with these options, and its box office."""
        environment = environment_of(msgspec.structs.replace(self.settings, log_level="ERROR"))
        url = self.settings.public_url
        async with (
            running_command("serve", "--port", url.rpartition(":")[2], *options, environment=environment) as serve,
            aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as client,
        ):
            await until_ready(url)
            yield psutil.Process(serve.pid), BoxOffice(client, self.unit_of_work, self.sandbox)


@pytest.fixture
async def house(postgres: EmbeddedPostgres, redis_url: str, mailbox: MailCatcher) -> AsyncIterator[House]:
    port = free_port()
    options = SandboxOptions(webhook_url=f"http://127.0.0.1:{port}/api/v1/webhooks/stripe")
    with own_database(postgres) as database_url:
        async with StripeSandbox(options) as sandbox:
            engine = create_engine(database_url, pool_size=5)
            settings = own_settings(database_url, redis_url, sandbox, mailbox, port)
            yield House(settings=settings, unit_of_work=PostgresDatabase(engine), sandbox=sandbox)
            await engine.dispose()


@pytest.mark.parametrize("price", [0, 2500], ids=["free", "paid"])
async def test_300_buyers_at_once_for_100_tickets_get_exactly_100(house: House, price: int) -> None:
    async with house.serve("--workers", "3") as (_, box_office):
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
async def test_processes_that_are_killed_with_the_locks_of_a_hot_show_do_not_stop_its_sale(house: House) -> None:
    """P1-005 lets a lock outlive its process by LOCK_TTL (120 s). No buyer waits that long, or is even refused."""
    async with (
        house.serve("--workers", "2") as (others, box_office),
        create_redis(house.settings.redis_url or "") as redis,
    ):
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
async def test_a_process_that_freezes_in_a_transaction_of_a_hot_show_does_not_stop_its_sale(house: House) -> None:
    """Its connections stay open. Its own buyer is asked to try again, and finds one order."""
    async with house.serve() as (other, its_box_office), running(house.settings) as service:
        on_sale = await its_box_office.put_on_sale(ticket(price=0, quantity=10_000))
        async with row_locked(house.database_url, on_sale.tickets[0].id):
            its_buyer = asyncio.create_task(order(its_box_office, on_sale, refused=frozenset({503})))
            await until_somebody_waits(house.database_url)
            frozen = [other, *other.children()]
            for process in frozen:
                process.suspend()

        await order(BoxOffice(service.client, service.container.database()), on_sale)
        for process in frozen:
            process.resume()
        await its_buyer
        assert await its_box_office.counters(on_sale) == [(0, 2)]


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
