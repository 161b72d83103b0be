"""Productions over HTTP: added, changed, filled with shows by dates and rules, and changed many shows at once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.branding import Picture
from domain.tasks import TaskKind, TaskState
from tests.support.back_office import PROMO_CODE, SHOW, TICKET, BackOffice
from tests.support.box_office import BoxOffice, Json

NEW_YORK = "America/New_York"
STALLS = {"name": "Stalls", "price": "25.00", "quantity": 100}
#: Four evenings in June, from a Wednesday on.
RULE: Json = {"from": "2050-06-01", "count": 4, "weekdays": ["wednesday", "saturday"], "times": ["20:00"]}
EVENINGS = ["2050-06-01T20:00:00", "2050-06-04T20:00:00", "2050-06-08T20:00:00", "2050-06-11T20:00:00"]


async def added(office: BackOffice, **fields: Any) -> Json:
    """A new production in New York, whose shows have stalls."""
    answer = await office.post(
        "/productions", {"title": "Twelfth Night", "timezone": NEW_YORK, "tickets": [STALLS], **fields}
    )
    assert answer.status == 201, answer.content
    return answer.body


async def filled(office: BackOffice, production: Json, **fields: Any) -> list[Json]:
    """The new shows of the production, published, by the rule above unless another or dates are given."""
    body = {"published": True, **({} if fields.keys() & {"rule", "dates"} else {"rule": RULE}), **fields}
    answer = await office.post(f"/productions/{production['id']}/shows", body)
    assert answer.status == 200, answer.content
    return list(answer.body["shows"])


async def shows_of(office: BackOffice, production: Json) -> list[Json]:
    listed = await office.get(f"/shows?production={production['id']}&limit=100")
    return list(reversed(listed.body["items"]))


def starts(shows: list[Json]) -> list[str]:
    return [show["start_time"] for show in shows]


async def free_orders(box_office: BoxOffice, show: Json, count: int) -> None:
    """Some orders of a show's tickets, which cost nothing."""
    [ticket] = show["tickets"]
    for number in range(count):
        cart = {"show_id": show["id"], "tickets": [{"ticket_id": ticket["id"], "quantity": 1}]}
        buyer = {"name": "Ada Lovelace", "email": f"{uuid4().hex}{number}@example.org"}
        (await box_office.checkout(cart, customer=buyer)).created()


