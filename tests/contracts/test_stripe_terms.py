"""The Payment port's promises that only Stripe's adapter can show: the paths of the money, and outages of Stripe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from adapters.memory.system import MemoryClock
from adapters.memory.throttle import MemoryThrottle
from adapters.stripe.client import RATE_LIMIT_PAUSE_SECONDS, Client, HttpClient, create_client
from adapters.stripe.payment import StripePayment
from adapters.stripe.requests import MAX_METADATA_LENGTH, SESSION_OUTLASTS_HOLD, session_params
from adapters.stripe.time import StripeTime
from application.ports.payment import (
    PaymentBusy,
    PaymentKeyRefused,
    PaymentQueued,
    PaymentRefused,
    PaymentSession,
    PaymentUnavailable,
    SessionStatus,
)
from application.ports.throttle import Throttle
from demo.stripe_sandbox import StripeSandbox
from domain.cart import Cart, CartLine
from domain.catalog import Ticket
from domain.offering import Offering
from domain.orders import AttendeeStatus, Order
from domain.policy import CheckoutPolicy
from domain.refunds import Refund, RefundStatus
from domain.stock import Stock
from tests.contracts.builders import ADA, NOW, POLICY, Theatre, a_producer, a_refund, a_ticket, an_order, issue, new_id

SUCCESS_URL = "https://tickets.example.org/success?session_id={CHECKOUT_SESSION_ID}"
CANCEL_URL = "https://tickets.example.org/cancel"
CREATE_SESSION = "POST /v1/checkout/sessions"
CREATE_REFUND = "POST /v1/refunds"


@pytest.fixture(autouse=True)
def no_faults_left(taxing_sandbox: StripeSandbox) -> Iterator[None]:
    yield
    taxing_sandbox.control.faults.clear()


@pytest.fixture
def payment(stripe_client: Client) -> StripePayment:
    return StripePayment(stripe_client, MemoryThrottle())


@pytest.fixture
async def impatient_payment(taxing_sandbox: StripeSandbox) -> AsyncIterator[StripePayment]:
    """A payment adapter that waits for an answer only a moment."""
    http_client = HttpClient(timeout_seconds=0.2)
    client = create_client("sk_test_contracts", http_client, api_base=taxing_sandbox.url)
    yield StripePayment(client, MemoryThrottle())
    await http_client.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
def theatre() -> Theatre:
    return Theatre()


async def opened(payment: StripePayment, order: Order) -> PaymentSession:
    return await payment.open_session(order, success_url=SUCCESS_URL, cancel_url=CANCEL_URL)


async def paid(payment: StripePayment, sandbox: StripeSandbox, order: Order) -> Order:
    session = await opened(payment, order)
    sandbox.control.act(session.id, "paid")
    receipt = (await payment.session(session.id)).receipt
    assert receipt
    return order.with_receipt(receipt)


def whole(order: Order, *, refund_fees: bool = True) -> Refund:
    """A refund of all that was paid."""
    return replace(a_refund(order, amount=order.amount_paid), refund_fees=refund_fees)


def parameters(order: Order) -> dict[str, Any]:
    return dict(session_params(order, success_url=SUCCESS_URL, cancel_url=CANCEL_URL))


def charged(order: Order) -> int:
    return sum(item["quantity"] * item["price_data"]["unit_amount"] for item in parameters(order)["line_items"])


def donated(theatre: Theatre, donation: Decimal, *, promo_code: str | None) -> tuple[Order, Ticket]:
    """An order of a donation ticket beside a regular one."""
    tip = replace(a_ticket(theatre.show, price=5_00, name="Pay what you can"), is_donation_based=True)
    cart = Cart.of(
        theatre.show.id,
        [CartLine(0, tip.id, 1, donation), CartLine(1, theatre.stalls.id, 3)],
        promo_code=promo_code,
        policy=POLICY,
    )
    stock = Stock([tip, theatre.stalls], [theatre.promo_code])
    offering = Offering(theatre.show, theatre.producer, stock, POLICY)
    return offering.place(cart, ADA, order_id=new_id(), issue=issue, now=NOW), tip


@pytest.mark.parametrize("promo_code", [None, "TEST20"])
@pytest.mark.parametrize("donation", ["5.00", "17.37"])
def test_what_stripe_charges_adds_up_to_the_total(theatre: Theatre, donation: str, promo_code: str | None) -> None:
    order, _ = donated(theatre, Decimal(donation), promo_code=promo_code)

    assert charged(order) == order.quote.total


async def test_a_line_that_a_promo_code_makes_free_can_stand_beside_a_paid_one(
    payment: StripePayment, theatre: Theatre
) -> None:
    theatre.promo_code = replace(theatre.promo_code, discount=Decimal(1))
    order, _ = donated(theatre, Decimal("5.00"), promo_code="TEST20")

    assert charged(order) == order.quote.total
    assert (await opened(payment, order)).url


async def test_a_house_without_fees_can_be_paid_and_pay_back(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    free_of_charge = CheckoutPolicy(
        platform_fee=Decimal(0), processing_fee_rate=Decimal(0), processing_fee_fixed=Decimal(0)
    )
    order = an_order(theatre.producer, theatre.show, {theatre.stalls: 1}, policy=free_of_charge)

    order = await paid(payment, taxing_sandbox, order)
    await payment.refund(order, whole(order))

    refunds = await stripe_client.v1.refunds.list_async(params={"payment_intent": order.payment_intent_id or ""})
    assert [refund.amount for refund in refunds.data] == [25_00 + 2_50]


def test_the_session_outlasts_the_hold_and_is_always_asked_for_with_the_same_words(theatre: Theatre) -> None:
    order = theatre.order(2)
    assert order.expires_at

    assert parameters(order)["expires_at"] == int((order.expires_at + SESSION_OUTLASTS_HOLD).timestamp())
    assert parameters(order) == parameters(order)


async def test_the_longest_title_fits(payment: StripePayment, theatre: Theatre) -> None:
    theatre.show = replace(theatre.show, title="Ü" * 200)
    theatre.stalls = replace(theatre.stalls, name="Ä" * 200)

    assert (await opened(payment, theatre.order(1))).url


def test_an_order_without_a_hold_has_nothing_to_be_paid(theatre: Theatre) -> None:
    with pytest.raises(ValueError, match="no hold"):
        parameters(replace(theatre.order(1), expires_at=None))


async def test_the_money_goes_to_the_producer_less_our_fees(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))

    charge = await stripe_client.v1.charges.retrieve_async(order.charge_id or "")

    assert charge.amount == 54_84 + 5_48
    assert charge.application_fee_amount == 3_00 + 1_84
    assert charge.transfer_data
    assert charge.transfer_data.destination == theatre.producer.financial.stripe_account_id
    assert charge.metadata["order_id"] == str(order.id)


async def test_a_returned_payment_comes_from_the_producer_and_the_platform_alike(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))

    await payment.refund(order, whole(order))

    charge = await stripe_client.v1.charges.retrieve_async(
        order.charge_id or "", params={"expand": ["transfer", "application_fee"]}
    )
    assert charge.refunded
    assert isinstance(charge.transfer, stripe.Transfer)
    assert charge.transfer.reversed
    assert isinstance(charge.application_fee, stripe.ApplicationFee)
    assert charge.application_fee.refunded


async def test_fees_that_are_kept_stay_with_the_platform(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))

    await payment.refund(order, replace(a_refund(order, amount=50_00 + 5_48), refund_fees=False))

    charge = await stripe_client.v1.charges.retrieve_async(
        order.charge_id or "", params={"expand": ["transfer", "application_fee"]}
    )
    assert charge.amount_refunded == 50_00 + 5_48
    assert isinstance(charge.transfer, stripe.Transfer)
    assert charge.transfer.amount_reversed == 50_00 + 5_48
    assert isinstance(charge.application_fee, stripe.ApplicationFee)
    assert charge.application_fee.amount_refunded == 0


async def test_a_refund_says_whose_it_is(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))
    refund = whole(order)

    state = await payment.refund(order, refund)

    made = await stripe_client.v1.refunds.retrieve_async(state.provider_refund_id)
    assert made.metadata
    assert made.metadata.to_dict() == {"order_id": str(order.id), "refund_id": str(refund.id)}


async def test_an_order_that_was_never_paid_has_nothing_to_give_back(payment: StripePayment, theatre: Theatre) -> None:
    order = theatre.order(1)

    with pytest.raises(PaymentRefused):
        await payment.refund(order, a_refund(order))


async def test_more_than_was_paid_is_not_given_back(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))

    with pytest.raises(PaymentRefused):
        await payment.refund(order, a_refund(order, amount=order.amount_paid + 1))


@pytest.mark.parametrize("status", [RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.CANCELED])
async def test_a_refund_that_is_not_there_yet_is_not_taken_for_money_given_back(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre, status: RefundStatus
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))
    taxing_sandbox.control.plan_refunds(status)

    assert (await payment.refund(order, whole(order))).status is status


async def test_a_refund_that_fails_is_not_taken_for_money_given_back(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))
    taxing_sandbox.control.plan_refunds("failed")

    state = await payment.refund(order, whole(order))

    assert (state.status, state.failure_reason) == (RefundStatus.FAILED, "lost_or_stolen_card")


async def transfer_of(client: StripeClient, order: Order) -> stripe.Transfer:
    charge = await client.v1.charges.retrieve_async(order.charge_id or "", params={"expand": ["transfer"]})
    assert isinstance(charge.transfer, stripe.Transfer)
    return charge.transfer


async def test_the_producer_reads_on_the_transfer_what_it_was_for(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = (await paid(payment, taxing_sandbox, theatre.order(3))).with_attendees(issue)

    await payment.describe_transfer(order)

    transfer = await transfer_of(stripe_client, order)
    assert transfer.description == f"Twelfth Night: 3 × Ada Lovelace ({order.number})"
    assert transfer.metadata.to_dict() == {
        "order_id": str(order.id),
        "show_id": str(theatre.show.id),
        "show_title": "Twelfth Night",
        "attendee_count": "3",
        "order_name": "Ada Lovelace",
        "order_email": "ada@example.org",
    }


async def test_the_longest_title_fits_on_a_transfer(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(1))

    await payment.describe_transfer(replace(order, show_title="Ü" * 2 * MAX_METADATA_LENGTH))

    transfer = await transfer_of(stripe_client, order)
    assert transfer.metadata["show_title"] == "Ü" * MAX_METADATA_LENGTH


async def test_a_transfer_is_described_anew_when_fewer_are_left_to_come(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = (await paid(payment, taxing_sandbox, theatre.order(2))).with_attendees(issue)
    await payment.describe_transfer(order)
    first, second = order.attendees

    await payment.describe_transfer(replace(order, attendees=(replace(first, status=AttendeeStatus.VOID), second)))

    assert (await transfer_of(stripe_client, order)).metadata["attendee_count"] == "1"


async def test_a_payment_without_a_transfer_cannot_be_described(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    params = parameters(theatre.order(1))
    del params["payment_intent_data"]
    session = await stripe_client.v1.checkout.sessions.create_async(params=params)  # type: ignore[arg-type]
    taxing_sandbox.control.act(session.id, "paid")
    receipt = (await payment.session(session.id)).receipt
    assert receipt

    with pytest.raises(PaymentRefused, match="no transfer"):
        await payment.describe_transfer(theatre.order(1).with_receipt(receipt))


@pytest.mark.parametrize("reference", [None, "cart 42"])
async def test_a_session_that_somebody_else_made_is_nobodys(
    payment: StripePayment, stripe_client: StripeClient, theatre: Theatre, reference: str | None
) -> None:
    params = parameters(theatre.order(1))
    del params["client_reference_id"]
    if reference:
        params["client_reference_id"] = reference
    session = await stripe_client.v1.checkout.sessions.create_async(params=params)  # type: ignore[arg-type]

    assert (await payment.session(session.id)).order_id is None


async def test_only_sessions_of_late_are_looked_through(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre
) -> None:
    session = await opened(payment, theatre.order(1))
    taxing_sandbox.control.act(session.id, "paid")

    async def listed(since: datetime) -> bool:
        return session.id in {found.id for found in await payment.paid_sessions(since=since)}

    assert await listed(NOW)
    assert not await listed(NOW + timedelta(seconds=1))


async def test_sessions_of_all_pages_are_looked_through(taxing_sandbox: StripeSandbox, theatre: Theatre) -> None:
    async with StripeSandbox(taxing_sandbox.options) as sandbox, payment_of(sandbox) as payment:
        sessions = [await opened(payment, theatre.order(1)) for _ in range(101)]
        for session in sessions:
            sandbox.control.act(session.id, "paid")

        found = await payment.paid_sessions(since=NOW)

    assert [session.id for session in found] == [session.id for session in reversed(sessions)]


@asynccontextmanager
async def payment_of(sandbox: StripeSandbox, throttle: Throttle | None = None) -> AsyncIterator[StripePayment]:
    """The adapter with a separate sandbox."""
    http_client = HttpClient(timeout_seconds=5)
    client = create_client("sk_test_contracts", http_client, api_base=sandbox.url)
    try:
        yield StripePayment(client, throttle or MemoryThrottle())
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("said", "pause_seconds"), [(None, RATE_LIMIT_PAUSE_SECONDS), (7, 7)])
async def test_a_stripe_that_is_called_too_often_says_when_to_come_again(
    taxing_sandbox: StripeSandbox, theatre: Theatre, said: int | None, pause_seconds: float
) -> None:
    options = replace(taxing_sandbox.options, endpoint_rate_per_second=0.001, rate_limit_retry_after_seconds=said)
    async with StripeSandbox(options) as sandbox, payment_of(sandbox) as payment:
        await opened(payment, theatre.order(1))

        with pytest.raises(PaymentQueued) as queued:
            await opened(payment, theatre.order(1))

    assert queued.value.retry_after_seconds == pause_seconds


class WaitingPace:
    """A throttle whose slots come a moment later, and that records their keys."""

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self.keys: list[str] = []

    async def reserve(self, key: str, *, max_wait_seconds: float | None) -> tuple[bool, float]:
        self.keys.append(key)
        return True, self.wait_seconds


async def test_a_call_waits_for_its_turn(taxing_sandbox: StripeSandbox, theatre: Theatre) -> None:
    async with payment_of(taxing_sandbox, WaitingPace(0.05)) as payment:
        started = time.monotonic()
        await opened(payment, theatre.order(1))

    assert time.monotonic() - started >= 0.05


async def test_every_endpoint_has_a_lane_of_its_own(taxing_sandbox: StripeSandbox, theatre: Theatre) -> None:
    throttle = WaitingPace(0)
    async with payment_of(taxing_sandbox, throttle) as payment:
        order = await paid(payment, taxing_sandbox, theatre.order(1))
        await payment.expire_session((await opened(payment, theatre.order(1))).id)
        await payment.intent(order.payment_intent_id or "")
        await payment.describe_transfer(order)
        refund = await payment.refund(order, a_refund(order))
        await payment.refund_state(refund.provider_refund_id)
        await payment.refunds_of_charge(order.charge_id or "")
        await payment.dispute(str(taxing_sandbox.control.open_dispute(order.charge_id or "")["id"]))
        await payment.charges_enabled(order.stripe_account_id or "")
        await payment.paid_sessions(since=NOW)

    assert set(throttle.keys) == {
        "sessions.create",
        "sessions.retrieve",
        "sessions.expire",
        "sessions.list",
        "payment_intents.retrieve",
        "charges.retrieve",
        "transfers.update",
        "refunds.create",
        "refunds.retrieve",
        "refunds.list",
        "disputes.retrieve",
        "accounts.retrieve",
    }


@pytest.mark.parametrize("fault", ["connection_reset", "answer_lost", "server_error"])
async def test_one_lost_answer_is_made_good_by_repeating(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre, fault: str
) -> None:
    order = theatre.order(1)
    taxing_sandbox.control.inject_fault(CREATE_SESSION, fault)

    session = await opened(payment, order)

    assert session.status is SessionStatus.OPEN
    assert await opened(payment, order) == session


@pytest.mark.parametrize(("fault", "calls"), [("connection_reset", 2), ("server_error", 2), ("rate_limited", 1)])
async def test_an_outage_that_lasts_is_unavailable_and_the_next_call_makes_the_session(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre, fault: str, calls: int
) -> None:
    order = theatre.order(1)
    taxing_sandbox.control.inject_fault(CREATE_SESSION, fault, times=calls)

    with pytest.raises(PaymentUnavailable):
        await opened(payment, order)

    assert (await opened(payment, order)).status is SessionStatus.OPEN


async def test_a_stripe_that_hangs_is_unavailable_when_the_time_is_up(
    impatient_payment: StripePayment, payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre
) -> None:
    order = theatre.order(1)
    taxing_sandbox.control.inject_fault(CREATE_SESSION, "timeout_before", times=2, delay_seconds=5)

    async with asyncio.timeout(3):
        with pytest.raises(PaymentUnavailable):
            await opened(impatient_payment, order)

    assert (await opened(payment, order)).status is SessionStatus.OPEN


async def test_the_same_call_in_flight_is_busy_and_makes_no_second_session(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre
) -> None:
    order = theatre.order(1)
    taxing_sandbox.control.inject_fault(CREATE_SESSION, "slow", delay_seconds=1.2)

    first, second = await asyncio.gather(opened(payment, order), opened(payment, order), return_exceptions=True)

    assert {type(first), type(second)} == {PaymentSession, PaymentBusy}


async def test_a_refund_whose_answer_was_lost_is_made_once(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))
    taxing_sandbox.control.inject_fault(CREATE_REFUND, "answer_lost")

    await payment.refund(order, whole(order))

    refunds = await stripe_client.v1.refunds.list_async(params={"payment_intent": order.payment_intent_id or ""})
    assert [refund.amount for refund in refunds.data] == [54_84 + 5_48]


@pytest.mark.parametrize("failure", ["failed_within", "failed_after"])
async def test_a_failure_that_stripe_remembers_keeps_no_order_from_its_one_session(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre, failure: str
) -> None:
    now = datetime.fromtimestamp(taxing_sandbox.control.now(), UTC)
    order = replace(theatre.order(2), created_at=now)
    taxing_sandbox.control.inject_fault(CREATE_SESSION, failure)

    session = await opened(payment, order)

    assert (session.order_id, session.status) == (order.id, SessionStatus.OPEN)
    assert await opened(payment, order) == session
    taxing_sandbox.control.act(session.id, "paid")
    assert [s.id for s in await payment.paid_sessions(since=now) if s.order_id == order.id] == [session.id]


@pytest.mark.parametrize("failure", ["failed_within", "failed_after"])
async def test_a_failure_that_stripe_remembers_keeps_no_refund_from_being_made_once(
    payment: StripePayment,
    taxing_sandbox: StripeSandbox,
    stripe_client: StripeClient,
    theatre: Theatre,
    failure: str,
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))
    refund = whole(order)
    taxing_sandbox.control.inject_fault(CREATE_REFUND, failure)

    made = await payment.refund(order, refund)

    assert await payment.refund(order, refund) == made
    refunds = await stripe_client.v1.refunds.list_async(params={"payment_intent": order.payment_intent_id or ""})
    assert [refund.amount for refund in refunds.data] == [54_84 + 5_48]


@pytest.mark.parametrize("failure", ["failed_within", "failed_after"])
async def test_a_failure_that_stripe_remembers_keeps_no_producer_from_their_one_account(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, failure: str
) -> None:
    producer = a_producer()
    taxing_sandbox.control.inject_fault("POST /v1/accounts", failure)

    account_id = await payment.create_account(producer)

    listed = await stripe_client.v1.accounts.list_async(params={"limit": 100})
    theirs = [a.id async for a in listed.auto_paging_iter() if str(producer.id) in str(a.metadata)]
    assert theirs == [account_id]


@pytest.mark.parametrize("first_call", ["made a session", "was refused"])
async def test_an_order_asked_for_anew_in_other_words_still_has_one_session(
    payment: StripePayment, taxing_sandbox: StripeSandbox, theatre: Theatre, first_call: str
) -> None:
    """PUBLIC_URL, a secret or our release changed between two tries: Stripe refuses the key for other parameters."""
    now = datetime.fromtimestamp(taxing_sandbox.control.now(), UTC)
    order = replace(theatre.order(2), created_at=now)
    if first_call == "was refused":
        taxing_sandbox.control.inject_fault(CREATE_SESSION, "card_declined")
    with suppress(PaymentRefused):
        await opened(payment, order)

    session = await payment.open_session(order, success_url="https://moved.example/success", cancel_url=CANCEL_URL)

    assert (session.order_id, session.status) == (order.id, SessionStatus.OPEN)
    taxing_sandbox.control.act(session.id, "paid")
    assert [s.id for s in await payment.paid_sessions(since=now) if s.order_id == order.id] == [session.id]
    made = [
        call for call in taxing_sandbox.control.requests.requests(CREATE_SESSION) if str(order.id) in str(call.params)
    ]
    assert sum(call.status == 200 for call in made) == 1


@pytest.mark.parametrize("lost", [1, 2])
async def test_another_refund_in_the_place_of_one_that_failed_takes_nothing_from_the_producer_twice(
    payment: StripePayment, taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre, lost: int
) -> None:
    order = await paid(payment, taxing_sandbox, theatre.order(2))
    for sequence in range(1, lost + 1):
        failed = await payment.refund(order, a_refund(order, sequence=sequence, amount=20_00))
        taxing_sandbox.control.settle_refund(failed.provider_refund_id, "failed")

    await payment.refund(order, a_refund(order, sequence=lost + 1, amount=20_00))
    assert await reversed_of(stripe_client, order) == 20_00
    await payment.refund(order, a_refund(order, sequence=lost + 2, amount=30_00))
    assert await reversed_of(stripe_client, order) == 50_00


async def reversed_of(stripe_client: StripeClient, order: Order) -> int:
    """The amount of an order's transfer that the producer has given back."""
    charge = await stripe_client.v1.charges.retrieve_async(order.charge_id or "")
    return (await stripe_client.v1.transfers.retrieve_async(str(charge.transfer))).amount_reversed


