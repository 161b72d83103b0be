"""The money when a buyer pays: intent, charge, fee, transfer, balance."""

from demo.stripe_sandbox.ledger.state import AccountLedger
from demo.stripe_sandbox.objects.cart import Cart
from demo.stripe_sandbox.objects.payment_objects import (
    bank_debit_details,
    card_details,
    new_application_fee,
    new_balance_transaction,
    new_charge,
    new_destination_payment,
    new_payment_intent,
    new_transfer,
)
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.money import stripe_fee

_DECLINE_MESSAGE = "Your card was declined."
_DEBIT_FAILURE_MESSAGE = "The customer's bank account could not be debited: insufficient funds."


def pay_by_card(ledger: AccountLedger, session: JsonObject, cart: Cart, billing: JsonObject) -> None:
    """Charge the whole session at once; the session completes, paid."""
    intent = _intent_for(ledger, session, cart)
    charge = _open_charge(ledger, intent, card_details(), billing)
    _succeed(ledger, intent, charge)
    _complete_session(session, cart, billing, payment_status="paid")
    ledger.publish("checkout.session.completed", session)
    ledger.publish("charge.updated", charge, {"balance_transaction": None})


def decline_card(ledger: AccountLedger, session: JsonObject, cart: Cart, billing: JsonObject) -> None:
    """Record a failed charge; the session stays open and the buyer may try again."""
    intent = _intent_for(ledger, session, cart)
    charge = _open_charge(ledger, intent, card_details(), billing)
    _fail(ledger, intent, charge, code="card_declined", message=_DECLINE_MESSAGE)


def debit_later(ledger: AccountLedger, session: JsonObject, cart: Cart, billing: JsonObject) -> None:
    """Start a delayed payment: the session completes unpaid; the money comes, or fails, days later."""
    intent = _intent_for(ledger, session, cart)
    intent["status"] = "processing"
    _open_charge(ledger, intent, bank_debit_details(), billing)
    _complete_session(session, cart, billing, payment_status="unpaid")
    ledger.publish("payment_intent.processing", intent)
    ledger.publish("checkout.session.completed", session)


def debit_arrives(ledger: AccountLedger, session: JsonObject) -> None:
    """Let the delayed payment's money arrive."""
    intent, charge = _processing_payment(ledger, session)
    _succeed(ledger, intent, charge)
    session["payment_status"] = "paid"
    ledger.publish("checkout.session.async_payment_succeeded", session)


def debit_fails(ledger: AccountLedger, session: JsonObject) -> None:
    """Let the delayed payment fail; the session is complete and can never be paid again."""
    intent, charge = _processing_payment(ledger, session)
    _fail(ledger, intent, charge, code="payment_intent_payment_attempt_failed", message=_DEBIT_FAILURE_MESSAGE)
    ledger.publish("checkout.session.async_payment_failed", session)


def cancel_intent(ledger: AccountLedger, intent: JsonObject, reason: str | None) -> None:
    intent["status"] = "canceled"
    intent["canceled_at"] = ledger.now()
    intent["cancellation_reason"] = reason
    ledger.publish("payment_intent.canceled", intent)


def session_of(ledger: AccountLedger, intent: JsonObject) -> JsonObject | None:
    """The Checkout Session that made an intent, if it is still remembered."""
    sessions = ledger.tables["checkout.session"].newest_first()
    return next((session for session in sessions if session["payment_intent"] == intent["id"]), None)


def fail_pending_charge(ledger: AccountLedger, intent: JsonObject, message: str) -> None:
    """Mark the charge of an intent that was given up while its delayed payment was under way."""
    charge = ledger.find("charge", intent["latest_charge"])
    if charge is not None and charge["status"] == "pending":
        charge["status"] = "failed"
        charge["failure_message"] = message
        ledger.publish("charge.failed", charge)


def _processing_payment(ledger: AccountLedger, session: JsonObject) -> tuple[JsonObject, JsonObject]:
    intent = ledger.find("payment_intent", session["payment_intent"])
    charge = ledger.find("charge", intent["latest_charge"]) if intent else None
    if intent is None or charge is None or intent["status"] != "processing":
        raise StripeRefusal("This Checkout Session has no delayed payment under way.", status=409)
    return intent, charge


def _intent_for(ledger: AccountLedger, session: JsonObject, cart: Cart) -> JsonObject:
    """The session's intent, made at the first attempt to pay, as at Stripe."""
    intent = ledger.find("payment_intent", session["payment_intent"])
    if intent is None:
        intent = new_payment_intent(
            cart.total, cart.currency, cart.payment_data, now=ledger.now(), livemode=ledger.livemode
        )
        ledger.add(intent)
        session["payment_intent"] = intent["id"]
    return intent


