"""The office's pages of a show's tickets, places and codes."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import ticket
from tests.support.staff import Page, Staff

pytestmark = pytest.mark.p2

#: The id of nothing.
NO_ONES = "00000000-0000-4000-8000-000000000000"
TICKET = {"name": "Balcony", "price": "12.50", "quantity": "40", "places": "1"}


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(name="Stalls", price=25_00, quantity=100), by=office.producer)


def at(on_sale: OnSale, page: str) -> str:
    return f"/office/shows/{on_sale.id}{page}"


def row(page: Page, name: str) -> str:
    """The words of a table's row that begins with this name."""
    found = re.search(rf"<tr>\s*<th scope=\"row\"><bdi>{re.escape(name)}</bdi>.*?</tr>", page.html, re.DOTALL)
    assert found, page.text
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def link(page: Page, pattern: str) -> str:
    found = re.search(pattern, page.html)
    assert found, page.text
    return found[1]


async def item(office: BackOffice, path: str) -> dict[str, Any]:
    (found,) = (await office.get(path)).body["items"]
    return dict(found)


class TestTicketTypes:
    async def test_are_listed_with_what_is_sold_and_left(
        self, owner: Staff, box_office: BoxOffice, on_sale: OnSale
    ) -> None:
        await box_office.checkout(on_sale.cart(3))
        page = await owner.get(at(on_sale, "/tickets"))
        assert page.status == 200
        assert "$25.00 0 sold, 3 held, 97 left its own" in row(page, "Stalls")

    async def test_one_is_added_once_however_often_the_form_is_sent(self, owner: Staff, on_sale: OnSale) -> None:
        form = {**TICKET, "key": uuid4().hex, "hidden": "on", "off_sale_day": "2050-05-01", "off_sale_clock": "18:00"}
        for _ in range(2):
            answer = await owner.post(at(on_sale, "/tickets/new"), form)
            assert (answer.status, answer.location) == (303, at(on_sale, "/tickets?done=ticket-added"))
        page = await owner.get(at(on_sale, "/tickets"))
        assert page.html.count("<bdi>Balcony</bdi></th>") + page.html.count("<bdi>Balcony</bdi> <span") == 1
        assert "Hidden until Sun, May 1, 2050, 6:00 PM UTC (on sale) $12.50 0 sold, 40 left" in row(page, "Balcony")

    async def test_one_is_changed_and_keeps_what_was_not_touched(
        self, owner: Staff, office: BackOffice, on_sale: OnSale
    ) -> None:
        path = at(on_sale, f"/tickets/{on_sale.tickets[0].id}")
        page = await owner.get(path)
        assert 'value="25.00"' in page.html
        assert (
            await owner.post(path, {**TICKET, "is_vip": "on", "on_sale_day": "2050-01-01", "on_sale_clock": "10:00"})
        ).status == 303
        (changed,) = (await office.get(f"/shows/{on_sale.id}")).body["tickets"]
        assert (changed["name"], changed["price"], changed["quantity"], changed["is_vip"]) == (
            "Balcony",
            "12.50",
            40,
            True,
        )
        assert changed["on_sale_at"] == "2050-01-01T10:00:00Z"
        again = await owner.get(path)
        assert 'value="2050-01-01"' in again.html
        assert (await owner.post(path, TICKET)).status == 303
        (cleared,) = (await office.get(f"/shows/{on_sale.id}")).body["tickets"]
        assert (cleared["on_sale_at"], cleared["is_vip"]) == (None, False)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"name": ""}, "Please fill this in."),
            ({"price": "much"}, "Write the amount in USD"),
            ({"price": ""}, "Please fill this in."),
            ({"quantity": "-1"}, "Please type a whole number"),
            ({"quantity": ""}, "Please fill this in."),
            ({"capacity_id": NO_ONES}, "No such capacity in this show."),
            ({"on_sale_day": "2051-01-01", "on_sale_clock": "10:00"}, "sale"),
            ({"off_sale_day": "tomorrow", "off_sale_clock": "10:00"}, "Please write the day as 2026-12-31."),
            ({"off_sale_day": "", "off_sale_clock": "10:00"}, "Please fill this in."),
        ],
        ids=str,
    )
    async def test_what_was_typed_stays_beside_what_is_wrong(
        self, owner: Staff, on_sale: OnSale, wrong: dict[str, str], words: str
    ) -> None:
        answer = await owner.post(at(on_sale, "/tickets/new"), {**TICKET, "description": "Rows A to F", **wrong})
        assert answer.status == 400
        assert words in answer.text
        assert 'value="Rows A to F"' in answer.html
        assert 'id="problems"' in answer.html

    async def test_number_below_what_is_sold_is_refused(
        self, owner: Staff, box_office: BoxOffice, on_sale: OnSale
    ) -> None:
        await box_office.buy(on_sale.cart(3))
        answer = await owner.post(at(on_sale, f"/tickets/{on_sale.tickets[0].id}"), {**TICKET, "quantity": "2"})
        assert answer.status == 409
        assert "quantity-error" in answer.html

    async def test_one_is_deleted_unless_it_has_orders(
        self, owner: Staff, box_office: BoxOffice, on_sale: OnSale
    ) -> None:
        await owner.post(at(on_sale, "/tickets/new"), {**TICKET, "key": uuid4().hex})
        page = await owner.get(at(on_sale, "/tickets"))
        added = link(page, r'href="([^"]*)">Change<span class="hidden"> <bdi>Balcony')
        asked = await owner.get(f"{added}/delete")
        assert "Delete this ticket type?" in asked.text
        answer = await owner.post(f"{added}/delete")
        assert (answer.status, answer.location) == (303, at(on_sale, "/tickets?done=ticket-deleted"))
        assert (await owner.get(added)).status == 404
        await box_office.buy(on_sale.cart(1))
        refused = await owner.post(at(on_sale, f"/tickets/{on_sale.tickets[0].id}/delete"))
        assert (refused.status, "has orders" in refused.text) == (409, True)


