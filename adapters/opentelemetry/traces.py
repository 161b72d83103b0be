"""The traces of orders: an order's id is the id of its trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from typing_extensions import override

Attributes = Mapping[str, str | int | float | bool]

#: Of the last 64 bits of an order's id, those that are no chance: its variant, and a counter.
_FIXED_BITS: Final = 32
_SPAN_ID_MASK: Final = 2**64 - 1
_first_of: ContextVar[UUID | None] = ContextVar("first_of", default=None)


def first_span_of(order_id: UUID) -> SpanContext:
    """The place of an order's first span. Every process derives it alone: nothing has to be stored or sent."""
    return SpanContext(
        trace_id=order_id.int,
        span_id=order_id.int & _SPAN_ID_MASK,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


class OrderIds(RandomIdGenerator):
    """Random ids, except for the first span of an order."""

    @override
    def generate_trace_id(self) -> int:
        order_id = _first_of.get()
        return first_span_of(order_id).trace_id if order_id else super().generate_trace_id()

    @override
    def generate_span_id(self) -> int:
        order_id = _first_of.get()
        return first_span_of(order_id).span_id if order_id else super().generate_span_id()


class SpreadIds(Sampler):
    """A sampler that goes by ids of which some bits are not random, as in those of orders.

    OpenTelemetry's sampler by ratio compares the last 64 bits, of which an order's id has 32 by chance.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    @override
    def should_sample(
        self, parent_context: Context | None, trace_id: int, *args: Any, **options: Any
    ) -> SamplingResult:
        return self._sampler.should_sample(parent_context, trace_id << _FIXED_BITS, *args, **options)

    @override
    def get_description(self) -> str:
        return f"SpreadIds({self._sampler.get_description()})"


def ready(provider: TracerProvider) -> TracerProvider:
    """The provider, for orders as well as for random ids, in which nothing was traced yet."""
    provider.id_generator = OrderIds()
    provider.sampler = SpreadIds(provider.sampler)
    return provider


class Traces:
    """Spans of orders and of everything else. ``provider`` is ``ready``."""

    def __init__(self, provider: TracerProvider) -> None:
        self._sampler = provider.sampler
        self.tracer = provider.get_tracer("piquetickets")

    def begin(self, order_id: UUID, name: str, *, since: int, links: Sequence[SpanContext]) -> Context:
        """Write the first span of an order, from ``since`` (nanoseconds) to now. The context of those under it."""
        token = _first_of.set(order_id)
        try:
            first = self.tracer.start_span(
                name, Context(), start_time=since, links=_links(links), attributes=_of_order(order_id)
            )
        finally:
            _first_of.reset(token)
        first.end()
        return self.under(order_id)

    def under(self, order_id: UUID) -> Context:
        """The context of spans under an order's first one, in any process."""
        first = first_span_of(order_id)
        if self._sampler.should_sample(Context(), first.trace_id, "order").decision is not Decision.RECORD_AND_SAMPLE:
            first = SpanContext(first.trace_id, first.span_id, is_remote=True, trace_flags=TraceFlags())
        return set_span_in_context(NonRecordingSpan(first), Context())

    def written(
        self, name: str, context: Context, *, since: int, until: int, links: Sequence[SpanContext] = ()
    ) -> None:
        """Write a span of which begin and end (nanoseconds) are known."""
        self.tracer.start_span(name, context, start_time=since, links=_links(links)).end(until)

    @contextmanager
    def span(self, name: str, *, order_id: UUID | None = None, attributes: Attributes | None = None) -> Iterator[Span]:
        """A span around what is done now: of the order's trace where one is named, with a link to the present span."""
        here = get_current_span().get_span_context()
        is_elsewhere = order_id is not None and here.trace_id != order_id.int
        with self.tracer.start_as_current_span(
            name,
            self.under(order_id) if order_id and is_elsewhere else None,
            links=_links([here]) if is_elsewhere else None,
            attributes={**(_of_order(order_id) if order_id else {}), **(attributes or {})},
        ) as span:
            yield span


def _of_order(order_id: UUID) -> dict[str, str]:
    return {"piquetickets.order_id": str(order_id)}


def _links(places: Sequence[SpanContext]) -> list[Link]:
    return [Link(place) for place in places if place.is_valid]
