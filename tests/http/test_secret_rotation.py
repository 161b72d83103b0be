"""SECRET_KEY is changed: signatures of the old key stay valid, and new ones use the new key."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import jwt
import msgspec

from adapters.jose.signer import JoseListSigner
from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.server import running

OLD, NEW, OTHERS = "o" * 32, "n" * 32, "x" * 32


@asynccontextmanager
async def under(secret_key: str, settings: Settings, sandbox: StripeSandbox) -> AsyncIterator[BoxOffice]:
    async with running(msgspec.structs.replace(settings, secret_key=secret_key)) as service:
        yield BoxOffice(service.client, service.container.database(), sandbox)


@dataclass
class Browser:
    """A browser that keeps the forms' cookie, and the form that is open in it."""

    cookies: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)

    async def open_form(self, box_office: BoxOffice, on_sale: OnSale) -> None:
        quantity = f"q-{on_sale.tickets[0].id}"
        path = f"/shows/{on_sale.id}/checkout?{quantity}=1"
        answer = await box_office.get(path, headers={"Accept": "text/html"}, cookies=self.cookies)
        self.cookies |= dict(re.findall(r"(csrf)=([^;]+);", answer.headers.get("Set-Cookie", "")))
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode())
        self.form = {name: html.unescape(value) for name, value in hidden}
        self.form |= {quantity: "1", "name": "Ada Lovelace", "email": "ada@example.org"}

    async def send(self, box_office: BoxOffice, on_sale: OnSale) -> Answer:
        return await box_office.post(
            f"/shows/{on_sale.id}/checkout",
            data=urlencode(self.form),
            headers={"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"},
            cookies={"theme": "dark", **self.cookies},
        )


async def test_links_and_forms_of_the_earlier_secret_go_on_working(settings: Settings, sandbox: StripeSandbox) -> None:
    browser = Browser()
    async with under(OLD, settings, sandbox) as box_office:
        on_sale = await box_office.put_on_sale(ticket(price=0))
        placed: Json = (await box_office.checkout(on_sale.cart(1))).created()
        await browser.open_form(box_office, on_sale)

    async with under(f"{NEW},{OLD}", settings, sandbox) as box_office:
        assert (await box_office.order(placed)).status == 200
        assert (await browser.send(box_office, on_sale)).status == 303
        again = (await box_office.checkout(on_sale.cart(1))).created()
        await browser.open_form(box_office, on_sale)
        opened_before = dict(browser.cookies)

    async with under(NEW, settings, sandbox) as box_office:
        assert (await box_office.order(placed)).status == 404
        assert (await box_office.order(again)).status == 200
        assert (await browser.send(box_office, on_sale)).status == 403  # its cookie was signed with the removed secret
        await browser.open_form(box_office, on_sale)
        assert browser.cookies != opened_before
        assert (await browser.send(box_office, on_sale)).status == 303


async def test_a_stranger_gets_in_by_neither_secret(settings: Settings, sandbox: StripeSandbox) -> None:
    async with under(OTHERS, settings, sandbox) as box_office:
        on_sale = await box_office.put_on_sale(ticket(price=0))
        placed = (await box_office.checkout(on_sale.cart(1))).created()
    async with under(f"{NEW},{OLD}", settings, sandbox) as box_office:
        assert (await box_office.order(placed)).status == 404


def test_lists_of_the_earlier_secret_can_be_verified() -> None:
    before, rotated = JoseListSigner(OLD), JoseListSigner(NEW, (OLD,))
    keys = {key["kid"]: jwt.PyJWK(dict(key)) for key in rotated.public_keys()}
    for signed in (before.sign(b"list"), rotated.sign(b"list")):
        key = keys[jwt.get_unverified_header(signed)["kid"]]
        assert jwt.PyJWS().decode(signed, key, algorithms=["EdDSA"]) == b"list"
    assert jwt.get_unverified_header(rotated.sign(b"list"))["kid"] == JoseListSigner(NEW).public_keys()[0]["kid"]
    assert len(keys) == 2
