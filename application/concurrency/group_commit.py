"""Group commit: requests that arrive while a decision is being made are decided together in the next one.

A hot show is one row in the database. With one transaction for each order, buyers wait for each other's round trips and
fsync; one transaction that decides all waiting requests costs the same as one request. No request waits for a batch to
fill: a request that finds its line idle is decided at once, with those that came in the same moment. While a batch
itself has to wait, for a lock of another process, new requests join it.

The next batch does not wait for the commit of the one before: it begins when that one is decided and being written. In
a database the row locks let it continue when they are committed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar

from typing_extensions import override

from application.errors import Busy

Key = TypeVar("Key", bound=Hashable)
Request = TypeVar("Request")
Result = TypeVar("Result")
Request_contra = TypeVar("Request_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)


#: Called by a decider when all is decided and only the writing is left: the next batch may begin.
HandOver = Callable[[], None]


def nothing_to_hand_over() -> None:
    """The hand-over of a decision for which no other batch waits."""


class Preparation(Protocol[Request_contra]):
    """What a decider holds for its decision on a batch."""

    def covers(self, request: Request_contra) -> bool:
        """Whether this request, too, can be decided with what is held."""
        ...

    def let_go(self) -> None:
        """Begin to release what is held; who prepared it waits for the end of that."""
        ...


class _NothingHeld(Preparation[object]):
    @override
    def covers(self, request: object) -> bool:
        return True

    @override
    def let_go(self) -> None:
        pass


_NOTHING_HELD: Final = _NothingHeld()


@asynccontextmanager
async def _nothing_held() -> AsyncIterator[Preparation[object]]:
    yield _NOTHING_HELD


class BatchDecider(Protocol[Request_contra, Result_co]):
    """Decides the requests of a batch together."""

    def prepare(
        self,
        requests: Sequence[Request_contra],  # noqa: ARG002
        waiting: Callable[[], Sequence[Request_contra]],  # noqa: ARG002
    ) -> AbstractAsyncContextManager[Preparation[Request_contra]]:
        """Hold what the decision on the requests needs, such as locks; nothing, unless overridden.

        ``waiting()`` are the requests that could join the batch at this moment. Those that the preparation covers do.
        Raising refuses ``requests``.
        """
        return _nothing_held()

    async def decide(self, requests: Sequence[Request_contra], hand_over: HandOver) -> Sequence[Result_co | Exception]:
        """A result or an exception for each request, in their order. Raising refuses all of them.

        It may call ``hand_over`` when what another batch would read is locked and only has to be written.
        """
        ...


def decide_with(
    decide: Callable[[Sequence[Request]], Awaitable[Sequence[Result | Exception]]],
) -> BatchDecider[Request, Result]:
    """A decider that needs no preparation, and hands over when it has ended."""
    return _Function(decide)


class _Function(BatchDecider[Request, Result]):
    def __init__(self, decide: Callable[[Sequence[Request]], Awaitable[Sequence[Result | Exception]]]) -> None:
        self._decide = decide

    @override
    async def decide(self, requests: Sequence[Request], hand_over: HandOver) -> Sequence[Result | Exception]:
        return await self._decide(requests)


_Entry = tuple[Request, asyncio.Future[Result]]


@dataclass(slots=True)
class _Batch(Generic[Key, Request, Result]):
    keys: set[Key] = field(default_factory=set)
    entries: list[_Entry[Request, Result]] = field(default_factory=list)
    is_handed_over: bool = False

    @property
    def requests(self) -> list[Request]:
        return [request for request, _ in self.entries]


class GroupCommit(Generic[Key, Request, Result]):
    """Lines of requests by key (a show). Two batches never decide for the same key at the same time, but one may decide
    while another is being written.

    A batch begins with the requests of one key. The decider prepares for them, and may refuse them; while its
    preparation lasts, it decides them and all that have joined by then.

    ``max_batch`` limits the work of one transaction, ``max_waiting`` each line (a request beyond it raises Busy). While
    a batch is being decided new requests gather for the next one. If the decision takes longer than
    ``max_wait_seconds``, because another transaction has its rows, another batch begins beside it: at most
    ``max_in_flight`` are under way, which also limits the database connections.

    Where a transaction costs much more than another request in it, ``gather_seconds`` is how long after the beginning
    of one the next begins at the soonest, once requests come so fast that one has to wait for another, unless
    ``gather_most`` are waiting. A request that finds all idle never waits.
    """

    def __init__(
        self,
        decider: BatchDecider[Request, Result],
        *,
        max_batch: int = 64,
        max_waiting: int = 2000,
        max_in_flight: int = 4,
        max_wait_seconds: float = 0.05,
        gather_seconds: float = 0.0,
        gather_most: int = 16,
    ) -> None:
        self._decider = decider
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_in_flight = max_in_flight
        self._max_wait_seconds = max_wait_seconds
        self._gather_seconds = gather_seconds
        self._gather_most = gather_most
        self._patient_until = 0.0
        self._gathering_until = 0.0
        self._lines: dict[Key, deque[_Entry[Request, Result]]] = {}
        self._deciding: set[Key] = set()
        self._batches: dict[asyncio.Task[None], _Batch[Key, Request, Result]] = {}

    async def submit(self, key: Key, request: Request) -> Result:
        """The decision on ``request``. Raises Busy if the line is full, and what the decision raises."""
        line = self._lines.setdefault(key, deque())
        if len(line) >= self._max_waiting:
            raise Busy
        decided: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        line.append((request, decided))
        self._start_batches(had_to_wait=bool(self._batches))
        return await decided

    async def close(self) -> None:
        """Wait until all submitted requests are decided."""
        self._gather_seconds = 0
        self._end_gathering()
        while self._batches:
            await asyncio.wait(self._batches)

    def _start_batches(self, *, had_to_wait: bool = True) -> None:
        loop = asyncio.get_running_loop()
        while self._may_begin(loop.time()):
            batch = self._next_batch()
            if not batch.entries:
                return
            self._patient_until = loop.time() + self._max_wait_seconds
            loop.call_later(self._max_wait_seconds, self._start_batches)
            if self._gather_seconds and had_to_wait:
                self._gathering_until = loop.time() + self._gather_seconds
                loop.call_at(self._gathering_until, self._end_gathering)
            # An empty context: a batch belongs to no single request, least of all in the log.
            deciding = asyncio.create_task(self._run(batch), context=Context())
            self._batches[deciding] = batch
            deciding.add_done_callback(self._end_batch)

    def _may_begin(self, now: float) -> bool:
        if len(self._batches) >= self._max_in_flight or self._is_gathering(now):
            return False
        return now >= self._patient_until or all(batch.is_handed_over for batch in self._batches.values())

    def _is_gathering(self, now: float) -> bool:
        return now < self._gathering_until and sum(map(len, self._lines.values())) < self._gather_most

    def _end_gathering(self) -> None:
        self._gathering_until = 0.0
        self._start_batches()

    def _next_batch(self) -> _Batch[Key, Request, Result]:
        """The next batch.

        It starts with a single show: a show whose locks are taken delays no other. Others join once it is prepared.
        """
        batch: _Batch[Key, Request, Result] = _Batch()
        for key in self._keys_open_to(batch):
            self._move(key, batch)
            if batch.entries:
                break
        return batch

    def _join(self, batch: _Batch[Key, Request, Result], is_good_for: Callable[[Request], bool]) -> None:
        for key in self._keys_open_to(batch):
            if len(batch.entries) == self._max_batch:
                break
            self._move(key, batch, is_good_for)

    def _move(
        self,
        key: Key,
        batch: _Batch[Key, Request, Result],
        is_good_for: Callable[[Request], bool] = _NOTHING_HELD.covers,
    ) -> None:
        """Move requests from a line into the batch, in their order, as many as it has room for."""
        line, before = self._lines[key], len(batch.entries)
        passed_over: deque[_Entry[Request, Result]] = deque()
        while line and len(batch.entries) < self._max_batch:
            request, decided = entry = line.popleft()
            if decided.done():  # the caller has gone
                continue
            if is_good_for(request):
                batch.entries.append(entry)
            else:
                passed_over.appendleft(entry)
        line.extendleft(passed_over)
        if len(batch.entries) > before:
            batch.keys.add(key)
            self._deciding.add(key)
            self._lines[key] = self._lines.pop(key)  # at the end: the other shows come first next time
        if not line:
            del self._lines[key]

    def _keys_open_to(self, batch: _Batch[Key, Request, Result]) -> list[Key]:
        return [key for key in self._lines if key in batch.keys or key not in self._deciding]

    def _waiting_for(self, batch: _Batch[Key, Request, Result]) -> list[Request]:
        """The requests that could join the batch, as many as it has room for."""
        lines = (self._lines[key] for key in self._keys_open_to(batch))
        waiting = (request for line in lines for request, decided in line if not decided.done())
        return list(islice(waiting, self._max_batch - len(batch.entries)))

    async def _run(self, batch: _Batch[Key, Request, Result]) -> None:
        try:
            async with self._decider.prepare(batch.requests, partial(self._waiting_for, batch)) as held:
                self._join(batch, held.covers)
                outcomes = await self._decider.decide(batch.requests, partial(self._hand_over, batch, held))
        except Exception as error:  # noqa: BLE001  # all waiting callers must get it
            outcomes = [error] * len(batch.entries)
        finally:
            if not batch.is_handed_over:
                self._deciding -= batch.keys
        for (_, decided), outcome in zip(batch.entries, outcomes, strict=True):
            if decided.done():
                continue
            if isinstance(outcome, Exception):
                decided.set_exception(outcome)
            else:
                decided.set_result(outcome)

    def _hand_over(self, batch: _Batch[Key, Request, Result], held: Preparation[Request]) -> None:
        if batch.is_handed_over:  # a second attempt is being written
            return
        batch.is_handed_over = True
        held.let_go()
        self._deciding -= batch.keys
        self._start_batches()

    def _end_batch(self, deciding: asyncio.Task[None]) -> None:
        del self._batches[deciding]
        self._start_batches()