async def test_a_key_that_stripe_does_not_know_is_told_apart_from_what_stripe_will_never_do(
    taxing_sandbox: StripeSandbox, theatre: Theatre
) -> None:
    http_client = HttpClient(timeout_seconds=5)
    payment = StripePayment(create_client("", http_client, api_base=taxing_sandbox.url), MemoryThrottle())
    try:
        with pytest.raises(PaymentKeyRefused):
            await opened(payment, theatre.order(1))
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "off", [timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=-7), timedelta(days=2), timedelta(days=-2)]
)
async def test_a_house_whose_clock_is_off_opens_sessions_that_end_by_stripes_clock(
    taxing_sandbox: StripeSandbox, stripe_client: StripeClient, theatre: Theatre, off: timedelta
) -> None:
    stripe_time = StripeTime(MemoryClock(NOW + off))
    http_client = HttpClient(heard=stripe_time.heard)
    payment = StripePayment(
        create_client("sk_test_contracts", http_client, api_base=taxing_sandbox.url),
        MemoryThrottle(),
        stripe_time=stripe_time,
    )
    first, second = theatre.order(1), theatre.order(1)
    assert second.expires_at
    session_id = ""
    try:
        for order in (first, second):
            assert order.expires_at
            held = replace(order, created_at=order.created_at + off, expires_at=order.expires_at + off)
            session_id = (await opened(payment, held)).id
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]
    ends_at = (await stripe_client.v1.checkout.sessions.retrieve_async(session_id)).expires_at
    expected = second.expires_at + SESSION_OUTLASTS_HOLD
    assert abs(datetime.fromtimestamp(ends_at, UTC) - expected) <= timedelta(minutes=2.5)
