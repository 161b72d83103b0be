"""The crowd: buyers, a box office that refunds, and scanners. Each keeps the answers it got."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import aiohttp
from yarl import URL

from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.access.audit_log import AuditLog
from application.catalog.producers import IssueToken
from domain.access import Scope
from tests.chaos.installation import Place
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import producer, ticket

#: How long a client asks again before it gives up without knowing.
PATIENCE_SECONDS: Final = 25.0
ANSWER_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = 0.2
#: Answers that ask the client to come again.
NOT_NOW: Final = frozenset({429, 502, 503, 504})


@dataclass(slots=True)
class Scan:
    """One reading of a code; ``result`` is the answer that the scanner got, None if it got none."""

    id: UUID
    code: str
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """A checkout that became an order: when it was sent, and the API server that took it."""

    sent_at: float
    taken_by: str
    is_free: bool


@dataclass(slots=True)
class Heard:
    """The answers that one buyer, and those who served them, got. None means: no answer came."""

    email: str
    is_free: bool
    quantity: int
    placed: Json | None = None
    refusal: str | None = None
    went_to_pay: bool = False
    completed: Json | None = None
    cancelled: bool | None = None
    #: The attendees whose refund was asked for, and the amounts that were promised; "" if no answer came.
    refund_asked: list[str] = field(default_factory=list)
    refunded: str | None = None
    scans: list[Scan] = field(default_factory=list)
    #: Answers that must never be given, however much is broken.
    strange: list[str] = field(default_factory=list)
    #: When the last request was sent, and the API server that answered it.
    asked_at: float = 0.0
    answered_by: str = ""


class Crowd:
    """Buys, pays, cancels, refunds and checks in at one show until ``stop`` is set."""

    def __init__(self, place: Place, choice: random.Random, on_sale: OnSale, secret: str) -> None:
        self.heard: list[Heard] = []
        self.stop = asyncio.Event()
        self.on_sale = on_sale
        self.seconds_without_sale = 0.0
        self.sales: list[Sale] = []
        #: Answers "not now", and connections that broke.
        self.asked_again = 0
        self._choice = choice
        self._secret = secret
        self.last_sale = time.monotonic()
        self._clients = {
            url: aiohttp.ClientSession(
                url,
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            for url in place.urls
        }
        self._urls = place.urls

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()

    def go_to(self, *urls: str) -> None:
        """Ask these API servers alone, as a balancer that cannot reach the others."""
        self._urls = urls

    async def shop(self, buyers: int, *, pause_seconds: float = 0.0) -> None:
        """That many buyers at a time, each followed by the next one after a pause, until ``stop``. All finish."""
        self.last_sale = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(buyers):
                group.create_task(self._one_after_the_other(pause_seconds))
        self._note_silence()

    async def _one_after_the_other(self, pause_seconds: float) -> None:
        while not self.stop.is_set():
            await self.serve_one()
            await asyncio.sleep(pause_seconds)

    async def serve_one(self) -> Heard:
        """One buyer, from the checkout to the door."""
        heard = Heard(
            email=f"{uuid4().hex}@example.org",
            is_free=self._choice.random() < 0.4,
            quantity=self._choice.choice((1, 1, 2, 3)),
        )
        self.heard.append(heard)
        await self._buy(heard)
        return heard

    async def _buy(self, heard: Heard) -> None:
        quantities = (heard.quantity, 0) if heard.is_free else (0, heard.quantity)
        cart = self.on_sale.cart(*quantities)
        cart["tickets"] = [line for line in cart["tickets"] if line["quantity"]]
        answer = await self._ask(
            heard,
            "POST",
            "/api/v1/checkout",
            json={"customer": {"name": "Ada Lovelace", "email": heard.email}, **cart},
            headers={"Idempotency-Key": uuid4().hex},
        )
        if answer is None:
            return
        if answer.status != 201:
            heard.refusal = str(answer.body.get("code"))
            return
        heard.placed = answer.body
        self.sales.append(Sale(heard.asked_at, heard.answered_by, heard.is_free))
        self._note_silence()
        if not heard.is_free and not await self._pay(heard):
            return
        await self._see_it_completed(heard)
        if heard.completed:
            await self._use(heard)

    def _note_silence(self) -> None:
        now = time.monotonic()
        self.seconds_without_sale = max(self.seconds_without_sale, now - self.last_sale)
        self.last_sale = now

    async def _pay(self, heard: Heard) -> bool:
        """Pay, or change one's mind. Returns whether the buyer waits for tickets."""
        assert heard.placed
        if heard.placed["success"]:
            return True  # it was completed before the answer was repeated
        wish = self._choice.random()
        if wish < 0.15:
            answer = await self._ask(heard, "POST", self._order_path(heard, "/cancel"))
            heard.cancelled = None if answer is None else answer.status == 200
            return False
        if wish < 0.2 or not heard.placed.get("checkout_url"):
            return False  # leaves without a word
        heard.went_to_pay = True
        await self._ask(heard, "POST", heard.placed["checkout_url"], data={"outcome": "paid"})
        if wish < 0.7:
            await self._ask(heard, "GET", f"/api/v1/checkout/success?session_id={heard.placed['session_id']}")
        return wish < 0.9

    async def _see_it_completed(self, heard: Heard) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = await self._ask(heard, "GET", self._order_path(heard))
            if answer is None or answer.status != 200:
                return
            if answer.body["status"] == "completed":
                heard.completed = answer.body
                return
            if answer.body["status"] in {"cancelled", "expired"}:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _use(self, heard: Heard) -> None:
        """Give some tickets back, and come to the door with all of them."""
        assert heard.completed
        attendees = heard.completed["attendees"]
        if self._choice.random() < 0.3:
            heard.refund_asked = [attendee["id"] for attendee in attendees[: self._choice.randint(1, len(attendees))]]
            path = f"/api/v1/producer/orders/{heard.completed['order_id']}/refund"
            answer = await self._ask(heard, "POST", path, json={"attendee_ids": heard.refund_asked}, token=True)
            if answer and answer.status == 200:
                heard.refunded = answer.body["refund"]["amount"] if answer.body["refund"] else "0"
        if self._choice.random() < 0.6:
            heard.scans = [Scan(uuid4(), attendee["code"]) for attendee in attendees for _ in range(2)]
            await asyncio.gather(*(self._scan(heard, scan) for scan in heard.scans))

    async def _scan(self, heard: Heard, scan: Scan) -> None:
        body = {
            "code": scan.code,
            "show_id": str(self.on_sale.id),
            "device_id": f"door {scan.id}",
            "scan_id": str(scan.id),
        }
        answer = await self._ask(heard, "POST", "/api/v1/producer/checkin", json=body, token=True)
        if answer is not None:
            scan.result = str(answer.body.get("result"))

    def _order_path(self, heard: Heard, action: str = "") -> str:
        assert heard.placed
        return f"/api/v1/orders/{heard.placed['order_id']}{action}?token={heard.placed['order_token']}"

    async def _ask(
        self, heard: Heard, method: str, path: str, *, token: bool = False, **parameters: Any
    ) -> Answer | None:
        """The final answer, from the API host that gives one; None if none came in time."""
        if token:
            parameters["headers"] = {"Authorization": f"Bearer {self._secret}"}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            server = self._choice.choice(self._urls)
            heard.asked_at, request = time.monotonic(), self._clients[server].request
            try:
                async with request(method, URL(path, encoded=True), allow_redirects=False, **parameters) as got:
                    answer = Answer(got.status, got.headers, await got.read())
            except (aiohttp.ClientError, TimeoutError):
                pass
            else:
                if answer.status == 500 or (answer.status == 503 and "Retry-After" not in answer.headers):
                    heard.strange.append(f"{method} {path.partition('?')[0]}: {answer.status} {answer.content[:200]!r}")
                elif answer.status not in NOT_NOW:
                    heard.answered_by = server
                    return answer
            self.asked_again += 1
            await asyncio.sleep(PAUSE_SECONDS)
        return None


async def gather_at(place: Place, choice: random.Random) -> Crowd:
    """A crowd before a new show with a free and a paid ticket type."""
    box_office = BoxOffice(aiohttp.ClientSession(), place.unit_of_work)
    await box_office._client.close()  # it is not asked for anything
    on_sale = await box_office.put_on_sale(
        ticket(price=0, quantity=5000, name="Free"),
        ticket(price=25_00, quantity=5000, name="Stalls"),
        by=producer(account=f"acct_{uuid4().hex}"),
    )
    clock, ids = SystemClock(), SystemIds()
    issue_token = IssueToken(place.unit_of_work, clock, ids, AuditLog(clock, ids))
    scopes = [Scope.ORDERS, Scope.CHECKIN]
    issued = await issue_token(producer_id=on_sale.producer.id, name="chaos", scopes=scopes)
    return Crowd(place, choice, on_sale, issued.secret)
