"""A client that sends too many requests must wait: each client network and each kind of request counts separately."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.support.box_office import Answer, BoxOffice, OnSale
from tests.support.factories import promo_code, ticket
from tests.support.server import running

pytestmark = pytest.mark.p2

NOBODY = UUID(int=0)
CHECKOUTS, QUOTES, LOOKUPS, ERRORS = 3, 6, 2, 4


@dataclass(frozen=True, slots=True)
class Limited:
    """A service behind a proxy, with small limits."""

    box_office: BoxOffice

    async def ask(self, address: str, method: str, path: str, **parameters: Any) -> Answer:
        headers = {"X-Forwarded-For": address, **parameters.pop("headers", {})}
        return await self.box_office.request(method, path, headers=headers, **parameters)

    async def checkout(self, address: str, on_sale: OnSale, **customer: str) -> Answer:
        buyer = {"name": "Ada Lovelace", "email": "ada@example.org", **customer}
        return await self.ask(address, "POST", "/api/v1/checkout", json={**on_sale.cart(1), "customer": buyer})

    async def quote(self, address: str, on_sale: OnSale, **fields: Any) -> Answer:
        return await self.ask(address, "POST", "/api/v1/quote", json=on_sale.cart(1, **fields))


@pytest.fixture(scope="module")
async def limited(settings: Settings, sandbox: StripeSandbox) -> AsyncIterator[Limited]:
    small = msgspec.structs.replace(
        settings,
        checkout_rate_limit=f"{CHECKOUTS}/hour",
        quote_rate_limit=f"{QUOTES}/hour",
        lookup_rate_limit=f"{LOOKUPS}/hour",
        error_rate_limit=f"{ERRORS}/hour",
        trusted_proxies="127.0.0.1",
    )
    async with running(small) as service:
        yield Limited(BoxOffice(service.client, service.container.database(), sandbox))


@pytest.fixture
async def on_sale(limited: Limited) -> OnSale:
    return await limited.box_office.put_on_sale(ticket(price=0), promo_codes=[promo_code()])


def an_address() -> str:
    """An address that no other test uses."""
    return ".".join(["10", *(str(random.randrange(256)) for _ in range(3))])  # noqa: S311  # no secret


def a_network() -> str:
    return f"2001:db8:{random.randrange(1, 0xFFFF):x}:{random.randrange(1, 0xFFFF):x}"  # noqa: S311  # no secret


async def test_checkouts_that_are_wrong_do_not_count_as_checkouts(limited: Limited, on_sale: OnSale) -> None:
    address = an_address()
    for _ in range(ERRORS):
        (await limited.checkout(address, on_sale, email="nobody")).refused(400, "invalid_email")
    (await limited.checkout(address, on_sale, email="nobody")).refused(429, "rate_limited")
    statuses = [(await limited.checkout(address, on_sale)).status for _ in range(CHECKOUTS + 1)]
    assert statuses == [201] * CHECKOUTS + [429]


async def test_what_is_no_json_counts_as_wrong(limited: Limited) -> None:
    address = an_address()
    answers = [
        await limited.ask(address, "POST", "/api/v1/checkout", data=b"{", headers={"Content-Type": "application/json"})
        for _ in range(ERRORS + 1)
    ]
    assert [answer.status for answer in answers] == [400] * ERRORS + [429]
    assert "wrong" in answers[-1].refused(429, "rate_limited")
    assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_a_network_that_guesses_promo_codes_does_not_hear_which_is_one(limited: Limited, on_sale: OnSale) -> None:
    address = an_address()
    for number in range(ERRORS):
        (await limited.quote(address, on_sale, promo_code=f"GUESS{number}")).refused(400, "invalid_promo_code")
    for code in ("GUESS", "TEST20"):
        (await limited.quote(address, on_sale, promo_code=code)).refused(429, "rate_limited")
        query = f"q-{on_sale.tickets[0].id}=1&promo={code}"
        for page in ("total", "checkout"):
            assert (await limited.ask(an_address(), "GET", f"/shows/{on_sale.id}/{page}?{query}")).status == 200
            assert (await limited.ask(address, "GET", f"/shows/{on_sale.id}/{page}?{query}")).status == 429
    assert (await limited.quote(an_address(), on_sale, promo_code="TEST20")).status == 200


async def test_a_network_that_guesses_does_not_hear_which_code_opens_tickets(limited: Limited) -> None:
    hidden = ticket(price=0, hidden=True)
    code = promo_code(code="MEMBER", opens_ticket_ids=frozenset({hidden.id}))
    on_sale = await limited.box_office.put_on_sale(ticket(price=0), hidden, promo_codes=[code])
    show = f"/shows/{on_sale.id}"
    for page in (f"/api/v1{show}?promo_code=", f"{show}?code=", f"{show}/remaining?promo="):
        address = an_address()
        for number in range(ERRORS):
            assert (await limited.ask(address, "GET", f"{page}GUESS{number}")).status in (200, 400)
        assert (await limited.ask(address, "GET", f"{page}MEMBER")).status == 429
        assert str(hidden.id).encode() in (await limited.ask(an_address(), "GET", f"{page}MEMBER")).content


async def test_guesses_on_pages_count_too(limited: Limited, on_sale: OnSale) -> None:
    address, query = an_address(), f"q-{on_sale.tickets[0].id}=1&promo=GUESS"
    for page in ("total", "checkout"):
        for _ in range(ERRORS // 2):
            assert (await limited.ask(address, "GET", f"/shows/{on_sale.id}/{page}?{query}")).status == 200
    (await limited.quote(address, on_sale, promo_code="TEST20")).refused(429, "rate_limited")


async def test_quotes_have_a_limit(limited: Limited, on_sale: OnSale) -> None:
    address = an_address()
    statuses = [(await limited.quote(address, on_sale)).status for _ in range(QUOTES + 1)]
    assert statuses == [200] * QUOTES + [429]
    total = f"/shows/{on_sale.id}/total?q-{on_sale.tickets[0].id}=1"
    assert (await limited.ask(address, "GET", total)).status == 429
    (await limited.checkout(address, on_sale)).created()


async def test_tickets_are_not_printed_without_end(limited: Limited, on_sale: OnSale) -> None:
    address = an_address()
    placed = (await limited.checkout(address, on_sale)).created()
    path = f"/api/v1/orders/{placed['order_id']}/tickets.pdf?token={placed['order_token']}"
    statuses = [(await limited.ask(address, "GET", path)).status for _ in range(QUOTES + 1)]
    assert statuses == [200] * QUOTES + [429]


async def test_lookups_have_a_limit(limited: Limited) -> None:
    address = an_address()
    mail = {"email": f"{uuid4().hex}@example.org"}
    statuses = [(await limited.ask(address, "POST", "/api/v1/orders/lookup", json=mail)).status for _ in range(3)]
    assert statuses == [202] * LOOKUPS + [429]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/v1/producer/shows", {"Authorization": "Bearer pqt_nonsense"}, 401),
        (f"/api/v1/orders/{NOBODY}?token=nonsense", {}, 404),
        ("/api/v1/checkout/success?session_id=cs_test_nobody", {}, 404),
        (f"/api/v1/checkout/cancel?order_id={NOBODY}&token=nonsense", {}, 404),
        (f"/shows/{NOBODY}/orders/{NOBODY}?token=nonsense", {"Accept": "text/html"}, 404),
    ],
)
async def test_tokens_and_sessions_cannot_be_guessed_without_end(
    limited: Limited, path: str, headers: dict[str, str], status: int
) -> None:
    address = an_address()
    answers = [await limited.ask(address, "GET", path, headers=headers) for _ in range(ERRORS + 1)]
    assert [answer.status for answer in answers] == [status] * ERRORS + [429]
    assert ("<html" in answers[-1].content.decode()) is ("Accept" in headers)


async def test_what_others_were_quicker_for_is_no_error_of_the_buyers(limited: Limited) -> None:
    sold_out = await limited.box_office.put_on_sale(ticket(price=0, quantity=1, sold=1))
    address = an_address()
    codes = Counter([(await limited.quote(address, sold_out)).body["code"] for _ in range(QUOTES)])
    assert codes == {"tickets_unavailable": QUOTES}
    (await limited.checkout(address, sold_out)).refused(400, "tickets_unavailable")


async def test_a_customer_of_an_internet_provider_is_one_whatever_their_address(
    limited: Limited, on_sale: OnSale
) -> None:
    network = a_network()
    addresses = [f"{network}::{number:x}" for number in range(1, CHECKOUTS + 2)]
    statuses = [(await limited.checkout(address, on_sale)).status for address in addresses]
    assert statuses == [201] * CHECKOUTS + [429]
    (await limited.checkout(f"{a_network()}::1", on_sale)).created()


async def test_an_ipv4_address_has_one_limit_however_it_is_written(limited: Limited, on_sale: OnSale) -> None:
    address = an_address()
    written = [address, f"::ffff:{address}", f"[::ffff:{address}]:4711", f"{address}:80"]
    statuses = [(await limited.checkout(each, on_sale)).status for each in written]
    assert statuses == [201] * CHECKOUTS + [429]


async def test_the_limit_holds_for_requests_at_once(limited: Limited, on_sale: OnSale) -> None:
    address = an_address()
    answers = await asyncio.gather(*(limited.checkout(address, on_sale) for _ in range(20)))
    assert Counter(answer.status for answer in answers) == {201: CHECKOUTS, 429: 20 - CHECKOUTS}


async def test_limits_are_off_where_that_of_checkouts_is(box_office: BoxOffice) -> None:
    for _ in range(130):
        (await box_office.get("/api/v1/checkout/success?session_id=cs_test_nobody")).refused(404, "not_found")


async def test_a_proxy_that_is_not_believed_is_named_in_the_log_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings) as service:
        caplog.set_level(logging.WARNING)
        for _ in range(3):
            async with service.client.get("/health/live", headers={"X-Forwarded-For": "198.51.100.1"}) as answer:
                assert answer.status == 200
    told = [record.getMessage() for record in caplog.records if "TRUSTED_PROXIES" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("127.0.0.1 ")
