"""The service in this process, over real HTTP."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
from dependency_injector import providers
from litestar.types import ASGIApp

from adapters.stripe.client import HttpClient, Observe
from entrypoints.container import Container, close
from entrypoints.http.app import create_app
from entrypoints.server.server import create_server
from entrypoints.server.sockets import bind
from entrypoints.settings import Settings
from entrypoints.worker import run_worker


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. ``container`` is the API's own, for tests that look inside."""

    url: str
    container: Container
    client: aiohttp.ClientSession


Dress = Callable[[Container], Callable[[ASGIApp], ASGIApp]]


def _as_it_is(app: ASGIApp) -> ASGIApp:
    return app


def free_port() -> int:
    """A port that is free now, and that no outgoing connection gets in the meantime."""
    while True:
        port = random.randrange(10_000, 20_000)  # noqa: S311  # no secret
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    port: int | None = None,
    with_worker: bool = False,
    stripe_http: Callable[[Observe], HttpClient] | None = None,
    dressed: Dress | None = None,
) -> AsyncIterator[Service]:
    """Start the API, and a worker if asked for; stop them at the end. ``stripe_http`` makes the client of Stripe.
    ``dressed`` changes the API's container before it is used, and gives what changes its application.
    """
    port = port or free_port()
    container = Container(settings=settings)
    if stripe_http:
        container.stripe_http.override(providers.Singleton(stripe_http, container.metrics.provided.stripe_called))
    dress = dressed(container) if dressed else _as_it_is
    server = create_server(dress(create_app(container)), trusted_proxies=settings.trusted_proxies)
    url = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(url) as client:
        serving = asyncio.create_task(server.serve(sockets=[bind("127.0.0.1", port)]))
        worker_container = Container(settings=settings)
        stop = asyncio.Event()
        working = asyncio.create_task(run_worker(worker_container, stop)) if with_worker else None
        await _until_live(client)
        try:
            yield Service(url, container, client)
        finally:
            if working:
                stop.set()
                await working
                await close(worker_container)
            server.should_exit = True
            await serving


async def _until_live(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with client.get("/health/live") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.01)
