"""Locks within one process, first come, first served, with expiry and a switch that makes the service unavailable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from uuid import uuid4

from application.ports.lock import Lease, LockTimeout, LockUnavailable, MoreNames, nothing_more


@dataclass(frozen=True, slots=True)
class _Held:
    value: str
    expires_at: float


class MemoryLock:
    def __init__(
        self,
        *,
        ttl_seconds: float = 120,
        wait_seconds: float = 10,
        monotonic: Callable[[], float] = time.monotonic,
        poll_seconds: float = 0.001,
    ) -> None:
        self._ttl_seconds = ttl_seconds
        self._wait_seconds = wait_seconds
        self._monotonic = monotonic
        self._poll_seconds = poll_seconds
        self._held: dict[str, _Held] = {}
        self._waiting: list[Lease] = []
        self.available = True

    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        self._ensure_available()
        lease = Lease(tuple(sorted(set(names))), str(uuid4()))
        deadline = self._monotonic() + self._wait_seconds
        self._waiting.append(lease)
        try:
            while not self._is_free_for(lease):
                if self._monotonic() >= deadline:
                    raise LockTimeout(", ".join(lease.names))
                await asyncio.sleep(self._poll_seconds)
        finally:
            self._waiting.remove(lease)
        self._hold(lease.value, lease.names)
        spoken_for = self._about_to_be_taken(self._waiting)
        more = {name for name in also() if not self._is_held(name) and name not in spoken_for}
        self._hold(lease.value, more)
        return Lease(tuple(sorted({*lease.names, *more})), lease.value)

    async def release(self, lease: Lease) -> bool:
        self._ensure_available()
        owned = [name for name in lease.names if self._is_held(name) and self._held[name].value == lease.value]
        for name in owned:
            del self._held[name]
        return len(owned) == len(lease.names)

    def _hold(self, value: str, names: Iterable[str]) -> None:
        for name in names:
            self._held[name] = _Held(value, self._monotonic() + self._ttl_seconds)

    def _is_free_for(self, lease: Lease) -> bool:
        """Whether none of its names is held, or about to be taken by an earlier waiter."""
        earlier = self._waiting[: self._waiting.index(lease)]
        return not any(map(self._is_held, lease.names)) and self._about_to_be_taken(earlier).isdisjoint(lease.names)

    def _about_to_be_taken(self, waiting: Iterable[Lease]) -> set[str]:
        return {name for lease in waiting if not any(map(self._is_held, lease.names)) for name in lease.names}

    def _is_held(self, name: str) -> bool:
        held = self._held.get(name)
        return held is not None and held.expires_at > self._monotonic()

    def _ensure_available(self) -> None:
        if not self.available:
            raise LockUnavailable("switched off")
