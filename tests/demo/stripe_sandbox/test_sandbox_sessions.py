"""A Checkout Session's life: created, found again, changed, expired; and the page where it is paid."""

import time
from typing import Any

import aiohttp
import pytest
import stripe

from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from tests.demo.stripe_sandbox.conftest import Buyer, CheckoutParams, ClientOf


async def opened(client: stripe.StripeClient, params: Any) -> Any:
    return await client.v1.checkout.sessions.create_async(params=params)


async def test_a_new_session_is_open_and_adds_up(
    client: stripe.StripeClient, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    assert len(session.id) == 66
    assert session.id.startswith("cs_test_")
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_subtotal, session.amount_total, session.currency) == (5484, 5484, "usd")
    assert session.metadata.to_dict() == {"order_id": "42"}
    assert session.livemode is False


async def test_line_items_keep_their_order_and_are_paged(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    items = client.v1.checkout.sessions.line_items
    listed = (await items.list_async(session.id)).data
    assert [(item.description, item.quantity, item.amount_total) for item in listed] == [
        ("Stalls", 2, 5000),
        ("Fees", 1, 484),
    ]
    first_page = await items.list_async(session.id, params={"limit": 1})
    assert first_page.has_more
    second_page = await items.list_async(session.id, params={"starting_after": first_page.data[0].id})
    assert [item.description for item in second_page.data] == ["Fees"]
    before = await items.list_async(session.id, params={"ending_before": second_page.data[0].id})
    assert [item.description for item in before.data] == ["Stalls"]
    with pytest.raises(stripe.InvalidRequestError):
        await items.list_async(session.id, params={"starting_after": "li_none"})


async def test_a_session_is_retrieved_with_its_line_items(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    found = await client.v1.checkout.sessions.retrieve_async(session.id, params={"expand": ["line_items"]})
    assert found.line_items is not None
    assert [item.description for item in found.line_items.data] == ["Stalls", "Fees"]
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).to_dict() == session.to_dict()


@pytest.mark.parametrize(
    "path", ["metadata", "customer_email", "payment_intent.nothing", "a.b.c.d.e", "line_items.url"]
)
async def test_only_what_stripe_expands_can_be_expanded(
    path: str, client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    await buyer.press(session.url, "paid")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.checkout.sessions.retrieve_async(session.id, params={"expand": [path]})
    assert refused.value.param == "expand"


async def test_metadata_are_merged_and_unset(client: stripe.StripeClient, checkout_params: CheckoutParams) -> None:
    sessions = client.v1.checkout.sessions
    session = await opened(client, checkout_params(metadata={"a": "1", "b": "2"}))
    merged: Any = await sessions.update_async(session.id, params={"metadata": {"a": "", "c": "3"}})
    assert merged.metadata.to_dict() == {"b": "2", "c": "3"}
    cleared: Any = await sessions.update_async(session.id, params={"metadata": ""})
    assert cleared.metadata.to_dict() == {}


async def test_payment_data_can_change_until_the_session_is_paid(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    sessions = client.v1.checkout.sessions
    session = await opened(client, checkout_params())
    changes: Any = {"payment_intent_data": {"description": "Macbeth", "metadata": {"seat": "A1"}}}
    await sessions.update_async(session.id, params=changes)
    await buyer.press(session.url, "paid")
    paid: Any = await sessions.retrieve_async(session.id, params={"expand": ["payment_intent"]})
    assert paid.payment_intent.description == "Macbeth"
    assert paid.payment_intent.metadata.to_dict() == {"order_id": "42", "seat": "A1"}
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        await sessions.update_async(session.id, params=changes)
    with pytest.raises(stripe.InvalidRequestError, match="does not support"):
        await sessions.update_async(session.id, params={"line_items": [{"quantity": 1}]})


async def test_an_expired_session_cannot_be_paid_or_expired_again(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    sessions = client.v1.checkout.sessions
    session = await opened(client, checkout_params())
    expired = await sessions.expire_async(session.id)
    assert (expired.status, expired.payment_status, expired.url) == ("expired", "unpaid", None)
    page = await buyer.press(session.url, "paid")
    assert page.status == 410
    assert "has expired" in page.html
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        await sessions.expire_async(session.id)


async def test_expiring_after_a_decline_cancels_the_payment(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    await buyer.press(session.url, "declined")
    await client.v1.checkout.sessions.expire_async(session.id)
    expired: Any = await client.v1.checkout.sessions.retrieve_async(session.id, params={"expand": ["payment_intent"]})
    assert expired.payment_intent.status == "canceled"


async def test_a_paid_session_cannot_be_expired(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    await buyer.press(session.url, "paid")
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        await client.v1.checkout.sessions.expire_async(session.id)


async def test_a_session_expires_when_its_time_is_up(
    client: stripe.StripeClient, sandbox: StripeSandbox, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    sandbox.control.advance_clock(30 * 60)
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "open"
    sandbox.control.advance_clock(60)
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"
    assert len(sandbox.control.events("checkout.session.expired")) == 1
    assert (await buyer.press(session.url, "delayed")).status == 410


async def test_sessions_are_listed_newest_first_in_pages(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    sessions = client.v1.checkout.sessions
    made = [(await opened(client, checkout_params())).id for _ in range(5)]
    first = await sessions.list_async(params={"limit": 2})
    assert ([session.id for session in first.data], first.has_more) == ([made[4], made[3]], True)
    last = await sessions.list_async(params={"limit": 3, "starting_after": made[3]})
    assert ([session.id for session in last.data], last.has_more) == ([made[2], made[1], made[0]], False)
    newer = await sessions.list_async(params={"limit": 1, "ending_before": made[2]})
    assert ([session.id for session in newer.data], newer.has_more) == ([made[3]], True)
    assert [session.id async for session in first.auto_paging_iter()] == made[::-1]


async def test_sessions_are_filtered(
    client: stripe.StripeClient, sandbox: StripeSandbox, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    sessions = client.v1.checkout.sessions
    waiting = await opened(client, checkout_params())
    paid = await opened(client, checkout_params())
    await buyer.press(paid.url, "paid")
    intent = (await sessions.retrieve_async(paid.id)).payment_intent

    async def found(**filters: Any) -> list[str]:
        params: Any = filters
        return [session.id for session in (await sessions.list_async(params=params)).data]

    assert await found(status="open") == [waiting.id]
    assert await found(status="complete") == [paid.id]
    assert await found(payment_intent=intent) == [paid.id]
    assert await found(customer_details={"email": "ada@example.org"}) == [paid.id]
    assert await found(customer="cus_1") == []
    assert await found(created={"gte": paid.created - 60, "lt": paid.created + 60}) == [paid.id, waiting.id]
    assert await found(created={"gt": paid.created + 60}) == []
    assert await found(created={"lte": paid.created - 60}) == []
    assert await found(created=paid.created + 60) == []


async def test_the_oldest_objects_are_forgotten_beyond_the_bound(
    client_of: ClientOf, checkout_params: CheckoutParams
) -> None:
    async with StripeSandbox(SandboxOptions(retained_objects=2)) as small:
        client = client_of(small)
        made = [(await opened(client, checkout_params())).id for _ in range(3)]
        listed = await client.v1.checkout.sessions.list_async(params={"limit": 100})
        assert [session.id for session in listed.data] == [made[2], made[1]]
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.checkout.sessions.retrieve_async(made[0])


async def test_a_live_sandbox_has_live_sessions(client_of: ClientOf, checkout_params: CheckoutParams) -> None:
    options = SandboxOptions(livemode=True, public_url="https://pay.example.org", clock=lambda: time.time() - 3600)
    async with StripeSandbox(options) as live:
        client = client_of(live, key="rk_live_1")
        session = await opened(client, checkout_params(expires_at=int(time.time())))
        assert session.id.startswith("cs_live_")
        assert session.livemode is True
        assert session.url.startswith("https://pay.example.org/c/pay/cs_live_")
        assert session.created < time.time() - 3590


async def test_the_page_shows_the_order_and_escapes_what_others_wrote(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    hostile = "<script>alert('x')</script>"
    items = [
        {
            "quantity": 3,
            "price_data": {
                "currency": "usd",
                "unit_amount": 100_000,
                "product_data": {"name": hostile, "description": hostile},
            },
        }
    ]
    session = await opened(client, checkout_params(line_items=items, customer_email=None))
    page = await buyer.look(session.url)
    assert page.status == 200
    assert hostile not in page.html
    assert "&lt;script&gt;" in page.html
    assert "3,000.00 USD" in page.html
    for outcome in ("paid", "declined", "delayed", "cancelled"):
        assert f'value="{outcome}"' in page.html


async def test_the_page_fetches_nothing_from_elsewhere(
    client: stripe.StripeClient, sandbox: StripeSandbox, http: aiohttp.ClientSession, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params())
    async with http.get(session.url) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "http" not in (await answer.text())
    async with http.get(f"{sandbox.url}/sandbox.css") as answer:
        assert (answer.status, answer.content_type) == (200, "text/css")


async def test_the_front_page_leads_to_the_latest_checkouts(
    client: stripe.StripeClient, sandbox: StripeSandbox, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    assert "None yet" in (await buyer.look(sandbox.url)).html
    session = await opened(client, checkout_params())
    for outcome, state in (("cancelled", "open"), ("delayed", "delayed payment"), ("delayed_paid", "paid")):
        await buyer.press(session.url, outcome)
        page = await buyer.look(sandbox.url)
        assert f'href="/c/pay/{session.id}"' in page.html
        assert state in page.html


async def test_the_page_of_an_unknown_session_is_not_found(sandbox: StripeSandbox, buyer: Buyer) -> None:
    for page in (
        await buyer.look(f"{sandbox.url}/c/pay/cs_test_none"),
        await buyer.press(f"{sandbox.url}/c/pay/cs_test_none", "paid"),
    ):
        assert page.status == 404
        assert "Nothing here" in page.html


async def test_session_offers_the_methods_that_it_does_not_leave_out(
    client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams
) -> None:
    session = await opened(client, checkout_params(excluded_payment_method_types=["us_bank_account", "sepa_debit"]))
    assert session.payment_method_types == ["card"]
    assert "delayed" not in (await buyer.look(session.url)).html
    assert (await buyer.press(session.url, "delayed")).status == 400
    assert (await buyer.press(session.url, "paid")).status == 303


@pytest.mark.parametrize(
    "methods",
    [
        {"allowed_payment_method_types": ["card"], "excluded_payment_method_types": ["sepa_debit"]},
        {"excluded_payment_method_types": ["card", "us_bank_account"]},
        {"allowed_payment_method_types": ["sepa_debit"]},
        {"excluded_payment_method_types": ["cheque"]},
        {"payment_method_types": ["card"]},
    ],
)
async def test_methods_are_refused_as_at_stripe(
    client: stripe.StripeClient, checkout_params: CheckoutParams, methods: dict[str, list[str]]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.checkout.sessions.create_async(params=checkout_params(**methods))
