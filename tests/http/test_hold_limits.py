"""One buyer cannot block a show for the others: tickets on hold and free ones have limits, and can be released."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from demo.stripe_sandbox import StripeSandbox
from domain.access import Scope
from domain.catalog import Producer
from entrypoints.settings import Settings
from tests.http.test_storefront import BROWSER, Window, checkout_path
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import GIVEN_BACK, Answer, BoxOffice, Json, OnSale
from tests.support.factories import producer, ticket
from tests.support.server import Service, running

EXPIRE = "POST /v1/checkout/sessions/{session}/expire"

pytestmark = pytest.mark.p2

EMAIL_TICKETS, EMAIL_ORDERS, EMAIL_FREE = 6, 4, 5
NETWORK_TICKETS, NETWORK_ORDERS, NETWORK_FREE = 10, 9, 8


@dataclass(frozen=True, slots=True)
class Guarded:
    """A service with limits that tests reach, behind a proxy."""

    service: Service
    box_office: BoxOffice

    async def checkout(self, on_sale: OnSale, *quantities: int, email: str, network: str, **headers: str) -> Answer:
        body = {**on_sale.cart(*quantities), "customer": {"name": "Ada Lovelace", "email": email}}
        return await self.box_office.post(
            "/api/v1/checkout", json=body, headers={"X-Forwarded-For": network, **headers}
        )

    async def office(self, by: Producer) -> BackOffice:
        return await open_back_office(self.box_office, self.service.container, by)


def limits(settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings,
        trusted_proxies="127.0.0.1",
        max_held_tickets_per_email=EMAIL_TICKETS,
        max_held_orders_per_email=EMAIL_ORDERS,
        max_free_tickets_per_email=EMAIL_FREE,
        max_held_tickets_per_network=NETWORK_TICKETS,
        max_held_orders_per_network=NETWORK_ORDERS,
        max_free_tickets_per_network=NETWORK_FREE,
    )


@pytest.fixture(scope="module")
async def guarded(settings: Settings, sandbox: StripeSandbox) -> AsyncIterator[Guarded]:
    async with running(limits(settings)) as service:
        yield Guarded(service, BoxOffice(service.client, service.container.database(), sandbox))


def somebody() -> str:
    return f"{uuid4().hex}@example.org"


def somewhere() -> str:
    return ".".join(["10", *(str(random.randrange(256)) for _ in range(3))])  # noqa: S311  # no secret


async def test_one_address_does_not_hold_a_house(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale(ticket(quantity=100))
    email = somebody()
    answers = await asyncio.gather(*(guarded.checkout(on_sale, 2, email=email, network=somewhere()) for _ in range(10)))
    assert Counter(answer.status for answer in answers) == {201: 3, 429: 7}
    refused = next(answer for answer in answers if answer.status == 429)
    assert "on hold under this e-mail address" in refused.refused(429, "hold_limit_reached")
    assert int(refused.headers["Retry-After"]) >= 1
    assert await guarded.box_office.counters(on_sale) == [(6, 0)]
    (await guarded.checkout(on_sale, 2, email=somebody(), network=somewhere())).created()


async def test_spellings_of_an_address_are_one_buyer(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale()
    name = uuid4().hex[:12]
    spellings = [f"{name}@example.org", f"{name}+1@example.org", f"{name[:4]}.{name[4:]}@EXAMPLE.org", name.upper()]
    for spelling in spellings[:3]:
        (await guarded.checkout(on_sale, 2, email=spelling, network=somewhere())).created()
    answer = await guarded.checkout(on_sale, 1, email=f"{name.upper()}+2@example.org", network=somewhere())
    answer.refused(429, "hold_limit_reached")


async def test_one_network_does_not_hold_a_house(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale()
    network = f"2001:db8:{random.randrange(0xFFFF):x}:{random.randrange(0xFFFF):x}"  # noqa: S311  # no secret
    statuses = [
        (await guarded.checkout(on_sale, 2, email=somebody(), network=f"{network}::{number:x}")).status
        for number in range(1, 8)
    ]
    assert statuses == [201] * 5 + [429] * 2


async def test_free_tickets_have_a_limit_too(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale(ticket(price=0))
    email, network = somebody(), somewhere()
    (await guarded.checkout(on_sale, 3, email=email, network=network)).created()
    (await guarded.checkout(on_sale, 2, email=email, network=network)).created()
    answer = await guarded.checkout(on_sale, 1, email=email, network=somewhere())
    assert "free tickets" in answer.refused(429, "hold_limit_reached")
    (await guarded.checkout(on_sale, 3, email=somebody(), network=network)).created()
    (await guarded.checkout(on_sale, 1, email=somebody(), network=network)).refused(429, "hold_limit_reached")
    assert await guarded.box_office.counters(on_sale) == [(0, 8)]


async def test_other_shows_have_limits_of_their_own(guarded: Guarded) -> None:
    email, network = somebody(), somewhere()
    for _ in range(2):
        on_sale = await guarded.box_office.put_on_sale()
        (await guarded.checkout(on_sale, 6, email=email, network=network)).created()


async def test_what_was_paid_or_given_back_is_no_longer_held(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale()
    email, network = somebody(), somewhere()
    paid = (await guarded.checkout(on_sale, 4, email=email, network=network)).created()
    given_back = (await guarded.checkout(on_sale, 2, email=email, network=network)).created()
    (await guarded.checkout(on_sale, 1, email=email, network=network)).refused(429, "hold_limit_reached")
    await guarded.box_office.pay(paid)
    await guarded.box_office.come_back(paid)
    assert (await guarded.box_office.cancel(given_back)).status == 200
    (await guarded.checkout(on_sale, 6, email=email, network=network)).created()


async def test_a_repeated_checkout_is_the_same_order_and_no_other_hold(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale()
    asked = {"email": somebody(), "network": somewhere(), "Idempotency-Key": uuid4().hex}
    answers = [(await guarded.checkout(on_sale, 6, **asked)).created() for _ in range(3)]
    assert len({answer["order_id"] for answer in answers}) == 1


async def test_checkouts_of_different_tickets_at_once_do_not_pass_the_limit(
    guarded: Guarded, settings: Settings, sandbox: StripeSandbox
) -> None:
    """They share no ticket, and are decided by several processes."""
    tickets = [ticket(quantity=100) for _ in range(8)]
    on_sale = await guarded.box_office.put_on_sale(*tickets)
    email = somebody()
    async with running(limits(settings)) as other:
        another = Guarded(other, BoxOffice(other.client, other.container.database(), sandbox))
        wanted = [[2 if number == position else 0 for number in range(8)] for position in range(8)]
        answers = await asyncio.gather(
            *(
                each.checkout(on_sale, *quantities, email=email, network=somewhere())
                for quantities in wanted
                for each in (guarded, another)
            )
        )
    assert Counter(answer.status for answer in answers) == {201: 3, 429: 13}
    assert sum(held for held, _ in await guarded.box_office.counters(on_sale)) == 6


async def test_a_box_office_has_no_such_limit(guarded: Guarded) -> None:
    selling = producer()
    office = await guarded.office(selling)
    on_sale = await guarded.box_office.put_on_sale(by=selling)
    body = {**on_sale.cart(10), "customer": {"name": "Ada Lovelace", "email": "ada@example.org"}, "payment": "comp"}
    for _ in range(3):
        assert (await office.post(f"/shows/{on_sale.id}/orders", body)).status == 201


async def test_a_browser_is_told_on_the_form(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale()
    email, network = somebody(), somewhere()
    (await guarded.checkout(on_sale, 6, email=email, network=network)).created()
    window = Window(guarded.box_office, {})
    fields = await window.form(on_sale, 1, email=email)
    answer = await window.post(checkout_path(on_sale, 1).partition("?")[0], fields, **BROWSER)
    assert answer.status == 429
    assert "on hold under this e-mail address" in answer.content.decode()


async def test_limits_are_off_where_that_of_checkouts_is(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    for _ in range(4):
        (await box_office.checkout(on_sale.cart(10))).created()


async def holds(office: BackOffice, on_sale: OnSale, query: str = "") -> list[Json]:
    answer = await office.get(f"/shows/{on_sale.id}/holds{query}")
    assert answer.status == 200, answer.content
    return list(answer.body["items"])


async def test_a_producer_sees_and_frees_holds_by_address(guarded: Guarded, sandbox: StripeSandbox) -> None:
    selling = producer()
    office = await guarded.office(selling)
    on_sale = await guarded.box_office.put_on_sale(by=selling)
    email, network = somebody(), somewhere()
    placed = [
        (await guarded.checkout(on_sale, 2, email=spelling, network=network)).created()
        for spelling in (email, email.replace("@", "+2@"))
    ]
    (await guarded.checkout(on_sale, 1, email=somebody(), network=somewhere())).created()

    most, other = await holds(office, on_sale)
    assert (most["address"], most["orders"], most["tickets"], other["tickets"]) == (email, 2, 4, 1)
    assert most["until"] == placed[1]["expires_at"]

    answer = await office.post(f"/shows/{on_sale.id}/holds/release", {"email": email.upper()})
    assert (answer.status, answer.body) == (200, {"released": 2, "paid": 0, "left": 0})
    assert await guarded.box_office.counters(on_sale) == [(1, 0)]
    for order in placed:
        assert (await guarded.box_office.order(order)).body["status"] in GIVEN_BACK
        assert any(order["session_id"] in request.path for request in sandbox.control.requests.requests(EXPIRE))
    assert (await office.audit_log())[0]["action"] == "holds.released"
    assert len(await holds(office, on_sale)) == 1


async def test_a_producer_sees_and_frees_holds_by_network(guarded: Guarded) -> None:
    selling = producer()
    office = await guarded.office(selling)
    on_sale = await guarded.box_office.put_on_sale(by=selling)
    network = somewhere()
    for _ in range(3):
        (await guarded.checkout(on_sale, 2, email=somebody(), network=network)).created()
    (await guarded.checkout(on_sale, 1, email=somebody(), network=somewhere())).created()

    most, other = await holds(office, on_sale, "?by=network")
    assert (most["orders"], most["tickets"], other["tickets"]) == (3, 6, 1)
    assert network not in str(most)
    answer = await office.post(f"/shows/{on_sale.id}/holds/release", {"network": most["address"]})
    assert answer.body == {"released": 3, "paid": 0, "left": 0}
    assert await guarded.box_office.counters(on_sale) == [(1, 0)]


async def test_holds_are_listed_in_pages(guarded: Guarded) -> None:
    selling = producer()
    office = await guarded.office(selling)
    on_sale = await guarded.box_office.put_on_sale(by=selling)
    for quantity in (1, 2, 2, 3):
        (await guarded.checkout(on_sale, quantity, email=somebody(), network=somewhere())).created()
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await office.get(f"/shows/{on_sale.id}/holds?limit=1{cursor}")).body
        seen += [item["tickets"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [3, 2, 2, 1]
    (await office.get(f"/shows/{on_sale.id}/holds?cursor=nonsense")).refused(400, "invalid_request")


async def test_holds_are_the_own_producers_business(guarded: Guarded) -> None:
    on_sale = await guarded.box_office.put_on_sale()
    stranger = await guarded.office(producer())
    (await stranger.get(f"/shows/{on_sale.id}/holds")).refused(404, "not_found")
    (await stranger.post(f"/shows/{on_sale.id}/holds/release", {"email": somebody()})).refused(404, "not_found")
    at_the_door = await stranger.with_scopes(Scope.CHECKIN)
    (await at_the_door.get(f"/shows/{on_sale.id}/holds")).refused(403, "forbidden")
    both: dict[str, Any] = {"email": somebody(), "network": "0"}
    for body in ({}, both):
        own = await guarded.box_office.put_on_sale(by=stranger.producer)
        (await stranger.post(f"/shows/{own.id}/holds/release", body)).refused(400, "invalid_request")
