"""The office's pages about runs: the list, a run in months, its defaults, and its shows made and changed together."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from domain.capacity import Allocation
from domain.catalog import Show
from domain.people import Role
from domain.production import Production
from tests.http.conftest import Hire
from tests.http.test_office_shows import id_in
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.forms import form_with
from tests.support.staff import Page, Staff

RUN = {
    "title": "Hamlet",
    "doors_minutes": "30",
    "duration_minutes": "180",
    "terms": "",
    "venue": "The Globe",
    "timezone": "Europe/London",
    "locale": "en-GB",
    "capacity-0-name": "House",
    "capacity-0-size": "120",
    "ticket-0-name": "Stalls",
    "ticket-0-price": "25.00",
    "ticket-0-capacity": "House",
    "ticket-1-name": "",
    "ticket-2-name": "Box",
    "ticket-2-price": "40",
    "ticket-2-quantity": "8",
    "ticket-2-vip": "on",
}
RULE: dict[str, Any] = {
    "how": "rule",
    "first": "2050-06-01",
    "until": "2050-06-30",
    "times": "15:00, 20.00",
    "weekdays": ["wednesday", "saturday"],
    "interval": "1",
    "frequency": "weekly",
    "template": "usual",
    "sale_times": "move",
}
CHANGE = {"scope": "to_come", "become": "stay", "sells_until": "stay"}


async def stored(office: BackOffice, production_id: str) -> Production:
    async with office.container.database()() as uow:
        production = await uow.productions.get(UUID(production_id))
    assert production
    return production


async def shows_of(office: BackOffice, production_id: str) -> list[Show]:
    async with office.container.database()() as uow:
        return await uow.shows.of_production(UUID(production_id))


@pytest.fixture
async def run(owner: Staff) -> str:
    """The id of a run without shows."""
    answer = await owner.post("/office/productions/new", RUN)
    assert answer.status == 303, answer.text
    return id_in(answer.location)


@pytest.fixture
async def played(owner: Staff, run: str, office: BackOffice) -> list[Show]:
    """The shows of the run: published, twice on Wednesdays and Saturdays of June 2050."""
    answer = await owner.post(f"/office/productions/{run}/shows/new", {**RULE, "published": "on", "sure": "yes"})
    assert answer.status == 303, answer.text
    return await shows_of(office, run)


async def confirmed(owner: Staff, page: Page, path: str, **more: str) -> Page:
    """Send a preview's form on."""
    kept: dict[str, Any] = {}
    for name, value in re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', page.html):
        kept.setdefault(name, []).append(value)
    del kept["_csrf_token"]
    return await owner.post(path, {**kept, "sure": "yes", **more})


