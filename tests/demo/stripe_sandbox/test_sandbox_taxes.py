"""Stripe Tax in the sandbox: places of performance, tax codes, who is liable, and incomplete settings."""

from typing import Any

import aiohttp
import pytest
import stripe

from demo.stripe_sandbox import StripeSandbox
from tests.demo.stripe_sandbox.conftest import CheckoutParams, Conformance

ADDRESS = {"country": "US", "state": "ME", "postal_code": "04101", "city": "Portland", "line1": "12 Harbour Street"}
PRODUCT = "line_items[0][price_data][product_data]"
LOCATION = f"{PRODUCT}[tax_details][performance_location]"


@pytest.fixture
async def location(client: stripe.StripeClient) -> str:
    made = await client.v1.tax.locations.create_async(params={"type": "performance", "address": ADDRESS})  # type: ignore[typeddict-item]
    return made.id


def taxed(checkout_params: CheckoutParams, details: dict[str, Any], **changes: Any) -> Any:
    product = {"name": "Stalls", "tax_details": details}
    price = {"currency": "usd", "unit_amount": 2500, "product_data": product}
    return checkout_params(line_items=[{"quantity": 1, "price_data": price}], payment_intent_data=None, **changes)


async def refusal(client: stripe.StripeClient, params: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.checkout.sessions.create_async(params=params)
    return refused.value


async def test_a_place_is_kept_and_listed(client: stripe.StripeClient, location: str, conformance: Conformance) -> None:
    made = await client.v1.tax.locations.retrieve_async(location)
    assert made.address.to_dict() == {**ADDRESS, "line2": None}
    assert conformance.problems(made.to_dict()) == []
    listed = await client.v1.tax.locations.list_async(params={"type": "performance"})
    assert location in [place.id for place in listed.data]


async def test_a_place_needs_a_country_of_two_letters(client: stripe.StripeClient) -> None:
    for address, param in (({**ADDRESS, "country": "USA"}, "address[country]"), ({"city": "Bath"}, "address[country]")):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.tax.locations.create_async(params={"type": "performance", "address": address})  # type: ignore[typeddict-item]
        assert refused.value.param == param


async def test_an_admission_needs_a_place_and_a_service_may_have_one(
    client: stripe.StripeClient, location: str, checkout_params: CheckoutParams
) -> None:
    accepted: list[dict[str, Any]] = [
        {"tax_code": "txcd_50010001", "performance_location": location},
        {"tax_code": "txcd_20030000", "performance_location": location},
        {"tax_code": "txcd_20030000"},
        {"tax_code": "txcd_10000000"},
    ]
    for details in accepted:
        session = await client.v1.checkout.sessions.create_async(params=taxed(checkout_params, details))
        assert session.id
    assert (await refusal(client, taxed(checkout_params, {"tax_code": "txcd_50010001"}))).param == LOCATION
    nowhere = {"tax_code": "txcd_10000000", "performance_location": location}
    assert (await refusal(client, taxed(checkout_params, nowhere))).param == LOCATION


@pytest.mark.parametrize(
    ("details", "param"),
    [
        ({"tax_code": "txcd_1"}, f"{PRODUCT}[tax_details][tax_code]"),
        ({"tax_code": "txcd_50010001", "performance_location": "taxloc_1"}, LOCATION),
    ],
)
async def test_what_stripe_does_not_know_is_missing(
    details: dict[str, Any], param: str, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    refused = await refusal(client, taxed(checkout_params, details))
    assert (refused.code, refused.param, refused.http_status) == ("resource_missing", param, 400)


@pytest.mark.parametrize(
    ("liability", "code", "param"),
    [
        ({"type": "account"}, "parameter_missing", "automatic_tax[liability][account]"),
        ({"type": "account", "account": "somebody"}, "resource_missing", "automatic_tax[liability][account]"),
        ({"type": "self", "account": "acct_1"}, None, "automatic_tax[liability][account]"),
        ({"type": "nobody"}, None, "automatic_tax[liability][type]"),
    ],
)
async def test_a_liability_that_makes_no_sense_is_refused(
    liability: dict[str, Any],
    code: str | None,
    param: str,
    client: stripe.StripeClient,
    checkout_params: CheckoutParams,
) -> None:
    params = checkout_params(automatic_tax={"enabled": True, "liability": liability})
    refused = await refusal(client, params)
    assert (refused.code, refused.param) == (code, param)


async def test_tax_is_refused_for_an_account_whose_settings_are_not_complete(
    sandbox: StripeSandbox, client: stripe.StripeClient, checkout_params: CheckoutParams, conformance: Conformance
) -> None:
    account = {"stripe_account": "acct_untaxed"}
    params = checkout_params(
        automatic_tax={"enabled": True, "liability": {"type": "account", "account": "acct_untaxed"}}
    )
    sandbox.control.set_tax_active("acct_untaxed", active=False)
    settings = await client.v1.tax.settings.retrieve_async(options=account)  # type: ignore[arg-type]
    assert (settings.status, settings.head_office) == ("pending", None)
    assert conformance.problems(settings.to_dict()) == []
    assert (await refusal(client, params)).code == "stripe_tax_inactive"

    head_office: Any = {"head_office": {"address": ADDRESS}}
    settings = await client.v1.tax.settings.update_async(params=head_office, options=account)  # type: ignore[arg-type]

    assert settings.status == "active"
    assert conformance.problems(settings.to_dict()) == []
    assert (await client.v1.checkout.sessions.create_async(params=params)).id


async def test_tax_settings_are_switched_over_the_control_interface(
    sandbox: StripeSandbox, client: stripe.StripeClient, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{sandbox.url}/_sandbox/accounts/acct_switched", json={"tax_active": False}) as answer:
        assert (answer.status, (await answer.json())["charges_enabled"]) == (200, True)
    settings = await client.v1.tax.settings.retrieve_async(options={"stripe_account": "acct_switched"})
    assert settings.status == "pending"
