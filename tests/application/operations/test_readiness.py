"""A process reports for each engine whether it can be used."""

from __future__ import annotations

import pytest

from adapters.memory.readiness import MemoryReadiness
from application.operations.readiness import CheckReadiness, Readiness


@pytest.mark.parametrize("database", [True, False])
@pytest.mark.parametrize("redis", [True, False])
async def test_each_engine_is_looked_at(database: bool, redis: bool) -> None:
    check_readiness = CheckReadiness(MemoryReadiness(database), MemoryReadiness(redis))
    assert await check_readiness() == Readiness(database=database, redis=redis)
