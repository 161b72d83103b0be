"""Capacities and allocations over HTTP: what a producer does with them, and what buyers see."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from domain.access import Scope
from tests.support.back_office import SHOW, BackOffice
from tests.support.box_office import Answer, BoxOffice, Json

pytestmark = pytest.mark.p1


@pytest.fixture
async def show_id(office: BackOffice) -> str:
    return str((await office.post("/shows", {**SHOW, "published": True})).created()["id"])


async def add_house(office: BackOffice, show_id: str, size: int = 10) -> Json:
    return (await office.post(f"/shows/{show_id}/capacities", {"name": "House", "size": size})).created()


async def add_kind(office: BackOffice, show_id: str, house: Json | None, **fields: Any) -> Json:
    body = {"name": "Adult", "price": "0.00", "capacity_id": house["id"] if house else None, **fields}
    return (await office.post(f"/shows/{show_id}/tickets", body)).created()


async def add_press(office: BackOffice, show_id: str, house: Json, size: int = 4, **fields: Any) -> Json:
    body = {"capacity_id": house["id"], "name": "Press", "size": size, **fields}
    return (await office.post(f"/shows/{show_id}/allocations", body)).created()


async def sell(
    office: BackOffice, show_id: str, kind: Json, quantity: int = 1, *, out_of: Json | None = None
) -> Answer:
    """A manual order."""
    body = {
        "customer": {"name": "Ada Lovelace", "email": "ada@example.org"},
        "tickets": [{"ticket_id": kind["id"], "quantity": quantity}],
        "payment": "comp",
        **({"allocation_id": out_of["id"]} if out_of else {}),
    }
    return await office.post(f"/shows/{show_id}/orders", body)


async def buy(box_office: BoxOffice, show_id: str, kind: Json, quantity: int = 1) -> Answer:
    return await box_office.checkout({"show_id": show_id, "tickets": [{"ticket_id": kind["id"], "quantity": quantity}]})


async def left(box_office: BoxOffice, show_id: str) -> dict[str, int]:
    """What buyers see as left, by the tickets' names."""
    return {
        ticket["name"]: ticket["remaining"]
        for ticket in (await box_office.get(f"/api/v1/shows/{show_id}")).body["tickets"]
    }


class TestFamilyTickets:
    async def test_name_their_places_on_every_page_and_ticket(
        self, office: BackOffice, box_office: BoxOffice, show_id: str
    ) -> None:
        house = await add_house(office, show_id)
        family = await add_kind(office, show_id, house, name="Family", places=4)
        await add_kind(office, show_id, house)
        order = (await buy(box_office, show_id, family)).created()
        page, token = f"/shows/{show_id}/orders/{order['order_id']}", f"?token={order['order_token']}"
        for path in (f"/shows/{show_id}", page + token):
            assert (await box_office.get(path)).content.decode().count("4 places") == 1
        tickets = await box_office.get(f"/api/v1/orders/{order['order_id']}/tickets.pdf{token}")
        assert "Family, 4 places" in PdfReader(BytesIO(tickets.content)).pages[0].extract_text()