class TestPlaces:
    async def test_capacity_is_added_shared_changed_and_deleted(
        self, owner: Staff, office: BackOffice, on_sale: OnSale
    ) -> None:
        form = {"name": "House", "size": "50", "key": uuid4().hex}
        for _ in range(2):
            assert (await owner.post(at(on_sale, "/capacities/new"), form)).status == 303
        house = await item(office, f"/shows/{on_sale.id}/capacities")
        shared = {**TICKET, "capacity_id": house["id"], "quantity": "", "places": "2", "key": uuid4().hex}
        assert (await owner.post(at(on_sale, "/tickets/new"), shared)).status == 303
        page = await owner.get(at(on_sale, "/tickets"))
        assert "25 left House , 2 each" in row(page, "Balcony")
        assert "50 0 sold, 50 left" in row(page, "House")

        path = at(on_sale, f"/capacities/{house['id']}")
        assert 'value="50"' in (await owner.get(path)).html
        assert (await owner.post(path, name="Large house", size="60")).status == 303
        assert (await owner.post(path, name="", size="x")).status == 400
        assert "Delete this capacity?" in (await owner.get(f"{path}/delete")).text
        assert (await owner.post(f"{path}/delete")).status == 409

    async def test_allocation_is_kept_changed_released_and_deleted(
        self, owner: Staff, office: BackOffice, on_sale: OnSale
    ) -> None:
        await owner.post(at(on_sale, "/capacities/new"), name="House", size="50", key=uuid4().hex)
        house = await item(office, f"/shows/{on_sale.id}/capacities")
        form = {"name": "Press", "size": "10", "capacity_id": house["id"], "key": uuid4().hex}
        timed = {**form, "release_day": "2050-05-31", "release_clock": "12:00"}
        assert "Keep places off public sale" in (await owner.get(at(on_sale, "/allocations/new"))).text
        for _ in range(2):
            assert (await owner.post(at(on_sale, "/allocations/new"), timed)).status == 303
        press = await item(office, f"/shows/{on_sale.id}/allocations")
        assert (press["size"], press["release_at"]) == (10, "2050-05-31T12:00:00Z")
        page = await owner.get(at(on_sale, "/tickets"))
        assert "House 0 sold, 10 kept goes on sale Tue, May 31, 2050, 12:00 PM UTC" in row(page, "Press")
        assert "50 0 sold, 10 kept, 40 left" in row(page, "House")

        path = at(on_sale, f"/allocations/{press['id']}")
        assert 'value="2050-05-31"' in (await owner.get(path)).html
        assert (await owner.post(path, {**timed, "size": "60"})).status == 409
        assert (await owner.post(path, name="Press", size="8")).status == 303
        changed = await item(office, f"/shows/{on_sale.id}/allocations")
        assert (changed["size"], changed["release_at"]) == (8, None)
        asked = await owner.get(f"{path}/release")
        assert "8 places go on public sale at once" in asked.text
        assert (await owner.post(f"{path}/release")).status == 303
        assert (await owner.post(f"{path}/release")).status == 409
        released = await owner.get(path)
        assert "It was released: its size stays." in released.text
        assert (await owner.post(path, name="Late press")).status == 303
        assert "Delete this allocation?" in (await owner.get(f"{path}/delete")).text
        assert (await owner.post(f"{path}/delete")).status == 303
        assert (await owner.get(path)).status == 404

    @pytest.mark.parametrize(
        "wrong", [{"capacity_id": ""}, {"capacity_id": NO_ONES}, {"size": "many"}, {"name": ""}], ids=str
    )
    async def test_wrong_allocation_is_refused(
        self, owner: Staff, office: BackOffice, on_sale: OnSale, wrong: dict[str, str]
    ) -> None:
        await owner.post(at(on_sale, "/capacities/new"), name="House", size="50", key=uuid4().hex)
        house = await item(office, f"/shows/{on_sale.id}/capacities")
        form = {"name": "Press", "size": "10", "capacity_id": house["id"], **wrong}
        answer = await owner.post(at(on_sale, "/allocations/new"), form)
        assert answer.status == 400


