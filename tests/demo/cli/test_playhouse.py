"""The demo's second theatre: a run that uses all that a theatre sells by."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

import pytest

from demo.cli.playhouse import open_playhouse
from tests.support.box_office import BoxOffice, Json
from tests.support.server import Service


@pytest.fixture(scope="module")
async def producer_id(service: Service) -> UUID:
    return await open_playhouse(service.container)


@pytest.fixture
async def evenings(producer_id: UUID, box_office: BoxOffice) -> list[Json]:
    return list((await box_office.get(f"/api/v1/shows?producer={producer_id}")).body["items"])


def ticket(show: Json, name: str) -> Json:
    return next(dict(ticket) for ticket in show["tickets"] if ticket["name"] == name)


def remaining(show: Json) -> dict[str, int]:
    return {ticket["name"]: ticket["remaining"] for ticket in show["tickets"]}


async def test_the_run_is_twelve_evenings_and_the_last_go_on_sale_on_friday_at_ten(evenings: list[Json]) -> None:
    starts = [datetime.fromisoformat(show["start_time"]) for show in evenings]
    assert len(starts) == 12
    assert {start.time() for start in starts} == {time(20)}
    assert [f"{start:%a}" for start in starts] == ["Thu", "Fri", "Sat"] * 4
    assert [bool(show["on_sale_at"]) for show in evenings] == [False] * 9 + [True] * 3
    opening = datetime.fromisoformat(evenings[-1]["on_sale_at"])
    assert (f"{opening:%a}", opening.time()) == ("Fri", time(10))


async def test_all_prices_share_a_house_of_which_the_press_has_some_places(
    evenings: list[Json], box_office: BoxOffice
) -> None:
    house = {"Child": 112, "Concession": 112, "Early Bird": 30, "Adult": 112, "Family": 28}
    assert all(remaining(show) == house for show in evenings[1:])
    assert {ticket["all_in_price"] == ticket["price"] for show in evenings for ticket in show["tickets"]} == {True}

    first = evenings[0]
    lines = [{"ticket_id": ticket(first, name)["id"], "quantity": n} for name, n in (("Early Bird", 2), ("Family", 1))]
    placed = (await box_office.checkout({"show_id": first["id"], "tickets": lines}, promo_code="FRIENDS")).created()

    assert (placed["total"], placed["fees_included"], placed["promo_code_discount"]) == ("143.00", True, "15.00")
    after = (await box_office.get(f"/api/v1/shows/{first['id']}")).body
    assert remaining(after) == {"Child": 106, "Concession": 106, "Early Bird": 28, "Adult": 106, "Family": 26}


async def test_members_see_a_ticket_type_of_every_evening_with_their_code(
    evenings: list[Json], box_office: BoxOffice
) -> None:
    for show in (evenings[1], evenings[-1]):
        opened = (await box_office.get(f"/api/v1/shows/{show['id']}?promo_code=member")).body
        assert [each["name"] for each in opened["tickets"] if each["hidden"]] == ["Members"]
        assert ticket(opened, "Members")["remaining"] == 112


async def test_critics_get_places_of_the_press_for_nothing(evenings: list[Json], box_office: BoxOffice) -> None:
    show = evenings[2]
    opened = (await box_office.get(f"/api/v1/shows/{show['id']}?promo_code=press")).body
    wanted = {"show_id": show["id"], "tickets": [{"ticket_id": ticket(opened, "Press")["id"], "quantity": 2}]}
    placed = (await box_office.checkout(wanted, promo_code="PRESS")).created()
    assert (placed["total"], placed["success"]) == ("0.00", True)
    after = (await box_office.get(f"/api/v1/shows/{show['id']}")).body
    assert remaining(after) == remaining(show), "none of the public's"


async def test_evenings_to_come_are_not_sold_yet(evenings: list[Json], box_office: BoxOffice) -> None:
    last = evenings[-1]
    wanted = {"show_id": last["id"], "tickets": [{"ticket_id": ticket(last, "Adult")["id"], "quantity": 1}]}
    (await box_office.checkout(wanted)).refused(400, "not_on_sale_yet")