class TestProduction:
    async def test_is_added_listed_changed_and_deleted(self, office: BackOffice) -> None:
        address = {"line1": "21 New Globe Walk", "city": "London", "country": "GB"}
        production = await added(
            office,
            description="A comedy",
            venue="The Globe",
            venue_address=address,
            timezone="Europe/London",
            locale="en-GB",
            terms="No refunds",
            doors_minutes=45,
            duration_minutes=150,
        )
        assert production == {
            "id": production["id"],
            "title": "Twelfth Night",
            "description": "A comedy",
            "image_url": None,
            "venue": "The Globe",
            "venue_address": {"line2": "", "state": "", "postal_code": "", **address},
            "timezone": "Europe/London",
            "locale": "en-GB",
            "terms": "No refunds",
            "currency": "USD",
            "doors_minutes": 45,
            "duration_minutes": 150,
            "tickets": [
                {
                    **STALLS,
                    "description": "",
                    "is_donation_based": False,
                    "is_vip": False,
                    "hidden": False,
                    "capacity": None,
                    "places": 1,
                }
            ],
            "capacities": [],
            "url": production["url"],
        }
        assert production["url"].endswith(f"/productions/{production['id']}")
        path = f"/productions/{production['id']}"
        assert (await office.get(path)).body == production
        second = await added(office, title="Macbeth")
        first_page = (await office.get("/productions?limit=1")).body
        rest = (await office.get(f"/productions?limit=1&cursor={first_page['next_cursor']}")).body
        assert ([*first_page["items"], *rest["items"]], rest["next_cursor"]) == ([second, production], None)

        changed = (await office.patch(path, title="What You Will", venue_address=None, tickets=[])).body
        assert changed == {**production, "title": "What You Will", "venue_address": None, "tickets": []}
        assert (await office.patch(path)).body == changed
        assert (await office.delete(path)).status == 204
        (await office.get(path)).refused(404, "not_found")
        log = await office.audit_log(f"&subject_id={production['id']}")
        assert [entry["action"] for entry in log] == ["production.deleted", "production.changed", "production.added"]
        assert log[1]["after"] == {"title": "What You Will", "venue_address": None, "tickets": []}

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"title": ""}, "title"),
            ({"timezone": "Atlantis"}, "timezone"),
            ({"doors_minutes": -1}, "doors_minutes"),
            ({"duration_minutes": 20161}, "duration_minutes"),
            ({"tickets": [{**STALLS, "price": "25.001"}]}, "tickets[0].price"),
            ({"tickets": [STALLS, {**STALLS, "quantity": -1}]}, "tickets[1].quantity"),
            ({"tickets": [{**STALLS, "capacity": "House"}]}, "tickets[0].capacity"),
            ({"capacities": [{"name": "House", "size": -1}]}, "capacities[0].size"),
            ({"tickets": [{**STALLS, "color": "red"}]}, "tickets[0].color"),
            ({"venue_address": {"line1": "x", "city": "y", "country": "Atlantis"}}, None),
            ({"producer_id": str(uuid4())}, "producer_id"),
        ],
    )
    async def test_that_makes_no_sense_is_refused(self, office: BackOffice, fields: Json, field: str | None) -> None:
        production = await added(office)
        for answer in (
            await office.post("/productions", {"title": "Macbeth", **fields}),
            await office.patch(f"/productions/{production['id']}", **fields),
        ):
            answer.refused(400, "invalid_request")
            assert field in (None, answer.body["field"])
        assert (await office.get(f"/productions/{production['id']}")).body == production

    async def test_with_shows_stays(self, office: BackOffice) -> None:
        production = await added(office)
        [show] = await filled(office, production, dates=EVENINGS[:1])
        (await office.delete(f"/productions/{production['id']}")).refused(409, "conflict")
        await office.patch(f"/shows/{show['id']}", production_id=None)
        assert (await office.delete(f"/productions/{production['id']}")).status == 204
        assert (await office.get(f"/shows/{show['id']}")).body["production"] is None

    async def test_of_another_producer_does_not_exist(self, office: BackOffice, other_office: BackOffice) -> None:
        theirs = await added(other_office)
        [their_show] = await filled(other_office, theirs, dates=EVENINGS[:1])
        path, mine = f"/productions/{theirs['id']}", await added(office)
        change = {"scope": "to_come", "changes": {"title": "Macbeth"}}
        for answer in (
            await office.get(path),
            await office.patch(path, title="Macbeth"),
            await office.delete(path),
            await office.request("PUT", f"{path}/image", data=b"x"),
            await office.delete(f"{path}/image"),
            await office.post(f"{path}/shows", {"rule": RULE}),
            await office.post(f"{path}/shows", {"rule": RULE, "dry_run": True}),
            await office.patch(f"{path}/shows", **change),
            await office.patch(f"{path}/shows", **change, dry_run=True),
            await office.post("/shows", {**SHOW, "production_id": theirs["id"]}),
            await office.post(f"/productions/{mine['id']}/shows", {"rule": RULE, "template_show_id": their_show["id"]}),
            await office.post(f"/shows/{their_show['id']}/copy", {"start_time": EVENINGS[1]}),
        ):
            if answer.status != 400:  # the picture is looked at first
                answer.refused(404, "not_found")
        [show] = await filled(office, mine, dates=EVENINGS[:1])
        (await office.patch(f"/shows/{show['id']}", production_id=theirs["id"])).refused(404, "not_found")
        assert (await office.get(f"/shows?production={theirs['id']}")).body["items"] == []


