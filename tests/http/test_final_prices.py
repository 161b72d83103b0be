"""A producer who bears the fees: the buyer pays the price and no more, over the API, on the pages and at Stripe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox import SandboxOptions
from domain.fees import FeeBearer
from domain.orders import Order
from domain.tax import TaxMode
from entrypoints.web.page_format import PageFormat, common_price_note
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import USD, donation_ticket, producer, show, ticket
from tests.support.stripe_world import StripeWorld, stripe_world

#: Two tickets of 25.00: the fees are those of P0-006.
AMOUNTS = {"subtotal": "50.00", "platform_fees": "3.00", "payment_processing_fees": "1.84"}
WITHIN: Json = {**AMOUNTS, "fees_included": True, "total": "50.00"}
ON_TOP: Json = {**AMOUNTS, "fees_included": False, "total": "54.84"}


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A world in which Stripe computes 10 % of tax, where it is asked to."""
    async with stripe_world(postgres, redis_url, options=SandboxOptions(tax_rate=Decimal("0.10"))) as started:
        yield started


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A show of a producer who bears the fees, and a paid order of two tickets."""

    world: StripeWorld
    office: BackOffice
    on_sale: OnSale
    order: Json

    @property
    def id(self) -> str:
        return str(self.order["order_id"])

    async def at_stripe(self) -> tuple[int, int, int, int]:
        """What was paid and what of it is back with the buyer; the platform's fee and what of it is back."""
        charge = await self.world.stripe.charge(self.id)
        fee = await self.world.stripe.application_fee(self.id)
        return charge.amount, charge.amount_refunded, fee.amount, fee.amount_refunded

    async def total(self) -> dict[str, str]:
        """The money of the show's report, without what is zero."""
        total = (await self.office.get(f"/shows/{self.on_sale.id}/report")).body["total"]
        return {name: value for name, value in total.items() if isinstance(value, str) and Decimal(value)}

    async def refund(self, **fields: Any) -> Json:
        """The preview of a refund that is then made, at Stripe too."""
        preview = (await self.office.post(f"/orders/{self.id}/refund/preview", fields)).body
        made = await self.office.post(f"/orders/{self.id}/refund", fields)
        assert made.body["refund"]["amount"] == preview["buyer_gets"]
        await self.world.work_off(self.id)
        return {name: preview[name] for name in ("buyer_gets", "producer_bears", "platform_bears")}

    async def is_clean(self) -> bool:
        """Whether no invariant is broken by this order."""
        found = await self.world.container.check_consistency()()
        return not any(UUID(self.id) in {each.subject_id for each in those.examples} for those in found.values())


async def seller_of(world: StripeWorld, **fields: Any) -> BackOffice:
    seller = producer(account=f"acct_{uuid4().hex}", **{"fees": FeeBearer.PRODUCER, "tax": TaxMode.OFF, **fields})
    return await open_back_office(world.box_office, world.container, seller)


async def sold(world: StripeWorld, *, price: int = 25_00, count: int = 2, **fields: Any) -> Sale:
    office = await seller_of(world, **fields)
    on_sale = await world.box_office.put_on_sale(ticket(price=price), by=office.producer)
    placed = (await world.box_office.checkout(on_sale.cart(count))).created()
    await world.box_office.pay(placed)
    order = await world.box_office.until_completed(placed)
    await world.work_off(order["order_id"])
    return Sale(world=world, office=office, on_sale=on_sale, order={**placed, **order})


def priced(answer: Json) -> Json:
    return {name: answer[name] for name in WITHIN}


