"""Messages over Redis streams: they reach a worker, even if the first one died or Redis was away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from taskiq import AsyncBroker
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from adapters.memory.system import MemoryClock
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.redis.housekeeping import forget_dead_consumers
from adapters.taskiq.broker import QUEUE_NAME, RUN_TASKS, create_broker
from adapters.taskiq.notifier import TaskiqNotifier
from application.ports.task_queue import NotifierUnavailable
from application.tasks.relay import DISPATCH_AGAIN_AFTER, RelayTasks
from demo.embedded import EmbeddedRedis
from domain.tasks import OutboxTask, TaskKind

#: A separate database of Redis: a worker of another test must not take our messages.
REDIS_DATABASE = 4


@pytest.fixture
async def own_database(redis_url: str) -> str:
    """The URL of an empty database of Redis."""
    own_database = f"{redis_url.rpartition('/')[0]}/{REDIS_DATABASE}"
    async with Redis.from_url(own_database) as redis:
        await redis.flushdb()
    return own_database


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path, durable=False) as engine:
        yield engine


#: The messages that a worker got, in the order they came.
Heard = list[UUID]


@asynccontextmanager
async def working(broker: AsyncBroker) -> AsyncIterator[Heard]:
    """A worker that receives messages and does nothing else."""
    heard: Heard = []

    async def run(task_ids: list[str]) -> None:
        heard.extend(map(UUID, task_ids))

    broker.register_task(run, task_name=RUN_TASKS)
    await broker.startup()
    with ThreadPoolExecutor(max_workers=1) as executor:
        listening = asyncio.create_task(_listen(broker, Receiver(broker, executor)))
        try:
            yield heard
        finally:
            await _end(listening)
            await broker.shutdown()


async def _listen(broker: AsyncBroker, receiver: Receiver) -> None:
    async for message in broker.listen():
        await receiver.callback(message)


async def _end(task: asyncio.Task[None]) -> None:
    # The queue's library can lose a cancellation that comes while it asks for unacknowledged messages.
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


async def until_heard(expected: set[UUID], *heard: Heard) -> None:
    async with asyncio.timeout(60):
        while not expected <= set().union(*heard):
            await asyncio.sleep(0.005)


@asynccontextmanager
async def notifying(redis_url: str) -> AsyncIterator[TaskiqNotifier]:
    """The API's side."""
    broker = create_broker(redis_url)
    yield TaskiqNotifier(broker)
    await broker.shutdown()


async def test_a_worker_hears_what_the_api_said(own_database: str) -> None:
    task_id = uuid4()

    async with working(create_broker(own_database)) as heard, notifying(own_database) as notifier:
        await notifier.notify([task_id])

        await until_heard({task_id}, heard)


async def test_a_worker_that_starts_later_hears_what_was_said_before(own_database: str) -> None:
    task_id = uuid4()
    async with notifying(own_database) as notifier:
        await notifier.notify([task_id])

    async with working(create_broker(own_database)) as heard:
        await until_heard({task_id}, heard)


async def test_of_two_workers_one_hears_each_message(own_database: str) -> None:
    task_ids = {uuid4() for _ in range(20)}

    async with (
        working(create_broker(own_database)) as first,
        working(create_broker(own_database)) as second,
        notifying(own_database) as notifier,
    ):
        await notifier.notify(list(task_ids))
        await until_heard(task_ids, first, second)

    assert len(first) + len(second) == len(task_ids)


async def test_what_a_dead_worker_did_not_acknowledge_is_taken_over(own_database: str) -> None:
    left_behind, next_one = uuid4(), uuid4()
    dead = create_broker(own_database)
    await dead.startup()
    async with notifying(own_database) as notifier:
        await notifier.notify([left_behind])
        async for _ in dead.listen():
            break
        await dead.shutdown()

        # As create_broker makes them, but it takes over from a dead worker at once.
        heir = RedisStreamBroker(
            own_database,
            queue_name=QUEUE_NAME,
            consumer_group_name=QUEUE_NAME,
            consumer_id="0",
            idle_timeout=1,
            xread_block=100,
            unacknowledged_lock_timeout=10,
        )
        async with working(heir) as heard:
            await notifier.notify([next_one])

            await until_heard({left_behind, next_one}, heard)


async def test_a_redis_that_dies_is_told_quickly_and_serves_again_after_its_restart(own_redis: EmbeddedRedis) -> None:
    task_id = uuid4()
    async with notifying(own_redis.url) as notifier:
        await notifier.notify([uuid4()])

        await asyncio.to_thread(own_redis.kill)
        async with asyncio.timeout(30):
            with pytest.raises(NotifierUnavailable):
                await notifier.notify([uuid4()])

        await asyncio.to_thread(own_redis.start)
        await notifier.notify([task_id])
        async with working(create_broker(own_redis.url)) as heard:
            await until_heard({task_id}, heard)


async def read_and_die(own_database: str, name: str) -> None:
    """A worker that takes every message, begins none, and dies."""
    async with Redis.from_url(own_database) as redis:
        assert await redis.xreadgroup(QUEUE_NAME, name, {QUEUE_NAME: ">"})


async def test_the_relay_covers_what_a_dead_worker_had_read_though_no_other_message_comes(own_database: str) -> None:
    """The queue's library takes over a dead worker's message only when the next one arrives."""
    database, clock, broker = MemoryDatabase(), MemoryClock(), create_broker(own_database)
    relay = RelayTasks(database, clock, TaskiqNotifier(broker))
    task = OutboxTask(id=uuid4(), kind=TaskKind.CONFIRMATION_MAIL, order_id=uuid4(), due_at=clock.now())
    async with database() as uow:
        await uow.outbox.add([task])
        await uow.commit()
    await broker.startup()
    assert await relay() == 1
    await read_and_die(own_database, "dead")
    assert await relay() == 0

    async with working(create_broker(own_database)) as heard:
        clock.advance(DISPATCH_AGAIN_AFTER)
        assert await relay() == 1
        async with asyncio.timeout(20):
            while task.id not in heard:
                await asyncio.sleep(0.01)
    await broker.shutdown()


async def test_dead_consumers_are_forgotten_and_living_ones_stay(own_database: str) -> None:
    broker = create_broker(own_database)
    await broker.startup()
    await TaskiqNotifier(broker).notify([uuid4()])
    await read_and_die(own_database, "dead")
    async with Redis.from_url(own_database) as redis:
        assert await forget_dead_consumers(redis, QUEUE_NAME) == 0, "it may live"
        assert await forget_dead_consumers(redis, QUEUE_NAME, dead_after=timedelta()) >= 1
        assert await redis.xinfo_consumers(QUEUE_NAME, QUEUE_NAME) == []
        assert await redis.xlen(QUEUE_NAME) == 1, "younger than a day"
        assert await forget_dead_consumers(redis, "no_such_stream") == 0
    await broker.shutdown()
