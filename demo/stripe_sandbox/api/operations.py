"""The operations of the sandbox: "METHOD /path" of Stripe's description, and the function that answers it."""

from collections.abc import Mapping

from demo.stripe_sandbox.ledger.state import AccountLedger
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.resources import accounts, events, payment_records, refunds, reversals, sessions, taxes
from demo.stripe_sandbox.resources.call import Call, Operation
from demo.stripe_sandbox.resources.listing import created_matches, page_of


def _retrieve(kind: str) -> Operation:
    def retrieve(ledger: AccountLedger, call: Call) -> JsonObject:
        return ledger.get(kind, call.target)

    return retrieve


def _list(kind: str, *filters: str) -> Operation:
    def list_objects(ledger: AccountLedger, call: Call) -> JsonObject:
        params = call.params
        wanted = {name: params[name] for name in filters if name in params}

        def matches(entry: JsonObject) -> bool:
            return created_matches(entry["created"], params.get("created")) and all(
                entry.get(name) == value for name, value in wanted.items()
            )

        return page_of(ledger.tables[kind], params, call.path, matches, lambda entry: entry)

    return list_objects


OPERATIONS: Mapping[str, Operation] = {
    "POST /v1/checkout/sessions": sessions.create,
    "GET /v1/checkout/sessions": sessions.list_sessions,
    "GET /v1/checkout/sessions/{session}": sessions.retrieve,
    "POST /v1/checkout/sessions/{session}": sessions.update,
    "POST /v1/checkout/sessions/{session}/expire": sessions.expire,
    "GET /v1/checkout/sessions/{session}/line_items": sessions.list_line_items,
    "GET /v1/payment_intents": _list("payment_intent", "customer"),
    "GET /v1/payment_intents/{intent}": _retrieve("payment_intent"),
    "POST /v1/payment_intents/{intent}": payment_records.update_intent,
    "POST /v1/payment_intents/{intent}/cancel": payment_records.cancel_intent,
    "GET /v1/charges": _list("charge", "customer", "payment_intent", "transfer_group"),
    "GET /v1/charges/{charge}": _retrieve("charge"),
    "POST /v1/charges/{charge}": payment_records.update_charge,
    "GET /v1/transfers": _list("transfer", "destination", "transfer_group"),
    "GET /v1/transfers/{transfer}": _retrieve("transfer"),
    "POST /v1/transfers/{transfer}": payment_records.update_transfer,
    "POST /v1/transfers/{id}/reversals": reversals.create,
    "GET /v1/transfers/{id}/reversals": reversals.list_reversals,
    "POST /v1/refunds": refunds.create,
    "GET /v1/refunds": _list("refund", "charge", "payment_intent"),
    "GET /v1/refunds/{refund}": _retrieve("refund"),
    "POST /v1/refunds/{refund}": refunds.update,
    "GET /v1/account": accounts.own,
    "POST /v1/accounts": accounts.create,
    "GET /v1/accounts": accounts.list_accounts,
    "GET /v1/accounts/{account}": accounts.retrieve,
    "POST /v1/accounts/{account}": accounts.update,
    "POST /v1/accounts/{account}/login_links": accounts.create_login_link,
    "POST /v1/account_links": accounts.create_account_link,
    "GET /v1/events": events.list_events,
    "GET /v1/events/{id}": events.retrieve_event,
    "GET /v1/balance_transactions": _list("balance_transaction", "currency", "source", "type"),
    "GET /v1/balance_transactions/{id}": _retrieve("balance_transaction"),
    "GET /v1/disputes": _list("dispute", "charge", "payment_intent"),
    "GET /v1/disputes/{dispute}": _retrieve("dispute"),
    "GET /v1/tax/settings": taxes.retrieve_settings,
    "POST /v1/tax/settings": taxes.update_settings,
    "POST /v1/tax/locations": taxes.create_location,
    "GET /v1/tax/locations": taxes.list_locations,
    "GET /v1/tax/locations/{location}": taxes.retrieve_location,
    "GET /v1/application_fees": _list("application_fee", "charge"),
    "GET /v1/application_fees/{id}": _retrieve("application_fee"),
}
