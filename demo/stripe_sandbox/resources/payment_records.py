"""Changes of existing payments through the API."""

from demo.stripe_sandbox.ledger.state import AccountLedger
from demo.stripe_sandbox.protocol.errors import StripeRefusal, not_in_the_sandbox
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.metadata import merged_metadata
from demo.stripe_sandbox.resources.call import Call
from demo.stripe_sandbox.resources.payments import cancel_intent as cancel
from demo.stripe_sandbox.resources.payments import fail_pending_charge, session_of

_INTENT_FIELDS = ("description", "receipt_email", "statement_descriptor_suffix", "transfer_group")
_CHARGE_FIELDS = ("description", "fraud_details", "receipt_email", "shipping", "transfer_group")
_TRANSFER_FIELDS = ("description",)


def update_intent(ledger: AccountLedger, call: Call) -> JsonObject:
    return _update(ledger.get("payment_intent", call.target, "intent"), call.params, _INTENT_FIELDS)


def update_charge(ledger: AccountLedger, call: Call) -> JsonObject:
    charge = ledger.get("charge", call.target, "charge")
    names = [*_CHARGE_FIELDS, "metadata"]
    before = {name: charge[name] for name in names}
    _update(charge, call.params, _CHARGE_FIELDS)
    ledger.publish("charge.updated", charge, {name: before[name] for name in names if before[name] != charge[name]})
    return charge


def update_transfer(ledger: AccountLedger, call: Call) -> JsonObject:
    return _update(ledger.get("transfer", call.target, "transfer"), call.params, _TRANSFER_FIELDS)


def cancel_intent(ledger: AccountLedger, call: Call) -> JsonObject:
    """Cancel a delayed payment that is under way; before that, Stripe wants the session expired."""
    intent = ledger.get("payment_intent", call.target, "intent")
    if intent["status"] in {"succeeded", "canceled"}:
        message = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise StripeRefusal(message, code="payment_intent_unexpected_state")
    session = session_of(ledger, intent)
    if session is not None and session["status"] == "open":
        message = (
            "You cannot cancel the PaymentIntent of an open Checkout Session. Expire the Checkout Session instead."
        )
        raise StripeRefusal(message, code="payment_intent_unexpected_state")
    fail_pending_charge(ledger, intent, "The payment was canceled.")
    cancel(ledger, intent, call.params.get("cancellation_reason"))
    if session is not None and session["status"] == "complete":
        ledger.publish("checkout.session.async_payment_failed", session)
    return intent


def _update(entry: JsonObject, params: JsonObject, fields: tuple[str, ...]) -> JsonObject:
    for name in params:
        if name not in fields and name not in {"metadata", "expand"}:
            raise not_in_the_sandbox(f"updating {name} here", name)
    for name in fields:
        if name in params:
            entry[name] = params[name] or None
    entry["metadata"] = merged_metadata(entry["metadata"], params)
    return entry
