"""The ticket types and promo codes of a producer's shows."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from domain.catalog import MAX_TICKET_TYPES
from tests.support.back_office import PROMO_CODE, SHOW, TICKET, BackOffice, open_back_office
from tests.support.box_office import BoxOffice
from tests.support.factories import producer, promo_code, ticket


@pytest.fixture
async def show_id(office: BackOffice) -> str:
    return str((await office.post("/shows", SHOW)).body["id"])


class TestTickets:
    async def test_ticket_is_added(self, office: BackOffice, show_id: str) -> None:
        answer = await office.post(
            f"/shows/{show_id}/tickets", {**TICKET, "description": "Rows 1 to 9", "is_vip": True}
        )
        assert answer.status == 201
        assert answer.body == {
            "id": answer.body["id"],
            "show_id": show_id,
            "name": "Stalls",
            "description": "Rows 1 to 9",
            "price": "25.00",
            "all_in_price": "27.57",
            "producer_share": "25.00",
            "is_donation_based": False,
            "is_vip": True,
            "hidden": False,
            "quantity": 100,
            "capacity_id": None,
            "places": 1,
            "held": 0,
            "sold": 0,
            "remaining": 100,
            "sold_out": False,
            "on_sale_at": None,
            "off_sale_at": None,
        }
        assert (await office.get(f"/shows/{show_id}")).body["tickets"] == [answer.body]
        (entry,) = await office.audit_log("&action=ticket.added")
        assert (entry["show_id"], entry["after"]["price"]) == (show_id, 2500)

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"description": "x" * 10_001}, "description"),
            ({"price": "-0.01"}, "price"),
            ({"price": "25.001"}, "price"),
            ({"price": "10000000000.00"}, "price"),
            ({"price": "1e999999"}, "price"),
            ({"price": "NaN"}, "price"),
            ({"price": "Infinity"}, "price"),
            ({"price": "free"}, "price"),
            ({"quantity": -1}, "quantity"),
            ({"quantity": 1_000_001}, "quantity"),
            ({"quantity": 10**30}, "quantity"),
            ({"is_vip": 1}, "is_vip"),
            ({"sold": 3}, "sold"),
            ({"held": 0}, "held"),
        ],
    )
    async def test_ticket_that_makes_no_sense_is_refused(
        self, office: BackOffice, show_id: str, fields: dict[str, Any], field: str
    ) -> None:
        answer = await office.post(f"/shows/{show_id}/tickets", {**TICKET, **fields})
        answer.refused(400, "invalid_request")
        assert answer.body["field"] == field

        stalls = (await office.post(f"/shows/{show_id}/tickets", TICKET)).body
        patched = await office.patch(f"/tickets/{stalls['id']}", **fields)
        patched.refused(400, "invalid_request")
        assert patched.body["field"] == field
        assert (await office.get(f"/shows/{show_id}")).body["tickets"] == [stalls]

    async def test_limits_of_a_ticket_are_within(self, office: BackOffice, show_id: str) -> None:
        answer = await office.post(
            f"/shows/{show_id}/tickets", {"name": "x" * 200, "price": "9999999999.99", "quantity": 1_000_000}
        )
        assert answer.status == 201
        free = await office.post(f"/shows/{show_id}/tickets", {"name": "Free", "price": 0, "quantity": 0})
        assert (free.body["price"], free.body["sold_out"]) == ("0.00", True)

    async def test_price_is_in_the_producers_currency(self, other_office: BackOffice, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(by=producer(currency="JPY"))
        office = await open_back_office(box_office, other_office.container, on_sale.producer)
        added = await office.post(f"/shows/{on_sale.id}/tickets", {**TICKET, "price": "2500"})
        assert added.body["price"] == "2500"
        (await office.post(f"/shows/{on_sale.id}/tickets", {**TICKET, "price": "2500.5"})).refused(
            400, "invalid_request"
        )

    async def test_show_has_so_many_ticket_types_and_no_more(self, office: BackOffice, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(
            *(ticket(name=str(number)) for number in range(MAX_TICKET_TYPES - 1)), by=office.producer
        )
        answers = await asyncio.gather(*(office.post(f"/shows/{on_sale.id}/tickets", TICKET) for _ in range(4)))
        assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]

    async def test_only_the_fields_given_are_changed(self, office: BackOffice, show_id: str) -> None:
        stalls = (await office.post(f"/shows/{show_id}/tickets", TICKET)).body
        changed = await office.patch(f"/tickets/{stalls['id']}", price="30", is_donation_based=True)
        assert changed.status == 200
        assert changed.body == {
            **stalls,
            "price": "30.00",
            "all_in_price": "32.71",
            "producer_share": "30.00",
            "is_donation_based": True,
        }
        assert (await office.patch(f"/tickets/{stalls['id']}")).body == changed.body
        (entry,) = await office.audit_log("&action=ticket.changed")
        assert entry["before"] == {"price": 2500, "is_donation_based": False}
        assert entry["after"] == {"price": 3000, "is_donation_based": True}

    async def test_capacity_goes_down_to_what_is_held_and_sold_and_no_further(
        self, office: BackOffice, box_office: BoxOffice
    ) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=10), by=office.producer)
        await box_office.buy(on_sale.cart(3))
        (await box_office.checkout(on_sale.cart(2))).created()
        path = f"/tickets/{on_sale.tickets[0].id}"

        refused = await office.patch(path, quantity=4, name="Not even the name")
        assert refused.refused(409, "conflict") == "quantity cannot go below 5: 2 are held and 3 are sold"
        assert refused.body["field"] == "quantity"
        assert (await office.get(f"/shows/{on_sale.id}")).body["tickets"][0]["name"] == "Stalls"

        fits = await office.patch(path, quantity=5)
        assert (fits.status, fits.body["remaining"], fits.body["sold_out"]) == (200, 0, True)
        (await box_office.checkout(on_sale.cart(1))).refused(400, "tickets_unavailable")
        assert (await office.patch(path, quantity=6)).body["remaining"] == 1

    async def test_deleted_ticket_is_gone(self, office: BackOffice, show_id: str) -> None:
        stalls = (await office.post(f"/shows/{show_id}/tickets", TICKET)).body
        deleted = await office.delete(f"/tickets/{stalls['id']}")
        assert (deleted.status, deleted.content) == (204, b"")
        (await office.delete(f"/tickets/{stalls['id']}")).refused(404, "not_found")
        assert (await office.get(f"/shows/{show_id}")).body["tickets"] == []
        (entry,) = await office.audit_log("&action=ticket.deleted")
        assert entry["before"]["name"] == "Stalls"

    async def test_ticket_with_orders_stays(self, office: BackOffice, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(by=office.producer)
        (await box_office.checkout(on_sale.cart(1))).created()
        (await office.delete(f"/tickets/{on_sale.tickets[0].id}")).refused(409, "conflict")
        assert len((await office.get(f"/shows/{on_sale.id}")).body["tickets"]) == 1

    async def test_cancelled_show_gets_no_tickets(self, office: BackOffice, show_id: str) -> None:
        await office.patch(f"/shows/{show_id}", cancelled=True)
        (await office.post(f"/shows/{show_id}/tickets", TICKET)).refused(409, "conflict")


class TestPromoCodes:
    @pytest.fixture
    async def code(self, office: BackOffice, show_id: str) -> dict[str, Any]:
        answer = await office.post(f"/shows/{show_id}/promo-codes", PROMO_CODE)
        assert answer.status == 201, answer.content
        return answer.body

    async def test_promo_code_is_added_in_upper_case(self, office: BackOffice, show_id: str) -> None:
        body = {"code": " friends20 ", "discount": "0.2", "max_uses": 50, "valid_until": "2050-01-01T00:00:00Z"}
        answer = await office.post(f"/shows/{show_id}/promo-codes", body)
        assert answer.status == 201
        assert answer.body == {
            "id": answer.body["id"],
            "show_id": show_id,
            "code": "FRIENDS20",
            "discount": "0.20",
            "amount_off": None,
            "fixed_price": None,
            "ticket_ids": None,
            "opens_ticket_ids": [],
            "allocation_id": None,
            "counts": "orders",
            "max_uses": 50,
            "max_per_order": None,
            "uses": 0,
            "valid_from": None,
            "valid_until": "2050-01-01T00:00:00Z",
        }

    @pytest.mark.parametrize(
        ("discount", "shown"), [("0", "0.00"), (1, "1.00"), ("0.125", "0.125"), ("0.0001", "0.0001")]
    )
    async def test_discount_is_a_share(self, office: BackOffice, show_id: str, discount: Any, shown: str) -> None:
        answer = await office.post(f"/shows/{show_id}/promo-codes", {"code": "X", "discount": discount})
        assert answer.body["discount"] == shown

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"code": " "}, "code"),
            ({"code": "x" * 51}, "code"),
            ({"code": "nul\0"}, "code"),
            ({"discount": "1.0001"}, "discount"),
            ({"discount": "-0.1"}, "discount"),
            ({"discount": "0.00001"}, "discount"),
            ({"discount": "NaN"}, "discount"),
            ({"max_uses": -1}, "max_uses"),
            ({"max_uses": 1_000_001}, "max_uses"),
            ({"max_per_order": 0}, "max_per_order"),
            ({"amount_off": "5.00"}, "amount_off"),  # beside the discount
            ({"discount": None, "amount_off": "5.001"}, "amount_off"),
            ({"discount": None, "fixed_price": "-1"}, "fixed_price"),
            ({"ticket_ids": []}, "ticket_ids"),
            ({"ticket_ids": ["01932d3e-6a46-7277-93b4-62b1ef708107"]}, "ticket_ids"),
            ({"opens_ticket_ids": ["01932d3e-6a46-7277-93b4-62b1ef708107"]}, "opens_ticket_ids"),
            ({"allocation_id": "01932d3e-6a46-7277-93b4-62b1ef708107"}, "allocation_id"),
            ({"counts": "people"}, "counts"),
            ({"valid_from": "2050-01-01T00:00:00+02:00"}, "valid_from"),
            ({"valid_until": "9999-12-31T23:59:59-23:00"}, "valid_until"),
            ({"valid_from": "2050-01-02T00:00:00Z", "valid_until": "2050-01-01T00:00:00Z"}, "valid_until"),
            ({"uses": 3}, "uses"),
        ],
    )
    async def test_promo_code_that_makes_no_sense_is_refused(
        self, office: BackOffice, show_id: str, code: dict[str, Any], fields: dict[str, Any], field: str
    ) -> None:
        for answer in (
            await office.post(f"/shows/{show_id}/promo-codes", {"code": "OTHER", "discount": "0.1", **fields}),
            await office.patch(f"/promo-codes/{code['id']}", **fields),
        ):
            answer.refused(400, "invalid_request")
            assert answer.body["field"] == field
        assert (await office.get(f"/shows/{show_id}/promo-codes")).body["items"] == [code]

    async def test_code_without_any_effect_is_refused(self, office: BackOffice, show_id: str) -> None:
        answer = await office.post(f"/shows/{show_id}/promo-codes", {"code": "NOTHING", "max_uses": 3})
        assert "discount, amount_off, fixed_price" in answer.refused(400, "invalid_request")

    async def test_change_that_takes_away_every_effect_is_refused(
        self, office: BackOffice, show_id: str, code: dict[str, Any]
    ) -> None:
        refused = await office.patch(f"/promo-codes/{code['id']}", discount=None)
        assert "discount, amount_off, fixed_price" in refused.refused(400, "invalid_request")
        assert refused.body["field"] == "discount"
        assert (await office.get(f"/shows/{show_id}/promo-codes")).body["items"] == [code]
        fixed = (await office.patch(f"/promo-codes/{code['id']}", discount=None, fixed_price="9.00")).body
        refused = await office.patch(f"/promo-codes/{code['id']}", fixed_price=None)
        assert (refused.status, refused.body["field"]) == (400, "fixed_price")
        assert (await office.patch(f"/promo-codes/{code['id']}", max_uses=3)).body == {**fixed, "max_uses": 3}

    async def test_code_takes_an_amount_off_some_tickets_and_opens_others(
        self, office: BackOffice, show_id: str
    ) -> None:
        path = f"/shows/{show_id}"
        stalls = (await office.post(f"{path}/tickets", TICKET)).body["id"]
        members = (await office.post(f"{path}/tickets", {**TICKET, "hidden": True})).body
        assert members["hidden"] is True
        fields = {
            "amount_off": "5.00",
            "ticket_ids": [stalls],
            "opens_ticket_ids": [members["id"]],
            "counts": "tickets",
            "max_per_order": 2,
        }
        code = (await office.post(f"{path}/promo-codes", {"code": "member", **fields})).body
        assert {name: code[name] for name in fields} == fields
        assert code["discount"] == "0.00"
        changed = (
            await office.patch(f"/promo-codes/{code['id']}", amount_off=None, fixed_price="0", ticket_ids=None)
        ).body
        assert changed == {**code, "amount_off": None, "fixed_price": "0.00", "ticket_ids": None}
        assert (await office.get(f"{path}/promo-codes")).body["items"] == [changed]

    async def test_what_uses_count_is_fixed_while_there_are_some(
        self, office: BackOffice, box_office: BoxOffice
    ) -> None:
        code = promo_code()
        on_sale = await box_office.put_on_sale(promo_codes=[code], by=office.producer)
        placed = (await box_office.checkout(on_sale.cart(2), promo_code="TEST20")).created()
        (await office.patch(f"/promo-codes/{code.id}", counts="tickets")).refused(409, "conflict")
        await box_office.cancel(placed)
        assert (await office.patch(f"/promo-codes/{code.id}", counts="tickets")).body["counts"] == "tickets"
        (await box_office.checkout(on_sale.cart(2), promo_code="TEST20")).created()
        [found] = (await office.get(f"/shows/{on_sale.id}/promo-codes")).body["items"]
        assert found["uses"] == 2

    async def test_times_are_the_venues_clock(self, office: BackOffice, show_id: str, code: dict[str, Any]) -> None:
        await office.patch(f"/shows/{show_id}", timezone="America/New_York")
        dates = {"valid_from": "2050-01-01T00:00:00", "valid_until": "2050-06-30T00:00:00-04:00"}
        changed = (await office.patch(f"/promo-codes/{code['id']}", **dates)).body
        added = (await office.post(f"/shows/{show_id}/promo-codes", {"code": "NEW", "discount": "0.1", **dates})).body
        for found in (changed, added):
            moments = [found[name] for name in dates]
            assert moments == ["2050-01-01T05:00:00Z", "2050-06-30T04:00:00Z"]
        refused = await office.patch(f"/promo-codes/{code['id']}", valid_until="2050-01-01T00:00:00-04:00")
        assert "write 2050-01-01T00:00:00-05:00" in refused.refused(400, "invalid_request")

    async def test_show_has_each_code_once(
        self, office: BackOffice, show_id: str, code: dict[str, Any], box_office: BoxOffice
    ) -> None:
        (await office.post(f"/shows/{show_id}/promo-codes", {**PROMO_CODE, "code": "test20"})).refused(409, "conflict")
        other = (await office.post(f"/shows/{show_id}/promo-codes", {**PROMO_CODE, "code": "OTHER"})).body
        refused = await office.patch(f"/promo-codes/{other['id']}", code="Test20")
        refused.refused(409, "conflict")
        assert refused.body["field"] == "code"
        elsewhere = (await office.post("/shows", SHOW)).body["id"]
        assert (await office.post(f"/shows/{elsewhere}/promo-codes", PROMO_CODE)).status == 201

    async def test_of_many_who_add_one_code_at_once_one_does(self, office: BackOffice, show_id: str) -> None:
        answers = await asyncio.gather(*(office.post(f"/shows/{show_id}/promo-codes", PROMO_CODE) for _ in range(10)))
        assert sorted(answer.status for answer in answers) == [201] + [409] * 9

    async def test_null_takes_a_limit_away_and_what_is_not_given_stays(
        self, office: BackOffice, show_id: str, code: dict[str, Any]
    ) -> None:
        limited = (await office.patch(f"/promo-codes/{code['id']}", max_uses=5, discount="0.5")).body
        assert limited == {**code, "max_uses": 5, "discount": "0.50"}
        assert (await office.patch(f"/promo-codes/{code['id']}", max_uses=None)).body == {**limited, "max_uses": None}
        assert (await office.patch(f"/promo-codes/{code['id']}", code="renamed")).body["code"] == "RENAMED"

    async def test_used_promo_code_stays_and_can_be_ended(self, office: BackOffice, box_office: BoxOffice) -> None:
        code = promo_code()
        on_sale = await box_office.put_on_sale(promo_codes=[code], by=office.producer)
        (await box_office.checkout(on_sale.cart(1), promo_code="TEST20")).created()

        (await office.delete(f"/promo-codes/{code.id}")).refused(409, "conflict")
        ended = await office.patch(f"/promo-codes/{code.id}", max_uses=0)

        assert (ended.status, ended.body["uses"]) == (200, 1)
        (await box_office.checkout(on_sale.cart(1), promo_code="TEST20")).refused(400, "promo_code_exhausted")

    async def test_deleted_promo_code_is_gone(self, office: BackOffice, show_id: str, code: dict[str, Any]) -> None:
        assert (await office.delete(f"/promo-codes/{code['id']}")).status == 204
        (await office.delete(f"/promo-codes/{code['id']}")).refused(404, "not_found")
        assert (await office.get(f"/shows/{show_id}/promo-codes")).body == {"items": [], "next_cursor": None}
        log = await office.audit_log(f"&show_id={show_id}")
        assert [entry["action"] for entry in log] == ["promo_code.deleted", "promo_code.added", "show.added"]

    @pytest.mark.parametrize("limit", [1, 2, 5, 6])
    async def test_pages_follow_one_another(self, office: BackOffice, box_office: BoxOffice, limit: int) -> None:
        codes = ["A", "B", "Z", "É", "日本"]
        on_sale = await box_office.put_on_sale(
            promo_codes=[promo_code(code=code) for code in reversed(codes)], by=office.producer
        )
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await office.get(f"/shows/{on_sale.id}/promo-codes?limit={limit}&cursor={cursor}")).body
            assert len(page["items"]) <= limit
            seen += [each["code"] for each in page["items"]]
            cursor = page["next_cursor"]
        assert seen == codes

    async def test_cursor_that_was_never_given_is_refused(self, office: BackOffice, show_id: str) -> None:
        for cursor in ("x", "AA=="):
            (await office.get(f"/shows/{show_id}/promo-codes?cursor={cursor}")).refused(400, "invalid_request")


async def test_audit_log_pages_and_filters(office: BackOffice) -> None:
    shows = [(await office.post("/shows", SHOW)).body["id"] for _ in range(3)]
    await office.patch(f"/shows/{shows[0]}", published=True)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await office.get(f"/audit-log?limit=2&cursor={cursor}")).body
        assert len(page["items"]) <= 2
        seen += [entry["id"] for entry in page["items"]]
        cursor = page["next_cursor"]
    newest_first = await office.audit_log()
    assert seen == [entry["id"] for entry in newest_first]
    assert [entry["action"] for entry in newest_first] == ["show.changed", *["show.added"] * 3, "token.issued"]

    assert len(await office.audit_log(f"&subject_id={shows[0]}")) == 2
    assert len(await office.audit_log(f"&token_id={office.token_id}")) == 4
    assert await office.audit_log(f"&token_id={uuid4()}") == []
    since = newest_first[1]["at"].replace("+", "%2B")
    assert [entry["id"] for entry in await office.audit_log(f"&since={since}")] == seen[:2]
    assert [entry["id"] for entry in await office.audit_log(f"&until={since}")] == seen[2:]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=2026-01-01T00:00:00", "since"),
        ("until=yesterday", "until"),
        ("action=nothing", "action"),
        ("subject_id=7", "subject_id"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
    ],
)
async def test_audit_log_that_makes_no_sense_is_refused(office: BackOffice, query: str, field: str) -> None:
    answer = await office.get(f"/audit-log?{query}")
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == field
