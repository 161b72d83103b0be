"""What a producer looks over: lists in pages, and what a show needs before it sells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application.catalog.show_overviews import Checklist, ShowPage, Step, StepState
from application.ports.catalog import ShowDetails
from application.ports.show_overviews import ShowFilter, ShowTab
from domain.access import Actor
from domain.branding import Picture
from domain.catalog import Producer, Ticket
from domain.errors import NotFound
from domain.sale_period import SellsUntil
from tests.application.world import World
from tests.support.factories import NOW, donation_ticket, producer, show, ticket

GLOBE: Producer = producer()
ACTOR = Actor(GLOBE.id, None, "office")


async def listed(world: World, *, page: int = 1, size: int = 2, tab: ShowTab = ShowTab.UPCOMING) -> ShowPage:
    return await world.look_over_shows(ACTOR, only=ShowFilter(tab=tab), page=page, size=size)


@pytest.mark.parametrize(
    ("asked", "given", "titles"), [(1, 1, ["0", "1"]), (2, 2, ["2"]), (9, 2, ["2"]), (-1, 1, ["0", "1"])]
)
async def test_a_list_has_pages(world: World, asked: int, given: int, titles: list[str]) -> None:
    for number in range(3):
        start = NOW + timedelta(days=number + 1)
        await world.sell(ticket(), by=GLOBE, title=str(number), door_time=start, start_time=start, end_time=start)

    page = await listed(world, page=asked)

    assert (page.page, page.pages, [row.show.title for row in page.rows]) == (given, 2, titles)
    assert page.counts == {ShowTab.UPCOMING: 3, ShowTab.PAST: 0, ShowTab.DRAFTS: 0}


async def test_an_empty_list_has_one_page(world: World) -> None:
    await world.add_producer(GLOBE)
    page = await listed(world, tab=ShowTab.PAST)
    assert (page.rows, page.page, page.pages) == ((), 1, 1)


async def test_an_overview_is_of_ones_own_show(world: World) -> None:
    stalls = ticket(quantity=10)
    await world.sell(stalls, by=GLOBE)
    found = await world.get_show_overview(ACTOR, stalls.show_id)
    assert (found.head_line.places.size, found.is_over, found.is_to_come) == (10, False, True)
    with pytest.raises(NotFound):
        await world.get_show_overview(Actor(producer().id), stalls.show_id)


def checked(*tickets: Ticket, by: Producer = GLOBE, **fields: Any) -> Checklist:
    of_show = show(by=by, **fields)
    return Checklist.of(ShowDetails(of_show, by, tickets), NOW)


class TestChecklist:
    def test_a_new_show_lacks_tickets_and_is_not_published(self) -> None:
        found = checked(published=False)
        assert found.lacks() == [Step.TICKETS, Step.PUBLISH]
        assert found.lacks(but=[Step.PUBLISH]) == [Step.TICKETS]
        assert not found.is_done

    def test_a_show_that_sells_has_all(self) -> None:
        found = checked(ticket(), image=Picture.of("0" * 32, width=1, height=1))
        assert set(found.steps.values()) == {StepState.DONE}
        assert found.is_done

    def test_a_picture_is_optional(self) -> None:
        found = checked(ticket())
        assert found.steps[Step.PICTURE] is StepState.OPTIONAL
        assert found.is_done

    def test_a_ticket_type_of_which_there_is_none_does_not_sell(self) -> None:
        assert checked(ticket(quantity=0)).lacks() == [Step.TICKETS]

    def test_only_what_costs_something_needs_payouts(self) -> None:
        unpaid = producer(charges_enabled=False)
        assert checked(ticket(price=0), by=unpaid).is_done
        assert checked(by=unpaid).lacks() == [Step.TICKETS, Step.PAYOUTS]
        for costs in (ticket(), donation_ticket(price=0)):
            assert checked(ticket(price=0), costs, by=unpaid).lacks() == [Step.PAYOUTS]

    def test_a_sale_that_has_ended_is_a_matter_of_times(self) -> None:
        start = NOW + timedelta(hours=1)
        times: dict[str, Any] = {"door_time": NOW, "start_time": start, "end_time": start}
        assert checked(ticket(), **times, sells_until=SellsUntil.DOORS).lacks() == [Step.TIMES]
        assert checked(ticket(), **times).is_done
        earlier = show(by=GLOBE).sale_times({"off_sale_at": NOW})["off_sale_at"]
        assert checked(replace(ticket(), off_sale_at=earlier)).lacks() == [Step.TIMES]
