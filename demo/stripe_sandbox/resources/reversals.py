"""Reversals: money that comes back from a connected account, never more than is left of its transfer."""

from demo.stripe_sandbox.ledger.state import AccountLedger
from demo.stripe_sandbox.objects.payment_objects import new_balance_transaction, new_fee_refund, new_transfer_reversal
from demo.stripe_sandbox.protocol.errors import StripeRefusal, invalid_integer, no_such
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.metadata import merged_metadata
from demo.stripe_sandbox.protocol.money import display, share
from demo.stripe_sandbox.resources.call import Call
from demo.stripe_sandbox.resources.listing import list_object, page_limit


def create(ledger: AccountLedger, call: Call) -> JsonObject:
    """POST /v1/transfers/{id}/reversals."""
    transfer = ledger.get("transfer", call.target, "id")
    params = call.params
    left = transfer["amount"] - transfer["amount_reversed"]
    if left == 0:
        raise StripeRefusal(f"Transfer {transfer['id']} is already fully reversed.", param="id")
    amount: int = params.get("amount", left)
    if amount < 1:
        raise invalid_integer("amount", amount, "positive integer")
    if amount > left:
        currency = transfer["currency"]
        message = (
            f"Reversal amount ({display(amount, currency)}) is greater than unreversed amount on transfer "
            f"({display(left, currency)})"
        )
        raise StripeRefusal(message, param="amount")
    charge = ledger.find("charge", transfer["source_transaction"])
    returns_fee = params.get("refund_application_fee", False)
    if returns_fee and (charge is None or charge["application_fee"] is None):
        message = "Cannot refund application fee: the transfer's charge does not have an application fee."
        raise StripeRefusal(message, param="refund_application_fee")
    reversal = reverse(ledger, transfer, amount, refund=None)
    reversal["metadata"] = merged_metadata({}, params)
    if returns_fee and charge is not None:
        return_fee(ledger, charge, amount, of=transfer["amount"])
    ledger.publish("transfer.reversed", transfer)
    return reversal


def list_reversals(ledger: AccountLedger, call: Call) -> JsonObject:
    """GET /v1/transfers/{id}/reversals: newest first."""
    transfer = ledger.get("transfer", call.target, "id")
    reversals = transfer["reversals"]["data"]
    after = call.params.get("starting_after")
    if after is not None:
        places = [place for place, each in enumerate(reversals) if each["id"] == after]
        if not places:
            raise no_such("reversal", after, "starting_after")
        reversals = reversals[places[0] + 1 :]
    limit = page_limit(call.params)
    return list_object(reversals[:limit], call.path, has_more=len(reversals) > limit)


def reverse(ledger: AccountLedger, transfer: JsonObject, amount: int, *, refund: str | None) -> JsonObject:
    """Take ``amount`` back out of a transfer, for a refund or for itself."""
    now = ledger.now()
    balance = new_balance_transaction(
        "transfer_refund", "transfer_reversal", amount, transfer["currency"], source=transfer["id"], now=now
    )
    reversal = new_transfer_reversal(
        transfer, amount, refund=refund, balance_transaction=ledger.add(balance)["id"], now=now
    )
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    prepend(transfer["reversals"], reversal)
    return reversal


def return_fee(ledger: AccountLedger, charge: JsonObject, part: int, *, of: int) -> None:
    """Return the application fee's share for ``part`` of ``of`` minor units, and no more than is left."""
    platform = ledger.state.ledger()
    fee = platform.get("application_fee", charge["application_fee"])
    left = fee["amount"] - fee["amount_refunded"]
    amount = min(left, share(fee["amount"], part, of))
    now = ledger.now()
    balance = new_balance_transaction(
        "application_fee_refund", "platform_earning_refund", -amount, fee["currency"], source=fee["id"], now=now
    )
    fee_refund = new_fee_refund(fee, amount, balance_transaction=platform.add(balance)["id"], now=now)
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    prepend(fee["refunds"], fee_refund)


def prepend(listed: JsonObject, entry: JsonObject) -> None:
    """Put the newest entry into a list that an object carries."""
    listed["data"].insert(0, entry)
    listed["total_count"] += 1
