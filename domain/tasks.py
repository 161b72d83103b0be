"""Tasks: work to do after a commit, written in the same transaction (docs/domain-rules.md#work-after-a-commit)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID


class TaskKind(StrEnum):
    """What is to be done about an order. ORDER_LINKS_MAIL is about all orders of that order's address.
    ACCOUNT_CHANGED_MAIL and JOB are about a producer. SIGN_IN_MAIL, INVITATION_MAIL and PASSKEY_MAIL are about the
    people of one.
    """

    CONFIRMATION_MAIL = "confirmation_mail"
    REMINDER_MAIL = "reminder_mail"
    REFUND_MAIL = "refund_mail"
    LATE_PAYMENT_MAIL = "late_payment_mail"
    SHOW_CANCELLED_MAIL = "show_cancelled_mail"
    SHOW_MOVED_MAIL = "show_moved_mail"
    CALENDAR_MAIL = "calendar_mail"
    ORDER_LINKS_MAIL = "order_links_mail"
    REFUND_FAILED_MAIL = "refund_failed_mail"
    DISPUTE_MAIL = "dispute_mail"
    SUBMIT_REFUNDS = "submit_refunds"
    REVERSE_TRANSFER = "reverse_transfer"
    DESCRIBE_TRANSFER = "describe_transfer"
    RETURN_DUPLICATE_PAYMENT = "return_duplicate_payment"
    DUPLICATE_PAYMENT_MAIL = "duplicate_payment_mail"
    PENDING_PAYMENT_MAIL = "pending_payment_mail"
    ADDRESS_CHANGED_MAIL = "address_changed_mail"
    ACCOUNT_CHANGED_MAIL = "account_changed_mail"
    SIGN_IN_MAIL = "sign_in_mail"
    INVITATION_MAIL = "invitation_mail"
    PASSKEY_MAIL = "passkey_mail"
    JOB = "job"
    PAYOUTS_MAIL = "payouts_mail"
    DIGEST_MAIL = "digest_mail"


#: Written for every order of a show at once, for instance when the show is cancelled. They must not delay tasks that a
#: single buyer waits for. So they are not dispatched at once: the relay dispatches them, some at a time.
BULK: Final = frozenset(
    {
        TaskKind.REMINDER_MAIL,
        TaskKind.REFUND_MAIL,
        TaskKind.SHOW_CANCELLED_MAIL,
        TaskKind.SHOW_MOVED_MAIL,
        TaskKind.CALENDAR_MAIL,
    }
)
URGENT: Final = frozenset(TaskKind) - BULK


#: Mails to an order's buyer, which its producer may see. An address that was replaced is not the buyer's any more.
ORDER_MAILS: Final = frozenset(kind for kind in TaskKind if kind.endswith("_mail")) - {
    TaskKind.ORDER_LINKS_MAIL,
    TaskKind.ADDRESS_CHANGED_MAIL,
    TaskKind.ACCOUNT_CHANGED_MAIL,
    TaskKind.SIGN_IN_MAIL,
    TaskKind.INVITATION_MAIL,
    TaskKind.PASSKEY_MAIL,
    TaskKind.PAYOUTS_MAIL,
    TaskKind.DIGEST_MAIL,
}

#: In the details of a CONFIRMATION_MAIL: it follows another name on a ticket.
RENAMED: Final = "renamed"
#: Keys of personal data in a task's details: the buyer's data before a change. Erasing removes them.
BUYER_NAME: Final = "buyer_name"
BUYER_EMAIL: Final = "buyer_email"
PERSONAL_DETAILS: Final = (BUYER_NAME, BUYER_EMAIL)


class TaskState(StrEnum):
    """The state of a task. ``dead``: given up after the last try, kept for people to see and to retry."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTask:
    """One piece of work about one order or one producer: exactly one of ``order_id`` and ``producer_id`` is set.
    ``attempts`` counts how often a worker began it.

    ``details`` has what the order itself lacks: which refund, where the show was before. ``sending_since`` is when a
    worker began to send the content of its mail to the mail server; it is cleared when the outcome is known. If it is
    set on a task that no worker has and that is not done, the mail was perhaps sent. ``done_at`` is when it was done,
    None for tasks that an earlier version did.

    Raises ValueError for a task about both or about neither.
    """

    id: UUID
    kind: TaskKind
    order_id: UUID | None = None
    producer_id: UUID | None = None
    due_at: datetime
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    state: TaskState = TaskState.PENDING
    attempts: int = 0
    last_error: str | None = None
    sending_since: datetime | None = None
    done_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.order_id is None) is (self.producer_id is None):
            raise ValueError(f"task {self.id} is to be about an order or about a producer")

    @property
    def about_order(self) -> UUID:
        """The id of the task's order. Raises ValueError for a task about a producer."""
        if self.order_id is None:
            raise ValueError(f"task {self.id} ({self.kind}) is about no order")
        return self.order_id

    @property
    def about_producer(self) -> UUID:
        """The id of the task's producer. Raises ValueError for a task about an order."""
        if self.producer_id is None:
            raise ValueError(f"task {self.id} ({self.kind}) is about no producer")
        return self.producer_id

    @property
    def subject(self) -> str:
        """What the task is about, as logs and lists name it: "order 0198…" or "producer 0198…"."""
        return f"order {self.order_id}" if self.order_id else f"producer {self.producer_id}"

    @property
    def was_requeued(self) -> bool:
        """Whether this is the first try after an operator requeued the dead task."""
        return self.attempts == 1 and self.last_error is not None

    @property
    def message_id(self) -> str:
        """The Message-ID of the task's mail: the same on every try, so a mail that was sent twice can be recognised."""
        return f"{self.id}@piquetickets"