class TestShows:
    async def test_by_a_rule_have_what_the_production_has(self, office: BackOffice) -> None:
        production = await added(office, venue="The Globe", terms="No refunds", description="A comedy")
        preview = await office.post(f"/productions/{production['id']}/shows", {"rule": RULE, "dry_run": True})
        assert (preview.status, preview.body["count"], preview.body["tickets"]) == (200, 4, ["Stalls"])
        assert {show["id"] for show in preview.body["shows"]} == {None}
        assert await shows_of(office, production) == []

        made = await filled(office, production)

        assert starts(made) == starts(preview.body["shows"]) == [f"{evening}-04:00" for evening in EVENINGS]
        shows = await shows_of(office, production)
        assert [show["id"] for show in shows] == [show["id"] for show in made]
        for show in shows:
            assert (show["title"], show["venue"], show["terms"]) == ("Twelfth Night", "The Globe", "No refunds")
            assert (show["published"], show["description"]) == (True, "")
            assert show["production"] == {"id": production["id"], "title": "Twelfth Night"}
            assert [(t["name"], t["quantity"], t["sold"]) for t in show["tickets"]] == [("Stalls", 100, 0)]
        (entry,) = await office.audit_log(f"&show_id={shows[0]['id']}")
        assert (entry["action"], entry["after"]["production_id"]) == ("show.added", production["id"])

    async def test_like_another_show_have_its_tickets_and_promo_codes(self, office: BackOffice) -> None:
        production = await added(office, tickets=[])
        [first] = await filled(office, production, dates=EVENINGS[:1])
        await office.post(f"/shows/{first['id']}/tickets", TICKET)
        vip = (await office.post(f"/shows/{first['id']}/tickets", {**TICKET, "name": "Box", "is_vip": True})).body
        await office.post(f"/shows/{first['id']}/promo-codes", {**PROMO_CODE, "ticket_ids": [vip["id"]]})
        await office.patch(f"/shows/{first['id']}", venue="Elsewhere", end_time="2050-06-02T01:00:00")

        made = await filled(
            office, production, dates=EVENINGS[1:3], template_show_id=first["id"], promo_codes=True, published=False
        )

        for new in made:
            show = (await office.get(f"/shows/{new['id']}")).body
            assert (show["venue"], show["published"], show["end_time"][11:16]) == ("Elsewhere", False, "01:00")
            assert sorted(ticket["name"] for ticket in show["tickets"]) == ["Box", "Stalls"]
            [code] = (await office.get(f"/shows/{new['id']}/promo-codes")).body["items"]
            [box] = [ticket["id"] for ticket in show["tickets"] if ticket["is_vip"]]
            assert (code["code"], code["ticket_ids"]) == ("TEST20", [box])

    async def test_share_a_house_of_which_a_part_is_kept(self, office: BackOffice, box_office: BoxOffice) -> None:
        adult = {"name": "Adult", "price": "0", "capacity": "House"}
        production = await added(office, tickets=[adult], capacities=[{"name": "House", "size": 10}])
        [first] = await filled(office, production, dates=EVENINGS[:1])
        [house] = (await office.get(f"/shows/{first['id']}/capacities")).body["items"]
        press = {"capacity_id": house["id"], "name": "Press", "size": 4, "release_at": "2050-06-01T12:00:00"}
        assert (await office.post(f"/shows/{first['id']}/allocations", press)).status == 201
        await free_orders(box_office, (await shows_of(office, production))[0], 3)

        [second] = await filled(office, production, dates=EVENINGS[1:2], template_show_id=first["id"])

        [copied] = (await office.get(f"/shows/{second['id']}/capacities")).body["items"]
        [kept] = (await office.get(f"/shows/{second['id']}/allocations")).body["items"]
        assert [copied[name] for name in ("name", "size", "held", "sold", "allocated", "remaining")] == [
            "House", 10, 0, 0, 4, 6,
        ]  # fmt: skip
        assert (kept["capacity_id"], kept["size"], kept["release_at"]) == (copied["id"], 4, "2050-06-04T16:00:00Z")
        show = (await shows_of(office, production))[1]
        assert show["tickets"][0]["remaining"] == 6
        await free_orders(box_office, show, 6)
        sold_out = {"show_id": show["id"], "tickets": [{"ticket_id": show["tickets"][0]["id"], "quantity": 1}]}
        (await box_office.checkout(sold_out)).refused(400, "tickets_unavailable")

    async def test_keep_their_hour_when_the_clocks_change(self, office: BackOffice) -> None:
        production = await added(office)
        rule = {
            "from": "2050-10-31",
            "count": 8,
            "frequency": "daily",
            "times": ["20:00"],
            "exceptions": ["2050-11-01"],
        }
        made = await filled(office, production, rule=rule)
        assert starts(made) == [
            *(f"2050-{day}T20:00:00-04:00" for day in ("10-31", "11-02", "11-03", "11-04", "11-05")),
            *(f"2050-11-{day}T20:00:00-05:00" for day in ("06", "07")),
        ]

    async def test_on_the_31st_leave_shorter_months_out(self, office: BackOffice) -> None:
        production = await added(office)
        rule = {"from": "2050-01-31", "count": 7, "frequency": "monthly", "times": ["20:00"]}
        made = await filled(office, production, rule=rule)
        assert [start[5:10] for start in starts(made)] == [
            "01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31",
        ]  # fmt: skip

    async def test_are_400_at_most(self, office: BackOffice) -> None:
        production = await added(office)
        path = f"/productions/{production['id']}/shows"
        days = {"from": "2050-01-01", "frequency": "daily", "times": ["14:00", "20:00"]}
        too_many = await office.post(path, {"rule": {**days, "until": "2050-07-20"}})
        assert "At most 400 shows" in too_many.refused(400, "invalid_request")
        assert await shows_of(office, production) == []

        made = await filled(office, production, rule={**days, "until": "2050-07-19"})
        assert len(made) == 400

        all_to_come = {"scope": "to_come", "changes": {"venue": "Elsewhere"}, "dry_run": True}
        assert (await office.patch(path, **all_to_come)).body["changed"] == 400
        await filled(office, production, dates=["2050-08-01T20:00:00"])
        assert "At most 400 shows" in (await office.patch(path, **all_to_come)).refused(400, "invalid_request")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "dates"),
            ({"dates": EVENINGS, "rule": RULE}, "dates"),
            ({"dates": []}, "dates"),
            ({"dates": ["2050-03-13T02:30:00"]}, "dates[0]"),
            ({"dates": [*EVENINGS, "2050-06-01T20:00:00-04:00"]}, "dates[4]"),
            (
                {"rule": {**RULE, "from": "2050-03-12", "frequency": "daily", "weekdays": [], "times": ["02:30"]}},
                "rule",
            ),
            ({"rule": {**RULE, "additional": ["2050-11-06T01:30:00"]}}, "rule.additional[0]"),
            ({"rule": {**RULE, "times": ["24:00"]}}, "rule.times[0]"),
            ({"rule": {**RULE, "times": []}}, "rule.times"),
            ({"rule": {**RULE, "exceptions": ["tomorrow"]}}, "rule.exceptions[0]"),
            ({"rule": {**RULE, "exceptions": ["2050-06-01T20:00:00Z"]}}, "rule.exceptions[0]"),
            ({"rule": {**RULE, "until": "2050-07-01"}}, "rule.until"),
            ({"rule": {**RULE, "from": "9999-12-31"}}, "rule.from"),
            ({"rule": {**RULE, "frequency": "yearly"}}, "rule.frequency"),
        ],
    )
    async def test_that_make_no_sense_are_refused_all_together(
        self, office: BackOffice, body: Json, field: str
    ) -> None:
        production = await added(office)
        answer = await office.post(f"/productions/{production['id']}/shows", body)
        answer.refused(400, "invalid_request")
        assert answer.body["field"] == field
        assert await shows_of(office, production) == []

    async def test_asked_for_twice_at_once_are_made_once(self, office: BackOffice) -> None:
        production = await added(office)
        path = f"/productions/{production['id']}/shows"
        answers = await asyncio.gather(*(office.post(path, {"rule": RULE}) for _ in range(4)))
        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
        assert len(await shows_of(office, production)) == 4

    async def test_may_be_put_into_a_production_afterwards(self, office: BackOffice) -> None:
        production = await added(office)
        show = (await office.post("/shows", {**SHOW, "production_id": production["id"]})).body
        other = (await office.post("/shows", SHOW)).body
        moved = (await office.patch(f"/shows/{other['id']}", production_id=production["id"])).body
        assert show["production"] == moved["production"] == {"id": production["id"], "title": "Twelfth Night"}


