"""Checkout Sessions and their line items as JSON: every field that Stripe always sends, filled or null."""

from decimal import Decimal
from typing import Any

from demo.stripe_sandbox.objects.cart import Cart, Line
from demo.stripe_sandbox.protocol.ids import new_id
from demo.stripe_sandbox.protocol.json_types import JsonObject

_ECHOED = (
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "customer_email",
    "excluded_payment_method_types",
    "integration_identifier",
    "locale",
    "origin_context",
    "saved_payment_method_options",
    "shipping_address_collection",
    "submit_type",
    "success_url",
    "wallet_options",
)
_NULL = (
    "after_expiration",
    "branding_settings",
    "client_secret",
    "collected_information",
    "consent",
    "currency_conversion",
    "customer",
    "customer_account",
    "customer_details",
    "invoice",
    "name_collection",
    "payment_intent",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "setup_intent",
    "shipping_cost",
    "subscription",
)
_CUSTOM_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
_BRANDING: JsonObject = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0074d4",
    "display_name": "Sandbox",
    "font_family": "default",
}


#: The sandbox's payment methods, as if its dashboard had these two switched on.
_METHODS = ("card", "us_bank_account")


def offered_methods(params: JsonObject) -> list[str]:
    """The dashboard's methods that the session allows, and does not exclude."""
    allowed = params.get("allowed_payment_method_types", _METHODS)
    excluded = params.get("excluded_payment_method_types", ())
    return [method for method in _METHODS if method in allowed and method not in excluded]


def new_session(
    params: JsonObject, cart: Cart, *, created: int, expires_at: int, livemode: bool, base_url: str
) -> JsonObject:
    """A new session. ``created`` and ``expires_at`` are seconds since the epoch; its page is below ``base_url``."""
    session_id = new_id("cs_live" if livemode else "cs_test")
    custom_text = params.get("custom_text", {})
    return {
        "id": session_id,
        "object": "checkout.session",
        **dict.fromkeys(_NULL),
        **{name: params.get(name) for name in _ECHOED},
        **_optional_settings(params),
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", False)},
        "amount_subtotal": cart.subtotal,
        "amount_total": cart.subtotal,
        "automatic_tax": _automatic_tax(params),
        "created": created,
        "currency": cart.currency,
        "custom_text": {name: custom_text.get(name) or None for name in _CUSTOM_TEXTS},
        "customer_creation": params.get("customer_creation", "if_required"),
        "discounts": [],
        "expires_at": expires_at,
        "livemode": livemode,
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_method_collection": params.get("payment_method_collection", "if_required"),
        "payment_method_options": params.get("payment_method_options", {}),
        "payment_method_types": offered_methods(params),
        "payment_status": "unpaid",
        "phone_number_collection": params.get("phone_number_collection", {"enabled": False}),
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{base_url}/c/pay/{session_id}",
    }


def _automatic_tax(params: JsonObject) -> JsonObject:
    """The tax is null: until the buyer has paid, Stripe does not know where they are."""
    wanted = params.get("automatic_tax", {"enabled": False})
    enabled = wanted["enabled"]
    return {
        "enabled": enabled,
        "liability": wanted.get("liability", {"type": "self"}) if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "requires_location_inputs" if enabled else None,
    }


def _optional_settings(params: JsonObject) -> JsonObject:
    """Settings whose answer has fields that the request may leave out."""
    settings: JsonObject = {"custom_fields": [_custom_field(item) for item in params.get("custom_fields", ())]}
    recovery = params.get("after_expiration", {}).get("recovery")
    if recovery is not None:
        defaults = {"allow_promotion_codes": False, "expires_at": None, "url": None}
        settings["after_expiration"] = {"recovery": defaults | recovery}
    if "branding_settings" in params:
        settings["branding_settings"] = _BRANDING | params["branding_settings"]
    if "name_collection" in params:
        names = params["name_collection"].items()
        settings["name_collection"] = {kind: {"optional": False} | wanted for kind, wanted in names}
    settings["invoice_creation"] = {"invoice_data": {}} | params.get("invoice_creation", {"enabled": False})
    settings["tax_id_collection"] = {"required": "never"} | params.get("tax_id_collection", {"enabled": False})
    return settings


def _custom_field(wanted: JsonObject) -> JsonObject:
    kind: str = wanted["type"]
    details: dict[str, Any] = {"value": None, **wanted.get(kind, {})}
    blank: JsonObject = {"dropdown": None, "numeric": None, "optional": False, "text": None}
    return {**blank, **wanted, kind: details}


def line_item(line: Line, session: JsonObject, tax_rate: Decimal) -> JsonObject:
    return {
        "id": line.line_id,
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": line.subtotal,
        "amount_tax": line.tax(tax_rate),
        "amount_total": line.total(tax_rate),
        "adjustable_quantity": None,
        "currency": line.currency,
        "description": line.name,
        "metadata": line.metadata,
        "price": _price(line, session),
        "quantity": line.quantity,
    }


def _price(line: Line, session: JsonObject) -> JsonObject:
    return {
        "id": line.price_id,
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": session["created"],
        "currency": line.currency,
        "custom_unit_amount": None,
        "livemode": session["livemode"],
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": line.product_id,
        "recurring": None,
        "tax_behavior": "inclusive" if line.tax_included else "exclusive",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": line.unit_amount,
        "unit_amount_decimal": str(line.unit_amount),
    }
