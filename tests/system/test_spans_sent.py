"""TRACING=otlp: each process sends its spans to a collector, the last ones when it stops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from demo.embedded import EmbeddedPostgres
from tests.support.factories import ticket
from tests.support.fulfilment_world import fulfilment_world
from tests.support.server import free_port

#: Two processes are started here, which takes time on a busy machine.
pytestmark = pytest.mark.timeout(240)


class Collector:
    """Takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        self.port = free_port()
        self._received: list[bytes] = []

    async def take(self, request: web.Request) -> web.Response:
        self._received.append(await request.read())
        return web.Response(content_type="application/x-protobuf")

    def spans(self) -> Iterator[tuple[str, str, str]]:
        """Service, trace id and name of each span."""
        for body in self._received:
            for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
                facts = {each.key: each.value.string_value for each in of_service.resource.attributes}
                for scope in of_service.scope_spans:
                    for span in scope.spans:
                        yield facts["service.name"], span.trace_id.hex(), span.name


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    receiving = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", receiving.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", receiving.port).start()
    yield receiving
    await runner.cleanup()


async def test_server_and_worker_write_one_trace_of_an_order(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async with collector() as receiving:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiving.port}"}
        async with fulfilment_world(
            postgres, tmp_path, tracing="otlp", service_environment={**environment, "OTEL_SERVICE_NAME": "api"}
        ) as world:
            on_sale = await world.box_office.put_on_sale(ticket(price=0))
            placed = await world.buy(on_sale, "ada@example.org")
            await world.start_worker(**environment, OTEL_SERVICE_NAME="worker")
            await world.until_it_is_sent(placed)

    trace = UUID(placed["order_id"]).hex
    written = {(service, name) for service, trace_id, name in receiving.spans() if trace_id == trace}
    assert {("api", "checkout"), ("api", "checkout: batch and transaction")} <= written
    assert {("worker", "task confirmation_mail"), ("worker", "mail")} <= written
