"""Ticket types that a promo code opens, and codes that apply to some tickets only: over the API and on the pages."""

from __future__ import annotations

import asyncio
import json

import pytest

from domain.promotions import UseCount
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, OnSale
from tests.support.factories import promo_code, ticket

CASH = {"customer": {"name": "Ada", "email": "ada@example.org"}, "payment": "cash"}


@pytest.fixture
async def on_sale(box_office: BoxOffice, office: BackOffice) -> OnSale:
    """Stalls for all, and a hidden ticket type for members."""
    hidden = ticket(price=12_00, name="Members only", hidden=True)
    code = promo_code(code="MEMBER", discount="0", opens_ticket_ids=frozenset({hidden.id}))
    return await box_office.put_on_sale(
        ticket(price=30_00), hidden, promo_codes=[code, promo_code()], by=office.producer
    )


class TestBuyersWithoutTheCode:
    async def test_find_it_nowhere(self, box_office: BoxOffice, on_sale: OnSale) -> None:
        await box_office.get(f"/shows/{on_sale.id}?code=member")  # another buyer's page
        show = f"/shows/{on_sale.id}"
        pages = ["", "?promo=TEST20", "?code=NOSUCH", f"?q-{on_sale.tickets[1].id}=1"]
        paths = [show + query for query in pages] + [f"{show}/widget", f"{show}/remaining", "/?limit=100"]
        for path in (*paths, f"/api/v1{show}", f"/api/v1/shows?producer={on_sale.producer.id}"):
            answer = await box_office.get(path)
            assert answer.status == 200
            assert b"Members only" not in answer.content, path
            assert str(on_sale.tickets[1].id).encode() not in answer.content.replace(b"%2D", b"-"), path
        listed = (await box_office.get(f"/api/v1/shows?producer={on_sale.producer.id}")).body["items"]
        assert [each["price"] for each in listed[0]["tickets"]] == ["30.00"]
        assert b"From" not in (await box_office.get(f"/?producer={on_sale.producer.id}")).content

    async def test_cannot_price_or_buy_it(self, box_office: BoxOffice, on_sale: OnSale) -> None:
        for code in (None, "TEST20"):
            for answer in (
                await box_office.quote(on_sale.cart(0, 1, promo_code=code)),
                await box_office.checkout(on_sale.cart(1, 1), promo_code=code),
            ):
                assert answer.refused(400, "ticket_not_found") == "No such ticket in this show"
        (await box_office.quote(on_sale.cart(0, 1, promo_code="NOSUCH"))).refused(400, "invalid_promo_code")
        assert await box_office.counters(on_sale) == [(0, 0), (0, 0)]

    async def test_are_told_that_their_code_is_wrong(self, box_office: BoxOffice, on_sale: OnSale) -> None:
        answer = await box_office.get(f"/api/v1/shows/{on_sale.id}?promo_code=NOSUCH")
        answer.refused(400, "invalid_promo_code")
        page = await box_office.get(f"/shows/{on_sale.id}?code=NOSUCH")
        assert b'id="promo-error">Invalid promo code' in page.content
        assert b"is good for this show" not in page.content


class TestBuyersWithTheCode:
    async def test_see_it(self, box_office: BoxOffice, on_sale: OnSale) -> None:
        answer = await box_office.get(f"/api/v1/shows/{on_sale.id}?promo_code=member")
        assert {each["name"]: each["hidden"] for each in answer.body["tickets"]} == {
            "Members only": True,
            "Stalls": False,
        }
        remaining = await box_office.get(f"/shows/{on_sale.id}/remaining?promo=MEMBER")
        assert str(on_sale.tickets[1].id) in json.loads(remaining.content)["tickets"]
        assert remaining.headers["Cache-Control"] == "private, no-store"

    async def test_get_a_page_that_is_not_kept_for_others(self, box_office: BoxOffice, on_sale: OnSale) -> None:
        for query in ("code=MEMBER", f"promo=member&q-{on_sale.tickets[1].id}=2"):
            answer = await box_office.get(f"/shows/{on_sale.id}?{query}")
            assert "private" in answer.headers["Cache-Control"]
            page = answer.content.decode()
            assert "Members only" in page
            assert "is good for this show" in page
            assert f"/shows/{on_sale.id}/remaining?promo=MEMBER" in page
            assert "application/ld+json" not in page
        checkout = await box_office.get(f"/shows/{on_sale.id}/checkout?q-{on_sale.tickets[1].id}=2&promo=MEMBER")
        assert b"Members only" in checkout.content

    async def test_buy_it_and_the_code_is_used(
        self, box_office: BoxOffice, office: BackOffice, on_sale: OnSale
    ) -> None:
        order = await box_office.buy(on_sale.cart(1, 2), promo_code="MEMBER")
        assert (order["status"], order["promo_code"], order["subtotal"]) == ("completed", "MEMBER", "54.00")
        codes = (await office.get(f"/shows/{on_sale.id}/promo-codes")).body["items"]
        assert {each["code"]: each["uses"] for each in codes} == {"MEMBER": 1, "TEST20": 0}


