"""`piquetickets rehearse`: it reads the show once, writes nothing, and talks to nothing but the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest
from psycopg import sql

from adapters.postgres.engine import create_engine
from adapters.postgres.tables import metadata
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.system.clock import SystemClock
from demo.embedded import EmbeddedPostgres
from domain.catalog import Show
from domain.venue_clock import VenueTime
from tests.support.database import connected, own_database
from tests.support.factories import producer as a_producer
from tests.support.factories import promo_code, show, ticket
from tests.support.processes import Finished, run

pytestmark = pytest.mark.timeout(240)

SMALL = ("--buyers", "60", "--minutes", "1")


@dataclass(slots=True)
class Silent:
    """A server that takes connections, and says nothing: whom the rehearsal must never ask."""

    port: int = 0
    connections: list[object] = field(default_factory=list)


@asynccontextmanager
async def silent() -> AsyncIterator[Silent]:
    found = Silent()

    def connected_to(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(connected_to, "127.0.0.1")
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


@dataclass(frozen=True, slots=True)
class House:
    """A stored show. No transaction of its database may write unless it says that it does."""

    url: str
    show: Show

    async def contents(self) -> dict[str, object]:
        """Every row of every table, and where it lies: an update that changes nothing shows, too."""
        found: dict[str, object] = {}
        async with connected(self.url) as connection:
            for table in metadata.sorted_tables:
                query = sql.SQL("SELECT t.ctid::text, t.xmin::text, t::text FROM {} t ORDER BY 1").format(
                    sql.Identifier(table.name)
                )
                found[table.name] = await (await connection.execute(query)).fetchall()
        return found


@pytest.fixture
async def house(postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    with own_database(postgres) as url:
        stored = await _store(url)
        async with connected(url) as connection:
            refusing = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
            await connection.execute(refusing.format(sql.Identifier(url.rpartition("/")[2])))
        yield House(url, stored)


async def _store(url: str) -> Show:
    engine = create_engine(url, pool_size=1)
    by, tomorrow = a_producer(), SystemClock().now().replace(microsecond=0) + timedelta(days=1)
    doors = tomorrow + timedelta(days=9)
    sold = show(
        by=by,
        title="The Tempest",
        timezone="UTC",
        door_time=doors,
        start_time=doors + timedelta(hours=1),
        end_time=doors + timedelta(hours=3),
        on_sale_at=VenueTime.showing(tomorrow.replace(tzinfo=None), "UTC"),
    )
    async with PostgresDatabase(engine)() as uow:
        await uow.producers.add(by)
        await uow.shows.add(sold, replace(show(by=by), cancelled=True, id=UUID(int=7)))
        await uow.tickets.add(
            ticket(of=sold, name="Stalls", price=3000, quantity=30),
            ticket(of=sold, name="Circle", price=2000, quantity=30),
        )
        await uow.promo_codes.add(promo_code(of=sold))
        await uow.commit()
    await engine.dispose()
    return sold


async def rehearse(house: House, *arguments: str, **environment: str) -> Finished:
    return await run("rehearse", *arguments, environment={"DATABASE_URL": house.url, **environment})


async def test_it_reads_once_writes_nothing_and_asks_no_one(house: House) -> None:
    before = await house.contents()
    async with silent() as other:
        address = f"127.0.0.1:{other.port}"
        seen = await rehearse(
            house,
            str(house.show.id),
            *SMALL,
            REDIS_URL=f"redis://{address}",
            SMTP_URL=f"smtp://{address}",
            STRIPE_API_BASE=f"http://{address}",
            STRIPE_API_KEY="sk_live_refused",
            STRIPE_WEBHOOK_SECRET="whsec_refused",
            SECRET_KEY="a secret of the tests that is long enough",
        )
        assert other.connections == []
    assert (seen.code, seen.err) == (0, "")
    assert "Dress rehearsal: The Tempest" in seen.out
    assert "60 buyers within 1 min of the opening" in seen.out
    assert "What to change" in seen.out
    assert await house.contents() == before


async def test_the_same_seed_gives_the_same_json(house: House) -> None:
    arguments = (str(house.show.id), *SMALL, "--seed", "3", "--json")
    first, second = await asyncio.gather(rehearse(house, *arguments), rehearse(house, *arguments))
    assert (first.code, first.out) == (0, second.out)
    found = json.loads(first.out)
    assert sum(found["outcomes"].values()) == 60
    assert found["places"]["at_start"] == 60
    assert found["opens_at"] == house.show.sale.begins.isoformat()  # type: ignore[union-attr]
    assert all(set(advice) == {"what", "why"} for advice in found["advice"])


async def test_settings_of_the_environment_are_tried(house: House) -> None:
    tried = await rehearse(house, str(house.show.id), *SMALL, "--json", MAX_TICKETS_PER_ORDER="1", HOLD_MINUTES="9")
    found = json.loads(tried.out)
    assert (found["most_tickets"], found["hold_seconds"], found["tickets"]) == (1, 540, found["orders"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((str(UUID(int=404)),), 1, "There is no show with the id 00000000-0000-0000-0000-000000000194"),
        ((str(UUID(int=7)),), 1, "was cancelled"),
        (("tonight",), 2, "'tonight' is not a valid UUID"),
    ],
)
async def test_what_cannot_be_rehearsed_is_said(
    house: House, arguments: tuple[str, ...], code: int, words: str
) -> None:
    seen = await rehearse(house, *arguments)
    assert (seen.code, seen.out) == (code, "")
    assert words in seen.err
