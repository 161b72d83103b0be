"""Productions, the shows that are made of them, and new hours for a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.capacity import Allocation, Capacity
from domain.catalog import Show, Ticket
from domain.errors import Conflict, InvalidRequest
from domain.inventory import Inventory
from domain.production import (
    MAX_MINUTES,
    CapacityDefault,
    NewShow,
    Original,
    Production,
    SaleTimes,
    Template,
    TicketDefault,
    new_shows,
    times_around,
)
from domain.promotions import TicketPromoCode
from domain.schedule import Frequency, Rule, Start, Weekday
from domain.timezones import NAMES, zone_of
from domain.venue_clock import VenueTime
from tests.support.factories import allocation, capacity, promo_code, show, ticket, venue_address

NEW_YORK = "America/New_York"
at = datetime.fromisoformat
STALLS = TicketDefault(name="Stalls", price=25_00, quantity=100)
HOUSE = CapacityDefault(name="House", size=100)


def production(**fields: Any) -> Production:
    return Production.planned(**{"id": uuid4(), "producer_id": uuid4(), "title": "Hamlet", **fields})


def template_of(original: Show, *tickets: Ticket, codes: tuple[TicketPromoCode, ...] = (), **fields: Any) -> Template:
    return Template.of(Original(show=original, tickets=tickets, promo_codes=codes, **fields))


def made(of: Production | Template, *starts: str | Start, existing: Any = (), **fields: Any) -> list[NewShow]:
    template = of.template() if isinstance(of, Production) else of
    asked = [each if isinstance(each, Start) else Start(at(each), "dates") for each in starts]
    return new_shows(template, asked, existing, new_id=uuid4, producer_id=uuid4(), **fields)


def hours(new: NewShow) -> list[str]:
    """Doors, start and end on the venue's clock."""
    evening = new.show
    return [f"{moment:%d %H:%M%z}" for moment in (evening.door_there, evening.start_there, evening.end_there)]


class TestProduction:
    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"title": " "}, "title"),
            ({"title": "two\nlines"}, "title"),
            ({"description": "x" * 10_001}, "description"),
            ({"venue": "x" * 201}, "venue"),
            ({"terms": "x" * 1001}, "terms"),
            ({"timezone": "Atlantis"}, "timezone"),
            ({"locale": "xx-Nope-99"}, "locale"),
            ({"doors_minutes": -1}, "doors_minutes"),
            ({"duration_minutes": MAX_MINUTES + 1}, "duration_minutes"),
            ({"tickets": (STALLS, TicketDefault(name="", price=1, quantity=1))}, "tickets[1].name"),
            ({"tickets": (TicketDefault(name="x", price=-1, quantity=1),)}, "tickets[0].price"),
            ({"tickets": (TicketDefault(name="x", price=1, quantity=1_000_001),)}, "tickets[0].quantity"),
            ({"tickets": (STALLS,) * 101}, "tickets"),
            ({"tickets": (replace(STALLS, quantity=None),)}, "tickets[0].quantity"),
            ({"tickets": (replace(STALLS, capacity="House"),)}, "tickets[0].capacity"),
            ({"tickets": (replace(STALLS, capacity="House", places=0),), "capacities": (HOUSE,)}, "tickets[0].places"),
            ({"capacities": (HOUSE, CapacityDefault(name="Pit", size=-1))}, "capacities[1].size"),
            ({"capacities": (HOUSE, HOUSE)}, "capacities"),
            ({"capacities": tuple(CapacityDefault(name=str(n), size=1) for n in range(51))}, "capacities"),
        ],
    )
    def test_that_makes_no_sense_is_refused(self, fields: dict[str, Any], field: str) -> None:
        for attempt in (production, production().changed):
            with pytest.raises(InvalidRequest) as refusal:
                attempt(**fields)
            assert refusal.value.field == field

    def test_keeps_what_is_not_changed(self) -> None:
        before = production(venue="The Globe", tickets=(STALLS,))
        after = before.changed(title="Macbeth")
        assert (after.title, after.venue, after.tickets) == ("Macbeth", "The Globe", (STALLS,))


