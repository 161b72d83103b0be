"""Tax as a producer chooses it, over the API and at Stripe: on top, within, or none; where the show is performed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from domain.consistency import Invariant
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json
from tests.support.factories import producer, ticket, venue_address
from tests.support.stripe_world import CREATE_TAX_LOCATION, StripeWorld, stripe_world

ADDRESS = {
    "line1": "12 Harbour Street",
    "line2": "",
    "city": "Portland",
    "state": "ME",
    "postal_code": "04101",
    "country": "US",
}
ADMISSION, SERVICES = "txcd_50010001", "txcd_20030000"


@pytest.fixture(scope="module")
async def taxing(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A world in which Stripe computes 10 %."""
    async with stripe_world(postgres, redis_url, options=SandboxOptions(tax_rate=Decimal("0.10"))) as world:
        yield world


async def a_seller(world: StripeWorld, **fields: Any) -> BackOffice:
    seller = producer(account=f"acct_{uuid4().hex}", **fields)
    return await open_back_office(world.box_office, world.container, seller)


def products(session: Json) -> list[Json]:
    return [item["price_data"] for item in session["line_items"].values()]


class TestChoosing:
    @pytest.mark.parametrize("tax", ["exclusive", "inclusive", "off"])
    async def test_a_producer_chooses_how_tax_is_charged(self, office: BackOffice, tax: str) -> None:
        account = {"name": "Globe", "stripe_account_id": office.producer.financial.stripe_account_id}
        assert (await office.put("/account", {**account, "tax": tax})).body["tax"] == tax
        assert (await office.put("/account", account)).body["tax"] == tax
        if tax != "exclusive":
            entries = await office.audit_log("&action=account.changed")
            assert {entry["after"].get("tax") for entry in entries} == {tax, None} or len(entries) == 1

    async def test_any_other_choice_is_refused(self, office: BackOffice) -> None:
        answer = await office.put("/account", {"name": "Globe", "tax": "perhaps"})
        assert "tax" in answer.refused(400, "invalid_request")

    async def test_a_show_has_an_address_and_may_change_or_lose_it(
        self, office: BackOffice, box_office: BoxOffice
    ) -> None:
        times = {f"{name}_time": "2050-06-01T19:30:00Z" for name in ("door", "start", "end")}
        lower = {**ADDRESS, "country": "us", "state": "me", "line1": " 12 Harbour Street "}
        show = (await office.post("/shows", {"title": "Hamlet", **times, "venue_address": lower})).body
        assert show["venue_address"] == ADDRESS
        german = {"line1": "Am Markt 1", "city": "Weimar", "country": "DE"}
        changed = await office.patch(f"/shows/{show['id']}", venue_address=german, published=True)
        assert changed.body["venue_address"] == {**german, "line2": "", "state": "", "postal_code": ""}
        public = (await box_office.get(f"/api/v1/shows/{show['id']}")).body
        assert public["venue_address"] == changed.body["venue_address"]
        assert (await office.patch(f"/shows/{show['id']}", venue_address=None)).body["venue_address"] is None

    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"country": "Germany"}, "country"), ({"postal_code": " "}, "postal_code"), ({"city": "x" * 201}, "city")],
    )
    async def test_an_address_that_is_none_is_refused(self, office: BackOffice, changes: Json, field: str) -> None:
        times = {f"{name}_time": "2050-06-01T19:30:00Z" for name in ("door", "start", "end")}
        answer = await office.post("/shows", {"title": "Hamlet", **times, "venue_address": {**ADDRESS, **changes}})
        answer.refused(400, "invalid_request")
        assert answer.body["field"] == f"venue_address.{field}"


