"""Traces: the decorators around the container's parts, and where spans go. TRACING switches them on; without it nothing
here is imported, and the container is as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from dependency_injector import providers
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiohttp_client import create_trace_config
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, get_current_span
from yarl import URL

from adapters.opentelemetry.lines import TracedLine
from adapters.opentelemetry.ports import TracedDatabase, TracedMailer, TracedPayment, traced_tasks
from adapters.opentelemetry.traces import Traces, ready
from adapters.stripe.client import WatchedHttpClient
from application.checkout.place_orders import Placement
from application.payments.change_orders import ChangedOrder
from entrypoints.container import Container
from entrypoints.logs import without_secrets

#: Ids of Stripe's objects, some of which open a payment page.
_IDS: Final = re.compile(r"(?<=/)[a-z]+_[^/]+")
#: Attributes of a request, in both conventions of OpenTelemetry, that say where a client is, and what it asked for.
_OF_CLIENTS: Final = frozenset({"net.peer.ip", "net.peer.port", "client.address", "client.port", "url.query"})
_ADDRESSES: Final = frozenset({"http.url", "http.target", "url.full", "url.path"})
#: Asked every few seconds, by machines.
_EXCLUDED: Final = "/health/.*,/metrics"


def create_provider() -> TracerProvider:
    """Spans leave by OTLP over HTTP, as OpenTelemetry's own variables say (OTEL_EXPORTER_OTLP_ENDPOINT, …)."""
    provider = ready(TracerProvider(resource=Resource.create().merge(Resource({SERVICE_NAME: _service_name()}))))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def trace(container: Container, provider: TracerProvider) -> None:
    """Put decorators around the parts of a container of which no part was made yet."""
    traces = _shared(Traces(provider))
    line, changes = container.checkout_line, container.order_change_line
    _override(line, TracedLine, *line.args, traces, "checkout", _shared(_placed), **line.kwargs)
    _override(changes, TracedLine, *changes.args, traces, "payment", _shared(_changed), **changes.kwargs)
    for part, decorator in (
        (container.database, TracedDatabase),
        (container.payment, TracedPayment),
        (container.payment_for_buyers, TracedPayment),
        (container.mailer, TracedMailer),
        (container.measured_handlers, traced_tasks),
    ):
        _override(part, decorator, _again(part), traces)
    http = container.stripe_http
    configs = _shared([create_trace_config(url_filter=_without_ids, tracer_provider=provider)])
    _override(http, WatchedHttpClient, *http.args, trace_configs=configs, **http.kwargs)


def traced_app(app: Any, provider: TracerProvider) -> Any:
    """The ASGI application, with a span for each request, named by its route."""

    async def named(scope: Any, receive: Any, send: Any) -> None:
        span = get_current_span()

        async def send_named(message: Any) -> None:
            if message["type"] == "http.response.start":  # the span ends with the answer
                _name_by_route(span, scope)
            await send(message)

        await app(scope, receive, send_named)

    return OpenTelemetryMiddleware(
        named,
        excluded_urls=_EXCLUDED,
        default_span_details=lambda scope: (scope.get("method", "HTTP"), {}),
        server_request_hook=_without_buyer,
        exclude_spans=["receive", "send"],
        tracer_provider=provider,
    )


def _name_by_route(span: Span, scope: dict[str, Any]) -> None:
    if span.is_recording() and (route := scope.get("path_template")):
        span.update_name(f"{scope.get('method')} {route}")
        span.set_attribute("http.route", str(route))


def _without_buyer(span: Span, _: dict[str, Any]) -> None:
    """Take out what opens an order, and where a buyer is: traces are kept apart from personal data."""
    for name, value in dict(span.attributes or {}).items() if isinstance(span, ReadableSpan) else ():
        if name in _OF_CLIENTS:
            span.set_attribute(name, "")
        elif name in _ADDRESSES:
            span.set_attribute(name, without_secrets(str(value).partition("?")[0]))


def _override(part: Any, cls: Callable[..., object], *args: Any, **options: Any) -> None:
    part.override(providers.Singleton(cls, *args, **options))


def _shared(thing: object) -> Any:
    """A provider of one object, whose copies give the same one: Litestar copies what middleware asks for."""
    return providers.Callable(lambda: thing)


def _again(part: Any) -> Any:
    """The part without its decorator: what is overridden cannot be asked for."""
    return providers.Singleton(part.cls, *part.args, **part.kwargs)


def _placed(placement: Placement) -> tuple[UUID, bool]:
    return placement.order.id, placement.is_new


def _changed(changed: ChangedOrder) -> tuple[UUID, bool]:
    return changed.order.id, False


def _without_ids(url: URL) -> str:
    return str(url.with_query(None).with_path(_IDS.sub("{id}", url.path), encoded=True))


def _service_name() -> str:
    name = Resource.create().attributes.get(SERVICE_NAME, "")
    return "piquetickets" if not name or str(name).startswith("unknown_service") else str(name)