class TestCapacities:
    async def test_one_is_added_listed_changed_and_deleted(self, office: BackOffice, show_id: str) -> None:
        house = await add_house(office, show_id)
        assert house == {
            "id": house["id"],
            "show_id": show_id,
            "name": "House",
            "size": 10,
            "held": 0,
            "sold": 0,
            "allocated": 0,
            "remaining": 10,
        }
        balcony = (await office.post(f"/shows/{show_id}/capacities", {"name": "Balcony", "size": 3})).created()
        first = (await office.get(f"/shows/{show_id}/capacities?limit=1")).body
        second = (await office.get(f"/shows/{show_id}/capacities?limit=1&cursor={first['next_cursor']}")).body
        assert [*first["items"], *second["items"]] == [house, balcony]
        assert second["next_cursor"] is None

        changed = await office.patch(f"/capacities/{house['id']}", name="Saal", size=12)
        assert changed.body == {**house, "name": "Saal", "size": 12, "remaining": 12}
        assert (await office.delete(f"/capacities/{balcony['id']}")).status == 204
        assert (await office.get(f"/shows/{show_id}/capacities")).body["items"] == [changed.body]
        actions = [entry["action"] for entry in await office.audit_log() if entry["action"].startswith("capacity.")]
        assert actions == ["capacity.deleted", "capacity.changed", "capacity.added", "capacity.added"]

    @pytest.mark.parametrize("fields", [{"name": ""}, {"size": -1}, {"size": 1_000_001}, {"size": None}, {"held": 1}])
    async def test_one_that_makes_no_sense_is_refused(
        self, office: BackOffice, show_id: str, fields: dict[str, Any]
    ) -> None:
        answer = await office.post(f"/shows/{show_id}/capacities", {"name": "House", "size": 10, **fields})
        answer.refused(400, "invalid_request")
        assert answer.body["field"] in fields
        house = await add_house(office, show_id)
        (await office.patch(f"/capacities/{house['id']}", **fields)).refused(400, "invalid_request")

    async def test_one_that_is_used_cannot_be_deleted(self, office: BackOffice, show_id: str) -> None:
        house = await add_house(office, show_id)
        kind = await add_kind(office, show_id, house)
        (await office.delete(f"/capacities/{house['id']}")).refused(409, "conflict")
        assert (await office.delete(f"/tickets/{kind['id']}")).status == 204
        press = await add_press(office, show_id, house)
        (await office.delete(f"/capacities/{house['id']}")).refused(409, "conflict")
        assert (await office.delete(f"/allocations/{press['id']}")).status == 204
        assert (await office.delete(f"/capacities/{house['id']}")).status == 204

    async def test_its_size_stays_above_what_is_taken(
        self, office: BackOffice, show_id: str, box_office: BoxOffice
    ) -> None:
        house = await add_house(office, show_id)
        kind = await add_kind(office, show_id, house, places=2)
        await add_press(office, show_id, house, size=3)
        (await buy(box_office, show_id, kind, 2)).created()

        (await office.patch(f"/capacities/{house['id']}", size=6)).refused(409, "conflict")
        assert (await office.patch(f"/capacities/{house['id']}", size=7)).body["remaining"] == 0


class TestTicketTypes:
    async def test_types_share_the_places(self, office: BackOffice, show_id: str, box_office: BoxOffice) -> None:
        house = await add_house(office, show_id)
        adult = await add_kind(office, show_id, house)
        assert (adult["quantity"], adult["remaining"], adult["places"]) == (None, 10, 1)
        await add_kind(office, show_id, house, name="Child", quantity=3)
        await add_kind(office, show_id, house, name="Family", places=4)
        assert await left(box_office, show_id) == {"Adult": 10, "Child": 3, "Family": 2}

        (await buy(box_office, show_id, adult, 7)).created()
        assert await left(box_office, show_id) == {"Adult": 3, "Child": 3, "Family": 0}
        (await buy(box_office, show_id, adult, 4)).refused(400, "tickets_unavailable")

        page = (await box_office.get(f"/shows/{show_id}")).content.decode()
        assert page.count("Only 3 left") == 2
        assert page.count("Sold out") == 1

    async def test_pages_say_when_a_house_is_full_and_whether_places_may_come_back(
        self, office: BackOffice, show_id: str, box_office: BoxOffice
    ) -> None:
        house = await add_house(office, show_id, size=2)
        adult = await add_kind(office, show_id, house, price="25.00")
        child = await add_kind(office, show_id, house, name="Child", quantity=9)
        held = (await buy(box_office, show_id, adult)).created()
        (await buy(box_office, show_id, child)).created()

        tickets = (await box_office.get(f"/shows/{show_id}/remaining")).body["tickets"]
        said = [(tickets[kind["id"]]["most"], tickets[kind["id"]]["left"]) for kind in (adult, child)]
        assert said == [(0, "None left right now, some may come back")] * 2
        assert "Sold out" in (await box_office.get(f"/?producer={office.producer.id}")).content.decode()

        await box_office.pay(held)
        await box_office.until_completed(held)
        page = (await box_office.get(f"/shows/{show_id}?q-{adult['id']}=1")).content.decode()
        assert "This show is sold out." in page
        assert page.count("https://schema.org/SoldOut") == 2

    async def test_a_type_that_sells_moves_into_a_capacity(
        self, office: BackOffice, show_id: str, box_office: BoxOffice
    ) -> None:
        kind = await add_kind(office, show_id, None, quantity=8)
        (await buy(box_office, show_id, kind, 5)).created()
        small, house = await add_house(office, show_id, size=4), await add_house(office, show_id)

        refused = await office.patch(f"/tickets/{kind['id']}", capacity_id=small["id"])
        refused.refused(409, "conflict")
        moved = (await office.patch(f"/tickets/{kind['id']}", capacity_id=house["id"], quantity=None)).body
        assert (moved["quantity"], moved["sold"], moved["remaining"]) == (None, 5, 5)
        (await office.patch(f"/tickets/{kind['id']}", places=2)).refused(409, "conflict")
        (await office.patch(f"/tickets/{kind['id']}", capacity_id=None)).refused(400, "invalid_request")
        back = (await office.patch(f"/tickets/{kind['id']}", capacity_id=None, quantity=6)).body
        assert (back["capacity_id"], back["remaining"]) == (None, 1)
        capacities = (await office.get(f"/shows/{show_id}/capacities")).body["items"]
        assert [capacity["sold"] for capacity in capacities] == [0, 0]

    async def test_a_capacity_of_another_show_is_none(self, office: BackOffice, show_id: str) -> None:
        other = str((await office.post("/shows", SHOW)).created()["id"])
        house = await add_house(office, other)
        body = {"name": "Adult", "price": "1.00", "capacity_id": house["id"]}
        refused = await office.post(f"/shows/{show_id}/tickets", body)
        refused.refused(400, "invalid_request")
        assert refused.body["field"] == "capacity_id"
        kind = await add_kind(office, show_id, None, quantity=1)
        (await office.patch(f"/tickets/{kind['id']}", capacity_id=house["id"])).refused(400, "invalid_request")