class TestRuns:
    async def test_a_run_has_what_its_shows_get(self, run: str, office: BackOffice, owner: Staff) -> None:
        production = await stored(office, run)
        assert (production.title, production.doors_minutes, production.duration_minutes) == ("Hamlet", 30, 180)
        assert [(each.name, each.size) for each in production.capacities] == [("House", 120)]
        stalls, box = production.tickets
        assert (stalls.name, stalls.price, stalls.quantity, stalls.capacity) == ("Stalls", 2500, None, "House")
        assert (box.name, box.price, box.quantity, box.is_vip) == ("Box", 4000, 8, True)
        page = await owner.get(f"/office/productions/{run}/edit")
        for value in ("Hamlet", "25.00", "House", "120", "Box", "8"):
            assert f'value="{value}"' in page.html, value

    async def test_a_run_is_changed(self, run: str, office: BackOffice, owner: Staff) -> None:
        changed = {**RUN, "title": "Macbeth", "ticket-2-name": "", "ticket-0-places": "2", "capacity-0-size": "100"}
        assert (await owner.post(f"/office/productions/{run}/edit", changed)).status == 303
        production = await stored(office, run)
        assert production.title == "Macbeth"
        assert [(each.name, each.places) for each in production.tickets] == [("Stalls", 2)]

    @pytest.mark.parametrize(
        ("fields", "place"),
        [
            ({"title": ""}, "title"),
            ({"doors_minutes": "x"}, "doors_minutes"),
            ({"ticket-0-price": "a lot"}, "ticket-0-price"),
            ({"ticket-0-price": "1.234"}, "ticket-0-price"),
            ({"ticket-2-quantity": "-1"}, "ticket-2-quantity"),
            ({"ticket-2-quantity": "", "capacity-1-name": "Attic", "capacity-1-size": "9"}, "ticket-2-quantity"),
            ({"ticket-2-capacity": "Attic"}, "ticket-2-capacity"),
            ({"capacity-0-size": ""}, "capacity-0-size"),
            ({"timezone": "Nowhere"}, "timezone"),
            ({"locale": "no such"}, "locale"),
        ],
    )
    async def test_what_is_wrong_stands_beside_its_field(
        self, owner: Staff, fields: dict[str, str], place: str
    ) -> None:
        answer = await owner.post("/office/productions/new", {**RUN, **fields})
        assert answer.status == 400
        assert f'id="{place}-error"' in answer.html, answer.text
        assert 'value="Stalls"' in answer.html

    async def test_more_rows_come_without_losing_what_was_typed(self, owner: Staff) -> None:
        answer = await owner.post("/office/productions/new", {**RUN, "more": "yes"})
        assert answer.status == 200
        assert 'value="Stalls"' in answer.html
        assert 'id="ticket-4-name"' in answer.html

    async def test_the_same_form_twice_adds_one_run(self, owner: Staff) -> None:
        page = await owner.get("/office/productions/new")
        key = re.search('name="key" value="([^"]+)"', page.html)
        assert key
        answers = [await owner.post("/office/productions/new", {**RUN, "key": key[1]}) for _ in range(2)]
        assert answers[0].location == answers[1].location

    async def test_runs_are_listed(self, owner: Staff, run: str, played: list[Show]) -> None:
        page = await owner.get("/office/productions")
        assert "Hamlet" in page.text
        assert f"{len(played)} to come" in page.text
        assert "1 June 2050" in page.text

    async def test_the_months_of_a_run(self, owner: Staff, run: str, played: list[Show]) -> None:
        page = await owner.get(f"/office/productions/{run}")
        assert "June 2050" in page.text
        assert f"/office/shows/{played[0].id}" in page.html
        assert "0 of 128" in page.text
        assert (await owner.get(f"/office/productions/{run}?tab=past&month=2050-99")).status == 200

    async def test_texts_and_picture(self, owner: Staff, run: str, office: BackOffice, a_picture: bytes) -> None:
        await owner.post(f"/office/productions/{run}/page", {"description": "A tragedy."})
        answer = await owner.post_file(f"/office/productions/{run}/picture", "picture", a_picture, "a.png")
        assert answer.status == 303, answer.text
        production = await stored(office, run)
        assert production.description == "A tragedy."
        assert production.image
        assert f"/pictures/{production.image.name}" in (await owner.get(f"/office/productions/{run}/page")).html
        assert (await owner.post(f"/office/productions/{run}/page", {"description": "x" * 10_001})).status == 400
        assert (await owner.post_file(f"/office/productions/{run}/picture", "picture", b"x")).status == 400
        await owner.post(f"/office/productions/{run}/picture", {"remove": "yes"})
        assert (await stored(office, run)).image is None

    async def test_a_run_without_shows_is_deleted(self, owner: Staff, run: str, office: BackOffice) -> None:
        assert "Delete this run?" in (await owner.get(f"/office/productions/{run}/delete")).text
        assert (await owner.post(f"/office/productions/{run}/delete")).status == 303
        assert (await owner.get(f"/office/productions/{run}")).status == 404

    async def test_a_run_with_shows_stays(self, owner: Staff, run: str, played: list[Show]) -> None:
        answer = await owner.post(f"/office/productions/{run}/delete")
        assert answer.status == 409
        assert "has shows" in answer.text


