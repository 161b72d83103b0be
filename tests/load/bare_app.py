"""Applications that the service is compared with, served the same way: an empty Litestar handler, and checkouts without
a database.

``python -m tests.load.bare_app empty|memory --port N [--shared-port]``
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from dataclasses import replace

import uvloop
from dependency_injector import providers
from litestar import Litestar, get

from adapters.memory.lock import MemoryLock
from adapters.memory.notifier import MemoryNotifier
from adapters.memory.unit_of_work import MemoryDatabase
from entrypoints.cli.signals import stop_signal
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.server.gc_tuning import collect_seldom, leave_out_what_exists
from entrypoints.server.server import create_server
from entrypoints.server.sockets import bind
from entrypoints.settings import Settings
from tests.load.house import WEBHOOK_SECRET
from tests.support import factories


@get("/health/live")
async def live() -> dict[str, str]:
    return {}


@get("/empty")
async def empty() -> dict[str, str]:
    return {}


def empty_app() -> Litestar:
    """A handler that does nothing."""
    return Litestar([live, empty], logging_config=None, openapi_config=None)


async def memory_app() -> Litestar:
    """The whole service on the fakes of its database, its lock and its queue, with one free show on sale."""
    database = MemoryDatabase()
    settings = Settings(
        database_url="postgresql://nowhere/x",
        redis_url="redis://127.0.0.1:1/0",
        stripe_webhook_secret=WEBHOOK_SECRET,
        checkout_rate_limit="off",
    )
    container = Container(settings=settings)
    container.database.override(providers.Object(database))
    container.lock.override(providers.Object(MemoryLock()))
    container.notifier.override(providers.Object(MemoryNotifier()))
    producer = factories.producer()
    show = factories.show(by=producer)
    ticket = factories.ticket(of=show, price=0, quantity=1_000_000)
    async with database() as uow:
        await uow.producers.add(producer)
        await uow.shows.add(show)
        await uow.tickets.add(replace(ticket, show_id=show.id))
        await uow.commit()
    sys.stdout.write(json.dumps({"show_id": str(show.id), "ticket_id": str(ticket.id)}) + "\n")
    sys.stdout.flush()
    return create_app(container)


async def serve(kind: str, port: int, *, shared_port: bool) -> None:
    collect_seldom()
    stop = stop_signal()
    app = empty_app() if kind == "empty" else await memory_app()
    server = create_server(app)
    leave_out_what_exists()
    serving = asyncio.create_task(server.serve(sockets=[bind("127.0.0.1", port, shared=shared_port)]))
    await stop.wait()
    server.should_exit = True
    await serving


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["empty", "memory"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--shared-port", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    uvloop.run(serve(asked.kind, asked.port, shared_port=asked.shared_port))


if __name__ == "__main__":
    main()
