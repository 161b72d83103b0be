"""The office's pages about shows: the list, a show's overview, its times, texts, picture, and its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.catalog import Producer, ProducerFinancial, Show
from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import ticket
from tests.support.staff import Staff, Visitor

NEW: Mapping[str, str] = {
    "title": "Twelfth Night",
    "production_id": "",
    "start_day": "2050-06-01",
    "door_clock": "19:30",
    "start_clock": "20:00",
    "end_clock": "23:00",
    "timezone": "Europe/London",
    "locale": "en-GB",
    "venue": "The Globe",
    "sells_until": "start",
    "renames_until_hours": "",
    "exchanges_until_hours": "48",
}


async def stored(office: BackOffice, show_id: UUID | str) -> Show:
    async with office.container.database()() as uow:
        show = await uow.shows.get(UUID(str(show_id)))
    assert show is not None
    return show


async def actions(office: BackOffice) -> list[str]:
    return [entry["action"] for entry in await office.audit_log() if entry["action"].startswith("show.")]


def id_in(location: str) -> str:
    found = re.search("[0-9a-f]{8}-[0-9a-f-]{27}", location)
    assert found
    return found[0]


async def added(owner: Staff, **fields: str) -> str:
    """A new show of the owner's. Returns its id."""
    answer = await owner.post("/office/shows/new", {**NEW, **fields})
    assert answer.status == 303, answer.text
    return id_in(answer.location)


@pytest.fixture
async def on_sale(box_office: BoxOffice, office: BackOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(name="Stalls", quantity=10), by=office.producer, title="Hamlet")


class TestList:
    async def test_shows_are_listed_with_what_is_sold(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice, on_sale: OnSale
    ) -> None:
        await box_office.buy(on_sale.cart(2))
        await box_office.put_on_sale(by=office.producer, title="Macbeth", published=False)
        page = await owner.get("/office/shows")
        assert page.status == 200
        assert "Hamlet" in page.text
        assert "On sale" in page.text
        assert "2 of 10 sold, 8 left" in page.text
        assert "Upcoming 2 Drafts 1 Past 0" in page.text

        drafts = await owner.get("/office/shows?tab=drafts")
        assert "Macbeth" in drafts.text
        assert "Hamlet" not in drafts.text
        past = await owner.get("/office/shows?tab=past")
        assert "No show is over yet." in past.text

    async def test_what_cannot_be_bought_is_said(self, owner: Staff, office: BackOffice, box_office: BoxOffice) -> None:
        gone = await box_office.put_on_sale(ticket(quantity=2), by=office.producer)
        await box_office.buy(gone.cart(2))
        page = await owner.get("/office/shows")
        assert "Sold out" in page.text
        assert "2 of 2 sold, none left" in page.text
        empty = await added(owner)
        await owner.post(f"/office/shows/{empty}/publish")
        assert "No tickets yet" in (await owner.get("/office/shows")).text

    async def test_a_new_producer_learns_how_to_begin(self, owner: Staff) -> None:
        page = await owner.get("/office/shows")
        assert "Add the first show" in page.text

    async def test_shows_are_found_by_their_words(self, owner: Staff, office: BackOffice, on_sale: OnSale) -> None:
        assert "Hamlet" in (await owner.get("/office/shows?q=HAM")).text
        nothing = await owner.get("/office/shows?q=%3Cb%3Efalstaff")
        assert "No show here has" in nothing.text
        assert "<b>falstaff" not in nothing.html

    async def test_hundreds_of_shows_are_on_pages(self, owner: Staff, office: BackOffice) -> None:
        start = datetime(2050, 1, 1, 20, tzinfo=UTC)
        first = Show(
            id=uuid4(), producer_id=office.producer.id, title="0", door_time=start, start_time=start, end_time=start
        )
        times = [start + timedelta(days=day) for day in range(300)]
        shows = [
            replace(first, id=uuid4(), title=f"Show {day}", door_time=at, start_time=at, end_time=at)
            for day, at in enumerate(times)
        ]
        async with office.container.database()() as uow:
            await uow.shows.add(*shows)
            await uow.commit()
        page = await owner.get("/office/shows?page=2")
        assert "Page 2 of 12" in page.text
        assert "Show 25 " in page.text
        assert "Show 50 " not in page.text
        assert "/office/shows?page=3" in page.html
        assert len(page.content) < 40_000
        for strange in ("0", "99", "x", "-1", "1e9", "²"):
            assert (await owner.get(f"/office/shows?page={strange}&tab=nothing")).status == 200


