"""Group commit: requests that arrive while a decision is being made are decided together in the next one.

A hot show is one row in the database. One transaction an order makes buyers wait for each other's round trips and
for each other's fsync; deciding everybody who waits in one transaction costs the same as deciding one. Nobody waits
for a batch to fill: a request that finds its line idle is decided at once, alone. But where a batch has to wait itself,
for a lock that another process has, whoever comes meanwhile joins it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from typing import Generic, TypeVar

from application.errors import Busy

Key = TypeVar("Key", bound=Hashable)
Request = TypeVar("Request")
Result = TypeVar("Result")

#: Decides requests together; one result or exception for each, in their order. Raising refuses them all.
Decide = Callable[[Sequence[Request]], Awaitable[Sequence[Result | Exception]]]
#: What a decision needs before it can be made, and how long. It says which further requests it is good for, too.
Prepare = Callable[[Sequence[Request]], AbstractAsyncContextManager[Callable[[Request], bool]]]


class GroupCommit(Generic[Key, Request, Result]):
    """Lines of requests by key (a show). Two batches never decide for the same key at the same time.

    ``decide`` is called within ``prepare``, which may raise for the whole batch, too.

    ``max_batch`` bounds the work of one transaction, ``max_waiting`` each line (a request beyond it raises Busy).
    While a batch is under way others gather for the next one; but when it takes longer than ``patience_seconds``,
    because somebody has its rows, another begins beside it: at most ``max_in_flight``, and so database connections.
    """

    def __init__(
        self,
        decide: Decide[Request, Result],
        *,
        prepare: Prepare[Request] | None = None,
        max_batch: int = 64,
        max_waiting: int = 2000,
        max_in_flight: int = 4,
        patience_seconds: float = 0.05,
    ) -> None:
        self._decide = decide
        self._prepare = prepare or _nothing_to_prepare
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_in_flight = max_in_flight
        self._patience_seconds = patience_seconds
        self._patient_until = 0.0
        self._lines: dict[Key, deque[tuple[Request, asyncio.Future[Result]]]] = {}
        self._deciding: set[Key] = set()
        self._batches: set[asyncio.Task[None]] = set()

    async def submit(self, key: Key, request: Request) -> Result:
        """The decision on ``request``. Raises Busy when the line is full, and what the decision raises."""
        line = self._lines.setdefault(key, deque())
        if len(line) >= self._max_waiting:
            raise Busy
        decided: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        line.append((request, decided))
        self._start_batches()
        return await decided

    async def close(self) -> None:
        """Wait until everything submitted is decided."""
        while self._batches:
            await asyncio.wait(self._batches)

    def _start_batches(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._batches or (len(self._batches) < self._max_in_flight and loop.time() >= self._patient_until):
            keys, entries = self._next_batch()
            if not entries:
                return
            self._patient_until = loop.time() + self._patience_seconds
            loop.call_later(self._patience_seconds, self._start_batches)
            self._deciding |= keys
            # An empty context: a batch belongs to no single request, least of all in the log.
            batch = asyncio.create_task(self._run(keys, entries), context=Context())
            self._batches.add(batch)
            batch.add_done_callback(self._end_batch)

    def _next_batch(self) -> tuple[set[Key], list[tuple[Request, asyncio.Future[Result]]]]:
        keys: set[Key] = set()
        entries: list[tuple[Request, asyncio.Future[Result]]] = []
        for key in [key for key in self._lines if key not in self._deciding]:
            line = self._lines.pop(key)
            while line and len(entries) < self._max_batch:
                request, decided = line.popleft()
                if not decided.done():  # whoever asked has gone
                    entries.append((request, decided))
                    keys.add(key)
            if line:
                self._lines[key] = line  # at the end: the other shows come first next time
            if len(entries) == self._max_batch:
                break
        return keys, entries

    async def _run(self, keys: set[Key], entries: list[tuple[Request, asyncio.Future[Result]]]) -> None:
        try:
            async with self._prepare([request for request, _ in entries]) as is_good_for:
                self._join(keys, entries, is_good_for)
                outcomes = await self._decide([request for request, _ in entries])
        except Exception as error:  # noqa: BLE001  # whatever it is, everybody who waits must hear of it
            outcomes = [error] * len(entries)
        finally:
            self._deciding -= keys
        for (_, decided), outcome in zip(entries, outcomes, strict=True):
            if decided.done():
                continue
            if isinstance(outcome, Exception):
                decided.set_exception(outcome)
            else:
                decided.set_result(outcome)

    def _join(
        self,
        keys: set[Key],
        entries: list[tuple[Request, asyncio.Future[Result]]],
        is_good_for: Callable[[Request], bool],
    ) -> None:
        for key in keys & self._lines.keys():
            line, left = self._lines.pop(key), deque[tuple[Request, asyncio.Future[Result]]]()
            for entry in line:
                if len(entries) < self._max_batch and not entry[1].done() and is_good_for(entry[0]):
                    entries.append(entry)
                else:
                    left.append(entry)
            if left:
                self._lines[key] = left

    def _end_batch(self, batch: asyncio.Task[None]) -> None:
        self._batches.discard(batch)
        self._start_batches()


@asynccontextmanager
async def _nothing_to_prepare(_: Sequence[object]) -> AsyncIterator[Callable[[object], bool]]:
    yield lambda _: False
