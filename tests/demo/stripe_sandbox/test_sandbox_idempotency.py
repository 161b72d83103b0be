"""Idempotency keys, as Stripe keeps them."""

import asyncio
from typing import Any

import aiohttp
import pytest
import stripe

from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from tests.demo.stripe_sandbox.conftest import CheckoutParams, ClientOf, error_code, until

CREATE = "POST /v1/checkout/sessions"
FORM = {
    "Authorization": "Bearer sk_test_1",
    "Content-Type": "application/x-www-form-urlencoded",
    "Idempotency-Key": "order-42",
}


async def create(client: stripe.StripeClient, params: Any, key: str | None = "order-42", **options: Any) -> Any:
    keyed: Any = {"idempotency_key": key, **options}
    return await client.v1.checkout.sessions.create_async(params=params, options=keyed)


async def test_the_same_key_gives_the_same_session(
    client: stripe.StripeClient, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    params = checkout_params()
    sessions = [await create(client, params) for _ in range(3)]
    assert len({session.id for session in sessions}) == 1
    assert [request.replayed for request in sandbox.control.requests.requests(CREATE)] == [False, True, True]
    assert len((await client.v1.checkout.sessions.list_async()).data) == 1


async def test_a_replay_says_so(sandbox: StripeSandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{sandbox.url}/v1/accounts", data="type=express", headers=FORM) as answer:
        first, first_id = await answer.read(), answer.headers["Request-Id"]
        assert "Idempotent-Replayed" not in answer.headers
        assert answer.headers["Idempotency-Key"] == "order-42"
    async with http.post(f"{sandbox.url}/v1/accounts", data="type=express", headers=FORM) as answer:
        assert await answer.read() == first
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert answer.headers["Original-Request"] == first_id


async def test_parameters_may_come_in_another_order(sandbox: StripeSandbox, http: aiohttp.ClientSession) -> None:
    bodies = []
    for form in ("type=express&country=US", "country=US&type=express"):
        async with http.post(f"{sandbox.url}/v1/accounts", data=form, headers=FORM) as answer:
            bodies.append(await answer.read())
    assert bodies[0] == bodies[1]


async def test_the_same_key_with_other_parameters_is_refused(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    await create(client, checkout_params())
    with pytest.raises(stripe.IdempotencyError) as refused:
        await create(client, checkout_params(metadata={"order_id": "43"}))
    assert refused.value.http_status == 400


async def test_keys_belong_to_an_account(client: stripe.StripeClient, checkout_params: CheckoutParams) -> None:
    params = checkout_params(payment_intent_data=None)
    own = await create(client, params)
    other = await create(client, params, stripe_account="acct_1")
    assert own.id != other.id


async def test_refused_parameters_do_not_use_the_key(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await create(client, checkout_params(foo="bar"))
    assert (await create(client, checkout_params())).status == "open"


async def test_a_refusal_of_the_operation_itself_is_remembered(
    client: stripe.StripeClient, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    sandbox.control.set_charges_enabled("acct_1producer", enabled=False)
    params = checkout_params()
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await create(client, params)
        assert refused.value.code == "insufficient_capabilities_for_transfer"
        sandbox.control.set_charges_enabled("acct_1producer", enabled=True)
    assert (await create(client, params, key="order-42-again")).status == "open"


async def test_a_key_in_flight_is_in_use(
    client: stripe.StripeClient, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    sandbox.control.inject_fault(CREATE, "slow", delay_seconds=0.3)
    params = checkout_params()
    first = asyncio.create_task(create(client, params))
    await until(lambda: sandbox.control.requests.counts[CREATE])
    with pytest.raises(stripe.APIError) as refused:
        await create(client, params)
    assert (refused.value.http_status, error_code(refused.value)) == (409, "idempotency_key_in_use")
    assert (await first).id == (await create(client, params)).id


async def test_a_client_that_left_does_not_keep_its_key(
    client_of: ClientOf, sandbox: StripeSandbox, checkout_params: CheckoutParams
) -> None:
    sandbox.control.inject_fault(CREATE, "slow", delay_seconds=60)
    params = checkout_params()
    with pytest.raises(stripe.APIConnectionError):
        await create(client_of(sandbox, timeout_seconds=0.1), params)
    session = await create(client_of(sandbox, retries=5), params)
    assert session.status == "open"


async def test_a_key_is_forgotten_beyond_the_bound(client_of: ClientOf, checkout_params: CheckoutParams) -> None:
    async with StripeSandbox(SandboxOptions(retained_objects=1)) as small:
        client = client_of(small)
        params = checkout_params()
        first = await create(client, params)
        await create(client, params, key="order-43")
        assert (await create(client, params)).id != first.id


async def test_a_key_must_not_be_too_long(client: stripe.StripeClient, checkout_params: CheckoutParams) -> None:
    with pytest.raises(stripe.IdempotencyError):
        await create(client, checkout_params(), key="k" * 256)


async def test_without_a_key_every_call_counts(client: stripe.StripeClient, checkout_params: CheckoutParams) -> None:
    params: Any = checkout_params()
    # The SDK itself adds a fresh key to every POST.
    sessions = [await client.v1.checkout.sessions.create_async(params=params) for _ in range(2)]
    assert sessions[0].id != sessions[1].id
