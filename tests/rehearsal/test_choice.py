"""What visitors put into their cart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from application.ports.catalog import ShowDetails
from domain.catalog import Ticket
from domain.venue_clock import VenueTime
from rehearsal.choice import chosen, on_offer
from rehearsal.crowd import Visitor, crowd_of
from rehearsal.terms import Terms
from tests.support.factories import capacity, donation_ticket, producer, show, ticket

BY = producer()
SHOW = show(by=BY)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CHEAP = ticket(of=SHOW, name="Gallery", price=1000, quantity=4)
MIDDLE = ticket(of=SHOW, name="Circle", price=2000, quantity=4)
DEAR = ticket(of=SHOW, name="Stalls", price=3000, quantity=4)


def shown(*tickets: Ticket) -> ShowDetails:
    return ShowDetails(SHOW, BY, tickets)


def visitor(*, taste: float, takes_another_price: bool = True) -> Visitor:
    [someone] = crowd_of(Terms(buyers=1, minutes=5), [])
    return replace(someone, taste=taste, takes_another_price=takes_another_price)


def choice(page: ShowDetails, who: Visitor, party: int = 2) -> tuple[str, int] | None:
    line = chosen(page, who, party=party, now=NOW)
    if line is None:
        return None
    return next(kind.name for kind in page.tickets if kind.id == line.ticket_id), line.quantity


def test_taste_decides_the_price() -> None:
    page = shown(DEAR, CHEAP, MIDDLE)
    assert [choice(page, visitor(taste=taste)) for taste in (0, 0.5, 0.99, 1)] == [
        ("Gallery", 2), ("Circle", 2), ("Stalls", 2), ("Stalls", 2),
    ]  # fmt: skip


def test_who_finds_too_few_takes_another_price_or_none() -> None:
    page = shown(CHEAP, MIDDLE, replace(DEAR, inventory=replace(DEAR.inventory, sold=3)))
    assert choice(page, visitor(taste=1)) == ("Circle", 2)
    assert choice(page, visitor(taste=1, takes_another_price=False)) is None
    assert choice(page, visitor(taste=1), party=1) == ("Stalls", 1)
    assert choice(page, visitor(taste=0), party=5) is None


def test_family_tickets_are_for_as_many_as_they_admit() -> None:
    house = capacity(of=SHOW, size=10)
    family = ticket(of=SHOW, name="Family", price=3600, quantity=None, capacity_id=house.id, places=4)
    page = ShowDetails(SHOW, BY, (family, DEAR), capacities=(house,))
    assert choice(page, visitor(taste=0), party=4) == ("Family", 1)
    assert choice(page, visitor(taste=0), party=8) == ("Family", 2)
    assert choice(page, visitor(taste=0), party=2) == ("Stalls", 2)


def test_what_is_not_on_sale_is_not_chosen() -> None:
    later = replace(CHEAP, on_sale_at=VenueTime.showing(datetime(2026, 11, 24, 12, 0), SHOW.timezone))  # noqa: DTZ001
    assert on_offer(shown(later, DEAR), NOW) == [DEAR]
    assert choice(shown(later), visitor(taste=0)) is None
    assert choice(shown(), visitor(taste=0)) is None


def test_gifts_are_what_is_asked_for_at_least() -> None:
    gift = donation_ticket(of=SHOW, price=1500)
    line = chosen(shown(gift), visitor(taste=0), party=1, now=NOW)
    assert line
    assert line.donation_amount == Decimal(15)
