"""The installation under load: engines with their default durability, server processes, a Stripe with a limited
pace.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError

import psutil
import psycopg

from adapters.postgres import schema
from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from domain.catalog import Producer, Show, Ticket
from tests.load.generator import http_request
from tests.support import factories
from tests.support.processes import clean_environment, command
from tests.support.server import free_port

WEBHOOK_SECRET = "whsec_load"
START_SECONDS = 60
STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class OnSale:
    """A show with one ticket type."""

    show: Show
    producer: Producer
    ticket: Ticket

    def checkout(self, number: int, *, key: str) -> bytes:
        """The request of buyer ``number`` for one ticket, as the storefront sends it: with a separate key."""
        body = {
            "show_id": str(self.show.id),
            "customer": {"name": "Ada Lovelace", "email": f"buyer-{number}@example.org"},
            "tickets": [{"ticket_id": str(self.ticket.id), "quantity": 1}],
        }
        return http_request("POST", "/api/v1/checkout", json.dumps(body).encode(), Idempotency_Key=f"{key}-{number}")


@dataclass(frozen=True, slots=True)
class Served:
    """Server processes on a port."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory_bytes(self) -> int:
        """The memory that the serving processes do not share (resident, without shared pages)."""
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return sum(int(member.memory_full_info().uss) for member in family)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:  # noqa: S310  # our own address
            found: bytes = answer.read()
            return found


class House:
    """Engines in a directory, one database, and commands that run on them."""

    def __init__(self, directory: Path) -> None:
        self._postgres = EmbeddedPostgres(directory)
        self._redis = EmbeddedRedis(directory)

    def __enter__(self) -> Self:
        self._postgres.__enter__()
        self._redis.__enter__()
        schema.upgrade(self.database_url)
        return self

    def __exit__(self, *_: object) -> None:
        self._redis.__exit__(None, None, None)
        self._postgres.__exit__(None, None, None)

    @property
    def postgres(self) -> EmbeddedPostgres:
        return self._postgres

    @property
    def database_url(self) -> str:
        return self._postgres.url

    def environment(self, **variables: str) -> dict[str, str]:
        return clean_environment(
            DATABASE_URL=self.database_url,
            REDIS_URL=self._redis.url,
            STRIPE_API_KEY="sk_test_load",
            STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET,
            CHECKOUT_RATE_LIMIT="off",  # the whole crowd comes from one address
            LOG_FORMAT="json",
            **variables,
        )

    @contextmanager
    def serving(self, *, processes: int, **variables: str) -> Iterator[Served]:
        """``piquetickets serve``."""
        port = free_port()
        environment = self.environment(PUBLIC_URL=f"http://127.0.0.1:{port}", **variables)
        with running(command("serve", "--port", str(port), "--workers", str(processes)), environment, port) as served:
            yield served

    def put_on_sale(self, *, price: int, count: int = 1, quantity: int = 1_000_000, **show: Any) -> list[OnSale]:
        """New shows, each with ``quantity`` tickets of ``price`` minor units. ``show`` are fields of theirs."""
        return asyncio.run(self._put_on_sale(price, count, quantity, show))

    def put_house_on_sale(self, *, kinds: int, size: int = 1_000_000) -> list[OnSale]:
        """A show with ``kinds`` free ticket types in one capacity: each of them as if it were on sale alone."""
        return asyncio.run(self._put_house_on_sale(kinds, size))

    async def _put_house_on_sale(self, kinds: int, size: int) -> list[OnSale]:
        engine = create_engine(self.database_url, pool_size=1)
        producer = factories.producer()
        show = factories.show(by=producer)
        house = factories.capacity(of=show, size=size)
        tickets = [
            factories.ticket(of=show, price=0, quantity=None, capacity_id=house.id, name=f"Kind {number}")
            for number in range(kinds)
        ]
        async with PostgresDatabase(engine)() as uow:
            await uow.producers.add(producer)
            await uow.shows.add(show)
            await uow.capacities.add(house)
            for ticket in tickets:
                await uow.tickets.add(ticket)
            await uow.commit()
        await engine.dispose()
        return [OnSale(show, producer, ticket) for ticket in tickets]

    async def _put_on_sale(self, price: int, count: int, quantity: int, fields: Mapping[str, Any]) -> list[OnSale]:
        engine = create_engine(self.database_url, pool_size=1)
        producer = factories.producer()
        on_sale = []
        async with PostgresDatabase(engine)() as uow:
            await uow.producers.add(producer)
            for _ in range(count):
                show = factories.show(by=producer, **fields)
                ticket = factories.ticket(of=show, price=price, quantity=quantity)
                await uow.shows.add(show)
                await uow.tickets.add(ticket)
                on_sale.append(OnSale(show, producer, ticket))
            await uow.commit()
        await engine.dispose()
        return on_sale

    def not_completed(self, on_sale: OnSale, expected: int) -> list[str]:
        """The errors if not every one of the ticket's ``expected`` orders is completed with its attendee."""
        with psycopg.connect(self.database_url) as connection:
            found = connection.execute(
                "SELECT t.sold, t.held, count(a.id) FROM tickets t JOIN ticket_orders l ON l.ticket_id = t.id "
                "JOIN ticket_attendees a USING (order_id) WHERE t.id = %s GROUP BY t.id",
                [on_sale.ticket.id],
            ).fetchone()
        return [] if found == (expected, 0, expected) else [f"sold, held, attendees: {found}, expected {expected}"]

    def audit(self) -> list[str]:
        """The violations that ``piquetickets audit`` finds in holds, sales and orders."""
        finished = subprocess.run(
            command("audit", "--json"), env=self.environment(), stdout=subprocess.PIPE, check=False, timeout=300
        )
        checks: Sequence[Mapping[str, Any]] = json.loads(finished.stdout)["checks"]
        # No worker runs here, so tasks are late; mails and refunds are not measured.
        return [
            f"{check['name']}: {check['findings']}"
            for check in checks
            if check["findings"] and check["name"] != "tasks"
        ]


@contextmanager
def running(
    arguments: list[str], environment: Mapping[str, str], port: int, *, answers_at: str = "/health/live"
) -> Iterator[Served]:
    """A command that serves HTTP, from its first answer to the end of the block."""
    process = subprocess.Popen(arguments, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    served = Served(port, process)
    try:
        _until_it_answers(served, answers_at)
        yield served
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this suite."""
    return [sys.executable, "-m", module, *arguments]


def _until_it_answers(served: Served, path: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and served.process.poll() is None:
        with suppress(URLError, ConnectionError):
            served.get(path)
            return
        time.sleep(0.05)
    raise RuntimeError(f"{served.process.args!r} does not answer")


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
