"""Stripe's answers as objects of the application."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import stripe

from application.ports.payment import DisputeState, PaymentIntent, PaymentSession, RefundState, SessionStatus
from domain.disputes import LOST_FOR_NOW, DisputeStatus
from domain.orders import Receipt
from domain.refunds import FAILED_STATUSES, RefundStatus

#: The intent of a delayed payment that failed: the buyer would have to pay again, which a complete session forbids.
_FAILED_INTENTS = frozenset({"requires_payment_method", "canceled"})


class Charge(msgspec.Struct):
    id: str


class Intent(msgspec.Struct):
    id: str
    status: str
    latest_charge: str | Charge | None = None


class TotalDetails(msgspec.Struct):
    amount_tax: int


class Session(msgspec.Struct):
    """The parts of a checkout session that we use. While a show is on sale thousands of sessions are read, and the SDK
    takes longer to make its objects from an answer than everything else takes.
    """

    id: str
    client_reference_id: str | None
    status: str | None
    payment_status: str
    url: str | None
    amount_total: int | None
    currency: str | None
    payment_intent: str | Intent | None
    total_details: TotalDetails | None = None


class SessionPage(msgspec.Struct):
    """A page of a list, newest first."""

    data: list[Session]
    has_more: bool


def session_of(session: Session) -> PaymentSession:
    return PaymentSession(
        id=session.id,
        order_id=_uuid(session.client_reference_id),
        status=_status(session),
        url=session.url,
        receipt=_receipt(session) if session.payment_status == "paid" else None,
    )


def session_made(session: stripe.checkout.Session) -> PaymentSession:
    """The session, from the SDK's object."""
    return session_of(msgspec.convert(session.to_dict(), Session))


def intent_of(intent: stripe.PaymentIntent) -> PaymentIntent:
    error = intent.last_payment_error
    return PaymentIntent(
        id=intent.id,
        order_id=_uuid(_metadata(intent.metadata, "order_id")),
        last_error=error.message if error else None,
    )


def refund_of(refund: stripe.Refund) -> RefundState:
    intent = refund.payment_intent
    return RefundState(
        provider_refund_id=refund.id,
        payment_intent_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent,
        refund_id=_uuid(_metadata(refund.metadata, "refund_id")),
        amount=refund.amount,
        status=RefundStatus(refund.status or RefundStatus.PENDING),
        # Stripe omits it if there is none.
        failure_reason=getattr(refund, "failure_reason", None),
    )


def left_with_us(refunds: Sequence[stripe.Refund]) -> int:
    """The amount that a charge's refunds took from the producer's transfer without reaching the buyer, in minor units.

    If a refund fails, Stripe does not undo the reversal of the transfer.
    """
    taken = sum(refund.amount for refund in refunds if refund.transfer_reversal)
    returned = sum(refund.amount for refund in refunds if refund.status not in FAILED_STATUSES)
    return max(taken - returned, 0)


def dispute_of(dispute: stripe.Dispute) -> DisputeState:
    intent = dispute.payment_intent
    due_by = dispute.evidence_details.due_by
    return DisputeState(
        id=dispute.id,
        payment_intent_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent,
        amount=dispute.amount,
        lost=_lost_by(dispute) if _dispute_status(dispute) in LOST_FOR_NOW else 0,
        status=_dispute_status(dispute),
        reason=dispute.reason,
        opened_at=datetime.fromtimestamp(dispute.created, UTC),
        evidence_due_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )


def _dispute_status(dispute: stripe.Dispute) -> DisputeStatus:
    try:
        return DisputeStatus(dispute.status)
    except ValueError:  # a kind that is new at Stripe: do not give money back before we know it
        return DisputeStatus.UNDER_REVIEW


def _lost_by(dispute: stripe.Dispute) -> int:
    """The bank's part of the disputed amount, in the charge's currency.

    A dispute that Stripe calls lost may have been won in part: then a part is reinstated
    (https://support.stripe.com/questions/dispute-for-full-charge-amount-after-a-partial-refund-was-issued). Balances
    are in our settlement currency, so they give the share of the amount.
    """
    moved = [entry.amount for entry in dispute.balance_transactions]
    withdrawn = -sum(amount for amount in moved if amount < 0)
    if not withdrawn:
        return dispute.amount
    kept = max(-sum(moved), 0)
    return dispute.amount * kept // withdrawn


def reversal_for(dispute_id: str, reversals: Sequence[stripe.TransferReversal]) -> str | None:
    """The id of the reversal that was made for this dispute, if there is one."""
    found = (each.id for each in reversals if _metadata(each.metadata, "dispute_id") == dispute_id)
    return next(found, None)


def recovered_of_duplicate(intent_id: str, reversals: Sequence[stripe.TransferReversal]) -> int:
    """What reversals took from the producer for lost disputes of this duplicate payment, in minor units."""
    return sum(each.amount for each in reversals if _metadata(each.metadata, "duplicate_payment") == intent_id)


async def account_for(producer_id: UUID, first_page: stripe.ListObject[stripe.Account]) -> str | None:
    """The id of the account that was made for this producer, if there is one on any page."""
    async for account in first_page.auto_paging_iter():
        if _uuid(_metadata(account.metadata, "producer_id")) == producer_id:
            return account.id
    return None


def _metadata(metadata: stripe.StripeObject | None, name: str) -> str | None:
    return None if metadata is None else metadata.to_dict().get(name)


def _status(session: Session) -> SessionStatus:
    intent = session.payment_intent
    waits_for_money = session.status == "complete" and session.payment_status == "unpaid"
    if waits_for_money and isinstance(intent, Intent) and intent.status in _FAILED_INTENTS:
        return SessionStatus.FAILED
    return SessionStatus(session.status or SessionStatus.OPEN)


def _receipt(session: Session) -> Receipt:
    intent = session.payment_intent
    charge = intent.latest_charge if isinstance(intent, Intent) else None
    return Receipt(
        amount=session.amount_total or 0,
        tax=session.total_details.amount_tax if session.total_details else 0,
        currency=session.currency or "",
        payment_intent_id=intent.id if isinstance(intent, Intent) else intent,
        charge_id=charge.id if isinstance(charge, Charge) else charge,
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
