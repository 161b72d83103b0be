"""A payment provider in memory: sessions that a test pays, lets expire, or makes unreachable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from application.ports.payment import (
    AccountLink,
    DisputeState,
    InvalidSignature,
    PaymentEvent,
    PaymentEventKind,
    PaymentIntent,
    PaymentKeyRefused,
    PaymentObjectNotFound,
    PaymentQueued,
    PaymentRefused,
    PaymentSession,
    PaymentUnavailable,
    RefundState,
    SessionStatus,
    TaxRefused,
)
from domain.catalog import Producer
from domain.disputes import Dispute
from domain.duplicate_payments import DuplicatePayment
from domain.orders import Order, Receipt
from domain.refunds import Refund, RefundStatus
from domain.tax import TaxMode

#: Far in the future: onboarding is never done in memory.
LINK_ENDS = datetime(2050, 1, 1, tzinfo=UTC)


class MemoryPayment:
    """A payment provider. ``available`` False makes every call fail without an answer, ``locked_out`` refuses our key,
    ``refusing`` refuses new sessions and refunds, ``refusing_tax`` refuses new sessions whose tax is to be computed.
    ``queue_seconds`` is how long a new session has to wait for its slot (no time passes).
    """

    def __init__(self) -> None:
        self.available = True
        self.locked_out = False
        self.refusing = False
        self.refusing_tax = False
        self.queue_seconds = 0.0
        self.refunds: dict[str, RefundState] = {}
        self.disputes: dict[str, DisputeState] = {}
        self.reversals: dict[str, int] = {}
        self.accounts: set[str] = set()
        self.disabled_accounts: set[str] = set()
        self.accounts_that_left: set[str] = set()
        self.described: set[UUID] = set()
        self._declines: dict[str, str] = {}
        self._sessions: dict[str, PaymentSession] = {}
        self._totals: dict[str, Receipt] = {}
        self._included: dict[str, bool] = {}

    async def open_session(
        self,
        order: Order,
        *,
        success_url: str,  # noqa: ARG002
        cancel_url: str,  # noqa: ARG002
        max_wait_seconds: float | None = None,
    ) -> PaymentSession:
        self._ensure_available()
        if max_wait_seconds is not None and self.queue_seconds > max_wait_seconds:
            raise PaymentQueued(self.queue_seconds)
        session_id = f"cs_memory_{order.id.hex}"
        if session_id not in self._sessions:
            if self.refusing or order.stripe_account_id in self.accounts_that_left:
                raise PaymentRefused("switched to refuse")
            if self.refusing_tax and order.tax_mode is not TaxMode.OFF:
                raise TaxRefused("switched to refuse tax")
            self._included[session_id] = order.tax_mode is TaxMode.INCLUSIVE
            self._sessions[session_id] = PaymentSession(
                id=session_id,
                order_id=order.id,
                status=SessionStatus.OPEN,
                url=f"https://pay.example/{session_id}",
            )
            self._totals[session_id] = Receipt(
                amount=order.due,
                tax=0,
                currency=order.quote.currency.code,
                payment_intent_id=f"pi_memory_{order.id.hex}",
                charge_id=f"ch_memory_{order.id.hex}",
            )
        return self._sessions[session_id]

    async def session(self, session_id: str) -> PaymentSession:
        self._ensure_available()
        try:
            return self._sessions[session_id]
        except KeyError:
            raise PaymentObjectNotFound(session_id) from None

    async def expire_session(self, session_id: str) -> PaymentSession:
        session = await self.session(session_id)
        if session.status is SessionStatus.OPEN:
            self._sessions[session_id] = replace(session, status=SessionStatus.EXPIRED, url=None)
        return self._sessions[session_id]

    async def paid_sessions(self, *, since: datetime) -> list[PaymentSession]:  # noqa: ARG002
        self._ensure_available()
        return [s for s in reversed(self._sessions.values()) if s.status is SessionStatus.COMPLETE]

    async def intent(self, intent_id: str) -> PaymentIntent:
        self._ensure_available()
        for session_id, due in self._totals.items():
            if due.payment_intent_id == intent_id:
                return PaymentIntent(
                    id=intent_id,
                    order_id=self._sessions[session_id].order_id,
                    last_error=self._declines.get(intent_id),
                )
        raise PaymentObjectNotFound(intent_id)

    async def refund(self, order: Order, refund: Refund) -> RefundState:
        self._ensure_available()
        if self.refusing:
            raise PaymentRefused("switched to refuse")
        provider_refund_id = f"re_memory_{refund.id.hex}"
        if provider_refund_id not in self.refunds:
            self.refunds[provider_refund_id] = RefundState(
                provider_refund_id=provider_refund_id,
                payment_intent_id=order.payment_intent_id,
                refund_id=refund.id,
                amount=refund.amount,
                status=RefundStatus.SUCCEEDED,
                failure_reason=None,
            )
        return self.refunds[provider_refund_id]

    async def return_payment(self, order: Order, payment: DuplicatePayment) -> list[RefundState]:  # noqa: ARG002
        made = await self.refunds_of_payment(payment.payment_intent_id)
        left = payment.with_status(refund.made for refund in made).left
        if left > 0:
            if self.refusing:
                raise PaymentRefused("switched to refuse")
            name = f"re_memory_{payment.payment_intent_id}_{len(made)}"
            self.refunds[name] = RefundState(
                provider_refund_id=name,
                payment_intent_id=payment.payment_intent_id,
                refund_id=None,
                amount=left,
                status=RefundStatus.SUCCEEDED,
                failure_reason=None,
            )
        return await self.refunds_of_payment(payment.payment_intent_id)

    async def refunds_since(self, since: datetime) -> list[RefundState]:  # noqa: ARG002  # has no ages
        self._ensure_available()
        return list(reversed(self.refunds.values()))

    async def disputes_since(self, since: datetime) -> list[DisputeState]:  # noqa: ARG002  # has no ages
        self._ensure_available()
        return list(reversed(self.disputes.values()))

    async def refunds_of_payment(self, intent_id: str) -> list[RefundState]:
        self._ensure_available()
        return [refund for refund in self.refunds.values() if refund.payment_intent_id == intent_id]

    async def session_of_payment(self, intent_id: str) -> PaymentSession | None:
        self._ensure_available()
        found = (id_ for id_, due in self._totals.items() if due.payment_intent_id == intent_id)
        session = self._sessions.get(next(found, ""))
        return session if session and session.status is SessionStatus.COMPLETE else None

    def open_another_session(self, session_id: str) -> str:
        """The id of a second session for the order of this one."""
        again = f"{session_id}_again"
        self._sessions[again] = replace(self._sessions[session_id], id=again, status=SessionStatus.OPEN, receipt=None)
        due = self._totals[session_id]
        self._totals[again] = replace(
            due, payment_intent_id=f"{due.payment_intent_id}_again", charge_id=f"{due.charge_id}_again"
        )
        return again

    async def refund_state(self, provider_refund_id: str) -> RefundState:
        self._ensure_available()
        try:
            return self.refunds[provider_refund_id]
        except KeyError:
            raise PaymentObjectNotFound(provider_refund_id) from None

    async def refunds_of_charge(self, charge_id: str) -> list[RefundState]:
        self._ensure_available()
        intents = {due.payment_intent_id for due in self._totals.values() if due.charge_id == charge_id}
        return [refund for refund in self.refunds.values() if refund.payment_intent_id in intents]

    async def dispute(self, dispute_id: str) -> DisputeState:
        self._ensure_available()
        try:
            return self.disputes[dispute_id]
        except KeyError:
            raise PaymentObjectNotFound(dispute_id) from None

    async def reverse_transfer(self, order: Order, dispute: Dispute) -> str | None:
        self._ensure_available()
        reversal_id = f"trr_memory_{dispute.id}"
        taken = [
            refund.amount for refund in self.refunds.values() if refund.payment_intent_id == order.payment_intent_id
        ]
        left = order.amount_paid - sum(taken)
        if reversal_id not in self.reversals:
            if self.refusing:
                raise PaymentRefused("switched to refuse")
            amount = min(dispute.lost, left)
            if amount <= 0:
                return None
            self.reversals[reversal_id] = amount
        return reversal_id

    async def disputes_of_payment(self, intent_id: str) -> list[DisputeState]:
        self._ensure_available()
        return [dispute for dispute in reversed(self.disputes.values()) if dispute.payment_intent_id == intent_id]

    async def recover_duplicate(self, order: Order, payment: DuplicatePayment) -> int:  # noqa: ARG002
        self._ensure_available()
        reversal_id = f"trr_memory_{payment.payment_intent_id}"
        if self.refusing and self.reversals.get(reversal_id, 0) < payment.taken:
            raise PaymentRefused("switched to refuse")
        self.reversals[reversal_id] = max(self.reversals.get(reversal_id, 0), payment.taken)
        return self.reversals[reversal_id]

    async def charges_enabled(self, account_id: str) -> bool:
        self._ensure_available()
        if not account_id.startswith("acct_") or account_id in self.accounts_that_left:
            raise PaymentRefused(account_id)
        return account_id not in self.disabled_accounts

    async def create_account(self, producer: Producer) -> str:
        self._ensure_available()
        if self.refusing:
            raise PaymentRefused("switched to refuse")
        account_id = f"acct_{producer.id.hex}"
        if account_id not in self.accounts:
            self.accounts.add(account_id)
            self.disabled_accounts.add(account_id)
        return account_id

    async def account_made(self, producer: Producer, *, since: datetime) -> str | None:  # noqa: ARG002  # has no ages
        self._ensure_available()
        account_id = f"acct_{producer.id.hex}"
        return account_id if account_id in self.accounts else None

    async def account_link(self, account_id: str, *, come_back_url: str) -> AccountLink:
        self._ensure_available()
        if not account_id.startswith("acct_"):
            raise PaymentRefused(account_id)
        return AccountLink(f"https://pay.example/setup/{account_id}?back={come_back_url}", LINK_ENDS)

    async def describe_transfer(self, order: Order) -> None:
        self._ensure_available()
        self.described.add(order.id)

    def decline(self, session_id: str, reason: str) -> None:
        """Refuse the buyer's card; the session stays open."""
        intent_id = self._totals[session_id].payment_intent_id
        assert intent_id is not None  # noqa: S101  # given to every session
        self._declines[intent_id] = reason

    def pay(self, session_id: str, *, tax: int = 0) -> None:
        """Pay, as the buyer; ``tax`` in minor units comes on top, unless the order includes it."""
        due = self._totals[session_id]
        receipt = replace(due, amount=due.amount + (0 if self._included.get(session_id) else tax), tax=tax)
        self._complete(session_id, receipt)

    def pay_by_delayed_method(self, session_id: str) -> None:
        """Finish the session with a delayed method; the money comes later, or never."""
        self._complete(session_id, None)

    def fail_delayed_payment(self, session_id: str) -> None:
        """Let the money of a delayed method fail to come."""
        self._sessions[session_id] = replace(self._sessions[session_id], status=SessionStatus.FAILED)

    def _complete(self, session_id: str, receipt: Receipt | None) -> None:
        session = self._sessions[session_id]
        self._sessions[session_id] = replace(session, status=SessionStatus.COMPLETE, url=None, receipt=receipt)

    def _ensure_available(self) -> None:
        if not self.available:
            raise PaymentUnavailable("switched off")
        if self.locked_out:
            raise PaymentKeyRefused("no such key")


_EVENT_KINDS: Final = {kind.value: kind for kind in PaymentEventKind}


@dataclass(frozen=True, slots=True)
class MemoryPaymentEvents:
    """Accepts ``type:id:object_id`` as a signed event if the signature is the secret; its types are the kinds."""

    secret: str = "memory"  # noqa: S105

    def verify(self, payload: bytes, signature: str) -> PaymentEvent:
        if signature != self.secret:
            raise InvalidSignature("wrong signature")
        type_, id_, object_id = payload.decode().split(":")
        return PaymentEvent(id=id_, type=type_, object_id=object_id, livemode=False)

    def kind_of(self, event_type: str) -> PaymentEventKind | None:
        return _EVENT_KINDS.get(event_type)
