"""The ShowOverviewReader port: lists of shows and productions, and head lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from application.ports.show_overviews import HeadLine, Places, ShowFilter, ShowRow, ShowTab
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.catalog import Producer, Show
from domain.inventory import Inventory
from domain.orders import AttendeeStatus
from domain.production import Production
from tests.contracts.builders import NOW, Theatre, a_producer, a_show, a_ticket, new_id, paid
from tests.support.factories import allocation, capacity

DAY = timedelta(days=1)


async def stored(unit_of_work: UnitOfWorkFactory, producer: Producer, *shows: Show, run: Production | None) -> None:
    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        if run:
            await uow.productions.add(run)
        await uow.shows.add(*shows)
        await uow.commit()


async def listed(
    unit_of_work: UnitOfWorkFactory, producer: Producer, *, offset: int = 0, limit: int = 100, **only: Any
) -> list[ShowRow]:
    async with unit_of_work() as uow:
        return await uow.show_overviews.shows(producer.id, only=ShowFilter(**only), now=NOW, offset=offset, limit=limit)


async def counted(unit_of_work: UnitOfWorkFactory, producer: Producer, **only: Any) -> list[int]:
    async with unit_of_work() as uow:
        counts = await uow.show_overviews.counts(producer.id, only=ShowFilter(**only), now=NOW)
    return [counts[tab] for tab in ShowTab]


def titles(rows: list[ShowRow]) -> list[str]:
    return [row.show.title for row in rows]


@pytest.fixture
async def season(unit_of_work: UnitOfWorkFactory) -> Producer:
    """Three shows to come, of which one is a draft of a production and one was cancelled, and two that are over."""
    producer = a_producer()
    run = Production(id=new_id(), producer_id=producer.id, title="Der Weltuntergang")
    soon = replace(a_show(producer, starts_in=DAY), title="Öl und Essig", venue="Café Łódź")
    draft = replace(a_show(producer, starts_in=3 * DAY), title="Probe", published=False, production_id=run.id)
    off = replace(a_show(producer, starts_in=2 * DAY), title="Off", published=False, cancelled=True)
    past = [replace(a_show(producer, starts_in=-days * DAY), title=f"{days} days ago") for days in (5, 4)]
    other = a_producer()
    await stored(unit_of_work, producer, draft, soon, off, *past, run=run)
    await stored(unit_of_work, other, a_show(other), run=None)
    return producer


async def test_each_list_has_its_shows_in_its_order(unit_of_work: UnitOfWorkFactory, season: Producer) -> None:
    assert titles(await listed(unit_of_work, season)) == ["Öl und Essig", "Off", "Probe"]
    assert titles(await listed(unit_of_work, season, tab=ShowTab.DRAFTS)) == ["Probe"]
    assert titles(await listed(unit_of_work, season, tab=ShowTab.PAST)) == ["4 days ago", "5 days ago"]
    assert await counted(unit_of_work, season) == [3, 2, 1]


async def test_a_list_is_read_in_parts(unit_of_work: UnitOfWorkFactory, season: Producer) -> None:
    assert titles(await listed(unit_of_work, season, offset=1, limit=1)) == ["Off"]
    assert titles(await listed(unit_of_work, season, offset=3, limit=1)) == []


async def test_a_show_that_is_not_over_has_not_passed(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()
    show = a_show(producer)
    ends = [
        replace(show, id=new_id(), title=str(number), door_time=NOW - DAY, start_time=NOW - DAY, end_time=end)
        for number, end in enumerate((NOW, NOW + timedelta(microseconds=1)))
    ]
    await stored(unit_of_work, producer, *ends, run=None)
    assert titles(await listed(unit_of_work, producer)) == ["1"]
    assert titles(await listed(unit_of_work, producer, tab=ShowTab.PAST)) == ["0"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ol", ["Öl und Essig"]),
        ("LODZ essig", ["Öl und Essig"]),
        ("weltunter", ["Probe"]),
        ("probe weltuntergang", ["Probe"]),
        ("f", ["Öl und Essig", "Off"]),
        ("ol probe", []),
        ("100%", []),
        ("  ", ["Öl und Essig", "Off", "Probe"]),
    ],
)
async def test_words_are_found_in_title_venue_and_production(
    unit_of_work: UnitOfWorkFactory, season: Producer, typed: str, found: list[str]
) -> None:
    assert titles(await listed(unit_of_work, season, text=typed)) == found
    assert (await counted(unit_of_work, season, text=typed))[0] == len(found)


async def test_a_list_may_have_only_the_shows_of_a_production(
    unit_of_work: UnitOfWorkFactory, season: Producer
) -> None:
    (probe,) = await listed(unit_of_work, season, tab=ShowTab.DRAFTS)
    assert probe.production_title == "Der Weltuntergang"
    assert await listed(unit_of_work, season, production_id=probe.show.production_id) == [probe]
    assert await listed(unit_of_work, season, production_id=new_id()) == []
    assert await counted(unit_of_work, season, production_id=probe.show.production_id) == [1, 0, 1]


async def test_places_are_those_of_ticket_types_and_of_what_they_share(unit_of_work: UnitOfWorkFactory) -> None:
    theatre = Theatre()
    house = capacity(of=theatre.show, size=200, held=3, sold=20, allocated=7)
    alone = replace(theatre.stalls, inventory=Inventory(100, 5, 10))
    sharing = replace(a_ticket(theatre.show), inventory=Inventory(30, 3, 20), capacity_id=house.id)
    async with unit_of_work() as uow:
        await uow.producers.add(theatre.producer)
        await uow.shows.add(theatre.show)
        await uow.capacities.add(house)
        await uow.tickets.add(alone, sharing)
        await uow.allocations.add(allocation(of=house, size=7))
        await uow.commit()

    (row,) = await listed(unit_of_work, theatre.producer)
    assert row == ShowRow(show=theatre.show, places=Places(size=300, sold=30, held=8, allocated=7), ticket_types=2)
    assert row.places.left == 255


async def test_a_show_without_tickets_has_no_places(unit_of_work: UnitOfWorkFactory, season: Producer) -> None:
    (row, *_) = await listed(unit_of_work, season)
    assert (row.places, row.ticket_types) == (Places(), 0)
    assert row.places.left == 0


async def test_a_head_line_counts_who_is_expected_and_who_came(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = paid(theatre.order(3))
    came, void, coming = order.attendees
    order = replace(
        order,
        attendees=(
            replace(came, checked_in_at=NOW),
            replace(void, status=AttendeeStatus.VOID, checked_in_at=NOW),
            coming,
        ),
    )
    async with unit_of_work() as uow:
        await uow.orders.add([order, theatre.order(2)])
        await uow.commit()

    async with unit_of_work() as uow:
        found = await uow.show_overviews.head_lines([theatre.show.id, new_id()])
    line = HeadLine(places=Places(size=200), expected=2, checked_in=1)
    assert found == {theatre.show.id: line}
    assert line.still_coming == 1


async def test_productions_have_the_places_of_their_shows_to_come(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()
    runs = [Production(id=new_id(), producer_id=producer.id, title=title) for title in ("A", "B", "C")]
    shows = [replace(a_show(producer, starts_in=days * DAY), production_id=runs[0].id) for days in (2, 1, 3, -1)]
    shows[2] = replace(shows[2], cancelled=True)
    other = a_producer()
    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        await uow.producers.add(other)
        for run in runs:
            await uow.productions.add(run)
        await uow.productions.add(Production(id=new_id(), producer_id=other.id, title="Other"))
        await uow.shows.add(*shows)
        await uow.tickets.add(*(replace(a_ticket(show), inventory=Inventory(10, 1, 2)) for show in shows))
        await uow.capacities.add(*(capacity(of=show, size=50) for show in shows))
        await uow.commit()

    async def page(after: UUID | None = None, limit: int = 9) -> list[Any]:
        async with unit_of_work() as uow:
            return await uow.show_overviews.productions(producer.id, now=NOW, after=after, limit=limit)

    newest, second, first = await page()
    assert [newest.production, second.production] == [runs[2], runs[1]]
    assert (newest.shows, newest.to_come, newest.places, newest.next_show) == (0, 0, Places(), None)
    assert (first.shows, first.to_come, first.next_show) == (4, 2, shows[1])
    assert first.places == Places(size=120, sold=4, held=2)
    assert await page(after=runs[2].id, limit=1) == [second]


async def test_tickets_are_counted_by_the_day_on_which_they_were_sold(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # the next day in Berlin
    orders = [paid(theatre.order(3)), replace(paid(theatre.order(2)), completed_at=late), theatre.order(5)]
    async with unit_of_work() as uow:
        assert await uow.show_overviews.sold_by_day(theatre.show) == {}
        await uow.orders.add(orders)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.show_overviews.sold_by_day(theatre.show) == {
            (theatre.stalls.id, date(2026, 11, 23)): 3,
            (theatre.stalls.id, date(2026, 11, 24)): 2,
        }
