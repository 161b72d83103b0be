"""Answers that are not from Stripe."""

from __future__ import annotations

import pytest
from aiohttp import web

from adapters.memory.throttle import MemoryThrottle
from adapters.stripe.client import HttpClient, create_client
from adapters.stripe.payment import StripePayment
from application.ports.payment import PaymentUnavailable


@pytest.mark.parametrize("status", [200, 401, 404, 429, 500])
@pytest.mark.parametrize("body", ["{}", '{"id": 7}', "a proxy's page"])
@pytest.mark.parametrize("road", ["read", "expire"])
async def test_a_session_that_is_not_understood_is_a_stripe_that_is_away(status: int, body: str, road: str) -> None:
    """If a stranger's 404 counted as Stripe's, an order that may have been paid would be given up."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    http_client = HttpClient()
    client = create_client("sk_test_tests", http_client, api_base=f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        payment = StripePayment(client, MemoryThrottle())
        with pytest.raises(PaymentUnavailable) as away:
            await (payment.session("cs_test_1") if road == "read" else payment.expire_session("cs_test_1"))
        assert type(away.value) is PaymentUnavailable
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]
        await runner.cleanup()
