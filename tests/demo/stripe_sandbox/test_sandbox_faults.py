"""Faults on request, rate limits, and the record of requests."""

import asyncio
from typing import Any

import aiohttp
import pytest
import stripe

from demo.stripe_sandbox import SandboxOptions, StripeRefusal, StripeSandbox
from demo.stripe_sandbox.api.rate_limit import TokenBucket
from tests.demo.stripe_sandbox.conftest import CheckoutParams, ClientOf, error_code

CREATE = "POST /v1/checkout/sessions"
KEYED: Any = {"idempotency_key": "order-42"}


async def count_sessions(client: stripe.StripeClient) -> int:
    return len((await client.v1.checkout.sessions.list_async()).data)


async def test_a_lost_answer_was_processed_all_the_same(
    client: stripe.StripeClient, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    sandbox.control.inject_fault(CREATE, "answer_lost")
    params = checkout_params()
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.checkout.sessions.create_async(params=params, options=KEYED)
    assert await count_sessions(client) == 1
    await client.v1.checkout.sessions.create_async(params=params, options=KEYED)
    assert await count_sessions(client) == 1
    lost, replayed = sandbox.control.requests.requests(CREATE)
    assert (lost.status, replayed.status, replayed.replayed) == (None, 200, True)


@pytest.mark.parametrize("fault", ["timeout_before", "connection_reset"])
async def test_a_request_that_never_arrived_did_nothing(
    fault: str, client: stripe.StripeClient, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    sandbox.control.inject_fault(CREATE, fault, delay_seconds=0.02)
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.checkout.sessions.create_async(params=checkout_params(), options=KEYED)
    assert await count_sessions(client) == 0


async def test_a_hanging_request_ends_with_the_clients_patience(
    client_of: ClientOf, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    sandbox.control.inject_fault(CREATE, "timeout_before", delay_seconds=60)
    async with asyncio.timeout(30):
        with pytest.raises(stripe.APIConnectionError):
            await client_of(sandbox, timeout_seconds=0.1).v1.checkout.sessions.create_async(params=checkout_params())


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("server_error", stripe.APIError, 500),
        ("rate_limited", stripe.RateLimitError, 429),
        ("card_declined", stripe.CardError, 402),
    ],
)
async def test_error_answers_can_be_ordered(
    fault: str,
    error: type[stripe.StripeError],
    status: int,
    client: stripe.StripeClient,
    sandbox: StripeSandbox,
    checkout_params: CheckoutParams,
) -> None:
    sandbox.control.inject_fault(CREATE, fault, times=2)
    for _ in range(2):
        with pytest.raises(error) as refused:
            await client.v1.checkout.sessions.create_async(params=checkout_params())
        assert refused.value.http_status == status
    assert (await client.v1.checkout.sessions.create_async(params=checkout_params())).status == "open"


async def test_the_sdk_retries_through_a_server_error(
    client_of: ClientOf, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    sandbox.control.inject_fault(CREATE, "server_error")
    client = client_of(sandbox, retries=1)
    assert (await client.v1.checkout.sessions.create_async(params=checkout_params())).status == "open"


async def test_a_fault_for_any_operation_strikes_the_next_call(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    sandbox.control.inject_fault("*", "server_error")
    with pytest.raises(stripe.APIError):
        await client.v1.refunds.list_async()
    await client.v1.refunds.list_async()


def test_faults_of_unknown_operations_are_refused(sandbox: StripeSandbox) -> None:
    with pytest.raises(StripeRefusal):
        sandbox.control.inject_fault("POST /v1/payouts", "server_error")
    with pytest.raises(ValueError, match="earthquake"):
        sandbox.control.inject_fault(CREATE, "earthquake")


async def test_calls_above_the_rate_are_limited(client_of: ClientOf) -> None:
    async with StripeSandbox(SandboxOptions(rate_per_second=3)) as limited:
        client = client_of(limited)
        for _ in range(3):
            await client.v1.refunds.list_async()
        with pytest.raises(stripe.RateLimitError) as refused:
            await client.v1.charges.list_async()
        assert error_code(refused.value) == "rate_limit"


async def test_each_endpoint_can_have_its_own_rate(client_of: ClientOf, http: aiohttp.ClientSession) -> None:
    options = SandboxOptions(endpoint_rate_per_second=1, rate_limit_retry_after_seconds=2)
    async with StripeSandbox(options) as limited:
        client = client_of(limited)
        await client.v1.refunds.list_async()
        await client.v1.charges.list_async()
        headers = {"Authorization": "Bearer sk_test_1"}
        async with http.get(f"{limited.url}/v1/refunds", headers=headers) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
            assert answer.headers["Stripe-Rate-Limited-Reason"]


def test_a_bucket_fills_with_time() -> None:
    now = 0.0
    bucket = TokenBucket(2, lambda: now)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now = 60.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


async def test_requests_are_recorded(
    client: stripe.StripeClient, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    await client.v1.checkout.sessions.create_async(params=checkout_params(), options=KEYED)
    await client.v1.refunds.list_async(params={"limit": 3})
    created, listed = sandbox.control.requests.requests()
    assert (created.operation, created.path) == (CREATE, "/v1/checkout/sessions")
    assert (created.status, created.idempotency_key) == (200, "order-42")
    assert created.params["line_items"]["0"]["price_data"]["unit_amount"] == "2500"
    assert (listed.params, listed.account) == ({"limit": "3"}, None)
    assert sandbox.control.requests.counts == {CREATE: 1, "GET /v1/refunds": 1}


async def test_the_record_of_requests_is_bounded(client_of: ClientOf) -> None:
    async with StripeSandbox(SandboxOptions(retained_requests=2)) as small:
        client = client_of(small)
        for _ in range(3):
            await client.v1.refunds.list_async()
        assert len(small.control.requests.requests()) == 2
        assert small.control.requests.counts["GET /v1/refunds"] == 3
