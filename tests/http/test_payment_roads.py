"""An order is completed, or its hold released, however the news of its payment comes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import stripe

from adapters.stripe.client import HttpClient, create_client
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.support.box_office import GIVEN_BACK, Answer, BoxOffice, Json
from tests.support.factories import ticket


def an_event(session_id: str, type_: str = "checkout.session.completed") -> bytes:
    event = {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": type_,
        "livemode": False,
        "data": {"object": {"id": session_id}},
    }
    return json.dumps(event).encode()


def signed(payload: bytes, secret: str, *, at: float | None = None) -> str:
    timestamp = int(at or time.time())
    return str(stripe.WebhookSignature.generate_signature_header(payload.decode(), secret, timestamp))


@asynccontextmanager
async def stripe_client(settings: Settings) -> AsyncIterator[stripe.StripeClient]:
    http_client = HttpClient()
    try:
        yield create_client(settings.stripe_api_key, http_client, api_base=settings.stripe_api_base)
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]


async def deliver(box_office: BoxOffice, payload: bytes, signature: str | None) -> Answer:
    headers = {"Content-Type": "application/json", **({"Stripe-Signature": signature} if signature else {})}
    return await box_office.post("/api/v1/webhooks/stripe", data=payload, headers=headers)


async def test_paid_order_is_completed_by_the_webhook_alone(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(2))).created()

    await box_office.pay(placed)

    order = await box_office.until_completed(placed)
    assert len(order["attendees"]) == 2
    assert await box_office.counters(on_sale) == [(0, 2)]


async def test_paid_order_is_completed_by_the_redirect_alone(box_office: BoxOffice, sandbox: StripeSandbox) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(2))).created()
    sandbox.control.webhooks.paused = True
    try:
        await box_office.pay(placed)
        assert (await box_office.order(placed)).body["status"] == "pending"

        returned = await box_office.come_back(placed)

        assert returned.status == 303
        order = (await box_office.order(placed)).body
        assert (order["status"], len(order["attendees"])) == ("completed", 2)
    finally:
        sandbox.control.webhooks.paused = False
    await sandbox.control.webhooks.idle()
    assert (await box_office.order(placed)).body == order


async def test_all_roads_at_once_complete_the_order_once(
    box_office: BoxOffice, mailbox: MailCatcher, settings: Settings
) -> None:
    on_sale = await box_office.put_on_sale()
    buyer = {"name": "Ada Lovelace", "email": f"ada-{on_sale.id.hex}@example.org"}
    placed = (await box_office.checkout(on_sale.cart(3), customer=buyer)).created()
    await box_office.pay(placed)
    payload = an_event(placed["session_id"])
    signature = signed(payload, settings.stripe_webhook_secret)

    answers = await asyncio.gather(
        *(box_office.come_back(placed) for _ in range(10)),
        *(deliver(box_office, payload, signature) for _ in range(10)),
    )

    assert {answer.status for answer in answers} == {303, 200}
    assert len({answer.location for answer in answers if answer.status == 303}) == 1
    assert len((await box_office.order(placed)).body["attendees"]) == 3
    assert await box_office.counters(on_sale) == [(0, 3)]
    mails = await mailbox.wait_for(1, to=buyer["email"])
    assert len(mails) == 1


@pytest.mark.parametrize("forgery", ["missing", "garbage", "other secret", "other body", "too old"])
async def test_webhook_without_a_good_signature_changes_nothing(
    box_office: BoxOffice, sandbox: StripeSandbox, settings: Settings, forgery: str
) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    sandbox.control.webhooks.paused = True
    try:
        await box_office.pay(placed)
        payload = an_event(placed["session_id"])
        signature = {
            "missing": None,
            "garbage": "t=1,v1=zzz",
            "other secret": signed(payload, "whsec_other"),
            "other body": signed(payload + b" ", settings.stripe_webhook_secret),
            "too old": signed(payload, settings.stripe_webhook_secret, at=time.time() - 301),
        }[forgery]

        (await deliver(box_office, payload, signature)).refused(400, "invalid_request")

        assert (await box_office.order(placed)).body["status"] == "pending"
    finally:
        sandbox.control.webhooks.paused = False


@pytest.mark.parametrize("session_id", ["cs_test_nobody", "FREE-1"])
async def test_events_about_nothing_of_ours_are_acknowledged(
    box_office: BoxOffice, settings: Settings, session_id: str
) -> None:
    """Sending them again could never help."""
    payload = an_event(session_id)
    answer = await deliver(box_office, payload, signed(payload, settings.stripe_webhook_secret))
    assert (answer.status, answer.body) == (200, {"received": True})


async def test_event_that_comes_while_stripe_is_away_is_asked_for_again(
    box_office: BoxOffice, sandbox: StripeSandbox, settings: Settings
) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    sandbox.control.webhooks.paused = True
    try:
        await box_office.pay(placed)
        payload = an_event(placed["session_id"])
        signature = signed(payload, settings.stripe_webhook_secret)
        # More often than the SDK asks: the worker of this service may ask about other orders in the meantime.
        sandbox.control.inject_fault("GET /v1/checkout/sessions/{session}", "server_error", times=50)

        (await deliver(box_office, payload, signature)).refused(503, "payment_unavailable")
        sandbox.control.faults.clear()
        assert (await deliver(box_office, payload, signature)).status == 200

        assert (await box_office.order(placed)).body["status"] == "completed"
    finally:
        sandbox.control.webhooks.paused = False


async def test_coming_back_unpaid_leaves_the_order_as_it_is(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()

    back = await box_office.pay(placed, "cancelled")
    page = await box_office.get(back.location)

    assert page.status == 303
    assert page.location.endswith(f"/shows/{on_sale.id}/orders/{placed['order_id']}?token={placed['order_token']}")
    assert (await box_office.come_back(placed)).location == page.location
    order = (await box_office.order(placed)).body
    assert (order["status"], order["checkout_url"]) == ("pending", placed["checkout_url"])
    await box_office.pay(placed)
    await box_office.until_completed(placed)


async def test_coming_back_while_stripe_is_away_leads_to_the_order_all_the_same(
    box_office: BoxOffice, sandbox: StripeSandbox
) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    sandbox.control.inject_fault("GET /v1/checkout/sessions/{session}", "connection_reset", times=50)

    returned = await box_office.come_back(placed)

    assert returned.status == 303
    assert placed["order_id"] in returned.location


@pytest.mark.parametrize("session_id", ["", "%F0%9F%8E%AD", "a%20b%2Fc%3Fd", "../../v1/refunds", "x" * 4000])
async def test_what_is_no_session_is_not_found(box_office: BoxOffice, session_id: str) -> None:
    (await box_office.get(f"/api/v1/checkout/success?session_id={session_id}")).refused(404, "not_found")


@pytest.mark.parametrize("session_id", ["%00", "FREE-%00", "cs_test_%00"])
async def test_a_session_id_that_no_database_can_hold_is_an_invalid_request(
    box_office: BoxOffice, session_id: str
) -> None:
    (await box_office.get(f"/api/v1/checkout/success?session_id={session_id}")).refused(400, "invalid_request")


async def test_unknown_session_is_not_found(box_office: BoxOffice) -> None:
    (await box_office.get("/api/v1/checkout/success?session_id=cs_test_nobody")).refused(404, "not_found")
    (await box_office.get("/api/v1/checkout/success")).refused(400, "invalid_request")


async def test_stripe_is_not_asked_about_a_session_that_no_order_has(
    box_office: BoxOffice, sandbox: StripeSandbox
) -> None:
    made_up = [f"cs_test_{uuid4().hex}" for _ in range(5)]
    for session_id in made_up:
        (await box_office.get(f"/api/v1/checkout/success?session_id={session_id}")).refused(404, "not_found")
    asked = {request.path.rpartition("/")[2] for request in sandbox.control.requests.requests()}
    assert asked.isdisjoint(made_up)


async def test_the_label_of_a_free_order_opens_nothing(box_office: BoxOffice) -> None:
    """Its buyer has the page from the checkout's own answer; the label stands where others can read it."""
    on_sale = await box_office.put_on_sale(ticket(price=0))
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    assert placed["order_token"] in placed["checkout_url"]
    for label in (placed["session_id"], placed["order_id"], f"cs_test_{placed['order_id']}"):
        answer = await box_office.get(f"/api/v1/checkout/success?session_id={label}")
        answer.refused(404, "not_found")
        assert placed["order_token"].encode() not in answer.content


