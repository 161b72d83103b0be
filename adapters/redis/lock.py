"""Lock in Redis: one value under every name, all or nothing, first come, first served, compared before it is
deleted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.lock import Lease, LockTimeout, LockUnavailable, MoreNames, nothing_more

#: A waiter is woken when its turn comes. In case its waker has died, it also looks this often; the others pass a waiter
#: that has not looked for three times as long.
LOOK_EVERY_SECONDS = 0.25
FORGOTTEN_AFTER_MILLISECONDS = 750
#: Others may pass a waiter for several names for this long; after that, names that become free are kept for it.
PATIENCE_MICROSECONDS = 1_000_000
#: A holder without a heartbeat for this long is dead, and others may take its names long before they expire. If it is
#: alive after all (its machine was asleep), row locks still protect the data.
ALIVE_SECONDS = 2
#: How long after its death a lease is distinguished from a value that never had a heartbeat.
DEAD_ARE_KNOWN_MICROSECONDS = 3600 * 1_000_000

# Waiters stand in one line, in the order they came, with the names they want. A waiter whose names are all free is
# about to take them, and no other may pass it: otherwise a process that asks again right after a release would starve
# the others. While one of its names is held, it lets others take the rest, but not for longer than PATIENCE. A lease's
# heartbeat stores until when it counts as alive; a value without one lasts until it expires. KEYS are the names. The
# script makes the line's own keys, so Redis must not be a cluster.
_QUEUE = (
    f"local PATIENCE = {PATIENCE_MICROSECONDS}"
    """
local function wanted_of(value) return 'lock_wanted_' .. value end
local function any_in(names, set)
    for _, name in ipairs(names) do if set[name] then return true end end
    return false
end
local function now()
    local time = redis.call('TIME')
    return time[1] * 1000000 + time[2]
end
local function is_dead(value)
    local alive_until = redis.call('ZSCORE', 'lock_leases', value)
    return alive_until and now() > tonumber(alive_until)
end
local function are_free(names)
    if #names == 0 or redis.call('EXISTS', unpack(names)) == 0 then return true end
    for position, value in ipairs(redis.call('MGET', unpack(names))) do
        if value and not is_dead(value) then return false end
        if value then redis.call('DEL', names[position]) end
    end
    return true
end
local function insists(value, names)
    return are_free(names) or now() - redis.call('ZSCORE', 'lock_queue', value) > PATIENCE
end
local function add_to(set, names) for _, name in ipairs(names) do set[name] = true end end
local function each_waiting(visit)
    for _, value in ipairs(redis.call('ZRANGE', 'lock_queue', 0, -1)) do
        local names = redis.call('SMEMBERS', wanted_of(value))
        if #names == 0 then redis.call('ZREM', 'lock_queue', value)
        elseif visit(value, names) then return end
    end
end
local function leave(value)
    redis.call('ZREM', 'lock_queue', value)
    redis.call('DEL', wanted_of(value), 'lock_turn_' .. value)
end
local function wake_next(freed)
    local taken = {}
    each_waiting(function(value, names)
        if any_in(names, freed) and not any_in(names, taken) and are_free(names) then
            redis.call('LPUSH', 'lock_turn_' .. value, 1)
            redis.call('PEXPIRE', 'lock_turn_' .. value, 1000)
            add_to(taken, names)
        end
    end)
end
"""
)

_ACQUIRE = f"""{_QUEUE}
local value, ttl, alive, names = ARGV[1], ARGV[2], ARGV[3], {{unpack(KEYS, 1, ARGV[4])}}
local wanted, free = {{}}, are_free(names)
add_to(wanted, names)
if free then
    each_waiting(function(other, theirs)
        if other == value then return true end
        if any_in(theirs, wanted) and insists(other, theirs) then free = false return true end
    end)
end
if free then
    local had, spoken_for = {{}}, {{}}
    for position, name in ipairs(names) do
        redis.call('SET', name, value, 'PX', ttl)
        had[position] = position
    end
    leave(value)
    redis.call('ZADD', 'lock_leases', now() + alive, value)
    redis.call('ZREMRANGEBYSCORE', 'lock_leases', '-inf', now() - {DEAD_ARE_KNOWN_MICROSECONDS})
    if #KEYS > #names then
        each_waiting(function(other, theirs) if insists(other, theirs) then add_to(spoken_for, theirs) end end)
    end
    for position = #names + 1, #KEYS do
        local name = KEYS[position]
        if not spoken_for[name] and redis.call('SET', name, value, 'PX', ttl, 'NX') then had[#had + 1] = position end
    end
    return had
end
if not redis.call('ZSCORE', 'lock_queue', value) then
    redis.call('ZADD', 'lock_queue', now(), value)
    redis.call('SADD', wanted_of(value), unpack(names))
end
redis.call('PEXPIRE', wanted_of(value), {FORGOTTEN_AFTER_MILLISECONDS})
return false
"""

_RELEASE = f"""{_QUEUE}
local released, freed = 0, {{}}
for _, name in ipairs(KEYS) do
    if redis.call('GET', name) == ARGV[1] then
        redis.call('DEL', name)
        released = released + 1
    end
end
leave(ARGV[1])
redis.call('ZREM', 'lock_leases', ARGV[1])
add_to(freed, KEYS)
wake_next(freed)
return released
"""

_STAY_ALIVE = f"""{_QUEUE}
for position = 2, #ARGV do redis.call('ZADD', 'lock_leases', 'XX', now() + ARGV[1], ARGV[position]) end
"""


class RedisLock:
    """The lock. ``ttl_seconds`` is when a lock becomes free without a release, ``wait_seconds`` how long to queue,
    ``alive_seconds`` how long a lock outlives its process.
    """

    def __init__(
        self, redis: Redis, *, ttl_seconds: float, wait_seconds: float, alive_seconds: float = ALIVE_SECONDS
    ) -> None:
        self._redis = redis
        self._acquire = redis.register_script(_ACQUIRE)
        self._release = redis.register_script(_RELEASE)
        self._stay_alive = redis.register_script(_STAY_ALIVE)
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
