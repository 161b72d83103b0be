"""Disputes: a buyer's bank takes a charge back, and perhaps loses the argument."""

from adapters.stripe.sandbox.books import Books, SandboxState
from adapters.stripe.sandbox.errors import StripeRefusal
from adapters.stripe.sandbox.jsontypes import JsonObject
from adapters.stripe.sandbox.objects import new_balance_transaction, new_dispute

_DISPUTE_FEE = 1500
_ANSWER_SECONDS = 7 * 24 * 3600


def open_dispute(state: SandboxState, charge_id: str, reason: str, amount: int | None) -> JsonObject:
    """Dispute `amount` minor units of a charge, or all of it. Raises StripeRefusal where that cannot be."""
    books = state.holder_of("charge", charge_id)
    charge = books.get("charge", charge_id)
    if not charge["captured"] or charge["disputed"]:
        raise StripeRefusal("Only a captured charge that is not disputed can be disputed.", param="charge")
    wanted = charge["amount"] if amount is None else amount
    if not 1 <= wanted <= charge["amount"]:
        raise StripeRefusal("A dispute is over at least 1 and at most the charge's amount.", param="amount")
    now = books.now()
    dispute = new_dispute(charge, wanted, reason, due_by=now + _ANSWER_SECONDS, now=now)
    _move_money(books, dispute, -wanted, fee=_DISPUTE_FEE)
    charge["disputed"] = True
    books.add(dispute)
    books.publish("charge.dispute.created", dispute)
    return dispute


def close_dispute(state: SandboxState, dispute_id: str, status: str) -> JsonObject:
    """Decide a dispute: "won" (the money comes back) or "lost"."""
    books = state.holder_of("dispute", dispute_id)
    dispute = books.get("dispute", dispute_id)
    if dispute["status"] != "needs_response":
        raise StripeRefusal(f"The dispute is already {dispute['status']}.", param="status")
    dispute["status"] = status
    if status == "won":
        _move_money(books, dispute, dispute["amount"], fee=-_DISPUTE_FEE)
    books.publish("charge.dispute.closed", dispute)
    return dispute


def _move_money(books: Books, dispute: JsonObject, amount: int, *, fee: int) -> None:
    balance = new_balance_transaction(
        "adjustment",
        "dispute" if amount < 0 else "dispute_reversal",
        amount,
        dispute["currency"],
        source=dispute["id"],
        now=books.now(),
        fee=fee,
        fee_description="Dispute fee",
    )
    dispute["balance_transactions"].append(books.add(balance))
