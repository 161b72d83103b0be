"""Locks within one process, first come, first served, with expiry and a switch that takes the service away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import uuid4

from application.ports.lock import Lease, LockTimeout, LockUnavailable

_POLL_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class _Held:
    value: str
    expires_at: float


class MemoryLock:
    def __init__(
        self, *, ttl_seconds: float = 120, wait_seconds: float = 10, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ttl_seconds = ttl_seconds
        self._wait_seconds = wait_seconds
        self._monotonic = monotonic
        self._held: dict[str, _Held] = {}
        self._waiting: list[Lease] = []
        self.available = True

    async def acquire(self, names: Collection[str]) -> Lease:
        self._ensure_available()
        lease = Lease(tuple(sorted(set(names))), str(uuid4()))
        deadline = self._monotonic() + self._wait_seconds
        self._waiting.append(lease)
        try:
            while not self._is_free_for(lease):
                if self._monotonic() >= deadline:
                    raise LockTimeout(", ".join(lease.names))
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            self._waiting.remove(lease)
        for name in lease.names:
            self._held[name] = _Held(lease.value, self._monotonic() + self._ttl_seconds)
        return lease

    async def release(self, lease: Lease) -> bool:
        self._ensure_available()
        owned = [name for name in lease.names if self._is_held(name) and self._held[name].value == lease.value]
        for name in owned:
            del self._held[name]
        return len(owned) == len(lease.names)

    def _is_free_for(self, lease: Lease) -> bool:
        """Whether nobody holds one of its names, and nobody who came earlier is about to take one."""
        if any(map(self._is_held, lease.names)):
            return False
        earlier = self._waiting[: self._waiting.index(lease)]
        about_to_go = [other for other in earlier if not any(map(self._is_held, other.names))]
        return not any(set(other.names) & set(lease.names) for other in about_to_go)

    def _is_held(self, name: str) -> bool:
        held = self._held.get(name)
        return held is not None and held.expires_at > self._monotonic()

    def _ensure_available(self) -> None:
        if not self.available:
            raise LockUnavailable("switched off")
