"""The office's first page: tonight, alerts, sales, what comes next, and the part that renews itself."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.server import Service
from tests.support.staff import Page, Staff, Visitor
from tests.support.tonight import Tonight, open_tonight

pytestmark = pytest.mark.p2


@pytest.fixture
async def tonight(service: Service, office: BackOffice) -> Tonight:
    return await open_tonight(service.container, office.producer)


def figures(page: Page) -> dict[str, str]:
    """The head line of tonight's show."""
    return dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page.html))


async def test_the_page_has_tonights_head_line(owner: Staff, tonight: Tonight) -> None:
    page = await owner.get("/office")
    assert page.status == 200
    assert figures(page) == {
        "Capacity": "100",
        "Sold": "60",
        "Held": "0",
        "Left": "40",
        "Checked in": "12",
        "Still coming": "48",
    }
    for words in ("Hamlet", "The Globe, London", "Doors open", "60 of 100 sold", "12 of 60 inside"):
        assert words in page.text


async def test_alerts_lead_to_where_they_are_fixed(owner: Staff, tonight: Tonight) -> None:
    page = await owner.get("/office")
    number = tonight.orders[0].number
    assert f"A mail about order {number} for Hamlet could not be delivered" in page.text
    assert f'href="/office/orders/{number}"' in page.html
    assert "Lear is published and has no tickets" in page.text
    assert f'href="/office/shows/{tonight.bare.id}/tickets"' in page.html


async def test_sales_are_beside_those_before_and_the_chart_has_its_table(owner: Staff, tonight: Tonight) -> None:
    page = await owner.get("/office")
    for words in ("Last 7 days", "The 30 days before", "30 orders, 60 tickets", "Orders a day", "What comes next"):
        assert words in page.text
    assert "$1,645.20" in page.text  # 30 orders of 54.84
    assert "Macbeth" in page.text


async def test_a_theatre_without_anything_has_a_page_too(owner: Staff) -> None:
    page = await owner.get("/office")
    for words in (
        "Nothing needs you right now",
        "No show today",
        "No show is planned after today",
        "no order in the last 30 days",
    ):
        assert words in page.text


async def test_who_may_not_see_money_sees_none(hire: Hire, tonight: Tonight) -> None:
    page = await (await hire(Role.BOX_OFFICE)).get("/office")
    assert "30 orders" in page.text
    assert "$" not in page.text
    assert "could not be delivered" in page.text
    assert "has no tickets" not in page.text  # that is the catalog's business


async def test_a_viewer_sees_figures_and_no_orders(hire: Hire, tonight: Tonight) -> None:
    page = await (await hire(Role.VIEWER)).get("/office")
    assert "$1,645.20" in page.text
    assert tonight.orders[0].number not in page.html


async def test_the_door_has_no_part_in_it(hire: Hire, tonight: Tonight) -> None:
    door = await hire(Role.DOOR)
    assert (await door.get("/office/live")).status == 403
    assert (await door.get("/office/me/digest")).status == 403
    assert (await door.post("/office/me/digest", hour="7", wish="send")).status == 403


async def test_another_producers_evening_is_not_there(stranger: Staff, tonight: Tonight) -> None:
    page = await stranger.get("/office")
    assert "Hamlet" not in page.text
    assert "Hamlet" not in (await stranger.get("/office/live")).text


async def test_the_live_part_is_sent_again_only_when_it_has_changed(
    service: Service, owner: Staff, tonight: Tonight
) -> None:
    page = await owner.get("/office")
    [etag] = re.findall(r'data-etag="&#34;([^&]*)&#34;"', page.html)
    headers = {"If-None-Match": f'"{etag}"'}
    answer = await owner.request("GET", "/office/live", headers=headers)
    assert (answer.status, answer.content) == (304, b"")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    async with service.container.storage()() as uow:
        await uow.shows.lock(tonight.show.id)
        await uow.shows.save(replace(tonight.show, title="Hamlet, Prince of Denmark"))
        await uow.commit()
    async with asyncio.timeout(20):
        while (answer := await owner.request("GET", "/office/live", headers=headers)).status == 304:
            await asyncio.sleep(0.05)
    assert answer.status == 200
    assert "Hamlet, Prince of Denmark" in answer.text
    assert answer.headers["ETag"] != headers["If-None-Match"]