class TestBuying:
    async def test_the_quote_and_the_order_are_the_price_alone(self, world: StripeWorld) -> None:
        office = await seller_of(world)
        on_sale = await world.box_office.put_on_sale(by=office.producer)
        assert priced((await world.box_office.quote(on_sale.cart(2))).body) == WITHIN
        placed = (await world.box_office.checkout(on_sale.cart(2), expected_total="50.00")).created()
        assert priced(placed) == WITHIN
        assert priced((await world.box_office.order(placed)).body) == WITHIN

    async def test_stripe_charges_the_price_and_takes_the_same_fee_out_of_it(self, world: StripeWorld) -> None:
        sale = await sold(world)
        session = world.box_office.stripe_session(sale.order)
        [only] = session["line_items"].values()
        assert (only["price_data"]["unit_amount"], only["quantity"]) == ("2500", "2")
        assert session["payment_intent_data"]["application_fee_amount"] == "484"
        assert await sale.at_stripe() == (50_00, 0, 4_84, 0)
        assert await sale.total() == {
            "gross": "50.00",
            "fees": "4.84",
            "fees_included": "4.84",
            "paid": "50.00",
            "net": "45.16",
        }
        assert await sale.is_clean()

    @pytest.mark.parametrize(
        ("price", "fee"), [(1_91, 1_90), (1_90, 1_90), (1_89, 1_89), (50, 50)], ids=["more", "equal", "less", "least"]
    )
    async def test_a_ticket_that_costs_less_than_its_fees_is_sold_and_brings_nothing(
        self, world: StripeWorld, price: int, fee: int
    ) -> None:
        sale = await sold(world, price=price, count=1)
        assert await sale.at_stripe() == (price, 0, fee, 0)
        assert (await sale.total()).get("net", "0.00") == f"{(price - fee) / 100:.2f}"
        assert await sale.is_clean()

    async def test_a_total_that_stripe_does_not_charge_is_refused_in_words(self, world: StripeWorld) -> None:
        office = await seller_of(world)
        on_sale = await world.box_office.put_on_sale(ticket(price=49), by=office.producer)
        refused = (await world.box_office.quote(on_sale.cart(1))).refused(400, "invalid_request")
        assert "at least $0.50" in refused

    async def test_the_mail_and_the_order_page_say_that_the_fees_are_included(self, world: StripeWorld) -> None:
        sale = await sold(world)
        page = await world.box_office.get(
            f"/shows/{sale.on_sale.id}/orders/{sale.id}?token={sale.order['order_token']}"
        )
        text = page.content.decode()
        assert "$50.00" in text
        assert "fees included" in text
        assert "Booking fee" not in text
        [mail] = [mail for mail in world.mailbox.mails if sale.order["number"] in mail.text and "attached" in mail.text]
        assert "Total: $50.00, fees included" in mail.text
        assert "Fees:" not in mail.text

    async def test_the_exports_say_which_fees_were_included(self, world: StripeWorld) -> None:
        sale = await sold(world)
        [listed] = (await sale.office.get(f"/shows/{sale.on_sale.id}/orders")).body["items"]
        assert (listed["fees"], listed["fees_included"], listed["total"]) == ("4.84", True, "50.00")
        header, row = (await sale.office.get(f"/shows/{sale.on_sale.id}/orders.csv")).content.decode().splitlines()
        assert dict(zip(header.split(","), row.split(","), strict=True))["fees_included"] == "true"


class TestChanging:
    async def test_an_order_keeps_what_was_in_force_when_it_was_placed(self, world: StripeWorld) -> None:
        office = await seller_of(world, fees=FeeBearer.BUYER)
        on_sale = await world.box_office.put_on_sale(by=office.producer)
        before = (await world.box_office.checkout(on_sale.cart(2))).created()
        account = {"name": "Globe", "stripe_account_id": office.producer.financial.stripe_account_id}

        assert (await office.put("/account", {**account, "fees": "producer"})).body["fees"] == "producer"
        assert (await office.put("/account", account)).body["fees"] == "producer", "stays if it is left out"

        after = (await world.box_office.checkout(on_sale.cart(2))).created()
        for placed, amounts in ((before, ON_TOP), (after, WITHIN)):
            await world.box_office.pay(placed)
            order = await world.box_office.until_completed(placed)
            assert priced(order) == amounts
            charge = await world.stripe.charge(placed["order_id"])
            assert (charge.amount, charge.application_fee_amount) == (int(Decimal(amounts["total"]) * 100), 4_84)
        total = (await office.get(f"/shows/{on_sale.id}/report")).body["total"]
        assert (total["fees"], total["fees_included"], total["paid"], total["net"]) == (
            "9.68",
            "4.84",
            "104.84",
            "95.16",
        )
        [entry] = await office.audit_log("&action=account.changed")
        assert (entry["before"]["fees"], entry["after"]["fees"]) == ("buyer", "producer")

    async def test_a_buyer_who_saw_the_other_price_is_asked_again(self, world: StripeWorld) -> None:
        office = await seller_of(world)
        on_sale = await world.box_office.put_on_sale(by=office.producer)
        refused = await world.box_office.checkout(on_sale.cart(2), expected_total="54.84")
        refused.refused(409, "price_changed")
        assert priced(refused.body["quote"]) == WITHIN

    async def test_any_other_choice_is_refused(self, office: BackOffice) -> None:
        refused = (await office.put("/account", {"name": "Globe", "fees": "audience"})).refused(400, "invalid_request")
        assert "fees" in refused