class TestCopy:
    async def test_has_what_the_show_has_at_another_time(self, office: BackOffice) -> None:
        production = await added(office, tickets=[])
        show = (await office.post("/shows", {**SHOW, "description": "A comedy", "venue": "The Globe"})).body
        await office.patch(f"/shows/{show['id']}", production_id=production["id"], published=True)
        await office.post(f"/shows/{show['id']}/tickets", TICKET)
        await office.post(f"/shows/{show['id']}/promo-codes", PROMO_CODE)

        answer = await office.post(f"/shows/{show['id']}/copy", {"start_time": "2050-07-01T19:00:00Z"})

        copy = answer.body
        assert (answer.status, copy["id"] == show["id"], copy["published"]) == (201, False, False)
        assert (copy["title"], copy["description"], copy["venue"]) == ("Twelfth Night", "A comedy", "The Globe")
        assert copy["production"]["id"] == production["id"]
        times = ("door_time", "start_time", "end_time")
        assert [copy[name] for name in times] == [SHOW[name].replace("06-01", "07-01") for name in times]
        assert [(t["name"], t["quantity"], t["remaining"]) for t in copy["tickets"]] == [("Stalls", 100, 100)]
        assert (await office.get(f"/shows/{copy['id']}/promo-codes")).body["items"] == []
        again = await office.post(f"/shows/{show['id']}/copy", {"start_time": "2050-07-01T19:00:00Z"})
        again.refused(409, "conflict")

    async def test_may_differ(self, office: BackOffice) -> None:
        show = (await office.post("/shows", SHOW)).body
        await office.post(f"/shows/{show['id']}/promo-codes", PROMO_CODE)
        body = {
            "start_time": "2050-07-01T20:00:00",
            "door_time": "2050-07-01T18:00:00",
            "end_time": "2050-07-01T23:30:00",
            "title": "Macbeth",
            "promo_codes": True,
            "published": True,
        }
        copy = (await office.post(f"/shows/{show['id']}/copy", body)).body
        assert [copy[name] for name in ("title", "door_time", "end_time", "published")] == [
            "Macbeth", "2050-07-01T18:00:00Z", "2050-07-01T23:30:00Z", True,
        ]  # fmt: skip
        [code] = (await office.get(f"/shows/{copy['id']}/promo-codes")).body["items"]
        assert (code["code"], code["uses"]) == ("TEST20", 0)
        wrong = await office.post(f"/shows/{show['id']}/copy", {"start_time": "2050-07-01T20:00:00+02:00"})
        assert wrong.refused(400, "invalid_request")
        assert wrong.body["field"] == "start_time"


