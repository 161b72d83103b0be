"""Signed webhooks: the right events, delivered at least once."""

import asyncio
from typing import Any

import pytest
import stripe

from demo.stripe_sandbox import SandboxOptions, StripeRefusal, StripeSandbox
from tests.demo.stripe_sandbox.conftest import Buyer, CheckoutParams, ClientOf, Inbox, until


@pytest.fixture
def telling_client(client_of: ClientOf, telling_sandbox: StripeSandbox) -> stripe.StripeClient:
    return client_of(telling_sandbox)


@pytest.fixture
async def session(telling_client: stripe.StripeClient, checkout_params: CheckoutParams) -> Any:
    return await telling_client.v1.checkout.sessions.create_async(params=checkout_params())


async def delivered(sandbox: StripeSandbox) -> None:
    async with asyncio.timeout(60):
        await sandbox.control.webhooks.idle()


PAID = {
    "payment_intent.succeeded",
    "charge.succeeded",
    "charge.updated",
    "transfer.created",
    "checkout.session.completed",
}


@pytest.mark.parametrize(
    ("outcomes", "types"),
    [
        (["paid"], PAID),
        (["declined"], {"charge.failed", "payment_intent.payment_failed"}),
        (["cancelled"], set()),
        (["delayed"], {"payment_intent.processing", "checkout.session.completed"}),
        (
            ["delayed", "delayed_paid"],
            {
                "payment_intent.processing",
                "checkout.session.completed",
                "payment_intent.succeeded",
                "charge.succeeded",
                "transfer.created",
                "checkout.session.async_payment_succeeded",
            },
        ),
        (
            ["delayed", "delayed_failed"],
            {
                "payment_intent.processing",
                "checkout.session.completed",
                "charge.failed",
                "payment_intent.payment_failed",
                "checkout.session.async_payment_failed",
            },
        ),
    ],
)
async def test_each_outcome_sends_its_events(
    outcomes: list[str], types: set[str], telling_sandbox: StripeSandbox, session: Any, buyer: Buyer, inbox: Inbox
) -> None:
    for outcome in outcomes:
        await buyer.press(session.url, outcome)
    await delivered(telling_sandbox)
    assert sorted(inbox.types()) == sorted(types)


async def test_an_event_carries_the_object_and_the_version(
    telling_sandbox: StripeSandbox, session: Any, buyer: Buyer, inbox: Inbox
) -> None:
    await buyer.press(session.url, "paid")
    await delivered(telling_sandbox)
    event: Any = next(event for event in inbox.events if event.type == "checkout.session.completed")
    assert event.api_version == "2026-10-28.endive"
    assert event.livemode is False
    assert event.data.object.id == session.id
    assert event.data.object.payment_status == "paid"
    assert event.data.object.metadata["order_id"] == "42"


async def test_refunds_disputes_expiry_and_cancelling_send_events(
    telling_sandbox: StripeSandbox,
    telling_client: stripe.StripeClient,
    session: Any,
    buyer: Buyer,
    inbox: Inbox,
    checkout_params: CheckoutParams,
) -> None:
    await buyer.press(session.url, "paid")
    await delivered(telling_sandbox)
    inbox.events.clear()
    control = telling_sandbox.control
    charge = (await telling_client.v1.charges.list_async()).data[0]
    control.plan_refunds("pending", "failed")
    pending = await telling_client.v1.refunds.create_async(params={"charge": charge.id, "amount": 100})
    control.settle_refund(pending.id, "succeeded")
    await telling_client.v1.refunds.create_async(params={"charge": charge.id, "amount": 100})
    control.close_dispute(control.open_dispute(charge.id)["id"], "lost")
    other = await telling_client.v1.checkout.sessions.create_async(params=checkout_params())
    await buyer.press(str(other.url), "declined")
    await telling_client.v1.checkout.sessions.expire_async(other.id)
    await delivered(telling_sandbox)
    assert sorted(inbox.types()) == [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.failed",
        "charge.refunded",
        "charge.refunded",
        "charge.updated",
        "checkout.session.expired",
        "payment_intent.canceled",
        "payment_intent.payment_failed",
        "refund.created",
        "refund.created",
        "refund.failed",
        "refund.updated",
        "refund.updated",
    ]


async def test_events_name_the_request_that_caused_them(
    telling_client: stripe.StripeClient, telling_sandbox: StripeSandbox, session: Any
) -> None:
    options: Any = {"idempotency_key": "expire-42"}
    await telling_client.v1.checkout.sessions.expire_async(session.id, options=options)
    event = telling_sandbox.control.events("checkout.session.expired")[0]
    assert event["request"]["idempotency_key"] == "expire-42"
    assert event["request"]["id"].startswith("req_")


