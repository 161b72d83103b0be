"""The founding document's list of existing coverage, test_order_view.py: creating and validating orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.catalog import ProducerFinancial
from tests.support.box_office import BoxOffice, Json
from tests.support.factories import donation_ticket, producer, promo_code, ticket

LONG_AGO = datetime(2020, 1, 1, 19, 0, tzinfo=UTC)


def donating(cart: Json, *amounts: str | None) -> Json:
    """The cart with a donation for each line."""
    for line, amount in zip(cart["tickets"], amounts, strict=True):
        if amount is not None:
            line["donation_amount"] = amount
    return cart


class TestOrderView:
    async def test_create_order_with_regular_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(name="Stalls", price=2500))

        placed = (await box_office.checkout(on_sale.cart(2))).created()

        assert placed["tickets"] == [
            {
                "ticket_id": str(on_sale.tickets[0].id),
                "name": "Stalls",
                "quantity": 2,
                "price_per_ticket": "25.00",
                "discount_amount": "0.00",
                "donation_amount": "0.00",
                "total_price": "50.00",
                "is_vip": False,
            }
        ]
        assert (placed["status"], placed["currency"], placed["promo_code"]) == ("success", "USD", None)
        order = (await box_office.order(placed)).body
        assert (order["status"], order["success"], order["is_manual_order"]) == ("pending", False, False)
        assert order["customer"] == {"name": "Ada Lovelace", "email": "ada@example.org", "phone": None}
        assert order["show"]["id"] == str(on_sale.id)
        assert order["attendees"] == []

    async def test_create_order_with_donation_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(donation_ticket(price=1000))

        placed = (await box_office.checkout(donating(on_sale.cart(2), "15.50"))).created()

        (line,) = placed["tickets"]
        assert (line["price_per_ticket"], line["donation_amount"], line["total_price"]) == ("15.50", "15.50", "31.00")
        assert placed["platform_fees"] == "3.00"

    async def test_create_order_with_mixed_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(price=2500), donation_ticket(price=1000), ticket(price=0))

        order = await box_office.buy(donating(on_sale.cart(1, 2, 1), None, "12.00", None))

        assert order["subtotal"] == "49.00"
        assert order["platform_fees"] == "4.50"  # the free ticket costs no fee
        assert len(order["attendees"]) == 4

    @pytest.mark.parametrize("quantity", [-1, 1.5, "2", True, None])
    async def test_invalid_ticket_quantity(self, box_office: BoxOffice, quantity: Any) -> None:
        on_sale = await box_office.put_on_sale()
        cart = on_sale.cart(1)
        cart["tickets"][0]["quantity"] = quantity

        answer = await box_office.checkout(cart)

        answer.refused(400, "invalid_quantity")
        assert answer.body["field"] == "tickets[0].quantity"
        assert await box_office.counters(on_sale) == [(0, 0)]

    @pytest.mark.parametrize("amount", ["a lot", "-1", "NaN", "Infinity", "10.005", "1e-9", ""])
    async def test_invalid_donation_amount(self, box_office: BoxOffice, amount: str) -> None:
        on_sale = await box_office.put_on_sale(donation_ticket(price=0))

        answer = await box_office.checkout(donating(on_sale.cart(1), amount))

        answer.refused(400, "invalid_request")
        assert answer.body["field"] == "tickets[0].donation_amount"

    async def test_an_astronomic_donation_is_too_large(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(donation_ticket(price=0))
        (await box_office.checkout(donating(on_sale.cart(1), "1e999999"))).refused(400, "donation_too_large")

    async def test_sold_out_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=0))
        (await box_office.checkout(on_sale.cart(1))).refused(400, "tickets_unavailable")

    @pytest.mark.parametrize("missing", ["show_id", "customer", "tickets"])
    async def test_missing_required_fields(self, box_office: BoxOffice, missing: str) -> None:
        on_sale = await box_office.put_on_sale()
        body = {"customer": {"name": "Ada", "email": "ada@example.org"}, **on_sale.cart(1)}
        del body[missing]

        answer = await box_office.post("/api/v1/checkout", json=body)

        answer.refused(400, "invalid_request")
        assert answer.body["field"] == missing

    @pytest.mark.parametrize(
        "email", ["", "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "ada@ex..org"]
    )
    async def test_invalid_email_format(self, box_office: BoxOffice, email: str) -> None:
        on_sale = await box_office.put_on_sale()
        answer = await box_office.checkout(on_sale.cart(1), customer={"name": "Ada", "email": email})
        assert answer.refused(400, "invalid_email") == "Invalid email format"

    async def test_past_show_date_validation(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(door_time=LONG_AGO, start_time=LONG_AGO, end_time=LONG_AGO)
        (await box_office.checkout(on_sale.cart(1))).refused(400, "show_ended")

    async def test_valid_promo_code_application(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(price=2500), promo_codes=[promo_code(discount="0.20")])

        placed = (await box_office.checkout(on_sale.cart(2), promo_code="TEST20")).created()

        (line,) = placed["tickets"]
        assert (line["price_per_ticket"], line["discount_amount"], line["total_price"]) == ("25.00", "10.00", "40.00")
        assert (placed["promo_code"], placed["promo_code_discount"], placed["subtotal"]) == ("TEST20", "10.00", "40.00")

    async def test_invalid_promo_code_handling(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(promo_codes=[promo_code()])

        answer = await box_office.checkout(on_sale.cart(1), promo_code="NOSUCH")

        answer.refused(400, "invalid_promo_code")
        assert answer.body["field"] == "promo_code"
        assert await box_office.counters(on_sale) == [(0, 0)]

    async def test_promo_code_with_mixed_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(
            ticket(price=2500), donation_ticket(price=1000), promo_codes=[promo_code(discount="0.50")]
        )

        placed = (await box_office.checkout(donating(on_sale.cart(1, 1), None, "20"), promo_code="TEST20")).created()

        regular, donation = placed["tickets"]
        assert (regular["discount_amount"], donation["discount_amount"]) == ("12.50", "0.00")
        assert placed["subtotal"] == "32.50"

    async def test_promo_code_with_free_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(price=0), promo_codes=[promo_code()])

        placed = (await box_office.checkout(on_sale.cart(1), promo_code="TEST20")).created()

        assert (placed["success"], placed["promo_code_discount"], placed["total"]) == (True, "0.00", "0.00")

    async def test_promo_code_discount_limits(self, box_office: BoxOffice) -> None:
        """A discount of 100 % makes the order free: no fees, no Stripe."""
        on_sale = await box_office.put_on_sale(ticket(price=2500), promo_codes=[promo_code(discount="1.00")])

        placed = (await box_office.checkout(on_sale.cart(2), promo_code="TEST20")).created()

        assert (placed["promo_code_discount"], placed["platform_fees"], placed["total"]) == ("50.00", "0.00", "0.00")
        assert placed["session_id"] == f"FREE-{placed['order_id']}"

    async def test_failed_orders_do_not_affect_remaining_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=5))

        for refused in (
            await box_office.checkout(on_sale.cart(6)),
            await box_office.checkout(on_sale.cart(1), promo_code="NOSUCH"),
            await box_office.checkout(on_sale.cart(1), expected_total="1.00"),
            await box_office.checkout(on_sale.cart(1), customer={"name": "4da", "email": "ada@example.org"}),
        ):
            assert refused.status in {400, 409}

        assert await box_office.remaining(on_sale) == [5]


class TestOrderValidations:
    @pytest.mark.parametrize(
        "name", ["Ada", "Jean-Luc Picard", "D’Arcy O'Brien", "Dr. Müller", "Žofia Ńska", "x" * 100]
    )
    async def test_valid_names(self, box_office: BoxOffice, name: str) -> None:
        on_sale = await box_office.put_on_sale()
        (await box_office.checkout(on_sale.cart(1), customer={"name": name, "email": "a@example.org"})).created()

    @pytest.mark.parametrize(
        "name", ["", " ", "R2D2", "a@b", "Ada_Lovelace", "Ada;", "<b>", "½", "...", "x" * 101, "😀"]
    )
    async def test_special_characters_and_length_limits(self, box_office: BoxOffice, name: str) -> None:
        on_sale = await box_office.put_on_sale()
        answer = await box_office.checkout(on_sale.cart(1), customer={"name": name, "email": "a@example.org"})
        answer.refused(400, "invalid_name")
        assert answer.body["field"] == "customer.name"

    async def test_show_validation(self, box_office: BoxOffice) -> None:
        """Existence, published status, cancelled, past."""
        on_sale = await box_office.put_on_sale()
        unpublished = await box_office.put_on_sale(published=False)
        cancelled = await box_office.put_on_sale(cancelled=True)
        past = await box_office.put_on_sale(door_time=LONG_AGO, start_time=LONG_AGO, end_time=LONG_AGO)

        (await box_office.checkout({**on_sale.cart(1), "show_id": str(uuid4())})).refused(404, "not_found")
        (await box_office.checkout(unpublished.cart(1))).refused(400, "show_unavailable")
        (await box_office.checkout(cancelled.cart(1))).refused(400, "show_unavailable")
        (await box_office.checkout(past.cart(1))).refused(400, "show_ended")

    async def test_ticket_of_another_show(self, box_office: BoxOffice) -> None:
        on_sale, other = await box_office.put_on_sale(), await box_office.put_on_sale()

        answer = await box_office.checkout({**other.cart(1), "show_id": str(on_sale.id)})

        answer.refused(400, "ticket_not_found")
        assert await box_office.counters(other) == [(0, 0)]

    async def test_positive_integer_quantities(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        (await box_office.checkout(on_sale.cart(1))).created()
        (await box_office.checkout(on_sale.cart(10))).created()
        (await box_office.checkout(on_sale.cart(10**30))).refused(400, "too_many_tickets")

    async def test_the_same_ticket_in_two_lines_counts_twice(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=3))
        cart = on_sale.cart(2)
        cart["tickets"] *= 2

        (await box_office.checkout(cart)).refused(400, "tickets_unavailable")
        assert await box_office.counters(on_sale) == [(0, 0)]

    async def test_donation_within_limits(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(donation_ticket(price=1000))
        for amount in ("10", "10.00", "1000"):
            (await box_office.checkout(donating(on_sale.cart(1), amount))).created()

    async def test_request_parameters(self, box_office: BoxOffice) -> None:
        """The errors about unknown fields, wrong types and malformed JSON name the place."""
        on_sale = await box_office.put_on_sale()
        for fields, place in (
            ({"promocode": "TEST20"}, "promocode"),
            ({"customer": {"name": "Ada", "email": "ada@example.org", "age": 36}}, "customer.age"),
            ({"customer": "Ada"}, "customer"),
            ({"promo_code": 20}, "promo_code"),
            ({"expected_total": "a lot"}, "expected_total"),
            ({"show_id": "1"}, "show_id"),
        ):
            answer = await box_office.checkout({**on_sale.cart(1), **fields})
            answer.refused(400, "invalid_request")
            assert answer.body["field"] == place
        answer = await box_office.request("POST", "/api/v1/checkout")
        assert answer.refused(400, "invalid_request") == "This request needs a body: a JSON object"
        assert await box_office.counters(on_sale) == [(0, 0)]

    async def test_producer_financial_validation(self, box_office: BoxOffice) -> None:
        without_account = replace(producer(), financial=ProducerFinancial())
        on_sale = await box_office.put_on_sale(ticket(price=2500), ticket(price=0), by=without_account)

        (await box_office.checkout(on_sale.cart(1, 1))).refused(400, "producer_payment_missing")
        (await box_office.checkout(on_sale.cart(0, 1))).created()

    @pytest.mark.parametrize("typed", ["TEST20", "test20", " Test20 "])
    async def test_promo_code_case_sensitivity(self, box_office: BoxOffice, typed: str) -> None:
        on_sale = await box_office.put_on_sale(promo_codes=[promo_code()])
        assert (await box_office.checkout(on_sale.cart(1), promo_code=typed)).created()["promo_code"] == "TEST20"

    async def test_promo_code_is_show_specific(self, box_office: BoxOffice) -> None:
        on_sale, other = await box_office.put_on_sale(), await box_office.put_on_sale(promo_codes=[promo_code()])

        (await box_office.checkout(on_sale.cart(1), promo_code="TEST20")).refused(400, "invalid_promo_code")
        (await box_office.checkout(other.cart(1), promo_code="TEST20")).created()

    async def test_promo_code_dates(self, box_office: BoxOffice) -> None:
        now, hour = datetime.now(UTC), timedelta(hours=1)
        on_sale = await box_office.put_on_sale(
            promo_codes=[
                promo_code(code="EARLY", valid_from=now + hour),
                promo_code(code="LATE", valid_until=now - hour),
                promo_code(code="NOW", valid_from=now - hour, valid_until=now + hour),
            ]
        )
        (await box_office.checkout(on_sale.cart(1), promo_code="EARLY")).refused(400, "promo_code_exhausted")
        (await box_office.checkout(on_sale.cart(1), promo_code="LATE")).refused(400, "promo_code_exhausted")
        (await box_office.checkout(on_sale.cart(1), promo_code="NOW")).created()
