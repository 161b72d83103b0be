"""Disputes: a buyer's bank asks about a charge, or takes it back, and may lose the dispute."""

from demo.stripe_sandbox.ledger.state import AccountLedger, SandboxState
from demo.stripe_sandbox.objects.payment_objects import new_balance_transaction, new_dispute
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.json_types import JsonObject

_DISPUTE_FEE = 1500
_ANSWER_SECONDS = 7 * 24 * 3600
_INQUIRIES = ("warning_needs_response", "warning_under_review")
_CONTESTED = ("needs_response", "under_review")
#: The statuses that may follow. Stripe: https://docs.stripe.com/api/disputes/object#dispute_object-status
_NEXT = {
    "warning_needs_response": ("warning_under_review", "warning_closed", "needs_response", "prevented"),
    "warning_under_review": ("warning_closed", "needs_response", "prevented"),
    "needs_response": ("under_review", "won", "lost", "prevented"),
    "under_review": ("won", "lost", "prevented"),
    "lost": ("appeal_needs_response",),
    "appeal_needs_response": ("appeal_under_review", "won", "lost"),
    "appeal_under_review": ("won", "lost"),
}
STATUSES = frozenset(_NEXT) | {status for after in _NEXT.values() for status in after}
CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})


def open_dispute(
    state: SandboxState, charge_id: str, reason: str, amount: int | None, *, inquiry: bool = False
) -> JsonObject:
    """Dispute ``amount`` minor units of a charge, or all of it; an ``inquiry`` moves no money.

    Raises StripeRefusal where that cannot be.
    """
    ledger = state.ledger_with("charge", charge_id)
    charge = ledger.get("charge", charge_id)
    if not charge["captured"] or charge["disputed"]:
        raise StripeRefusal("Only a captured charge that is not disputed can be disputed.", param="charge")
    wanted = charge["amount"] if amount is None else amount
    if not 1 <= wanted <= charge["amount"]:
        raise StripeRefusal("A dispute is over at least 1 and at most the charge's amount.", param="amount")
    now = ledger.now()
    dispute = new_dispute(charge, wanted, reason, due_by=now + _ANSWER_SECONDS, now=now)
    dispute["status"] = "warning_needs_response" if inquiry else "needs_response"
    dispute["is_charge_refundable"] = inquiry
    charge["disputed"] = True
    ledger.add(dispute)
    if not inquiry:
        _withdraw(ledger, dispute)
    ledger.publish("charge.dispute.created", dispute)
    if not inquiry:
        ledger.publish("charge.dispute.funds_withdrawn", dispute)
    return dispute


def move_dispute(state: SandboxState, dispute_id: str, status: str, *, reinstated: int = 0) -> JsonObject:
    """Let a dispute become ``status``. ``reinstated`` minor units of a lost dispute come back all the same.

    Raises StripeRefusal if it cannot become that.
    """
    ledger = state.ledger_with("dispute", dispute_id)
    dispute = ledger.get("dispute", dispute_id)
    before = dispute["status"]
    if status not in _NEXT.get(before, ()):
        raise StripeRefusal(f"The dispute is already {before}, and cannot become {status}.", param="status")
    if not 0 <= reinstated < dispute["amount"]:
        raise StripeRefusal("Less than the disputed amount can be reinstated.", param="reinstated")
    dispute["status"] = status
    dispute["is_charge_refundable"] = status in _INQUIRIES or status in CLOSED - {"lost"}
    was_withdrawn = before not in _INQUIRIES
    if not was_withdrawn and status in _CONTESTED:
        _withdraw(ledger, dispute)
        ledger.publish("charge.dispute.funds_withdrawn", dispute)
    if was_withdrawn and status in {"won", "prevented"}:
        _reinstate(ledger, dispute, dispute["amount"], fee=-_DISPUTE_FEE)
    elif reinstated:
        _reinstate(ledger, dispute, reinstated, fee=0)
    ledger.publish("charge.dispute.closed" if status in CLOSED else "charge.dispute.updated", dispute)
    return dispute


def charged_back(ledger: AccountLedger, charge: JsonObject) -> int:
    """The minor units of a charge that banks have taken, for good or while they decide."""
    mine = [d for d in ledger.tables["dispute"].newest_first() if d["charge"] == charge["id"]]
    return sum(-sum(moved["amount"] for moved in dispute["balance_transactions"]) for dispute in mine)


def is_contested(ledger: AccountLedger, charge: JsonObject) -> bool:
    """Whether a dispute of the charge is open, in which its money was taken."""
    return any(
        d["charge"] == charge["id"] and d["status"] in _CONTESTED for d in ledger.tables["dispute"].newest_first()
    )


def _withdraw(ledger: AccountLedger, dispute: JsonObject) -> None:
    _move_money(ledger, dispute, -dispute["amount"], fee=_DISPUTE_FEE)


def _reinstate(ledger: AccountLedger, dispute: JsonObject, amount: int, *, fee: int) -> None:
    _move_money(ledger, dispute, amount, fee=fee)
    ledger.publish("charge.dispute.funds_reinstated", dispute)


def _move_money(ledger: AccountLedger, dispute: JsonObject, amount: int, *, fee: int) -> None:
    balance = new_balance_transaction(
        "adjustment",
        "dispute" if amount < 0 else "dispute_reversal",
        amount,
        dispute["currency"],
        source=dispute["id"],
        now=ledger.now(),
        fee=fee,
        fee_description="Dispute fee",
    )
    dispute["balance_transactions"].append(ledger.add(balance))
