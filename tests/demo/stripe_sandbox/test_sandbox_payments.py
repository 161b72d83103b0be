"""The effect of the payment page's buttons on the session and the money."""

from decimal import Decimal
from typing import Any

import pytest
import stripe

from demo.stripe_sandbox import Outcome, SandboxOptions, StripeRefusal, StripeSandbox
from tests.demo.stripe_sandbox.conftest import PRODUCER_ACCOUNT, Buyer, CheckoutParams, ClientOf

WHOLE_PAYMENT = [
    "payment_intent.latest_charge.transfer",
    "payment_intent.latest_charge.balance_transaction",
    "payment_intent.latest_charge.application_fee",
]


@pytest.fixture
async def session(client: stripe.StripeClient, checkout_params: CheckoutParams) -> Any:
    return await client.v1.checkout.sessions.create_async(params=checkout_params())


async def current(client: stripe.StripeClient, session: Any) -> Any:
    return await client.v1.checkout.sessions.retrieve_async(session.id, params={"expand": WHOLE_PAYMENT})


async def test_paying_sends_the_buyer_to_the_success_url(
    client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    page = await buyer.press(session.url, "paid", name="Ada Lovelace")
    assert page.status == 303
    assert page.location == f"https://tickets.example.org/success?session_id={session.id}"
    paid = await current(client, session)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.customer_details.email, paid.customer_details.name) == ("ada@example.org", "Ada Lovelace")
    assert paid.automatic_tax.status == "complete"


async def test_a_destination_charge_moves_the_money(client: stripe.StripeClient, session: Any, buyer: Buyer) -> None:
    await buyer.press(session.url, "paid")
    intent = (await current(client, session)).payment_intent
    charge = intent.latest_charge
    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 5484, 5484)
    assert intent.metadata.to_dict() == {"order_id": "42"}
    assert (charge.status, charge.paid, charge.captured, charge.amount) == ("succeeded", True, True, 5484)
    assert charge.description == "Hamlet"
    assert (charge.transfer.amount, charge.transfer.destination) == (5484, PRODUCER_ACCOUNT)
    assert charge.transfer.source_transaction == charge.id
    assert (charge.application_fee.amount, charge.application_fee.account) == (484, PRODUCER_ACCOUNT)
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (189, 5295)


