"""P1 and P2: an order's whole life with Stripe. Money and tickets stay in step through all failures."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import stripe
from redis.asyncio import Redis

from application.ports.payment import PaymentSession, SessionStatus
from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from domain.orders import OrderStatus
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.database import row_locked
from tests.support.factories import producer, ticket
from tests.support.processes import run
from tests.support.server import Service, running
from tests.support.stripe_world import (
    CREATE_SESSION,
    EVERY_TRY,
    EXPIRE_SESSION,
    RETRIEVE_SESSION,
    StripeBooks,
    StripeWorld,
    buyer,
    execute,
    minor,
    session_calls,
    stripe_books,
    stripe_world,
    tasks_of,
    webhooks_held_back,
)


@pytest.fixture
async def books(sandbox: StripeSandbox) -> AsyncIterator[StripeBooks]:
    async with stripe_books(sandbox.url) as opened:
        yield opened


@pytest.fixture(scope="module")
async def hurried(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A service that waits for Stripe for only a moment."""
    async with stripe_world(postgres, redis_url, stripe_timeout_seconds=0.6) as world:
        yield world


@pytest.fixture
async def fleeting(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A service that holds tickets for half a second."""
    async with stripe_world(postgres, redis_url, hold_minutes=0.01) as world:
        yield world


def an_event(object_id: str, type_: str = "checkout.session.completed", *, livemode: bool = False) -> Json:
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": type_,
        "livemode": livemode,
        "data": {"object": {"id": object_id}},
    }


async def deliver(box_office: BoxOffice, event: Json, secret: str, *, at: float | None = None) -> Answer:
    """Send an event as Stripe would, signed at ``at`` (seconds since the epoch; None: now)."""
    payload = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(payload, secret, int(at or time.time()))
    headers = {"Content-Type": "application/json", "Stripe-Signature": str(signature)}
    return await box_office.post("/api/v1/webhooks/stripe", data=payload, headers=headers)


async def until_status(box_office: BoxOffice, placed: Json, status: OrderStatus) -> Json:
    """The order, once it has this status."""

    async def is_there() -> bool:
        return bool((await box_office.order(placed)).body["status"] == status)

    await box_office.until(is_there)
    return (await box_office.order(placed)).body


async def lose_hold(service: Service, placed: Json) -> None:
    """Release the order by an event about an expiry, while its session can still be paid."""
    session = PaymentSession(
        id=placed["session_id"], order_id=UUID(placed["order_id"]), status=SessionStatus.EXPIRED, url=None
    )
    released = await service.container.order_payments().apply_session(UUID(placed["order_id"]), session)
    assert released.status is OrderStatus.EXPIRED


async def sold(box_office: BoxOffice, *, tickets: int = 2, quantity: int = 100) -> tuple[OnSale, Json]:
    """A paid and completed order."""
    on_sale = await box_office.put_on_sale(ticket(quantity=quantity))
    placed = (await box_office.checkout(on_sale.cart(tickets), customer=buyer(on_sale.id))).created()
    await box_office.pay(placed)
    await box_office.until_completed(placed)
    return on_sale, placed


@pytest.mark.p1
async def test_payment_declined_order_not_completed(
    box_office: BoxOffice, mailbox: MailCatcher, books: StripeBooks, settings: Settings
) -> None:
    """P1-001: nothing is sold, sent or charged; the hold stays for another try."""
    on_sale = await box_office.put_on_sale()
    customer = buyer(on_sale.id)
    placed = (await box_office.checkout(on_sale.cart(2), customer=customer)).created()

    assert (await box_office.pay(placed, "declined")).status == 200
    await box_office.come_back(placed)

    async def is_told_why() -> bool:
        return (await box_office.stored_order(placed)).last_payment_error is not None

    await box_office.until(is_told_why)
    order = (await box_office.order(placed)).body
    assert (order["status"], order["success"], order["attendees"]) == ("pending", False, [])
    assert await box_office.counters(on_sale) == [(2, 0)]
    assert await books.charges(placed["order_id"]) == []
    assert await tasks_of(settings, placed["order_id"]) == []
    assert mailbox.mails.addressed_to(customer["email"]) == []


async def test_card_that_works_after_two_that_did_not(box_office: BoxOffice, books: StripeBooks) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(2))).created()
    for _ in range(2):
        await box_office.pay(placed, "declined")

    await box_office.pay(placed)

    await box_office.until_completed(placed)
    assert (await box_office.stored_order(placed)).last_payment_error is None
    assert (await books.charge(placed["order_id"])).amount == minor(placed["total"])
    assert await box_office.counters(on_sale) == [(0, 2)]


@pytest.mark.p1
async def test_stripe_timeout_handling(hurried: StripeWorld) -> None:
    """P1-002: if Stripe hangs, the buyer has to retry, but keeps the tickets, and no other buyer waits for a lock."""
    box_office = hurried.box_office
    on_sale = await box_office.put_on_sale()
    key = uuid4().hex
    hurried.sandbox.control.inject_fault(CREATE_SESSION, "timeout_before", times=EVERY_TRY, delay_seconds=30)

    answer = await box_office.checkout(on_sale.cart(2), key=key)

    assert "try again" in answer.refused(503, "payment_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    async with box_office.unit_of_work() as uow:
        order = (await uow.orders.with_idempotency_keys([key]))[key]
    assert (order.status, order.success) == (OrderStatus.PENDING, False)
    assert await box_office.counters(on_sale) == [(2, 0)]
    async with Redis.from_url(hurried.settings.redis_url or "") as redis:
        assert await redis.get(f"ticket_lock_{on_sale.tickets[0].id}") is None
    (await box_office.checkout(on_sale.cart(1))).created()

    placed = (await box_office.checkout(on_sale.cart(2), key=key)).created()

    assert placed["order_id"] == str(order.id)
    assert await box_office.counters(on_sale) == [(3, 0)]
    assert len(await hurried.stripe.sessions(placed["order_id"])) == 1


@pytest.mark.p1
async def test_duplicate_success_callback_idempotency(
    box_office: BoxOffice, mailbox: MailCatcher, settings: Settings
) -> None:
    """P1-010: the second callback finds the work done."""
    on_sale, placed = await sold(box_office)
    first = await box_office.come_back(placed)
    order = (await box_office.order(placed)).body
    tasks = await tasks_of(settings, placed["order_id"])

    again = await asyncio.gather(*(box_office.come_back(placed) for _ in range(5)))

    assert {(answer.status, answer.location) for answer in again} == {(303, first.location)}
    assert f"/shows/{on_sale.id}/orders/{placed['order_id']}" in first.location
    after = (await box_office.order(placed)).body
    assert (after["attendees"], after["completed_at"]) == (order["attendees"], order["completed_at"])
    assert await box_office.counters(on_sale) == [(0, 2)]
    kinds = [kind for _, kind, _ in await tasks_of(settings, placed["order_id"])]
    assert kinds == [kind for _, kind, _ in tasks] == ["confirmation_mail", "describe_transfer"]
    assert len(await mailbox.wait_for(1, to=buyer(on_sale.id)["email"])) == 1


@pytest.mark.p1
async def test_stripe_transfer_metadata_populated(box_office: BoxOffice, books: StripeBooks) -> None:
    """P1-019: the producer reads in their own Stripe account what the money was for."""
    on_sale, placed = await sold(box_office, tickets=3)

    async def is_described() -> bool:
        return bool((await books.transfer(placed["order_id"])).metadata.to_dict())

    await box_office.until(is_described)
    transfer = await books.transfer(placed["order_id"])
    customer = buyer(on_sale.id)
    assert transfer.metadata.to_dict() == {
        "order_id": placed["order_id"],
        "show_id": str(on_sale.id),
        "show_title": on_sale.show.title,
        "attendee_count": "3",
        "order_name": customer["name"],
        "order_email": customer["email"],
    }
    for part in (on_sale.show.title, "3", customer["name"], (await box_office.stored_order(placed)).number):
        assert part in (transfer.description or "")
    assert (transfer.amount, transfer.destination) == (minor(placed["total"]), "acct_globe")


@pytest.mark.p1
async def test_automatic_tax_calculation(postgres: EmbeddedPostgres, redis_url: str) -> None:
    """P1-020: Stripe computes the tax, on top of our total; our fees do not include it."""
    options = SandboxOptions(tax_rate=Decimal("0.08875"))
    async with stripe_world(postgres, redis_url, options=options) as taxing:
        box_office = taxing.box_office
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        assert (placed["platform_fees"], placed["payment_processing_fees"]) == ("3.00", "1.84")
        assert placed["total"] == "54.84"
        session = box_office.stripe_session(placed)
        account = session["payment_intent_data"]["transfer_data"]["destination"]
        assert session["automatic_tax"] == {"enabled": "true", "liability": {"type": "account", "account": account}}

        await box_office.pay(placed)
        order = await box_office.until_completed(placed)

        charge = await taxing.stripe.charge(placed["order_id"])
        tax = charge.amount - 54_84
        assert tax > 0
        assert (order["total"], order["tax"]) == ("54.84", f"{tax // 100}.{tax % 100:02}")
        assert charge.application_fee_amount == 3_00 + 1_84
        assert (await box_office.stored_order(placed)).amount_paid == charge.amount
        page = await box_office.get((await box_office.come_back(placed)).location)
        assert order["tax"] in page.content.decode()


@pytest.mark.p2
async def test_back_button_after_success_idempotency(box_office: BoxOffice, books: StripeBooks) -> None:
    """P2-006: on every page that the buyer goes back to, it is the same order, and paid once."""
    on_sale = await box_office.put_on_sale()
    key = uuid4().hex
    placed = (await box_office.checkout(on_sale.cart(2), key=key)).created()
    await box_office.pay(placed)
    returned = await box_office.come_back(placed)

    repeated = (await box_office.checkout(on_sale.cart(2), key=key)).created()
    paid_again = await box_office.pay(placed)

    assert (repeated["order_id"], repeated["success"]) == (placed["order_id"], True)
    assert repeated["checkout_url"] == returned.location
    assert (await box_office.come_back(repeated)).location == returned.location
    assert paid_again.status == 303
    assert (await books.charge(placed["order_id"])).amount == minor(placed["total"])
    assert await box_office.counters(on_sale) == [(0, 2)]


@pytest.mark.p2
@pytest.mark.parametrize("processes", [1, 2])
async def test_multiple_tabs_same_checkout_race(postgres: EmbeddedPostgres, redis_url: str, processes: int) -> None:
    """P2-007: the second tab learns that the checkout is being processed, and finds the same order afterwards."""
    async with stripe_world(postgres, redis_url) as world, running(world.settings) as second:
        tabs = [world.box_office, BoxOffice(second.client, second.container.database())][:processes]
        on_sale = await world.box_office.put_on_sale()
        key = uuid4().hex
        world.sandbox.control.inject_fault(CREATE_SESSION, "slow", delay_seconds=2)

        answers = await asyncio.gather(*(tabs[n % processes].checkout(on_sale.cart(2), key=key) for n in range(2)))

        assert Counter(answer.status for answer in answers) == {201: 1, 409: 1}
        loser = next(answer for answer in answers if answer.status == 409)
        assert "being processed" in loser.refused(409, "checkout_in_progress")
        winner = next(answer for answer in answers if answer.status == 201).body
        assert await world.box_office.counters(on_sale) == [(2, 0)]
        for tab in tabs:
            assert (await tab.checkout(on_sale.cart(2), key=key)).created()["order_id"] == winner["order_id"]
        assert len(await world.stripe.sessions(winner["order_id"])) == 1


@pytest.mark.p2
async def test_stripe_webhook_signature_validation(
    box_office: BoxOffice, sandbox: StripeSandbox, settings: Settings
) -> None:
    """P2-009: neither forged nor replayed events do anything; a genuine one does, once."""
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    with webhooks_held_back(sandbox):
        await box_office.pay(placed)
        event = an_event(placed["session_id"])

        forged = await deliver(box_office, event, "whsec_of_somebody_else")
        replayed = await deliver(box_office, event, settings.stripe_webhook_secret, at=time.time() - 3600)

        for answer in (forged, replayed):
            answer.refused(400, "invalid_request")
        assert (await box_office.order(placed)).body["status"] == "pending"
        for _ in range(2):
            assert (await deliver(box_office, event, settings.stripe_webhook_secret)).status == 200
        assert (await box_office.order(placed)).body["status"] == "completed"
    assert await box_office.counters(on_sale) == [(0, 1)]


async def test_event_of_the_other_mode_is_taken_and_changes_nothing(
    box_office: BoxOffice, sandbox: StripeSandbox, settings: Settings
) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    with webhooks_held_back(sandbox):
        await box_office.pay(placed)
        live = an_event(placed["session_id"], livemode=True)
        assert (await deliver(box_office, live, settings.stripe_webhook_secret)).status == 200
        assert (await box_office.order(placed)).body["status"] == "pending"


@pytest.mark.parametrize("about", [{}, {"object": {"object": "balance"}}, {"object": None}])
async def test_signed_event_of_any_shape_is_taken(box_office: BoxOffice, settings: Settings, about: Json) -> None:
    """Otherwise Stripe would repeat for days an event that means nothing to us."""
    for type_ in ("balance.available", "checkout.session.completed"):
        event = an_event("unused", type_) | {"data": about}
        assert (await deliver(box_office, event, settings.stripe_webhook_secret)).status == 200


async def test_refused_webhooks_leave_a_line_with_the_reason(
    fleeting: StripeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        refused = await deliver(fleeting.box_office, an_event("cs_1"), "whsec_of_somebody_else")
        refused.refused(400, "invalid_request")

    [line] = [message for message in caplog.messages if message.startswith("A webhook was refused")]
    assert "No signatures found matching the expected signature" in line


async def sweep_until(world: StripeWorld, placed: Json, status: OrderStatus) -> None:
    """Sweep until the order has this status; its hold has to run out first."""

    async def is_swept() -> bool:
        await world.container.release_overdue()()
        return (await world.box_office.stored_order(placed)).status is status

    await world.box_office.until(is_swept)


@pytest.mark.p2
async def test_abandoned_order_cleanup(fleeting: StripeWorld) -> None:
    """P2-014: a hold whose time is up goes back on sale, after its payment page was closed."""
    box_office = fleeting.box_office
    on_sale = await box_office.put_on_sale(ticket(quantity=2))
    placed = (await box_office.checkout(on_sale.cart(2))).created()

    await sweep_until(fleeting, placed, OrderStatus.EXPIRED)

    assert await box_office.counters(on_sale) == [(0, 0)]
    [session] = await fleeting.stripe.sessions(placed["order_id"])
    assert session.status == "expired"
    assert (await box_office.pay(placed)).status == 410
    (await box_office.checkout(on_sale.cart(2))).created()


async def test_order_paid_just_before_the_sweep_is_completed_by_it(fleeting: StripeWorld) -> None:
    box_office = fleeting.box_office
    on_sale = await box_office.put_on_sale(ticket(quantity=2))
    with webhooks_held_back(fleeting.sandbox):
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        await box_office.pay(placed)

        await sweep_until(fleeting, placed, OrderStatus.COMPLETED)

        assert await box_office.counters(on_sale) == [(0, 2)]


async def test_hold_stays_while_nobody_knows_whether_it_was_paid(fleeting: StripeWorld) -> None:
    box_office = fleeting.box_office
    on_sale = await box_office.put_on_sale(ticket(quantity=2))
    placed = (await box_office.checkout(on_sale.cart(2))).created()
    faults = fleeting.sandbox.control.faults
    fleeting.sandbox.control.inject_fault(EXPIRE_SESSION, "connection_reset", times=EVERY_TRY)

    async with asyncio.timeout(60):
        while faults.waiting():
            assert await fleeting.container.release_overdue()() == 0
            assert await box_office.counters(on_sale) == [(2, 0)]
    await sweep_until(fleeting, placed, OrderStatus.EXPIRED)
    assert await box_office.counters(on_sale) == [(0, 0)]


@pytest.mark.p2
@pytest.mark.parametrize("fault", ["connection_reset", "answer_lost"])
async def test_stripe_idempotency_key_on_retry(hurried: StripeWorld, fault: str) -> None:
    """P2-015: the SDK's repetition and the client's retry use one key, so there is one session to pay in."""
    box_office, sandbox = hurried.box_office, hurried.sandbox
    on_sale = await box_office.put_on_sale()
    key = uuid4().hex
    for kind in (fault, "connection_reset"):
        sandbox.control.inject_fault(CREATE_SESSION, kind)

    (await box_office.checkout(on_sale.cart(1), key=key)).refused(503, "payment_unavailable")
    placed = (await box_office.checkout(on_sale.cart(1), key=key)).created()

    keys = session_calls(sandbox, placed["order_id"])
    assert len(keys) == EVERY_TRY + 1
    assert len(set(keys)) == 1
    assert keys[0]
    assert [session.id for session in await hurried.stripe.sessions(placed["order_id"])] == [placed["session_id"]]
    await box_office.pay(placed)
    await box_office.until_completed(placed)
    assert len(await hurried.stripe.charges(placed["order_id"])) == 1


class TestLatePayments:
    async def test_money_for_tickets_that_are_still_there_completes_the_order(
        self, box_office: BoxOffice, service: Service
    ) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=2))
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        await lose_hold(service, placed)
        assert await box_office.counters(on_sale) == [(0, 0)]

        await box_office.pay(placed)

        order = await box_office.until_completed(placed)
        assert (order["success"], len(order["attendees"])) == (True, 2)
        assert await box_office.counters(on_sale) == [(0, 2)]

    async def test_money_for_tickets_that_are_gone_goes_back_with_an_apology(
        self, box_office: BoxOffice, service: Service, mailbox: MailCatcher, books: StripeBooks
    ) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=2))
        late = buyer(on_sale.id)
        placed = (await box_office.checkout(on_sale.cart(2), customer=late)).created()
        await lose_hold(service, placed)
        quick = await box_office.buy(on_sale.cart(1), customer=buyer(on_sale.id, "Grace Hopper"))

        await box_office.pay(placed)

        order = await until_status(box_office, placed, OrderStatus.REFUNDED)
        assert (order["success"], order["attendees"]) == (False, [])
        assert order["refunded_amount"] == placed["total"]
        assert quick["success"]
        assert await box_office.counters(on_sale) == [(0, 1)]
        [mail] = await mailbox.wait_for(1, to=late["email"])
        assert "came too late" in mail.subject
        assert placed["total"] in mail.text
        await self.until_given_back(box_office, books, placed)

    @pytest.mark.parametrize("difference", [1, -1])
    async def test_money_that_is_not_the_price_goes_back(
        self, box_office: BoxOffice, settings: Settings, books: StripeBooks, difference: int
    ) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(1), customer=buyer(on_sale.id))).created()
        await execute(
            settings,
            "UPDATE orders SET total = total + %s, platform_fees = platform_fees + %s WHERE id = %s",
            difference,
            difference,
            UUID(placed["order_id"]),
        )

        await box_office.pay(placed)

        order = await until_status(box_office, placed, OrderStatus.REFUNDED)
        assert (order["attendees"], order["refunded_amount"]) == ([], placed["total"])
        assert await box_office.counters(on_sale) == [(0, 0)]
        await self.until_given_back(box_office, books, placed)

    async def until_given_back(self, box_office: BoxOffice, books: StripeBooks, placed: Json) -> None:
        """Wait until all of it is given back, from the producer and from the platform."""

        async def is_refunded() -> bool:
            return (await books.charge(placed["order_id"])).refunded

        await box_office.until(is_refunded)
        assert [refund.amount for refund in await books.refunds(placed["order_id"])] == [minor(placed["total"])]
        assert (await books.transfer(placed["order_id"])).reversed
        assert (await books.application_fee(placed["order_id"])).refunded


async def test_event_that_failed_is_handled_by_an_operators_replay(
    box_office: BoxOffice, sandbox: StripeSandbox, settings: Settings
) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    with webhooks_held_back(sandbox):
        await box_office.pay(placed)
        event = an_event(placed["session_id"])
        sandbox.control.inject_fault(RETRIEVE_SESSION, "server_error", times=EVERY_TRY)
        (await deliver(box_office, event, settings.stripe_webhook_secret)).refused(503, "payment_unavailable")
        async with box_office.unit_of_work() as uow:
            received = await uow.inbox.get(event["id"])
        assert received
        assert received.last_error
        assert received.handled_at is None

        for _ in range(2):
            replayed = await run("webhook", "replay", event["id"], environment=environment_of(settings))
            assert (replayed.code, replayed.err) == (0, "")
            assert "was handled" in replayed.out

        assert (await box_office.order(placed)).body["status"] == "completed"
    assert await box_office.counters(on_sale) == [(0, 1)]


async def test_replay_of_an_event_that_never_came_says_so(settings: Settings) -> None:
    finished = await run("webhook", "replay", "evt_nobody", environment=environment_of(settings))
    assert finished.code not in {0, None}
    assert "evt_nobody" in finished.err
    assert "Traceback" not in finished.err


class TestDisputes:
    @pytest.mark.parametrize(
        ("end", "success", "disputed", "attendees"), [("won", True, False, "valid"), ("lost", False, True, "void")]
    )
    async def test_flag_the_order_and_void_its_attendees_when_lost(
        self,
        box_office: BoxOffice,
        sandbox: StripeSandbox,
        books: StripeBooks,
        end: str,
        success: bool,
        disputed: bool,
        attendees: str,
    ) -> None:
        on_sale, placed = await sold(box_office)
        charge = await books.charge(placed["order_id"])

        dispute = sandbox.control.open_dispute(charge.id)

        async def is_flagged() -> bool:
            return (await box_office.stored_order(placed)).disputed

        await box_office.until(is_flagged)
        assert (await box_office.order(placed)).body["success"] is True

        sandbox.control.close_dispute(dispute["id"], end)

        async def is_decided() -> bool:
            order = await box_office.stored_order(placed)
            return (order.success, order.disputed) == (success, disputed)

        await box_office.until(is_decided)
        order = (await box_office.order(placed)).body
        assert {attendee["status"] for attendee in order["attendees"]} == {attendees}
        assert await box_office.counters(on_sale) == [(0, 2)]


async def test_account_that_stripe_stops_sells_nothing_until_it_goes_on(
    box_office: BoxOffice, sandbox: StripeSandbox
) -> None:
    account = f"acct_{uuid4().hex}"
    on_sale = await box_office.put_on_sale(by=producer(account=account))
    (await box_office.checkout(on_sale.cart(1))).created()

    async def is_enabled() -> bool:
        async with box_office.unit_of_work() as uow:
            known = await uow.producers.get(on_sale.producer.id)
        assert known is not None
        return known.financial.charges_enabled

    async def is_stopped() -> bool:
        return not await is_enabled()

    sandbox.control.set_charges_enabled(account, enabled=False)
    await box_office.until(is_stopped)
    (await box_office.checkout(on_sale.cart(1))).refused(400, "producer_payment_missing")

    sandbox.control.set_charges_enabled(account, enabled=True)
    await box_office.until(is_enabled)
    (await box_office.checkout(on_sale.cart(1))).created()


class TestReconciler:
    async def test_completes_an_order_whose_webhooks_never_came(self, hurried: StripeWorld) -> None:
        on_sale, placed = await self.paid_unheard(hurried)
        assert await hurried.container.reconcile()() == 0

        await hurried.execute(
            "UPDATE orders SET created_at = created_at - interval '10 minutes' WHERE id = %s", UUID(placed["order_id"])
        )

        assert await hurried.container.reconcile()() == 1
        assert (await hurried.box_office.order(placed)).body["status"] == "completed"
        assert await hurried.box_office.counters(on_sale) == [(0, 2)]
        hurried.sandbox.control.webhooks.forget()

    async def test_asks_again_when_stripe_was_away(self, hurried: StripeWorld) -> None:
        on_sale, placed = await self.paid_unheard(hurried)
        order_id = UUID(placed["order_id"])
        await hurried.execute("UPDATE orders SET created_at = created_at - interval '1 hour' WHERE id = %s", order_id)
        hurried.sandbox.control.inject_fault(RETRIEVE_SESSION, "server_error", times=EVERY_TRY)

        assert await hurried.container.reconcile()() == 1
        assert (await hurried.box_office.order(placed)).body["status"] == "pending"
        assert await hurried.container.reconcile()() == 0

        await hurried.execute("UPDATE orders SET checked_at = checked_at - interval '1 hour' WHERE id = %s", order_id)
        assert await hurried.container.reconcile()() == 1
        assert (await hurried.box_office.order(placed)).body["status"] == "completed"
        assert await hurried.box_office.counters(on_sale) == [(0, 2)]

    async def test_finds_payments_that_nobody_told_of_and_payments_without_an_order(self, hurried: StripeWorld) -> None:
        on_sale, placed = await self.paid_unheard(hurried)
        await lose_hold(hurried.service, placed)
        session = await hurried.stripe.client.v1.checkout.sessions.create_async(
            params={
                "mode": "payment",
                "client_reference_id": str(uuid4()),
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "?"}},
                    }
                ],
                "success_url": "https://elsewhere.example/",
            }
        )
        hurried.sandbox.control.act(session.id, "paid")

        assert await hurried.container.reconcile().look_for_lost_payments() == 1

        assert (await hurried.box_office.order(placed)).body["status"] == "completed"
        assert await hurried.box_office.counters(on_sale) == [(0, 2)]

    async def test_does_not_lock_what_is_settled_already(self, hurried: StripeWorld) -> None:
        on_sale, placed = await self.paid_unheard(hurried)
        await hurried.box_office.come_back(placed)

        async with row_locked(hurried.settings.database_url or "", on_sale.tickets[0].id), asyncio.timeout(60):
            await hurried.container.reconcile().look_for_lost_payments()
        assert await hurried.box_office.counters(on_sale) == [(0, 2)]

    async def paid_unheard(self, world: StripeWorld) -> tuple[OnSale, Json]:
        """An order that was paid without an event."""
        on_sale = await world.box_office.put_on_sale()
        placed = (await world.box_office.checkout(on_sale.cart(2))).created()
        with webhooks_held_back(world.sandbox):
            await world.box_office.pay(placed)
            world.sandbox.control.webhooks.forget()
        return on_sale, placed


async def test_every_event_three_times_and_in_any_order_completes_once(
    postgres: EmbeddedPostgres, redis_url: str
) -> None:
    async with stripe_world(postgres, redis_url) as world:
        webhooks = world.sandbox.control.webhooks
        webhooks.copies, webhooks.shuffled = 3, True
        on_sale = await world.box_office.put_on_sale()
        placed = (await world.box_office.checkout(on_sale.cart(2))).created()
        with webhooks_held_back(world.sandbox):
            for outcome in ("declined", "paid"):
                await world.box_office.pay(placed, outcome)
        await webhooks.idle()

        assert webhooks.failed_attempts == 0
        order = (await world.box_office.order(placed)).body
        assert (order["status"], len(order["attendees"])) == ("completed", 2)
        assert [kind for _, kind, _ in await tasks_of(world.settings, placed["order_id"])] == [
            "confirmation_mail",
            "describe_transfer",
        ]
        assert (await world.box_office.stored_order(placed)).last_payment_error is None
        assert await world.box_office.counters(on_sale) == [(0, 2)]
