"""The TaxLocations port: an address has one place at the provider, until the provider forgets it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.tax_locations import MemoryTaxLocations
from adapters.postgres.engine import create_engine
from adapters.postgres.tax_locations import PostgresTaxLocations
from application.ports.tax_locations import TaxLocations
from application.ports.unit_of_work import StorageUnavailable


@pytest.fixture(params=["memory", "postgres"])
def locations(request: pytest.FixtureRequest, contracts_engine: AsyncEngine) -> TaxLocations:
    return MemoryTaxLocations() if request.param == "memory" else PostgresTaxLocations(contracts_engine)


async def test_an_address_that_nobody_placed_has_no_place(locations: TaxLocations) -> None:
    assert await locations.find(uuid4().hex) is None


async def test_a_place_is_found_by_its_address_alone(locations: TaxLocations) -> None:
    here, there = uuid4().hex, uuid4().hex
    await locations.remember(here, "taxloc_1")
    assert (await locations.find(here), await locations.find(there)) == ("taxloc_1", None)


async def test_the_last_place_of_an_address_counts(locations: TaxLocations) -> None:
    here = uuid4().hex
    await locations.remember(here, "taxloc_1")
    await locations.remember(here, "taxloc_2")
    assert await locations.find(here) == "taxloc_2"


async def test_a_place_may_be_forgotten_more_than_once(locations: TaxLocations) -> None:
    here = uuid4().hex
    await locations.remember(here, "taxloc_1")
    await locations.forget(here)
    await locations.forget(here)
    assert await locations.find(here) is None


async def test_a_database_that_is_away_is_told_as_the_port_says(closed_port: int) -> None:
    engine = create_engine(f"postgresql://nobody@127.0.0.1:{closed_port}/nothing", pool_size=1)
    with pytest.raises(StorageUnavailable):
        await PostgresTaxLocations(engine).find("anything")
    await engine.dispose()