class TestNew:
    async def test_a_show_begins_as_a_draft(self, owner: Staff, office: BackOffice) -> None:
        show = await stored(office, await added(owner))
        assert (show.title, show.published, show.venue, show.timezone) == (
            "Twelfth Night",
            False,
            "The Globe",
            "Europe/London",
        )
        assert show.start_there.isoformat() == "2050-06-01T20:00:00+01:00"
        assert show.door_there.isoformat() == "2050-06-01T19:30:00+01:00"
        assert (show.sells_until, show.renames_until_hours, show.exchanges_until_hours) == ("start", None, 48)
        (entry,) = await office.audit_log(f"&show_id={show.id}")
        assert (entry["action"], entry["actor"]) == ("show.added", owner.person.called)

    async def test_an_end_after_midnight_is_the_night_after(self, owner: Staff, office: BackOffice) -> None:
        show = await stored(office, await added(owner, end_clock="02:30"))
        assert show.end_there.isoformat() == "2050-06-02T02:30:00+01:00"

    async def test_doors_before_midnight_are_the_night_before(self, owner: Staff, office: BackOffice) -> None:
        show = await stored(office, await added(owner, start_clock="00:30", door_clock="23:30", end_clock="05:00"))
        assert show.door_there.isoformat() == "2050-05-31T23:30:00+01:00"

    async def test_a_festival_has_days(self, owner: Staff, office: BackOffice) -> None:
        show = await stored(office, await added(owner, end_day="2050-06-03", door_day="2050-05-31"))
        assert (show.door_there.day, show.end_there.day) == (31, 3)
        page = await owner.get(f"/office/shows/{show.id}/edit")
        assert 'value="2050-06-03"' in page.html
        assert 'value="2050-05-31"' in page.html

    async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(self, owner: Staff) -> None:
        wrong = {
            **NEW, "title": "", "start_day": "", "timezone": "Mars/Base", "venue": "Here <b>", "locale": "x-y-z",
            "exchanges_until_hours": "many", "country": "DE", "sells_until": "never",
        }  # fmt: skip
        answer = await owner.post("/office/shows/new", wrong)
        assert answer.status == 400
        for name in ("title", "start_day", "timezone", "exchanges_until_hours", "line1", "sells_until"):
            assert f'id="{name}-error"' in answer.html or f'href="#{name}"' in answer.html, name
        assert 'value="Mars/Base"' in answer.html
        assert 'value="Here &lt;b&gt;"' in answer.html

    async def test_a_refusal_of_the_rules_stands_beside_its_field(self, owner: Staff) -> None:
        answer = await owner.post("/office/shows/new", {**NEW, "on_sale_day": "2050-06-02", "on_sale_clock": "10:00"})
        assert answer.status == 400
        assert 'id="on_sale_clock-error"' in answer.html
        wrong_locale = await owner.post("/office/shows/new", {**NEW, "locale": "xx-YY"})
        assert 'id="locale-error"' in wrong_locale.html

    async def test_the_same_form_twice_adds_one_show(self, owner: Staff, office: BackOffice) -> None:
        page = await owner.get("/office/shows/new")
        key = re.search('name="key" value="([^"]+)"', page.html)
        assert key
        first = await added(owner, key=key[1])
        assert await added(owner, key=key[1]) == first
        assert await actions(office) == ["show.added"]

    async def test_another_producers_key_is_of_no_use(self, owner: Staff, stranger: Staff) -> None:
        key = await added(owner, key=str(uuid4()))
        assert (await stranger.post("/office/shows/new", {**NEW, "key": key})).status == 404

    async def test_the_next_show_is_where_the_last_one_was(self, owner: Staff) -> None:
        await added(owner, line1="21 New Globe Walk", city="London", country="GB")
        page = await owner.get("/office/shows/new")
        for value in ("Europe/London", "en-GB", "The Globe", "21 New Globe Walk", "20:00", "48"):
            assert f'value="{value}"' in page.html, value

    async def test_times_that_the_clocks_skip_or_show_twice(self, owner: Staff, office: BackOffice) -> None:
        skipped = await owner.post("/office/shows/new", {**NEW, "start_day": "2027-03-27", "end_clock": "01:30"})
        assert "The clocks at the venue skip this time" in skipped.text
        night = {**NEW, "start_day": "2027-10-30", "end_clock": "01:30"}
        asked = await owner.post("/office/shows/new", night)
        assert asked.status == 400
        assert "Which one?" in asked.text
        show_id = await added(owner, **{**night, "end_which": "second"})
        assert (await stored(office, show_id)).end_there.isoformat() == "2027-10-31T01:30:00+00:00"
        kept = await owner.post(f"/office/shows/{show_id}/edit", {**night, "title": "Later"})
        assert kept.status == 303
        assert (await stored(office, show_id)).end_there.isoformat() == "2027-10-31T01:30:00+00:00"