class TestNewShows:
    async def test_a_rule_lists_its_shows_before_it_makes_them(
        self, owner: Staff, run: str, office: BackOffice
    ) -> None:
        path = f"/office/productions/{run}/shows/new"
        assert (await owner.get(path)).status == 200
        preview = await owner.post(path, {**RULE, "exceptions": "2050-06-04\n2050-06-08 15:00"})
        assert preview.status == 200
        assert "15 shows" in preview.text
        assert "Stalls" in preview.text
        assert await shows_of(office, run) == []

        answer = await confirmed(owner, preview, path)
        assert answer.location == f"/office/productions/{run}?done=shows-added"
        shows = await shows_of(office, run)
        assert len(shows) == 15
        assert shows[0].start_there.isoformat() == "2050-06-01T15:00:00+01:00"
        assert shows[0].door_there.isoformat() == "2050-06-01T14:30:00+01:00"
        assert not shows[0].published

    async def test_the_list_says_which_days_are_over_and_beside_which_show_one_was_cancelled(
        self, owner: Staff, run: str, played: list[Show], office: BackOffice
    ) -> None:
        await office.patch(f"/shows/{played[0].id}", cancelled=True)
        dates = {"how": "dates", "dates": "2050-06-01 15:00\n2020-06-01 15:00", "sale_times": "move"}
        preview = await owner.post(f"/office/productions/{run}/shows/new", dates)
        assert preview.status == 200, preview.text
        assert "· a show that starts then was cancelled" in preview.text
        assert "· this day is over" in preview.text
        assert "1 of them is over already." in preview.text

    async def test_the_same_form_twice_adds_them_once(self, owner: Staff, run: str, office: BackOffice) -> None:
        path = f"/office/productions/{run}/shows/new"
        sent = {**RULE, "sure": "yes"}
        assert (await owner.post(path, sent)).status == 303
        again = await owner.post(path, sent)
        assert again.status == 409
        assert "has a show that starts at" in again.text
        assert len(await shows_of(office, run)) == 18

    async def test_listed_days_like_another_show(
        self, owner: Staff, run: str, played: list[Show], office: BackOffice
    ) -> None:
        path = f"/office/productions/{run}/shows/new"
        dates = {**RULE, "how": "dates", "dates": "2050-07-01 19:30\n2050-07-02 19:30", "template": str(played[0].id)}
        answer = await confirmed(owner, await owner.post(path, dates), path)
        assert answer.status == 303
        assert len(await shows_of(office, run)) == len(played) + 2

    async def test_back_to_the_form_keeps_what_was_typed(self, owner: Staff, run: str) -> None:
        path = f"/office/productions/{run}/shows/new"
        answer = await owner.post(path, {**RULE, "back": "yes"})
        assert answer.status == 200
        assert 'value="15:00, 20.00"' in answer.html
        assert 'value="saturday" checked' in answer.html

    @pytest.mark.parametrize(
        ("fields", "place"),
        [
            ({"first": ""}, "first"),
            ({"times": ""}, "times"),
            ({"times": "8 pm"}, "times"),
            ({"until": ""}, "until"),
            ({"count": "3"}, "count"),
            ({"until": "", "count": "401"}, "count"),
            ({"month_days": "x"}, "month_days"),
            ({"month_days": "3"}, "month_days"),
            ({"weeks": "1"}, "weeks"),
            ({"exceptions": "Christmas"}, "exceptions"),
            ({"additional": "2050-06-01"}, "additional"),
            ({"additional": "2050-03-27 01:30"}, "additional"),
            ({"how": "dates"}, "dates"),
            ({"how": "dates", "dates": "tomorrow"}, "dates"),
            ({"how": "dates", "dates": "2050-03-27 01:30"}, "dates"),
            ({"template": "x"}, "template"),
            ({"sale_times": "?"}, "sale_times"),
        ],
    )
    async def test_what_is_wrong_stands_beside_its_field(
        self, owner: Staff, run: str, fields: dict[str, str], place: str
    ) -> None:
        answer = await owner.post(f"/office/productions/{run}/shows/new", {**RULE, **fields})
        assert answer.status == 400, answer.text
        assert f'href="#{place}"' in answer.html, answer.text

    async def test_a_template_of_another_producer_does_not_exist(
        self, owner: Staff, run: str, stranger: Staff, box_office: BoxOffice, other_office: BackOffice
    ) -> None:
        theirs = await box_office.put_on_sale(by=other_office.producer)
        sent = {**RULE, "template": str(theirs.id)}
        assert (await owner.post(f"/office/productions/{run}/shows/new", sent)).status == 404


