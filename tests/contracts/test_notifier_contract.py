"""The Notifier port: workers get a message about every task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from taskiq import AsyncBroker, InMemoryBroker
from taskiq.receiver import Receiver

from adapters.memory.notifier import MemoryNotifier
from adapters.taskiq.broker import RUN_TASKS, create_broker
from adapters.taskiq.notifier import TaskiqNotifier
from application.ports.task_queue import Notifier, NotifierUnavailable

#: A separate database of Redis: a worker of another test must not take our messages.
REDIS_DATABASE = 3


@dataclass(frozen=True, slots=True)
class Office:
    """A notifier, and the messages that the workers got."""

    notifier: Notifier
    heard: Callable[[], Sequence[UUID]]

    async def until_heard(self, *expected: UUID) -> None:
        async with asyncio.timeout(60):
            while set(self.heard()) != set(expected):
                await asyncio.sleep(0.005)


def _listen(broker: AsyncBroker) -> list[UUID]:
    heard: list[UUID] = []

    async def run(task_ids: list[str]) -> None:
        heard.extend(map(UUID, task_ids))

    broker.register_task(run, task_name=RUN_TASKS)
    return heard


@asynccontextmanager
async def _memory_office() -> AsyncIterator[Office]:
    notifier = MemoryNotifier()
    yield Office(notifier, lambda: notifier.notified)


@asynccontextmanager
async def _taskiq_office() -> AsyncIterator[Office]:
    broker = InMemoryBroker(await_inplace=True)
    heard = _listen(broker)
    yield Office(TaskiqNotifier(broker), lambda: heard)
    await broker.shutdown()


@asynccontextmanager
async def _redis_office(redis_url: str) -> AsyncIterator[Office]:
    own_database = f"{redis_url.rpartition('/')[0]}/{REDIS_DATABASE}"
    async with Redis.from_url(own_database) as redis:
        await redis.flushdb()
    broker = create_broker(own_database)
    heard = _listen(broker)
    await broker.startup()
    with ThreadPoolExecutor(max_workers=1) as executor:
        receiving = asyncio.create_task(_receive(broker, Receiver(broker, executor)))
        yield Office(TaskiqNotifier(broker), lambda: heard)
        # The queue's library can lose a cancellation that comes while it asks for unacknowledged messages.
        while not receiving.done():
            receiving.cancel()
            await asyncio.wait({receiving}, timeout=0.1)
    await broker.shutdown()


async def _receive(broker: AsyncBroker, receiver: Receiver) -> None:
    async for message in broker.listen():
        await receiver.callback(message)


@pytest.fixture(params=["memory", "taskiq", "redis"])
async def office(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Office]:
    match request.param:
        case "memory":
            opening = _memory_office()
        case "taskiq":
            opening = _taskiq_office()
        case _:
            opening = _redis_office(redis_url)
    async with opening as office:
        yield office


@pytest.fixture(params=["memory", "redis"])
async def unreachable(request: pytest.FixtureRequest, closed_port: int) -> AsyncIterator[Notifier]:
    if request.param == "memory":
        memory = MemoryNotifier()
        memory.available = False
        yield memory
        return
    broker = create_broker(f"redis://127.0.0.1:{closed_port}/0")
    yield TaskiqNotifier(broker)
    await broker.shutdown()


async def test_the_workers_hear_of_every_task(office: Office) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()

    await office.notifier.notify([first, second])
    await office.notifier.notify([third])

    await office.until_heard(first, second, third)


async def test_no_task_needs_no_word(office: Office) -> None:
    await office.notifier.notify([])

    assert office.heard() == []


async def test_a_queue_that_is_away_says_so(unreachable: Notifier) -> None:
    with pytest.raises(NotifierUnavailable, match=r"."):
        await unreachable.notify([uuid4()])
