"""Every answer has the shape that Stripe's own description gives it."""

from typing import Any

import aiohttp
import pytest
import stripe

from demo.stripe_sandbox import StripeSandbox
from demo.stripe_sandbox.api.operations import OPERATIONS
from demo.stripe_sandbox.protocol.spec import load_spec
from tests.demo.stripe_sandbox.conftest import Buyer, CheckoutParams, Conformance

AUTHORIZED = {"Authorization": "Bearer sk_test_sandbox"}

COLLECTIONS = (
    "checkout/sessions",
    "payment_intents",
    "charges",
    "transfers",
    "refunds",
    "balance_transactions",
    "application_fees",
    "disputes",
    "accounts",
    "events",
)


@pytest.fixture
async def busy_sandbox(
    sandbox: StripeSandbox, client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> StripeSandbox:
    """A sandbox with one of each event: declined, paid, refunded, disputed, delayed, expired, onboarded."""
    sessions = client.v1.checkout.sessions
    paid = await sessions.create_async(params=checkout_params())
    await buyer.press(str(paid.url), "declined")
    await buyer.press(str(paid.url), "paid")
    intent = (await sessions.retrieve_async(paid.id)).payment_intent
    refund = {
        "payment_intent": intent,
        "amount": 1000,
        "reverse_transfer": True,
        "refund_application_fee": True,
        "reason": "requested_by_customer",
        "metadata": {"order_id": "42"},
    }
    sandbox.control.plan_refunds("succeeded", "failed")
    for _ in range(2):
        await client.v1.refunds.create_async(params=refund)  # type: ignore[arg-type]
    charge = (await client.v1.charges.list_async(params={"payment_intent": str(intent)})).data[0]
    sandbox.control.close_dispute(sandbox.control.open_dispute(charge.id)["id"], "won")
    delayed = await sessions.create_async(params=checkout_params())
    await buyer.press(str(delayed.url), "delayed")
    expired = await sessions.create_async(params=checkout_params(**EVERY_SETTING))
    await sessions.expire_async(expired.id)
    await client.v1.accounts.create_async(params={"type": "express", "country": "US", "email": "p@example.org"})
    return sandbox


EVERY_SETTING: dict[str, Any] = {
    "after_expiration": {"recovery": {"enabled": False}},
    "allow_promotion_codes": False,
    "billing_address_collection": "auto",
    "branding_settings": {"display_name": "The Globe"},
    "client_reference_id": "42",
    "consent_collection": {"terms_of_service": "none"},
    "custom_fields": [
        {"key": "seat", "label": {"type": "custom", "custom": "Seat"}, "type": "text", "optional": True},
        {
            "key": "meal",
            "label": {"type": "custom", "custom": "Meal"},
            "type": "dropdown",
            "dropdown": {"options": [{"label": "None", "value": "none"}]},
        },
    ],
    "custom_text": {"submit": {"message": "No returns"}},
    "invoice_creation": {"enabled": False},
    "locale": "en",
    "name_collection": {"individual": {"enabled": True}},
    "phone_number_collection": {"enabled": True},
    "submit_type": "book",
    "tax_id_collection": {"enabled": True},
}


async def fetch(http: aiohttp.ClientSession, url: str) -> Any:
    async with http.get(url, headers=AUTHORIZED) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@pytest.mark.parametrize("collection", COLLECTIONS)
async def test_listed_and_retrieved_objects_have_stripes_shape(
    collection: str, busy_sandbox: StripeSandbox, http: aiohttp.ClientSession, conformance: Conformance
) -> None:
    listed = await fetch(http, f"{busy_sandbox.url}/v1/{collection}?limit=100")
    assert listed["object"] == "list"
    assert listed["url"] == f"/v1/{collection}"
    assert listed["data"]
    for entry in listed["data"]:
        assert conformance.problems(entry) == []
        alone = await fetch(http, f"{busy_sandbox.url}/v1/{collection}/{entry['id']}")
        assert alone == entry


async def test_expanded_objects_have_stripes_shape(
    busy_sandbox: StripeSandbox, http: aiohttp.ClientSession, conformance: Conformance
) -> None:
    paths = [
        "line_items",
        "payment_intent.latest_charge",
        "payment_intent.transfer_data.destination",
        "automatic_tax.liability.account",
    ]
    listed = await fetch(http, expanding(f"{busy_sandbox.url}/v1/checkout/sessions", paths))
    for session in listed["data"]:
        assert session["line_items"]["data"]
        assert conformance.problems(session) == []
    paths = ["application_fee", "balance_transaction.source", "refunds.data.transfer_reversal", "transfer.destination"]
    listed = await fetch(http, expanding(f"{busy_sandbox.url}/v1/charges", [*paths, "payment_intent"]))
    for charge in listed["data"]:
        assert conformance.problems(charge) == []


def expanding(url: str, paths: list[str]) -> str:
    return f"{url}?{'&'.join(f'expand[{index}]=data.{path}' for index, path in enumerate(paths))}"


async def test_line_items_have_stripes_shape(
    busy_sandbox: StripeSandbox, http: aiohttp.ClientSession, conformance: Conformance
) -> None:
    session = (await fetch(http, f"{busy_sandbox.url}/v1/checkout/sessions"))["data"][0]
    items = await fetch(http, f"{busy_sandbox.url}/v1/checkout/sessions/{session['id']}/line_items")
    assert [conformance.problems(item) for item in items["data"]] == [[], []]


async def test_events_carry_objects_of_stripes_shape(busy_sandbox: StripeSandbox, conformance: Conformance) -> None:
    events = busy_sandbox.control.events()
    assert len({event["type"] for event in events}) >= 10
    for event in events:
        assert conformance.problems(event) == []
        assert conformance.problems(event["data"]["object"]) == []


async def test_own_account_and_links_have_stripes_shape(
    sandbox: StripeSandbox, http: aiohttp.ClientSession, conformance: Conformance
) -> None:
    assert conformance.problems(await fetch(http, f"{sandbox.url}/v1/account")) == []
    link = {
        "account": "acct_1",
        "type": "account_onboarding",
        "refresh_url": "https://e.org/r",
        "return_url": "https://e.org/b",
    }
    for path, form in (("account_links", link), ("accounts/acct_1/login_links", {})):
        async with http.post(
            f"{sandbox.url}/v1/{path}",
            data=form,
            headers={**AUTHORIZED, "Content-Type": "application/x-www-form-urlencoded"},
        ) as answer:
            assert conformance.problems(await answer.json()) == []


def test_every_operation_is_described_and_answered() -> None:
    assert set(load_spec().operations) == set(OPERATIONS)