class TestChange:
    async def test_all_to_come_are_changed_after_a_preview(
        self, owner: Staff, run: str, played: list[Show], office: BackOffice
    ) -> None:
        path = f"/office/productions/{run}/change"
        assert (await owner.get(path)).status == 200
        asked = {
            **CHANGE,
            "starting_at": "20:00",
            "start_clock": "19:30",
            "on_sale_day": "2050-01-10",
            "on_sale_clock": "10:00",
            "sells_until": "start",
        }
        preview = await owner.post(path, asked)
        assert preview.status == 200, preview.text
        assert "9 shows change" in preview.text
        assert await shows_of(office, run) == played

        answer = await confirmed(owner, preview, path)
        assert answer.location == f"/office/productions/{run}?done=shows-changed"
        hours = {show.start_there.strftime("%H:%M") for show in await shows_of(office, run)}
        assert hours == {"15:00", "19:30"}

    async def test_some_are_changed(self, owner: Staff, run: str, played: list[Show], office: BackOffice) -> None:
        path = f"/office/productions/{run}/change"
        chosen = [str(show.id) for show in played[:2]]
        changes = {
            "title": "Hamlet (preview)", "venue": "The Rose", "description": "Shorter.", "terms_none": "on",
            "renames_until_hours": "5", "exchanges_until_hours_none": "on", "address_none": "on", "off_sale_none": "on",
            "re_entry": "yes", "offline_new_codes": "stay",
        }  # fmt: skip
        answer = await confirmed(
            owner, await owner.post(path, {**CHANGE, **changes, "scope": "these", "show": chosen}), path
        )
        assert answer.status == 303
        first, second, third, *_ = await shows_of(office, run)
        assert (first.title, second.venue, first.description) == ("Hamlet (preview)", "The Rose", "Shorter.")
        assert third.title == "Hamlet"
        assert [show.re_entry for show in (first, second, third)] == [True, True, False]
        assert not first.offline_new_codes

    async def test_nothing_to_change_is_said(self, owner: Staff, run: str, played: list[Show]) -> None:
        path = f"/office/productions/{run}/change"
        assert "Please fill in what is to change." in (await owner.post(path, CHANGE)).text
        same = await owner.post(path, {**CHANGE, "title": "Hamlet"})
        assert "All of them have that already." in same.text
        assert "Please tick the shows" in (await owner.post(path, {**CHANGE, "scope": "these", "title": "x"})).text

    async def test_a_refusal_changes_nothing(
        self, owner: Staff, run: str, played: list[Show], office: BackOffice
    ) -> None:
        path = f"/office/productions/{run}/change"
        answer = await owner.post(
            path, {**CHANGE, "on_sale_day": "2051-01-01", "on_sale_clock": "10:00", "sure": "yes"}
        )
        assert answer.status == 400
        assert 'id="on_sale_clock-error"' in answer.html
        assert await shows_of(office, run) == played

    async def test_shows_are_cancelled_and_their_buyers_refunded(
        self, owner: Staff, run: str, played: list[Show], office: BackOffice, box_office: BoxOffice
    ) -> None:
        free = replace(ticket(price=0), show_id=played[0].id)
        async with office.container.database()() as uow:
            await uow.tickets.add(free)
            await uow.commit()
        cart = {"show_id": str(played[0].id), "tickets": [{"ticket_id": str(free.id), "quantity": 1}]}
        (await box_office.checkout(cart)).created()
        path = f"/office/productions/{run}/change"
        these = [str(show.id) for show in played[:2]]
        preview = await owner.post(path, {**CHANGE, "scope": "these", "show": these, "become": "cancel"})
        assert "1 person with 1 order cannot come." in preview.text
        assert "Cancel these 2 shows" in preview.text

        answer = await confirmed(owner, preview, path, refund="with_fees", reason="Flood")
        assert answer.location.endswith("?done=shows-cancelled-refunding")
        assert [show.cancelled for show in await shows_of(office, run)][:3] == [True, True, False]
        async with office.container.database()() as uow:
            refund = await uow.show_refunds.refund_of(played[0].id)
        assert refund
        assert refund.reason == "Flood"

    async def test_publish_and_unpublish(self, owner: Staff, run: str, played: list[Show], office: BackOffice) -> None:
        path = f"/office/productions/{run}/change"
        preview = await owner.post(path, {**CHANGE, "become": "unpublish"})
        assert preview.status == 200, preview.text
        await confirmed(owner, preview, path)
        assert not any(show.published for show in await shows_of(office, run))


PAGES = ("", "/edit", "/page", "/delete", "/shows/new", "/change")
FORMS = ("/edit", "/page", "/picture", "/delete", "/shows/new", "/change")


