"""Expensive calls that many callers share: for each key one at a time, and at most one in an interval."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

Result = TypeVar("Result")

EVERY_SECONDS: Final = 1.0


class SpacedCalls(Generic[Result]):
    """``call(key)`` begins at most once in ``every_seconds`` for each key, for any number of callers.

    A caller shares the next call that begins, never one that is running: the result is never older than the request.
    """

    def __init__(self, call: Callable[[str], Awaitable[Result]], *, every_seconds: float = EVERY_SECONDS) -> None:
        self._call = call
        self._every_seconds = every_seconds
        self._next: dict[str, asyncio.Task[Result]] = {}
        self._free_at: dict[str, float] = {}

    async def __call__(self, key: str) -> Result:
        """The result of the next call for ``key``. Raises what the call raises."""
        coming = self._next.get(key)
        if coming is None:
            coming = asyncio.create_task(self._begin(key))
            self._next[key] = coming
            coming.add_done_callback(_retrieve)
        # Shielded: a caller that is cancelled does not take the result from the others.
        return await asyncio.shield(coming)

    async def _begin(self, key: str) -> Result:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(self._free_at.get(key, 0) - loop.time())
        finally:
            del self._next[key]
        self._free_at[key] = loop.time() + self._every_seconds
        loop.call_later(self._every_seconds, self._forget, key)
        return await self._call(key)

    def _forget(self, key: str) -> None:
        if self._free_at.get(key, 0) <= asyncio.get_running_loop().time():
            self._free_at.pop(key, None)


def _retrieve(call: asyncio.Task[Result]) -> None:
    """Retrieve the exception of a call that all its callers have left, so asyncio does not report it."""
    if not call.cancelled():
        call.exception()