def _open_charge(ledger: AccountLedger, intent: JsonObject, method: JsonObject, billing: JsonObject) -> JsonObject:
    if intent["transfer_data"] and intent["transfer_group"] is None:
        intent["transfer_group"] = f"group_{intent['id']}"
    charge = ledger.add(new_charge(intent, billing, method, now=ledger.now()))
    intent["latest_charge"] = charge["id"]
    return charge


def _succeed(ledger: AccountLedger, intent: JsonObject, charge: JsonObject) -> None:
    amount, currency = charge["amount"], charge["currency"]
    balance = new_balance_transaction(
        "charge",
        "charge",
        amount,
        currency,
        source=charge["id"],
        now=ledger.now(),
        fee=stripe_fee(amount, currency),
    )
    charge |= {
        "amount_captured": amount,
        "balance_transaction": ledger.add(balance)["id"],
        "captured": True,
        "outcome": _charge_outcome("approved_by_network", "authorized", "Payment complete."),
        "paid": True,
        "status": "succeeded",
    }
    intent |= {
        "amount_received": amount,
        "last_payment_error": None,
        "payment_method": charge["payment_method"],
        "status": "succeeded",
    }
    transfer = _transfer_to_destination(ledger, charge)
    _collect_application_fee(ledger, charge)
    ledger.publish("payment_intent.succeeded", intent)
    ledger.publish("charge.succeeded", charge)
    if transfer is not None:
        ledger.publish("transfer.created", transfer)


def _fail(ledger: AccountLedger, intent: JsonObject, charge: JsonObject, *, code: str, message: str) -> None:
    charge |= {
        "failure_code": code,
        "failure_message": message,
        "outcome": _charge_outcome("declined_by_network", "issuer_declined", message),
        "status": "failed",
    }
    error = {"charge": charge["id"], "code": code, "message": message, "type": "card_error"}
    if code == "card_declined":
        error["decline_code"] = "generic_decline"
    intent |= {"last_payment_error": error, "status": "requires_payment_method"}
    ledger.publish("charge.failed", charge)
    ledger.publish("payment_intent.payment_failed", intent)


def _charge_outcome(network_status: str, kind: str, seller_message: str) -> JsonObject:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": None if kind == "authorized" else "generic_decline",
        "risk_level": "normal",
        "risk_score": 7,
        "seller_message": seller_message,
        "type": kind,
    }


def _transfer_to_destination(ledger: AccountLedger, charge: JsonObject) -> JsonObject | None:
    """Transfer the whole charge to the connected account, then take the fee back from it: a destination charge."""
    wanted = charge["transfer_data"]
    if wanted is None:
        return None
    amount = wanted["amount"] if wanted["amount"] is not None else charge["amount"]
    now = ledger.now()
    transfer = new_transfer(charge, amount, wanted["destination"], now=now)
    balance = new_balance_transaction(
        "transfer", "transfer", -amount, charge["currency"], source=transfer["id"], now=now
    )
    payment = ledger.state.ledger(wanted["destination"]).add(new_destination_payment(transfer, now=now))
    transfer["balance_transaction"] = ledger.add(balance)["id"]
    transfer["destination_payment"] = payment["id"]
    charge["transfer"] = transfer["id"]
    return ledger.add(transfer)


def _collect_application_fee(ledger: AccountLedger, charge: JsonObject) -> None:
    amount = charge["application_fee_amount"]
    payer = charge["transfer_data"]["destination"] if charge["transfer_data"] else ledger.account
    if not amount or payer is None:
        return
    now = ledger.now()
    platform = ledger.state.ledger()
    fee = new_application_fee(charge, amount, payer, now=now)
    balance = new_balance_transaction(
        "application_fee", "platform_earning", amount, charge["currency"], source=fee["id"], now=now
    )
    fee["balance_transaction"] = platform.add(balance)["id"]
    charge["application_fee"] = platform.add(fee)["id"]


def _complete_session(session: JsonObject, cart: Cart, billing: JsonObject, *, payment_status: str) -> None:
    session["status"] = "complete"
    session["payment_status"] = payment_status
    session["url"] = None
    session["amount_total"] = cart.total
    session["total_details"]["amount_tax"] = cart.tax
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"]["status"] = "complete"
    session["customer_details"] = {
        "address": billing["address"],
        "business_name": None,
        "email": billing["email"],
        "individual_name": None,
        "name": billing["name"],
        "phone": billing["phone"],
        "tax_exempt": "none",
        "tax_ids": [],
    }