class TestWhoMay:
    async def test_another_producers_run_does_not_exist(self, stranger: Staff, run: str) -> None:
        for page in PAGES:
            assert (await stranger.get(f"/office/productions/{run}{page}")).status == 404, page
        for form in FORMS:
            sent = {**RUN, **RULE, **CHANGE, "remove": "yes"}
            assert (await stranger.post(f"/office/productions/{run}{form}", sent)).status == 404, form
        assert (await stranger.get(f"/office/shows/new?run={run}")).status == 404

    async def test_roles(self, hire: Hire, run: str) -> None:
        viewer = await hire(Role.VIEWER)
        assert (await viewer.get("/office/productions")).status == 200
        assert (await viewer.get(f"/office/productions/{run}")).status == 200
        assert (await viewer.get(f"/office/productions/{run}/edit")).status == 403
        for form in FORMS:
            assert (await viewer.post(f"/office/productions/{run}{form}", RUN)).status == 403, form

    async def test_a_form_from_elsewhere_does_nothing(self, owner: Staff, run: str) -> None:
        for form in FORMS:
            answer = await owner.request("POST", f"/office/productions/{run}{form}", data={"sure": "yes"})
            assert answer.status == 403, form


async def test_a_part_of_the_house_is_found_in_small_letters_or_refused_beside_its_field(
    owner: Staff, office: BackOffice
) -> None:
    answer = await owner.post("/office/productions/new", {**RUN, "ticket-0-capacity": "house"})
    assert answer.status == 303, answer.text
    made = await stored(office, id_in(answer.location))
    assert [each.capacity for each in made.tickets] == ["House", None]

    only_one = await owner.post("/office/productions/new", {**RUN, "ticket-0-capacity": "", "ticket-1-name": ""})
    made = await stored(office, id_in(only_one.location))
    assert [each.capacity for each in made.tickets] == ["House", None]  # the other one has a number

    refused = await owner.post("/office/productions/new", {**RUN, "ticket-0-capacity": "huose"})
    assert refused.status == 400
    assert 'href="#ticket-0-capacity"' in refused.html
    assert "No capacity above has this name." in refused.text


async def test_hours_may_be_written_as_the_pages_write_them(owner: Staff, run: str, office: BackOffice) -> None:
    path = f"/office/productions/{run}/shows/new"
    answer = await owner.post(
        path, {**RULE, "times": "3:00 PM, 8.15 p.m. 12:30am", "until": "2050-06-01", "sure": "yes"}
    )
    assert answer.status == 303, answer.text
    clocks = [f"{show.start_time.astimezone(show.zone):%H:%M}" for show in await shows_of(office, run)]
    assert sorted(clocks) == ["00:30", "15:00", "20:15"]
    for wrong in ("13:00 PM", "0:30 am", "PM"):
        assert (await owner.post(path, {**RULE, "times": wrong})).status == 400


async def test_a_show_of_a_run_leads_back_to_it(owner: Staff, run: str, played: list[Show]) -> None:
    page = await owner.get(f"/office/shows/{played[0].id}")
    assert f'<a href="/office/productions/{run}">Run</a>' in page.html


class TestPublishing:
    async def test_a_run_is_published_with_two_presses(self, owner: Staff, run: str, office: BackOffice) -> None:
        """Drafts have a button, which leads to the preview of that change alone."""
        await owner.post(f"/office/productions/{run}/shows/new", {**RULE, "sure": "yes"})
        page = await owner.get(f"/office/productions/{run}")
        form = form_with(page.html, "become")
        assert "Publish …" in page.text
        preview = await owner.post(form.action, form.with_fields())
        assert (preview.status, "18 shows change" in preview.text) == (200, True), preview.text
        sure = form_with(preview.html, "become")
        assert (await owner.post(sure.action, sure.with_fields(sure="yes"))).status == 303
        assert all(show.published for show in await shows_of(office, run))
        assert "Publish …" not in (await owner.get(f"/office/productions/{run}")).text