class TestNewShow:
    def test_has_what_the_production_has(self) -> None:
        globe = production(
            description="A prince.",
            venue="The Globe",
            venue_address=venue_address(),
            timezone=NEW_YORK,
            locale="en-GB",
            terms="No refunds",
            doors_minutes=45,
            duration_minutes=150,
            tickets=(STALLS,),
        )
        [new] = made(globe, "2027-06-01T20:00")
        evening = new.show
        assert hours(new) == ["01 19:15-0400", "01 20:00-0400", "01 22:30-0400"]
        assert (evening.title, evening.venue, evening.terms, evening.locale) == (
            "Hamlet", "The Globe", "No refunds", "en-GB",
        )  # fmt: skip
        assert (evening.production_id, evening.venue_address) == (globe.id, venue_address())
        assert (evening.description, evening.image, evening.published) == ("", None, False)
        [stalls] = new.tickets
        assert (stalls.show_id, stalls.name, stalls.price, stalls.inventory.remaining) == (
            evening.id, "Stalls", 25_00, 100,
        )  # fmt: skip

    def test_has_a_house_that_its_ticket_types_share(self) -> None:
        adult, family = (
            TicketDefault(name=name, price=price, quantity=None, capacity="House", places=places)
            for name, price, places in (("Adult", 25_00, 1), ("Family", 60_00, 4))
        )
        play = production(tickets=(adult, family, STALLS), capacities=(HOUSE,))
        first, second = made(play, "2027-06-01T20:00", "2027-06-02T20:00")
        for new in (first, second):
            [house] = new.capacities
            assert (house.show_id, house.name, house.size, house.remaining) == (new.show.id, "House", 100, 100)
            assert [(ticket.capacity_id, ticket.places) for ticket in new.tickets] == [
                (house.id, 1), (house.id, 4), (None, 1),
            ]  # fmt: skip
        assert first.capacities[0].id != second.capacities[0].id

    def test_of_another_show_has_its_tickets_and_none_of_its_sales(self) -> None:
        doors = datetime(2027, 6, 1, 23, tzinfo=UTC)
        first = show(
            description="Opening night", timezone=NEW_YORK, door_time=doors, start_time=doors + timedelta(hours=1),
            end_time=doors + timedelta(hours=3), production_id=uuid4(),
        )  # fmt: skip
        stalls = ticket(of=first, quantity=50, held=3, sold=7, is_vip=True, description="Rows 1 to 9")
        house = capacity(of=first)
        press = allocation(of=house)
        code = promo_code(
            of=first,
            allocation_id=press.id,
            ticket_ids=frozenset({stalls.id}),
            opens_ticket_ids=frozenset({stalls.id}),
            max_uses=5,
            uses=2,
            valid_from=datetime(2027, 5, 1, 4, tzinfo=UTC),
            valid_until=first.start_time,
        )
        template = template_of(first, stalls, codes=(code,), capacities=(house,), allocations=(press,))
        [copy] = made(template, "2027-12-01T20:00")

        assert hours(copy) == ["01 19:00-0500", "01 20:00-0500", "01 22:00-0500"]
        assert (copy.show.description, copy.show.production_id) == ("Opening night", first.production_id)
        assert (copy.show.published, copy.show.cancelled) == (False, False)
        [seats] = copy.tickets
        assert (seats.inventory.quantity, seats.inventory.held, seats.inventory.sold) == (50, 0, 0)
        assert (seats.is_vip, seats.description, seats.show_id) == (True, "Rows 1 to 9", copy.show.id)
        [copied] = copy.promo_codes
        assert (copied.code, copied.discount, copied.max_uses, copied.uses) == ("TEST20", Decimal("0.20"), 5, 0)
        assert copied.ticket_ids == copied.opens_ticket_ids == {seats.id}
        assert [copied.allocation_id] == [kept.id for kept in copy.allocations] != [press.id]
        assert copied.valid_until == copy.show.start_time
        assert copied.valid_from == datetime(2027, 10, 31, 4, tzinfo=UTC), "midnight, a month before, in summer time"
        assert len({first.id, copy.show.id, stalls.id, seats.id, code.id, copied.id}) == 6

    @pytest.mark.parametrize(
        ("sale_times", "opens", "early_bird_ends", "closes"),
        [
            (SaleTimes.MOVE, "2027-10-01 10:00-0400", "2027-10-31 00:00-0400", "2027-12-01 18:00-0500"),
            (SaleTimes.KEEP, "2027-04-01 10:00-0400", "2027-05-01 00:00-0400", "2027-06-01 18:00-0400"),
        ],
    )
    def test_has_sale_times_as_far_from_it_or_the_same(
        self, sale_times: SaleTimes, opens: str, early_bird_ends: str, closes: str
    ) -> None:
        [first] = made(
            production(timezone=NEW_YORK),
            "2027-06-01T20:00",
            on_sale_at=at("2027-04-01T10:00"),
            off_sale_at=at("2027-06-01T18:00"),
        )
        early_bird = ticket(of=first.show, off_sale_at=VenueTime.showing(at("2027-05-01T00:00"), NEW_YORK))
        [copy] = made(template_of(first.show, early_bird, sale_times=sale_times), "2027-12-01T20:00")
        times = (copy.show.on_sale_at, copy.tickets[0].off_sale_at, copy.show.off_sale_at)
        there = [f"{time.there(NEW_YORK):%Y-%m-%d %H:%M%z}" for time in times if time]
        assert there == [opens, early_bird_ends, closes]

    def test_has_the_house_and_its_allocations_as_they_were_planned(self) -> None:
        first = show(timezone="UTC")
        house = Capacity(id=uuid4(), show_id=first.id, name="House", size=100, held=3, sold=30, allocated=8)
        press = Allocation(id=uuid4(), capacity_id=house.id, name="Press", size=10, sold=2, release_at=first.start_time)
        door = Allocation(id=uuid4(), capacity_id=house.id, name="Door", size=5, released_at=first.door_time)
        family = replace(ticket(of=first), inventory=Inventory(None, 0, 7), capacity_id=house.id, places=4)
        code = promo_code(of=first, allocation_id=press.id)
        original = Original(
            show=first, tickets=(family,), capacities=(house,), allocations=(press, door), promo_codes=(code,)
        )

        [copy] = made(Template.of(original), "2050-07-01T19:00")

        [seats], [copied] = copy.tickets, copy.capacities
        assert (seats.capacity_id, seats.places, seats.inventory) == (copied.id, 4, Inventory(None))
        assert (copied.show_id, copied.size, copied.held, copied.sold) == (copy.show.id, 100, 0, 0)
        assert copied.allocated == sum(allocation.remaining for allocation in copy.allocations) == 15
        assert {allocation.capacity_id for allocation in copy.allocations} == {copied.id}
        assert copy.allocations[0].release_at == copy.show.start_time
        assert copy.promo_codes[0].allocation_id == copy.allocations[0].id
        too_many = replace(original, allocations=(press, replace(door, size=91)))
        with pytest.raises(Conflict, match="allocations of House"):
            made(Template.of(too_many), "2050-07-01T19:00")

    def test_that_would_never_be_on_sale_is_refused(self) -> None:
        [first] = made(production(), "2027-06-01T20:00", on_sale_at=at("2027-04-01T10:00"))
        with pytest.raises(InvalidRequest) as refusal:
            made(template_of(first.show, sale_times=SaleTimes.KEEP), "2027-03-01T20:00")
        assert refusal.value.field == "on_sale_at"

    def test_of_a_cancelled_show_is_not_cancelled(self) -> None:
        [copy] = made(template_of(show(cancelled=True)), "2050-07-01T19:00")
        assert not copy.show.cancelled

    def test_may_be_published_at_once(self) -> None:
        [new] = made(production(), "2027-06-01T20:00", published=True)
        assert new.show.published

    def test_of_a_listed_start_may_have_an_offset(self) -> None:
        [new] = made(production(timezone=NEW_YORK), "2027-11-07T01:30-05:00")
        assert hours(new)[1] == "07 01:30-0500"

    @pytest.mark.parametrize(
        ("start", "words"),
        [
            ("2027-03-14T02:30", "skip 2027-03-14T02:30"),
            ("2027-11-07T01:30", "write 2027-11-07T01:30:00-04:00 or 2027-11-07T01:30:00-05:00"),
            ("2027-06-01T20:00-05:00", "write 2027-06-01T20:00:00-04:00"),
        ],
    )
    def test_at_a_time_that_the_venue_does_not_have_is_refused(self, start: str, words: str) -> None:
        with pytest.raises(InvalidRequest, match=words) as refusal:
            made(production(timezone=NEW_YORK), Start(at(start), "dates[3]"))
        assert refusal.value.field == "dates[3]"

    def test_outside_the_calendar_is_refused(self) -> None:
        for year in (1, 1899, 2201, 9999):
            with pytest.raises(InvalidRequest, match="between 1900 and 2200"):
                made(production(timezone="Asia/Tokyo"), Start(at(f"{year:04}-12-31T23:00"), "rule"))

    def test_that_starts_with_another_one_is_refused(self) -> None:
        with pytest.raises(InvalidRequest, match="two shows would start") as refusal:
            made(
                production(timezone=NEW_YORK),
                Start(at("2027-06-01T20:00"), "dates[0]"),
                Start(at("2027-06-02T00:00Z"), "dates[1]"),
            )
        assert refusal.value.field == "dates[1]"

    def test_that_is_there_already_is_refused_unless_it_was_cancelled(self) -> None:
        play = production(timezone=NEW_YORK)
        [new] = made(play, "2027-06-01T20:00")
        with pytest.raises(Conflict, match="2027-06-01T20:00"):
            made(play, "2027-06-01T20:00", existing=[new.show])
        assert made(play, "2027-06-01T20:00", existing=[new.show.changed(cancelled=True)])


