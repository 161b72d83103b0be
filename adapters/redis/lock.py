"""Lock in Redis: one value under every name, all or nothing, first come, first served.

A release deletes only names that still have its value.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.redis.scripts import script
from application.ports.lock import Lease, LockTimeout, LockUnavailable, MoreNames, nothing_more

#: A waiter is woken when its turn comes. In case its waker has died, it also looks this often; the others pass a waiter
#: that has not looked for three times as long (``FORGOTTEN_AFTER_MILLISECONDS`` in ``scripts/lock_queue.lua``).
LOOK_EVERY_SECONDS = 0.25
#: A holder without a heartbeat for this long is dead, and others may take its names long before they expire. If it is
#: alive after all (its machine was asleep), row locks still protect the data.
ALIVE_SECONDS = 2


class RedisLock:
    """The lock. ``ttl_seconds`` is when a lock becomes free without a release, ``wait_seconds`` how long to queue,
    ``alive_seconds`` how long a lock outlives its process.
    """

    def __init__(
        self, redis: Redis, *, ttl_seconds: float, wait_seconds: float, alive_seconds: float = ALIVE_SECONDS
    ) -> None:
        self._redis = redis
        self._acquire = redis.register_script(script("lock_queue", "lock_acquire"))
        self._release = redis.register_script(script("lock_queue", "lock_release"))
        self._stay_alive = redis.register_script(script("lock_queue", "lock_stay_alive"))
        self._ttl_milliseconds = max(1, round(ttl_seconds * 1000))
        self._wait_seconds = wait_seconds
        self._alive_seconds = alive_seconds
        self._alive_microseconds = round(alive_seconds * 1_000_000)
        self._held_until: dict[str, float] = {}
        self._staying_alive: asyncio.Task[None] | None = None
        self._being_forgotten: set[asyncio.Task[None]] = set()

    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        wanted = Lease(tuple(sorted(set(names))), str(uuid4()))
        deadline = time.monotonic() + self._wait_seconds
        while (lease := await self._try(wanted, also())) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                await self.release(wanted)
                raise LockTimeout(", ".join(wanted.names))
            await self._until_its_turn(wanted, min(left, LOOK_EVERY_SECONDS))
        self._held_until[lease.value] = time.monotonic() + self._ttl_milliseconds / 1000
        if self._staying_alive is None or self._staying_alive.done():
            self._staying_alive = asyncio.create_task(self._stay_alive_while_held())
        return lease

    async def close(self) -> None:
        """Stop the heartbeats, and wait for the releases that are under way."""
        if self._staying_alive is not None:
            self._staying_alive.cancel()
        while self._being_forgotten:
            await asyncio.wait(self._being_forgotten)

    async def release(self, lease: Lease) -> bool:
        self._held_until.pop(lease.value, None)
        try:
            released = await self._release(keys=lease.names, args=[lease.value])
        except (RedisError, OSError) as error:
            raise LockUnavailable(str(error)) from error
        return int(released) == len(lease.names)

    async def _try(self, wanted: Lease, also: Collection[str]) -> Lease | None:
        most = Lease((*wanted.names, *set(also).difference(wanted.names)), wanted.value)
        # The script is not cancelled with its caller: otherwise we would never know whether it took the locks.
        attempt = asyncio.ensure_future(self._run_acquire(most, needed=len(wanted.names)))
        try:
            return await asyncio.shield(attempt)
        except (RedisError, OSError) as error:
            self._forget_soon(most, attempt)
            raise LockUnavailable(str(error)) from error
        except asyncio.CancelledError:
            self._forget_soon(most, attempt)
            raise

    async def _until_its_turn(self, lease: Lease, at_most_seconds: float) -> None:
        try:
            await self._redis.blpop([f"lock_turn_{lease.value}"], timeout=max(at_most_seconds, 0.001))
        except (RedisError, OSError) as error:
            raise LockUnavailable(str(error)) from error
        except asyncio.CancelledError:
            self._forget_soon(lease)
            raise

    async def _run_acquire(self, most: Lease, *, needed: int) -> Lease | None:
        had = await self._acquire(
            keys=most.names, args=[most.value, self._ttl_milliseconds, self._alive_microseconds, needed]
        )
        return None if had is None else Lease(tuple(sorted(most.names[n - 1] for n in had)), most.value)

    async def _stay_alive_while_held(self) -> None:
        while self._held_until:
            await asyncio.sleep(self._alive_seconds / 3)
            now = time.monotonic()
            self._held_until = {value: until for value, until in self._held_until.items() if until > now}
            if self._held_until:
                with suppress(RedisError, OSError):
                    await self._stay_alive(args=[self._alive_microseconds, *self._held_until])

    def _forget_soon(self, lease: Lease, attempt: asyncio.Future[Lease | None] | None = None) -> None:
        """Release a lease whose answer was lost: the locks may be ours, and must not block others until they expire."""
        forgetting = asyncio.create_task(self._forget(lease, attempt))
        self._being_forgotten.add(forgetting)
        forgetting.add_done_callback(self._being_forgotten.discard)

    async def _forget(self, lease: Lease, attempt: asyncio.Future[Lease | None] | None) -> None:
        if attempt is not None:
            await asyncio.wait({attempt})
        with suppress(LockUnavailable):
            await self.release(lease)
