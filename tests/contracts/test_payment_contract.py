"""The Payment port: any call may be repeated after a failure, and finds what the first one made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.payment import MemoryPayment
from adapters.memory.throttle import MemoryThrottle
from adapters.stripe.client import Client, HttpClient, create_client
from adapters.stripe.payment import StripePayment
from application.ports.payment import (
    Payment,
    PaymentIntent,
    PaymentObjectNotFound,
    PaymentQueued,
    PaymentRefused,
    PaymentSession,
    PaymentUnavailable,
    RefundState,
    SessionStatus,
)
from demo.stripe_sandbox import StripeSandbox
from domain.disputes import Dispute, DisputeStatus
from domain.duplicate_payments import DuplicatePayment
from domain.orders import Order
from domain.refunds import Refund, RefundStatus
from tests.contracts.builders import NOW, Theatre, a_producer, a_refund
from tests.contracts.providers import MemoryProvider, Provider, StripeProvider
from tests.support.disputes import dispute_of

SUCCESS_URL = "https://tickets.example.org/success?session_id={CHECKOUT_SESSION_ID}"
CANCEL_URL = "https://tickets.example.org/cancel"
#: 2 x 25.00 with fees, and 10 % of that.
TOTAL, TAX = 54_84, 5_48


@pytest.fixture(params=["memory", "stripe"])
async def provider(request: pytest.FixtureRequest, stripe_client: Client, taxing_sandbox: StripeSandbox) -> Provider:
    if request.param == "memory":
        return MemoryProvider()
    return StripeProvider(stripe_client, taxing_sandbox)


@pytest.fixture
def payment(provider: Provider) -> Payment:
    return provider.payment


@pytest.fixture(params=["memory", "stripe"])
async def unreachable(request: pytest.FixtureRequest, closed_port: int) -> AsyncIterator[Payment]:
    if request.param == "memory":
        memory = MemoryPayment()
        memory.available = False
        yield memory
        return
    http_client = HttpClient()
    client = create_client("sk_test_away", http_client, api_base=f"http://127.0.0.1:{closed_port}")
    yield StripePayment(client, MemoryThrottle())
    await http_client.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
def order() -> Order:
    return Theatre().order(2)


async def opened(payment: Payment, order: Order) -> PaymentSession:
    return await payment.open_session(order, success_url=SUCCESS_URL, cancel_url=CANCEL_URL)


async def paid_for(provider: Provider, order: Order) -> Order:
    """The order after its session was paid."""
    session = await opened(provider.payment, order)
    provider.pay(session.id, tax=TAX)
    receipt = (await provider.payment.session(session.id)).receipt
    assert receipt
    return order.with_receipt(receipt)


async def test_an_open_session_has_a_page_to_pay_on(payment: Payment, order: Order) -> None:
    session = await opened(payment, order)

    assert session.url
    assert session.url.startswith("http")
    assert session == PaymentSession(
        id=session.id, order_id=order.id, status=SessionStatus.OPEN, url=session.url, receipt=None
    )
    assert await payment.session(session.id) == session


async def test_opening_again_finds_the_same_session(payment: Payment, order: Order) -> None:
    first = await opened(payment, order)

    assert await opened(payment, order) == first


async def test_two_orders_have_two_sessions(payment: Payment, order: Order) -> None:
    other = await opened(payment, Theatre().order(2))

    assert (await opened(payment, order)).id != other.id


async def test_a_payment_brings_a_receipt_with_the_tax_on_top(
    provider: Provider, payment: Payment, order: Order
) -> None:
    session = await opened(payment, order)

    provider.pay(session.id, tax=TAX)

    paid = await payment.session(session.id)
    assert paid.status is SessionStatus.COMPLETE
    assert paid.order_id == order.id
    assert paid.receipt
    assert (paid.receipt.amount, paid.receipt.tax) == (TOTAL + TAX, TAX)
    assert paid.receipt.currency.upper() == "USD"
    assert paid.receipt.payment_intent_id
    assert paid.receipt.charge_id


async def test_opening_again_after_the_payment_makes_no_second_session(
    provider: Provider, payment: Payment, order: Order
) -> None:
    session = await opened(payment, order)
    provider.pay(session.id, tax=TAX)

    assert (await opened(payment, order)).id == session.id


async def test_a_delayed_payment_is_complete_without_a_receipt_until_the_money_arrives(
    provider: Provider, payment: Payment, order: Order
) -> None:
    session = await opened(payment, order)

    provider.pay_by_delayed_method(session.id)
    waiting = await payment.session(session.id)
    provider.money_arrives(session.id, tax=TAX)
    arrived = await payment.session(session.id)

    assert (waiting.status, waiting.receipt) == (SessionStatus.COMPLETE, None)
    assert arrived.status is SessionStatus.COMPLETE
    assert arrived.receipt
    assert (arrived.receipt.amount, arrived.receipt.tax) == (TOTAL + TAX, TAX)


async def test_a_delayed_payment_that_does_not_come_has_failed_for_good(
    provider: Provider, payment: Payment, order: Order
) -> None:
    session = await opened(payment, order)
    provider.pay_by_delayed_method(session.id)

    provider.money_fails(session.id)

    failed = await payment.session(session.id)
    assert (failed.status, failed.receipt) == (SessionStatus.FAILED, None)
    assert await payment.expire_session(session.id) == failed


async def test_an_expired_session_cannot_be_paid_any_more(payment: Payment, order: Order) -> None:
    session = await opened(payment, order)

    expired = await payment.expire_session(session.id)

    assert expired == PaymentSession(
        id=session.id, order_id=order.id, status=SessionStatus.EXPIRED, url=None, receipt=None
    )
    assert await payment.session(session.id) == expired


async def test_expiring_again_changes_nothing(payment: Payment, order: Order) -> None:
    session = await opened(payment, order)

    first = await payment.expire_session(session.id)

    assert await payment.expire_session(session.id) == first


async def test_expiring_a_paid_session_tells_that_it_was_paid(
    provider: Provider, payment: Payment, order: Order
) -> None:
    session = await opened(payment, order)
    provider.pay(session.id, tax=TAX)

    too_late = await payment.expire_session(session.id)

    assert too_late.status is SessionStatus.COMPLETE
    assert too_late.receipt
    assert too_late == await payment.session(session.id)


async def test_expiring_a_session_with_a_delayed_payment_leaves_it_complete(
    provider: Provider, payment: Payment, order: Order
) -> None:
    session = await opened(payment, order)
    provider.pay_by_delayed_method(session.id)

    too_late = await payment.expire_session(session.id)

    assert (too_late.status, too_late.receipt) == (SessionStatus.COMPLETE, None)


async def test_a_session_nobody_made_is_not_found(payment: Payment) -> None:
    with pytest.raises(PaymentObjectNotFound):
        await payment.session("cs_test_nobody_made_this")
    with pytest.raises(PaymentObjectNotFound):
        await payment.expire_session("cs_test_nobody_made_this")


async def test_a_refusal_is_no_outage(provider: Provider, payment: Payment, order: Order) -> None:
    provider.refuse(order)

    with pytest.raises(PaymentRefused):
        await opened(payment, order)


async def test_a_session_whose_turn_comes_in_time_is_opened(provider: Provider, payment: Payment, order: Order) -> None:
    provider.queue(0.5)

    session = await payment.open_session(order, success_url=SUCCESS_URL, cancel_url=CANCEL_URL, max_wait_seconds=0.5)

    assert session.url


async def test_a_session_whose_turn_comes_later_is_not_opened_and_the_turn_is_told(
    provider: Provider, payment: Payment, order: Order
) -> None:
    provider.queue(12.5)

    with pytest.raises(PaymentQueued) as queued:
        await payment.open_session(order, success_url=SUCCESS_URL, cancel_url=CANCEL_URL, max_wait_seconds=0.5)

    assert queued.value.retry_after_seconds == 12.5
    assert (await opened(payment, order)).url


async def test_sessions_that_are_complete_are_listed_newest_first(
    provider: Provider, payment: Payment, order: Order
) -> None:
    first, delayed, unpaid, last = [await opened(payment, each) for each in (order, *three_orders())]
    for session in (first, last):
        provider.pay(session.id, tax=TAX)
    provider.pay_by_delayed_method(delayed.id)

    listed = await payment.paid_sessions(since=NOW - timedelta(days=1))

    ours = [session for session in listed if session.id in {first.id, delayed.id, unpaid.id, last.id}]
    assert ours == [await payment.session(session.id) for session in (last, delayed, first)]
    assert [bool(session.receipt) for session in ours] == [True, False, True]


def three_orders() -> list[Order]:
    return [Theatre().order(2) for _ in range(3)]


async def test_a_payment_that_was_declined_says_why_and_whose_it_is(
    provider: Provider, payment: Payment, order: Order
) -> None:
    session = await opened(payment, order)

    intent_id = provider.decline(session.id)

    declined = await payment.intent(intent_id)
    assert declined == PaymentIntent(id=intent_id, order_id=order.id, last_error=declined.last_error)
    assert declined.last_error
    assert "declined" in declined.last_error
    assert (await payment.session(session.id)).status is SessionStatus.OPEN


async def test_a_payment_that_went_well_has_no_error(provider: Provider, payment: Payment, order: Order) -> None:
    paid = await paid_for(provider, order)
    assert paid.payment_intent_id

    intent = await payment.intent(paid.payment_intent_id)

    assert intent == PaymentIntent(id=paid.payment_intent_id, order_id=order.id, last_error=None)


async def test_a_payment_is_given_back_in_full(provider: Provider, payment: Payment, order: Order) -> None:
    order = await paid_for(provider, order)
    refund = a_refund(order, amount=TOTAL + TAX)

    state = await payment.refund(order, refund)

    assert state == made(order, refund, state)
    assert await provider.given_back(order) == [TOTAL + TAX]


def made(order: Order, refund: Refund, state: RefundState) -> RefundState:
    """The state of a refund that has just been made."""
    return RefundState(
        provider_refund_id=state.provider_refund_id,
        payment_intent_id=order.payment_intent_id,
        refund_id=refund.id,
        amount=refund.amount,
        status=RefundStatus.SUCCEEDED,
        failure_reason=None,
    )


async def test_a_payment_is_given_back_in_parts(provider: Provider, payment: Payment, order: Order) -> None:
    order = await paid_for(provider, order)

    for sequence, amount in enumerate((10_00, 10_00, 40_32), start=1):
        await payment.refund(order, a_refund(order, sequence=sequence, amount=amount))

    assert sorted(await provider.given_back(order)) == [10_00, 10_00, 40_32]


@pytest.mark.parametrize("amount", [10_00, TOTAL + TAX])
async def test_a_payment_is_given_back_once_however_often_asked(
    provider: Provider, payment: Payment, order: Order, amount: int
) -> None:
    order = await paid_for(provider, order)
    refund = a_refund(order, amount=amount)

    first = await payment.refund(order, refund)
    again = [await payment.refund(order, refund) for _ in range(3)]

    assert again == [first] * 3
    assert await provider.given_back(order) == [amount]


@pytest.mark.parametrize("amount", [10_00, TOTAL + TAX])
async def test_asking_again_days_later_gives_back_nothing_more_and_is_no_refusal(
    provider: Provider, payment: Payment, order: Order, amount: int
) -> None:
    order = await paid_for(provider, order)
    refund = a_refund(order, amount=amount)
    first = await payment.refund(order, refund)

    provider.forget_repetitions()

    assert await payment.refund(order, refund) == first
    assert await provider.given_back(order) == [amount]


async def test_a_refund_that_cannot_be_made_is_refused(provider: Provider, payment: Payment, order: Order) -> None:
    order = await paid_for(provider, order)
    provider.refuse_refunds(order)

    with pytest.raises(PaymentRefused):
        await payment.refund(order, a_refund(order))

    assert await provider.given_back(order) == []


async def test_a_refund_can_be_asked_about(provider: Provider, payment: Payment, order: Order) -> None:
    order = await paid_for(provider, order)
    state = await payment.refund(order, a_refund(order))

    assert await payment.refund_state(state.provider_refund_id) == state


async def test_a_refund_may_fail_long_after_it_was_there(provider: Provider, payment: Payment, order: Order) -> None:
    order = await paid_for(provider, order)
    state = await payment.refund(order, a_refund(order))

    provider.fail_refund(state.provider_refund_id)

    failed = await payment.refund_state(state.provider_refund_id)
    assert failed == replace(state, status=RefundStatus.FAILED, failure_reason="lost_or_stolen_card")


async def test_all_refunds_of_a_charge_are_listed_oldest_first_with_those_made_by_hand(
    provider: Provider, payment: Payment, order: Order
) -> None:
    order = await paid_for(provider, order)
    assert order.charge_id
    ours = await payment.refund(order, a_refund(order))
    await provider.refund_by_hand(order, 5_00)

    first, by_hand = await payment.refunds_of_charge(order.charge_id)

    assert first == ours
    assert (by_hand.refund_id, by_hand.amount) == (None, 5_00)
    assert by_hand.payment_intent_id == order.payment_intent_id


async def test_a_charge_that_was_not_refunded_has_no_refunds(
    provider: Provider, payment: Payment, order: Order
) -> None:
    order = await paid_for(provider, order)

    assert await payment.refunds_of_charge(order.charge_id or "") == []


@pytest.mark.parametrize("won", [True, False])
async def test_a_dispute_is_undecided_until_it_is_closed(
    provider: Provider, payment: Payment, order: Order, won: bool
) -> None:
    order = await paid_for(provider, order)

    dispute_id = provider.open_dispute(order)
    opened_dispute = await payment.dispute(dispute_id)
    provider.close_dispute(dispute_id, won=won)
    closed_dispute = await payment.dispute(dispute_id)

    assert (opened_dispute.id, opened_dispute.payment_intent_id) == (dispute_id, order.payment_intent_id)
    assert (opened_dispute.amount, opened_dispute.lost, opened_dispute.reason) == (TOTAL + TAX, 0, "fraudulent")
    assert opened_dispute.status is DisputeStatus.NEEDS_RESPONSE
    assert opened_dispute.evidence_due_by
    assert opened_dispute.evidence_due_by > opened_dispute.opened_at
    status, lost = (DisputeStatus.WON, 0) if won else (DisputeStatus.LOST, TOTAL + TAX)
    assert closed_dispute == replace(opened_dispute, status=status, lost=lost)


async def lose(provider: Provider, payment: Payment, order: Order) -> Dispute:
    dispute_id = provider.open_dispute(order)
    provider.close_dispute(dispute_id, won=False)
    state = await payment.dispute(dispute_id)
    return dispute_of(order, id=dispute_id, amount=state.amount, status=state.status)


async def test_a_lost_dispute_reverses_the_transfer_once(provider: Provider, payment: Payment, order: Order) -> None:
    order = await paid_for(provider, order)
    lost = await lose(provider, payment, order)

    reversal_id = await payment.reverse_transfer(order, lost)
    provider.forget_repetitions()

    assert reversal_id
    assert await payment.reverse_transfer(order, lost) == reversal_id


async def test_no_more_is_reversed_than_is_left_of_the_transfer(
    provider: Provider, payment: Payment, order: Order
) -> None:
    order = await paid_for(provider, order)
    await payment.refund(order, a_refund(order, amount=TOTAL + TAX))

    assert await payment.reverse_transfer(order, dispute_of(order, status=DisputeStatus.LOST)) is None


async def test_an_account_can_take_charges_until_it_is_stopped(
    provider: Provider, payment: Payment, order: Order
) -> None:
    await opened(payment, order)
    account_id = order.stripe_account_id
    assert account_id
    assert await payment.charges_enabled(account_id)

    provider.disable(account_id)

    assert not await payment.charges_enabled(account_id)


async def test_a_producer_gets_one_account_which_can_take_no_charges_yet(payment: Payment) -> None:
    producer = a_producer()

    account_id = await payment.create_account(producer)

    assert account_id.startswith("acct_")
    assert not await payment.charges_enabled(account_id)
    assert await payment.create_account(replace(producer, name="Another name")) == account_id
    assert await payment.create_account(a_producer()) != account_id


async def test_account_that_was_made_for_a_producer_is_found_again(payment: Payment) -> None:
    producer, before = a_producer(), NOW
    assert await payment.account_made(producer, since=before) is None

    account_id = await payment.create_account(producer)
    await payment.create_account(a_producer())

    assert await payment.account_made(producer, since=before) == account_id


async def test_an_account_is_led_to_a_page_of_the_providers(payment: Payment) -> None:
    account_id = await payment.create_account(a_producer())

    link = await payment.account_link(account_id, come_back_url=CANCEL_URL)

    assert link.url.startswith("http")
    assert link.expires_at > NOW


async def test_what_is_no_account_is_refused(payment: Payment) -> None:
    with pytest.raises(PaymentRefused):
        await payment.charges_enabled("somebody")
    with pytest.raises(PaymentRefused):
        await payment.account_link("somebody", come_back_url=CANCEL_URL)


async def test_a_transfer_can_be_described_again(provider: Provider, payment: Payment, order: Order) -> None:
    order = await paid_for(provider, order)

    await payment.describe_transfer(order)
    await payment.describe_transfer(order)


async def test_what_nobody_made_is_not_found(payment: Payment) -> None:
    with pytest.raises(PaymentObjectNotFound):
        await payment.intent("pi_nobody_made_this")
    with pytest.raises(PaymentObjectNotFound):
        await payment.refund_state("re_nobody_made_this")
    with pytest.raises(PaymentObjectNotFound):
        await payment.dispute("dp_nobody_made_this")


async def test_a_provider_that_is_away_is_unavailable_for_every_call(unreachable: Payment, order: Order) -> None:
    paid = replace(order, payment_intent_id="pi_paid", charge_id="ch_paid", tax=TAX)

    outcomes = await asyncio.gather(
        opened(unreachable, order),
        unreachable.session("cs_any"),
        unreachable.expire_session("cs_any"),
        unreachable.paid_sessions(since=NOW),
        unreachable.intent("pi_any"),
        unreachable.refund(paid, a_refund(paid)),
        unreachable.refund_state("re_any"),
        unreachable.refunds_of_charge("ch_any"),
        unreachable.dispute("dp_any"),
        unreachable.disputes_of_payment("pi_any"),
        unreachable.recover_duplicate(paid, duplicate_of(paid)),
        unreachable.charges_enabled("acct_any"),
        unreachable.describe_transfer(paid),
        unreachable.create_account(a_producer()),
        unreachable.account_made(a_producer(), since=NOW),
        unreachable.account_link("acct_any", come_back_url=CANCEL_URL),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [PaymentUnavailable] * 16


def duplicate_of(order: Order) -> DuplicatePayment:
    """The order's payment, treated as a second one."""
    return DuplicatePayment(
        payment_intent_id=order.payment_intent_id or "",
        order_id=order.id,
        amount=order.amount_paid,
        currency=order.quote.currency.code,
        received_at=order.created_at,
    )


