"""The queue between the API and the workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from taskiq import AsyncBroker, BrokerMessage
from taskiq.kicker import AsyncKicker
from taskiq_redis import RedisStreamBroker
from typing_extensions import override

QUEUE_NAME = "piquetickets"
#: The only kind of message: "these outbox tasks are due".
RUN_TASKS = "run_tasks"

# The outbox is the truth, the stream only a hint that can be lost. The stream is kept short, and each reader takes few
# messages at a time, so all workers get some. If a worker dies with unfinished messages, the relay dispatches their
# tasks long before another worker takes the messages over here.
_MAX_STREAM_LENGTH = 10_000
_IDLE_TIMEOUT_MILLISECONDS = 120_000
_READ_BLOCK_MILLISECONDS = 2_000
_READ_AT_ONCE = 2
_TAKEOVER_LOCK_SECONDS = 10
_TIMEOUT_SECONDS = 5.0
#: The library reads answers as RESP2.
_SPEAKING: Mapping[str, Any] = MappingProxyType({"protocol": 2})


class OneClientBroker(RedisStreamBroker):
    """A RedisStreamBroker that sends all messages by one client of its pool. The library makes a client for each, which
    takes longer than writing the message.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._client: Redis = Redis(connection_pool=self.connection_pool)

    @override
    async def kick(self, message: BrokerMessage) -> None:
        queue_name = message.labels.get("queue_name") or self.queue_name
        await self._client.xadd(
            queue_name, {b"data": message.message}, maxlen=self.maxlen, approximate=self.approximate
        )


def create_broker(
    redis_url: str, connection: Mapping[str, Any] = _SPEAKING, dress: Callable[[ConnectionPool], None] | None = None
) -> RedisStreamBroker:
    """A broker for both sides, whose connections are made with these arguments of redis-py; ``dress`` gets their pool.

    If Redis is away, a call fails within seconds.
    """
    broker = OneClientBroker(
        redis_url,
        queue_name=QUEUE_NAME,
        consumer_group_name=QUEUE_NAME,
        consumer_id="0",
        maxlen=_MAX_STREAM_LENGTH,
        idle_timeout=_IDLE_TIMEOUT_MILLISECONDS,
        xread_count=_READ_AT_ONCE,
        xread_block=_READ_BLOCK_MILLISECONDS,
        unacknowledged_lock_timeout=_TAKEOVER_LOCK_SECONDS,
        **connection,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        socket_timeout=_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
    if dress:
        dress(broker.connection_pool)
    return broker


def run_tasks_kicker(broker: AsyncBroker) -> AsyncKicker[[list[str]], None]:
    """Sends RUN_TASKS messages without importing the code that runs them."""
    return AsyncKicker(task_name=RUN_TASKS, broker=broker, labels={})