class TestGivingBack:
    @pytest.mark.parametrize(
        ("refund_fees", "producer_bears", "platform_bears"), [(True, "45.16", "4.84"), (False, "50.00", "0.00")]
    )
    async def test_a_refund_is_the_whole_price_and_one_side_bears_the_fees(
        self, world: StripeWorld, refund_fees: bool, producer_bears: str, platform_bears: str
    ) -> None:
        sale = await sold(world)
        shares = await sale.refund(refund_fees=refund_fees)
        assert shares == {
            "buyer_gets": "50.00",
            "producer_bears": producer_bears,
            "platform_bears": platform_bears,
        }
        assert await sale.at_stripe() == (50_00, 50_00, 4_84, 4_84 if refund_fees else 0)
        total = await sale.total()
        assert (total["refunds"], total.get("fees_returned")) == ("50.00", "4.84" if refund_fees else None)
        assert total.get("net") == (None if refund_fees else "-4.84")
        assert await sale.is_clean()

    async def test_refunds_one_after_the_other_give_back_what_was_paid(self, world: StripeWorld) -> None:
        sale = await sold(world, price=33_33, count=3)
        paid, _, fee, _ = await sale.at_stripe()
        for attendee in sale.order["attendees"]:
            shares = await sale.refund(attendee_ids=[attendee["id"]])
            assert shares["buyer_gets"] == "33.33"
        given_back = await sale.at_stripe()
        assert given_back[:2] == (99_99, 99_99) == (paid, paid)
        assert abs(given_back[3] - fee) <= 1, "Stripe rounds each refund's share"
        assert (await sale.total())["refunds"] == "99.99"
        assert await sale.is_clean()

    async def test_fees_that_took_the_whole_price_are_the_platforms_to_give_back(self, world: StripeWorld) -> None:
        sale = await sold(world, price=1_00, count=1)
        assert await sale.refund() == {"buyer_gets": "1.00", "producer_bears": "0.00", "platform_bears": "1.00"}
        assert await sale.at_stripe() == (1_00, 1_00, 1_00, 1_00)

    async def test_a_lost_dispute_is_taken_from_the_producer_with_the_fees_returned(self, world: StripeWorld) -> None:
        sale = await sold(world)
        charge = await world.stripe.charge(sale.id)
        dispute = world.sandbox.control.open_dispute(charge.id)
        world.sandbox.control.move_dispute(dispute["id"], "lost")
        await world.sandbox.control.webhooks.idle()
        await world.work_off(sale.id)
        transfer = await world.stripe.transfer(sale.id)
        fee = await world.stripe.application_fee(sale.id)
        assert (transfer.amount_reversed, fee.amount_refunded) == (50_00, 4_84)
        total = await sale.total()
        assert (total["disputes"], total["fees_returned"], total.get("net")) == ("50.00", "4.84", None)


class TestTax:
    @pytest.mark.parametrize(
        ("mode", "paid", "tax", "net"),
        [("exclusive", 55_00, "5.00", "50.16"), ("inclusive", 50_00, "4.55", "45.16"), ("off", 50_00, "0.00", "45.16")],
    )
    async def test_tax_is_added_to_or_within_the_final_price(
        self, world: StripeWorld, mode: str, paid: int, tax: str, net: str
    ) -> None:
        sale = await sold(world, tax=TaxMode(mode))
        assert (sale.order["total"], sale.order["tax"]) == ("50.00", tax)
        assert await sale.at_stripe() == (paid, 0, 4_84, 0)
        total = await sale.total()
        assert (total["paid"], total["net"]) == (f"{paid / 100:.2f}", net)
        shares = await sale.refund()
        assert (shares["buyer_gets"], shares["platform_bears"]) == (f"{paid / 100:.2f}", "4.84")
        assert await sale.is_clean()

    async def test_a_tax_that_is_added_stays_with_the_producer_even_if_fees_take_the_price(
        self, world: StripeWorld
    ) -> None:
        sale = await sold(world, price=1_00, count=1, tax=TaxMode.EXCLUSIVE)
        assert await sale.at_stripe() == (1_10, 0, 1_00, 0)
        assert (await sale.total())["net"] == "0.10"


