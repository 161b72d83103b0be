"""A process follows the database's clock, from the first moment at which there is a database."""

from __future__ import annotations

from typing import cast

import pytest

from adapters.memory.system import MemoryClock
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.engine import create_engine
from adapters.stripe.client import HttpClient
from adapters.stripe.time import StripeTime
from demo.embedded import EmbeddedPostgres
from entrypoints.timekeeping import ASK_AGAIN_AFTER, FOLLOW_EVERY, FollowClocks
from tests.support.server import free_port


class StripeIsNotAsked:
    was_heard = True


def following(clock: DatabaseClock) -> FollowClocks:
    return FollowClocks(clock, cast("StripeTime", StripeIsNotAsked()), cast("HttpClient", None), "")


async def test_a_process_that_starts_without_its_database_asks_it_every_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Until then its sales would begin by its own clock."""
    engine = create_engine(f"postgresql://nobody@127.0.0.1:{free_port()}/none", pool_size=1)
    follow = following(DatabaseClock(engine, MemoryClock()))
    for _ in range(2):
        await follow()
        assert follow.pause == ASK_AGAIN_AFTER
    assert caplog.text.count("clock cannot be asked") == 1
    await engine.dispose()


async def test_a_process_that_has_the_databases_time_asks_now_and_then(postgres: EmbeddedPostgres) -> None:
    engine = create_engine(postgres.url, pool_size=1)
    follow = following(DatabaseClock(engine, MemoryClock()))
    await follow()
    assert follow.pause == FOLLOW_EVERY
    await engine.dispose()
