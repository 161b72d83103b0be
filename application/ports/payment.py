"""Payments: Stripe Checkout, as the use cases see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from domain.catalog import Producer
from domain.disputes import CONTESTED, INQUIRIES, LOST_FOR_NOW, Dispute, DisputeStatus
from domain.duplicate_payments import DuplicatePayment, MadeRefund
from domain.orders import Order, Receipt
from domain.refunds import Refund, RefundStatus

#: Stripe's ids of checkout sessions begin with it ("cs_test_a1…"); the label of a free order ("FREE-…") does not.
SESSION_ID_PREFIX: Final = "cs_"


class PaymentError(Exception):
    """The payment provider did not do what was requested."""


class PaymentUnavailable(PaymentError):
    """The provider is down, slow, or cut off: we do not know whether the call was carried out. Safe to repeat."""


class PaymentBusy(PaymentUnavailable):
    """The same call is already being processed (Stripe's 409 idempotency_key_in_use)."""


class PaymentQueued(PaymentUnavailable):
    """The call was not made yet: too many calls wait before it, or the provider says that we call too often.

    ``retry_after_seconds`` is how long to wait before trying again.
    """

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"queued for {retry_after_seconds:.1f}s")
        self.retry_after_seconds = retry_after_seconds


class PaymentKeyRefused(PaymentUnavailable):
    """The provider refuses our key: nothing was made, and nothing will be until an operator fixes the key."""


class PaymentRefused(PaymentError):
    """The provider refused: nothing was made, and repeating the same call does not help."""


class TaxRefused(PaymentRefused):
    """The provider cannot compute the tax: it is not set up for the account that owes it, or not offered there.

    Trying again does not help before the producer or the operator has changed that.
    """


class PaymentObjectNotFound(PaymentRefused):
    """The provider knows no such object."""


class SessionStatus(StrEnum):
    """The status of a checkout session. It can be paid only while it is open.

    ``complete``: the buyer did their part. ``failed``: the buyer used a delayed method, and the money never came.
    """

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSession:
    """A checkout session, freshly fetched. It has a ``receipt`` exactly if it was paid.

    A complete session without a receipt waits for a delayed payment method.
    """

    id: str
    order_id: UUID | None
    status: SessionStatus
    url: str | None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentIntent:
    """A payment. ``last_error`` is why its last try failed, in words for the buyer."""

    id: str
    order_id: UUID | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundState:
    """A refund at the provider. ``refund_id`` is ours, None for a refund that we did not make."""

    provider_refund_id: str
    payment_intent_id: str | None
    refund_id: UUID | None
    amount: int
    status: RefundStatus
    failure_reason: str | None

    @property
    def made(self) -> MadeRefund:
        """The refund as a duplicate payment counts it."""
        return self.status, self.amount, self.failure_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeState:
    """A dispute at the provider. ``amount`` is what the buyer's bank asks for, ``lost`` what it keeps once it has won,
    both in minor units of the payment's currency; ``reason`` is the provider's word for why.
    """

    id: str
    payment_intent_id: str | None
    amount: int
    lost: int
    status: DisputeStatus
    reason: str
    opened_at: datetime
    evidence_due_by: datetime | None

    @property
    def won(self) -> bool | None:
        """Whether the money stays where it is; None while nothing is decided."""
        return None if self.status in INQUIRIES | CONTESTED else self.status not in LOST_FOR_NOW

    @property
    def is_contested(self) -> bool:
        """Whether the bank has the money and has not decided."""
        return self.status in CONTESTED


@dataclass(frozen=True, slots=True)
class AccountLink:
    """A page of the provider's for one visit, valid for a short time."""

    url: str
    expires_at: datetime


