"""A producer's shows: added, listed, changed, published, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.back_office import SHOW, TICKET, BackOffice
from tests.support.box_office import BoxOffice
from tests.support.factories import show as a_show

OVER_LONG = "x" * 10_001


async def added(office: BackOffice, **fields: Any) -> dict[str, Any]:
    """A new show."""
    answer = await office.post("/shows", {**SHOW, **fields})
    assert answer.status == 201, answer.content
    return answer.body


async def test_show_is_added_as_a_draft(office: BackOffice) -> None:
    show = await added(
        office, description="A comedy", venue="The Globe", timezone="Europe/London", locale="en-GB", terms="No refunds"
    )
    assert show == {
        "id": show["id"],
        "title": "Twelfth Night",
        "description": "A comedy",
        "door_time": "2050-06-01T19:30:00+01:00",
        "start_time": "2050-06-01T20:00:00+01:00",
        "end_time": "2050-06-01T23:00:00+01:00",
        "timezone": "Europe/London",
        "locale": "en-GB",
        "venue": "The Globe",
        "venue_address": None,
        "terms": "No refunds",
        "currency": "USD",
        "cancelled": False,
        "published": False,
        "renames_until_hours": None,
        "exchanges_until_hours": None,
        "on_sale_at": None,
        "off_sale_at": None,
        "sells_until": "end",
        "producer": {"id": str(office.producer.id), "name": "Globe Theatre"},
        "production": None,
        "re_entry": False,
        "offline_new_codes": False,
        "tickets": [],
    }
    assert (await office.get(f"/shows/{show['id']}")).body == show
    (entry,) = await office.audit_log(f"&show_id={show['id']}")
    assert (entry["action"], entry["after"]["title"], entry["before"]) == ("show.added", "Twelfth Night", {})


async def test_times_without_an_offset_are_the_venues_clock(office: BackOffice) -> None:
    times = {
        "door_time": "2050-12-05T18:30:00",
        "start_time": "2050-12-05T19:00:00",
        "end_time": "2050-12-05T22:00:00-05:00",
    }
    show = await added(office, timezone="America/New_York", **times)
    assert [show[name] for name in times] == [
        "2050-12-05T18:30:00-05:00",
        "2050-12-05T19:00:00-05:00",
        "2050-12-05T22:00:00-05:00",
    ]

    elsewhere = (await office.patch(f"/shows/{show['id']}", timezone="America/Chicago")).body

    assert [elsewhere[name] for name in times] == [
        "2050-12-05T18:30:00-06:00",
        "2050-12-05T19:00:00-06:00",
        "2050-12-05T22:00:00-06:00",
    ]
    assert (await office.get(f"/shows/{show['id']}")).body == elsewhere


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("2050-12-05T19:00:00-04:00", "write 2050-12-05T19:00:00-05:00, or leave the offset out"),
        ("2050-03-13T02:30:00", "the clocks in America/New_York skip 2050-03-13T02:30"),
        ("2050-11-06T01:30:00", "write 2050-11-06T01:30:00-04:00 or 2050-11-06T01:30:00-05:00"),
    ],
)
async def test_a_time_that_the_venue_does_not_have_is_refused(office: BackOffice, time: str, words: str) -> None:
    show = await added(office, timezone="America/New_York")
    for answer in (
        await office.post("/shows", {**SHOW, "timezone": "America/New_York", "end_time": time}),
        await office.patch(f"/shows/{show['id']}", end_time=time),
    ):
        assert words in answer.refused(400, "invalid_request")
        assert answer.body["field"] == "end_time"
    assert (await office.get(f"/shows/{show['id']}")).body == show


async def test_from_nothing_to_a_sale(office: BackOffice, box_office: BoxOffice) -> None:
    show = await added(office)
    (await box_office.get(f"/api/v1/shows/{show['id']}")).refused(404, "not_found")
    ticket = (await office.post(f"/shows/{show['id']}/tickets", TICKET)).body
    cart = {"show_id": show["id"], "tickets": [{"ticket_id": ticket["id"], "quantity": 2}]}
    (await box_office.checkout(cart)).refused(400, "show_unavailable")

    published = await office.patch(f"/shows/{show['id']}", published=True)

    assert published.body["published"] is True
    assert (await box_office.checkout(cart)).created()["total"] == "54.84"
    (own,) = (await office.get(f"/shows/{show['id']}")).body["tickets"]
    assert (own["quantity"], own["held"], own["sold"], own["remaining"]) == (100, 2, 0, 98)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "nul\0"}, "title"),
        ({"title": None}, "title"),
        ({"title": 7}, "title"),
        ({"description": OVER_LONG}, "description"),
        ({"description": "nul\0"}, "description"),
        ({"venue": "x" * 201}, "venue"),
        ({"terms": "x" * 1001}, "terms"),
        ({"door_time": "2050-06-01T18:30:00+02:00"}, "door_time"),
        ({"door_time": "1899-12-31T23:59:59Z"}, "door_time"),
        ({"end_time": "2201-01-01T00:00:00Z"}, "end_time"),
        ({"door_time": "2050-06-01T23:30:00Z"}, "start_time"),
        ({"end_time": "2050-06-01T18:59:59Z"}, "start_time"),
        ({"door_time": "tomorrow"}, "door_time"),
        ({"timezone": "Atlantis"}, "timezone"),
        ({"timezone": "localtime"}, "timezone"),
        ({"timezone": "posix/Europe/Paris"}, "timezone"),
        ({"locale": "xx-Nope-99"}, "locale"),
        ({"producer_id": str(uuid4())}, "producer_id"),
        ({"published": "yes"}, "published"),
    ],
)
async def test_show_that_makes_no_sense_is_refused(office: BackOffice, fields: dict[str, Any], field: str) -> None:
    answer = await office.post("/shows", {**SHOW, **fields})
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == field

    show = await added(office)
    patched = await office.patch(f"/shows/{show['id']}", **fields)
    patched.refused(400, "invalid_request")
    assert patched.body["field"] == field
    assert (await office.get(f"/shows/{show['id']}")).body == show


@pytest.mark.parametrize("missing", ["title", "door_time", "start_time", "end_time"])
async def test_show_needs_a_title_and_times(office: BackOffice, missing: str) -> None:
    answer = await office.post("/shows", {name: value for name, value in SHOW.items() if name != missing})
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == missing


async def test_limits_of_a_show_are_within(office: BackOffice) -> None:
    show = await added(
        office,
        title="x" * 200,
        venue="y" * 200,
        terms="z" * 1000,
        description="d" * 10_000,
        door_time="1900-01-01T00:00:00Z",
        end_time="2200-12-31T23:59:59Z",
    )
    assert len(show["description"]) == 10_000


async def test_only_the_fields_given_are_changed(office: BackOffice) -> None:
    show = await added(office, venue="The Globe")

    changed = (await office.patch(f"/shows/{show['id']}", title="Macbeth", published=True)).body
    assert changed == {**show, "title": "Macbeth", "published": True}
    assert (await office.patch(f"/shows/{show['id']}")).body == changed

    log = await office.audit_log(f"&subject_id={show['id']}&action=show.changed")
    assert [(entry["before"], entry["after"]) for entry in log] == [
        ({"title": "Twelfth Night", "published": False}, {"title": "Macbeth", "published": True})
    ]
    assert log[0]["token_id"] == str(office.token_id)
    assert log[0]["actor"] == "office"


async def test_buyers_see_the_change_at_once(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    await office.patch(f"/shows/{on_sale.id}", title="Macbeth")
    assert (await box_office.get(f"/api/v1/shows/{on_sale.id}")).body["title"] == "Macbeth"
    await office.patch(f"/shows/{on_sale.id}", published=False)
    (await box_office.get(f"/api/v1/shows/{on_sale.id}")).refused(404, "not_found")


async def test_deleted_show_is_gone_with_all_that_it_sold(office: BackOffice) -> None:
    show = await added(office, title="A mistake")
    ticket = (await office.post(f"/shows/{show['id']}/tickets", TICKET)).body
    code = (await office.post(f"/shows/{show['id']}/promo-codes", {"code": "X", "discount": "1"})).body

    deleted = await office.delete(f"/shows/{show['id']}")

    assert (deleted.status, deleted.content) == (204, b"")
    for gone in (f"/shows/{show['id']}", f"/tickets/{ticket['id']}", f"/promo-codes/{code['id']}"):
        (await office.delete(gone)).refused(404, "not_found")
    (entry,) = await office.audit_log("&action=show.deleted")
    assert (entry["subject_id"], entry["before"]["title"], entry["after"]) == (show["id"], "A mistake", {})


@pytest.mark.parametrize("ends", ["held", "sold", "cancelled"])
async def test_show_with_orders_stays(office: BackOffice, box_office: BoxOffice, ends: str) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    if ends == "sold":
        await box_office.pay(placed)
        await box_office.come_back(placed)
    elif ends == "cancelled":
        await box_office.cancel(placed)

    (await office.delete(f"/shows/{on_sale.id}")).refused(409, "conflict")

    assert (await office.get(f"/shows/{on_sale.id}")).status == 200
    assert (await box_office.order(placed)).status == 200


class TestList:
    async def test_has_drafts_and_what_is_over_the_last_first(self, office: BackOffice) -> None:
        titles = {"2020": "over", "2030": "sooner", "2040": "later"}
        for year, title in titles.items():
            await added(
                office,
                title=title,
                door_time=f"{year}-06-01T18:30:00Z",
                start_time=f"{year}-06-01T19:00:00Z",
                end_time=f"{year}-06-01T22:00:00Z",
            )
        listed = (await office.get("/shows")).body
        assert [show["title"] for show in listed["items"]] == ["later", "sooner", "over"]
        assert listed["next_cursor"] is None

    async def test_of_a_newcomer_is_empty(self, office: BackOffice, other_office: BackOffice) -> None:
        await added(other_office)
        assert (await office.get("/shows")).body == {"items": [], "next_cursor": None}

    @pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, 100])
    async def test_pages_follow_one_another_without_gap_or_repetition(self, office: BackOffice, limit: int) -> None:
        ids = {(await added(office, title=str(number)))["id"] for number in range(5)}
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await office.get(f"/shows?limit={limit}&cursor={cursor}")).body
            assert len(page["items"]) <= limit
            seen += [show["id"] for show in page["items"]]
            cursor = page["next_cursor"]
        assert len(seen) == 5
        assert set(seen) == ids

    async def test_show_that_is_added_while_somebody_turns_pages_disturbs_nobody(self, office: BackOffice) -> None:
        async with office.container.database()() as uow:
            for hour in range(4):
                start = datetime(2050, 1, 1, hour, tzinfo=UTC)
                await uow.shows.add(
                    a_show(by=office.producer, door_time=start, start_time=start, end_time=start + timedelta(hours=1))
                )
            await uow.commit()
        first = (await office.get("/shows?limit=2")).body
        await added(office, title="new, in front of all")
        second = (await office.get(f"/shows?limit=2&cursor={first['next_cursor']}")).body
        starts = [show["start_time"][11:13] for show in first["items"] + second["items"]]
        assert starts == ["03", "02", "01", "00"]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("cursor=x", "cursor"),
            ("cursor=%00", "cursor"),
        ],
    )
    async def test_page_that_makes_no_sense_is_refused(self, office: BackOffice, query: str, field: str) -> None:
        answer = await office.get(f"/shows?{query}")
        answer.refused(400, "invalid_request")
        assert answer.body["field"] == field
