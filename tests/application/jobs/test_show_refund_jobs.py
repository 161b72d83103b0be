"""The refund of a show as people see it: who asked for it, and how far it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.access import Actor
from domain.catalog import Ticket
from domain.errors import Conflict
from domain.jobs import JobKind, JobState
from tests.application.world import World
from tests.support.factories import producer, ticket

pytestmark = pytest.mark.p1

GLOBE = producer()
ADA, BEN = Actor(GLOBE.id, None, "Ada"), Actor(GLOBE.id, None, "Ben")


@pytest.fixture
async def stalls(world: World) -> Ticket:
    stalls = ticket(quantity=20, price=0)
    await world.sell(stalls, by=GLOBE)
    for _ in range(2):
        await world.buy((stalls, 2))
    async with world.database() as uow:
        show = await uow.shows.get(stalls.show_id)
        assert show
        await uow.shows.save(replace(show, cancelled=True))
        await uow.commit()
    return stalls


async def test_is_a_job_with_the_progress_of_its_orders(world: World, stalls: Ticket) -> None:
    await world.refund_show(ADA, stalls.show_id, refund_fees=True, reason="Rain")
    [view], _ = await world.list_jobs(ADA, show_id=stalls.show_id, limit=9)
    assert (view.job.kind, view.job.actor.name) == (JobKind.SHOW_REFUND, "Ada")
    assert (view.state, view.done, view.failed, view.total, view.remaining) == (JobState.RUNNING, 0, 0, 2, 2)

    await world.refund_cancelled()

    done = await world.get_job(ADA, view.job.id)
    assert (done.state, done.done, done.total, done.remaining) == (JobState.DONE, 2, 2, 0)


async def test_asking_again_is_the_same_job(world: World, stalls: Ticket) -> None:
    for actor in (ADA, BEN):
        await world.refund_show(actor, stalls.show_id, refund_fees=True, reason="Rain")
        world.clock.advance(timedelta(minutes=1))
    [view], _ = await world.list_jobs(ADA, limit=9)
    assert (view.job.actor.name, view.job.created_at) == ("Ben", world.clock.now() - timedelta(minutes=1))


async def test_is_not_stopped(world: World, stalls: Ticket) -> None:
    await world.refund_show(ADA, stalls.show_id, refund_fees=True, reason="Rain")
    [view], _ = await world.list_jobs(ADA, limit=9)
    with pytest.raises(Conflict):
        await world.stop_job(ADA, view.job.id)
