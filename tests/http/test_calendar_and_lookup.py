"""The calendar file of an order, and the links to lost orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from icalendar import Calendar

from demo.mail_catcher.catcher import MailCatcher
from tests.support.box_office import Answer, BoxOffice, Json
from tests.support.factories import ticket

HOUR = timedelta(hours=1)


def an_address() -> str:
    return f"{uuid4().hex}@example.org"


async def free_order(box_office: BoxOffice, email: str = "ada@example.org", **show_fields: Any) -> Json:
    on_sale = await box_office.put_on_sale(ticket(price=0), **show_fields)
    return (await box_office.checkout(on_sale.cart(1), customer={"name": "Ada Lovelace", "email": email})).created()


async def calendar_of(box_office: BoxOffice, placed: Json) -> Answer:
    return await box_office.get(f"/api/v1/orders/{placed['order_id']}/calendar.ics?token={placed['order_token']}")


class TestCalendar:
    async def test_says_when_in_the_venues_time_zone(self, box_office: BoxOffice) -> None:
        start = datetime(2050, 7, 1, 23, 0, tzinfo=UTC)
        placed = await free_order(
            box_office,
            title="Twelfth Night",
            venue="The Globe",
            timezone="America/New_York",
            door_time=start - HOUR,
            start_time=start,
            end_time=start + 2 * HOUR,
        )

        answer = await calendar_of(box_office, placed)

        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        assert answer.headers["Cache-Control"] == "private, no-store"
        calendar: Any = Calendar.from_ical(answer.content)
        (entry,) = calendar.walk("VEVENT")
        (zone,) = calendar.walk("VTIMEZONE")
        assert (entry["SUMMARY"], entry["LOCATION"]) == ("Twelfth Night", "The Globe")
        assert entry["DTSTART"].params["TZID"] == zone["TZID"] == "America/New_York"
        assert (entry["DTSTART"].dt, entry["DTEND"].dt) == (start, start + 2 * HOUR)
        assert str(entry["URL"]).endswith("/orders")
        assert (await box_office.get("/orders")).status == 200
        for secret in (placed["order_token"], placed["order_id"]):
            assert secret.encode() not in answer.content

    async def test_is_only_for_those_who_have_tickets(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(1))).created()
        (await calendar_of(box_office, placed)).refused(409, "conflict")

    async def test_is_nobody_elses(self, box_office: BoxOffice) -> None:
        placed = await free_order(box_office)
        (await calendar_of(box_office, {**placed, "order_token": "guessed"})).refused(404, "not_found")


class TestLookup:
    async def look_up(self, box_office: BoxOffice, **body: object) -> Answer:
        return await box_office.post("/api/v1/orders/lookup", json=body)

    async def test_mails_the_links_once_however_often_it_is_asked(
        self, box_office: BoxOffice, mailbox: MailCatcher
    ) -> None:
        email = an_address()
        placed = await free_order(box_office, email)
        for address in (email, email.upper(), email):
            assert (await self.look_up(box_office, email=address)).status == 202

        await mailbox.wait_for(2, to=email)
        subjects = [mail.subject for mail in mailbox.mails.addressed_to(email)]
        assert subjects.count("Your orders") == 1
        (links,) = [mail for mail in mailbox.mails.addressed_to(email) if mail.subject == "Your orders"]
        assert placed["order_token"] in links.text
        assert placed["order_token"] in links.html

    async def test_says_the_same_of_an_address_that_nobody_knows(
        self, box_office: BoxOffice, mailbox: MailCatcher
    ) -> None:
        known, unknown = an_address(), an_address()
        await free_order(box_office, known)

        answers = [await self.look_up(box_office, email=email) for email in (unknown, known)]
        again = [await self.look_up(box_office, email=email) for email in (unknown, known)]

        assert {answer.status for answer in answers + again} == {202}
        assert len({answer.content for answer in answers + again}) == 1
        await mailbox.wait_for(2, to=known)
        assert mailbox.mails.addressed_to(unknown) == []

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({"email": "nobody"}, "invalid_email", "email"),
            ({"email": ""}, "invalid_email", "email"),
            ({"email": f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example"}, "invalid_email", "email"),
            ({}, "invalid_request", "email"),
            ({"email": 7}, "invalid_request", "email"),
            ({"email": "ada@example.org", "name": "Ada"}, "invalid_request", "name"),
        ],
    )
    async def test_names_what_is_wrong(
        self, box_office: BoxOffice, body: dict[str, object], code: str, field: str
    ) -> None:
        answer = await self.look_up(box_office, **body)
        answer.refused(400, code)
        assert answer.body["field"] == field
