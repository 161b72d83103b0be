"""The steps of a buyer and a producer: put shows on sale, check out over HTTP, pay, and inspect the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import aiohttp
from yarl import URL

from application.ports.unit_of_work import UnitOfWorkFactory
from demo.stripe_sandbox import StripeSandbox
from domain.catalog import Producer, Show, Ticket
from domain.orders import Order, OrderStatus
from domain.promotions import TicketPromoCode
from tests.support import factories

Json = dict[str, Any]
#: How long work in the background may take before a test gives up.
PATIENCE_SECONDS = 60
#: How long holds last that are stored without a checkout: longer than any run of the tests.
HOLD = timedelta(hours=3)
#: How an order ends whose payment page we close: Stripe's event about the closed page may come before our own writing.
GIVEN_BACK = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Json:
        parsed = json.loads(self.content)
        assert isinstance(parsed, dict)
        return parsed

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def refused(self, status: int, code: str) -> str:
        """The message, after checking that this is the expected error, in the form that every error has."""
        assert (self.status, self.body["code"]) == (status, code), self.content
        assert self.body["status"] == "error"
        assert self.body["request_id"] == self.headers["X-Request-ID"]
        message = self.body["message"]
        assert isinstance(message, str)
        assert message
        return message

    def created(self) -> Json:
        """The body of a placed order."""
        assert self.status == HTTPStatus.CREATED, self.content
        return self.body


@dataclass(frozen=True, slots=True)
class OnSale:
    """A show in the database."""

    show: Show
    producer: Producer
    tickets: tuple[Ticket, ...]

    @property
    def id(self) -> UUID:
        return self.show.id

    def cart(self, *quantities: int, **fields: Any) -> Json:
        """A request for these quantities, in the order of the tickets."""
        lines = [
            {"ticket_id": str(ticket.id), "quantity": quantity}
            for ticket, quantity in zip(self.tickets, quantities, strict=False)
        ]
        return {"show_id": str(self.id), "tickets": lines, **fields}


class BoxOffice:
    """Works on one service; ``unit_of_work`` opens its database."""

    def __init__(
        self, client: aiohttp.ClientSession, unit_of_work: UnitOfWorkFactory, sandbox: StripeSandbox | None = None
    ) -> None:
        self._client = client
        self.unit_of_work = unit_of_work
        self._sandbox = sandbox

    async def put_on_sale(
        self,
        *tickets: Ticket,
        promo_codes: Iterable[TicketPromoCode] = (),
        by: Producer | None = None,
        **show_fields: Any,
    ) -> OnSale:
        """A new show with tickets (one of $25 if none is given) and promo codes."""
        producer = by or factories.producer()
        show = factories.show(by=producer, **show_fields)
        on_sale = OnSale(show, producer, tuple(replace(t, show_id=show.id) for t in tickets or [factories.ticket()]))
        async with self.unit_of_work() as uow:
            if by is None or await uow.producers.get(by.id) is None:
                await uow.producers.add(producer)
            await uow.shows.add(show)
            for ticket in on_sale.tickets:
                await uow.tickets.add(ticket)
            for promo_code in promo_codes:
                await uow.promo_codes.add(replace(promo_code, show_id=show.id))
            await uow.commit()
        return on_sale

    async def change_show(self, on_sale: OnSale, **fields: Any) -> None:
        """Change the show, as a producer does during a sale."""
        async with self.unit_of_work() as uow:
            await uow.shows.save(on_sale.show.changed(**fields))
            await uow.commit()

    async def store(self, *orders: Order) -> tuple[Order, ...]:
        """Store orders, and no counters. Returns them as stored: a hold begins now, if its time was up.

        The worker would go on releasing a hold that ended, and never succeed, since no counter knows of it.
        """
        now = datetime.now(UTC)
        stored = tuple(
            replace(order, created_at=now, expires_at=now + HOLD)
            if order.status is OrderStatus.PENDING and (order.expires_at is None or order.expires_at <= now)
            else order
            for order in orders
        )
        async with self.unit_of_work() as uow:
            await uow.orders.add(stored)
            await uow.commit()
        return stored

    async def change_ticket(self, ticket: Ticket, **fields: Any) -> None:
        """Change the ticket, as a producer does during a sale."""
        async with self.unit_of_work() as uow:
            await uow.tickets.save(replace(ticket, **fields))
            await uow.commit()

    async def get(self, path: str, **parameters: Any) -> Answer:
        return await self.request("GET", path, **parameters)

    async def post(self, path: str, **parameters: Any) -> Answer:
        return await self.request("POST", path, **parameters)

    async def request(self, method: str, path: str, **parameters: Any) -> Answer:
        """One request; redirects are not followed."""
        # Already encoded: a path in a test is written as it goes over the wire.
        url = URL(path, encoded=True)
        async with self._client.request(method, url, allow_redirects=False, **parameters) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def quote(self, cart: Json) -> Answer:
        return await self.post("/api/v1/quote", json=cart)

    async def checkout(
        self, cart: Json, *, customer: Json | None = None, key: str | None = None, **fields: Any
    ) -> Answer:
        """Check out as Ada Lovelace, unless another customer is given."""
        buyer = customer or {"name": "Ada Lovelace", "email": "ada@example.org"}
        headers = {"Idempotency-Key": key} if key else {}
        return await self.post("/api/v1/checkout", json={"customer": buyer, **cart, **fields}, headers=headers)

    async def pay(self, placed: Json, outcome: str = "paid") -> Answer:
        """Press a button on the payment page; Stripe sends its webhooks."""
        return await self.post(placed["checkout_url"], data={"outcome": outcome})

    async def come_back(self, placed: Json) -> Answer:
        """Follow Stripe's redirect after paying, as the buyer's browser."""
        return await self.get(f"/api/v1/checkout/success?session_id={placed['session_id']}")

    async def buy(self, cart: Json, **fields: Any) -> Json:
        """Check out, pay, come back: the completed order."""
        placed = (await self.checkout(cart, **fields)).created()
        if not placed["success"]:
            await self.pay(placed)
            await self.come_back(placed)
        return (await self.order(placed)).body

    async def order(self, placed: Json) -> Answer:
        """The order as its buyer sees it."""
        return await self.get(f"/api/v1/orders/{placed['order_id']}?token={placed['order_token']}")

    async def cancel(self, placed: Json) -> Answer:
        return await self.post(f"/api/v1/orders/{placed['order_id']}/cancel?token={placed['order_token']}")

    async def stored_order(self, placed: Json) -> Order:
        """The order as it is in the database."""
        async with self.unit_of_work() as uow:
            order = await uow.orders.get(UUID(placed["order_id"]))
        assert order is not None
        return order

    async def counters(self, on_sale: OnSale) -> list[tuple[int, int]]:
        """Held and sold of each ticket, in the order of the tickets."""
        async with self.unit_of_work() as uow:
            display = await uow.show_details.details(on_sale.id)
        assert display is not None
        inventories = {ticket.id: ticket.inventory for ticket in display.tickets}
        return [(inventories[t.id].held, inventories[t.id].sold) for t in on_sale.tickets]

    async def until_counters(self, on_sale: OnSale, expected: list[tuple[int, int]]) -> None:
        """Wait until the counters of the tickets are these."""

        async def are_these() -> bool:
            return await self.counters(on_sale) == expected

        await self.until(are_these)

    async def remaining(self, on_sale: OnSale) -> list[int]:
        """The number of each ticket that buyers see as left."""
        answer = await self.get(f"/api/v1/shows/{on_sale.id}")
        left = {ticket["id"]: ticket["remaining"] for ticket in answer.body["tickets"]}
        return [left[str(ticket.id)] for ticket in on_sale.tickets]

    def stripe_session(self, placed: Json) -> Json:
        """The request that made the order's session at Stripe, as nested parameters."""
        return self.stripe_requests("POST /v1/checkout/sessions", placed["order_id"])[0]

    def stripe_requests(self, operation: str, order_id: str) -> Sequence[Json]:
        """The parameters of every call of ``operation`` about an order."""
        assert self._sandbox is not None
        return [
            dict(request.params)
            for request in self._sandbox.control.requests.requests(operation)
            if order_id in str(request.params)
        ]

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until ``await holds()`` is true."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await holds():
                await asyncio.sleep(0.02)

    async def until_completed(self, placed: Json) -> Json:
        """The order, once it is completed in any way."""

        async def is_completed() -> bool:
            return bool((await self.order(placed)).body["status"] == "completed")

        await self.until(is_completed)
        return (await self.order(placed)).body
