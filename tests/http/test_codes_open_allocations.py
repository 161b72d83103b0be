"""Promo codes that open an allocation: over the API, on the pages, and in a crowd while it is released."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from tests.support.back_office import SHOW, BackOffice
from tests.support.box_office import Answer, BoxOffice, Json

pytestmark = pytest.mark.p1


@dataclass(frozen=True, slots=True)
class House:
    """Ten places at 25.00, four of which are kept for sponsors, and the code that opens these."""

    box_office: BoxOffice
    office: BackOffice
    show_id: str
    ticket_id: str
    sponsors_id: str
    code_id: str

    def cart(self, quantity: int, code: str | None = None) -> Json:
        lines = [{"ticket_id": self.ticket_id, "quantity": quantity}]
        return {"show_id": self.show_id, "tickets": lines, "promo_code": code}

    async def buy(self, quantity: int, code: str | None = None) -> Answer:
        return await self.box_office.checkout(self.cart(quantity, code))

    async def left(self, code: str = "") -> int:
        query = f"?promo_code={code}" if code else ""
        [kind] = (await self.box_office.get(f"/api/v1/shows/{self.show_id}{query}")).body["tickets"]
        return int(kind["remaining"])

    async def sponsors(self) -> tuple[int, int]:
        """What is held of the allocation, and what it still keeps."""
        [found] = (await self.office.get(f"/shows/{self.show_id}/allocations")).body["items"]
        return found["held"], found["remaining"]

    async def uses(self) -> int:
        [code] = (await self.office.get(f"/shows/{self.show_id}/promo-codes")).body["items"]
        return int(code["uses"])


@pytest.fixture
async def house(office: BackOffice, box_office: BoxOffice) -> House:
    show_id = (await office.post("/shows", {**SHOW, "published": True})).created()["id"]
    path = f"/shows/{show_id}"
    capacity = (await office.post(f"{path}/capacities", {"name": "House", "size": 10})).created()["id"]
    kind = {"name": "Adult", "price": "25.00", "capacity_id": capacity}
    ticket_id = (await office.post(f"{path}/tickets", kind)).created()["id"]
    kept = {"capacity_id": capacity, "name": "Sponsors", "size": 4}
    sponsors_id = (await office.post(f"{path}/allocations", kept)).created()["id"]
    code = {"code": "SPONSOR", "allocation_id": sponsors_id, "counts": "tickets"}
    made = (await office.post(f"{path}/promo-codes", code)).created()
    assert (made["allocation_id"], made["discount"]) == (sponsors_id, "0.00")
    return House(box_office, office, show_id, ticket_id, sponsors_id, made["id"])


async def test_the_places_are_for_buyers_with_the_code(house: House) -> None:
    assert (await house.left(), await house.left("sponsor")) == (6, 10)
    (await house.buy(6)).created()
    (await house.buy(1)).refused(400, "tickets_unavailable")
    assert (await house.left(), await house.left("sponsor")) == (0, 4)
    opened = (await house.box_office.get(f"/shows/{house.show_id}?code=sponsor")).content.decode()
    assert "Continue" in opened
    assert "Only 4 left" in opened

    placed = (await house.buy(3, "SPONSOR")).created()
    assert (placed["promo_code"], placed["promo_code_discount"], placed["subtotal"]) == ("SPONSOR", "0.00", "75.00")
    assert (await house.sponsors(), await house.uses()) == ((3, 1), 3)
    refused = await house.buy(2, "SPONSOR")
    assert "only 1 left" in refused.refused(400, "tickets_unavailable")
    await house.box_office.cancel(placed)
    assert (await house.sponsors(), await house.uses()) == ((0, 4), 0)


async def test_a_sold_out_page_takes_the_code(house: House) -> None:
    order = await house.box_office.buy(house.cart(6))
    page = (await house.box_office.get(f"/shows/{house.show_id}")).content.decode()
    assert "This show is sold out" in page
    assert "Show tickets" in page
    await house.office.post(f"/orders/{order['order_id']}/refund", {})
    assert await house.left() == 6


async def test_the_rest_of_an_order_is_the_publics(house: House) -> None:
    order = await house.box_office.buy(house.cart(5, "SPONSOR"))
    assert [line["quantity"] for line in order["tickets"]] == [4, 1]
    assert (await house.left(), await house.left("SPONSOR")) == (5, 5)
    assert (await house.sponsors(), await house.uses()) == ((0, 0), 4)
    first, *_, last = order["attendees"]
    path = f"/orders/{order['order_id']}/refund"
    assert (await house.office.post(path, {"attendee_ids": [first["id"], last["id"]]})).status == 200
    assert (await house.left(), await house.sponsors(), await house.uses()) == (6, (0, 1), 3)


async def test_a_released_allocation_is_the_publics(house: House) -> None:
    assert (await house.office.post(f"/allocations/{house.sponsors_id}/release", {})).status == 200
    assert (await house.left(), await house.left("SPONSOR")) == (10, 10)
    quote = (await house.box_office.quote(house.cart(2, "SPONSOR"))).body
    assert (quote["promo_code"], quote["idle_promo_code"]) == (None, "SPONSOR")


async def test_a_code_opens_nothing_of_another_show(house: House) -> None:
    elsewhere = (await house.office.post("/shows", SHOW)).created()["id"]
    code = {"code": "X", "allocation_id": house.sponsors_id}
    answer = await house.office.post(f"/shows/{elsewhere}/promo-codes", code)
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == "allocation_id"
    closed = (await house.office.patch(f"/promo-codes/{house.code_id}", allocation_id=None, discount="0.10")).body
    assert closed["allocation_id"] is None
    assert await house.left("SPONSOR") == 6


async def test_a_crowd_buys_it_to_the_last_place_while_it_is_released(house: House) -> None:
    """Buyers with and without the code, and the release in the middle: ten places are sold, and each once."""
    carts = [(1, "SPONSOR"), (1, None)] * 10
    buying = [asyncio.create_task(house.buy(quantity, code)) for quantity, code in carts]
    release = asyncio.create_task(house.office.post(f"/allocations/{house.sponsors_id}/release", {}))
    answers = await asyncio.gather(*buying)
    assert (await release).status == 200
    late = await asyncio.gather(*(house.buy(1) for _ in range(4)))
    placed = [answer for answer in (*answers, *late) if answer.status == 201]
    assert len(placed) == 10
    assert await house.left("SPONSOR") == 0
