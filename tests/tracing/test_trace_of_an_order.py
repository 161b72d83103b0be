"""The whole way of an order is one trace, whose id is the order's: checkout, batch, Stripe, payment, task, mail."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from adapters.opentelemetry.traces import Traces, first_span_of, ready
from adapters.system.ids import SystemIds
from demo.embedded import EmbeddedPostgres
from entrypoints.container import Container
from entrypoints.tracing import trace, traced_app
from tests.support.factories import ticket
from tests.support.stripe_world import StripeWorld, stripe_world

Spans = list[ReadableSpan]


class Seen:
    """The spans that were written until now."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = ready(TracerProvider())
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def of_order(self, order_id: str) -> Spans:
        return [span for span in self.exporter.get_finished_spans() if span.context.trace_id == UUID(order_id).int]

    def others(self, order_id: str) -> Spans:
        return [span for span in self.exporter.get_finished_spans() if span.context.trace_id != UUID(order_id).int]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def world(postgres: EmbeddedPostgres, redis_url: str, seen: Seen) -> AsyncIterator[StripeWorld]:
    def dressed(container: Container) -> Any:
        trace(container, seen.provider)
        return lambda app: traced_app(app, seen.provider)

    async with stripe_world(postgres, redis_url, dressed=dressed) as started:
        yield started
    seen.provider.shutdown()


def names(spans: Iterable[ReadableSpan]) -> list[str]:
    return [span.name for span in spans]


def linked(span: ReadableSpan) -> set[int]:
    return {link.context.span_id for link in span.links}


def under(spans: Spans, name: str) -> list[str]:
    """The names of the spans right under those of this name."""
    ids = {span.context.span_id for span in spans if span.name == name}
    return [span.name for span in spans if span.parent and span.parent.span_id in ids]


async def test_the_way_of_a_paid_order_is_one_trace(world: StripeWorld, seen: Seen) -> None:
    on_sale = await world.box_office.put_on_sale()
    placed = await world.box_office.buy(on_sale.cart(2))
    order_id = placed["order_id"]
    await world.work_off(order_id)

    spans = seen.of_order(order_id)
    [first] = [span for span in spans if span.parent is None]
    assert (first.name, first.context.span_id) == ("checkout", first_span_of(UUID(order_id)).span_id)
    paid_for = {"checkout: batch and transaction", "stripe open_session", "payment: batch and transaction"}
    assert paid_for <= set(names(spans))
    assert under(spans, "stripe open_session") == ["POST"]
    assert {"task confirmation_mail", "task describe_transfer"} <= set(names(spans))
    assert under(spans, "task confirmation_mail").count("mail") == 1
    assert "transaction" in under(spans, "mail")  # the note that the mail is being sent
    ids = {span.context.span_id for span in spans}
    assert all(span.parent is None or span.parent.span_id in ids for span in spans)
    assert all(span.status.status_code is not StatusCode.ERROR for span in spans)


async def test_a_batch_is_linked_with_all_orders_that_it_decides(world: StripeWorld, seen: Seen) -> None:
    on_sale = await world.box_office.put_on_sale(ticket(price=0))
    answers = await asyncio.gather(*(world.box_office.checkout(on_sale.cart(1)) for _ in range(12)))
    orders = [answer.created()["order_id"] for answer in answers]

    spans = seen.exporter.get_finished_spans()
    decisions = [span for span in spans if span.name == "decision"]
    assert sum(span.attributes["piquetickets.batch_size"] for span in decisions if span.attributes) == len(orders)  # type: ignore[misc]
    assert len(decisions) < len(orders)
    requests = {span.context.span_id: span for span in spans if span.name == "POST /api/v1/checkout"}
    assert len(requests) == len(orders)
    for order_id in orders:
        [decided] = [span for span in seen.of_order(order_id) if span.name == "checkout: batch and transaction"]
        [decision] = [span for span in decisions if span.context.span_id in linked(decided)]
        [request] = linked(decided) & set(requests)
        assert request in linked(decision)
        assert (requests[request].attributes or {})["piquetickets.order_id"] == order_id
        assert decided.start_time is not None
        assert decision.start_time is not None
        assert decided.start_time <= decision.start_time <= (decided.end_time or 0)
    assert under(list(spans), "decision") == ["transaction"] * len(decisions)


async def test_an_event_of_stripes_joins_the_orders_trace_and_is_linked_with_it(world: StripeWorld, seen: Seen) -> None:
    on_sale = await world.box_office.put_on_sale()
    placed = (await world.box_office.checkout(on_sale.cart(1))).created()
    await world.box_office.pay(placed)
    await world.box_office.until_completed(placed)

    requests = {s.context.span_id: s.name for s in seen.others(placed["order_id"]) if s.kind.name == "SERVER"}
    joined = [requests[id_] for s in seen.of_order(placed["order_id"]) for id_ in linked(s) if id_ in requests]
    assert "POST /api/v1/checkout" in joined
    assert {"POST /api/v1/webhooks/stripe", "GET /api/v1/checkout/success"} & set(joined)


async def test_no_span_names_a_buyer_or_has_a_secret(world: StripeWorld, seen: Seen) -> None:
    on_sale = await world.box_office.put_on_sale()
    placed = await world.box_office.buy(on_sale.cart(1))
    await world.work_off(placed["order_id"])

    written = " ".join(span.to_json() for span in seen.exporter.get_finished_spans())
    assert placed["order_id"] in written
    for secret in ("@example", "cs_test_", "token=", "sk_test"):
        assert secret not in written


async def test_requests_are_named_by_their_route(world: StripeWorld, seen: Seen) -> None:
    on_sale = await world.box_office.put_on_sale()
    await world.box_office.get(f"/api/v1/shows/{on_sale.id}")
    await world.box_office.get("/health/live")
    named = set(names(seen.exporter.get_finished_spans()))
    assert "GET /api/v1/shows/{show_id}" in named
    assert not any("health" in name for name in named)


def test_all_processes_sample_the_same_orders() -> None:
    one, other = (Traces(ready(TracerProvider(sampler=ParentBased(TraceIdRatioBased(0.5))))) for _ in range(2))
    orders = [SystemIds().new() for _ in range(200)]

    def sampled(traces: Traces) -> list[bool]:
        spans = [traces.tracer.start_span("x", traces.under(order_id)) for order_id in orders]
        return [span.get_span_context().trace_flags.sampled for span in spans]

    assert sampled(one) == sampled(other)
    assert 60 < sum(sampled(one)) < 140


_WITHOUT = """
import sys
sys.modules["opentelemetry"] = None  # as where the extra is not installed
import entrypoints.cli.serving, entrypoints.cli.worker
from entrypoints.container import Container
from entrypoints.settings import Settings
from entrypoints.tracing_setting import tracing
off = Container(settings=Settings())
with tracing(Settings(), off) as traced:
    app = object()
    assert traced(app) is app
    assert not off.checkout_line.overridden and not off.database.overridden
assert not [name for name in sys.modules if name.startswith(("adapters.opentelemetry", "entrypoints.tracing."))]
try:
    with tracing(Settings(tracing="otlp"), off):
        pass
except Exception as error:
    print(type(error).__name__, error)
"""


def test_without_the_setting_nothing_is_imported_or_changed_and_without_the_extra_it_is_named() -> None:
    """redis-py imports OpenTelemetry's API by itself where it finds it: only its absence shows who else does."""
    shown = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=False)
    assert shown.stderr == ""
    assert shown.stdout == "InvalidSettings TRACING: comes with the extra tracing: install piquetickets[tracing]\n"