async def test_duplicate_payment_is_returned_whole_and_once(provider: Provider, payment: Payment, order: Order) -> None:
    paid = await paid_for(provider, order)
    duplicate = duplicate_of(paid)

    first = await payment.return_payment(paid, duplicate)

    assert [(state.amount, state.status) for state in first] == [(paid.amount_paid, RefundStatus.SUCCEEDED)]
    assert await payment.return_payment(paid, duplicate) == first
    assert await payment.refunds_of_payment(duplicate.payment_intent_id) == first
    assert await provider.given_back(paid) == [paid.amount_paid]


async def test_duplicate_payment_is_returned_for_what_is_left_and_again_where_that_failed(
    provider: Provider, payment: Payment, order: Order
) -> None:
    paid = await paid_for(provider, order)
    await provider.refund_by_hand(paid, 10_00)
    [_, rest] = await payment.return_payment(paid, duplicate_of(paid))
    assert rest.amount == paid.amount_paid - 10_00
    provider.fail_refund(rest.provider_refund_id)

    *_, again = await payment.return_payment(paid, duplicate_of(paid))

    assert (again.amount, again.status) == (rest.amount, RefundStatus.SUCCEEDED)
    assert again.provider_refund_id != rest.provider_refund_id


async def test_duplicate_payment_that_cannot_be_returned_is_refused(
    provider: Provider, payment: Payment, order: Order
) -> None:
    paid = await paid_for(provider, order)
    provider.refuse_refunds(paid)

    with pytest.raises(PaymentRefused):
        await payment.return_payment(paid, duplicate_of(paid))