class TestPlacesOfARun:
    FORM: Final = {"name": "Press", "size": "4", "capacity": "house", "release_hours": "2", "scope": "to_come"}

    async def test_are_kept_in_all_shows_with_one_form(
        self, owner: Staff, run: str, played: list[Show], office: BackOffice
    ) -> None:
        path = f"/office/productions/{run}/allocation"
        assert "Keep places off sale" in (await owner.get(f"/office/productions/{run}")).text
        assert '<option value="House"' in (await owner.get(path)).html
        preview = await owner.post(path, self.FORM)
        assert (preview.status, "in 18 shows" in preview.text, "116" in preview.text) == (200, True, True), preview.text
        assert await allocations(office, played) == []
        sure = form_with(preview.html, "size")
        for _ in range(2):
            answer = await owner.post(path, sure.with_fields(sure="yes"))
            assert (answer.status, answer.location) == (303, f"/office/productions/{run}?done=places-kept")
        kept = await allocations(office, played)
        assert [(each.name, each.size) for each in kept] == [("Press", 4)] * 18
        assert [each.release_at for each in kept] == [show.start_time - timedelta(hours=2) for show in played]
        again = await owner.post(path, self.FORM)
        assert "Has one of this name already, of 4: it stays as it is." in again.text

    async def test_a_show_without_the_room_refuses_all(
        self, owner: Staff, run: str, played: list[Show], office: BackOffice
    ) -> None:
        path = f"/office/productions/{run}/allocation"
        [house] = (await office.get(f"/shows/{played[3].id}/capacities")).body["items"]
        await office.patch(f"/capacities/{house['id']}", size=3)
        preview = await owner.post(path, self.FORM)
        assert "1 show cannot have them, so nothing is kept in any." in preview.text
        assert "Only 3 places are left to allocate." in preview.text
        assert 'value="yes">Keep them' not in preview.html
        refused = await owner.post(path, {**self.FORM, "sure": "yes"})
        assert (refused.status, "only 3 places are left to allocate" in refused.text) == (409, True), refused.text
        assert await allocations(office, played) == []
        some = {**self.FORM, "scope": "these", "show": [str(played[0].id), str(played[1].id)], "sure": "yes"}
        assert (await owner.post(path, some)).status == 303
        assert len(await allocations(office, played)) == 2

    async def test_what_is_wrong_stands_beside_its_field(self, owner: Staff, run: str, played: list[Show]) -> None:
        path = f"/office/productions/{run}/allocation"
        for wrong, words in (
            ({"name": ""}, "Please fill this in."),
            ({"size": "0"}, "Please type a whole number from 1"),
            ({"scope": "these"}, "Please tick the shows"),
            ({"release_hours": "x"}, "Please type a whole number"),
        ):
            answer = await owner.post(path, {**self.FORM, **wrong})
            assert (answer.status, words in answer.text) == (400, True), answer.text
        no_such = await owner.post(path, {**self.FORM, "capacity": "Gallery"})
        assert "It has no capacity with the name 'Gallery'." in no_such.text

    async def test_others_cannot(self, hire: Hire, stranger: Staff, run: str, played: list[Show]) -> None:
        path = f"/office/productions/{run}/allocation"
        clerk = await hire(Role.BOX_OFFICE)
        assert ((await clerk.get(path)).status, (await clerk.post(path, self.FORM)).status) == (403, 403)
        assert ((await stranger.get(path)).status, (await stranger.post(path, self.FORM)).status) == (404, 404)

    async def test_programs_have_it_too(self, office: BackOffice, run: str, played: list[Show]) -> None:
        body = {"scope": "to_come", "name": "Press", "capacity": "House", "size": 4, "starting_at": "15:00"}
        preview = (await office.post(f"/productions/{run}/allocations", {**body, "dry_run": True})).body
        assert (preview["count"], preview["added"], preview["shows"][0]["allocation_id"]) == (9, 9, None)
        made = (await office.post(f"/productions/{run}/allocations", body)).body
        assert (made["count"], made["added"], made["shows"][0]["remaining"]) == (9, 9, 116)
        again = (await office.post(f"/productions/{run}/allocations", body)).body
        assert (again["added"], {each["was_there"] for each in again["shows"]}) == (0, {True})
        none = await office.post(f"/productions/{run}/allocations", {**body, "name": "Door", "capacity": "Gallery"})
        assert "The show of 2050-06-01 15:00: it has no capacity" in none.refused(400, "invalid_request")


async def allocations(office: BackOffice, shows: list[Show]) -> list[Allocation]:
    async with office.container.database()() as uow:
        return [each for show in shows for each in await uow.allocations.of_show(show.id, after=None, limit=10)]