class TestRunChange:
    async def change(self, office: BackOffice, production: Json, **body: Any) -> Json:
        answer = await office.patch(f"/productions/{production['id']}/shows", **body)
        assert answer.status == 200, answer.content
        return answer.body

    async def test_moves_the_start_of_all_shows_to_come(self, office: BackOffice, box_office: BoxOffice) -> None:
        """The preview says how many buyers of which shows get a mail, and then they do."""
        production = await added(office, tickets=[{**STALLS, "price": "0"}])
        await filled(office, production)
        shows = await shows_of(office, production)
        await office.patch(f"/shows/{shows[3]['id']}", cancelled=True)
        await free_orders(box_office, shows[0], 2)
        await free_orders(box_office, shows[2], 1)
        body: Json = {"scope": "to_come", "changes": {"start_time": "19:30"}}

        preview = await self.change(office, production, **body, dry_run=True)
        assert await shows_of(office, production) == [
            *(await shows_of(office, production))[:3], {**shows[3], "cancelled": True},
        ]  # fmt: skip
        assert starts(await shows_of(office, production)) == starts(shows)
        done = await self.change(office, production, **body)

        assert done == {**preview, "dry_run": False}
        assert (preview["count"], preview["changed"], preview["mails"]) == (3, 3, 3)
        assert [(show["id"], show["mails"]) for show in preview["shows"]] == [
            (shows[0]["id"], 2), (shows[1]["id"], 0), (shows[2]["id"], 1),
        ]  # fmt: skip
        assert done["shows"][0]["before"]["start_time"] == "2050-06-01T20:00:00-04:00"
        assert done["shows"][0]["after"] == {
            "door_time": "2050-06-01T19:00:00-04:00",
            "start_time": "2050-06-01T19:30:00-04:00",
            "end_time": "2050-06-01T21:30:00-04:00",
        }
        assert starts(await shows_of(office, production))[:3] == [
            evening.replace("T20:00", "T19:30") + "-04:00" for evening in EVENINGS[:3]
        ]
        assert starts(await shows_of(office, production))[3] == starts(shows)[3]
        nothing = await self.change(office, production, **body)
        assert (nothing["count"], nothing["changed"], nothing["mails"]) == (3, 0, 0)

    async def test_may_be_for_the_evenings_alone(self, office: BackOffice) -> None:
        production = await added(office)
        await filled(office, production, rule={**RULE, "times": ["15:00", "20:00"]})
        path, earlier = f"/productions/{production['id']}/shows", {"start_time": "19:30"}
        every = await office.patch(path, scope="to_come", changes=earlier)
        assert "Two shows of the production would start at 2050-06-01 19:30" in every.refused(409, "conflict")

        evenings = await self.change(office, production, scope="to_come", starting_at="20:00", changes=earlier)

        assert (evenings["count"], evenings["changed"]) == (2, 2)
        hours = [start[11:16] for start in starts(await shows_of(office, production))]
        assert hours == ["15:00", "19:30", "15:00", "19:30"]
        matinee = {"scope": "to_come", "starting_at": "15:00", "since": "2050-06-04"}
        (await office.patch(path, **matinee, changes=earlier)).refused(409, "conflict")

    async def test_may_be_for_these_or_from_a_day_on(self, office: BackOffice) -> None:
        production = await added(office)
        await filled(office, production)
        ids = [show["id"] for show in await shows_of(office, production)]

        these = await self.change(office, production, scope="these", show_ids=ids[1:3], changes={"venue": "Elsewhere"})
        this = await self.change(office, production, scope="this", show_ids=ids[:1], changes={"title": "Première"})
        late = await self.change(office, production, scope="to_come", since="2050-06-08", changes={"terms": "None"})

        assert [(answer["count"], answer["changed"]) for answer in (these, this, late)] == [(2, 2), (1, 1), (2, 2)]
        after = await shows_of(office, production)
        assert [show["venue"] for show in after] == ["", "Elsewhere", "Elsewhere", ""]
        assert [show["title"] for show in after] == ["Première", *["Twelfth Night"] * 3]
        assert [show["terms"] for show in after] == ["", "", "None", "None"]
        (entry,) = await office.audit_log(f"&show_id={ids[1]}&action=show.changed")
        assert (entry["before"], entry["after"]) == ({"venue": ""}, {"venue": "Elsewhere"})

    async def test_puts_a_whole_run_on_sale_on_one_morning(self, office: BackOffice, box_office: BoxOffice) -> None:
        production = await added(office)
        await filled(office, production)
        opening = {"on_sale_at": "2050-04-01T10:00:00", "sells_until": "start", "renames_until_hours": 24}
        done = await self.change(office, production, scope="to_come", changes=opening)
        assert (done["changed"], done["mails"]) == (4, 0)
        for show in await shows_of(office, production):
            assert (show["on_sale_at"], show["sells_until"]) == ("2050-04-01T10:00:00-04:00", "start")
            assert show["renames_until_hours"] == 24
        found = (await box_office.get(f"/api/v1/productions/{production['id']}")).body["shows"]
        assert {show["status"] for show in found} == {"upcoming"}
        late = {"on_sale_at": "2050-06-08T20:00:00"}
        refused = await office.patch(f"/productions/{production['id']}/shows", scope="to_come", changes=late)
        assert "The show of 2050-06-01 20:00" in refused.refused(400, "invalid_request")

    async def test_cancels_a_whole_run(self, office: BackOffice, box_office: BoxOffice) -> None:
        production = await added(office, tickets=[{**STALLS, "price": "0"}])
        await filled(office, production)
        shows = await shows_of(office, production)
        await free_orders(box_office, shows[1], 2)
        done = await self.change(office, production, scope="to_come", changes={"cancelled": True})
        assert (done["changed"], done["mails"]) == (4, 2)
        assert {show["cancelled"] for show in await shows_of(office, production)} == {True}
        async with box_office.unit_of_work() as uow:
            mails = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100_000)
            done_mails = await uow.task_admin.in_state(TaskState.DONE, after=None, limit=100_000)
            told = {task.about_order for task in [*mails, *done_mails] if task.kind is TaskKind.SHOW_CANCELLED_MAIL}
            orders = [
                order.id for order in (await uow.orders.get_all(told)).values() if order.show_id == UUID(shows[1]["id"])
            ]
        assert len(orders) == 2

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"scope": "this", "changes": {}}, "show_ids"),
            ({"scope": "all", "changes": {}}, "scope"),
            ({"scope": "to_come", "changes": {"start_time": "7:30"}}, "changes.start_time"),
            ({"scope": "to_come", "changes": {"title": ""}}, "title"),
            ({"scope": "to_come", "changes": {"timezone": "UTC"}}, "changes.timezone"),
            ({"scope": "to_come", "changes": {"start_time": "19:00", "door_time": "20:00"}}, "door_time"),
        ],
    )
    async def test_that_makes_no_sense_is_refused(self, office: BackOffice, body: Json, field: str) -> None:
        production = await added(office)
        await filled(office, production)
        before = await shows_of(office, production)
        answer = await office.patch(f"/productions/{production['id']}/shows", **body)
        answer.refused(400, "invalid_request")
        assert answer.body["field"] == field
        assert await shows_of(office, production) == before

    async def test_of_many_at_once_and_of_one_take_turns(self, office: BackOffice, box_office: BoxOffice) -> None:
        """Changes of the run, of single shows and of their buyers take their locks in one order."""
        production = await added(office, tickets=[{**STALLS, "price": "0"}])
        await filled(office, production)
        shows = await shows_of(office, production)
        path = f"/productions/{production['id']}/shows"
        backwards = [show["id"] for show in reversed(shows)]
        answers = await asyncio.gather(
            *(office.patch(path, scope="to_come", changes={"venue": f"Hall {n}"}) for n in range(3)),
            *(
                office.patch(path, scope="these", show_ids=backwards, changes={"start_time": f"19:0{n}"})
                for n in range(3)
            ),
            *(office.patch(f"/shows/{show['id']}", venue="Elsewhere") for show in shows),
            office.post(path, {"dates": ["2050-08-01T20:00:00"]}),
        )
        buying = [free_orders(box_office, show, 3) for show in shows]
        await asyncio.gather(*buying, office.patch(path, scope="to_come", changes={"end_time": "23:30"}))
        assert {answer.status for answer in answers} == {200}
        assert {show["end_time"][11:16] for show in await shows_of(office, production)} == {"23:30"}
        assert [show["tickets"][0]["sold"] for show in await shows_of(office, production)] == [3, 3, 3, 3, 0]

    async def test_is_for_all_or_none(self, office: BackOffice) -> None:
        """One of the shows was cancelled, or plays when the clocks skip the hour."""
        production = await added(office)
        nights = ["2050-03-12T01:30:00", "2050-03-13T01:30:00", "2050-03-14T01:30:00"]
        await filled(office, production, dates=nights)
        shows = await shows_of(office, production)
        path, ids = f"/productions/{production['id']}/shows", [show["id"] for show in shows]
        skipped = await office.patch(path, scope="to_come", changes={"start_time": "02:30"})
        assert "The show of 2050-03-13 01:30" in skipped.refused(400, "invalid_request")
        await office.patch(f"/shows/{ids[2]}", cancelled=True)
        (await office.patch(path, scope="these", show_ids=ids, changes={"title": "Macbeth"})).refused(409, "conflict")
        (await office.patch(path, scope="these", show_ids=[ids[0], str(uuid4())], changes={})).refused(404, "not_found")
        assert {show["title"] for show in await shows_of(office, production)} == {"Twelfth Night"}
        assert starts(await shows_of(office, production)) == starts(shows)