class Payment(Protocol):
    """Every call may be repeated: a repetition finds what the first call made."""

    async def open_session(
        self, order: Order, *, success_url: str, cancel_url: str, max_wait_seconds: float | None = None
    ) -> PaymentSession:
        """The order's checkout session, made on the first call (P1-020, P2-015).

        Raises PaymentQueued if its slot comes later than ``max_wait_seconds`` (None: wait as long as it takes),
        TaxRefused, PaymentRefused, PaymentKeyRefused, PaymentBusy, PaymentUnavailable.
        """
        ...

    async def session(self, session_id: str) -> PaymentSession:
        """The session as it is now. Raises PaymentObjectNotFound, PaymentUnavailable."""
        ...

    async def expire_session(self, session_id: str) -> PaymentSession:
        """Make sure that the session can no longer be paid, or find out that it has been paid.

        Raises PaymentObjectNotFound if there never was such a session, and PaymentUnavailable, also if the provider
        leaves an open session open.
        """
        ...

    async def paid_sessions(self, *, since: datetime) -> list[PaymentSession]:
        """Complete sessions made since then, newest first. Raises PaymentUnavailable."""
        ...

    async def intent(self, intent_id: str) -> PaymentIntent:
        """A payment as it is now. Raises PaymentObjectNotFound, PaymentUnavailable."""
        ...

    async def refund(self, order: Order, refund: Refund) -> RefundState:
        """Give ``refund.amount`` back, out of the producer's share and, with fees, the platform's.

        Raises PaymentRefused, PaymentUnavailable.
        """
        ...

    async def return_payment(self, order: Order, payment: DuplicatePayment) -> list[RefundState]:
        """Give back what is left of a second payment of the order, fees included. Returns all its refunds, oldest
        first.

        Raises PaymentRefused, PaymentUnavailable.
        """
        ...

    async def refunds_since(self, since: datetime) -> list[RefundState]:
        """Refunds made since then, whoever made them, newest first. Raises PaymentUnavailable."""
        ...

    async def disputes_since(self, since: datetime) -> list[DisputeState]:
        """Disputes opened since then, newest first. Raises PaymentUnavailable."""
        ...

    async def refunds_of_payment(self, intent_id: str) -> list[RefundState]:
        """Every refund of a payment, oldest first. Raises PaymentUnavailable."""
        ...

    async def session_of_payment(self, intent_id: str) -> PaymentSession | None:
        """The session that was paid by this payment. Raises PaymentUnavailable."""
        ...

    async def refund_state(self, provider_refund_id: str) -> RefundState:
        """A refund as it is now. Raises PaymentObjectNotFound, PaymentUnavailable."""
        ...

    async def refunds_of_charge(self, charge_id: str) -> list[RefundState]:
        """Every refund of a charge, oldest first. Raises PaymentUnavailable."""
        ...

    async def dispute(self, dispute_id: str) -> DisputeState:
        """A dispute as it is now. Raises PaymentObjectNotFound, PaymentUnavailable."""
        ...

    async def reverse_transfer(self, order: Order, dispute: Dispute) -> str | None:
        """Take the cost of a lost dispute back from the producer, and return the platform's fee for it.

        The amount is limited to what the producer still has of the payment, less what a failed refund left with us.
        Returns the reversal's id, or None if there is nothing to take. Raises PaymentRefused, PaymentUnavailable.
        """
        ...

    async def disputes_of_payment(self, intent_id: str) -> list[DisputeState]:
        """Every dispute of a payment, newest first. Raises PaymentUnavailable."""
        ...

    async def recover_duplicate(self, order: Order, payment: DuplicatePayment) -> int:
        """Take what banks took of a duplicate payment back from the producer, and return the platform's fee for it.

        The amount is limited as in ``reverse_transfer``. Returns what was recovered so far, in minor units. Raises
        PaymentRefused, PaymentUnavailable.
        """
        ...

    async def charges_enabled(self, account_id: str) -> bool:
        """Whether a connected account can take charges. Raises PaymentObjectNotFound, PaymentUnavailable."""
        ...

    async def create_account(self, producer: Producer) -> str:
        """The id of a new connected account for the producer. Raises PaymentRefused, PaymentUnavailable."""
        ...

    async def account_made(self, producer: Producer, *, since: datetime) -> str | None:
        """The id of the newest account that ``create_account`` made for the producer, at ``since`` or later.

        Raises PaymentRefused, PaymentUnavailable.
        """
        ...

    async def account_link(self, account_id: str, *, come_back_url: str) -> AccountLink:
        """The page where the owner of a connected account identifies themselves. Afterwards, or if the link has
        expired, the provider sends them to ``come_back_url``.

        Raises PaymentRefused, PaymentUnavailable.
        """
        ...

    async def describe_transfer(self, order: Order) -> None:
        """Write on the producer's transfer what it was for (P1-019). Raises PaymentRefused, PaymentUnavailable."""
        ...


class InvalidSignature(Exception):
    """A webhook that the provider did not sign, or signed too long ago (P2-009)."""


class PaymentEventKind(StrEnum):
    """What the application does because of an event.

    There is one kind for each action, even if the provider has several names for it.
    """

    SESSION_CHANGED = "session_changed"
    """Bring the order in line with its checkout session: paid, expired, or a delayed payment came or failed."""
    PAYMENT_DECLINED = "payment_declined"
    """Show on the order why the last try to pay it failed."""
    CHARGE_REFUNDED = "charge_refunded"
    """Bring our records in line with every refund of a charge."""
    REFUND_CHANGED = "refund_changed"
    """Bring our record in line with one refund."""
    DISPUTE_CHANGED = "dispute_changed"
    """Bring our record in line with a dispute."""
    ACCOUNT_CHANGED = "account_changed"
    """Note whether a producer's connected account can take charges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent:
    """A verified webhook. ``object_id`` is the id of the object it is about, which is then fetched again.

    ``type`` is the provider's own name for what happened, as operators find it at the provider. ``object_id`` is "" for
    an event about an object without an id, such as a balance. ``of_connected_account`` is true for events within an
    account of a producer, where none of our payments are.
    """

    id: str
    type: str
    object_id: str
    livemode: bool
    of_connected_account: bool = False


class PaymentEvents(Protocol):
    """The provider's webhooks: checks their signature, and says what to do about them."""

    def verify(self, payload: bytes, signature: str) -> PaymentEvent:
        """The event in the raw body, of any type and about any object. Raises InvalidSignature."""
        ...

    def kind_of(self, event_type: str) -> PaymentEventKind | None:
        """What to do about events of this type of the provider; None if there is nothing to do."""
        ...