class TestRun:
    def test_stays_at_its_hour_when_clocks_change(self) -> None:
        fridays = Rule(
            first=date(2027, 10, 29), times=(time(20),), count=3, weekdays=(Weekday.FRIDAY,)
        ).starts()  # clocks go back on the 7th of November
        run = made(production(timezone=NEW_YORK, duration_minutes=150), *fridays)
        assert [hours(new) for new in run] == [
            ["29 19:30-0400", "29 20:00-0400", "29 22:30-0400"],
            ["05 19:30-0400", "05 20:00-0400", "05 22:30-0400"],
            ["12 19:30-0500", "12 20:00-0500", "12 22:30-0500"],
        ]

    def test_with_a_start_that_the_clocks_skip_on_one_day_is_refused(self) -> None:
        nights = Rule(first=date(2027, 3, 12), times=(time(2, 30),), frequency=Frequency.DAILY, count=5)
        with pytest.raises(InvalidRequest, match="skip 2027-03-14T02:30") as refusal:
            made(production(timezone=NEW_YORK), *nights.starts())
        assert refusal.value.field == "rule"

    def test_of_club_nights_ends_by_the_clock(self) -> None:
        """The club closes at five, however long the night is."""
        club = production(timezone="Europe/Berlin", doors_minutes=0, duration_minutes=6 * 60)
        nights = made(club, "2027-03-27T23:00", "2027-10-30T23:00", "2027-11-06T23:00")
        assert [hours(new)[2] for new in nights] == ["28 05:00+0200", "31 05:00+0100", "07 05:00+0100"]
        assert [(new.show.end_time - new.show.start_time) // timedelta(hours=1) for new in nights] == [5, 7, 6]

    def test_ends_in_real_time_where_the_clock_has_no_such_time_or_two(self) -> None:
        late = production(timezone=NEW_YORK, duration_minutes=210)
        skipped, doubled = made(late, "2027-03-13T23:00", "2027-11-06T22:00")
        assert hours(skipped)[2] == "14 03:30-0400"
        assert hours(doubled)[2] == "07 01:30-0400"
        assert doubled.show.end_time - doubled.show.start_time == timedelta(minutes=210)


@given(
    zone=st.sampled_from(sorted(NAMES)),
    start=st.datetimes(at("1902-01-01"), at("2198-01-01")).map(lambda at: at.replace(second=0, microsecond=0)),
    doors=st.integers(0, 600),
    lasts=st.integers(0, 3000),
)
def test_a_show_opens_starts_and_ends_in_this_order_in_every_zone(
    zone: str, start: datetime, doors: int, lasts: int
) -> None:
    try:
        times = times_around(
            Start(start, "dates"), zone, doors=timedelta(minutes=doors), lasts=timedelta(minutes=lasts)
        )
    except InvalidRequest:
        return  # the clocks skip the start, or show it twice
    there = show(timezone=zone, **times)
    assert there.door_time <= there.start_time <= there.end_time
    assert there.start_there == start.replace(tzinfo=zone_of(zone))
