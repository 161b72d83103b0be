"""Stripe's rules for a new Checkout Session, beyond the types of its parameters."""

import re
from decimal import Decimal
from urllib.parse import urlsplit

from demo.stripe_sandbox.ledger.state import AccountLedger, SandboxState
from demo.stripe_sandbox.objects.cart import Cart, check_total, parse_lines
from demo.stripe_sandbox.objects.session_objects import offered_methods
from demo.stripe_sandbox.protocol.errors import (
    StripeRefusal,
    exclusive_params,
    invalid_integer,
    missing_param,
    no_such,
    not_in_the_sandbox,
)
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.resources.accounts import require_destination

_SHORTEST_LIFE_SECONDS = 30 * 60
_LONGEST_LIFE_SECONDS = 24 * 3600
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_UNSUPPORTED = (
    "customer_account",
    "discounts",
    "managed_payments",
    "optional_items",
    "payment_method_configuration",
    "setup_intent_data",
    "shipping_options",
    "subscription_data",
)


def check_supported(params: JsonObject) -> None:
    if "mode" not in params:
        raise missing_param("mode")
    if params["mode"] != "payment":
        raise not_in_the_sandbox(f"mode={params['mode']}", "mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise not_in_the_sandbox(f"ui_mode={params['ui_mode']}", "ui_mode")
    for name in _UNSUPPORTED:
        if name in params:
            raise not_in_the_sandbox(name, name)
    if "customer" in params:
        raise no_such("customer", params["customer"], "customer")


def check_methods(params: JsonObject) -> None:
    both = ("allowed_payment_method_types", "excluded_payment_method_types")
    if all(name in params for name in both):
        raise exclusive_params(*both)
    if not offered_methods(params):
        message = "No valid payment method types for this Checkout Session: activate one that it may be paid with."
        raise StripeRefusal(message, param=next(name for name in both if name in params))


def check_addresses(params: JsonObject) -> None:
    if "success_url" not in params:
        raise missing_param("success_url")
    for name in ("success_url", "cancel_url"):
        address = params.get(name)
        if address is not None and not _is_web_address(address):
            raise StripeRefusal("Not a valid URL", code="url_invalid", param=name)
    email = params.get("customer_email")
    if email is not None and not (email.isascii() and _EMAIL.fullmatch(email)):
        raise StripeRefusal(f"Invalid email address: {email}", code="email_invalid", param="customer_email")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def cart_from(state: SandboxState, params: JsonObject) -> Cart:
    if "line_items" not in params:
        raise missing_param("line_items")
    taxed = params.get("automatic_tax", {}).get("enabled", False)
    cart = Cart(
        lines=parse_lines(params["line_items"]),
        payment_data=dict(params.get("payment_intent_data", {})),
        tax_rate=state.options.tax_rate if taxed else Decimal(0),
    )
    if params.get("currency", cart.currency) != cart.currency:
        raise StripeRefusal("The line items' currency is not the session's.", param="currency")
    check_total(cart.subtotal, cart.currency)
    return cart


def check_payment_data(ledger: AccountLedger, cart: Cart) -> None:
    data = cart.payment_data
    if data.get("capture_method", "automatic_async") == "manual":
        raise not_in_the_sandbox("manual capture", "payment_intent_data[capture_method]")
    transfer = data.get("transfer_data")
    if transfer is not None:
        param = "payment_intent_data[transfer_data]"
        require_destination(ledger.state, transfer["destination"], f"{param}[destination]")
        if "amount" in transfer:
            _check_part(transfer["amount"], cart, f"{param}[amount]", "transfer_data[amount]")
            if "application_fee_amount" in data:
                raise exclusive_params("payment_intent_data[application_fee_amount]", f"{param}[amount]")
    if "on_behalf_of" in data:
        require_destination(ledger.state, data["on_behalf_of"], "payment_intent_data[on_behalf_of]")
    if "application_fee_amount" in data:
        param = "payment_intent_data[application_fee_amount]"
        if transfer is None and ledger.account is None:
            message = (
                "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment "
                "(using an OAuth key or Stripe-Account header) or destination payment "
                "(using `transfer_data[destination]`)."
            )
            raise StripeRefusal(message, param=param)
        _check_part(data["application_fee_amount"], cart, param, "application_fee_amount")


def _check_part(amount: int, cart: Cart, param: str, name: str) -> None:
    if amount < 1:
        raise invalid_integer(param, amount, "positive integer")
    if amount > cart.subtotal:
        raise StripeRefusal(f"Your {name} must not be greater than the total ({cart.subtotal}).", param=param)


def expires_at(ledger: AccountLedger, params: JsonObject) -> int:
    now = ledger.now()
    wanted: int = params.get("expires_at", now + _LONGEST_LIFE_SECONDS)
    if wanted < now + _SHORTEST_LIFE_SECONDS:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise StripeRefusal(message, param="expires_at")
    if wanted > now + _LONGEST_LIFE_SECONDS:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise StripeRefusal(message, param="expires_at")
    return wanted