async def test_declined_card_leaves_the_hold_for_another_try(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()

    assert (await box_office.pay(placed, "declined")).status == 200

    order = (await box_office.order(placed)).body
    assert (order["status"], order["success"], order["attendees"]) == ("pending", False, [])
    assert await box_office.counters(on_sale) == [(1, 0)]
    await box_office.pay(placed)
    await box_office.until_completed(placed)


class TestCancelling:
    async def test_gives_the_hold_back_and_closes_the_payment_page(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(2))).created()

        cancelled = await box_office.cancel(placed)

        assert cancelled.status == 200, cancelled.content
        assert cancelled.body["status"] in GIVEN_BACK
        assert cancelled.body["checkout_url"] is None
        assert await box_office.counters(on_sale) == [(0, 0)]
        assert (await box_office.pay(placed)).status == 410

    async def test_again_changes_nothing(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        first = await box_office.cancel(placed)
        assert (await box_office.cancel(placed)).body == first.body
        assert await box_office.counters(on_sale) == [(0, 0)]

    async def test_a_paid_order_is_completed_instead(self, box_office: BoxOffice, sandbox: StripeSandbox) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(1))).created()
        sandbox.control.webhooks.paused = True
        try:
            await box_office.pay(placed)
            (await box_office.cancel(placed)).refused(409, "conflict")
            assert (await box_office.order(placed)).body["status"] == "completed"
        finally:
            sandbox.control.webhooks.paused = False

    async def test_is_refused_while_stripe_is_away(self, box_office: BoxOffice, sandbox: StripeSandbox) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(1))).created()
        sandbox.control.inject_fault("POST /v1/checkout/sessions/{session}/expire", "connection_reset", times=50)

        (await box_office.cancel(placed)).refused(503, "payment_unavailable")

        assert await box_office.counters(on_sale) == [(1, 0)]


