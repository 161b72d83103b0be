"""Stripe Tax: an account's settings, places of performance, and the rules for a session's tax parameters.

By https://docs.stripe.com/tax/location-sales and https://docs.stripe.com/tax/settings-api. An account that has been
onboarded, or was simply assumed, has complete settings; the control interface can remove them.
"""

from demo.stripe_sandbox.ledger.state import AccountLedger, SandboxState
from demo.stripe_sandbox.objects.cart import Line
from demo.stripe_sandbox.objects.payment_objects import empty_address
from demo.stripe_sandbox.protocol.errors import StripeRefusal, missing_param
from demo.stripe_sandbox.protocol.ids import new_id
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.resources.accounts import account_of
from demo.stripe_sandbox.resources.call import Call
from demo.stripe_sandbox.resources.listing import page_of

# Stripe has some hundred codes. The sandbox knows one of each kind that Stripe's documents name.
_NEEDS_LOCATION = frozenset({"txcd_50010001"})
_MAY_HAVE_LOCATION = frozenset({"txcd_20030000", "txcd_99999999"})
_WITHOUT_LOCATION = frozenset({"txcd_10000000"})
_TAX_CODES = _NEEDS_LOCATION | _MAY_HAVE_LOCATION | _WITHOUT_LOCATION


def retrieve_settings(ledger: AccountLedger, _call: Call) -> JsonObject:
    return _settings(ledger.state, ledger.account)


def update_settings(ledger: AccountLedger, call: Call) -> JsonObject:
    """Settings become active once they have a head office with a country."""
    settings = _settings(ledger.state, ledger.account)
    settings["defaults"] |= call.params.get("defaults", {})
    if "head_office" in call.params:
        address = call.params["head_office"].get("address", {})
        settings["head_office"] = {"address": empty_address() | address}
        if address.get("country"):
            _mark(settings, active=True)
    return settings


def set_tax_active(state: SandboxState, account_id: str | None, *, active: bool) -> JsonObject:
    """Complete an account's tax settings, or remove its head office."""
    settings = _settings(state, account_id)
    _mark(settings, active=active)
    return settings


def create_location(ledger: AccountLedger, call: Call) -> JsonObject:
    address = call.params["address"]
    if len(address["country"]) != 2:
        message = f"Country '{address['country']}' is unknown. Try using a 2-character alphanumeric country code."
        raise StripeRefusal(message, param="address[country]")
    return ledger.add(
        {
            "id": new_id("taxloc"),
            "object": "tax.location",
            "address": empty_address() | {name: value or None for name, value in address.items()},
            "description": call.params.get("description"),
            "livemode": ledger.livemode,
            "type": call.params["type"],
        }
    )


def retrieve_location(ledger: AccountLedger, call: Call) -> JsonObject:
    return ledger.get("tax.location", call.target)


def list_locations(ledger: AccountLedger, call: Call) -> JsonObject:
    if "type" not in call.params:
        raise missing_param("type")
    return page_of(ledger.tables["tax.location"], call.params, call.path, lambda _: True, lambda place: place)


def check_tax(ledger: AccountLedger, params: JsonObject, lines: tuple[Line, ...]) -> None:
    """Raises StripeRefusal as Stripe does for tax parameters that it cannot compute with."""
    for index, line in enumerate(lines):
        _check_line(ledger, line, f"line_items[{index}][price_data][product_data]")
    wanted = params.get("automatic_tax", {})
    if not wanted.get("enabled"):
        return
    liable = _liable_account(ledger, wanted.get("liability", {"type": "self"}))
    if _settings(ledger.state, liable)["status"] != "active":
        whose = f"the connected account {liable}" if liable else "your account"
        message = (
            f"Stripe Tax has not been activated on {whose}: it must have a valid head office address to enable "
            "automatic tax calculation. Please visit https://docs.stripe.com/tax/set-up to get started."
        )
        raise StripeRefusal(message, code="stripe_tax_inactive", param="automatic_tax[enabled]")


def _liable_account(ledger: AccountLedger, liability: JsonObject) -> str | None:
    param = "automatic_tax[liability][account]"
    if liability["type"] != "account":
        if "account" in liability:
            message = "You may only specify `account` when `automatic_tax[liability][type]` is `account`."
            raise StripeRefusal(message, param=param)
        return ledger.account
    if "account" not in liability:
        raise missing_param(param)
    account_id: str = liability["account"]
    if not account_id.startswith("acct_"):
        raise StripeRefusal(f"No such account: '{account_id}'", code="resource_missing", param=param)
    account_of(ledger.state, account_id)
    return account_id


def _check_line(ledger: AccountLedger, line: Line, path: str) -> None:
    code, location = line.tax_code, line.performance_location
    if code and code not in _TAX_CODES:
        raise StripeRefusal(
            f"No such tax code: '{code}'", code="resource_missing", param=f"{path}{line.tax_code_param}"
        )
    param = f"{path}[tax_details][performance_location]"
    if location is None:
        if code in _NEEDS_LOCATION:
            raise StripeRefusal(f"The tax code {code} requires a performance location.", param=param)
        return
    if ledger.find("tax.location", location) is None:
        raise StripeRefusal(f"No such tax location: '{location}'", code="resource_missing", param=param)
    if code in _WITHOUT_LOCATION:
        raise StripeRefusal(f"The tax code {code} does not support a performance location.", param=param)


def _settings(state: SandboxState, account_id: str | None) -> JsonObject:
    key = account_id or "platform"
    settings = state.tax_settings.get(key)
    if settings is None:
        is_ready = account_id is None or account_of(state, account_id)["details_submitted"]
        settings = {
            "object": "tax.settings",
            "defaults": {"provider": "stripe", "tax_behavior": None, "tax_code": None},
            "head_office": None,
            "livemode": state.options.livemode,
        }
        _mark(settings, active=is_ready)
        if is_ready:
            state.tax_settings.add(key, settings)
    return settings


def _mark(settings: JsonObject, *, active: bool) -> None:
    settings["status"] = "active" if active else "pending"
    settings["status_details"] = (
        {"active": {}, "pending": None} if active else {"active": None, "pending": {"missing_fields": ["head_office"]}}
    )
    if active and settings["head_office"] is None:
        settings["head_office"] = {"address": empty_address() | {"country": "US"}}
    if not active:
        settings["head_office"] = None