async def test_delivery_is_tried_again_until_the_receiver_takes_it(
    telling_sandbox: StripeSandbox, telling_client: stripe.StripeClient, session: Any, inbox: Inbox
) -> None:
    inbox.answers = [500, 302]
    await telling_client.v1.checkout.sessions.expire_async(session.id)
    await delivered(telling_sandbox)
    assert inbox.types() == ["checkout.session.expired"]
    assert inbox.attempts == 3
    assert telling_sandbox.control.webhooks.failed_attempts == 2


async def test_delivery_waits_for_a_receiver_that_is_away(
    sandbox: StripeSandbox, client: stripe.StripeClient, inbox: Inbox, checkout_params: CheckoutParams
) -> None:
    webhooks = sandbox.control.webhooks
    webhooks.url = "http://127.0.0.1:9/webhooks"
    session = await client.v1.checkout.sessions.create_async(params=checkout_params())
    await client.v1.checkout.sessions.expire_async(session.id)
    await until(lambda: webhooks.failed_attempts)
    webhooks.url = inbox.url
    await delivered(sandbox)
    assert inbox.types() == ["checkout.session.expired"]


async def test_without_an_endpoint_nothing_is_sent(
    sandbox: StripeSandbox, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    session = await client.v1.checkout.sessions.create_async(params=checkout_params())
    await client.v1.checkout.sessions.expire_async(session.id)
    assert sandbox.control.webhooks.waiting == 0
    assert len(sandbox.control.events()) == 1


async def test_an_endpoint_taken_away_stops_the_tries(
    sandbox: StripeSandbox, client: stripe.StripeClient, inbox: Inbox, checkout_params: CheckoutParams
) -> None:
    webhooks = sandbox.control.webhooks
    webhooks.url = inbox.url
    webhooks.paused = True
    session = await client.v1.checkout.sessions.create_async(params=checkout_params())
    await client.v1.checkout.sessions.expire_async(session.id)
    webhooks.url = None
    webhooks.paused = False
    await until(lambda: webhooks.failed_attempts)
    assert inbox.attempts == 0
    webhooks.forget()
    await delivered(sandbox)


async def test_an_endpoint_gets_only_the_events_it_wants(
    client_of: ClientOf, inbox: Inbox, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    options = SandboxOptions(webhook_url=inbox.url, webhook_events=frozenset({"checkout.session.completed"}))
    async with StripeSandbox(options) as sandbox:
        session = await client_of(sandbox).v1.checkout.sessions.create_async(params=checkout_params())
        await buyer.press(str(session.url), "paid")
        await delivered(sandbox)
    assert inbox.types() == ["checkout.session.completed"]


async def test_events_can_be_held_back_doubled_and_mixed_up(
    telling_sandbox: StripeSandbox, session: Any, buyer: Buyer, inbox: Inbox
) -> None:
    webhooks = telling_sandbox.control.webhooks
    webhooks.paused = True
    webhooks.shuffled = True
    webhooks.copies = 2
    await buyer.press(session.url, "paid")
    assert webhooks.waiting == 2 * len(PAID)
    assert inbox.attempts == 0
    webhooks.paused = False
    await delivered(telling_sandbox)
    assert sorted(inbox.types()) == sorted([*PAID, *PAID])


async def test_an_event_can_be_delivered_again(
    telling_sandbox: StripeSandbox, telling_client: stripe.StripeClient, session: Any, inbox: Inbox
) -> None:
    await telling_client.v1.checkout.sessions.expire_async(session.id)
    await delivered(telling_sandbox)
    telling_sandbox.control.redeliver(inbox.events[0].id)
    await delivered(telling_sandbox)
    assert inbox.events[0].id == inbox.events[1].id
    with pytest.raises(StripeRefusal):
        telling_sandbox.control.redeliver("evt_none")


async def test_events_are_listed_and_filtered(
    telling_sandbox: StripeSandbox, telling_client: stripe.StripeClient, session: Any, buyer: Buyer
) -> None:
    await buyer.press(session.url, "paid")
    await delivered(telling_sandbox)
    events = telling_client.v1.events

    async def found(**filters: Any) -> set[str]:
        params: Any = filters
        return {event.type for event in (await events.list_async(params=params)).data}

    assert await found() == PAID
    assert await found(type="charge.*") == {"charge.succeeded", "charge.updated"}
    assert await found(types=["charge.succeeded", "transfer.created"]) == {"charge.succeeded", "transfer.created"}
    assert await found(delivery_success=False) == set()
    newest = (await events.list_async(params={"limit": 1})).data[0]
    assert newest.pending_webhooks == 0
    assert (await events.retrieve_async(newest.id)).to_dict() == newest.to_dict()


async def test_a_session_expires_by_itself(telling_sandbox: StripeSandbox, session: Any, inbox: Inbox) -> None:
    telling_sandbox.control.advance_clock(3600)
    await delivered(telling_sandbox)
    assert inbox.types() == ["checkout.session.expired"]
