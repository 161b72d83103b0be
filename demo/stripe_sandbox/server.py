"""The sandbox as a server: all parts wired together, on one event loop."""

import asyncio
from contextlib import suppress
from email.utils import formatdate
from types import TracebackType
from typing import Self

from aiohttp import web

from demo.stripe_sandbox.api.http import StripeApi
from demo.stripe_sandbox.api.idempotency import IdempotencyKeys
from demo.stripe_sandbox.api.request_log import RequestLog
from demo.stripe_sandbox.control.control import SandboxControl
from demo.stripe_sandbox.control.http import ControlApi
from demo.stripe_sandbox.faults import FaultPlan
from demo.stripe_sandbox.ledger.state import SandboxState
from demo.stripe_sandbox.options import SandboxOptions
from demo.stripe_sandbox.pages.accounts import AccountPages
from demo.stripe_sandbox.pages.checkout import CheckoutPage
from demo.stripe_sandbox.pages.home import HomePage
from demo.stripe_sandbox.pages.rendering import Templates
from demo.stripe_sandbox.protocol.spec import load_spec
from demo.stripe_sandbox.resources.sessions import expire_overdue
from demo.stripe_sandbox.webhooks import WebhookSender

_EXPIRY_CHECK_SECONDS = 1.0
_SHUTDOWN_SECONDS = 0.1
_BACKLOG = 1024


class StripeSandbox:
    """A stateful stand-in for Stripe: ``async with StripeSandbox(SandboxOptions(port=12111)) as sandbox: ...``.

    Give ``sandbox.url`` to the SDK as ``base_addresses={"api": sandbox.url}`` and any key ``sk_test_…``;
    ``sandbox.control`` has the levers. All state is in memory and is gone when the sandbox stops.
    """

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self._state = SandboxState(self.options, load_spec())
        self._webhooks = WebhookSender(self.options)
        self._state.events.subscriber = self._webhooks.send
        faults = FaultPlan()
        requests = RequestLog(self.options.retained_requests)
        keys = IdempotencyKeys(self.options.retained_objects)
        templates = Templates()
        page = CheckoutPage(self._state, faults, templates)
        self.control = SandboxControl(
            self._state, faults=faults, requests=requests, webhooks=self._webhooks, keys=keys, page=page
        )
        app = web.Application()
        for part in (
            templates,
            StripeApi(self._state, faults=faults, log=requests, keys=keys),
            page,
            AccountPages(self._state, templates),
            HomePage(self._state, templates),
            ControlApi(self.control),
        ):
            part.add_routes(app.router)
        app.on_response_prepare.append(self._date)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self._expirer: asyncio.Task[None] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The address listened on, such as "http://127.0.0.1:12111"; empty until started."""
        return self._url

    async def _date(self, _: web.Request, answer: web.StreamResponse) -> None:
        answer.headers["Date"] = formatdate(self.options.clock(), usegmt=True)

    async def start(self) -> None:
        """Listen, and return once requests are answered. Raises OSError if the port is taken."""
        options = self.options
        await self._runner.setup()
        site = web.TCPSite(self._runner, options.host, options.port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        port = self._runner.addresses[0][1]
        self._url = f"http://{options.host}:{port}"
        self._state.base_url = options.public_url or self._url
        await self._webhooks.start()
        self._expirer = asyncio.create_task(self._expire_forever())

    async def stop(self) -> None:
        """Stop listening and deliver nothing more; nothing is left running or open."""
        if self._expirer is not None:
            self._expirer.cancel()
            with suppress(asyncio.CancelledError):
                await self._expirer
        await self._webhooks.stop()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _expire_forever(self) -> None:
        while True:
            expire_overdue(self._state)
            await asyncio.sleep(_EXPIRY_CHECK_SECONDS)


async def run(options: SandboxOptions) -> None:
    """Serve until cancelled."""
    async with StripeSandbox(options):
        await asyncio.Event().wait()
