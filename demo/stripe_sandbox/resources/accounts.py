"""Connected accounts: created and onboarded through the API, or simply assumed.

An id ``acct_…`` that the sandbox has never seen counts as an existing, enabled connected account: a demo or a
test may name one without creating it. Once created or changed, through the API or the control interface,
an account is exactly what it was made to be.
"""

from typing import Any

from demo.stripe_sandbox.ledger.state import AccountLedger, SandboxState
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.ids import new_id
from demo.stripe_sandbox.protocol.json_types import JsonObject, snapshot
from demo.stripe_sandbox.protocol.metadata import merged_metadata
from demo.stripe_sandbox.resources.call import Call
from demo.stripe_sandbox.resources.listing import created_matches, page_of

PLATFORM_ACCOUNT_ID = "acct_sandboxplatform0"
_LINK_TTL_SECONDS = 300
_DUE_BEFORE_ONBOARDING = ["business_profile.url", "external_account", "tos_acceptance.date"]
_DASHBOARDS = {"express": "express", "standard": "full", "custom": "none"}
_UPDATABLE = ("business_profile", "business_type", "default_currency", "email", "settings")


def account_of(state: SandboxState, account_id: str) -> JsonObject:
    """A connected account. Raises StripeRefusal (403, account_invalid) for an id that no account can have."""
    found = state.accounts.get(account_id)
    if found is not None and account_id not in state.accounts_that_left:
        return found
    if not account_id.startswith("acct_") or account_id in state.accounts_that_left:
        message = (
            f"The provided key does not have access to account '{account_id}' (or that account does not exist)."
            " Application access may have been revoked."
        )
        raise StripeRefusal(message, status=403, code="account_invalid")
    account = _new_account(account_id, {"type": "express"}, now=state.clock.now())
    _enable(account)
    state.accounts.add(account_id, account)
    return account


def require_destination(state: SandboxState, account_id: str, param: str) -> None:
    """Raises StripeRefusal if Stripe would not send a transfer to this account."""
    if not account_id.startswith("acct_") or account_id in state.accounts_that_left:
        raise StripeRefusal(f"No such destination: '{account_id}'", code="resource_missing", param=param, status=404)
    if not account_of(state, account_id)["charges_enabled"]:
        message = (
            "Your destination account needs to have at least one of the following capabilities enabled: "
            "transfers, crypto_transfers, legacy_payments"
        )
        raise StripeRefusal(message, code="insufficient_capabilities_for_transfer", param=param)


def deauthorize(state: SandboxState, account_id: str) -> None:
    """Remove an account from the platform, and send the platform the event of that."""
    account_of(state, account_id)
    state.accounts_that_left.add(account_id)
    application = {"id": "ca_sandbox", "object": "application", "name": "PiqueTickets"}
    state.ledger(account_id).publish("account.application.deauthorized", application)


def set_charges_enabled(state: SandboxState, account_id: str, *, enabled: bool) -> JsonObject:
    """Make an account able or unable to take payments, and publish account.updated."""
    account = account_of(state, account_id)
    before = snapshot(account)
    if enabled:
        _enable(account)
    else:
        _disable(account)
    previous = {name: value for name, value in before.items() if account[name] != value}
    if previous:
        state.ledger(account_id).publish("account.updated", account, previous)
    return account


def own(ledger: AccountLedger, _call: Call) -> JsonObject:
    """GET /v1/account: the platform itself, or the account of the Stripe-Account header."""
    if ledger.account is not None:
        return account_of(ledger.state, ledger.account)
    account = ledger.state.accounts.get(PLATFORM_ACCOUNT_ID)
    if account is None:
        params = {"type": "standard", "business_profile": {"name": "PiqueTickets sandbox"}}
        account = _new_account(PLATFORM_ACCOUNT_ID, params, now=ledger.now())
        _enable(account)
        ledger.state.accounts.add(PLATFORM_ACCOUNT_ID, account)
    return account


def create(ledger: AccountLedger, call: Call) -> JsonObject:
    account = _new_account(new_id("acct"), call.params, now=ledger.now())
    ledger.state.accounts.add(account["id"], account)
    return account


def retrieve(ledger: AccountLedger, call: Call) -> JsonObject:
    return account_of(ledger.state, call.target)


