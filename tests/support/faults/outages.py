"""All faults of a call to Stripe, and a sale to try them on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from aiohttp import ClientSession, web

from adapters.stripe.repetition import SECOND_KEY_SECONDS
from demo.stripe_sandbox import StripeSandbox
from demo.stripe_sandbox.faults import FaultKind
from tests.support.box_office import PATIENCE_SECONDS, Json, OnSale
from tests.support.stripe_world import StripeWorld, minor

#: One call of ours, with one fault: the state during it, and the outcome.
Scenario = Callable[[StripeWorld, FaultKind], Awaitable[None]]

OUTAGES: Final = (
    FaultKind.TIMEOUT_BEFORE,
    FaultKind.ANSWER_LOST,
    FaultKind.SERVER_ERROR,
    FaultKind.FAILED_WITHIN,
    FaultKind.RATE_LIMITED,
    FaultKind.CONNECTION_RESET,
)
#: More calls than the SDK and its HTTP client make for one request.
ALL_TRIES: Final = 20


@contextmanager
def outage(sandbox: StripeSandbox, operation: str, fault: FaultKind) -> Iterator[None]:
    """Make every call of ``operation`` fail until the end of the block.

    A call whose answer is lost is still carried out.
    """
    control = sandbox.control
    if fault is FaultKind.ANSWER_LOST:
        control.inject_fault(operation, fault)
        control.inject_fault(operation, FaultKind.CONNECTION_RESET, times=ALL_TRIES)
    else:
        control.inject_fault(operation, fault, times=ALL_TRIES, delay_seconds=30 * (fault is FaultKind.TIMEOUT_BEFORE))
    before = len(control.faults.waiting()[operation])
    yield
    left = len(control.faults.waiting().get(operation, ()))
    assert 0 < left < before
    control.faults.clear()


@asynccontextmanager
async def event_refused_at_first(world: StripeWorld, operation: str, fault: FaultKind) -> AsyncIterator[None]:
    """Answer the event that the block causes with a failure while ``operation`` fails.

    Stripe then sends it again; at the end it has been handled.
    """
    webhooks = world.sandbox.control.webhooks
    await webhooks.idle()
    failed_before = webhooks.failed_attempts
    with outage(world.sandbox, operation, fault):
        yield
        async with asyncio.timeout(PATIENCE_SECONDS):
            while webhooks.failed_attempts == failed_before:
                await asyncio.sleep(0.02)
    await webhooks.idle()


class BreakingProxy:
    """A proxy before Stripe. While ``breaks`` is set, calls go through, but their answers break off.

    ``hangs``: or rather never end.
    """

    def __init__(self, *, hangs: bool) -> None:
        self.breaks = False
        self.target = ""
        self._hangs = hangs

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The address to call instead of Stripe's."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        async with (
            ClientSession() as client,
            client.request(
                request.method, self.target + request.path_qs, headers=request.headers, data=await request.read()
            ) as answer,
        ):
            body = await answer.read()
            if not self.breaks:
                return web.Response(status=answer.status, body=body, content_type="application/json")
        broken = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await broken.prepare(request)
        await broken.write(body[: len(body) // 2])
        if self._hangs:
            await asyncio.Event().wait()
        assert request.transport
        request.transport.close()
        return broken


async def until_asked_with_another_key(fault: FaultKind) -> None:
    """Wait until our next call uses another key, after a failure that Stripe repeats for the first one."""
    window = int(time.time()) // SECOND_KEY_SECONDS
    while fault is FaultKind.FAILED_WITHIN and int(time.time()) // SECOND_KEY_SECONDS == window:
        await asyncio.sleep(0.05)


async def checked_out(world: StripeWorld) -> tuple[OnSale, Json]:
    on_sale = await world.box_office.put_on_sale()
    return on_sale, (await world.box_office.checkout(on_sale.cart(2))).created()


async def paid(world: StripeWorld) -> tuple[OnSale, Json]:
    """A completed order for which a worker has done nothing yet."""
    on_sale, placed = await checked_out(world)
    await world.box_office.pay(placed)
    await world.box_office.until_completed(placed)
    return on_sale, placed


async def assert_sold_once(world: StripeWorld, on_sale: OnSale, placed: Json) -> None:
    assert len(await world.stripe.sessions(placed["order_id"])) == 1
    assert (await world.stripe.charge(placed["order_id"])).amount == minor(placed["total"])
    assert len((await world.box_office.order(placed)).body["attendees"]) == 2
    assert await world.box_office.counters(on_sale) == [(0, 2)]
