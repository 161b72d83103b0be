"""When tickets are sold: between which times, on which clock, and what is said before and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import Show, ShowFields
from domain.errors import InvalidRequest, NotOnSaleYet, SaleEnded, ShowEnded, ShowUnavailable
from domain.orders import ManualPayment
from domain.sale_period import SalePeriod, SaleState, SellsUntil
from domain.venue_clock import VenueTime
from tests.support.factories import DOORS, NOW, cart, offering, show, ticket

A_MOMENT = timedelta(microseconds=1)
A_DAY = timedelta(days=1)
BERLIN: dict[str, Any] = {"timezone": "Europe/Berlin"}

MOMENTS = st.integers(0, 20).map(lambda days: NOW + days * A_DAY)
PERIODS = st.builds(SalePeriod, st.none() | MOMENTS, MOMENTS)


local = datetime.fromisoformat


def at(moment: datetime, timezone: str = "UTC") -> VenueTime:
    return VenueTime.at(moment, timezone)


def planned(**fields: Any) -> Show:
    """A summer evening in Berlin, as a client writes it."""
    times = {"door_time": "18:30", "start_time": "19:00", "end_time": "22:00"}
    written = {name: local(f"2027-06-04T{time}:00") for name, time in times.items()}
    return Show.planned(**{"id": uuid4(), "producer_id": uuid4(), "title": "Hamlet", **BERLIN, **written, **fields})


class TestPeriod:
    @given(PERIODS, MOMENTS)
    def test_is_upcoming_then_open_then_over(self, period: SalePeriod, now: datetime) -> None:
        earlier, state = period.state(now - A_DAY), period.state(now)
        order = [SaleState.UPCOMING, SaleState.OPEN, SaleState.OVER]
        assert order.index(earlier) <= order.index(state)

    @given(PERIODS, MOMENTS)
    def test_changes_at_its_next_change_and_not_before(self, period: SalePeriod, now: datetime) -> None:
        change = period.next_change(now)
        if change is None:
            assert period.state(now) is SaleState.OVER
            return
        assert change > now
        assert period.state(change - A_MOMENT) is period.state(now)
        assert period.state(change) is not period.state(now)

    @given(PERIODS, PERIODS, MOMENTS)
    def test_within_another_is_open_while_both_are(self, one: SalePeriod, other: SalePeriod, now: datetime) -> None:
        both = one.within(other)
        assert both == other.within(one)
        is_open = one.state(now) is other.state(now) is SaleState.OPEN
        assert (both.state(now) is SaleState.OPEN) is is_open

    @given(PERIODS)
    def test_without_a_moment_is_never_open(self, period: SalePeriod) -> None:
        states = {period.state(NOW + days * A_DAY) for days in range(-1, 22)}
        assert (SaleState.OPEN in states) is not period.is_empty


def test_a_show_goes_on_sale_to_the_moment() -> None:
    opens = NOW + A_DAY
    hamlet = show(on_sale_at=at(opens, "Europe/Berlin"), **BERLIN)
    with pytest.raises(NotOnSaleYet, match=r"^Tickets go on sale on 2026-11-24 at 13:00 \(Europe/Berlin\)$") as refusal:
        hamlet.ensure_on_sale(opens - A_MOMENT)
    assert refusal.value.on_sale_at.isoformat() == "2026-11-24T13:00:00+01:00"
    assert refusal.value.field == "show_id"
    hamlet.ensure_on_sale(opens)


def test_a_show_goes_off_sale_to_the_moment() -> None:
    closes = NOW + A_DAY
    hamlet = show(off_sale_at=at(closes))
    hamlet.ensure_on_sale(closes - A_MOMENT)
    with pytest.raises(SaleEnded, match=r"^Tickets for this show are no longer on sale$") as refusal:
        hamlet.ensure_on_sale(closes)
    assert refusal.value.field == "show_id"


@pytest.mark.parametrize("until", [*SellsUntil])
def test_a_show_sells_until_the_point_of_the_evening_that_the_theatre_chose(until: SellsUntil) -> None:
    hamlet = show(sells_until=until)
    last = {"end": hamlet.end_time, "start": hamlet.start_time, "doors": hamlet.door_time}[until]
    hamlet.ensure_on_sale(last - A_MOMENT)
    with pytest.raises(ShowEnded if until is SellsUntil.END else SaleEnded):
        hamlet.ensure_on_sale(last)
    assert hamlet.sale == SalePeriod(None, last)


def test_what_comes_first_ends_the_sale() -> None:
    early = show(off_sale_at=at(DOORS - A_DAY), sells_until=SellsUntil.START)
    late = show(off_sale_at=at(DOORS + A_DAY), sells_until=SellsUntil.START)
    assert (early.sale.ends, late.sale.ends) == (DOORS - A_DAY, late.start_time)


def test_a_show_that_is_not_published_says_no_word_of_its_sale() -> None:
    with pytest.raises(ShowUnavailable):
        show(published=False, on_sale_at=at(NOW + A_DAY)).ensure_on_sale(NOW)


def test_the_counter_sells_before_and_after_the_public_sale() -> None:
    stalls = ticket(on_sale_at=at(NOW + A_DAY), off_sale_at=at(NOW + 2 * A_DAY))
    on_sale = offering(stalls, on_sale_at=at(NOW + A_DAY), off_sale_at=at(NOW + 2 * A_DAY))
    for now in (NOW, NOW + 3 * A_DAY):
        with pytest.raises((NotOnSaleYet, SaleEnded)):
            on_sale.quote(cart((stalls, 1)), now=now)
        on_sale.quote(cart((stalls, 1)), now=now, manual_payment=ManualPayment.CASH)


def test_a_price_step_takes_over_from_the_one_before_without_a_gap() -> None:
    step = NOW + A_DAY
    early = ticket(name="Early bird", price=2000, off_sale_at=at(step))
    regular = ticket(name="Regular", price=3000, on_sale_at=at(step), show_id=early.show_id)
    on_sale = offering(early, regular)

    assert on_sale.quote(cart((early, 1)), now=step - A_MOMENT).subtotal == 2000
    with pytest.raises(NotOnSaleYet, match=r"^Regular goes on sale on 2026-11-24 at 12:00") as too_early:
        on_sale.quote(cart((early, 1), (regular, 1)), now=step - A_MOMENT)
    assert too_early.value.field == "tickets[1].ticket_id"
    assert on_sale.quote(cart((regular, 1)), now=step).subtotal == 3000
    with pytest.raises(SaleEnded, match=r"^Early bird is no longer on sale$") as too_late:
        on_sale.quote(cart((early, 1)), now=step)
    assert too_late.value.field == "tickets[0].ticket_id"


def test_a_ticket_type_is_sold_only_while_its_show_is() -> None:
    hamlet = show(on_sale_at=at(NOW + A_DAY), sells_until=SellsUntil.DOORS)
    early = ticket(on_sale_at=at(NOW), off_sale_at=at(NOW + 5 * A_DAY))
    late = ticket(on_sale_at=at(NOW + 3 * A_DAY))
    assert hamlet.sale_of(early) == SalePeriod(NOW + A_DAY, NOW + 5 * A_DAY)
    assert hamlet.sale_of(late) == SalePeriod(NOW + 3 * A_DAY, hamlet.door_time)
    assert hamlet.sale_of(ticket()) == hamlet.sale


def test_sale_times_are_read_on_the_venues_clock_and_stay_on_it() -> None:
    hamlet = planned(on_sale_at=local("2027-03-26T10:00:00"))
    assert hamlet.on_sale_at == VenueTime(local("2027-03-26T10:00"), datetime(2027, 3, 26, 9, tzinfo=UTC))

    moved = hamlet.changed(timezone="America/New_York")

    assert moved.on_sale_at == VenueTime(local("2027-03-26T10:00"), datetime(2027, 3, 26, 14, tzinfo=UTC))
    assert moved.changed(on_sale_at=None).on_sale_at is None
    assert moved.changed(title="Macbeth").on_sale_at == moved.on_sale_at


def test_other_rules_change_the_moment_of_a_sale_time_and_not_the_clock() -> None:
    shown = local("2027-05-07T10:00")
    stored = VenueTime(shown, datetime(2027, 5, 7, 9, tzinfo=UTC))  # an hour later than the rules in force
    hamlet = show(on_sale_at=stored, **BERLIN)
    mended = VenueTime(shown, datetime(2027, 5, 7, 8, tzinfo=UTC))
    assert hamlet.by_rules_in_force().on_sale_at == mended
    stalls = ticket(off_sale_at=stored)
    assert stalls.by_rules_in_force("Europe/Berlin").off_sale_at == mended
    assert ticket().by_rules_in_force("Europe/Berlin").has_sale_times is False


@pytest.mark.parametrize("name", ["on_sale_at", "off_sale_at"])
@pytest.mark.parametrize(
    "wrong", ["2027-03-28T02:30:00", "2027-06-01T10:00:00-04:00", "1899-12-31T10:00:00", "2201-01-01T10:00:00"]
)
def test_a_sale_time_that_the_venues_clock_never_shows_is_refused(name: str, wrong: str) -> None:
    hamlet, times = planned(), {name: local(wrong)}
    fields: Any = times
    for change in (lambda: planned(**fields), lambda: hamlet.changed(**fields), lambda: hamlet.sale_times(times)):
        with pytest.raises(InvalidRequest) as refusal:
            change()
        assert refusal.value.field == name


@pytest.mark.parametrize(
    "fields",
    [
        {"on_sale_at": local("2027-06-04T22:00")},
        {"on_sale_at": local("2027-06-04T19:00"), "sells_until": SellsUntil.START},
        {"on_sale_at": local("2027-05-02T00:00"), "off_sale_at": local("2027-05-02T00:00")},
        {"on_sale_at": local("2027-05-02T00:00"), "off_sale_at": local("2027-05-01T00:00")},
    ],
)
def test_a_sale_that_would_end_before_it_begins_is_refused(fields: ShowFields) -> None:
    changes: list[Callable[[], object]] = [lambda: planned(**fields), lambda: planned().changed(**fields)]
    for change in changes:
        with pytest.raises(InvalidRequest, match="must lie before the end of the show's sale") as refusal:
            change()
        assert refusal.value.field == "on_sale_at"


def test_a_show_whose_sale_makes_no_sense_can_still_be_renamed() -> None:
    never = show(on_sale_at=at(DOORS + A_DAY))
    assert never.sale.is_empty
    assert never.changed(title="Macbeth").title == "Macbeth"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"on_sale_at": at(NOW + 2 * A_DAY), "off_sale_at": at(NOW + A_DAY)}, "on_sale_at"),
        ({"on_sale_at": at(DOORS)}, "on_sale_at"),
        ({"off_sale_at": at(NOW)}, "off_sale_at"),
    ],
)
def test_a_ticket_type_that_could_never_be_bought_is_refused(fields: dict[str, Any], field: str) -> None:
    hamlet = show(on_sale_at=at(NOW), sells_until=SellsUntil.DOORS)
    with pytest.raises(InvalidRequest, match="would never be on sale") as refusal:
        hamlet.ensure_can_sell(ticket(**fields))
    assert refusal.value.field == field
    hamlet.ensure_can_sell(ticket())
