"""A running sandbox, the official SDK pointed at it, a buyer's browser and a webhook receiver."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stripe
from aiohttp import web

from demo.stripe_sandbox import DEFAULT_WEBHOOK_SECRET, SandboxOptions, StripeSandbox

PRODUCER_ACCOUNT = "acct_1producer"

_TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """One pool of connections for the SDK and for the browser, which keeps no cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def sandbox() -> AsyncIterator[StripeSandbox]:
    async with StripeSandbox() as running:
        yield running


ClientOf = Callable[..., stripe.StripeClient]


@pytest.fixture
def client_of(http: aiohttp.ClientSession) -> ClientOf:
    """SDK clients for any sandbox: ``client_of(sandbox, key="sk_test_…", retries=0, timeout_seconds=5)``."""

    def build(
        sandbox: StripeSandbox, *, key: str = "sk_test_sandbox", retries: int = 0, timeout_seconds: float = 5.0
    ) -> stripe.StripeClient:
        return stripe.StripeClient(
            key,
            http_client=stripe.AIOHTTPClient(session=http, timeout=aiohttp.ClientTimeout(total=timeout_seconds)),
            base_addresses={"api": sandbox.url},
            max_network_retries=retries,
        )

    return build


@pytest.fixture
def client(client_of: ClientOf, sandbox: StripeSandbox) -> stripe.StripeClient:
    return client_of(sandbox)


CheckoutParams = Callable[..., Any]


@pytest.fixture
def checkout_params() -> CheckoutParams:
    """The parameters of a checkout of two tickets at 25.00, with changes by keyword."""

    def build(**changes: Any) -> dict[str, Any]:
        params = {
            "mode": "payment",
            "success_url": "https://tickets.example.org/success?session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://tickets.example.org/cancel",
            "customer_email": "ada@example.org",
            "expires_at": int(time.time()) + 31 * 60,
            "metadata": {"order_id": "42"},
            "automatic_tax": {"enabled": True},
            "payment_intent_data": {
                "application_fee_amount": 484,
                "transfer_data": {"destination": PRODUCER_ACCOUNT},
                "metadata": {"order_id": "42"},
                "description": "Hamlet",
            },
            "line_items": [
                {
                    "quantity": 2,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 2500,
                        "product_data": {"name": "Stalls", "description": "Row A"},
                    },
                },
                {
                    "quantity": 1,
                    "price_data": {"currency": "usd", "unit_amount": 484, "product_data": {"name": "Fees"}},
                },
            ],
        }
        merged = params | changes
        return {name: value for name, value in merged.items() if value is not None}

    return build


def error_code(error: stripe.StripeError) -> str | None:
    """The code in the answer's body; the SDK's exceptions have it only for some kinds of error."""
    body: Any = error.json_body
    code: str | None = body["error"].get("code")
    return code


async def until(condition: Callable[[], object]) -> None:
    """Wait, at most ten seconds, for a condition that no event announces."""
    async with asyncio.timeout(60):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Page:
    """The browser's answer: HTTP status, the Location of a redirect, and the HTML."""

    status: int
    location: str | None
    html: str


class Buyer:
    """Visits payment pages and presses their buttons, without following redirects."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def look(self, url: str) -> Page:
        async with self._http.get(url, allow_redirects=False) as answer:
            return Page(answer.status, answer.headers.get("Location"), await answer.text())

    async def press(self, url: str, outcome: str, **fields: str) -> Page:
        form = {"outcome": outcome, **fields}
        async with self._http.post(url, data=form, allow_redirects=False) as answer:
            return Page(answer.status, answer.headers.get("Location"), await answer.text())


@pytest.fixture
def buyer(http: aiohttp.ClientSession) -> Buyer:
    return Buyer(http)


@dataclass(slots=True)
class Inbox:
    """A webhook receiver that checks signatures as an application does.

    ``answers`` are HTTP statuses to give first; after those it answers 200.
    """

    url: str
    events: list[stripe.Event] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    attempts: int = 0

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    async def receive(self, request: web.Request) -> web.Response:
        self.attempts += 1
        if self.answers:
            return web.Response(status=self.answers.pop(0))
        event = stripe.Webhook.construct_event(
            await request.read(), request.headers["Stripe-Signature"], DEFAULT_WEBHOOK_SECRET
        )
        self.events.append(event)
        return web.Response()


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    receiver = Inbox(url="")
    app = web.Application()
    app.router.add_post("/webhooks/stripe", receiver.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/stripe"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def telling_sandbox(inbox: Inbox) -> AsyncIterator[StripeSandbox]:
    """A sandbox that delivers its webhooks to the inbox."""
    async with StripeSandbox(SandboxOptions(webhook_url=inbox.url)) as running:
        yield running


class Conformance:
    """Stripe's description of its answers, for checking the sandbox's answers."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas

    def problems(self, answer: Any, name: str | None = None) -> list[str]:
        """The differences between an answer and Stripe's description of its object; empty if there are none."""
        kind = name or answer["object"]
        return list(self._object(answer, self._schemas[kind], kind))

    def _value(self, value: Any, schema: dict[str, Any], path: str) -> Any:
        if not schema:
            return
        if value is None:
            if not schema.get("nullable"):
                yield f"{path} is null"
        elif "$ref" in schema:
            yield from self._object(value, self._schemas[schema["$ref"]], path)
        elif "list" in schema:
            yield from self._list(value, schema["list"], path)
        elif schema.get("expands_to") and isinstance(value, dict):
            if value["object"] not in schema["expands_to"]:
                yield f"{path} is expanded to a {value['object']}"
            else:
                yield from self._object(value, self._schemas[value["object"]], path)
        elif "type" in schema:
            yield from self._typed(value, schema, path)

    def _typed(self, value: Any, schema: dict[str, Any], path: str) -> Any:
        wanted = _TYPES.get(schema["type"])
        if wanted is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            yield f"{path} is {value!r}, not {schema['type']}"
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{path} is {value!r}, which is not among {schema['enum']}"
        elif schema["type"] == "array":
            for index, item in enumerate(value):
                yield from self._value(item, schema["items"], f"{path}[{index}]")
        elif schema["type"] == "object":
            yield from self._object(value, schema, path)

    def _list(self, value: Any, item_schema: dict[str, Any], path: str) -> Any:
        if value["object"] != "list" or not isinstance(value["has_more"], bool):
            yield f"{path} is not a list object"
        for index, item in enumerate(value["data"]):
            yield from self._value(item, item_schema, f"{path}.data[{index}]")

    def _object(self, value: Any, schema: dict[str, Any], path: str) -> Any:
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, inner in value.items():
            if name in properties:
                yield from self._value(inner, properties[name], f"{path}.{name}")
            elif "additionalProperties" in schema:
                yield from self._value(inner, schema["additionalProperties"], f"{path}.{name}")
            elif properties and not schema.get("open"):
                yield f"{path}.{name} is unknown to Stripe"


@pytest.fixture(scope="session")
def conformance() -> Conformance:
    document = json.loads((Path(__file__).parent / "response_schemas.json").read_text())
    return Conformance(document["schemas"])