async def test_the_platform_balance_ends_at_the_fee_less_stripes_fee(
    client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    await buyer.press(session.url, "paid")
    moves = (await client.v1.balance_transactions.list_async()).data
    assert {move.type: move.amount for move in moves} == {"charge": 5484, "transfer": -5484, "application_fee": 484}
    assert sum(move.net for move in moves) == 484 - 189


async def test_the_connected_account_sees_the_payment(client: stripe.StripeClient, session: Any, buyer: Buyer) -> None:
    await buyer.press(session.url, "paid")
    transfer = (await client.v1.transfers.list_async(params={"destination": PRODUCER_ACCOUNT})).data[0]
    on_the_account: Any = {"stripe_account": PRODUCER_ACCOUNT}
    payment = await client.v1.charges.update_async(
        str(transfer.destination_payment), params={"description": "Hamlet, Ada"}, options=on_the_account
    )
    assert (payment.amount, payment.source_transfer, payment.description) == (5484, transfer.id, "Hamlet, Ada")
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.charges.retrieve_async(payment.id)


async def test_part_of_a_charge_can_be_transferred(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    part: Any = {"transfer_data": {"destination": PRODUCER_ACCOUNT, "amount": 5000}}
    session = await client.v1.checkout.sessions.create_async(params=checkout_params(payment_intent_data=part))
    await buyer.press(str(session.url), "paid")
    charge = (await current(client, session)).payment_intent.latest_charge
    assert charge.transfer.amount == 5000
    assert charge.application_fee is None


async def test_a_direct_charge_pays_the_fee_to_the_platform(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    on_the_account: Any = {"stripe_account": PRODUCER_ACCOUNT}
    params = checkout_params(payment_intent_data={"application_fee_amount": 484})
    session = await client.v1.checkout.sessions.create_async(params=params, options=on_the_account)
    await buyer.press(str(session.url), "paid")
    fee = (await client.v1.application_fees.list_async()).data[0]
    assert (fee.amount, fee.account) == (484, PRODUCER_ACCOUNT)
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.checkout.sessions.retrieve_async(session.id)


async def test_a_payment_without_a_destination_stays_with_the_platform(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    params = checkout_params(payment_intent_data=None, customer_email=None)
    session = await client.v1.checkout.sessions.create_async(params=params)
    await buyer.press(str(session.url), "paid", email="grace@example.org")
    paid = await current(client, session)
    assert paid.payment_intent.latest_charge.transfer is None
    assert paid.customer_details.email == "grace@example.org"


async def test_paying_twice_charges_once(client: stripe.StripeClient, session: Any, buyer: Buyer) -> None:
    pages = [await buyer.press(session.url, "paid") for _ in range(2)]
    assert pages[0] == pages[1]
    assert len((await client.v1.charges.list_async()).data) == 1


async def test_a_complete_session_cannot_be_paid_another_way(session: Any, buyer: Buyer) -> None:
    await buyer.press(session.url, "paid")
    for outcome in ("declined", "delayed", "cancelled"):
        page = await buyer.press(session.url, outcome)
        assert page.status == 409
        assert "already complete" in page.html
    assert "This order is paid" in (await buyer.look(session.url)).html


async def test_a_declined_card_stays_on_the_page(client: stripe.StripeClient, session: Any, buyer: Buyer) -> None:
    page = await buyer.press(session.url, "declined")
    assert page.status == 200
    assert "Your card was declined" in page.html
    declined = await current(client, session)
    assert (declined.status, declined.payment_status) == ("open", "unpaid")
    intent = declined.payment_intent
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == "card_declined"
    assert (intent.latest_charge.status, intent.latest_charge.failure_code) == ("failed", "card_declined")


async def test_after_a_decline_the_same_payment_can_succeed(
    client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    await buyer.press(session.url, "declined")
    before = (await current(client, session)).payment_intent
    assert (await buyer.press(session.url, "paid")).status == 303
    after = (await current(client, session)).payment_intent
    assert (after.id, after.status, after.last_payment_error) == (before.id, "succeeded", None)
    statuses = [charge.status for charge in (await client.v1.charges.list_async()).data]
    assert statuses == ["succeeded", "failed"]


async def test_cancelling_goes_back_and_leaves_the_session_open(
    client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    page = await buyer.press(session.url, "cancelled")
    assert (page.status, page.location) == (303, "https://tickets.example.org/cancel")
    assert (await current(client, session)).status == "open"
    assert (await buyer.press(session.url, "paid")).status == 303


async def test_without_a_cancel_url_the_buyer_stays(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    session = await client.v1.checkout.sessions.create_async(params=checkout_params(cancel_url=None))
    assert (await buyer.press(str(session.url), "cancelled")).status == 200


async def test_a_delayed_payment_completes_the_session_unpaid(
    client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    assert (await buyer.press(session.url, "delayed")).status == 303
    delayed = await current(client, session)
    assert (delayed.status, delayed.payment_status) == ("complete", "unpaid")
    assert (delayed.payment_intent.status, delayed.payment_intent.latest_charge.status) == ("processing", "pending")
    assert delayed.payment_intent.latest_charge.transfer is None
    assert 'value="delayed_paid"' in (await buyer.look(session.url)).html
    assert (await buyer.press(session.url, "paid")).status == 409


async def test_a_delayed_payment_arrives(client: stripe.StripeClient, session: Any, buyer: Buyer) -> None:
    await buyer.press(session.url, "delayed")
    for _ in range(2):
        page = await buyer.press(session.url, "delayed_paid")
        assert (page.status, page.location) == (303, f"https://tickets.example.org/success?session_id={session.id}")
    paid = await current(client, session)
    assert (paid.payment_status, paid.payment_intent.status) == ("paid", "succeeded")
    assert paid.payment_intent.latest_charge.transfer.amount == 5484
    assert (await buyer.press(session.url, "delayed_failed")).status == 409


async def test_a_delayed_payment_fails(client: stripe.StripeClient, session: Any, buyer: Buyer) -> None:
    await buyer.press(session.url, "delayed")
    for _ in range(2):
        page = await buyer.press(session.url, "delayed_failed")
        assert page.status == 200
        assert "The delayed payment failed" in page.html
    failed = await current(client, session)
    assert (failed.status, failed.payment_status) == ("complete", "unpaid")
    assert failed.payment_intent.status == "requires_payment_method"
    assert (await buyer.press(session.url, "delayed_paid")).status == 409


@pytest.mark.parametrize("outcome", ["delayed_paid", "delayed_failed"])
async def test_a_delayed_payment_must_have_begun(outcome: str, session: Any, buyer: Buyer) -> None:
    page = await buyer.press(session.url, outcome)
    assert page.status == 409
    assert "no delayed payment" in page.html


async def test_an_unknown_outcome_is_refused(session: Any, buyer: Buyer) -> None:
    assert (await buyer.press(session.url, "stolen")).status == 400


@pytest.mark.parametrize(
    ("behavior", "tax", "total"), [("exclusive", 487, 5971), ("inclusive", 447, 5484), (None, 487, 5971)]
)
async def test_tax_is_known_once_the_buyer_has_paid(
    behavior: str | None, tax: int, total: int, client_of: ClientOf, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    params = checkout_params()
    if behavior is not None:
        for item in params["line_items"]:
            item["price_data"]["tax_behavior"] = behavior
    async with StripeSandbox(SandboxOptions(tax_rate=Decimal("0.08875"))) as taxing:
        client = client_of(taxing)
        session: Any = await client.v1.checkout.sessions.create_async(params=params)
        assert (session.amount_total, session.automatic_tax.status) == (5484, "requires_location_inputs")
        assert f"{total / 100:.2f} USD" in (await buyer.look(session.url)).html
        await buyer.press(session.url, "paid")
        paid = await current(client, session)
        assert (paid.amount_subtotal, paid.total_details.amount_tax, paid.amount_total) == (5484, tax, total)
        assert paid.payment_intent.amount == total
        assert paid.automatic_tax.status == "complete"
        items = (await client.v1.checkout.sessions.line_items.list_async(session.id)).data
        assert (sum(item.amount_tax for item in items), sum(item.amount_total for item in items)) == (tax, total)


async def test_without_automatic_tax_none_is_charged(
    client_of: ClientOf, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    async with StripeSandbox(SandboxOptions(tax_rate=Decimal("0.1"))) as taxing:
        client = client_of(taxing)
        params = checkout_params(automatic_tax=None)
        session: Any = await client.v1.checkout.sessions.create_async(params=params)
        await buyer.press(session.url, "paid")
        paid = await current(client, session)
        assert (paid.amount_total, paid.automatic_tax.status) == (5484, None)


async def test_currencies_without_cents_are_charged_in_whole_units(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    price = {"currency": "jpy", "unit_amount": 3000, "product_data": {"name": "Kabuki"}}
    params = checkout_params(line_items=[{"quantity": 1, "price_data": price}])
    session: Any = await client.v1.checkout.sessions.create_async(params=params)
    assert "3,000 JPY" in (await buyer.look(session.url)).html
    await buyer.press(session.url, "paid")
    assert (await current(client, session)).payment_intent.latest_charge.balance_transaction.fee == 87


async def test_intents_charges_and_transfers_take_descriptions_and_metadata(
    client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    await buyer.press(session.url, "paid")
    intent = (await current(client, session)).payment_intent
    for service, object_id in (
        (client.v1.payment_intents, intent.id),
        (client.v1.charges, intent.latest_charge.id),
        (client.v1.transfers, intent.latest_charge.transfer.id),
    ):
        changes: Any = {"description": "Order 42", "metadata": {"seat": "A1"}}
        updated = await service.update_async(object_id, params=changes)
        assert updated.description == "Order 42"
        assert updated.metadata["seat"] == "A1"
        assert (await service.retrieve_async(object_id)).metadata["seat"] == "A1"
    with pytest.raises(stripe.InvalidRequestError, match="does not support"):
        await client.v1.payment_intents.update_async(intent.id, params={"amount": 1})


async def test_only_a_delayed_payment_under_way_can_be_cancelled(
    client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    await buyer.press(session.url, "declined")
    intent_id = (await current(client, session)).payment_intent.id
    with pytest.raises(stripe.InvalidRequestError, match="Expire the Checkout Session"):
        await client.v1.payment_intents.cancel_async(intent_id)
    await buyer.press(session.url, "delayed")
    cancelled = await client.v1.payment_intents.cancel_async(
        intent_id, params={"cancellation_reason": "requested_by_customer"}
    )
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "requested_by_customer")
    assert (await current(client, session)).payment_intent.latest_charge.status == "failed"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.payment_intents.cancel_async(intent_id)
    assert refused.value.code == "payment_intent_unexpected_state"


async def test_the_buttons_can_be_pressed_from_python(sandbox: StripeSandbox, session: Any) -> None:
    assert sandbox.control.act(session.id, "declined").status == 200
    assert sandbox.control.act(session.id, Outcome.PAID).location is not None
    with pytest.raises(StripeRefusal):
        sandbox.control.act("cs_test_none", Outcome.PAID)


async def test_the_pay_button_can_be_made_to_decline(sandbox: StripeSandbox, session: Any, buyer: Buyer) -> None:
    sandbox.control.inject_fault("POST /c/pay/{session}", "card_declined")
    assert "declined" in (await buyer.press(session.url, "paid")).html
    assert (await buyer.press(session.url, "paid")).status == 303
