"""A production's months: which of them a page has, and how their days are laid out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.ports.catalog import ShowDetails
from domain.catalog import Show, Ticket
from domain.policy import CheckoutPolicy
from domain.production import Production
from entrypoints.web.month_view import MAX_SHOWS, Month, month_links, month_views, months_on_page
from entrypoints.web.sale_view import SaleView
from tests.support.factories import NOW, producer, ticket

PLAY = Production.planned(id=uuid4(), producer_id=uuid4(), title="Hamlet", timezone="America/New_York", venue="Globe")
SEATS = ticket(price=0)


def evening(day: str, **fields: Any) -> Show:
    start = datetime.fromisoformat(f"{day}T20:00")
    planned: Any = {"door_time": start, "start_time": start, "end_time": start + timedelta(hours=2), "published": True}
    return Show.planned(id=uuid4(), producer_id=PLAY.producer_id, **{**PLAY.template().fields, **planned, **fields})


def sale(of: Show, *tickets: Ticket) -> SaleView:
    return SaleView.of(ShowDetails(of, producer(), tickets, PLAY), CheckoutPolicy(), NOW)


def months(*dates: Show, first: str | None = None) -> list[str]:
    wanted = Month(*map(int, first.split("-"))) if first else None
    return [str(month) for month in months_on_page(dates, wanted)]


def test_a_short_run_is_on_one_page() -> None:
    run = [evening("2050-06-30"), evening("2050-07-01"), evening("2050-09-01")]
    assert months(*run) == ["2050-06", "2050-07", "2050-09"]
    assert month_links(run, months_on_page(run, None), PLAY) == []


def test_a_page_has_three_months_at_most() -> None:
    run = [evening(f"2050-{month:02}-01") for month in range(1, 13)]
    assert months(*run) == ["2050-01", "2050-02", "2050-03"]
    assert months(*run, first="2050-06") == ["2050-06", "2050-07", "2050-08"]
    links = month_links(run, months_on_page(run, Month(2050, 6)), PLAY)
    assert [link.title for link in links if link.is_here] == ["June 2050", "July 2050", "August 2050"]
    assert len(links) == 12


def test_a_month_with_many_shows_stands_alone() -> None:
    many = [evening("2050-06-01") for _ in range(MAX_SHOWS)]
    assert months(*many, evening("2050-07-01")) == ["2050-06"]
    assert months(evening("2050-05-01"), *many) == ["2050-05"]
    assert months(*many[1:], evening("2050-07-01")) == ["2050-06", "2050-07"]


@pytest.mark.parametrize(("first", "page"), [("1999-01", "2050-06"), ("2050-07", "2050-09"), ("2999-12", "2050-09")])
def test_any_month_leads_to_one_with_shows(first: str, page: str) -> None:
    assert months(evening("2050-06-30"), evening("2050-09-01"), first=first)[0] == page


def test_without_shows_there_are_no_months() -> None:
    assert months() == []
    assert months(first="2050-01") == []


def test_a_show_belongs_to_the_day_on_the_venues_clock() -> None:
    start, end = (datetime.fromisoformat(text) for text in ("2050-06-30T23:30:00", "2050-07-01T02:00:00"))
    late = evening("2050-06-30", start_time=start, end_time=end)
    assert months(late) == ["2050-06"]
    [view] = month_views([sale(late, SEATS)], [Month(2050, 6)], PLAY)
    assert [day.date.day for day in view.days if day.slots] == [30]


def test_a_calendar_has_the_weeks_from_the_first_show_to_the_last() -> None:
    run = [evening("2050-06-08"), evening("2050-06-15")]  # Wednesdays
    [view] = month_views([sale(each, SEATS) for each in run], [Month(2050, 6)], PLAY)
    assert (view.title, view.column, view.weekdays[0]) == ("June 2050", 1, "Sun")
    assert [day.date.day for day in view.days] == list(range(5, 19))
    assert [day.label for day in view.days if day.slots] == ["Wed, Jun 8", "Wed, Jun 15"]


def test_a_calendar_begins_its_weeks_as_the_locale_does() -> None:
    german = PLAY.changed(locale="de-DE")
    [view] = month_views([sale(evening("2050-06-01"), SEATS)], [Month(2050, 6)], german)
    assert (view.title, view.column, view.weekdays[0]) == ("Juni 2050", 3, "Mo")
    assert [day.date.day for day in view.days] == [1, 2, 3, 4, 5]


def test_a_show_says_how_it_can_be_had_and_how_it_differs() -> None:
    few, gone, held = (ticket(quantity=quantity, held=held) for quantity, held in ((3, 0), (0, 0), (2, 2)))
    later = evening("2050-06-01", on_sale_at=datetime.fromisoformat("2050-01-01T10:00:00"))
    shows = [
        sale(evening("2050-06-01"), ticket(price=2500)),
        sale(evening("2050-06-01"), few),
        sale(evening("2050-06-01"), gone),
        sale(evening("2050-06-01"), held),
        sale(later, SEATS),
        sale(evening("2050-06-01", off_sale_at=datetime.fromisoformat("2020-01-01T10:00:00")), SEATS),
        sale(evening("2050-06-01")),
        sale(evening("2050-06-01", cancelled=True), SEATS),
        sale(evening("2050-06-01", title="Première", venue="Rose"), SEATS),
    ]
    [view] = month_views(shows, [Month(2050, 6)], PLAY)
    [slots] = [day.slots for day in view.days if day.slots]
    assert [(slot.state, slot.offer, slot.few, *slot.notes) for slot in slots] == [
        ("is-open", "$27.57", ""),
        ("is-few", "$27.57", "Only 3 left"),
        ("is-gone", "Sold out", ""),
        ("is-gone", "None left right now", ""),
        ("is-upcoming", "On sale from Sat, Jan 1, 2050, 10:00\u202fAM", ""),
        ("is-gone", "No longer on sale", ""),
        ("is-gone", "No tickets yet", ""),
        ("is-off", "Cancelled", ""),
        ("is-open", "Free", "", "Première", "Rose"),
    ]
