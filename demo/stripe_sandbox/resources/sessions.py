"""Checkout Sessions: created by Stripe's rules, open until paid or expired."""

from decimal import Decimal

from demo.stripe_sandbox.ledger.state import AccountLedger, SandboxState
from demo.stripe_sandbox.objects.cart import Cart
from demo.stripe_sandbox.objects.session_objects import line_item, new_session
from demo.stripe_sandbox.protocol.errors import StripeRefusal, no_such, not_in_the_sandbox
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.metadata import merged_metadata
from demo.stripe_sandbox.resources.call import Call
from demo.stripe_sandbox.resources.listing import created_matches, list_object, page_limit, page_of
from demo.stripe_sandbox.resources.payments import cancel_intent
from demo.stripe_sandbox.resources.session_rules import (
    cart_from,
    check_addresses,
    check_methods,
    check_payment_data,
    check_supported,
    expires_at,
)
from demo.stripe_sandbox.resources.taxes import check_tax


def create(ledger: AccountLedger, call: Call) -> JsonObject:
    params = call.params
    check_supported(params)
    check_methods(params)
    check_addresses(params)
    cart = cart_from(ledger.state, params)
    check_payment_data(ledger, cart)
    check_tax(ledger, params, cart.lines)
    session = new_session(
        params,
        cart,
        created=ledger.now(),
        expires_at=expires_at(ledger, params),
        livemode=ledger.livemode,
        base_url=ledger.state.base_url,
    )
    ledger.add(session)
    ledger.carts.add(session["id"], cart)
    ledger.state.remember_deadline(session["expires_at"], session["id"], ledger)
    return session


def retrieve(ledger: AccountLedger, call: Call) -> JsonObject:
    return _current(ledger, call.target)


def list_sessions(ledger: AccountLedger, call: Call) -> JsonObject:
    params = call.params
    expire_overdue(ledger.state)
    email = params.get("customer_details", {}).get("email")

    def matches(session: JsonObject) -> bool:
        return (
            params.get("status", session["status"]) == session["status"]
            and params.get("payment_intent", session["payment_intent"]) == session["payment_intent"]
            and created_matches(session["created"], params.get("created"))
            and (email is None or (session["customer_details"] or {}).get("email") == email)
            and not any(name in params for name in ("customer", "customer_account", "payment_link", "subscription"))
        )

    return page_of(ledger.tables["checkout.session"], params, call.path, matches, lambda session: session)


def update(ledger: AccountLedger, call: Call) -> JsonObject:
    session = _current(ledger, call.target)
    params = call.params
    for unsupported in ("collected_information", "line_items", "shipping_options"):
        if unsupported in params:
            raise not_in_the_sandbox(f"updating {unsupported}", unsupported)
    if "payment_intent_data" in params:
        _require_open(session, "updated")
        cart = cart_of(ledger, session["id"])
        changes = {name: value or None for name, value in params["payment_intent_data"].items()}
        changes["metadata"] = merged_metadata(cart.payment_data.get("metadata", {}), params["payment_intent_data"])
        cart.payment_data.update(changes)
    session["metadata"] = merged_metadata(session["metadata"], params)
    return session


def expire(ledger: AccountLedger, call: Call) -> JsonObject:
    session = _current(ledger, call.target)
    _require_open(session, "expired")
    _mark_expired(ledger, session)
    return session


def list_line_items(ledger: AccountLedger, call: Call) -> JsonObject:
    """The session's line items, in the order they were given, as at Stripe."""
    session = _current(ledger, call.target)
    items = line_items(ledger, session)["data"]
    ids = [item["id"] for item in items]
    for name in ("starting_after", "ending_before"):
        if name in call.params and call.params[name] not in ids:
            raise no_such("line item", call.params[name], name)
    if "starting_after" in call.params:
        items = items[ids.index(call.params["starting_after"]) + 1 :]
    if "ending_before" in call.params:
        items = items[: ids.index(call.params["ending_before"])]
    limit = page_limit(call.params)
    return list_object(items[:limit], call.path, has_more=len(items) > limit)


def line_items(ledger: AccountLedger, session: JsonObject) -> JsonObject:
    """The list object that ``expand`` puts into a session."""
    cart = cart_of(ledger, session["id"])
    rate = cart.tax_rate if session["automatic_tax"]["status"] == "complete" else Decimal(0)
    data = [line_item(line, session, rate) for line in cart.lines]
    return list_object(data, f"/v1/checkout/sessions/{session['id']}/line_items")


def expire_overdue(state: SandboxState) -> None:
    """Expire every open session whose time is up, and publish that."""
    for ledger, session_id in state.overdue_sessions():
        session = ledger.find("checkout.session", session_id)
        if session is not None and session["status"] == "open":
            _mark_expired(ledger, session)


def _current(ledger: AccountLedger, session_id: str) -> JsonObject:
    expire_overdue(ledger.state)
    return ledger.get("checkout.session", session_id, "session")


def cart_of(ledger: AccountLedger, session_id: str) -> Cart:
    cart = ledger.carts.get(session_id)
    if cart is None:
        raise no_such("checkout.session", session_id)
    return cart


def _require_open(session: JsonObject, verb: str) -> None:
    if session["status"] != "open":
        message = (
            f'Only Checkout Sessions with a status in ["open"] can be {verb}. '
            f"This Checkout Session has a status of {session['status']}."
        )
        raise StripeRefusal(message, param="session")


def _mark_expired(ledger: AccountLedger, session: JsonObject) -> None:
    session["status"] = "expired"
    session["url"] = None
    intent = ledger.find("payment_intent", session["payment_intent"])
    if intent is not None:
        cancel_intent(ledger, intent, "automatic")
    ledger.publish("checkout.session.expired", session)
