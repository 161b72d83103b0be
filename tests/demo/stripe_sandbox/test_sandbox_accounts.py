"""Connected accounts: assumed, created, onboarded, and stopped."""

from typing import Any

import pytest
import stripe

from demo.stripe_sandbox import StripeSandbox
from tests.demo.stripe_sandbox.conftest import Buyer, CheckoutParams, error_code

ONBOARDING = {
    "type": "account_onboarding",
    "refresh_url": "https://tickets.example.org/refresh",
    "return_url": "https://tickets.example.org/return",
}


def onboarding(account_id: str) -> Any:
    return {"account": account_id, **ONBOARDING}


@pytest.fixture
async def account(client: stripe.StripeClient) -> stripe.Account:
    profile: Any = {"type": "express", "business_profile": {"name": "The Globe"}, "metadata": {"producer": "7"}}
    return await client.v1.accounts.create_async(params=profile)


async def test_an_account_never_seen_counts_as_enabled(client: stripe.StripeClient) -> None:
    account = await client.v1.accounts.retrieve_async("acct_anything")
    assert (account.id, account.charges_enabled, account.details_submitted) == ("acct_anything", True, True)


async def test_an_id_no_account_can_have_is_forbidden(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.PermissionError) as refused:
        await client.v1.accounts.retrieve_async("globe")
    assert error_code(refused.value) == "account_invalid"
    elsewhere: Any = {"stripe_account": "globe"}
    with pytest.raises(stripe.PermissionError):
        await client.v1.checkout.sessions.list_async(options=elsewhere)


async def test_a_new_account_must_be_onboarded(client: stripe.StripeClient, account: stripe.Account) -> None:
    assert (account.charges_enabled, account.payouts_enabled, account.details_submitted) == (False, False, False)
    assert account.requirements is not None
    assert account.requirements.currently_due
    assert [entry.id for entry in (await client.v1.accounts.list_async()).data] == [account.id]


async def test_an_account_that_cannot_take_payments_is_no_destination(
    client: stripe.StripeClient, sandbox: StripeSandbox, account: stripe.Account, checkout_params: CheckoutParams
) -> None:
    params = checkout_params(payment_intent_data={"transfer_data": {"destination": account.id}})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.checkout.sessions.create_async(params=params)
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    sandbox.control.set_charges_enabled(account.id, enabled=True)
    assert (await client.v1.checkout.sessions.create_async(params=params)).status == "open"
    sandbox.control.set_charges_enabled(account.id, enabled=False)
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.checkout.sessions.create_async(params=params)


async def test_onboarding_enables_the_account(
    client: stripe.StripeClient, sandbox: StripeSandbox, account: stripe.Account, buyer: Buyer
) -> None:
    link = await client.v1.account_links.create_async(params=onboarding(account.id))
    assert "The Globe" in (await buyer.look(link.url)).html
    later = await buyer.press(link.url, "later")
    assert (later.status, later.location) == (303, ONBOARDING["return_url"])
    assert not (await client.v1.accounts.retrieve_async(account.id)).charges_enabled
    await buyer.press(link.url, "complete")
    assert (await client.v1.accounts.retrieve_async(account.id)).charges_enabled
    assert "can already take payments" in (await buyer.look(link.url)).html
    event = sandbox.control.events("account.updated")[0]
    assert event["account"] == account.id
    assert event["data"]["previous_attributes"]["charges_enabled"] is False


async def test_an_old_or_unknown_link_leads_nowhere(
    client: stripe.StripeClient, sandbox: StripeSandbox, buyer: Buyer
) -> None:
    link = await client.v1.account_links.create_async(params=onboarding("acct_1"))
    sandbox.control.advance_clock(301)
    for page in (await buyer.look(link.url), await buyer.press(link.url, "complete")):
        assert (page.status, page.location) == (303, ONBOARDING["refresh_url"])
    for page in (
        await buyer.look(f"{sandbox.url}/setup/link_none"),
        await buyer.press(f"{sandbox.url}/setup/link_none", "complete"),
        await buyer.look(f"{sandbox.url}/express/acct_none"),
    ):
        assert page.status == 404


async def test_a_link_needs_its_addresses(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.account_links.create_async(params={"account": "acct_1", "type": "account_onboarding"})
    assert refused.value.param == "refresh_url"


async def test_the_dashboard_shows_payments_received(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    login = await client.v1.accounts.login_links.create_async("acct_1producer")
    assert "None yet" in (await buyer.look(login.url)).html
    session = await client.v1.checkout.sessions.create_async(params=checkout_params())
    await buyer.press(str(session.url), "paid")
    assert "54.84 USD" in (await buyer.look(login.url)).html


async def test_only_onboarded_express_accounts_have_login_links(
    client: stripe.StripeClient, account: stripe.Account
) -> None:
    standard = await client.v1.accounts.create_async(params={"type": "standard"})
    for refused_id, reason in ((account.id, "completed onboarding"), (standard.id, "Express Dashboard")):
        with pytest.raises(stripe.InvalidRequestError, match=reason):
            await client.v1.accounts.login_links.create_async(refused_id)


async def test_accounts_are_updated(
    client: stripe.StripeClient, sandbox: StripeSandbox, account: stripe.Account
) -> None:
    changes: Any = {
        "email": "will@example.org",
        "business_profile": {"url": "https://globe.example"},
        "metadata": {"a": "b"},
    }
    updated: Any = await client.v1.accounts.update_async(account.id, params=changes)
    assert (updated.email, updated.business_profile.name) == ("will@example.org", "The Globe")
    assert updated.business_profile.url == "https://globe.example"
    assert updated.metadata.to_dict() == {"producer": "7", "a": "b"}
    assert len(sandbox.control.events("account.updated")) == 1


async def test_accounts_by_controller(client: stripe.StripeClient) -> None:
    controller: Any = {"controller": {"stripe_dashboard": {"type": "express"}, "fees": {"payer": "application"}}}
    account: Any = await client.v1.accounts.create_async(params=controller)
    assert (account.type, account.controller.fees.payer) == ("none", "application")


async def test_the_platform_knows_itself_and_its_accounts(client: stripe.StripeClient) -> None:
    own = await client.v1.accounts.retrieve_current_async()
    assert own.charges_enabled
    assert (await client.v1.accounts.retrieve_current_async()).id == own.id
    elsewhere: Any = {"stripe_account": "acct_1"}
    assert (await client.v1.accounts.retrieve_current_async(options=elsewhere)).id == "acct_1"
