"""Shows and ticket types go on sale, and off sale, at times of the venue's clock."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.sale_period import SellsUntil
from domain.venue_clock import VenueTime
from tests.http.test_producer_shows import added
from tests.support.back_office import SHOW, BackOffice
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.server import Service

TICKET = {"name": "Stalls", "price": "25.00", "quantity": 100}
BERLIN = {"timezone": "Europe/Berlin"}
A_DAY = timedelta(days=1)


def in_days(days: float) -> VenueTime:
    return VenueTime.at(datetime.now(UTC) + days * A_DAY, "UTC")


async def test_sale_times_are_taken_on_the_venues_clock(office: BackOffice, box_office: BoxOffice) -> None:
    show = await added(office, **BERLIN, published=True, on_sale_at="2050-01-14T10:00:00", sells_until="start")
    assert (show["on_sale_at"], show["off_sale_at"], show["sells_until"]) == (
        "2050-01-14T10:00:00+01:00",
        None,
        "start",
    )
    early = (await office.post(f"/shows/{show['id']}/tickets", {**TICKET, "off_sale_at": "2050-04-01T00:00:00"})).body
    assert (early["on_sale_at"], early["off_sale_at"]) == (None, "2050-04-01T00:00:00+02:00")

    seen = (await box_office.get(f"/api/v1/shows/{show['id']}")).body

    assert (seen["on_sale_at"], seen["off_sale_at"]) == ("2050-01-14T10:00:00+01:00", show["start_time"])
    (for_buyers,) = seen["tickets"]
    assert (for_buyers["sale"], for_buyers["on_sale_at"], for_buyers["off_sale_at"]) == (
        "upcoming",
        "2050-01-14T10:00:00+01:00",
        "2050-04-01T00:00:00+02:00",
    )


async def test_sale_times_keep_the_clock_in_another_time_zone(office: BackOffice) -> None:
    show = await added(office, **BERLIN, on_sale_at="2050-01-14T10:00:00")
    path = f"/shows/{show['id']}"
    await office.post(f"{path}/tickets", {**TICKET, "off_sale_at": "2050-04-01T00:00:00"})

    moved = (await office.patch(path, timezone="America/New_York")).body

    assert moved["on_sale_at"] == "2050-01-14T10:00:00-05:00"
    assert [each["off_sale_at"] for each in moved["tickets"]] == ["2050-04-01T00:00:00-04:00"]
    outdated = (await office.container.check_timezones()()).outdated
    assert UUID(show["id"]) not in {each.stored.id for each in outdated}, "the moments were derived again as well"


async def test_sale_times_are_removed_by_null(office: BackOffice) -> None:
    show = await added(office, on_sale_at="2050-01-14T10:00:00Z", off_sale_at="2050-02-14T10:00:00Z")
    stalls = (await office.post(f"/shows/{show['id']}/tickets", {**TICKET, "on_sale_at": "2050-01-20T10:00:00Z"})).body
    changed = (await office.patch(f"/shows/{show['id']}", on_sale_at=None, off_sale_at=None)).body
    assert (changed["on_sale_at"], changed["off_sale_at"]) == (None, None)
    assert (await office.patch(f"/tickets/{stalls['id']}", on_sale_at=None)).body["on_sale_at"] is None
    (entry,) = await office.audit_log("&action=ticket.changed")
    assert entry["before"]["on_sale_at"]["local"] == "2050-01-20T10:00:00"
    assert entry["after"]["on_sale_at"] is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"on_sale_at": "2050-06-02T00:00:00"}, "on_sale_at"),
        ({"on_sale_at": SHOW["start_time"], "sells_until": "start"}, "on_sale_at"),
        ({"on_sale_at": "2050-03-27T02:30:00", **BERLIN}, "on_sale_at"),
        ({"off_sale_at": "2050-01-14T10:00:00-07:00"}, "off_sale_at"),
        ({"off_sale_at": 7}, "off_sale_at"),
        ({"sells_until": "midnight"}, "sells_until"),
        ({"sells_until": None}, "sells_until"),
    ],
)
async def test_sale_times_that_make_no_sense_are_refused(
    office: BackOffice, fields: dict[str, Any], field: str
) -> None:
    answer = await office.post("/shows", {**SHOW, **fields})
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == field


async def test_ticket_type_that_could_never_be_bought_is_refused(office: BackOffice) -> None:
    show = await added(office, on_sale_at="2050-02-01T00:00:00Z")
    tickets = f"/shows/{show['id']}/tickets"
    refused = await office.post(tickets, {**TICKET, "off_sale_at": "2050-02-01T00:00:00Z"})
    assert "would never be on sale" in refused.refused(400, "invalid_request")
    stalls = (await office.post(tickets, TICKET)).body
    (await office.patch(f"/tickets/{stalls['id']}", on_sale_at="2050-06-02T00:00:00Z")).refused(400, "invalid_request")


async def test_nothing_is_sold_before_the_sale_begins(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(on_sale_at=in_days(1), timezone="Europe/Berlin")
    for answer in (await box_office.quote(on_sale.cart(1)), await box_office.checkout(on_sale.cart(1))):
        assert "go on sale on" in answer.refused(400, "not_on_sale_yet")
        assert answer.body["field"] == "show_id"
        opens = datetime.fromisoformat(answer.body["on_sale_at"])
        assert on_sale.show.on_sale_at
        assert opens == on_sale.show.on_sale_at.moment
        assert opens.utcoffset(), "the venue's clock"
    assert await box_office.counters(on_sale) == [(0, 0)]


async def test_nothing_is_sold_after_the_sale_has_ended(box_office: BoxOffice) -> None:
    closed = await box_office.put_on_sale(off_sale_at=in_days(-1))
    begun = await box_office.put_on_sale(
        sells_until=SellsUntil.START,
        door_time=datetime.now(UTC) - timedelta(minutes=30),
        start_time=datetime.now(UTC) - timedelta(minutes=1),
        end_time=datetime.now(UTC) + timedelta(hours=2),
    )
    for on_sale in (closed, begun):
        for answer in (await box_office.quote(on_sale.cart(1)), await box_office.checkout(on_sale.cart(1))):
            assert answer.refused(400, "sale_ended") == "Tickets for this show are no longer on sale"
            assert "on_sale_at" not in answer.body


async def test_price_steps_are_sold_one_after_the_other(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(
        ticket(name="First 50", price=1500, off_sale_at=in_days(-1)),
        ticket(name="Early bird", price=2000, on_sale_at=in_days(-1), off_sale_at=in_days(1)),
        ticket(name="Regular", price=3000, on_sale_at=in_days(1)),
    )
    told = (await box_office.get(f"/api/v1/shows/{on_sale.id}")).body["tickets"]
    assert {each["name"]: each["sale"] for each in told} == {
        "First 50": "over",
        "Early bird": "open",
        "Regular": "upcoming",
    }
    (await box_office.checkout(on_sale.cart(0, 2, 0))).created()
    ended = await box_office.checkout(on_sale.cart(1, 1, 0))
    assert ended.refused(400, "sale_ended") == "First 50 is no longer on sale"
    early = await box_office.checkout(on_sale.cart(0, 1, 1))
    assert "Regular goes on sale on" in early.refused(400, "not_on_sale_yet")
    assert early.body["field"] == "tickets[2].ticket_id"


async def test_counter_sells_at_any_time(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(on_sale_at=in_days(2)), by=office.producer, on_sale_at=in_days(1))
    customer = {"name": "Ada Lovelace", "email": "ada@example.org"}
    lines = on_sale.cart(1)["tickets"]
    sold = await office.post(f"/shows/{on_sale.id}/orders", {"customer": customer, "tickets": lines, "payment": "cash"})
    assert sold.status == 201, sold.content


async def test_order_that_was_placed_in_time_is_paid_after_the_sale_has_ended(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    await box_office.change_show(on_sale, off_sale_at=datetime.now(UTC) - A_DAY)
    (await box_office.checkout(on_sale.cart(1))).refused(400, "sale_ended")
    await box_office.pay(placed)
    assert (await box_office.until_completed(placed))["success"]


class TestPages:
    async def text(self, box_office: BoxOffice, path: str, status: int = 200) -> str:
        answer = await box_office.get(path, headers={"Accept": "text/html"})
        assert answer.status == status
        return answer.content.decode()

    async def test_sale_to_come_is_announced_with_its_moment_and_has_no_form(self, box_office: BoxOffice) -> None:
        opens = VenueTime.showing(datetime.fromisoformat("2049-12-03T10:00:00"), "Europe/Berlin")
        on_sale = await box_office.put_on_sale(on_sale_at=opens, timezone="Europe/Berlin", locale="en-GB")
        page, chosen = f"/shows/{on_sale.id}", f"/shows/{on_sale.id}/checkout?q-{on_sale.tickets[0].id}=2"
        for path, status in ((page, 200), (f"{page}/widget", 200), (chosen, 400)):
            shown = await self.text(box_office, path, status)
            assert "Tickets go on sale on" in shown
            assert '<time datetime="2049-12-03T10:00:00+01:00">Friday, 3 December 2049</time>' in shown
            assert "<bdi>10:00</bdi> <bdi>CET</bdi>" in shown
            assert "$27.57" in shown, "what it will cost"
            assert "Continue" not in shown
        listed = await self.text(box_office, f"/?producer={on_sale.producer.id}")
        assert "On sale from Fri, 3 Dec 2049, 10:00" in listed

    async def test_sale_that_has_ended_says_so(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(off_sale_at=in_days(-1))
        page = await self.text(box_office, f"/shows/{on_sale.id}")
        assert "no longer on sale here" in page
        assert "Continue" not in page
        assert "No longer on sale" in await self.text(box_office, f"/?producer={on_sale.producer.id}")

    async def test_price_steps_are_shown_in_words(self, box_office: BoxOffice) -> None:
        step = in_days(1)
        on_sale = await box_office.put_on_sale(
            ticket(name="First 50", off_sale_at=in_days(-1)),
            ticket(name="Early bird", price=2000, off_sale_at=step),
            ticket(name="Regular", price=3000, on_sale_at=step),
        )
        page = await self.text(box_office, f"/shows/{on_sale.id}")
        assert "First 50" not in page.partition("<h1")[2]
        assert re.search(r"<p class=\"note small\" data-note>Until \w+, .*, then \$32\.71</p>", page)
        assert re.search(r"<p class=\"note small\" data-note>On sale from \w+, ", page)
        refused = await self.text(box_office, f"/shows/{on_sale.id}/checkout?q-{on_sale.tickets[0].id}=1", 400)
        assert "First 50 is no longer on sale" in refused

    async def test_pages_change_at_the_moment(self, box_office: BoxOffice, service: Service) -> None:
        clock = service.container.clock()
        moment = clock.now() + timedelta(seconds=1)
        on_sale = await box_office.put_on_sale(
            ticket(name="Stalls"),
            ticket(name="Circle", price=1000, off_sale_at=VenueTime.at(moment, "UTC")),
            on_sale_at=VenueTime.at(moment, "UTC"),
            off_sale_at=VenueTime.at(moment + A_DAY, "UTC"),
        )
        opened = set()

        async def look(path: str, mark: str) -> bool:
            before = clock.now()
            is_open = mark in await self.text(box_office, path)
            if is_open:
                opened.add(path)
            assert not is_open or clock.now() >= moment, f"{path} was too early"
            assert is_open or before < moment, f"{path} was too late"
            return is_open

        async def are_open() -> bool:
            page = f"/shows/{on_sale.id}"
            marks = {page: "Continue", f"/?producer={on_sale.producer.id}": "27.57", f"{page}/remaining": '"open"'}
            return all(await asyncio.gather(*(look(path, mark) for path, mark in marks.items())))

        await box_office.until(are_open)

    async def test_what_a_newsletter_adds_to_the_address_makes_no_other_page(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()

        async def are_the_same() -> bool:
            page = f"/shows/{on_sale.id}"
            paths = (page, f"{page}?utm_source=newsletter&fbclid=1&d-{on_sale.tickets[0].id}=nonsense")
            plain, tagged = await asyncio.gather(*(self.text(box_office, path) for path in paths))
            return plain == tagged

        await box_office.until(are_the_same)  # both within one second