class TestAdvertised:
    async def test_pages_show_the_price_and_that_it_has_all_fees(self, box_office: BoxOffice) -> None:
        seller = producer(account=f"acct_{uuid4().hex}", fees=FeeBearer.PRODUCER)
        on_sale = await box_office.put_on_sale(
            ticket(price=20_00, name="Stalls"), donation_ticket(price=15_00, name="Friend"), by=seller
        )
        for path in (f"/?producer={seller.id}", f"/shows/{on_sale.id}", f"/shows/{on_sale.id}/widget"):
            page = (await box_office.get(path)).content.decode()
            assert page.index("$15.00") < page.index("fees included")
            assert "plus" not in page
            assert "before fees" not in page
        show = (await box_office.get(f"/shows/{on_sale.id}")).content.decode()
        assert '"price": "20.00"' in show
        total = await box_office.get(f"/shows/{on_sale.id}/total?q-{on_sale.tickets[0].id}=2")
        text = total.content.decode()
        assert "$40.00" in text
        assert "fees included" in text
        assert "fee</th>" not in text

    @pytest.mark.parametrize(
        ("tax", "note"),
        [
            (TaxMode.EXCLUSIVE, "Prices include all fees. Where a tax applies it is added on the payment page."),
            (TaxMode.INCLUSIVE, "Prices include all fees and tax."),
            (TaxMode.OFF, "Prices include all fees."),
        ],
    )
    async def test_pages_say_what_prices_include_before_anything_is_chosen(
        self, box_office: BoxOffice, tax: TaxMode, note: str
    ) -> None:
        seller = producer(account=f"acct_{uuid4().hex}", tax=tax)
        on_sale = await box_office.put_on_sale(ticket(price=20_00), by=seller)
        for path in (f"/?producer={seller.id}", f"/shows/{on_sale.id}", f"/shows/{on_sale.id}/widget"):
            assert f">{note}<" in (await box_office.get(path)).content.decode()

    def test_shows_of_several_theatres_have_one_note_that_is_true_of_all(self) -> None:
        evening = show()
        added, included, off = (PageFormat(evening, USD, tax) for tax in TaxMode)
        assert common_price_note([]) == ""
        assert common_price_note([off, off]) == "Prices include all fees."
        mixed = "Prices include all fees. Where a tax is not included it is added on the payment page."
        assert common_price_note([added, included]) == common_price_note([added, off]) == mixed

    async def test_where_nothing_costs_anything_there_is_nothing_to_include(self, box_office: BoxOffice) -> None:
        seller = producer(account=f"acct_{uuid4().hex}")
        on_sale = await box_office.put_on_sale(ticket(price=0), by=seller)
        for path in (f"/?producer={seller.id}", f"/shows/{on_sale.id}"):
            assert "Prices include" not in (await box_office.get(path)).content.decode()

    @pytest.mark.parametrize(
        ("bearer", "all_in", "share"), [(FeeBearer.BUYER, "22.42", "20.00"), (FeeBearer.PRODUCER, "20.00", "17.58")]
    )
    async def test_tickets_have_the_price_with_all_fees(
        self, box_office: BoxOffice, office: BackOffice, bearer: FeeBearer, all_in: str, share: str
    ) -> None:
        account = {"name": "Globe", "stripe_account_id": office.producer.financial.stripe_account_id}
        await office.put("/account", {**account, "fees": bearer})
        on_sale = await box_office.put_on_sale(ticket(price=20_00), by=office.producer)
        for answer in (
            await box_office.get(f"/api/v1/shows/{on_sale.id}"),
            await office.get(f"/shows/{on_sale.id}"),
        ):
            [only] = answer.body["tickets"]
            assert (only["price"], only["all_in_price"]) == ("20.00", all_in)
            assert only.get("producer_share", share) == share
        changed = await office.patch(f"/tickets/{on_sale.tickets[0].id}", price="0.00")
        assert (changed.body["all_in_price"], changed.body["producer_share"]) == ("0.00", "0.00")


async def test_an_order_at_the_counter_has_no_fees_to_include(world: StripeWorld) -> None:
    office = await seller_of(world)
    on_sale = await world.box_office.put_on_sale(by=office.producer)
    body = {"customer": {"name": "Ada", "email": "ada@example.org"}, "payment": "cash", **on_sale.cart(2)}
    order = (await office.post(f"/shows/{on_sale.id}/orders", body)).body
    assert (order["total"], order["platform_fees"], order["fees_included"]) == ("50.00", "0.00", False)
    stored: Order = await world.box_office.stored_order(order)
    assert stored.quote.fees == 0