async def test_session_that_stripe_let_expire_releases_the_hold(
    box_office: BoxOffice, sandbox: StripeSandbox, settings: Settings
) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    async with stripe_client(settings) as client:
        await client.v1.checkout.sessions.expire_async(placed["session_id"])

    async def is_expired() -> bool:
        return bool((await box_office.order(placed)).body["status"] == "expired")

    await box_office.until(is_expired)
    assert await box_office.counters(on_sale) == [(0, 0)]


async def test_every_amount_at_stripe_is_the_orders(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=3333), ticket(price=1), ticket(price=0))
    placed = (await box_office.checkout(on_sale.cart(3, 1, 1))).created()
    session: Json = box_office.stripe_session(placed)
    items = session["line_items"].values()
    total = sum(int(item["price_data"]["unit_amount"]) * int(item["quantity"]) for item in items)
    assert f"{total / 100:.2f}" == placed["total"]
    fees = int(session["payment_intent_data"]["application_fee_amount"])
    assert f"{fees / 100:.2f}" == f"{float(placed['platform_fees']) + float(placed['payment_processing_fees']):.2f}"
    liable = {"type": "account", "account": session["payment_intent_data"]["transfer_data"]["destination"]}
    assert session["automatic_tax"] == {"enabled": "true", "liability": liable}
    assert session["metadata"]["order_id"] == session["client_reference_id"] == placed["order_id"]


class TestDelayedMethods:
    async def test_money_that_comes_completes_the_order(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        await box_office.pay(placed, "delayed")
        await box_office.come_back(placed)
        assert (await box_office.order(placed)).body["status"] == "processing"
        assert await box_office.counters(on_sale) == [(2, 0)]

        await box_office.pay(placed, "delayed_paid")

        await box_office.until_completed(placed)
        assert await box_office.counters(on_sale) == [(0, 2)]

    async def test_money_that_does_not_come_releases_the_hold(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        await box_office.pay(placed, "delayed")
        await box_office.come_back(placed)

        await box_office.pay(placed, "delayed_failed")

        async def has_failed() -> bool:
            return bool((await box_office.order(placed)).body["status"] == "payment_failed")

        await box_office.until(has_failed)
        assert await box_office.counters(on_sale) == [(0, 0)]

    async def test_an_order_whose_money_is_on_its_way_cannot_be_cancelled(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(1))).created()
        await box_office.pay(placed, "delayed")
        (await box_office.cancel(placed)).refused(409, "conflict")
        assert await box_office.counters(on_sale) == [(1, 0)]


@pytest.mark.parametrize(
    ("address", "at_stripe"),
    [
        ("karl@bücher.example", "karl@xn--bcher-kva.example"),
        ("karl@BÜCHER.example", "karl@xn--bcher-kva.example"),
        ("karl@xn--bcher-kva.example", "karl@xn--bcher-kva.example"),
        ("karl@straße.example", "karl@xn--strae-oqa.example"),
        ("jörg@bücher.example", None),
        ("ada@example.org", "ada@example.org"),
    ],
)
async def test_stripe_is_given_an_address_that_it_takes(
    box_office: BoxOffice, address: str, at_stripe: str | None
) -> None:
    on_sale = await box_office.put_on_sale()
    customer = {"name": "Karl Mai", "email": address}
    placed = (await box_office.checkout(on_sale.cart(1), customer=customer)).created()
    assert box_office.stripe_session(placed).get("customer_email") == at_stripe
