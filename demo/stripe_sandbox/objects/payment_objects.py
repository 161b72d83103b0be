"""Stripe's money objects when new: every field that Stripe always sends, filled or null."""

from demo.stripe_sandbox.protocol.ids import new_id
from demo.stripe_sandbox.protocol.json_types import JsonObject

_SETTLEMENT_SECONDS = 2 * 24 * 3600
_EMPTY_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def empty_address() -> JsonObject:
    return dict.fromkeys(_EMPTY_ADDRESS)


def new_balance_transaction(
    kind: str,
    reporting_category: str,
    amount: int,
    currency: str,
    *,
    source: str,
    now: int,
    fee: int = 0,
    fee_description: str = "Stripe processing fees",
) -> JsonObject:
    fees = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": fee_description,
        "type": "stripe_fee",
    }
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + _SETTLEMENT_SECONDS,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [fees] if fee else [],
        "net": amount - fee,
        "reporting_category": reporting_category,
        "source": source,
        "status": "pending",
        "type": kind,
    }


def new_payment_intent(amount: int, currency: str, data: JsonObject, *, now: int, livemode: bool) -> JsonObject:
    """``data`` is a session's payment_intent_data."""
    intent_id = new_id("pi")
    transfer_data = data.get("transfer_data")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": data.get("application_fee_amount"),
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": None,
        "description": data.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": livemode,
        "metadata": data.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": data.get("on_behalf_of"),
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "us_bank_account"],
        "processing": None,
        "receipt_email": data.get("receipt_email"),
        "review": None,
        "setup_future_usage": data.get("setup_future_usage"),
        "shipping": data.get("shipping"),
        "source": None,
        "statement_descriptor": data.get("statement_descriptor"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": dict(transfer_data) if transfer_data else None,
        "transfer_group": data.get("transfer_group"),
    }


def new_charge(intent: JsonObject, billing: JsonObject, method_details: JsonObject, *, now: int) -> JsonObject:
    """A charge of the whole intent that has not been decided yet: pending, nothing captured."""
    transfer_data = intent["transfer_data"]
    return {
        "id": new_id("ch" if method_details["type"] == "card" else "py"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": billing,
        "calculated_statement_descriptor": intent["statement_descriptor"] or "PIQUETICKETS SANDBOX",
        "captured": False,
        "created": now,
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": intent["livemode"],
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": intent["on_behalf_of"],
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": new_id("pm"),
        "payment_method_details": method_details,
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "transfer": None,
        "transfer_data": {"amount": None, **transfer_data} if transfer_data else None,
        "transfer_group": intent["transfer_group"],
    }


def card_details() -> JsonObject:
    card = {
        "amount_authorized": None,
        "authorization_code": "420042",
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 12,
        "exp_year": 2040,
        "fingerprint": "sandboxsandbox42",
        "funding": "credit",
        "last4": "4242",
        "mandate": None,
        "network": "visa",
        "three_d_secure": None,
        "wallet": None,
    }
    return {"type": "card", "card": card}


def bank_debit_details() -> JsonObject:
    """The delayed method: an ACH debit."""
    account = {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "SANDBOX BANK",
        "fingerprint": "sandboxsandbox67",
        "last4": "6789",
        "mandate": None,
        "payment_reference": None,
        "routing_number": "110000000",
    }
    return {"type": "us_bank_account", "us_bank_account": account}


def new_transfer(charge: JsonObject, amount: int, destination: str, *, now: int) -> JsonObject:
    transfer_id = new_id("tr")
    return {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": now,
        "currency": charge["currency"],
        "description": None,
        "destination": destination,
        "destination_payment": None,
        "livemode": charge["livemode"],
        "metadata": {},
        "reversals": _empty_list(f"/v1/transfers/{transfer_id}/reversals"),
        "reversed": False,
        "source_transaction": charge["id"],
        "source_type": "card",
        "transfer_group": charge["transfer_group"],
    }


def new_destination_payment(transfer: JsonObject, *, now: int) -> JsonObject:
    """The charge that appears in the connected account's own ledger when a transfer arrives."""
    source = {
        "amount": transfer["amount"],
        "application_fee_amount": None,
        "currency": transfer["currency"],
        "description": None,
        "id": None,
        "livemode": transfer["livemode"],
        "metadata": {},
        "on_behalf_of": None,
        "receipt_email": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_data": None,
        "transfer_group": None,
    }
    billing = {"address": empty_address(), "email": None, "name": None, "phone": None, "tax_id": None}
    payment = new_charge(source, billing, {"type": "stripe_account", "stripe_account": {}}, now=now)
    paid = {
        "amount_captured": transfer["amount"],
        "captured": True,
        "paid": True,
        "payment_method": None,
        "source_transfer": transfer["id"],
        "status": "succeeded",
    }
    return payment | paid


def new_transfer_reversal(
    transfer: JsonObject, amount: int, *, refund: str | None, balance_transaction: str, now: int
) -> JsonObject:
    return {
        "id": new_id("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": balance_transaction,
        "created": now,
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": {},
        "source_refund": refund,
        "transfer": transfer["id"],
    }


def new_application_fee(charge: JsonObject, amount: int, account: str, *, now: int) -> JsonObject:
    fee_id = new_id("fee")
    return {
        "id": fee_id,
        "object": "application_fee",
        "account": account,
        "amount": amount,
        "amount_refunded": 0,
        "application": "ca_sandbox",
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "fee_source": {"charge": charge["id"], "type": "charge"},
        "livemode": charge["livemode"],
        "originating_transaction": charge["id"],
        "refunded": False,
        "refunds": _empty_list(f"/v1/application_fees/{fee_id}/refunds"),
    }


def new_fee_refund(fee: JsonObject, amount: int, *, balance_transaction: str, now: int) -> JsonObject:
    return {
        "id": new_id("fr"),
        "object": "fee_refund",
        "amount": amount,
        "balance_transaction": balance_transaction,
        "created": now,
        "currency": fee["currency"],
        "fee": fee["id"],
        "metadata": {},
    }


def new_refund(charge: JsonObject, amount: int, *, reason: str | None, metadata: JsonObject, now: int) -> JsonObject:
    card = {"reference": None, "reference_status": "pending", "reference_type": "acquirer_reference_number"}
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": {"card": {**card, "type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def new_dispute(charge: JsonObject, amount: int, reason: str, *, due_by: int, now: int) -> JsonObject:
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": charge["livemode"],
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }


def _empty_list(url: str) -> JsonObject:
    return {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": url}
