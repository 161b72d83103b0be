"""What a show's pages say of its sale, before, between and after its times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from application.ports.catalog import ShowDetails
from domain.catalog import Ticket
from domain.policy import CheckoutPolicy
from domain.sale_period import SellsUntil
from domain.venue_clock import VenueTime
from entrypoints.web.sale_view import SaleStatus, SaleView
from tests.support.factories import NOW, donation_ticket, producer, show, ticket

A_DAY = timedelta(days=1)
NEW_YORK = "America/New_York"


def at(days: float = 0, local: str | None = None) -> VenueTime:
    if local is not None:
        return VenueTime.showing(datetime.fromisoformat(local), NEW_YORK)
    return VenueTime.at(NOW + days * A_DAY, NEW_YORK)


def view(*tickets: Ticket, now: datetime = NOW, **fields: Any) -> SaleView:
    seller = producer()
    return SaleView.of(
        ShowDetails(show(by=seller, timezone=NEW_YORK, **fields), seller, tickets), CheckoutPolicy(), now
    )


@pytest.mark.parametrize(
    ("tickets", "status"),
    [
        ([ticket()], SaleStatus.OPEN),
        ([ticket(quantity=1, held=1)], SaleStatus.OPEN),
        ([ticket(quantity=1, sold=1)], SaleStatus.SOLD_OUT),
        ([ticket(on_sale_at=at(1))], SaleStatus.UPCOMING),
        ([ticket(quantity=1, sold=1), ticket(on_sale_at=at(1))], SaleStatus.UPCOMING),
        ([ticket(), ticket(on_sale_at=at(1))], SaleStatus.OPEN),
        ([ticket(off_sale_at=at(-1)), ticket(on_sale_at=at(1))], SaleStatus.UPCOMING),
        ([ticket(off_sale_at=at(-1)), ticket(quantity=0)], SaleStatus.SOLD_OUT),
        ([ticket(off_sale_at=at(-1))], SaleStatus.OVER),
        ([], SaleStatus.SOLD_OUT),
    ],
)
def test_what_a_buyer_can_do(tickets: list[Ticket], status: SaleStatus) -> None:
    assert view(*tickets).status is status


def test_the_shows_own_times_bind_all_its_ticket_types() -> None:
    assert view(ticket(), on_sale_at=at(1)).status is SaleStatus.UPCOMING
    assert view(ticket(), ticket(on_sale_at=at(-1)), on_sale_at=at(1)).opens_at == NOW + A_DAY
    over = view(ticket(), off_sale_at=at(-1))
    assert (over.status, over.price_line) == (SaleStatus.OVER, "No longer on sale")


def test_a_page_changes_next_when_any_of_it_does() -> None:
    steps = [ticket(off_sale_at=at(2)), ticket(on_sale_at=at(2), off_sale_at=at(3)), ticket(on_sale_at=at(3))]
    sale = view(*steps, on_sale_at=at(1), sells_until=SellsUntil.DOORS)
    changes = []
    while (change := sale.changes_at) is not None:
        changes.append(change)
        sale = SaleView.of(sale.display, CheckoutPolicy(), change)
    evening = sale.display.show
    assert changes == [NOW + A_DAY, NOW + 2 * A_DAY, NOW + 3 * A_DAY, evening.door_time, evening.end_time]


def test_a_price_step_says_until_when_it_is_and_what_comes_then() -> None:
    step = at(local="2026-12-01T10:00:00")
    early, regular = ticket(price=2500, off_sale_at=step), ticket(price=3000, on_sale_at=step)
    before = view(early, regular)
    assert before.choice(early).note == "Until Tue, Dec 1, 10:00\u202fAM, then $32.71"
    assert before.choice(regular).note == "On sale from Tue, Dec 1, 10:00\u202fAM"
    assert (before.choice(early).left, before.choice(regular).left) == ("", "")

    after = view(early, regular, now=step.moment)

    assert (after.choice(early).note, after.choice(early).left) == ("", "No longer on sale")
    assert (after.choice(regular).note, after.choice(regular).left) == ("", "")


def test_a_page_that_waits_for_its_sale_says_what_comes_after_it() -> None:
    opens, step = at(local="2026-11-27T10:00:00"), at(local="2026-12-02T00:00:00")
    early, regular = ticket(price=2500, off_sale_at=step), ticket(price=3000, on_sale_at=step)
    sale = view(early, regular, ticket(), on_sale_at=opens)
    notes = [sale.choice(each).note for each in sale.display.tickets]
    assert notes == ["Until the end of Tue, Dec 1, then $32.71", "On sale from Wed, Dec 2", ""]


def test_no_price_is_named_where_several_ticket_types_come_next() -> None:
    step = at(local="2026-12-01T10:00:00")
    tickets = [ticket(off_sale_at=step), ticket(price=1500, on_sale_at=step), donation_ticket(on_sale_at=step)]
    sale = view(*tickets)
    assert sale.choice(tickets[0]).note == "Until Tue, Dec 1, 10:00\u202fAM"


@pytest.mark.parametrize(
    ("ends", "note"),
    [
        ("2026-12-02T00:00:00", "Until the end of Tue, Dec 1"),
        ("2026-12-01T23:59:00", "Until Tue, Dec 1, 11:59\u202fPM"),
        ("2027-01-01T00:00:00", "Until the end of Thu, Dec 31"),
        ("2027-02-01T12:00:00", "Until Mon, Feb 1, 2027, 12:00\u202fPM"),
    ],
)
def test_midnight_is_the_end_of_the_day_before(ends: str, note: str) -> None:
    early = ticket(off_sale_at=at(local=ends))
    sale = view(early)
    assert sale.choice(early).note == note


def test_a_ticket_type_that_is_sold_as_long_as_its_show_has_no_note() -> None:
    stalls = ticket(off_sale_at=at(9))
    sale = view(stalls, off_sale_at=at(5))
    assert sale.choice(stalls).note == ""


def test_the_list_names_when_a_sale_begins_and_then_the_price_of_what_is_on_sale() -> None:
    step = at(local="2026-12-01T10:00:00")
    tickets = [ticket(price=2500, off_sale_at=step), ticket(price=3000, on_sale_at=step)]
    opening = view(*tickets, on_sale_at=at(local="2026-11-27T10:00:00"))
    assert opening.price_line == "On sale from Fri, Nov 27, 10:00\u202fAM"
    first, second = view(*tickets), view(*tickets, now=step.moment)
    assert first.price_line.startswith("$27.57")
    assert second.price_line.startswith("$32.71")