async def test_disputes_of_a_payment_are_listed(provider: Provider, payment: Payment, order: Order) -> None:
    paid = await paid_for(provider, order)
    intent_id = paid.payment_intent_id or ""
    assert await payment.disputes_of_payment(intent_id) == []

    dispute_id = provider.open_dispute(paid)

    assert await payment.disputes_of_payment(intent_id) == [await payment.dispute(dispute_id)]
    assert await payment.disputes_of_payment("pi_unknown") == []


async def test_what_a_bank_took_of_a_duplicate_payment_is_recovered_once(
    provider: Provider, payment: Payment, order: Order
) -> None:
    paid = await paid_for(provider, order)
    lost = await lose(provider, payment, paid)
    assert lost.amount == paid.amount_paid
    some = duplicate_of(paid).with_disputes(taken=5_00, contested=False)
    assert await payment.recover_duplicate(paid, duplicate_of(paid)) == 0

    assert await payment.recover_duplicate(paid, some) == 5_00
    provider.forget_repetitions()
    assert await payment.recover_duplicate(paid, some) == 5_00
    all_of_it = some.with_disputes(taken=paid.amount_paid, contested=False)
    assert await payment.recover_duplicate(paid, all_of_it) == paid.amount_paid


async def test_session_is_found_by_its_payment(provider: Provider, payment: Payment, order: Order) -> None:
    paid = await paid_for(provider, order)

    session = await payment.session_of_payment(paid.payment_intent_id or "")

    assert session
    assert (session.order_id, session.receipt and session.receipt.amount) == (order.id, paid.amount_paid)
    assert await payment.session_of_payment("pi_unknown") is None


async def test_refunds_and_disputes_of_late_are_listed(provider: Provider, payment: Payment, order: Order) -> None:
    paid = await paid_for(provider, order)
    await provider.refund_by_hand(paid, 10_00)
    dispute_id = provider.open_dispute(paid)
    since = order.created_at - timedelta(hours=1)

    refunds = await payment.refunds_since(since)
    disputes = await payment.disputes_since(since)

    assert [state.amount for state in refunds if state.payment_intent_id == paid.payment_intent_id] == [10_00]
    assert await payment.dispute(dispute_id) in disputes
