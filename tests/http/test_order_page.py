"""The page that Stripe sends a buyer back to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice, Json
from tests.support.factories import ticket
from tests.support.server import running


async def page(box_office: BoxOffice, placed: Json) -> str:
    path = f"/shows/{placed_show(placed)}/orders/{placed['order_id']}?token={placed['order_token']}"
    answer = await box_office.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return answer.content.decode()


def placed_show(placed: Json) -> str:
    return str(placed["show_id"])


async def check_out(box_office: BoxOffice, price: int = 2500, title: str = "Hamlet") -> Json:
    on_sale = await box_office.put_on_sale(ticket(name="<b>Stalls</b>", price=price), title=title)
    return {**(await box_office.checkout(on_sale.cart(2))).created(), "show_id": on_sale.id}


async def test_held_order_can_still_be_paid(box_office: BoxOffice) -> None:
    placed = await check_out(box_office)
    html = await page(box_office, placed)
    assert "Not paid yet" in html
    assert placed["checkout_url"] in html
    assert "$54.84" in html


async def test_completed_order_offers_its_tickets(box_office: BoxOffice) -> None:
    placed = await check_out(box_office)
    await box_office.pay(placed)
    await box_office.until_completed(placed)
    html = await page(box_office, placed)
    assert "You are in" in html
    assert "tickets.pdf" in html


async def test_order_by_a_delayed_method_waits(box_office: BoxOffice) -> None:
    placed = await check_out(box_office)
    await box_office.pay(placed, "delayed")
    await box_office.come_back(placed)
    assert "being confirmed" in await page(box_office, placed)


async def test_order_whose_payment_is_not_confirmed_at_the_doors_says_so(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    placed = {**(await box_office.checkout(on_sale.cart(2))).created(), "show_id": on_sale.id}
    await box_office.pay(placed, "delayed")
    await box_office.come_back(placed)
    await box_office.change_show(on_sale, door_time=datetime.now(UTC))
    html = await page(box_office, placed)
    assert "Your payment is not confirmed yet" in html
    assert "you have no tickets" in html


async def test_show_that_is_near_is_not_sold_by_methods_that_answer_late(box_office: BoxOffice) -> None:
    doors = datetime.now(UTC) + timedelta(days=2)
    on_sale = await box_office.put_on_sale(door_time=doors, start_time=doors, end_time=doors + timedelta(hours=2))
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    assert (await box_office.pay(placed, "delayed")).status == 400
    assert (await box_office.order(placed)).body["status"] == "pending"
    assert (await box_office.pay(placed)).status == 303
    await box_office.until_completed(placed)


async def test_cancelled_order_has_ended(box_office: BoxOffice) -> None:
    placed = await check_out(box_office)
    await box_office.cancel(placed)
    assert "has ended" in await page(box_office, placed)


async def test_nobody_is_sent_to_a_show_that_was_cancelled(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(2))).created()
    await box_office.pay(placed)
    await box_office.until_completed(placed)
    await box_office.change_show(on_sale, cancelled=True)
    html = await page(box_office, {**placed, "show_id": on_sale.id})
    assert "You are in" not in html
    assert "Please do not come to the venue. As soon as your money is on its way back" in html


async def test_every_code_stands_below_its_picture_to_be_read_aloud(box_office: BoxOffice) -> None:
    """If a scanner cannot read a cracked screen, the staff type the code."""
    placed = await check_out(box_office, price=0)
    html = await page(box_office, placed)
    codes = [attendee["code"] for attendee in (await box_office.order(placed)).body["attendees"]]
    assert codes
    for code in codes:
        assert " ".join(re.findall("....", code)) in html


async def test_what_was_typed_stays_text(box_office: BoxOffice) -> None:
    html = await page(box_office, await check_out(box_office, title="<script>alert(1)</script>"))
    assert "<script>" not in html
    assert "&lt;b&gt;Stalls&lt;/b&gt;" in html


@pytest.mark.parametrize("change", ["token", "show"])
async def test_opens_with_its_own_token_under_its_own_show_alone(box_office: BoxOffice, change: str) -> None:
    placed = await check_out(box_office)
    show = placed["show_id"] if change == "token" else (await box_office.put_on_sale()).id
    token = "wrong" if change == "token" else placed["order_token"]
    answer = await box_office.get(f"/shows/{show}/orders/{placed['order_id']}?token={token}")
    answer.refused(404, "not_found")


class TestPayPage:
    """While Stripe's page is being prepared the buyer waits on ours."""

    @pytest.fixture
    async def crowded(self, settings: Settings, sandbox: StripeSandbox, redis_url: str) -> AsyncIterator[BoxOffice]:
        """A service whose only slot at Stripe for a long time is already taken."""
        # A separate database of Redis: the slots of other tests are not affected.
        own = msgspec.structs.replace(settings, stripe_rate_per_second=0.001, redis_url=f"{redis_url[:-1]}9")
        async with running(own) as service:
            box_office = BoxOffice(service.client, service.container.database(), sandbox)
            on_sale = await box_office.put_on_sale()
            first = (await box_office.checkout(on_sale.cart(1))).created()
            assert first["session_id"]
            yield box_office

    async def test_leads_on_as_soon_as_there_is_a_session(self, crowded: BoxOffice) -> None:
        on_sale = await crowded.put_on_sale()
        placed = (await crowded.checkout(on_sale.cart(2))).created()
        assert placed["session_id"] is None
        path = placed["checkout_url"].partition("/shows")[2]
        assert await crowded.counters(on_sale) == [(2, 0)]

        waiting = await crowded.get(f"/shows{path}")

        assert (waiting.status, int(waiting.headers["Refresh"]) > 0) == (200, True)
        assert b"Your tickets are held" in waiting.content
        assert (await crowded.order(placed)).body["checkout_url"] == placed["checkout_url"]

        async with crowded.unit_of_work() as uow:
            url = "https://checkout.stripe.example/c/pay/cs_1"
            await uow.orders.attach_session(UUID(placed["order_id"]), session_id="cs_1", checkout_url=url)
            await uow.commit()
        assert (await crowded.get(f"/shows{path}")).location == url

    async def test_leads_to_the_order_when_there_is_nothing_to_pay_any_more(self, box_office: BoxOffice) -> None:
        placed = await check_out(box_office, price=0)
        order_page = placed["checkout_url"].partition("/shows")[2]
        answer = await box_office.get(f"/shows{order_page.replace('?', '/pay?')}")
        assert (answer.status, answer.location) == (303, placed["checkout_url"])

    @pytest.mark.parametrize("change", ["token", "show"])
    async def test_opens_with_its_own_token_under_its_own_show_alone(self, box_office: BoxOffice, change: str) -> None:
        placed = await check_out(box_office)
        show = placed["show_id"] if change == "token" else (await box_office.put_on_sale()).id
        token = "wrong" if change == "token" else placed["order_token"]
        answer = await box_office.get(f"/shows/{show}/orders/{placed['order_id']}/pay?token={token}")
        answer.refused(404, "not_found")


async def test_pay_page_that_is_refused_for_now_goes_on_asking(settings: Settings) -> None:
    """The database is away: a browser that gets the refusal reloads, as on the page that it replaces."""
    away = msgspec.structs.replace(settings, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    order_id, show_id = uuid4(), uuid4()
    async with running(away) as service:
        token = service.container.links().tokens.token(order_id)
        order_page = f"/shows/{show_id}/orders/{order_id}"
        pay, order = [
            await service.client.get(f"{order_page}{which}?token={token}", headers={"Accept": "text/html"})
            for which in ("/pay", "")
        ]
    assert (pay.status, pay.headers["Refresh"]) == (503, pay.headers["Retry-After"])
    assert (order.status, order.headers.get("Refresh")) == (503, None)