async def test_the_counter_needs_no_code(box_office: BoxOffice, office: BackOffice, on_sale: OnSale) -> None:
    sold = (await office.post(f"/shows/{on_sale.id}/orders", {**CASH, **on_sale.cart(0, 1)})).created()
    assert (sold["total"], sold["promo_code"]) == ("12.00", None)


async def test_a_show_that_is_sold_by_code_alone_asks_for_it(box_office: BoxOffice) -> None:
    hidden = ticket(hidden=True, name="Members only")
    code = promo_code(code="MEMBER", opens_ticket_ids=frozenset({hidden.id}))
    on_sale = await box_office.put_on_sale(hidden, promo_codes=[code])
    page = (await box_office.get(f"/shows/{on_sale.id}")).content.decode()
    assert "sold with a promo code" in page
    assert "Show tickets" in page
    assert "sold out" not in page
    listed = (await box_office.get(f"/?producer={on_sale.producer.id}")).content.decode()
    assert "With a promo code" in listed
    assert "Members only" in (await box_office.get(f"/shows/{on_sale.id}?promo=member")).content.decode()


async def test_a_sold_out_show_takes_a_code_for_what_is_hidden(box_office: BoxOffice) -> None:
    hidden = ticket(hidden=True, name="Members only")
    code = promo_code(code="MEMBER", opens_ticket_ids=frozenset({hidden.id}))
    on_sale = await box_office.put_on_sale(ticket(quantity=1, sold=1), hidden, promo_codes=[code])
    page = (await box_office.get(f"/shows/{on_sale.id}")).content.decode()
    assert "This show is sold out" in page
    assert "Show tickets" in page
    opened = (await box_office.get(f"/shows/{on_sale.id}?promo=member")).content.decode()
    assert "This show is sold out" not in opened
    assert "Continue" in opened


