"""The simulated Stripe: sessions, refunds and disputes with a ledger of their money, and events about all of them.

The ledger is Stripe's truth about money. It is kept apart from what the application is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from typing_extensions import override

from adapters.memory.payment import MemoryPayment
from application.ports.payment import DisputeState, PaymentRefused, PaymentSession, RefundState, SessionStatus
from application.ports.system import Clock
from domain.disputes import DisputeStatus
from domain.duplicate_payments import DuplicatePayment
from domain.orders import Order
from domain.refunds import FAILED_STATUSES, Refund, RefundStatus
from simulation.loop import SimulatedLoop

#: A session can be paid for this long after its hold ended (docs/domain-rules.md#payments).
SESSION_OUTLIVES_HOLD: Final = timedelta(minutes=35)


class Kind(StrEnum):
    """The events that the simulated Stripe sends."""

    SESSION = "session_changed"
    DECLINED = "payment_declined"
    REFUND = "refund_changed"
    DISPUTE = "dispute_changed"


@dataclass(frozen=True, slots=True)
class Event:
    """An event to deliver."""

    number: int
    kind: Kind
    object_id: str

    @property
    def payload(self) -> bytes:
        return f"{self.kind}:evt_{self.number}:{self.object_id}".encode()


@dataclass(slots=True)
class Ledger:
    """Money that really moved: ``charges`` by payment, in minor units, and their orders (``owners``)."""

    charges: dict[str, int] = field(default_factory=dict)
    owners: dict[str, UUID] = field(default_factory=dict)


class Stripe(MemoryPayment):
    """``deliver`` takes the events to deliver. Banks send some refunds back until ``is_calm``."""

    def __init__(self, clock: Clock, loop: SimulatedLoop, deliver: Callable[[Event], None]) -> None:
        super().__init__()
        self._clock = clock
        self._loop = loop
        self.ledger = Ledger()
        self.is_calm = False
        self._deliver = deliver
        self._count = 0

    # What buyers and banks do.

    @override
    def pay(self, session_id: str, *, tax: int = 0) -> None:
        super().pay(session_id, tax=tax)
        self._book(session_id)

    @override
    def pay_by_delayed_method(self, session_id: str) -> None:
        super().pay_by_delayed_method(session_id)
        self._send(Kind.SESSION, session_id)

    @override
    def fail_delayed_payment(self, session_id: str) -> None:
        super().fail_delayed_payment(session_id)
        self._send(Kind.SESSION, session_id)

    @override
    def decline(self, session_id: str, reason: str) -> None:
        super().decline(session_id, reason)
        self._send(Kind.DECLINED, self._totals[session_id].payment_intent_id or "")

    def status_of(self, session_id: str) -> SessionStatus:
        return self._sessions[session_id].status

    def waiting_for_banks(self) -> list[str]:
        """Sessions whose buyers did their part by a slow method, and whose money has neither come nor failed."""
        return [s.id for s in self._sessions.values() if s.status is SessionStatus.COMPLETE and s.receipt is None]

    def end_session(self, session_id: str) -> None:
        """The time to pay is over."""
        session = self._sessions[session_id]
        if session.status is SessionStatus.OPEN:
            self._sessions[session_id] = replace(session, status=SessionStatus.EXPIRED, url=None)
            self._send(Kind.SESSION, session_id)

    def settle_refund(self, name: str, status: RefundStatus, reason: str | None = None) -> None:
        """A refund that was on its way arrives, or comes back."""
        self.refunds[name] = replace(self.refunds[name], status=status, failure_reason=reason)
        self._send(Kind.REFUND, name)

    def refund_by_hand(self, intent_id: str, amount: int) -> str:
        """A refund that a person makes in the dashboard."""
        name = f"re_by_hand_{len(self.refunds)}"
        self.refunds[name] = RefundState(
            provider_refund_id=name,
            payment_intent_id=intent_id,
            refund_id=None,
            amount=amount,
            status=RefundStatus.SUCCEEDED,
            failure_reason=None,
        )
        self._send(Kind.REFUND, name)
        return name

    def dispute_of(self, intent_id: str, status: DisputeStatus, amount: int) -> str:
        """A buyer's bank opens a dispute."""
        name = f"dp_{len(self.disputes)}"
        self.disputes[name] = DisputeState(
            id=name,
            payment_intent_id=intent_id,
            amount=amount,
            lost=0,
            status=status,
            reason="fraudulent",
            opened_at=self._clock.now(),
            evidence_due_by=self._clock.now() + timedelta(days=7),
        )
        self._send(Kind.DISPUTE, name)
        return name

    def decide_dispute(self, name: str, status: DisputeStatus) -> None:
        """The bank decides."""
        dispute = self.disputes[name]
        lost = dispute.amount if status is DisputeStatus.LOST else 0
        self.disputes[name] = replace(dispute, status=status, lost=lost)
        self._send(Kind.DISPUTE, name)

    def left_of(self, intent_id: str) -> int:
        """What is left of a payment, after refunds that count and disputes that are open or lost."""
        back = sum(r.amount for r in self._refunds_of(intent_id) if r.status not in FAILED_STATUSES)
        taken = sum(d.amount for d in self._disputes_of(intent_id) if d.won is not True and not _is_inquiry(d))
        return self.ledger.charges.get(intent_id, 0) - back - taken

    def newest_payment_of(self, order_id: UUID) -> str:
        return [intent_id for intent_id, owner in self.ledger.owners.items() if owner == order_id][-1]

    def has_open_dispute(self, intent_id: str) -> bool:
        return any(d.won is None and not _is_inquiry(d) for d in self._disputes_of(intent_id))

    def has_refunds_under_way(self) -> bool:
        return any(refund.status is RefundStatus.PENDING for refund in self.refunds.values())

    # What the application asks for.

    @override
    async def open_session(
        self, order: Order, *, success_url: str, cancel_url: str, max_wait_seconds: float | None = None
    ) -> PaymentSession:
        is_new = f"cs_memory_{order.id.hex}" not in self._sessions
        session = await super().open_session(
            order, success_url=success_url, cancel_url=cancel_url, max_wait_seconds=max_wait_seconds
        )
        if is_new and order.expires_at is not None:
            left = (order.expires_at + SESSION_OUTLIVES_HOLD - self._clock.now()).total_seconds()
            self._loop.as_outside(self._loop.time() + max(left, 1800), self.end_session, session.id)
        return session

    @override
    async def expire_session(self, session_id: str) -> PaymentSession:
        was_open = self._sessions[session_id].status is SessionStatus.OPEN if session_id in self._sessions else False
        session = await super().expire_session(session_id)
        if was_open:
            self._send(Kind.SESSION, session_id)
        return session

    @override
    async def refund(self, order: Order, refund: Refund) -> RefundState:
        known = self.refunds.get(f"re_memory_{refund.id.hex}")
        if known is None:
            self._ensure_refundable(order.payment_intent_id or "", refund.amount)
        state = await super().refund(order, refund)
        return state if known else self._on_its_way(state)

    @override
    async def return_payment(self, order: Order, payment: DuplicatePayment) -> list[RefundState]:
        before = set(self.refunds)
        if self.has_open_dispute(payment.payment_intent_id):
            raise PaymentRefused("the payment is disputed")
        await super().return_payment(order, payment)
        for name in [name for name in self.refunds if name not in before]:
            self._on_its_way(self.refunds[name])
        return await self.refunds_of_payment(payment.payment_intent_id)

    def _on_its_way(self, state: RefundState) -> RefundState:
        """Most refunds are pending at first. Some banks send them back."""
        random = self._loop.outside.random
        if random.random() < 0.3:
            self._send(Kind.REFUND, state.provider_refund_id)
            return state
        pending = replace(state, status=RefundStatus.PENDING)
        self.refunds[state.provider_refund_id] = pending
        fails = random.random() < 0.1 and not self.is_calm
        self._loop.as_outside(
            self._loop.time() + random.choice([1, 20, 600, 3000]),
            self.settle_refund,
            state.provider_refund_id,
            RefundStatus.FAILED if fails else RefundStatus.SUCCEEDED,
            "account closed" if fails else None,
        )
        return pending

    def _ensure_refundable(self, intent_id: str, amount: int) -> None:
        if self.has_open_dispute(intent_id):
            raise PaymentRefused("the payment is disputed")
        if amount > self.left_of(intent_id):
            raise PaymentRefused(f"refund of {amount} is more than the {self.left_of(intent_id)} that are left")

    def _book(self, session_id: str) -> None:
        session = self._sessions[session_id]
        if session.receipt and session.receipt.payment_intent_id and session.order_id:
            self.ledger.charges[session.receipt.payment_intent_id] = session.receipt.amount
            self.ledger.owners[session.receipt.payment_intent_id] = session.order_id
        self._send(Kind.SESSION, session_id)

    def _refunds_of(self, intent_id: str) -> list[RefundState]:
        return [refund for refund in self.refunds.values() if refund.payment_intent_id == intent_id]

    def _disputes_of(self, intent_id: str) -> list[DisputeState]:
        return [dispute for dispute in self.disputes.values() if dispute.payment_intent_id == intent_id]

    def _send(self, kind: Kind, object_id: str) -> None:
        self._count += 1
        self._deliver(Event(self._count, kind, object_id))


def _is_inquiry(dispute: DisputeState) -> bool:
    return dispute.status.value.startswith("warning")