class TestAtStripe:
    async def test_admissions_are_taxed_where_they_are_performed_and_owed_by_the_producer(
        self, taxing: StripeWorld
    ) -> None:
        office = await a_seller(taxing)
        address = venue_address(line1=f"{uuid4()} Street")
        on_sale = await taxing.box_office.put_on_sale(by=office.producer, venue_address=address)
        first = (await taxing.box_office.checkout(on_sale.cart(2))).created()
        second = (await taxing.box_office.checkout(on_sale.cart(1))).created()

        session = taxing.box_office.stripe_session(first)
        liable = {"type": "account", "account": office.producer.financial.stripe_account_id}
        assert session["automatic_tax"] == {"enabled": "true", "liability": liable}
        admission, *fees = products(session)
        location = admission["product_data"]["tax_details"]["performance_location"]
        assert admission["product_data"]["tax_details"] == {"tax_code": ADMISSION, "performance_location": location}
        assert [fee["product_data"]["tax_details"] for fee in fees] == [
            {"tax_code": SERVICES, "performance_location": location}
        ] * 2
        assert [fee["product_data"]["name"] for fee in fees] == ["Booking fee", "Payment fee"]
        assert {price["tax_behavior"] for price in products(session)} == {"exclusive"}
        assert products(taxing.box_office.stripe_session(second))[0]["product_data"] == admission["product_data"]
        made = await taxing.stripe.client.v1.tax.locations.retrieve_async(location)
        assert made.address.to_dict() == {**ADDRESS, "line1": address.line1, "line2": None}

    async def test_without_an_address_tax_follows_the_buyer(self, taxing: StripeWorld) -> None:
        on_sale = await taxing.box_office.put_on_sale()
        placed = (await taxing.box_office.checkout(on_sale.cart(1))).created()
        for price in products(taxing.box_office.stripe_session(placed)):
            assert price["product_data"]["tax_details"] == {"tax_code": SERVICES}

    async def test_a_place_that_stripe_does_not_know_any_more_is_made_anew(self, taxing: StripeWorld) -> None:
        address = venue_address(line1=f"{uuid4()} Street")
        on_sale = await taxing.box_office.put_on_sale(venue_address=address)
        stored = taxing.container.tax_locations()
        await stored.remember(address.fingerprint, "taxloc_of_another_account")

        placed = (await taxing.box_office.checkout(on_sale.cart(1))).created()

        await taxing.box_office.pay(placed)
        await taxing.box_office.until_completed(placed)
        made = await stored.find(address.fingerprint)
        found = await taxing.stripe.client.v1.tax.locations.retrieve_async(str(made))
        assert found.address.line1 == address.line1

    @pytest.mark.parametrize(
        ("mode", "paid", "tax", "included"),
        [("exclusive", 60_32, "5.48", "0.00"), ("inclusive", 54_84, "4.98", "4.98"), ("off", 54_84, "0.00", "0.00")],
    )
    async def test_order_report_and_refund_agree_with_what_was_charged(
        self, taxing: StripeWorld, mode: str, paid: int, tax: str, included: str
    ) -> None:
        box_office = taxing.box_office
        office = await a_seller(taxing)
        account = office.producer.financial.stripe_account_id
        await office.put("/account", {"name": "Globe", "stripe_account_id": account, "tax": mode})
        on_sale = await box_office.put_on_sale(by=office.producer, venue_address=venue_address())
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        await box_office.pay(placed)
        order = await box_office.until_completed(placed)

        assert (order["total"], order["tax_mode"]) == ("54.84", mode)
        assert abs(Decimal(order["tax"]) - Decimal(tax)) <= Decimal("0.01")  # rounded line by line
        charge = await taxing.stripe.charge(placed["order_id"])
        assert abs(charge.amount - paid) <= 1
        total = (await office.get(f"/shows/{on_sale.id}/report")).body["total"]
        assert (total["paid"], total["tax"]) == (f"{Decimal(charge.amount) / 100:.2f}", order["tax"])
        assert total["tax_included"] == (order["tax"] if included != "0.00" else "0.00")
        csv = (await office.get(f"/shows/{on_sale.id}/orders.csv")).content.decode()
        assert f"{Decimal(charge.amount) / 100:.2f}" in csv

        preview = (await office.post(f"/orders/{placed['order_id']}/refund/preview", {})).body
        assert preview["buyer_gets"] == f"{Decimal(charge.amount) / 100:.2f}"
        assert (await office.post(f"/orders/{placed['order_id']}/refund", {})).status == 200
        total = (await office.get(f"/shows/{on_sale.id}/report")).body["total"]
        assert (total["refunds"], total["net"]) == (total["paid"], "0.00")
        off = await taxing.container.check_consistency()()
        assert not off[Invariant.PAID_ONCE].count
        assert not off[Invariant.REPORT].count

    async def test_without_tax_stripe_is_asked_for_none(self, taxing: StripeWorld) -> None:
        office = await a_seller(taxing)
        account = office.producer.financial.stripe_account_id
        await office.put("/account", {"name": "Globe", "stripe_account_id": account, "tax": "off"})
        taxing.sandbox.control.set_tax_active(str(account), active=False)
        on_sale = await taxing.box_office.put_on_sale(
            by=office.producer, venue_address=venue_address(line1=f"{uuid4()} Street")
        )
        before = taxing.sandbox.control.requests.counts[CREATE_TAX_LOCATION]
        placed = (await taxing.box_office.checkout(on_sale.cart(1))).created()
        session = taxing.box_office.stripe_session(placed)
        assert session["automatic_tax"] == {"enabled": "false"}
        assert all(
            "tax_behavior" not in price and "tax_details" not in price["product_data"] for price in products(session)
        )
        assert taxing.sandbox.control.requests.counts[CREATE_TAX_LOCATION] == before


class TestNotSetUp:
    async def test_a_final_refusal_is_told_and_holds_nothing(
        self, box_office: BoxOffice, sandbox: StripeSandbox
    ) -> None:
        account = f"acct_{uuid4().hex}"
        on_sale = await box_office.put_on_sale(by=producer(account=account))
        sandbox.control.set_tax_active(account, active=False)
        key = uuid4().hex

        answer = await box_office.checkout(on_sale.cart(2), key=key)

        message = answer.refused(409, "tax_not_configured")
        assert "try again" not in message
        assert "tax" in message
        assert "Retry-After" not in answer.headers
        assert await box_office.counters(on_sale) == [(0, 0)]
        sandbox.control.set_tax_active(account, active=True)
        (await box_office.checkout(on_sale.cart(2), key=key)).created()

    async def test_a_free_order_needs_no_tax(self, box_office: BoxOffice, sandbox: StripeSandbox) -> None:
        account = f"acct_{uuid4().hex}"
        sandbox.control.set_tax_active(account, active=False)
        on_sale = await box_office.put_on_sale(ticket(price=0), by=producer(account=account))
        assert (await box_office.checkout(on_sale.cart(1))).created()["success"]
