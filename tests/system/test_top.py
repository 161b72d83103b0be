"""`piquetickets top` over a service that sells: as a command for scripts, and again and again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from demo.embedded import EmbeddedPostgres
from entrypoints.cli.engines import environment_of
from entrypoints.top.reading import readings
from tests.support.processes import run
from tests.support.stripe_world import StripeWorld, stripe_world


@pytest.fixture
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url) as started:
        yield started


async def test_a_script_gets_one_reading(world: StripeWorld) -> None:
    on_sale = await world.box_office.put_on_sale()
    await world.box_office.buy(on_sale.cart(2))
    (await world.box_office.checkout(on_sale.cart(3))).created()

    seen = await run("top", "--once", "--json", environment=environment_of(world.settings))

    assert seen.code == 0, seen.err
    [line] = seen.out.splitlines()
    database = json.loads(line)["database"]
    assert [(show["placed"], show["tickets"], show["completed"]) for show in database["shows"]] == [(2, 5, 1)]
    assert (database["holds"]["orders"], database["holds"]["tickets"]) == (1, 3)
    assert json.loads(line)["backlog"]["dead"] == 0


async def test_the_waits_of_buyers_are_read_from_their_servers(world: StripeWorld, closed_port: int) -> None:
    container = world.container
    addresses = [f"{world.settings.public_url}/metrics", f"http://127.0.0.1:{closed_port}/metrics"]
    async with readings(container.read_pulse(), container.measure_backlog(), addresses) as read:
        assert (await read()).servers is None
        on_sale = await world.box_office.put_on_sale()
        (await world.box_office.checkout(on_sale.cart(1))).created()
        servers = (await read()).servers

    assert servers is not None
    assert servers.taken > 0
    assert 0 < (servers.wait_p50 or 0) <= 10
    assert (servers.answering, servers.away) == (1, (addresses[1],))


async def test_a_database_that_is_away_ends_nothing(world: StripeWorld, closed_port: int) -> None:
    environment = environment_of(world.settings) | {"DATABASE_URL": f"postgresql://x@127.0.0.1:{closed_port}/none"}
    seen = await run("top", "--once", environment=environment)
    assert seen.code == 0, seen.err
    assert "Database     away" in seen.out
