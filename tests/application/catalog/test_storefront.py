"""Shows as buyers see them."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.catalog.storefront import GetShow, ListShows
from application.orders.details import GetOrder
from application.ports.catalog import ShowCursor
from application.ports.unit_of_work import UnitOfWork
from domain.catalog import Producer, Show
from domain.errors import NotFound
from tests.application.world import World
from tests.support.factories import DOORS, NOW, producer, show, ticket

A_DAY = timedelta(days=1)


@pytest.fixture
def list_shows(world: World) -> ListShows:
    return ListShows(world.database, world.clock)


def on_day(day: int, by: Producer, **overrides: Any) -> Show:
    start = DOORS + day * A_DAY
    return show(by=by, door_time=start, start_time=start, end_time=start + timedelta(hours=2), **overrides)


async def announced(world: World, by: Producer, *shows: Show) -> None:
    await world.add_producer(by)
    async with world.database() as uow:
        for each in shows:
            await uow.shows.add(each)
        await uow.commit()


async def pages(list_shows: ListShows, *, limit: int) -> list[list[UUID]]:
    """The ids of every page's shows."""
    found: list[list[UUID]] = []
    cursor: ShowCursor | None = None
    while True:
        page, cursor = await list_shows(producer_id=None, after=cursor, limit=limit)
        found.append([display.show.id for display in page])
        if cursor is None:
            return found


@pytest.mark.parametrize(("limit", "sizes"), [(2, [2, 2, 1]), (5, [5]), (4, [4, 1]), (100, [5])])
async def test_every_show_is_on_exactly_one_page_soonest_first(
    world: World, list_shows: ListShows, limit: int, sizes: list[int]
) -> None:
    globe = producer()
    shows = [on_day(day, globe) for day in (3, 1, 2, 1, 1)]
    await announced(world, globe, *shows)
    found = await pages(list_shows, limit=limit)
    assert [len(page) for page in found] == sizes
    soonest_first = sorted(shows, key=lambda each: (each.start_time, each.id))
    assert [id_ for page in found for id_ in page] == [each.id for each in soonest_first]


async def test_only_shows_that_can_be_visited_are_listed(world: World, list_shows: ListShows) -> None:
    globe = producer()
    over = show(by=globe, door_time=NOW - A_DAY, start_time=NOW - A_DAY, end_time=NOW)
    running = show(by=globe, door_time=NOW - A_DAY, start_time=NOW - A_DAY, end_time=NOW + A_DAY)
    await announced(world, globe, over, running, on_day(1, globe, published=False), on_day(1, globe, cancelled=True))
    assert await pages(list_shows, limit=10) == [[running.id]]


async def test_without_shows_there_is_one_empty_page(list_shows: ListShows) -> None:
    assert await pages(list_shows, limit=10) == [[]]


async def test_shows_of_one_producer_can_be_asked_for(world: World, list_shows: ListShows) -> None:
    globe, rose = producer(), producer()
    ours = on_day(1, globe)
    await announced(world, globe, ours)
    await announced(world, rose, on_day(1, rose))
    page, cursor = await list_shows(producer_id=globe.id, after=None, limit=10)
    assert [display.show for display in page] == [ours]
    assert cursor is None


async def test_a_show_is_seen_with_its_producer_and_tickets(world: World) -> None:
    evening = show()
    circle, stalls = ticket(of=evening, price=4000), ticket(of=evening, price=2500)
    globe = producer(name="Globe")
    await world.sell(circle, stalls, by=globe)
    display = await GetShow(world.database, world.clock)(evening.id)
    assert display.producer == globe
    assert display.tickets == (stalls, circle)


async def test_a_cancelled_show_can_still_be_seen(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls, cancelled=True)
    assert (await GetShow(world.database, world.clock)(stalls.show_id)).show.cancelled


async def test_a_show_that_is_not_published_is_not_seen(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls, published=False)
    with pytest.raises(NotFound):
        await GetShow(world.database, world.clock)(stalls.show_id)


async def test_an_unknown_show_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await GetShow(world.database, world.clock)(uuid4())


async def test_an_order_is_seen_with_its_show(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls, title="Hamlet")
    placed = await world.buy((stalls, 1))
    found = await GetOrder(world.database)(placed.id)
    assert found.order == placed
    assert found.display.show.title == "Hamlet"


async def test_an_unknown_order_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await GetOrder(world.database)(uuid4())


async def test_a_crowd_in_front_of_shows_shares_looks_and_is_told_what_is_so_when_it_asks(world: World) -> None:
    stalls, gallery = ticket(quantity=10), ticket()
    await world.sell(stalls)
    await world.sell(gallery)
    looks = 0

    def counted(*, read_only: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        nonlocal looks
        looks += 1
        return world.database(read_only=read_only)

    get_show = GetShow(counted, world.clock)
    crowd = [asyncio.create_task(get_show(show_id)) for show_id in [stalls.show_id, gallery.show_id] * 50]
    await asyncio.sleep(0)
    async with world.database() as uow:
        await uow.tickets.save(replace(stalls, name="Front stalls"))
        await uow.commit()
    late = await get_show(stalls.show_id)

    assert {display.show.id for display in await asyncio.gather(*crowd)} == {stalls.show_id, gallery.show_id}
    assert late.tickets[0].name == "Front stalls"
    assert looks <= 5


async def test_a_crowd_that_looks_at_its_orders_shares_looks_and_is_told_what_is_so_when_it_asks(world: World) -> None:
    """Five hundred buyers wait for their payment pages, and reload every two seconds."""
    stalls = ticket(quantity=100)
    await world.sell(stalls)
    orders = [await world.buy((stalls, 1)) for _ in range(20)]
    looks = 0

    def counted(*, read_only: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        nonlocal looks
        looks += 1
        return world.database(read_only=read_only)

    get_order = GetOrder(counted)
    crowd = [asyncio.create_task(get_order(order_id)) for order_id in [each.id for each in orders] * 5 + [uuid4()]]
    await asyncio.sleep(0)
    async with world.database() as uow:
        await uow.orders.attach_session(orders[0].id, session_id="cs_late", checkout_url="https://pay.example")
        await uow.commit()
    late = await get_order(orders[0].id)

    *found, unknown = await asyncio.gather(*crowd, return_exceptions=True)
    assert isinstance(unknown, NotFound)
    assert [each.order.id for each in found if not isinstance(each, BaseException)] == [each.id for each in orders] * 5
    assert late.order.session_id == "cs_late"
    assert looks <= 6
