"""Lock in Redis: one value under every name, all or nothing, compared before it is deleted."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection
from contextlib import suppress
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.lock import Lease, LockTimeout, LockUnavailable

# A waiter asks again after a pause that grows from the first to the longest, scattered so that waiters do not march
# in step.
FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.05

_ACQUIRE = """
for _, name in ipairs(KEYS) do
    if redis.call('EXISTS', name) == 1 then return 0 end
end
for _, name in ipairs(KEYS) do
    redis.call('SET', name, ARGV[1], 'PX', ARGV[2])
end
return 1
"""

_RELEASE = """
local released = 0
for _, name in ipairs(KEYS) do
    if redis.call('GET', name) == ARGV[1] then
        redis.call('DEL', name)
        released = released + 1
    end
end
return released
"""


class RedisLock:
    """``ttl_seconds`` is when a lock falls free although nobody released it, ``wait_seconds`` how long to queue."""

    def __init__(self, redis: Redis, *, ttl_seconds: float, wait_seconds: float) -> None:
        self._acquire = redis.register_script(_ACQUIRE)
        self._release = redis.register_script(_RELEASE)
        self._ttl_milliseconds = max(1, round(ttl_seconds * 1000))
        self._wait_seconds = wait_seconds
        self._being_forgotten: set[asyncio.Task[None]] = set()

    async def acquire(self, names: Collection[str]) -> Lease:
        lease = Lease(tuple(sorted(set(names))), str(uuid4()))
        deadline = time.monotonic() + self._wait_seconds
        pause = FIRST_PAUSE_SECONDS
        while not await self._try(lease):
            if time.monotonic() >= deadline:
                raise LockTimeout(", ".join(lease.names))
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # scatter, no secret
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return lease

    async def close(self) -> None:
        """Wait for the releases that are under way."""
        while self._being_forgotten:
            await asyncio.wait(self._being_forgotten)

    async def release(self, lease: Lease) -> bool:
        try:
            released = await self._release(keys=lease.names, args=[lease.value])
        except (RedisError, OSError) as error:
            raise LockUnavailable(str(error)) from error
        return int(released) == len(lease.names)

    async def _try(self, lease: Lease) -> bool:
        # The script is not cancelled with its caller: whether it took the locks would never be known.
        attempt = asyncio.ensure_future(self._run_acquire(lease))
        try:
            return await asyncio.shield(attempt)
        except (RedisError, OSError) as error:
            self._forget_soon(lease, attempt)
            raise LockUnavailable(str(error)) from error
        except asyncio.CancelledError:
            self._forget_soon(lease, attempt)
            raise

    async def _run_acquire(self, lease: Lease) -> bool:
        return bool(await self._acquire(keys=lease.names, args=[lease.value, self._ttl_milliseconds]))

    def _forget_soon(self, lease: Lease, attempt: asyncio.Future[bool]) -> None:
        """The answer is lost, the locks may be ours all the same: they must not block others until they expire."""
        forgetting = asyncio.create_task(self._forget(lease, attempt))
        self._being_forgotten.add(forgetting)
        forgetting.add_done_callback(self._being_forgotten.discard)

    async def _forget(self, lease: Lease, attempt: asyncio.Future[bool]) -> None:
        await asyncio.wait({attempt})
        with suppress(LockUnavailable):
            await self.release(lease)
