"""What Stripe answers, in the application's words."""

from __future__ import annotations

from uuid import UUID

import stripe

from application.ports.payment import Dispute, PaymentIntent, PaymentSession, RefundState, SessionStatus
from domain.orders import Receipt
from domain.refunds import RefundStatus

#: What a delayed payment is when it has failed: the buyer would have to pay anew, which a complete session forbids.
_FAILED_INTENTS = frozenset({"requires_payment_method", "canceled"})
_DISPUTE_ENDS = {"won": True, "lost": False, "warning_closed": True, "prevented": True}


def session_of(session: stripe.checkout.Session) -> PaymentSession:
    return PaymentSession(
        id=session.id,
        order_id=_uuid(session.client_reference_id),
        status=_status(session),
        url=session.url,
        receipt=_receipt(session) if session.payment_status == "paid" else None,
    )


async def account_of(first_page: stripe.ListObject[stripe.Account], producer_id: UUID) -> str | None:
    """The first account, on any page, that was made for the producer."""
    async for account in first_page.auto_paging_iter():
        if _uuid(_metadata(account.metadata, "producer_id")) == producer_id:
            return account.id
    return None


async def sessions_of(first_page: stripe.ListObject[stripe.checkout.Session]) -> list[PaymentSession]:
    """The sessions of all pages."""
    return [session_of(session) async for session in first_page.auto_paging_iter()]


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
        stripe_refund_id=refund.id,
        payment_intent_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent,
        refund_id=_uuid(_metadata(refund.metadata, "refund_id")),
        amount=refund.amount,
        status=RefundStatus(refund.status or RefundStatus.PENDING),
        # Stripe leaves it out where there is none.
        failure_reason=getattr(refund, "failure_reason", None),
    )


def dispute_of(dispute: stripe.Dispute) -> Dispute:
    intent = dispute.payment_intent
    return Dispute(
        id=dispute.id,
        payment_intent_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent,
        won=_DISPUTE_ENDS.get(dispute.status),
    )


def _metadata(metadata: stripe.StripeObject | None, name: str) -> str | None:
    return None if metadata is None else metadata.to_dict().get(name)


def _status(session: stripe.checkout.Session) -> SessionStatus:
    intent = session.payment_intent
    waits_for_money = session.status == "complete" and session.payment_status == "unpaid"
    if waits_for_money and isinstance(intent, stripe.PaymentIntent) and intent.status in _FAILED_INTENTS:
        return SessionStatus.FAILED
    return SessionStatus(session.status or SessionStatus.OPEN)


def _receipt(session: stripe.checkout.Session) -> Receipt:
    intent = session.payment_intent
    charge = intent.latest_charge if isinstance(intent, stripe.PaymentIntent) else None
    return Receipt(
        amount=session.amount_total or 0,
        tax=session.total_details.amount_tax if session.total_details else 0,
        currency=session.currency or "",
        payment_intent_id=intent.id if isinstance(intent, stripe.PaymentIntent) else intent,
        charge_id=charge.id if isinstance(charge, stripe.Charge) else charge,
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