class TestCodes:
    async def test_every_kind_is_added_and_listed(self, owner: Staff, office: BackOffice, on_sale: OnSale) -> None:
        await owner.post(at(on_sale, "/tickets/new"), {**TICKET, "hidden": "on", "key": uuid4().hex})
        page = await owner.get(at(on_sale, "/tickets"))
        hidden = link(page, r'/tickets/([0-9a-f-]{36})">Change<span class="hidden"> <bdi>Balcony')
        base = {"counts": "orders"}
        codes = [
            {"code": "twenty", "kind": "discount", "discount": "12,5 %", "max_uses": "10"},
            {"code": "FIVER", "kind": "amount_off", "amount_off": "5", "ticket_ids": str(on_sale.tickets[0].id)},
            {"code": "FLAT", "kind": "fixed_price", "fixed_price": "9.99", "max_per_order": "2", "counts": "tickets"},
            {"code": "FRIENDS", "kind": "none", "opens_ticket_ids": hidden},
        ]
        for code in codes:
            answer = await owner.post(at(on_sale, "/codes/new"), {**base, **code, "key": uuid4().hex})
            assert (answer.status, answer.location) == (303, at(on_sale, "/codes?done=code-added"))
        listed = await owner.get(at(on_sale, "/codes"))
        assert "12.5 % off 0 of 10 orders always" in row(listed, "TWENTY")
        assert "$5.00 off each ticket for Stalls" in row(listed, "FIVER")
        assert "$9.99 each for 2 tickets of an order 0 tickets" in row(listed, "FLAT")
        assert "opens Balcony" in row(listed, "FRIENDS")

    async def test_form_that_is_sent_twice_adds_one(self, owner: Staff, on_sale: OnSale) -> None:
        form = {"code": "ONCE", "kind": "discount", "discount": "20", "counts": "orders"}
        key = uuid4().hex
        for _ in range(2):
            assert (await owner.post(at(on_sale, "/codes/new"), {**form, "key": key})).status == 303
        again = await owner.post(at(on_sale, "/codes/new"), {**form, "key": uuid4().hex})
        assert (again.status, "already has a promo code ONCE" in again.text) == (409, True)

    async def test_code_is_changed_and_deleted(self, owner: Staff, office: BackOffice, on_sale: OnSale) -> None:
        form = {"code": "SUMMER", "kind": "discount", "discount": "20", "counts": "orders", "key": uuid4().hex}
        timed = {**form, "valid_until_day": "2050-05-01", "valid_until_clock": "00:00"}
        await owner.post(at(on_sale, "/codes/new"), timed)
        page = await owner.get(at(on_sale, "/codes"))
        path = link(page, r'href="([^"]*/codes/[0-9a-f-]{36})"')
        filled = await owner.get(path)
        assert 'value="20"' in filled.html
        assert (await owner.post(path, {**timed, "kind": "fixed_price", "fixed_price": "10"})).status == 303
        found = await item(office, f"/shows/{on_sale.id}/promo-codes")
        assert (found["discount"], found["fixed_price"]) == ("0.00", "10.00")
        assert found["valid_until"] == "2050-05-01T00:00:00Z"
        assert (await owner.post(path, {**form, "max_uses": "0"})).status == 303
        assert (await item(office, f"/shows/{on_sale.id}/promo-codes"))["valid_until"] is None
        assert "Delete this code?" in (await owner.get(f"{path}/delete")).text
        assert (await owner.post(f"{path}/delete")).status == 303
        assert (await owner.get(path)).status == 404

    async def test_used_code_is_not_deleted(self, owner: Staff, box_office: BoxOffice, on_sale: OnSale) -> None:
        form = {"code": "USED", "kind": "discount", "discount": "20", "counts": "orders", "key": uuid4().hex}
        await owner.post(at(on_sale, "/codes/new"), form)
        await box_office.buy(on_sale.cart(1, promo_code="USED"))
        path = link(await owner.get(at(on_sale, "/codes")), r'href="([^"]*/codes/[0-9a-f-]{36})"')
        answer = await owner.post(f"{path}/delete")
        assert (answer.status, "This code was used and stays" in answer.text) == (409, True)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"code": ""}, "Please fill this in."),
            ({"discount": "lots"}, "Please type a number from 0 to 100."),
            ({"discount": "120"}, "Discount must be between"),
            ({"kind": "none"}, "Choose what the code takes off"),
            ({"kind": "magic"}, "Please choose one of these."),
            ({"kind": "amount_off", "amount_off": "x"}, "Write the amount in USD"),
            ({"max_uses": "-1"}, "Please type a whole number"),
            ({"allocation_id": NO_ONES}, "no allocation"),
        ],
        ids=str,
    )
    async def test_wrong_code_is_refused(
        self, owner: Staff, on_sale: OnSale, wrong: dict[str, str], words: str
    ) -> None:
        form = {"code": "CODE", "kind": "discount", "discount": "20", "counts": "orders", **wrong}
        answer = await owner.post(at(on_sale, "/codes/new"), form)
        assert (answer.status, words in answer.text) == (400, True), answer.text


PAGES = ("/tickets", "/tickets/new", "/capacities/new", "/allocations/new", "/codes", "/codes/new")


class TestWhoMay:
    @pytest.mark.parametrize("page", PAGES)
    async def test_things_of_another_producer_do_not_exist(self, stranger: Staff, on_sale: OnSale, page: str) -> None:
        assert (await stranger.get(at(on_sale, page))).status == 404
        if page.endswith("/new"):
            assert (await stranger.post(at(on_sale, page), {**TICKET, "code": "X"})).status == 404

    @pytest.mark.parametrize("role", [Role.BOX_OFFICE, Role.DOOR, Role.VIEWER])
    async def test_roles_without_the_right_are_refused(self, hire: Hire, on_sale: OnSale, role: Role) -> None:
        someone = await hire(role)
        for page in PAGES:
            assert (await someone.get(at(on_sale, page))).status == 403
            if page.endswith("/new"):
                assert (await someone.post(at(on_sale, page), TICKET)).status == 403

    async def test_form_without_its_token_is_refused(self, owner: Staff, on_sale: OnSale) -> None:
        answer = await owner.request("POST", at(on_sale, "/tickets/new"), data=TICKET)
        assert answer.status == 403