class TestOverview:
    async def test_the_head_line_and_what_is_missing(self, owner: Staff, office: BackOffice) -> None:
        show_id = await added(owner)
        page = await owner.get(f"/office/shows/{show_id}")
        assert "Capacity 0" in page.text
        assert "Still coming 0" in page.text
        assert "Nothing can be bought yet." in page.text
        assert "It sells once it has: tickets." in page.text
        assert f"/office/shows/{show_id}/page" in page.html

    async def test_people_and_places(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice, on_sale: OnSale
    ) -> None:
        placed = (await box_office.checkout(on_sale.cart(3))).created()
        await box_office.pay(placed)
        await box_office.come_back(placed)
        (await box_office.checkout(on_sale.cart(1))).created()
        order = await box_office.stored_order(placed)
        async with box_office.unit_of_work() as uow:
            await uow.orders.save([order.checked_in(order.attendees[0].id, order.created_at)])
            await uow.commit()

        page = await owner.get(f"/office/shows/{on_sale.id}")
        assert "Capacity 10 Sold 3 Held 1 by whom Left 6 Checked in 1 Still coming 2" in page.text
        assert "3 of 10 sold, 1 held, 6 left" in page.text
        assert "Tickets sold so far, by days to go" in page.text

    async def test_a_show_is_published_and_taken_off(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice
    ) -> None:
        show_id = await added(owner)
        assert (await box_office.get(f"/shows/{show_id}")).status == 404
        answer = await owner.post(f"/office/shows/{show_id}/publish")
        assert answer.status == 303
        assert "buyers see it now" in (await owner.follow(answer.location)).text
        assert (await box_office.get(f"/shows/{show_id}")).status == 200
        again = await owner.post(f"/office/shows/{show_id}/publish")
        assert again.status == 303
        await owner.post(f"/office/shows/{show_id}/unpublish")
        assert not (await stored(office, show_id)).published
        assert await actions(office) == ["show.changed", "show.changed", "show.added"]

    async def test_payouts_are_asked_for_where_something_costs(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice
    ) -> None:
        unpaid: Producer = replace(office.producer, financial=ProducerFinancial())
        async with office.container.database()() as uow:
            await uow.producers.save(unpaid)
            await uow.commit()
        on_sale = await box_office.put_on_sale(ticket(), by=unpaid)
        page = await owner.get(f"/office/shows/{on_sale.id}")
        assert "cannot be sold before Stripe may pay you out" in page.text