class TestForBuyers:
    async def test_is_there_once_a_show_is_published(self, office: BackOffice, box_office: BoxOffice) -> None:
        production = await added(office, description="A comedy", venue="The Globe")
        path = f"/api/v1/productions/{production['id']}"
        (await box_office.get(path)).refused(404, "not_found")
        [draft] = await filled(office, production, dates=EVENINGS[:1], published=False)
        (await box_office.get(path)).refused(404, "not_found")
        await office.patch(f"/shows/{draft['id']}", published=True)

        found = (await box_office.get(path)).body

        assert found == {
            "id": production["id"],
            "title": "Twelfth Night",
            "description": "A comedy",
            "image_url": None,
            "venue": "The Globe",
            "venue_address": None,
            "timezone": NEW_YORK,
            "locale": "en-US",
            "currency": "USD",
            "producer": {"id": str(office.producer.id), "name": office.producer.name},
            "url": production["url"],
            "show_count": 1,
            "shows": [
                {
                    "id": draft["id"],
                    "title": "Twelfth Night",
                    "door_time": "2050-06-01T19:30:00-04:00",
                    "start_time": "2050-06-01T20:00:00-04:00",
                    "end_time": "2050-06-01T22:00:00-04:00",
                    "timezone": NEW_YORK,
                    "venue": "The Globe",
                    "status": "on_sale",
                    "price_from": "27.57",
                    "on_sale_at": None,
                }
            ],
        }

    async def test_says_what_can_be_bought(self, office: BackOffice, box_office: BoxOffice) -> None:
        production = await added(office)
        await filled(office, production)
        shows = await shows_of(office, production)
        few, gone, off, _ = shows
        await office.patch(f"/tickets/{few['tickets'][0]['id']}", quantity=10)
        await office.patch(f"/tickets/{gone['tickets'][0]['id']}", quantity=0)
        await office.patch(f"/shows/{off['id']}", cancelled=True)
        [empty] = await filled(office, {**production, "tickets": []}, dates=["2050-07-01T20:00:00"])
        [ticket] = (await office.get(f"/shows/{empty['id']}")).body["tickets"]
        await office.delete(f"/tickets/{ticket['id']}")

        found = (await box_office.get(f"/api/v1/productions/{production['id']}")).body

        assert [(show["status"], show["price_from"]) for show in found["shows"]] == [
            ("few_left", "27.57"), ("sold_out", None), ("cancelled", None), ("on_sale", "27.57"), ("no_tickets", None),
        ]  # fmt: skip
        listed = (await box_office.get(f"/api/v1/shows?production={production['id']}")).body["items"]
        assert [show["id"] for show in listed] == [few["id"], gone["id"], shows[3]["id"], empty["id"]]
        assert {show["production"]["id"] for show in listed} == {production["id"]}

    async def test_says_what_cannot_be_bought_yet_or_any_more(self, office: BackOffice, box_office: BoxOffice) -> None:
        production = await added(office)
        await filled(office, production)
        soon, over, *_ = await shows_of(office, production)
        await office.patch(f"/shows/{soon['id']}", on_sale_at="2050-04-01T10:00:00")
        await office.patch(f"/shows/{over['id']}", off_sale_at="2020-04-01T10:00:00")
        found = (await box_office.get(f"/api/v1/productions/{production['id']}")).body["shows"]
        assert [(show["status"], show["price_from"], show["on_sale_at"]) for show in found[:3]] == [
            ("upcoming", "27.57", "2050-04-01T10:00:00-04:00"), ("sale_ended", None, None), ("on_sale", "27.57", None),
        ]  # fmt: skip

    async def test_a_show_has_its_description_unless_it_has_its_own(
        self, office: BackOffice, box_office: BoxOffice
    ) -> None:
        production = await added(office, description="A comedy")
        first, second, *_ = await filled(office, production)
        await office.patch(f"/shows/{second['id']}", description="Opening night")
        described = [
            (await box_office.get(f"/api/v1/shows/{show['id']}")).body["description"] for show in (first, second)
        ]
        assert described == ["A comedy", "Opening night"]
        assert (await office.get(f"/shows/{first['id']}")).body["description"] == ""

    async def test_that_is_over_is_still_there(self, office: BackOffice, box_office: BoxOffice) -> None:
        production = await added(office)
        await filled(office, production, dates=["2020-06-01T20:00:00"])
        found = (await box_office.get(f"/api/v1/productions/{production['id']}")).body
        assert (found["show_count"], found["shows"]) == (0, [])


async def test_image_of_a_production_is_the_image_of_its_shows(office: BackOffice, box_office: BoxOffice) -> None:
    production = await added(office)
    await filled(office, production, dates=EVENINGS[:1])
    image = Picture.of(uuid4().hex, width=16, height=9)
    async with box_office.unit_of_work() as uow:
        await uow.pictures.add(image, b"content")
        stored = await uow.productions.get(UUID(production["id"]))
        assert stored
        await uow.productions.save(stored.changed(image=image))
        await uow.commit()
    assert (await office.get(f"/productions/{production['id']}")).body["image_url"].endswith(image.name)
    [show] = await shows_of(office, production)
    assert image.name in (await box_office.get(f"/shows/{show['id']}")).content.decode()
    removed = await office.delete(f"/productions/{production['id']}/image")
    assert removed.body == {"image_url": None}
    async with box_office.unit_of_work() as uow:
        assert await uow.pictures.content(image) is None