class TestCodesForSomeTickets:
    async def test_a_code_that_changes_nothing_is_said_so_and_not_used_up(
        self, box_office: BoxOffice, office: BackOffice
    ) -> None:
        stalls, gallery = ticket(price=30_00), ticket(price=10_00, name="Gallery")
        code = promo_code(discount="0", fixed_price=5_00, ticket_ids=frozenset({gallery.id}), max_uses=1)
        on_sale = await box_office.put_on_sale(stalls, gallery, promo_codes=[code], by=office.producer)
        quote = (await box_office.quote(on_sale.cart(2, 0, promo_code="TEST20"))).body
        assert (quote["promo_code"], quote["idle_promo_code"], quote["subtotal"]) == (None, "TEST20", "60.00")
        total = await box_office.get(f"/shows/{on_sale.id}/total?q-{on_sale.tickets[0].id}=2&promo=test20")
        assert "Promo code TEST20 changes nothing for these tickets, and is not used up." in total.content.decode()
        order = await box_office.buy(on_sale.cart(2, 0), promo_code="TEST20")
        assert order["promo_code"] is None

        order = await box_office.buy(on_sale.cart(1, 1), promo_code="TEST20")
        assert (order["promo_code"], order["promo_code_discount"]) == ("TEST20", "5.00")
        (await box_office.checkout(on_sale.cart(0, 1), promo_code="TEST20")).refused(400, "promo_code_exhausted")

    async def test_pages_show_a_split_line_as_the_buyer_chose_it(self, box_office: BoxOffice) -> None:
        code = promo_code(discount="0", amount_off=5_00, max_per_order=1)
        on_sale = await box_office.put_on_sale(ticket(price=30_00), promo_codes=[code])
        query = f"q-{on_sale.tickets[0].id}=3&promo=test20"
        total = (await box_office.get(f"/shows/{on_sale.id}/total?{query}")).content.decode()
        assert total.count("<bdi>Stalls</bdi>") == 1
        assert "$90.00" in total
        assert "Promo code TEST20 (1 ticket)" in total
        checkout = (await box_office.get(f"/shows/{on_sale.id}/checkout?{query}")).content.decode()
        names = [f'name="n-{on_sale.tickets[0].id}-{place}"' for place in range(4)]
        assert [checkout.count(name) for name in names] == [1, 1, 1, 0]

    async def test_stripe_gets_a_line_for_each_price(self, box_office: BoxOffice) -> None:
        code = promo_code(discount="0", amount_off=5_00, max_per_order=1)
        on_sale = await box_office.put_on_sale(ticket(price=30_00), promo_codes=[code])
        placed = (await box_office.checkout(on_sale.cart(3), promo_code="TEST20")).created()
        assert [(line["quantity"], line["discount_amount"]) for line in placed["tickets"]] == [(1, "5.00"), (2, "0.00")]
        items = box_office.stripe_session(placed)["line_items"].values()
        sent = [(int(item["quantity"]), int(item["price_data"]["unit_amount"])) for item in items]
        assert sent[:2] == [(1, 25_00), (2, 30_00)]
        assert sum(quantity * amount for quantity, amount in sent) == round(float(placed["total"]) * 100)

    async def test_a_code_by_tickets_is_used_up_to_the_last_one_by_a_crowd(
        self, box_office: BoxOffice, office: BackOffice
    ) -> None:
        """Two ticket types, and a last use that makes one of two tickets cheaper. Uses come back with the hold."""
        code = promo_code(discount="0", amount_off=5_00, counts=UseCount.TICKETS, max_uses=7)
        on_sale = await box_office.put_on_sale(ticket(), ticket(), promo_codes=[code], by=office.producer)
        carts = [on_sale.cart(2, 0), on_sale.cart(0, 2)] * 8
        answers = await asyncio.gather(*(box_office.checkout(cart, promo_code="TEST20") for cart in carts))
        placed = [answer.created() for answer in answers if answer.status == 201]
        assert sorted(each["promo_code_discount"] for each in placed) == ["10.00", "10.00", "10.00", "5.00"]
        assert {answer.body.get("code") for answer in answers if answer.status != 201} == {"promo_code_exhausted"}
        assert await self.uses(office, on_sale) == 7

        await box_office.cancel(next(each for each in placed if each["promo_code_discount"] == "5.00"))
        assert await self.uses(office, on_sale) == 6
        assert (await box_office.quote(on_sale.cart(1, 1, promo_code="TEST20"))).body["promo_code_discount"] == "5.00"

    async def test_uses_by_tickets_come_back_with_refunded_places(
        self, box_office: BoxOffice, office: BackOffice
    ) -> None:
        code = promo_code(discount="0", amount_off=5_00, counts=UseCount.TICKETS, max_per_order=2)
        on_sale = await box_office.put_on_sale(ticket(price=30_00), promo_codes=[code], by=office.producer)
        order = await box_office.buy(on_sale.cart(3), promo_code="TEST20")
        path = f"/orders/{order['order_id']}/refund"

        async def refund(place: int, **fields: bool) -> Answer:
            return await office.post(path, {"attendee_ids": [order["attendees"][place]["id"]], **fields})

        made = [await refund(0, refund_fees=False), await refund(2, refund_fees=False)]
        assert [each.body["refund"]["amount"] for each in made] == ["25.00", "30.00"]
        assert await self.uses(office, on_sale) == 1
        await refund(1, restock=False)
        assert await self.uses(office, on_sale) == 1

    async def uses(self, office: BackOffice, on_sale: OnSale) -> int:
        [code] = (await office.get(f"/shows/{on_sale.id}/promo-codes")).body["items"]
        return int(code["uses"])
