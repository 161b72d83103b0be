"""Lines of requests that are decided together, traced.

A batch decides several orders, and belongs to none of them: it has a separate trace, with a link to each request. Each
order's trace tells how long it waited, and how long the common transaction took, with a link to the batch.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span, SpanContext, get_current_span, set_span_in_context
from typing_extensions import override

from adapters.opentelemetry.traces import Traces
from application.concurrency.group_commit import BatchDecider, GroupCommit, HandOver, Preparation

Key = TypeVar("Key", bound=Hashable)
Request = TypeVar("Request")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Wait:
    """A request in the line, and what became of it. Times are in nanoseconds."""

    span: Span
    since: int
    batch: SpanContext | None = None
    prepared_at: int = 0
    decided_at: int = 0

    @property
    def began(self) -> int:
        """When its HTTP request began, if there is one."""
        began = self.span.start_time if isinstance(self.span, ReadableSpan) else None
        return began or self.since


class TracedLine(GroupCommit[Key, Request, Result]):
    """A GroupCommit. ``order_of`` is the order of a result, and whether this request has placed it."""

    def __init__(
        self,
        decider: BatchDecider[Request, Result],
        traces: Traces,
        name: str,
        order_of: Callable[[Result], tuple[UUID, bool]],
        **options: Any,
    ) -> None:
        self._waits: dict[int, _Wait] = {}
        super().__init__(_TracedDecider(decider, traces, name, self._waits), **options)
        self._traces = traces
        self._name = name
        self._order_of = order_of

    @override
    async def submit(self, key: Key, request: Request) -> Result:
        # By identity: a request lives as long as this call, and two may be equal.
        wait = self._waits[id(request)] = _Wait(get_current_span(), time.time_ns())
        try:
            result = await super().submit(key, request)
        finally:
            del self._waits[id(request)]
        order_id, is_new = self._order_of(result)
        wait.span.set_attribute("piquetickets.order_id", str(order_id))
        self._tell(order_id, wait, is_new=is_new)
        return result

    def _tell(self, order_id: UUID, wait: _Wait, *, is_new: bool) -> None:
        here = wait.span.get_span_context()
        if here.trace_id == order_id.int:  # a task's, for instance
            context = set_span_in_context(wait.span, Context())
        elif is_new:
            context = self._traces.begin(order_id, self._name, since=wait.began, links=[here])
        else:
            context = self._traces.under(order_id)
        links = [place for place in (here, wait.batch) if place is not None]
        self._traces.written("line", context, since=wait.since, until=wait.prepared_at, links=links)
        self._traces.written(
            f"{self._name}: batch and transaction",
            context,
            since=wait.prepared_at,
            until=wait.decided_at,
            links=links,
        )


class _TracedDecider(BatchDecider[Request, Result]):
    def __init__(
        self, decider: BatchDecider[Request, Result], traces: Traces, name: str, waits: dict[int, _Wait]
    ) -> None:
        self._decider = decider
        self._traces = traces
        self._name = name
        self._waits = waits

    @override
    @asynccontextmanager
    async def prepare(
        self, requests: Sequence[Request], waiting: Callable[[], Sequence[Request]]
    ) -> AsyncIterator[Preparation[Request]]:
        with self._traces.span(f"{self._name} batch"):
            locks = self._traces.tracer.start_span("locks")
            async with self._decider.prepare(requests, waiting) as held:
                locks.end()
                yield held

    @override
    async def decide(self, requests: Sequence[Request], hand_over: HandOver) -> Sequence[Result | Exception]:
        began = time.time_ns()
        with self._traces.span("decision", attributes={"piquetickets.batch_size": len(requests)}) as decision:
            waits = [wait for request in requests if (wait := self._waits.get(id(request)))]
            for wait in waits:
                wait.batch, wait.prepared_at = decision.get_span_context(), began
                decision.add_link(wait.span.get_span_context())
            try:
                return await self._decider.decide(requests, hand_over)
            finally:
                for wait in waits:
                    wait.decided_at = time.time_ns()
