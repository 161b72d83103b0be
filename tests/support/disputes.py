"""Disputes to test with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from application.ports.payment import DisputeState
from domain.disputes import LOST_FOR_NOW, Dispute, DisputeStatus
from domain.orders import Order

OPENED_AT: Final = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
EVIDENCE_DUE_BY: Final = OPENED_AT + timedelta(days=7)


def dispute_state(
    payment_intent_id: str | None,
    *,
    amount: int = 54_84,
    status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE,
    **facts: Any,
) -> DisputeState:
    """A dispute as the payment provider reports it; a lost dispute is lost completely, unless ``lost`` is given."""
    return DisputeState(
        **{
            "id": "dp_1",
            "payment_intent_id": payment_intent_id,
            "amount": amount,
            "lost": amount if status in LOST_FOR_NOW else 0,
            "status": status,
            "reason": "fraudulent",
            "opened_at": OPENED_AT,
            "evidence_due_by": EVIDENCE_DUE_BY,
            **facts,
        }
    )


def dispute_of(
    order: Order, *, amount: int = 54_84, status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE, **facts: Any
) -> Dispute:
    """A dispute as we store it."""
    return Dispute(
        **{
            "id": f"dp_{uuid4().hex}",
            "order_id": order.id,
            "amount": amount,
            "lost": amount if status in LOST_FOR_NOW else 0,
            "status": status,
            "reason": "fraudulent",
            "opened_at": OPENED_AT,
            "evidence_due_by": EVIDENCE_DUE_BY,
            **facts,
        }
    )
