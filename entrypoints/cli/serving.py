"""The server of one process. It loads the whole application, which the parent of several processes does not need."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from litestar.types import ASGIApp

from entrypoints.cli.signals import stop_signal
from entrypoints.container import Container
from entrypoints.http.app import create_app, create_metrics_app
from entrypoints.server.gc_tuning import collect_seldom, leave_out_what_exists
from entrypoints.server.server import create_server
from entrypoints.server.sockets import bind
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings
from entrypoints.tracing_setting import tracing


async def serve_until_stopped(settings: Settings, host: str, port: int, *, shared_port: bool) -> None:
    """Serve the API, and the metrics if they have another port. Raises InvalidSettings if the server does not start."""
    collect_seldom()
    stop, container = stop_signal(), Container(settings=settings)
    with tracing(settings, container) as traced:
        apps = [(traced(create_app(container)), (host, port))]
        if settings.metrics_address:
            apps.append((create_metrics_app(container), settings.metrics_address))
        await _serve(settings, apps, stop, shared_port=shared_port)


async def _serve(
    settings: Settings, apps: Sequence[tuple[ASGIApp, tuple[str, int]]], stop: asyncio.Event, *, shared_port: bool
) -> None:
    servers = [create_server(app, trusted_proxies=settings.trusted_proxies) for app, _ in apps]
    leave_out_what_exists()
    serving = [
        asyncio.create_task(server.serve(sockets=[bind(*address, shared=shared_port)]))
        for server, (_, address) in zip(servers, apps, strict=True)
    ]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({*serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)
    if not all(server.started for server in servers):
        raise InvalidSettings("the server did not start, see the log above")