class TestEdit:
    async def test_fields_are_changed(self, owner: Staff, office: BackOffice) -> None:
        show_id = await added(owner)
        page = await owner.get(f"/office/shows/{show_id}/edit")
        for value in ("Twelfth Night", "2050-06-01", "19:30", "20:00", "23:00", "Europe/London", "en-GB", "48"):
            assert f'value="{value}"' in page.html, value
        changed = {
            **NEW, "title": "What You Will", "on_sale_day": "2050-01-02", "on_sale_clock": "10:00",
            "off_sale_day": "2050-05-01", "off_sale_clock": "00:00", "line1": "Bankside", "city": "London",
            "country": "GB", "renames_until_hours": "0", "exchanges_until_hours": "",
        }  # fmt: skip
        assert (await owner.post(f"/office/shows/{show_id}/edit", changed)).status == 303
        show = await stored(office, show_id)
        assert show.title == "What You Will"
        assert show.on_sale_at
        assert show.off_sale_at
        assert show.on_sale_at.local.isoformat() == "2050-01-02T10:00:00"
        assert show.venue_address
        assert (show.renames_until_hours, show.exchanges_until_hours) == (0, None)
        again = await owner.get(f"/office/shows/{show_id}/edit")
        assert 'value="2050-01-02"' in again.html
        assert (
            await owner.post(
                f"/office/shows/{show_id}/edit", {**changed, **NEW, "on_sale_day": "", "on_sale_clock": ""}
            )
        ).status == 303

    async def test_what_the_door_may_do_is_ticked(self, owner: Staff, office: BackOffice) -> None:
        show_id = await added(owner)
        path = f"/office/shows/{show_id}/edit"
        for ticked in (("re_entry",), ("offline_new_codes",), ()):
            assert (await owner.post(path, {**NEW, **dict.fromkeys(ticked, "on")})).status == 303
            show = await stored(office, show_id)
            assert (show.re_entry, show.offline_new_codes) == ("re_entry" in ticked, "offline_new_codes" in ticked)
            page = (await owner.get(path)).html
            for name in ("re_entry", "offline_new_codes"):
                (box,) = re.findall(f'<input[^>]*name="{name}"[^>]*>', page)
                assert ("checked" in box) is (name in ticked)

    async def test_buyers_get_a_mail_only_after_the_page_has_said_so(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice
    ) -> None:
        show_id = await added(owner)
        await owner.post(f"/office/shows/{show_id}/publish")
        sold = ticket(price=0)
        async with office.container.database()() as uow:
            await uow.tickets.add(replace(sold, show_id=UUID(show_id)))
            await uow.commit()
        body = {"show_id": show_id, "tickets": [{"ticket_id": str(sold.id), "quantity": 1}]}
        (await box_office.checkout(body)).created()

        moved = {**NEW, "start_clock": "20:30", "venue": "The Rose"}
        asked = await owner.post(f"/office/shows/{show_id}/edit", moved)
        assert asked.status == 200
        assert "1 buyer gets a mail of this change" in asked.text
        assert (await stored(office, show_id)).venue == "The Globe"

        fields = dict(re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', asked.html))
        fields.pop("_csrf_token")
        answer = await owner.post(f"/office/shows/{show_id}/edit", fields)
        assert answer.location.endswith("?done=show-moved")
        show = await stored(office, show_id)
        assert (show.venue, show.start_there.hour, show.start_there.minute) == ("The Rose", 20, 30)

    async def test_a_cancelled_show_is_left_alone(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice
    ) -> None:
        gone = await box_office.put_on_sale(by=office.producer, cancelled=True)
        page = await owner.get(f"/office/shows/{gone.id}/edit")
        assert "cannot be changed any more" in page.text
        answer = await owner.post(f"/office/shows/{gone.id}/edit", NEW)
        assert answer.status == 409
        refused = await owner.post(f"/office/shows/{gone.id}/publish")
        assert refused.location.endswith("?done=show-refused") or (await stored(office, gone.id)).published

    async def test_a_run_of_another_producer_is_no_choice(
        self, owner: Staff, stranger: Staff, other_office: BackOffice
    ) -> None:
        run = (await other_office.post("/productions", {"title": "Theirs"})).body
        answer = await owner.post("/office/shows/new", {**NEW, "production_id": run["id"]})
        assert answer.status in (400, 404)
        assert (await owner.post("/office/shows/new", {**NEW, "production_id": "x"})).status == 400


class TestPage:
    async def test_texts_are_written(self, owner: Staff, office: BackOffice) -> None:
        show_id = await added(owner)
        texts = {"description": "A comedy.\r\n\r\nWith songs.", "terms": "No refunds"}
        answer = await owner.post(f"/office/shows/{show_id}/page", texts)
        assert "The texts were saved." in (await owner.follow(answer.location)).text
        show = await stored(office, show_id)
        assert (show.description, show.terms) == ("A comedy.\n\nWith songs.", "No refunds")
        long = await owner.post(f"/office/shows/{show_id}/page", {"description": "", "terms": "x" * 1001})
        assert long.status == 400
        assert 'id="terms-error"' in long.html

    async def test_a_picture_is_put_on_the_page_and_taken_away(
        self, owner: Staff, office: BackOffice, a_picture: bytes
    ) -> None:
        show_id = await added(owner)
        answer = await owner.post_file(f"/office/shows/{show_id}/picture", "picture", a_picture, "a.png")
        assert answer.status == 303, answer.text
        show = await stored(office, show_id)
        assert show.image
        assert f"/pictures/{show.image.name}" in (await owner.get(f"/office/shows/{show_id}/page")).html
        await owner.post(f"/office/shows/{show_id}/picture", {"remove": "yes"})
        assert (await stored(office, show_id)).image is None

    @pytest.mark.parametrize("content", [b"", b"no picture"])
    async def test_what_is_no_picture_is_refused(self, owner: Staff, content: bytes) -> None:
        show_id = await added(owner)
        answer = await owner.post_file(f"/office/shows/{show_id}/picture", "picture", content, "a.png")
        assert answer.status == 400
        assert 'id="picture-error"' in answer.html

    async def test_a_picture_that_is_too_large_is_refused(self, owner: Staff) -> None:
        show_id = await added(owner)
        answer = await owner.post_file(f"/office/shows/{show_id}/picture", "picture", b"x" * (5 * 1024**2 + 1))
        assert (answer.status, 'id="picture-error"' in answer.html) == (400, True)
        answer = await owner.post_file(f"/office/shows/{show_id}/picture", "picture", b"x" * (6 * 1024**2))
        assert answer.status == 413

    async def test_the_colour_is_that_of_all_pages(self, owner: Staff, office: BackOffice) -> None:
        show_id = await added(owner)
        await office.put("/branding", {"colour": None, "widget_origins": ["https://theatre.example"]})
        answer = await owner.post(f"/office/shows/{show_id}/colour", colour="#AA0033")
        assert answer.status == 303
        branding = (await office.get("/branding")).body
        assert (branding["colour"], branding["widget_origins"]) == ("#aa0033", ["https://theatre.example"])
        assert (await owner.post(f"/office/shows/{show_id}/colour", colour="red")).status == 400
        await owner.post(f"/office/shows/{show_id}/colour", {"default": "yes"})
        assert (await office.get("/branding")).body["colour"] is None

    async def test_a_preview_sells_nothing(self, owner: Staff, office: BackOffice, box_office: BoxOffice) -> None:
        draft = await box_office.put_on_sale(
            ticket(name="Stalls"), ticket(name="Secret", hidden=True), by=office.producer, published=False
        )
        page = await owner.get(f"/office/shows/{draft.id}/preview")
        assert page.status == 200
        assert "Buyers do not see this page yet." in page.text
        assert "Stalls" in page.text
        assert "Secret" not in page.text
        assert '<fieldset class="bare" disabled>' in page.html
        assert "data-remaining" not in page.html
        assert "no-store" in page.headers["Cache-Control"]
        assert (await box_office.get(f"/shows/{draft.id}")).status == 404


class TestCopy:
    async def test_a_copy_is_a_draft_on_another_day(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice, on_sale: OnSale
    ) -> None:
        await box_office.buy(on_sale.cart(1))
        page = await owner.get(f"/office/shows/{on_sale.id}/copy")
        key = re.search('name="key" value="([^"]+)"', page.html)
        assert key
        fields = {
            "key": key[1], "title": "Hamlet again", "start_day": "2050-07-01", "start_clock": "18:00",
            "sale_times": "move",
        }  # fmt: skip
        first = await owner.post(f"/office/shows/{on_sale.id}/copy", fields)
        assert first.status == 303
        copy = await stored(office, id_in(first.location))
        assert (copy.title, copy.published, copy.start_there.isoformat()) == (
            "Hamlet again",
            False,
            "2050-07-01T18:00:00+00:00",
        )
        assert (await owner.post(f"/office/shows/{on_sale.id}/copy", fields)).location == first.location
        wrong = await owner.post(f"/office/shows/{on_sale.id}/copy", {**fields, "start_day": "2050-13-01", "title": ""})
        assert wrong.status == 400
        assert 'id="start_day-error"' in wrong.html


class TestCancel:
    async def test_the_preview_counts_people_and_money(
        self, owner: Staff, box_office: BoxOffice, on_sale: OnSale, office: BackOffice
    ) -> None:
        await box_office.buy(on_sale.cart(2))
        page = await owner.get(f"/office/shows/{on_sale.id}/cancel")
        assert "2 people with 1 order cannot come." in page.text
        assert "1 mail goes out at once" in page.text
        assert "$54.84" in page.text
        assert "$50.00" in page.text
        assert not (await stored(office, on_sale.id)).cancelled

    async def test_it_asks_to_be_sure(self, owner: Staff, on_sale: OnSale, office: BackOffice) -> None:
        answer = await owner.post(f"/office/shows/{on_sale.id}/cancel", refund="none")
        assert answer.status == 400
        assert 'id="sure-error"' in answer.html
        assert not (await stored(office, on_sale.id)).cancelled

    async def test_buyers_are_refunded(
        self, owner: Staff, box_office: BoxOffice, on_sale: OnSale, office: BackOffice
    ) -> None:
        await box_office.buy(on_sale.cart(2))
        fields = {"refund": "without_fees", "reason": "Rain", "sure": "on"}
        answer = await owner.post(f"/office/shows/{on_sale.id}/cancel", fields)
        assert answer.status == 303
        assert (await stored(office, on_sale.id)).cancelled
        assert (await actions(office))[:2] == ["show.refunded", "show.cancelled"]
        async with office.container.database()() as uow:
            refund = await uow.show_refunds.refund_of(on_sale.id)
        assert refund
        assert (refund.refund_fees, refund.reason) == (False, "Rain")
        assert (await owner.post(f"/office/shows/{on_sale.id}/cancel", fields)).status == 303
        again = await owner.get(f"/office/shows/{on_sale.id}/cancel")
        assert again.location.endswith("?done=show-was-cancelled")

    async def test_nobody_is_refunded_unless_that_is_chosen(
        self, owner: Staff, on_sale: OnSale, office: BackOffice
    ) -> None:
        await owner.post(f"/office/shows/{on_sale.id}/cancel", refund="none", sure="on")
        assert (await stored(office, on_sale.id)).cancelled
        async with office.container.database()() as uow:
            assert await uow.show_refunds.refund_of(on_sale.id) is None


class TestDelete:
    async def test_a_show_without_orders_is_deleted(self, owner: Staff, office: BackOffice) -> None:
        show_id = await added(owner)
        assert "Delete this show?" in (await owner.get(f"/office/shows/{show_id}/delete")).text
        answer = await owner.post(f"/office/shows/{show_id}/delete")
        assert answer.location == "/office/shows?done=show-deleted"
        with pytest.raises(AssertionError):
            await stored(office, show_id)

    async def test_a_show_with_orders_stays(
        self, owner: Staff, box_office: BoxOffice, on_sale: OnSale, office: BackOffice
    ) -> None:
        await box_office.buy(on_sale.cart(1))
        answer = await owner.post(f"/office/shows/{on_sale.id}/delete")
        assert answer.status == 409
        assert "has orders" in answer.text
        await stored(office, on_sale.id)


PAGES = ("", "/edit", "/page", "/preview", "/copy", "/cancel", "/delete")
FORMS = ("/edit", "/page", "/picture", "/colour", "/publish", "/unpublish", "/copy", "/cancel", "/delete")


class TestWhoMay:
    async def test_another_producers_show_does_not_exist(self, stranger: Staff, on_sale: OnSale) -> None:
        for page in PAGES:
            assert (await stranger.get(f"/office/shows/{on_sale.id}{page}")).status == 404, page
        for form in FORMS:
            sent = {**NEW, "refund": "none", "sure": "on", "remove": "yes", "colour": "#aa0033", "sale_times": "move"}
            assert (await stranger.post(f"/office/shows/{on_sale.id}{form}", sent)).status == 404, form

    async def test_roles(self, hire: Hire, on_sale: OnSale) -> None:
        for role in (Role.BOX_OFFICE, Role.VIEWER):
            someone = await hire(role)
            assert (await someone.get("/office/shows")).status == 200
            page = await someone.get(f"/office/shows/{on_sale.id}")
            assert page.status == 200
            assert "/cancel" not in page.html
            assert "New show" not in (await someone.get("/office/shows")).text
            for form in FORMS:
                assert (await someone.post(f"/office/shows/{on_sale.id}{form}", NEW)).status == 403, form
        door = await hire(Role.DOOR)
        assert (await door.get("/office/shows")).status == 403

    async def test_without_a_session(self, visitor: Visitor, on_sale: OnSale) -> None:
        answer = await visitor.get(f"/office/shows/{on_sale.id}")
        assert answer.status == 303
        assert answer.location.startswith("/office/sign-in?next=")
        assert (await visitor.post(f"/office/shows/{on_sale.id}/publish")).status == 401

    async def test_a_form_from_elsewhere_does_nothing(self, owner: Staff, on_sale: OnSale, office: BackOffice) -> None:
        for form in FORMS:
            answer = await owner.request(
                "POST", f"/office/shows/{on_sale.id}{form}", data={"sure": "on", "refund": "none"}
            )
            assert answer.status == 403, form
        assert await stored(office, on_sale.id) == on_sale.show