def update(ledger: AccountLedger, call: Call) -> JsonObject:
    account = account_of(ledger.state, call.target)
    before = snapshot(account)
    for name in _UPDATABLE:
        if name in call.params:
            account[name] = _merged(account[name], call.params[name])
    account["metadata"] = merged_metadata(account["metadata"], call.params)
    previous = {name: value for name, value in before.items() if account[name] != value}
    ledger.state.ledger(call.target).publish("account.updated", account, previous)
    return account


def list_accounts(ledger: AccountLedger, call: Call) -> JsonObject:
    def matches(account: JsonObject) -> bool:
        is_connected: bool = account["id"] != PLATFORM_ACCOUNT_ID
        return is_connected and created_matches(account["created"], call.params.get("created"))

    return page_of(ledger.state.accounts, call.params, call.path, matches, lambda account: account)


def create_account_link(ledger: AccountLedger, call: Call) -> JsonObject:
    """A link to the sandbox's own onboarding page, usable for five minutes."""
    params = call.params
    account = account_of(ledger.state, params["account"])
    for required in ("refresh_url", "return_url"):
        if required not in params:
            raise StripeRefusal(f"You must provide `{required}`.", code="parameter_missing", param=required)
    token = new_id("link")
    expires_at = ledger.now() + _LINK_TTL_SECONDS
    kept = {
        "account": account["id"],
        "expires_at": expires_at,
        "refresh_url": params["refresh_url"],
        "return_url": params["return_url"],
    }
    ledger.state.account_links.add(token, kept)
    url = f"{ledger.state.base_url}/setup/{token}"
    return {"object": "account_link", "created": ledger.now(), "expires_at": expires_at, "url": url}


def create_login_link(ledger: AccountLedger, call: Call) -> JsonObject:
    account = account_of(ledger.state, call.target)
    if account["controller"]["stripe_dashboard"]["type"] != "express":
        raise StripeRefusal("Cannot create a login link for an account without an Express Dashboard.")
    if not account["details_submitted"]:
        raise StripeRefusal("Cannot create a login link for an account that has not completed onboarding.")
    url = f"{ledger.state.base_url}/express/{account['id']}"
    return {"object": "login_link", "created": ledger.now(), "url": url}


def _merged(old: Any, new: Any) -> Any:
    return {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new


def _new_account(account_id: str, params: JsonObject, *, now: int) -> JsonObject:
    controller = params.get("controller", {})
    account_type = params.get("type", "none" if controller else "standard")
    dashboard = controller.get("stripe_dashboard", {}).get("type", _DASHBOARDS.get(account_type, "full"))
    account = {
        "id": account_id,
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": None,
            "product_description": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
            **params.get("business_profile", {}),
        },
        "business_type": params.get("business_type"),
        "capabilities": {},
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": controller.get("fees", {}).get("payer", "application_express")},
            "is_controller": True,
            "losses": {"payments": controller.get("losses", {}).get("payments", "application")},
            "requirement_collection": controller.get("requirement_collection", "stripe"),
            "stripe_dashboard": {"type": dashboard},
            "type": "application",
        },
        "country": params.get("country", "US"),
        "created": now,
        "default_currency": params.get("default_currency", "usd"),
        "details_submitted": False,
        "email": params.get("email"),
        "metadata": params.get("metadata", {}),
        "payouts_enabled": False,
        "requirements": {},
        "settings": params.get("settings", {}),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": account_type,
    }
    _disable(account)
    return account


def _enable(account: JsonObject) -> None:
    account["details_submitted"] = True
    _set_abilities(account, enabled=True, due=[])


def _disable(account: JsonObject) -> None:
    _set_abilities(account, enabled=False, due=_DUE_BEFORE_ONBOARDING)


def _set_abilities(account: JsonObject, *, enabled: bool, due: list[str]) -> None:
    capability = "active" if enabled else "inactive"
    account["charges_enabled"] = enabled
    account["payouts_enabled"] = enabled
    account["capabilities"] = {"card_payments": capability, "transfers": capability}
    account["requirements"] = {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": None if enabled else "requirements.past_due",
        "errors": [],
        "eventually_due": list(due),
        "past_due": list(due),
        "pending_verification": [],
    }