async def test_a_page_that_renews_itself_does_not_keep_a_person_signed_in(
    service: Service, owner: Staff, tonight: Tonight
) -> None:
    an_hour_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    async def seen() -> datetime:
        async with service.container.storage()() as uow:
            [session] = await uow.office_sessions.of_person(
                owner.person.id, since=an_hour_ago - timedelta(days=1), created_since=an_hour_ago - timedelta(days=1)
            )
        return session.last_seen_at

    async with service.container.storage()() as uow:
        await uow.office_sessions.seen(owner.session_id, now=an_hour_ago)
        await uow.commit()
    assert (await owner.get("/office/live")).status == 200
    assert await seen() == an_hour_ago
    assert (await owner.get("/office")).status == 200
    assert await seen() > an_hour_ago


async def test_who_is_not_signed_in_gets_no_figures(visitor: Visitor, tonight: Tonight) -> None:
    answer = await visitor.get("/office/live")
    assert answer.status == 303
    assert "Hamlet" not in answer.html


async def test_a_cancelled_show_of_tonight_has_no_head_line(service: Service, owner: Staff, tonight: Tonight) -> None:
    async with service.container.storage()() as uow:
        await uow.shows.save(replace(tonight.show, cancelled=True))
        await uow.commit()
    page = await owner.get("/office")
    assert "Cancelled" in page.text
    assert figures(page) == {}
    assert "Hamlet was cancelled, and 30 buyers do not have their money back" in page.text


async def test_names_cannot_break_the_page(service: Service, owner: Staff, tonight: Tonight) -> None:
    async with service.container.storage()() as uow:
        await uow.shows.save(replace(tonight.show, title="<b>Hamlet</b> & Söhne \u202e"))
        await uow.shows.save(replace(tonight.bare, title="<script>alert(1)</script>"))
        await uow.commit()
    page = await owner.get("/office")
    assert "<script>alert" not in page.html
    assert "&lt;b&gt;Hamlet&lt;/b&gt; &amp; Söhne" in page.html


async def test_a_digest_is_asked_for_changed_and_stopped(owner: Staff, tonight: Tonight) -> None:
    page = await owner.get("/office/me/digest")
    assert "You do not get it now" in page.text
    answer = await owner.post("/office/me/digest", hour="7", wish="send")
    assert (answer.status, answer.location) == (303, "/office/me/digest?done=digest-set")
    page = await owner.follow("/office/me/digest?done=digest-set")
    assert "The daily digest comes at that hour now." in page.text
    assert "The next one comes on" in page.text
    assert '<option value="7" selected>' in page.html
    assert (await owner.post("/office/me/digest", wish="stop")).status == 303
    assert "You do not get it now" in (await owner.get("/office/me/digest")).text


@pytest.mark.parametrize("hour", ["", "24", "-1", "noon"])
async def test_an_hour_that_is_none_is_refused_beside_its_field(owner: Staff, hour: str) -> None:
    page = await owner.post("/office/me/digest", hour=hour, wish="send")
    assert page.status == 400
    assert 'id="hour-error"' in page.html
    assert "You do not get it now" in page.text


async def test_a_digest_needs_the_token_of_its_form(owner: Staff) -> None:
    answer = await owner.request("POST", "/office/me/digest", data={"hour": "7", "wish": "send"})
    assert answer.status == 403
    assert "You do not get it now" in (await owner.get("/office/me/digest")).text


async def test_a_person_asks_for_the_digest_of_the_producer_they_work_for(owner: Staff, stranger: Staff) -> None:
    await owner.post("/office/me/digest", hour="7", wish="send")
    assert "You do not get it now" in (await stranger.get("/office/me/digest")).text
