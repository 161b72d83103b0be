"""Refunds and disputes: never more than was paid, every end visible."""

from typing import Any

import pytest
import stripe

from demo.stripe_sandbox import StripeRefusal, StripeSandbox
from tests.demo.stripe_sandbox.conftest import PRODUCER_ACCOUNT, Buyer, CheckoutParams


@pytest.fixture
async def charge(client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams) -> stripe.Charge:
    """A paid order of 54.84 USD, 4.84 of it the platform's fee."""
    session = await client.v1.checkout.sessions.create_async(params=checkout_params())
    await buyer.press(str(session.url), "paid")
    return (await client.v1.charges.list_async()).data[0]


async def refund(client: stripe.StripeClient, **params: Any) -> Any:
    arguments: Any = params
    return await client.v1.refunds.create_async(params=arguments)


async def refunded_amount(client: stripe.StripeClient, charge: stripe.Charge) -> int:
    return (await client.v1.charges.retrieve_async(charge.id)).amount_refunded


async def test_a_whole_refund_takes_back_transfer_and_fee(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    made = await refund(
        client,
        payment_intent=charge.payment_intent,
        reverse_transfer=True,
        refund_application_fee=True,
        reason="requested_by_customer",
        metadata={"order_id": "42"},
    )
    assert (made.status, made.amount, made.reason) == ("succeeded", 5484, "requested_by_customer")
    assert made.metadata.to_dict() == {"order_id": "42"}
    expand: Any = {"expand": ["transfer", "application_fee", "refunds"]}
    after: Any = await client.v1.charges.retrieve_async(charge.id, params=expand)
    assert (after.refunded, after.amount_refunded) == (True, 5484)
    assert (after.transfer.reversed, after.transfer.amount_reversed) == (True, 5484)
    assert after.transfer.reversals.data[0].id == made.transfer_reversal
    assert after.transfer.reversals.data[0].source_refund == made.id
    assert (after.application_fee.refunded, after.application_fee.amount_refunded) == (True, 484)
    assert [entry.id for entry in after.refunds.data] == [made.id]


async def test_a_part_refund_takes_back_its_share(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    await refund(client, charge=charge.id, amount=2742, reverse_transfer=True, refund_application_fee=True)
    expand: Any = {"expand": ["transfer", "application_fee"]}
    after: Any = await client.v1.charges.retrieve_async(charge.id, params=expand)
    assert (after.refunded, after.amount_refunded) == (False, 2742)
    assert (after.transfer.amount_reversed, after.application_fee.amount_refunded) == (2742, 242)


async def test_without_reversal_the_producer_keeps_the_money(
    client: stripe.StripeClient, charge: stripe.Charge
) -> None:
    made = await refund(client, charge=charge.id)
    assert made.transfer_reversal is None
    transfer = await client.v1.transfers.retrieve_async(str(charge.transfer))
    assert (transfer.amount_reversed, transfer.destination) == (0, PRODUCER_ACCOUNT)


async def test_never_more_than_is_left_is_refunded(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    await refund(client, charge=charge.id, amount=5000)
    with pytest.raises(stripe.InvalidRequestError, match=r"greater than unrefunded amount on charge \(4.84 USD\)"):
        await refund(client, charge=charge.id, amount=485)
    assert (await refund(client, charge=charge.id)).amount == 484
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await refund(client, charge=charge.id)
    assert refused.value.code == "charge_already_refunded"


async def test_a_pending_refund_counts(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: stripe.Charge
) -> None:
    sandbox.control.plan_refunds("pending")
    made = await refund(client, charge=charge.id, amount=5000)
    assert made.status == "pending"
    with pytest.raises(stripe.InvalidRequestError):
        await refund(client, charge=charge.id, amount=485)
    assert sandbox.control.settle_refund(made.id, "succeeded")["status"] == "succeeded"
    assert (await client.v1.refunds.retrieve_async(made.id)).status == "succeeded"
    assert await refunded_amount(client, charge) == 5000


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_a_pending_refund_that_ends_badly_can_be_made_again(
    status: str, client: stripe.StripeClient, sandbox: StripeSandbox, charge: stripe.Charge
) -> None:
    sandbox.control.plan_refunds("requires_action")
    made = await refund(client, charge=charge.id)
    assert made.status == "requires_action"
    assert sandbox.control.settle_refund(made.id, status)["status"] == status
    assert await refunded_amount(client, charge) == 0
    assert (await refund(client, charge=charge.id)).status == "succeeded"


async def test_a_refund_can_fail_at_once_or_after_it_had_succeeded(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: stripe.Charge
) -> None:
    sandbox.control.plan_refunds("failed", "succeeded")
    failed = await refund(client, charge=charge.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    late = await refund(client, charge=charge.id)
    assert sandbox.control.settle_refund(late.id, "failed")["status"] == "failed"
    assert len(sandbox.control.events("refund.failed")) == 2
    with pytest.raises(StripeRefusal):
        sandbox.control.settle_refund(late.id, "succeeded")


async def test_what_cannot_be_refunded_is_refused(
    client: stripe.StripeClient, buyer: Buyer, charge: stripe.Charge, checkout_params: CheckoutParams
) -> None:
    params = checkout_params(payment_intent_data=None)
    session = await client.v1.checkout.sessions.create_async(params=params)
    await buyer.press(str(session.url), "declined")
    declined = (await client.v1.charges.list_async()).data[0]
    refused: list[tuple[dict[str, Any], str | None]] = [
        ({}, "parameter_missing"),
        ({"charge": charge.id, "payment_intent": charge.payment_intent}, "parameters_exclusive"),
        ({"charge": "ch_none"}, "resource_missing"),
        ({"payment_intent": "pi_none"}, "resource_missing"),
        ({"payment_intent": declined.payment_intent}, None),
        ({"charge": declined.id}, None),
        ({"charge": charge.id, "amount": 0}, "parameter_invalid_integer"),
        ({"charge": charge.id, "reason": "bored"}, None),
    ]
    for arguments, code in refused:
        with pytest.raises(stripe.InvalidRequestError) as answer:
            await refund(client, **arguments)
        assert answer.value.code == code


async def test_what_was_not_transferred_cannot_be_taken_back(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    session = await client.v1.checkout.sessions.create_async(params=checkout_params(payment_intent_data=None))
    await buyer.press(str(session.url), "paid")
    own = (await client.v1.charges.list_async()).data[0]
    for name in ("reverse_transfer", "refund_application_fee"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await refund(client, charge=own.id, **{name: True})
        assert refused.value.param == name


async def test_refunds_are_listed_and_take_metadata(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    made = await refund(client, charge=charge.id, amount=100)
    await client.v1.refunds.update_async(made.id, params={"metadata": {"mail": "sent"}})
    listed: Any = await client.v1.refunds.list_async(params={"payment_intent": str(charge.payment_intent)})
    assert [(entry.id, entry.metadata["mail"]) for entry in listed.data] == [(made.id, "sent")]


@pytest.mark.parametrize(("status", "balance"), [("lost", -5484 - 1500), ("won", 0)])
async def test_a_dispute_takes_the_money_until_it_is_won(
    status: str, balance: int, client: stripe.StripeClient, sandbox: StripeSandbox, charge: stripe.Charge
) -> None:
    opened = sandbox.control.open_dispute(charge.id, reason="product_not_received")
    assert opened["status"] == "needs_response"
    assert (await client.v1.charges.retrieve_async(charge.id)).disputed
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await refund(client, charge=charge.id)
    assert refused.value.code == "charge_disputed"
    sandbox.control.close_dispute(opened["id"], status)
    dispute = await client.v1.disputes.retrieve_async(opened["id"])
    assert (dispute.status, dispute.reason) == (status, "product_not_received")
    assert sum(move.net for move in dispute.balance_transactions) == balance
    assert [event["type"] for event in sandbox.control.events()][-3 - (status == "won") :] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        *(["charge.dispute.funds_reinstated"] if status == "won" else []),
        "charge.dispute.closed",
    ]


async def test_an_inquiry_moves_no_money_and_may_be_refunded(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: stripe.Charge
) -> None:
    asked = sandbox.control.open_dispute(charge.id, inquiry=True)
    assert (asked["status"], asked["balance_transactions"]) == ("warning_needs_response", [])
    assert (await refund(client, charge=charge.id)).status == "succeeded"
    assert sandbox.control.close_dispute(asked["id"], "warning_closed")["status"] == "warning_closed"


async def test_an_inquiry_may_become_a_dispute(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: stripe.Charge
) -> None:
    asked = sandbox.control.open_dispute(charge.id, inquiry=True)
    sandbox.control.move_dispute(asked["id"], "needs_response")
    assert [event["type"] for event in sandbox.control.events()][-2:] == [
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
    ]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await refund(client, charge=charge.id)
    assert refused.value.code == "charge_disputed"


async def test_what_a_lost_dispute_left_can_be_refunded_and_no_more(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: stripe.Charge
) -> None:
    dispute = sandbox.control.open_dispute(charge.id, amount=54_00)
    sandbox.control.close_dispute(dispute["id"], "lost")
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        await refund(client, charge=charge.id, amount=85)
    assert (await refund(client, charge=charge.id, amount=84)).amount == 84


async def test_a_reversal_takes_back_no_more_than_is_left_of_its_transfer(
    client: stripe.StripeClient, charge: stripe.Charge
) -> None:
    transfer_id, reversals = str(charge.transfer), client.v1.transfers.reversals
    made = await reversals.create_async(
        transfer_id, params={"amount": 1000, "refund_application_fee": True, "metadata": {"dispute_id": "du_1"}}
    )
    assert made.metadata
    assert (made.amount, made.metadata["dispute_id"]) == (1000, "du_1")
    with pytest.raises(stripe.InvalidRequestError, match="greater than unreversed"):
        await reversals.create_async(transfer_id, params={"amount": charge.amount - 999})
    await reversals.create_async(transfer_id)
    with pytest.raises(stripe.InvalidRequestError, match="already fully reversed"):
        await reversals.create_async(transfer_id)
    listed = await reversals.list_async(transfer_id)
    assert [each.amount for each in listed.data] == [charge.amount - 1000, 1000]
    transfer = await client.v1.transfers.retrieve_async(transfer_id)
    assert (transfer.amount_reversed, transfer.reversed) == (charge.amount, True)
    fee = await client.v1.application_fees.retrieve_async(str(charge.application_fee))
    assert fee.amount_refunded == round(fee.amount * 1000 / charge.amount)


async def test_impossible_disputes_are_refused(sandbox: StripeSandbox, charge: stripe.Charge) -> None:
    control = sandbox.control
    with pytest.raises(StripeRefusal, match="at most the charge's amount"):
        control.open_dispute(charge.id, amount=5485)
    with pytest.raises(StripeRefusal, match="No such charge"):
        control.open_dispute("ch_none")
    dispute = control.open_dispute(charge.id, amount=1000)
    with pytest.raises(StripeRefusal, match="not disputed"):
        control.open_dispute(charge.id)
    with pytest.raises(StripeRefusal, match="won or lost"):
        control.close_dispute(dispute["id"], "forgotten")
    control.close_dispute(dispute["id"], "lost")
    with pytest.raises(StripeRefusal, match="already lost"):
        control.close_dispute(dispute["id"], "won")


def test_only_outcomes_that_stripe_knows_can_be_planned(sandbox: StripeSandbox) -> None:
    with pytest.raises(StripeRefusal):
        sandbox.control.plan_refunds("doubled")
    with pytest.raises(StripeRefusal):
        sandbox.control.settle_refund("re_none", "doubled")
    with pytest.raises(StripeRefusal):
        sandbox.control.settle_refund("re_none", "failed")
