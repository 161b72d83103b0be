"""Work that must happen after a commit, written down in the same transaction (design.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class TaskKind(StrEnum):
    """What is to be done about an order."""

    CONFIRMATION_MAIL = "confirmation_mail"
    LATE_PAYMENT_MAIL = "late_payment_mail"
    SUBMIT_REFUNDS = "submit_refunds"
    DESCRIBE_TRANSFER = "describe_transfer"


class TaskState(StrEnum):
    """``dead``: given up after the last try, kept for people to see and to retry."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTask:
    """One piece of work about one order. ``attempts`` counts how often somebody began it."""

    id: UUID
    kind: TaskKind
    order_id: UUID
    due_at: datetime
    state: TaskState = TaskState.PENDING
    attempts: int = 0
    last_error: str | None = None
