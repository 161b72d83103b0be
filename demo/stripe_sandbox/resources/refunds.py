"""Refunds: never more than is left, with the transfer and the application fee taken back in proportion."""

from demo.stripe_sandbox.ledger.state import AccountLedger, SandboxState
from demo.stripe_sandbox.objects.payment_objects import new_balance_transaction, new_refund
from demo.stripe_sandbox.protocol.errors import StripeRefusal, exclusive_params, invalid_integer
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.metadata import merged_metadata
from demo.stripe_sandbox.protocol.money import check_step, display, share
from demo.stripe_sandbox.resources import reversals
from demo.stripe_sandbox.resources.call import Call
from demo.stripe_sandbox.resources.disputes import charged_back, is_contested

# The outcomes that the control interface may choose for the next refunds.
REFUND_OUTCOMES = ("succeeded", "pending", "requires_action", "failed", "canceled")
_UNDECIDED = ("pending", "requires_action")
_UNSUCCESSFUL = ("failed", "canceled")


def create(ledger: AccountLedger, call: Call) -> JsonObject:
    params = call.params
    charge = _charge_to_refund(ledger, params)
    amount = _amount(charge, params, charged_back(ledger, charge))
    _check_reversals(charge, params)
    metadata = merged_metadata({}, params)
    refund = new_refund(charge, amount, reason=params.get("reason"), metadata=metadata, now=ledger.now())
    outcomes = ledger.state.refund_outcomes
    outcome = outcomes.popleft() if outcomes else "succeeded"
    refund["status"] = "pending" if outcome in _UNSUCCESSFUL else outcome
    _take_back(ledger, charge, refund, params)
    ledger.add(refund)
    ledger.publish("refund.created", refund)
    ledger.publish("charge.refunded", charge)
    if outcome in _UNSUCCESSFUL:
        _give_up(ledger, refund, outcome)
    return refund


def update(ledger: AccountLedger, call: Call) -> JsonObject:
    refund = ledger.get("refund", call.target, "refund")
    previous = {"metadata": refund["metadata"]}
    refund["metadata"] = merged_metadata(refund["metadata"], call.params)
    ledger.publish("refund.updated", refund, previous)
    return refund


def settle(state: SandboxState, refund_id: str, status: str) -> JsonObject:
    """Decide a refund. One that had succeeded may still fail, as bank refunds do, but nothing else changes.

    Raises StripeRefusal where the refund can no longer become ``status``.
    """
    ledger = state.ledger_with("refund", refund_id)
    refund = ledger.get("refund", refund_id)
    comes_back = refund["status"] == "succeeded" and status == "failed"
    if refund["status"] not in _UNDECIDED and not comes_back:
        raise StripeRefusal(f"The refund is {refund['status']} and cannot become {status}.", param="status")
    if status in _UNSUCCESSFUL:
        _give_up(ledger, refund, status)
    else:
        previous = {"status": refund["status"]}
        refund["status"] = status
        ledger.publish("refund.updated", refund, previous)
    return refund


def _charge_to_refund(ledger: AccountLedger, params: JsonObject) -> JsonObject:
    if "charge" in params and "payment_intent" in params:
        raise exclusive_params("charge", "payment_intent")
    if "charge" in params:
        charge = ledger.get("charge", params["charge"], "charge")
    elif "payment_intent" in params:
        intent = ledger.get("payment_intent", params["payment_intent"], "payment_intent")
        found = ledger.find("charge", intent["latest_charge"])
        if found is None or not found["captured"]:
            message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            raise StripeRefusal(message, param="payment_intent")
        charge = found
    else:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise StripeRefusal(message, code="parameter_missing", param="payment_intent")
    if (
        is_contested(ledger, charge)
        or charge["amount_refunded"] + charged_back(ledger, charge) >= charge["amount"] > (charge["amount_refunded"])
    ):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeRefusal(message, code="charge_disputed")
    if not charge["captured"]:
        raise StripeRefusal(f"Charge {charge['id']} cannot be refunded: it was not captured.", param="charge")
    return charge


def _amount(charge: JsonObject, params: JsonObject, taken: int) -> int:
    left: int = charge["amount"] - charge["amount_refunded"] - taken
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeRefusal(message, code="charge_already_refunded")
    amount: int = params.get("amount", left)
    if amount < 1:
        raise invalid_integer("amount", amount, "positive integer")
    check_step(amount, charge["currency"], "amount")
    if amount > left:
        currency = charge["currency"]
        message = (
            f"Refund amount ({display(amount, currency)}) is greater than unrefunded amount on charge "
            f"({display(left, currency)})"
        )
        raise StripeRefusal(message, param="amount")
    return amount


def _check_reversals(charge: JsonObject, params: JsonObject) -> None:
    if params.get("reverse_transfer") and charge["transfer"] is None:
        message = "Cannot reverse transfer: the charge does not have an associated transfer."
        raise StripeRefusal(message, param="reverse_transfer")
    if params.get("refund_application_fee") and charge["application_fee"] is None:
        message = "Cannot refund application fee: the charge does not have an application fee."
        raise StripeRefusal(message, param="refund_application_fee")


def _take_back(ledger: AccountLedger, charge: JsonObject, refund: JsonObject, params: JsonObject) -> None:
    balance = new_balance_transaction(
        "refund", "refund", -refund["amount"], refund["currency"], source=refund["id"], now=ledger.now()
    )
    refund["balance_transaction"] = ledger.add(balance)["id"]
    charge["amount_refunded"] += refund["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    if params.get("reverse_transfer"):
        _reverse_transfer(ledger, charge, refund)
    if params.get("refund_application_fee"):
        reversals.return_fee(ledger, charge, refund["amount"], of=charge["amount"])


def _reverse_transfer(ledger: AccountLedger, charge: JsonObject, refund: JsonObject) -> None:
    """Take back the refund's share of the transfer; the rounding never takes more than is left of it."""
    transfer = ledger.get("transfer", charge["transfer"])
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = min(left, share(transfer["amount"], refund["amount"], charge["amount"]))
    refund["transfer_reversal"] = reversals.reverse(ledger, transfer, amount, refund=refund["id"])["id"]


def _give_up(ledger: AccountLedger, refund: JsonObject, status: str) -> None:
    """Fail or cancel a refund: its money can be refunded again. A reversed transfer stays reversed."""
    charge = ledger.get("charge", refund["charge"])
    balance = new_balance_transaction(
        "refund_failure",
        "refund_failure",
        refund["amount"],
        refund["currency"],
        source=refund["id"],
        now=ledger.now(),
    )
    previous = {"status": refund["status"]}
    refund["failure_balance_transaction"] = ledger.add(balance)["id"]
    refund["status"] = status
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    if status == "failed":
        refund["failure_reason"] = "lost_or_stolen_card"
        ledger.publish("refund.failed", refund)
    ledger.publish("refund.updated", refund, previous)
    ledger.publish("charge.updated", charge, {"amount_refunded": charge["amount_refunded"] + refund["amount"]})
