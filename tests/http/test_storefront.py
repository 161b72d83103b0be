"""Pages over HTTP: their protection, their caching, and their error messages."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
import msgspec
import pytest

from domain.branding import Branding
from domain.orders import OrderStatus
from entrypoints.settings import Settings
from entrypoints.web.csrf import csrf_config
from entrypoints.web.security import PagePolicy
from tests.support.box_office import GIVEN_BACK, Answer, BoxOffice, OnSale
from tests.support.factories import donation_ticket, producer, promo_code, ticket
from tests.support.server import Service

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass(frozen=True, slots=True)
class Window:
    """A browser without a screen: it keeps cookies and sends forms."""

    box_office: BoxOffice
    cookies: dict[str, str]

    async def get(self, path: str) -> Answer:
        answer = await self.box_office.get(path, headers=BROWSER, cookies=self.cookies)
        self._keep(answer)
        return answer

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        answer = await self.box_office.post(
            path,
            data=urlencode(fields),
            headers={**BROWSER, "Content-Type": "application/x-www-form-urlencoded", **headers},
            cookies=self.cookies,
        )
        self._keep(answer)
        return answer

    async def form(self, on_sale: OnSale, quantity: int = 1, **fields: str) -> dict[str, str]:
        """The checkout form for a number of the first ticket, filled in by Ada Lovelace."""
        page = (await self.get(checkout_path(on_sale, quantity))).content.decode()
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        return {
            **{name: html.unescape(value) for name, value in hidden},
            f"q-{on_sale.tickets[0].id}": str(quantity),
            "name": "Ada Lovelace",
            "email": "ada@example.org",
            **fields,
        }

    async def buy(self, on_sale: OnSale, fields: dict[str, str]) -> Answer:
        return await self.post(f"/shows/{on_sale.id}/checkout", fields)

    def _keep(self, answer: Answer) -> None:
        for name, value in re.findall(r"(?:^|, )([\w-]+)=([^;]+);", answer.headers.get("Set-Cookie", "")):
            self.cookies[name] = value


def checkout_path(on_sale: OnSale, quantity: int = 1) -> str:
    return f"/shows/{on_sale.id}/checkout?q-{on_sale.tickets[0].id}={quantity}"


@pytest.fixture
def window(box_office: BoxOffice) -> Window:
    return Window(box_office, {})


@pytest.mark.p2
async def test_csrf_protection_on_checkout(window: Window, box_office: BoxOffice) -> None:
    """P2-013: a form without this browser's token does nothing; the API, which takes no cookie, is not affected."""
    on_sale = await box_office.put_on_sale()
    form = await window.form(on_sale)
    token = form.pop("_csrf_token")
    stranger = Window(box_office, {})
    other_token = (await stranger.form(on_sale))["_csrf_token"]

    for forged in ({}, {"_csrf_token": ""}, {"_csrf_token": token[::-1]}, {"_csrf_token": other_token}):
        answer = await window.buy(on_sale, {**form, **forged})
        assert (answer.status, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
        assert b"open for too long" in answer.content
    without_cookie = await Window(box_office, {}).buy(on_sale, {**form, "_csrf_token": token})
    assert without_cookie.status == 403
    assert await box_office.counters(on_sale) == [(0, 0)]

    assert (await window.buy(on_sale, {**form, "_csrf_token": token})).status == 303
    assert await box_office.counters(on_sale) == [(1, 0)]
    (await box_office.checkout(on_sale.cart(1))).created()


@pytest.mark.p2
async def test_xss_prevention_in_customer_input(window: Window, box_office: BoxOffice) -> None:
    """P2-012: typed input comes back as text, in its field; inline scripts could not run anyway."""
    attack = "<script>alert('xss')</script>"
    inside = f'"><img src=x onerror=alert(1)>{attack}'
    on_sale = await box_office.put_on_sale(
        ticket(name=inside, description=inside), title=inside, description=inside, venue=inside, terms=inside
    )
    form = await window.form(on_sale)
    for field in ("name", "email", "phone", "promo", f"q-{on_sale.tickets[0].id}", "expected_total", "key"):
        answer = await window.buy(on_sale, {**form, "name": attack, field: inside})
        page = answer.content.decode()
        assert answer.status == 400
        assert attack not in page
        assert "<img src=x" not in page
        assert html.escape(attack, quote=False) in page.replace("&#39;", "'")
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
    for path in ("/", f"/shows/{on_sale.id}", f"/shows/{on_sale.id}/widget", f"/shows/{on_sale.id}?promo={attack}"):
        assert attack not in (await window.get(path)).content.decode()
    # An apostrophe is not an attack, and is shown unchanged.
    bought = await window.buy(on_sale, {**form, "name": "Siân O’Brien-D'Arcy"})
    assert bought.status == 303
    # The same over the API.
    refused = await box_office.checkout(on_sale.cart(1), customer={"name": attack, "email": "ada@example.org"})
    refused.refused(400, "invalid_name")


async def test_every_answer_is_hardened(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale()
    paths = ("/", f"/shows/{on_sale.id}", checkout_path(on_sale), "/nothing", "/api/v1/shows", "/health/live")
    for answer in [await window.get(path) for path in paths]:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"]


async def test_pages_have_nothing_inline(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale(by=producer(branding=Branding(colour="#e8a33d")))
    seller = on_sale.producer.id
    for path in (f"/?producer={seller}", f"/shows/{on_sale.id}", checkout_path(on_sale), "/orders", "/nothing"):
        page = (await window.get(path)).content.decode()
        # Search engines read JSON-LD; no browser runs it.
        run = re.sub(r'<script type="application/ld\+json">.*?</script>', "", page, flags=re.DOTALL)
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:", run)


async def test_public_pages_are_the_same_for_everybody(box_office: BoxOffice, window: Window) -> None:
    """So they set no cookie, may be cached on the way, and are made once for a crowd."""
    on_sale = await box_office.put_on_sale()
    show = f"/shows/{on_sale.id}"
    # Only this producer's: the list of all shows changes with every test.
    for path in (f"/?producer={on_sale.producer.id}", show, f"{show}/widget", f"{show}/remaining"):
        answer = await window.get(path)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=1"
        assert "Set-Cookie" not in answer.headers
        assert (await Window(box_office, {}).get(path)).content == answer.content
    private = await window.get(checkout_path(on_sale))
    assert private.headers["Cache-Control"] == "private, no-cache"
    cookie = private.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_cookie_of_a_site_with_tls_belongs_to_its_host_alone(settings: Settings) -> None:
    config = csrf_config(msgspec.structs.replace(settings, public_url="https://tickets.example"))
    assert (config.cookie_name, config.cookie_secure, config.cookie_path) == ("__Host-csrf", True, "/")


async def test_remaining_is_as_fresh_as_its_second(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale(ticket(quantity=2), ticket(name="Circle", quantity=50))
    stalls, circle = (str(each.id) for each in on_sale.tickets)

    async def told() -> tuple[dict[str, object], dict[str, object]]:
        tickets = (await window.get(f"/shows/{on_sale.id}/remaining")).body["tickets"]
        return tickets[stalls], tickets[circle]

    assert await told() == (
        {"most": 2, "left": "Only 2 left", "note": ""},
        {"most": 10, "left": "", "note": ""},
    )
    placed = (await box_office.checkout(on_sale.cart(2))).created()

    async def is_held() -> bool:
        return (await told())[0] == {"most": 0, "left": "None left right now, some may come back", "note": ""}

    await box_office.until(is_held)
    await box_office.pay(placed)
    await box_office.until_completed(placed)

    async def is_sold() -> bool:
        return (await told())[0] == {"most": 0, "left": "Sold out", "note": ""}

    await box_office.until(is_sold)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        (f"/shows/{UUID(int=7)}", 404),
        (f"/shows/{UUID(int=7)}/checkout", 404),
        (f"/shows/{UUID(int=7)}/orders/{UUID(int=7)}?token=x", 404),
        (f"/pictures/{'0' * 32}-1x1.webp", 404),
        ("/pictures/x", 404),
        ("/brand/red.css", 404),
        ("/assets/0/nothing.css", 404),
        ("/?cursor=x", 400),
        ("/?producer=x", 400),
    ],
)
async def test_errors_are_pages_for_browsers_and_json_for_programs(
    window: Window, box_office: BoxOffice, path: str, status: int
) -> None:
    page = await window.get(path)
    assert (page.status, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert page.headers["X-Request-ID"].encode() in page.content
    told = await box_office.get(path)
    assert (told.status, told.body["status"]) == (status, "error")
    api = await window.get(f"/api/v1{path}")
    assert api.headers["Content-Type"] == "application/json"


async def test_producers_colour_is_in_the_address_of_its_style_sheet(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale(by=producer(branding=Branding(colour="#e8a33d")))
    page = (await window.get(f"/shows/{on_sale.id}")).content.decode()
    assert '<link rel="stylesheet" href="/brand/e8a33d.css">' in page
    sheet = await window.get("/brand/e8a33d.css")
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"--brand:#e8a33d;--on-brand:#000000" in sheet.content


async def test_style_and_scripts_are_kept_for_good_under_the_address_of_their_content(
    window: Window, box_office: BoxOffice
) -> None:
    on_sale = await box_office.put_on_sale()
    page = (await window.get(f"/shows/{on_sale.id}")).content.decode()
    for kind, media_type in (("css", "text/css"), ("js", "text/javascript")):
        (path,) = re.findall(rf'"(/assets/\w+/storefront\.{kind})"', page)
        answer = await window.get(path)
        assert answer.headers["Content-Type"].startswith(media_type)
        assert "immutable" in answer.headers["Cache-Control"]
        old = await window.get(re.sub(r"/assets/\w+", "/assets/0", path))
        assert (old.content, old.headers["Cache-Control"]) == (answer.content, "no-cache")


async def test_answer_is_packed_for_whoever_unpacks(service: Service, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    async with aiohttp.ClientSession(service.url, auto_decompress=False) as client:
        sizes = {}
        for encoding in ("gzip", "identity"):
            async with client.get(f"/shows/{on_sale.id}", headers={"Accept-Encoding": encoding}) as answer:
                assert answer.headers.get("Content-Encoding", "identity") == encoding
                assert answer.headers["Vary"] == "Accept-Encoding"
                sizes[encoding] = len(await answer.read())
    assert sizes["gzip"] < sizes["identity"] / 2


async def test_show_that_cannot_be_bought_says_why(box_office: BoxOffice, window: Window) -> None:
    cancelled = await box_office.put_on_sale()
    await box_office.change_show(cancelled, cancelled=True)
    assert b"This show was cancelled" in (await window.get(f"/shows/{cancelled.id}")).content
    hidden = await box_office.put_on_sale(published=False)
    assert (await window.get(f"/shows/{hidden.id}")).status == 404
    sold_out = (await window.get(f"/shows/{(await box_office.put_on_sale(ticket(quantity=0))).id}")).content
    assert b"This show is sold out" in sold_out
    assert b"Continue" not in sold_out
    held = await box_office.put_on_sale(ticket(quantity=1, held=1))
    assert b"Continue" in (await window.get(f"/shows/{held.id}")).content
    empty = await box_office.put_on_sale()
    assert b"Select at least one ticket" in (await window.get(f"/shows/{empty.id}/checkout")).content


async def test_prices_and_dates_are_the_shows(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale(
        ticket(price=123456), by=producer(currency="EUR"), locale="de-DE", timezone="Europe/Berlin"
    )
    page = (await window.get(f"/shows/{on_sale.id}")).content.decode()
    for words in ("1.234,56\xa0€", "Mittwoch, 1. Juni 2050", "20:30", 'lang="de-DE"'):
        assert words in page


async def test_festival_has_all_its_days_on_every_page(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale(
        ticket(price=0),
        timezone="Europe/Berlin",
        locale="de-DE",
        door_time=datetime(2050, 7, 1, 13, 0, tzinfo=UTC),
        start_time=datetime(2050, 7, 1, 14, 0, tzinfo=UTC),
        end_time=datetime(2050, 7, 4, 0, 30, tzinfo=UTC),
    )
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    page_of_all = (await window.get(f"/?producer={on_sale.producer.id}")).content.decode()
    for path in (
        f"/shows/{on_sale.id}",
        f"/?producer={on_sale.producer.id}",
        checkout_path(on_sale),
        f"/shows/{on_sale.id}/orders/{placed['order_id']}?token={placed['order_token']}",
    ):
        page = (await window.get(path)).content.decode()
        assert "Freitag, 1. – Sonntag, 3. Juli 2050" in page, path
    leaf = re.search(r'<p class="date" aria-hidden="true">(.*?)</p>', page_of_all)
    assert leaf
    assert leaf.group(1) == "<b>1–3</b> Jul"


async def test_what_reads_from_right_to_left_leaves_the_words_around_it_alone(
    box_office: BoxOffice, window: Window
) -> None:
    title, place = "حلم ليلة منتصف الصيف", "القاهرة"
    on_sale = await box_office.put_on_sale(ticket(name="الشرفة"), title=title, venue=place, locale="ar-EG")
    page = (await window.get(checkout_path(on_sale, 2))).content.decode()
    assert "2&nbsp;×&nbsp;<bdi>الشرفة</bdi>" in page
    page = (await window.get(f"/shows/{on_sale.id}")).content.decode()
    assert f'<h1 lang="ar-EG" dir="auto">{title}</h1>' in page
    assert f"<bdi>{place}</bdi>" in page


async def test_tickets_are_in_the_names_that_the_form_asked_for(window: Window, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    (free,) = on_sale.tickets
    names = {f"n-{free.id}-0": "", f"n-{free.id}-1": "Grace <Hopper>"}

    wrong = await window.buy(on_sale, await window.form(on_sale, 2, **names))
    page = wrong.content.decode()
    assert wrong.status == 400
    assert f'href="#n-{free.id}-1"' in page
    assert 'value="Grace &lt;Hopper&gt;"' in page

    bought = await window.buy(on_sale, await window.form(on_sale, 2, **names | {f"n-{free.id}-1": "Grace Hopper"}))
    page = (await window.get(f"/shows{bought.location.partition('/shows')[2]}")).content.decode()
    assert "<bdi>Grace Hopper</bdi>" in page
    assert "<bdi>Ada Lovelace</bdi>" in page


async def test_cancel_needs_the_token_of_the_form(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    path = f"/shows/{on_sale.id}/orders/{placed['order_id']}?token={placed['order_token']}"
    page = (await window.get(path)).content.decode()
    (token,) = re.findall(r'name="_csrf_token" value="([^"]+)"', page)
    cancel = path.replace("?", "/cancel?")
    assert (await window.post(cancel, {})).status == 403
    assert (await box_office.stored_order(placed)).status is OrderStatus.PENDING
    for _ in range(2):
        answer = await window.post(cancel, {"_csrf_token": token})
        assert (answer.status, answer.location.endswith(path)) == (303, True)
    assert (await box_office.stored_order(placed)).status in GIVEN_BACK


async def test_lookup_answers_the_same_for_every_address(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale()
    known = f"ada-{on_sale.id.hex}@example.org"
    await box_office.buy(on_sale.cart(1), customer={"name": "Ada Lovelace", "email": known})
    page = (await window.get("/orders")).content.decode()
    (token,) = re.findall(r'name="_csrf_token" value="([^"]+)"', page)
    for email in (known, f"nobody-{on_sale.id.hex}@example.org"):
        answer = await window.post("/orders", {"_csrf_token": token, "email": email})
        assert (answer.status, answer.location) == (303, "/orders?sent=true")
    assert b"Look into your mailbox" in (await window.get("/orders?sent=true")).content
    wrong = await window.post("/orders", {"_csrf_token": token, "email": "x"})
    assert wrong.status == 400
    assert b"It should look like name@example.org" in wrong.content
    assert b'value="x"' in wrong.content


async def test_promo_code_that_is_used_up_is_told_at_its_field(box_office: BoxOffice, window: Window) -> None:
    on_sale = await box_office.put_on_sale(promo_codes=[promo_code(code="ONCE", max_uses=0)])
    page = (await window.get(f"{checkout_path(on_sale)}&promo=once")).content.decode()
    assert 'id="promo-error">Promo code no longer valid' in page


@pytest.mark.parametrize(
    ("api_base", "pay_pages"),
    [("https://api.stripe.com", "https://checkout.stripe.com"), ("http://127.0.0.1:12111/x", "http://127.0.0.1:12111")],
)
def test_forms_lead_to_us_and_to_stripe_alone(settings: Settings, api_base: str, pay_pages: str) -> None:
    policy = PagePolicy.of(msgspec.structs.replace(settings, stripe_api_base=api_base))
    assert f"form-action 'self' {pay_pages};" in policy.header()
    assert policy.leads_to(f"{pay_pages}/c/pay/cs_1")
    assert not policy.leads_to(f"{pay_pages}.evil.example/c/pay/cs_1")


class TestPrices:
    """The first price that a buyer reads is the full price of a ticket, fees included."""

    async def test_list_show_page_and_widget_tell_the_price_with_its_fees(self, box_office: BoxOffice) -> None:
        seller = producer(account=f"acct_{uuid4().hex}")
        on_sale = await box_office.put_on_sale(ticket(price=20_00), by=seller)
        for path in (f"/?producer={seller.id}", f"/shows/{on_sale.id}", f"/shows/{on_sale.id}/widget"):
            page = (await box_office.get(path)).content.decode()
            assert page.index("$22.42") < page.index("$20.00 plus $2.42 fees")
        placed = (await box_office.checkout(on_sale.cart(1))).created()
        assert placed["total"] == "22.42"

    async def test_a_free_ticket_has_no_fees(self, box_office: BoxOffice) -> None:
        seller = producer(account=f"acct_{uuid4().hex}")
        on_sale = await box_office.put_on_sale(ticket(price=0), by=seller)
        for path in (f"/?producer={seller.id}", f"/shows/{on_sale.id}"):
            page = (await box_office.get(path)).content.decode()
            assert "Free" in page
            assert "plus" not in page

    async def test_several_tickets_never_cost_more_than_was_told_for_each(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(price=20_00))
        quote = (await box_office.quote(on_sale.cart(3))).body
        assert float(quote["total"]) <= 3 * 22.42

    async def test_a_refusal_on_a_page_writes_amounts_as_the_page_does(self, box_office: BoxOffice) -> None:
        seller = producer(currency="VND", account=f"acct_{uuid4().hex}")
        seats = donation_ticket(price=200_000)
        on_sale = await box_office.put_on_sale(seats, by=seller, locale="vi-VN", timezone="Asia/Ho_Chi_Minh")
        path = f"/shows/{on_sale.id}/total?q-{seats.id}=1&d-{seats.id}=50.000"
        page = (await box_office.get(path)).content.decode()
        assert "Donation amount must be at least 200.000\N{NO-BREAK SPACE}₫" in page
        answer = await box_office.quote(
            {
                "show_id": str(on_sale.id),
                "tickets": [{"ticket_id": str(seats.id), "quantity": 1, "donation_amount": "50000"}],
            }
        )
        assert answer.refused(400, "donation_too_small") == "Donation amount must be at least ₫200000"

    async def test_an_amount_that_can_mean_two_is_asked_about(self, box_office: BoxOffice) -> None:
        seats = donation_ticket(price=10_00)
        on_sale = await box_office.put_on_sale(seats)
        asked = await box_office.get(f"/shows/{on_sale.id}/total?q-{seats.id}=1&d-{seats.id}=1.000")
        assert "1.000 can mean 1000 or 1.00" in asked.content.decode()
        read = await box_office.get(f"/shows/{on_sale.id}/total?q-{seats.id}=1&d-{seats.id}=$15")
        assert "$15.00" in read.content.decode()