class TestAllocations:
    async def test_one_is_added_listed_changed_and_deleted(
        self, office: BackOffice, show_id: str, box_office: BoxOffice
    ) -> None:
        house = await add_house(office, show_id)
        await add_kind(office, show_id, house)
        press = await add_press(office, show_id, house, release_at="2050-05-31T12:00:00")
        assert press == {
            "id": press["id"],
            "capacity_id": house["id"],
            "name": "Press",
            "size": 4,
            "held": 0,
            "sold": 0,
            "remaining": 4,
            "release_at": "2050-05-31T12:00:00Z",
            "released_at": None,
        }
        assert await left(box_office, show_id) == {"Adult": 6}
        assert (await office.get(f"/shows/{show_id}/allocations")).body == {"items": [press], "next_cursor": None}

        changed = await office.patch(f"/allocations/{press['id']}", name="Critics", size=7, release_at=None)
        assert changed.body == {**press, "name": "Critics", "size": 7, "remaining": 7, "release_at": None}
        assert await left(box_office, show_id) == {"Adult": 3}
        (await office.patch(f"/allocations/{press['id']}", size=11)).refused(409, "conflict")
        assert (await office.delete(f"/allocations/{press['id']}")).status == 204
        assert await left(box_office, show_id) == {"Adult": 10}

    @pytest.mark.parametrize("fields", [{"name": ""}, {"size": -1}, {"release_at": "soon"}, {"sold": 1}])
    async def test_one_that_makes_no_sense_is_refused(
        self, office: BackOffice, show_id: str, fields: dict[str, Any]
    ) -> None:
        house = await add_house(office, show_id)
        body = {"capacity_id": house["id"], "name": "Press", "size": 4, **fields}
        answer = await office.post(f"/shows/{show_id}/allocations", body)
        answer.refused(400, "invalid_request")
        assert answer.body["field"] in fields

    async def test_more_than_is_left_is_not_taken(self, office: BackOffice, show_id: str) -> None:
        house = await add_house(office, show_id)
        body = {"capacity_id": house["id"], "name": "Press", "size": 11}
        (await office.post(f"/shows/{show_id}/allocations", body)).refused(409, "conflict")

    async def test_the_box_office_sells_out_of_it(
        self, office: BackOffice, show_id: str, box_office: BoxOffice
    ) -> None:
        house = await add_house(office, show_id, size=4)
        adult = await add_kind(office, show_id, house)
        press = await add_press(office, show_id, house)
        (await buy(box_office, show_id, adult)).refused(400, "tickets_unavailable")

        order = (await sell(office, show_id, adult, 3, out_of=press)).created()
        (await sell(office, show_id, adult, 2, out_of=press)).refused(400, "tickets_unavailable")
        (await sell(office, show_id, adult, 1)).refused(400, "tickets_unavailable")
        (kept,) = (await office.get(f"/shows/{show_id}/allocations")).body["items"]
        assert (kept["sold"], kept["remaining"]) == (3, 1)
        (await office.delete(f"/allocations/{press['id']}")).refused(409, "conflict")
        (await office.patch(f"/tickets/{adult['id']}", capacity_id=None, quantity=9)).refused(409, "conflict")

        assert (await office.post(f"/orders/{order['order_id']}/refund", {})).status == 200
        assert await left(box_office, show_id) == {"Adult": 0}
        report = (await office.get(f"/shows/{show_id}/report")).body
        assert report["capacities"] == [{**house, "allocated": 4, "remaining": 0}]
        assert (report["total"]["quantity"], report["total"]["remaining"]) == (4, 0)

    async def test_released_once_it_is_the_publics(
        self, office: BackOffice, show_id: str, box_office: BoxOffice
    ) -> None:
        house = await add_house(office, show_id, size=4)
        adult = await add_kind(office, show_id, house)
        press = await add_press(office, show_id, house)
        order = (await sell(office, show_id, adult, 1, out_of=press)).created()

        released = await office.post(f"/allocations/{press['id']}/release")
        assert released.status == 200
        assert (released.body["sold"], released.body["remaining"]) == (1, 0)
        assert released.body["released_at"]
        (await office.post(f"/allocations/{press['id']}/release")).refused(409, "conflict")
        (await office.patch(f"/allocations/{press['id']}", size=9)).refused(409, "conflict")
        (await sell(office, show_id, adult, 1, out_of=press)).refused(409, "conflict")
        assert (await office.patch(f"/allocations/{press['id']}", name="Was press")).status == 200
        (await buy(box_office, show_id, adult, 3)).created()
        assert (await office.post(f"/orders/{order['order_id']}/refund", {})).status == 200
        assert await left(box_office, show_id) == {"Adult": 1}

    async def test_an_allocation_of_another_show_is_none(self, office: BackOffice, show_id: str) -> None:
        other = str((await office.post("/shows", SHOW)).created()["id"])
        house = await add_house(office, show_id)
        press = await add_press(office, show_id, house)
        kind = await add_kind(office, other, None, quantity=4)
        refused = await sell(office, other, kind, 1, out_of=press)
        refused.refused(400, "invalid_request")
        assert refused.body["field"] == "allocation_id"
        body = {"capacity_id": house["id"], "name": "Press", "size": 1}
        (await office.post(f"/shows/{other}/allocations", body)).refused(400, "invalid_request")

    async def test_the_box_offices_token_finds_it_and_changes_nothing(self, office: BackOffice, show_id: str) -> None:
        house = await add_house(office, show_id)
        press = await add_press(office, show_id, house)
        box_office = await office.with_scopes(Scope.ORDERS)
        assert (await box_office.get(f"/shows/{show_id}/allocations")).body["items"] == [press]
        assert (await box_office.get(f"/shows/{show_id}/capacities")).status == 200
        (await box_office.post(f"/allocations/{press['id']}/release")).refused(403, "forbidden")
        (await box_office.patch(f"/capacities/{house['id']}", size=1)).refused(403, "forbidden")

    async def test_a_guest_list_comes_out_of_it(self, office: BackOffice, show_id: str) -> None:
        house = await add_house(office, show_id)
        await add_kind(office, show_id, house)
        press = await add_press(office, show_id, house)
        guests = "name,quantity\nAda Lovelace,3\nGrace Hopper,1\n"
        path = f"/shows/{show_id}/guest-list?allocation_id={press['id']}"
        answer = await office.request("POST", path, data=guests, headers={"Content-Type": "text/csv"})
        assert (answer.status, answer.body["placed"]) == (200, 2), answer.content
        (kept,) = (await office.get(f"/shows/{show_id}/allocations")).body["items"]
        assert (kept["sold"], kept["remaining"]) == (4, 0)
