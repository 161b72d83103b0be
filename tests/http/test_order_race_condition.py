"""The founding document's list of existing coverage, test_order_race_condition.py: locks and concurrent purchases."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from adapters.redis.lock import RedisLock
from demo.stripe_sandbox import StripeSandbox
from tests.support.box_office import BoxOffice, OnSale
from tests.support.database import row_locked, until_somebody_waits
from tests.support.factories import ticket


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def lock_names(on_sale: OnSale) -> list[str]:
    return [f"ticket_lock_{ticket.id}" for ticket in on_sale.tickets]


class TestTicketPurchaseRaceCondition:
    async def test_concurrent_purchase_prevents_overselling(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=10))

        answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(2)) for _ in range(30)))

        assert [answer.status for answer in answers].count(201) == 5
        for answer in answers:
            if answer.status != 201:
                answer.refused(400, "tickets_unavailable")
        assert await box_office.counters(on_sale) == [(10, 0)]

    async def test_lock_timeout_is_120_seconds_and_its_value_a_unique_uuid(
        self, box_office: BoxOffice, redis: Redis, database_url: str
    ) -> None:
        on_sale = await box_office.put_on_sale()
        values = []
        for _ in range(2):
            async with row_locked(database_url, on_sale.tickets[0].id):
                checkout = asyncio.create_task(box_office.checkout(on_sale.cart(1)))
                await until_somebody_waits(database_url)
                (name,) = lock_names(on_sale)
                values.append(UUID(str(await redis.get(name))))
                assert 110_000 < await redis.pttl(name) <= 120_000
            (await checkout).created()
        assert values[0] != values[1]

    async def test_lock_released_after_successful_transaction(self, box_office: BoxOffice, redis: Redis) -> None:
        on_sale = await box_office.put_on_sale()
        (await box_office.checkout(on_sale.cart(1))).created()
        assert await redis.exists(*lock_names(on_sale)) == 0

    async def test_lock_released_after_failed_transaction(self, box_office: BoxOffice, redis: Redis) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=0))
        (await box_office.checkout(on_sale.cart(1))).refused(400, "tickets_unavailable")
        assert await redis.exists(*lock_names(on_sale)) == 0

    async def test_multiple_tickets_all_locks_acquired(
        self, box_office: BoxOffice, redis: Redis, database_url: str
    ) -> None:
        on_sale = await box_office.put_on_sale(ticket(name="Stalls"), ticket(name="Circle"))
        async with row_locked(database_url, on_sale.tickets[0].id):
            checkout = asyncio.create_task(box_office.checkout(on_sale.cart(1, 1)))
            await until_somebody_waits(database_url)
            assert await redis.exists(*lock_names(on_sale)) == 2
            assert len(set(await redis.mget(lock_names(on_sale)))) == 1
        (await checkout).created()

    async def test_lock_contention_metrics_logged(
        self, box_office: BoxOffice, redis: Redis, shared_log: pytest.LogCaptureFixture
    ) -> None:
        """The log has the time that a checkout waited for the lock."""
        on_sale = await box_office.put_on_sale()
        (name,) = lock_names(on_sale)
        shared_log.set_level(logging.INFO)
        await redis.set(name, str(uuid4()), px=200)

        (await box_office.checkout(on_sale.cart(1))).created()

        (line,) = [line for line in shared_log.messages if line.startswith(f"Lock acquired for tickets ['{name}']")]
        assert float(line.rsplit(" in ")[1].removesuffix("s")) >= 0.1

    async def test_stripe_call_happens_outside_locked_section(
        self, box_office: BoxOffice, redis: Redis, sandbox: StripeSandbox
    ) -> None:
        on_sale = await box_office.put_on_sale()
        sandbox.control.inject_fault("POST /v1/checkout/sessions", "slow", delay_seconds=0.5)

        slow = asyncio.create_task(box_office.checkout(on_sale.cart(1)))
        await box_office.until(lambda: self._is_held(box_office, on_sale))

        assert not slow.done()
        assert await redis.exists(*lock_names(on_sale)) == 0
        free = await box_office.put_on_sale(ticket(price=0))
        (await box_office.checkout(free.cart(1))).created()
        assert not slow.done()
        (await slow).created()

    @staticmethod
    async def _is_held(box_office: BoxOffice, on_sale: OnSale) -> bool:
        return await box_office.counters(on_sale) == [(1, 0)]


@pytest.fixture
async def lock(redis: Redis) -> AsyncIterator[RedisLock]:
    """A lock that expires at once."""
    lock = RedisLock(redis, ttl_seconds=0.05, wait_seconds=1)
    yield lock
    await lock.close()


@pytest.fixture
async def other_lock(redis: Redis) -> AsyncIterator[RedisLock]:
    lock = RedisLock(redis, ttl_seconds=60, wait_seconds=5)
    yield lock
    await lock.close()


class TestLockSafety:
    async def test_lock_value_prevents_accidental_release(
        self, redis: Redis, lock: RedisLock, other_lock: RedisLock
    ) -> None:
        name = f"ticket_lock_{uuid4()}"
        lease = await lock.acquire([name])
        successor = await other_lock.acquire([name])

        assert await lock.release(lease) is False
        assert await redis.get(name) == successor.value

    async def test_expired_lock_handling(self, redis: Redis, lock: RedisLock) -> None:
        name = f"ticket_lock_{uuid4()}"
        lease = await lock.acquire([name])
        async with asyncio.timeout(60):
            while await redis.exists(name):
                await asyncio.sleep(0.01)

        assert await lock.release(lease) is False
        assert await lock.release(await lock.acquire([name])) is True
