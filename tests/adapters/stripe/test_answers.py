"""Answers that are none of Stripe's."""

from __future__ import annotations

import pytest
from aiohttp import web

from adapters.memory.pace import MemoryPace
from adapters.stripe.client import HttpClient, create_client
from adapters.stripe.payment import StripePayment
from application.ports.payment import PaymentUnavailable


@pytest.mark.parametrize("body", ["{}", '{"id": 7}', "[]", "a proxy's page"])
async def test_a_session_that_is_not_understood_is_a_stripe_that_is_away(body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    http_client = HttpClient()
    client = create_client("sk_test_tests", http_client, api_base=f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        with pytest.raises(PaymentUnavailable):
            await StripePayment(client, MemoryPace()).session("cs_test_1")
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]
        await runner.cleanup()
